/** What came of it: an ensemble with its members and what it is good for, or trees. */
import { Button } from '@mantine/core';
import { useStore } from 'zustand';
import { combine, setCombineView } from '#stores/combine';
import { project, select } from '#stores/project';
import type { ModelNode, ProjectState } from '#stores/state';
import styles from '#ui/combine/combine.module.css';
import { EnsembleResult } from '#ui/combine/EnsembleResult.tsx';
import { TreesResult } from '#ui/combine/TreesResult.tsx';
import { EmptyState } from '#ui/kit/Feedback.tsx';
import { SelectField } from '#ui/kit/Fields.tsx';
import { Section } from '#ui/kit/Layout.tsx';
import { useText, useWords } from '#ui/kit/words.ts';

/** Ensembles and trees on the page, in order of making. */
export function combinedIn({ nodes, order }: Pick<ProjectState, 'nodes' | 'order'>): readonly ModelNode[] {
  return order.flatMap((id) => {
    const node = nodes[id];
    return node && (node.origin.kind === 'combined' || node.origin.kind === 'trees') ? [node] : [];
  });
}

/** The one that is selected, the teacher of the selected model, or the last one that it belongs to; else the last. */
export function shownOf(state: Pick<ProjectState, 'nodes' | 'order' | 'selected'>): ModelNode | undefined {
  const all = combinedIn(state);
  const selected = state.selected === null ? undefined : state.nodes[state.selected];
  const origin = selected?.origin;
  const teachers = origin?.kind === 'recipe' ? origin.recipe.steps.map(({ values }) => values['teacher']) : [];
  return (
    all.find(({ id }) => id === selected?.id) ??
    all.findLast(({ id }) => teachers.includes(id)) ??
    all.findLast((one) => one.origin.kind === 'combined' && one.origin.parents.includes(selected?.id ?? '')) ??
    all.at(-1)
  );
}

export function ResultView() {
  const t = useText();
  const words = useWords();
  const state = useStore(project);
  const made = useStore(combine, ({ made: last }) => last);
  const all = combinedIn(state);
  const node = shownOf(state);
  // A soup is one ordinary model: what was made of what is said above whatever else there is.
  const isOne = made?.kind === 'make' && !made.nodes.some((id) => all.some((one) => one.id === id));
  return (
    <>
      {isOne && (
        <Section heading={t('combine.made', { count: made.nodes.length })}>
          <ul className={styles.notes}>
            {made.notes.map((note) => (
              <li key={note.en}>{words(note)}</li>
            ))}
          </ul>
        </Section>
      )}
      {node ? (
        <>
          <SelectField
            label={t('combine.ensemble')}
            value={node.id}
            onChange={select}
            choices={all.map(({ id, name }) => ({ value: id, label: name }))}
          />
          {node.origin.kind === 'combined' ? (
            <EnsembleResult key={node.id} node={node} origin={node.origin} />
          ) : (
            node.origin.kind === 'trees' && <TreesResult node={node} origin={node.origin} />
          )}
        </>
      ) : (
        <EmptyState title={t('combine.noResult')} text={t('combine.noResultHelp')}>
          <Button onClick={() => setCombineView('combine')}>{t('combine.goCombine')}</Button>
        </EmptyState>
      )}
    </>
  );
}

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

export function ResultView() {
  const t = useText();
  const words = useWords();
  const state = useStore(project);
  const made = useStore(combine, ({ made: last }) => last);
  const all = combinedIn(state);
  const chosen = all.find(({ id }) => id === state.selected);
  // A student or a member is looked at beside the ensemble that it belongs to; so is a soup by itself.
  const node = chosen ?? all.findLast(({ id }) => made?.nodes.includes(id)) ?? all.at(-1);
  const notes = made?.notes ?? [];
  const isOne = made?.kind === 'make' && !made.nodes.some((id) => all.some((one) => one.id === id));
  return (
    <>
      {made && notes.length > 0 && (
        <Section heading={isOne ? t('combine.made', { count: made.nodes.length }) : t('combine.notes')}>
          <ul className={styles.notes}>
            {notes.map((note) => (
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

/** What came of it: an ensemble with its members and what it is good for, trees, or the one model that came of several. */
import { Button } from '@mantine/core';
import { useStore } from 'zustand';
import { setCombineView } from '#stores/combine';
import { project, select } from '#stores/project';
import type { ModelNode, ProjectState } from '#stores/state';
import { EnsembleResult } from '#ui/combine/EnsembleResult.tsx';
import { OpenedEnsemble } from '#ui/combine/OpenedEnsemble.tsx';
import { SoupResult } from '#ui/combine/SoupResult.tsx';
import { TreesResult } from '#ui/combine/TreesResult.tsx';
import { EmptyState } from '#ui/kit/Feedback.tsx';
import { SelectField } from '#ui/kit/Fields.tsx';
import { useText } from '#ui/kit/words.ts';

/** Ensembles, trees and soups on the page, in order of making; a member of an ensemble is seen there. */
function combinedIn({ nodes, order }: Pick<ProjectState, 'nodes' | 'order'>): readonly ModelNode[] {
  const all = order.flatMap((id) => nodes[id] ?? []);
  const members = new Set(all.flatMap(({ origin }) => (origin.kind === 'combined' ? origin.parents : [])));
  return all.filter(
    ({ id, origin: { kind }, summary }) =>
      summary.ensemble ||
      summary.trees ||
      kind === 'combined' ||
      kind === 'trees' ||
      (kind === 'made' && !members.has(id)),
  );
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
  const state = useStore(project);
  const all = combinedIn(state);
  const node = shownOf(state);
  return (
    <>
      {node ? (
        <>
          <SelectField
            label={t('combine.ensemble')}
            value={node.id}
            onChange={select}
            choices={all.map(({ id, name }) => ({ value: id, label: name }))}
          />
          <Came key={node.id} node={node} />
        </>
      ) : (
        <EmptyState title={t('combine.noResult')} text={t('combine.noResultHelp')}>
          <Button onClick={() => setCombineView('combine')}>{t('combine.goCombine')}</Button>
        </EmptyState>
      )}
    </>
  );
}

/** What is known of it depends on where it is from: of an opened file nobody measured how its members differ. */
function Came({ node }: { node: ModelNode }) {
  const { origin, summary } = node;
  if (origin.kind === 'combined') return <EnsembleResult node={node} origin={origin} />;
  if (summary.ensemble) return <OpenedEnsemble node={node} ensemble={summary.ensemble} />;
  if (origin.kind === 'made') return <SoupResult node={node} origin={origin} />;
  return <TreesResult node={node} importance={origin.kind === 'trees' ? origin.importance : []} />;
}

/** The Optimize tab: which model, and how to make it smaller: by one method, by a whole recipe, or seen layer by layer. */
import { type ReactNode, useEffect } from 'react';
import { useStore } from 'zustand';
import { optimize } from '#stores/optimize';
import { project, select } from '#stores/project';
import { recipes } from '#stores/recipes';
import type { ModelNode, OptimizeView } from '#stores/state';
import { setOptimizeView, view } from '#stores/view';
import { EmptyState } from '#ui/kit/Feedback.tsx';
import { SelectField } from '#ui/kit/Fields.tsx';
import { Panel } from '#ui/kit/Layout.tsx';
import { Views } from '#ui/kit/Views.tsx';
import { useText } from '#ui/kit/words.ts';
import { Interrupted } from '#ui/optimize/Interrupted.tsx';
import { MethodView } from '#ui/optimize/MethodView.tsx';
import { Offer } from '#ui/optimize/recipe/Offer.tsx';
import { RecipeView } from '#ui/optimize/recipe/RecipeView.tsx';
import { SensitivityView } from '#ui/optimize/sensitivity/SensitivityView.tsx';
import { Begin } from '#ui/predictor/Begin.tsx';
import { Instead } from '#ui/predictor/Instead.tsx';

const VIEWS: readonly { readonly id: OptimizeView; readonly Content: (props: { node: ModelNode }) => ReactNode }[] = [
  { id: 'method', Content: MethodView },
  { id: 'recipe', Content: RecipeView },
  { id: 'sensitivity', Content: SensitivityView },
];

export function OptimizeTab() {
  const t = useText();
  const { nodes, order, selected } = useStore(project);
  const shown = useStore(view, (state) => state.optimizeView);
  const isApplying = useStore(optimize, (state) => state.applying !== null);
  const isRunning = useStore(recipes, (state) => state.running !== null);
  const node = selected === null ? undefined : nodes[selected];
  const first = order.at(-1);
  // There is always something to shrink where there is any model.
  useEffect(() => {
    if (!node && first !== undefined) select(first);
  }, [node, first]);
  if (order.length === 0) return <NoModel />;
  if (!node) return null;
  return (
    <Panel title={t('optimize.title')} isQuiet>
      <Interrupted />
      <SelectField
        label={t('optimize.model')}
        value={node.id}
        disabled={isApplying || isRunning}
        onChange={select}
        choices={order.map((id) => ({ value: id, label: nodes[id]?.name ?? id }))}
      />
      {node.summary.kind !== 'model' ? (
        <Instead node={node} wanted="optimize" />
      ) : (
        <Views
          label={t('optimize.views.label')}
          value={shown}
          onChange={setOptimizeView}
          views={VIEWS.map(({ id, Content }) => ({
            id,
            name: t(`optimize.views.${id}`),
            content: () => <Content node={node} />,
          }))}
        />
      )}
    </Panel>
  );
}

function NoModel() {
  const t = useText();
  return (
    <Panel title={t('optimize.title')} intro={t('optimize.intro')}>
      <Offer node={null} />
      <EmptyState title={t('optimize.noModel')} text={t('optimize.noModelHelp')}>
        <Begin />
      </EmptyState>
    </Panel>
  );
}

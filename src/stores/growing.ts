/** Trees: of which kind, on pixels or on what a layer of a model sees. What is grown becomes a node. */
import { clampValues, defaultsById, type Values, type Words } from '#core/params';
import { TREE_METHODS, treeMethodById } from '#core/trees/index';
import { runCombine } from '#stores/combine-run';
import { combine } from '#stores/combine-state';
import { datasets } from '#stores/datasets';
import { nodesOnPage } from '#stores/project';
import type { TreeSource } from '#stores/state';
import { addTrees } from '#stores/together';

combine.setState({ treeValues: defaultsById(TREE_METHODS) });

export function setTreeMethod(treeMethod: string): void {
  if (TREE_METHODS.some(({ id }) => id === treeMethod)) combine.setState({ treeMethod, fault: null });
}
export function setTreeValue(key: string, value: Values[string]): void {
  const { treeMethod, treeValues } = combine.getState();
  const next = clampValues(treeMethodById(treeMethod).params, { ...treeValues[treeMethod], [key]: value }) as Values;
  combine.setState({ treeValues: { ...treeValues, [treeMethod]: next }, fault: null });
}
export function setTreeSource(treeSource: TreeSource): void {
  combine.setState({ treeSource, fault: null });
}
/** Why trees cannot be grown on this, or null. */
export function treesObstacle(): Words | null {
  const { treeSource } = combine.getState();
  if (treeSource.kind === 'pixels') return null;
  const [node] = nodesOnPage([treeSource.node]);
  return node?.dataset && node.summary.layers.some(({ name }) => name === treeSource.layer)
    ? null
    : { en: 'Choose a model and one of its layers.', zh: '请选择一个模型及其中的一层。' };
}

/** Grows trees as chosen. */
export async function growTrees(): Promise<void> {
  const { treeMethod: method, treeValues, treeSource: source, seed } = combine.getState();
  if (treesObstacle()) return;
  const node = source.kind === 'layer' ? nodesOnPage([source.node])[0] : undefined;
  const dataset = node?.dataset ?? datasets.getState().selected;
  const looked = source.kind === 'layer' && node ? { node, layer: source.layer } : null;
  await runCombine('trees', async (ways) => [
    await addTrees({ method, values: treeValues[method] ?? {}, looked, dataset, seed }, ways),
  ]);
}

/**
 * The selected model made again in the same way with other seeds: how much of its accuracy is chance. Nothing is chosen
 * among the runs, so each is measured on test as well. A network that was trained from the beginning gets other start
 * weights and another order of images; one that was trained further, or made by a recipe, starts from the same model.
 */
import type { SearchBase } from '#core/search/space';
import { modelsNamed } from '#stores/applying';
import { nodeFits } from '#stores/datasets';
import { draftOf, lineOf, recipeOf } from '#stores/lineage';
import { project, selectedNode } from '#stores/project';
import { begin, isBusy } from '#stores/search';
import { search } from '#stores/search-setup';
import type { ModelNode } from '#stores/state';
import type { ModelId } from '#worker/protocol';

interface Repeatable {
  readonly base: SearchBase;
  /** The seed that the model itself was made with; null where its runs differ from it in more than the seed. */
  readonly own: number | null;
  readonly parents: Readonly<Record<string, ModelId>>;
}

/** How a model can be made again; null where nobody knows how it was made. */
export function repeatable(node: ModelNode): Repeatable | null {
  const { nodes } = project.getState();
  if (!node.dataset || !nodeFits(node, node.dataset)) return null;
  const parent = node.parent === null ? undefined : nodes[node.parent];
  if (node.origin.kind === 'trained') {
    const { settings, stopped } = node.origin;
    if (!parent) return null;
    const isFresh = parent.origin.kind === 'template' && parent.validation === null;
    const start: SearchBase['start'] =
      isFresh && parent.origin.kind === 'template'
        ? { kind: 'fresh', architecture: parent.origin.architecture }
        : { kind: 'model', model: parent.model };
    const isSame = !stopped && !(isFresh && parent.origin.kind === 'template' && parent.origin.seed !== settings.seed);
    return { base: { start, training: settings, recipe: null }, own: isSame ? settings.seed : null, parents: {} };
  }
  if (node.origin.kind !== 'recipe') return null;
  const line = lineOf(nodes, node.id);
  if (!line || line.steps.length === 0) return null;
  const recipe = recipeOf(draftOf(line));
  const parents: Record<string, ModelId> = { start: line.start.model };
  for (const step of recipe.steps) Object.assign(parents, modelsNamed(step));
  return { base: { start: { kind: 'model', model: line.start.model }, training: null, recipe }, own: null, parents };
}

/** Makes the selected model again, with seeds that were not used yet. */
export async function repeatModel(): Promise<void> {
  const node = selectedNode();
  const how = node && repeatable(node);
  if (!node?.dataset || !how || isBusy()) return;
  const used = new Set([...(node.runs ?? []).map(({ seed }) => seed), ...(how.own === null ? [] : [how.own])]);
  const seeds: number[] = [];
  for (let seed = how.own ?? 1; seeds.length < search.getState().repeats; seed++) if (!used.has(seed)) seeds.push(seed);
  const plan = {
    base: how.base,
    dimensions: [],
    strategy: { kind: 'grid' as const },
    seed: 1,
    folds: 0,
    seeds,
    limit: null,
  };
  await begin({
    search: { plan, dataset: node.dataset, parents: how.parents },
    purpose: 'repeat',
    node: node.id,
    name: node.name,
  });
}

/**
 * What a predictor holds and does, members added up: a model's figures, an ensemble's sums, a cascade's means. A model
 * that occurs twice is stored and run once.
 */
import { countMacs } from '#core/metrics/operations';
import { countValues } from '#core/metrics/size';
import type { Model } from '#core/model/model';
import { type EnsemblePredictor, modelsOf, type Predictor, type TreesPredictor } from '#core/predictor';

export interface Totals {
  /** Stored values of every model in it; of trees two for every split and one for every value of a leaf. */
  readonly parameters: number;
  /** Those that are not 0. */
  readonly nonZero: number;
  /** Multiply-accumulates for an image; the mean over images where members are asked only when they are needed. */
  readonly macs: number;
  /** Comparisons for an image on the longest way down each tree; 0 without trees. */
  readonly comparisons: number;
}

/** Throws ShapeError where a model's shapes do not agree. */
export function totalsOf(predictor: Predictor): Totals {
  const counts = modelsOf(predictor).map(countValues);
  const trees = treesIn(predictor).flatMap(({ forest }) => forest.trees);
  const values = trees.flatMap(({ feature, value }) => {
    const outputs = value.length / feature.length;
    return feature.map((f) => (f >= 0 ? 2 : outputs));
  });
  const inTrees = values.reduce((sum, count) => sum + count, 0);
  return {
    parameters: counts.reduce((sum, { parameters }) => sum + parameters, inTrees),
    nonZero: counts.reduce((sum, { nonZero }) => sum + nonZero, inTrees),
    macs: meanMacs(predictor),
    comparisons: trees.reduce((sum, tree) => sum + depthOf(tree.left, tree.right, tree.feature), 0),
  };
}

/**
 * The share of images for which each member has to answer, 0 to 1: a serial way keeps it in its state as `reach`, where
 * it was measured on validation images; all 1 without it.
 */
export function reachOf({ members, state }: Pick<EnsemblePredictor, 'members' | 'state'>): readonly number[] {
  const { reach } = state;
  return members.map((_, m) => {
    const share = Array.isArray(reach) ? (reach as readonly unknown[])[m] : 1;
    return typeof share === 'number' ? share : 1;
  });
}

/**
 * What answers by itself in a predictor (models, trees), each once, and the share of images for which it has to, 0 to 1:
 * the largest where it occurs more than once.
 */
export function sharesOf(predictor: Predictor): ReadonlyMap<Model | TreesPredictor, number> {
  const shares = new Map<Model | TreesPredictor, number>();
  const visit = (one: Predictor, share: number): void => {
    if (one.kind === 'ensemble') {
      const reach = reachOf(one);
      for (const [m, member] of one.members.entries()) visit(member, share * (reach[m] as number));
      return;
    }
    const leaf = one.kind === 'model' ? one.model : one;
    shares.set(leaf, Math.max(shares.get(leaf) ?? 0, share));
  };
  visit(predictor, 1);
  return shares;
}

/** Mean multiply-accumulates for an image. */
function meanMacs(predictor: Predictor): number {
  const shares = new Map<Model, number>();
  for (const [leaf, share] of sharesOf(predictor)) {
    const model = 'layers' in leaf ? leaf : leaf.features.kind === 'layer' ? leaf.features.model : null;
    if (model) shares.set(model, Math.max(shares.get(model) ?? 0, share));
  }
  return [...shares].reduce((sum, [model, share]) => sum + share * countMacs(model).total, 0);
}

function treesIn(predictor: Predictor): readonly TreesPredictor[] {
  switch (predictor.kind) {
    case 'model':
      return [];
    case 'trees':
      return [predictor];
    case 'ensemble':
      return [...new Set(predictor.members.flatMap(treesIn))];
    default:
      throw predictor satisfies never;
  }
}

function depthOf(left: readonly number[], right: readonly number[], feature: readonly number[]): number {
  const depth = (node: number): number =>
    (feature[node] ?? -1) < 0 ? 0 : 1 + Math.max(depth(left[node] as number), depth(right[node] as number));
  return depth(0);
}

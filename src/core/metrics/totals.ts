/**
 * What a predictor holds and does, members added up: a model's figures, an ensemble's sums, a cascade's means. A model
 * that occurs twice is stored and run once.
 */
import { countMacs } from '#core/metrics/operations';
import { countValues } from '#core/metrics/size';
import type { Model } from '#core/model/model';
import { type EnsemblePredictor, modelsOf, type Predictor } from '#core/predictor';

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

/** Mean multiply-accumulates for an image. */
function meanMacs(predictor: Predictor): number {
  const shares = new Map<Model, number>();
  const visit = (one: Predictor, share: number): void => {
    switch (one.kind) {
      case 'model':
        shares.set(one.model, Math.max(shares.get(one.model) ?? 0, share));
        return;
      case 'trees':
        if (one.features.kind === 'layer')
          shares.set(one.features.model, Math.max(shares.get(one.features.model) ?? 0, share));
        return;
      case 'ensemble': {
        const reach = reachOf(one);
        for (const [m, member] of one.members.entries()) visit(member, share * (reach[m] as number));
        return;
      }
      default:
        throw one satisfies never;
    }
  };
  visit(predictor, 1);
  return [...shares].reduce((sum, [model, share]) => sum + share * countMacs(model).total, 0);
}

function treesIn(predictor: Predictor): readonly Extract<Predictor, { kind: 'trees' }>[] {
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

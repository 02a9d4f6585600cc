/** Ids of ensembles and trees, and the numbers of a forest packed and unpacked. */
import { describe, expect, it } from 'vitest';
import { createModel } from '#core/model/create';
import { modelId } from '#core/model/hash';
import type { EnsemblePredictor, Forest, TreesPredictor } from '#core/predictor';
import { isOfSeveral, predictorId } from '#core/predictor-id';
import { packedForest, unpackedForest } from '#core/trees/packed';

const model = (seed: number) =>
  createModel(
    {
      name: 'Line',
      input: [4, 1, 1],
      classes: 2,
      rows: [{ kind: 'flatten' }, { kind: 'dense', units: 2, activation: 'linear', bias: false }],
    },
    seed,
  );
const ensemble = (some: Partial<EnsemblePredictor> = {}): EnsemblePredictor => ({
  kind: 'ensemble',
  way: 'cascade',
  values: { threshold: 0.9 },
  members: [
    { kind: 'model', model: model(1) },
    { kind: 'model', model: model(2) },
  ],
  state: { temperatures: [1, 2] },
  ...some,
});
const forest: Forest = {
  kind: 'sum',
  start: [0.5, -0.25],
  trees: [
    { feature: [3, -1, -1], threshold: [0.1, 0, 0], left: [1, 0, 0], right: [2, 0, 0], value: [0, 1 / 3, -1e-9] },
    { feature: [-1], threshold: [0], left: [0], right: [0], value: [2 ** -60] },
  ],
};
const trees = (of: Forest): TreesPredictor => ({
  kind: 'trees',
  features: { kind: 'pixels' },
  forest: of,
  classes: 2,
  shape: [2, 2, 1],
});

describe('predictorId', () => {
  it('is a model’s own id, and tells everything else by its beginning', () => {
    expect(predictorId({ kind: 'model', model: model(1) })).toBe(modelId(model(1)));
    expect(isOfSeveral(modelId(model(1)))).toBe(false);
    expect(isOfSeveral(predictorId(ensemble()))).toBe(true);
    expect(isOfSeveral(predictorId(trees(forest)))).toBe(true);
  });

  it('is the same for the same content, and another for another way, value, state, order or member', () => {
    const id = predictorId(ensemble());
    expect(predictorId(ensemble())).toBe(id);
    const [first, second] = ensemble().members as [TreesPredictor, TreesPredictor];
    const others = [
      ensemble({ way: 'mean-logits' }),
      ensemble({ values: { threshold: 0.91 } }),
      ensemble({ state: {} }),
      ensemble({ members: [second, first] }),
      ensemble({ members: [first] }),
    ].map(predictorId);
    expect(new Set([id, ...others]).size).toBe(6);
  });

  it('tells forests apart by their last bit', () => {
    const [tree, ...rest] = forest.trees as [Forest['trees'][0]];
    const nearly = { ...forest, trees: [{ ...tree, threshold: [0.1 + 2 ** -56, 0, 0] }, ...rest] };
    expect(predictorId(trees(nearly))).not.toBe(predictorId(trees(forest)));
    expect(predictorId(trees(structuredClone(forest)))).toBe(predictorId(trees(forest)));
  });
});

describe('a packed forest', () => {
  it('comes back to the bit', () => {
    expect(unpackedForest(packedForest(forest))).toEqual(forest);
    expect(unpackedForest(structuredClone(packedForest({ kind: 'mean', start: [], trees: [] })))).toEqual({
      kind: 'mean',
      start: [],
      trees: [],
    });
  });
});

/** What predictors hold and do: sums, means along a cascade, and what occurs twice counted once. */
import { expect, it } from 'vitest';
import { totalsOf } from '#core/metrics/totals';
import type { EnsemblePredictor, Predictor, TreesPredictor } from '#core/predictor';
import { denseModel, tensor } from '../passes/helpers';

const small: Predictor = { kind: 'model', model: denseModel(tensor([2, 3], [1, 0, 3, 4, 5, 6])) };
const large: Predictor = {
  kind: 'model',
  model: denseModel(tensor([2, 5], new Array(10).fill(1)), tensor([5, 3], new Array(15).fill(1))),
};
const of = (
  members: readonly Predictor[],
  state: EnsemblePredictor['state'] = {},
  way = 'mean-probabilities',
): Predictor => ({
  kind: 'ensemble',
  way,
  values: {},
  members,
  state,
});

it('a model has its own figures', () => {
  expect(totalsOf(small)).toEqual({ parameters: 6, nonZero: 5, macs: 6, comparisons: 0 });
});

it('members add up, a model that occurs twice once', () => {
  expect(totalsOf(of([small, large]))).toEqual({ parameters: 31, nonZero: 30, macs: 31, comparisons: 0 });
  expect(totalsOf(of([small, small, of([small, large])]))).toEqual(totalsOf(of([small, large])));
});

it('a cascade does what its images need on the mean, and holds all', () => {
  // 6 for every image, 25 for a fifth of them.
  expect(totalsOf(of([small, large], { reach: [1, 0.2] }, 'cascade'))).toMatchObject({ parameters: 31, macs: 11 });
  // Within an ensemble that runs the large one for every image anyway, nothing is saved.
  const cascade = of([small, large], { reach: [1, 0.2] }, 'cascade');
  expect(totalsOf(of([cascade, large])).macs).toBe(31);
});

it('trees hold their splits and leaves, and compare along their depth', () => {
  const trees: TreesPredictor = {
    kind: 'trees',
    features: { kind: 'pixels' },
    classes: 2,
    shape: [2, 2, 1],
    forest: {
      kind: 'mean',
      start: [],
      trees: [
        {
          feature: [0, -1, 1, -1, -1],
          threshold: [1, 0, 2, 0, 0],
          left: [1, 0, 3, 0, 0],
          right: [2, 0, 4, 0, 0],
          value: new Array(10).fill(0.5),
        },
      ],
    },
  };
  // Two splits of two numbers, three leaves of two classes; two comparisons on the longest way.
  expect(totalsOf(trees)).toEqual({ parameters: 10, nonZero: 10, macs: 0, comparisons: 2 });
  if (small.kind === 'model')
    expect(totalsOf({ ...trees, features: { kind: 'layer', model: small.model, layer: 'd1' } })).toMatchObject({
      parameters: 16,
      macs: 6,
    });
});

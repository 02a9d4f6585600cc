/** Grids, codebooks, penalties and the optimisers, on numbers worked by hand. */
import { type Case, exactCase, forwardCase, gradientCase } from './run';
import { uniform, values } from './values';

const perTensor = { qMin: -2, qMax: 3, axis: null } as const;
const grid = [values([1], [0.5]), values([1], [1])] as const;
const codes = values([2, 3], [0, -1, 2, 1, 2, -1]);

const encodings: Case[] = [
  // w / 0.5 = 0.5, 1.5, 2.5, -0.5, 9, -9: to even, plus 1, clamped to -2 … 3, minus 1, times 0.5.
  exactCase(
    'halves go to the even neighbour',
    { kind: 'fakeQuantize', ...perTensor },
    [values([6], [0.25, 0.75, 1.25, -0.25, 4.5, -4.5]), ...grid],
    [values([6], [0, 1, 1, 0, 1, -1.5])],
    undefined,
    0,
  ),
  exactCase(
    'a scale a channel, last axis',
    { kind: 'fakeQuantize', qMin: -7, qMax: 7, axis: 1 },
    [values([2, 2], [0.3, 0.3, -5, -5]), values([2], [0.25, 1]), values([2], [0, 0])],
    [values([2, 2], [0.25, 0, -1.75, -5])],
    undefined,
    0,
  ),
  exactCase(
    'a scale a channel, inner axis',
    { kind: 'fakeQuantize', qMin: -7, qMax: 7, axis: 1 },
    [values([1, 2, 2], [0.3, 0.6, 0.3, 0.6]), values([2], [0.25, 1]), values([2], [0, 2])],
    [values([1, 2, 2], [0.25, 0.5, 0, 1])],
    undefined,
    0,
  ),
  // Codes before clamping: 1, 4 (outside), 3, -2, -3 (outside).
  exactCase(
    'straight through inside, nothing outside',
    { kind: 'fakeQuantizeGrad', ...perTensor },
    [values([5], [0, 1.5, 1, -1.5, -2]), ...grid, values([5], [1, 2, 3, 4, 5])],
    [values([5], [1, 0, 3, 4, 0])],
    undefined,
    0,
  ),
  forwardCase('pruned places are 0', { kind: 'lookup' }, [values([3], [-1, 0.5, 2]), codes], [[2, 3]]),
  (() => {
    const dy = uniform([2, 3], 2);
    const centroids = values([3], [-1, 0.5, 2]);
    return gradientCase({
      name: 'summed over the members',
      forward: { kind: 'lookup' },
      inputs: [centroids, codes],
      shapes: [[2, 3]],
      dy,
      gradient: { kind: 'lookupGrad' },
      from: () => [codes, dy],
      of: [0],
    });
  })(),
  exactCase(
    'l1 and l2',
    { kind: 'penaltyGrad', l1: 0.1, l2: 0.5 },
    [values([3], [2, -1, 0]), values([3], [1, 1, 1])],
    [values([3], [3.1, -0.1, 1])],
  ),
];

const rate = values([1], [0.5]);
const param = values([3], [1, 2, 0]);
const gradient = values([3], [2, -4, 7]);
const mask = values([3], [1, 1, 0]);
const still = values([3], [0, 0, 0]);
const other = values([2], [5, 6]);
const otherGradient = values([2], [1, 0]);
const optimizers: Case[] = [
  exactCase(
    'sgd, two values, one masked',
    { kind: 'optimize', optimizer: { kind: 'sgd' }, count: 2, masked: [true, false] },
    [rate, param, gradient, mask, other, otherGradient],
    [values([3], [0, 4, 0]), values([2], [4.5, 6])],
    [1, 4],
  ),
  // velocity 0.9 * 1 + g, the masked one stays 0.
  exactCase(
    'momentum',
    { kind: 'optimize', optimizer: { kind: 'momentum', momentum: 0.9 }, count: 1, masked: [true] },
    [rate, param, gradient, values([3], [1, 0, 0]), mask],
    [values([3], [-0.45, 4, 0]), values([3], [2.9, -4, 0])],
    [1, 3],
  ),
  // m = 0.1 g, v = 0.001 g^2; p - 0.5 m / (sqrt(v) + eps).
  exactCase(
    'adam',
    { kind: 'optimize', optimizer: { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 0.5 }, count: 1, masked: [true] },
    [rate, param, gradient, still, still, mask],
    [
      values([3], [1 - 0.1 / (2 * Math.sqrt(0.001) + 0.5), 2 + 0.2 / (4 * Math.sqrt(0.001) + 0.5), 0]),
      values([3], [0.2, -0.4, 0]),
      values([3], [0.004, 0.016, 0]),
    ],
    [1, 3, 4],
  ),
  exactCase(
    'adam where nothing pulls',
    {
      kind: 'optimize',
      optimizer: { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-7 },
      count: 1,
      masked: [false],
    },
    [rate, param, still, still, still],
    [param, still, still],
    [1, 3, 4],
  ),
];

export const encodingCases: readonly Case[] = [...encodings, ...optimizers];

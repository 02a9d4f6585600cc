/** Grids, codebooks, penalties and the optimisers, on numbers worked by hand. */
import { assertClose, type Case, exactCase, forwardCase, GRADIENT_TOLERANCE, gradientCase, runOp } from './run';
import { uniform, values } from './values';

const perTensor = { qMin: -2, qMax: 3, axis: null } as const;
const grid = [values([1], [0.5]), values([1], [1])] as const;
const codes = values([2, 3], [0, -1, 2, 1, 2, -1]);

const SIGN = { fn: 'sign', alpha: 0, max: Number.POSITIVE_INFINITY } as const;

/**
 * Straight through rounding means: round(u) passes on the derivative of u. Differences of s * (round(u) + a (u - u0) - z),
 * with a = 1 and u0 where it stands, have that derivative, so they stand in for the rounded values.
 */
const scaleByDifferences: Case = {
  name: 'fakeQuantizeScaleGrad: differences of the straight-through surrogate',
  async run(backend) {
    const [w, dy] = [uniform([3, 4, 5], 41, -2, 2), uniform([3, 4, 5], 42)];
    const [scale, zero] = [uniform([5], 43, 0.1, 0.4), values([5], [0, 1, -2, 3, 0])];
    const range = { qMin: -4, qMax: 3, axis: 2 } as const;
    const [terms] = await runOp(backend, { kind: 'fakeQuantizeScaleGrad', ...range }, [w, scale, zero, dy], [w.shape]);
    w.data.forEach((value, i) => {
      const [s0, z] = [scale.data[i % 5] as number, zero.data[i % 5] as number];
      const surrogate = (s: number): number => {
        const passed = Math.round(value / s0) + (value / s - value / s0) + z;
        const [low, high] = [value / s0 + z <= range.qMin, value / s0 + z >= range.qMax];
        return s * ((low ? range.qMin : high ? range.qMax : passed) - z);
      };
      const expected = ((surrogate(s0 + 1e-5) - surrogate(s0 - 1e-5)) / 2e-5) * (dy.data[i] as number);
      assertClose([(terms as Float32Array)[i] as number], [expected], GRADIENT_TOLERANCE, `value ${i}`);
    });
  },
};

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
  // Codes 7 and 8 (outside) in the first channel, -8 (outside) and -7 in the second.
  exactCase(
    'straight through, a scale a channel, last axis',
    { kind: 'fakeQuantizeGrad', qMin: -7, qMax: 7, axis: 1 },
    [values([2, 2], [1.75, -8, 2, -7]), values([2], [0.25, 1]), values([2], [0, 0]), values([2, 2], [1, 2, 3, 4])],
    [values([2, 2], [1, 0, 0, 4])],
    undefined,
    0,
  ),
  // Codes 7 and 8 (outside) in the first channel, 8 (outside) and 7 in the second, whose zero is at 2.
  exactCase(
    'straight through, a scale a channel, inner axis',
    { kind: 'fakeQuantizeGrad', qMin: -7, qMax: 7, axis: 1 },
    [values([1, 2, 2], [1.75, 2, 6, 5]), values([2], [0.25, 1]), values([2], [0, 2]), values([1, 2, 2], [1, 2, 3, 4])],
    [values([1, 2, 2], [1, 0, 0, 4])],
    undefined,
    0,
  ),
  // u = w / 0.5 = 0.2, 1.6, -0.7, 2, 3, -3 and codes u + 1: round(u) - u inside, 3 - 1 from 2 on, -2 - 1 from -3 down.
  exactCase(
    'by the scale: what rounding moved, and the ends of the range',
    { kind: 'fakeQuantizeScaleGrad', ...perTensor },
    [values([6], [0.1, 0.8, -0.35, 1, 1.5, -1.5]), ...grid, values([6], [1, 1, 2, 1, 3, 1])],
    [values([6], [-0.2, 0.4, -0.6, 2, 6, -3])],
  ),
  // u = 1.2 and 0.3 in the first channel, -1.25 and -8 in the second (from -7 down).
  exactCase(
    'by the scale, one a channel, last axis',
    { kind: 'fakeQuantizeScaleGrad', qMin: -7, qMax: 7, axis: 1 },
    [
      values([2, 2], [0.3, -1.25, 0.075, -8]),
      values([2], [0.25, 1]),
      values([2], [0, 0]),
      values([2, 2], [1, 2, 3, 4]),
    ],
    [values([2, 2], [-0.2, 0.5, -0.9, -28])],
  ),
  exactCase(
    'by the scale, one a channel, inner axis',
    { kind: 'fakeQuantizeScaleGrad', qMin: -7, qMax: 7, axis: 1 },
    [
      values([1, 2, 2], [0.3, 0.075, -1.25, 9]),
      values([2], [0.25, 1]),
      values([2], [0, 2]),
      values([1, 2, 2], [1, 2, 3, 4]),
    ],
    [values([1, 2, 2], [-0.2, -0.6, 0.75, 20])],
  ),
  scaleByDifferences,
  exactCase(
    'a sign is 1 at 0',
    { kind: 'activation', act: SIGN },
    [values([5], [-2, -0.001, 0, 0.001, 3])],
    [values([5], [-1, -1, 1, 1, 1])],
    undefined,
    0,
  ),
  exactCase(
    'straight through a sign between -1 and 1',
    { kind: 'activationGrad', act: SIGN },
    [values([6], [1, 2, 3, 4, 5, 6]), values([6], [-1.01, -1, -0.5, 0, 1, 1.01])],
    [values([6], [0, 2, 3, 4, 5, 0])],
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

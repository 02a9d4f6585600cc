/** Every other operation of the contract: against the float64 reference, its differences, or numbers worked by hand. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '#engine/backend';
import type { ElementFn, Op, Window } from '#engine/ops';
import { reference } from '../suite/reference';
import { distinct, sizeOf, uniform, type Values, values } from '../suite/values';
import { differences, distance, gradientDistance, makePlain, makeRelaxed, runOp } from './harness';

const act = (fn: ElementFn['fn'], alpha = 0, max = Number.POSITIVE_INFINITY): ElementFn => ({ fn, alpha, max });
const FUNCTIONS = [
  act('linear'),
  act('relu'),
  act('relu', 0, 0.7),
  act('leakyRelu', 0.3),
  act('sigmoid'),
  act('tanh'),
  act('exponential'),
  act('elu', 1.3),
  act('selu'),
  act('softplus'),
  act('softsign'),
  act('hardSigmoid'),
  act('swish'),
  act('gelu'),
];
const window = (strides: [number, number], pads: [number, number, number, number]): Window => ({
  strides,
  pads,
  dilation: [1, 1],
});
const POOLS: readonly { x: number[]; y: number[]; size: [number, number]; window: Window }[] = [
  { x: [3, 4, 6, 8], y: [3, 2, 3, 8], size: [2, 2], window: window([2, 2], [0, 0, 0, 0]) },
  { x: [1, 5, 5, 3], y: [1, 2, 2, 3], size: [2, 2], window: window([2, 2], [0, 0, 0, 0]) },
  { x: [2, 5, 7, 5], y: [2, 3, 4, 5], size: [2, 2], window: window([2, 2], [0, 1, 0, 1]) },
  { x: [2, 6, 6, 6], y: [2, 3, 3, 6], size: [3, 3], window: window([2, 2], [0, 1, 0, 1]) },
  { x: [1, 5, 4, 1], y: [1, 5, 4, 1], size: [3, 3], window: window([1, 1], [1, 1, 1, 1]) },
  { x: [3, 4, 4, 7], y: [3, 1, 1, 7], size: [4, 4], window: window([1, 1], [0, 0, 0, 0]) },
];

describe.each([
  ['plain SIMD', makePlain],
  ['relaxed SIMD', makeRelaxed],
] as const)('%s', (_, make) => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await make();
  });
  afterAll(() => {
    expect(backend.counts()).toMatchObject({ live: 0, bytes: 0 });
    backend.dispose();
  });
  const run = (op: Op, inputs: readonly Values[], ...shapes: number[][]): Promise<Values[]> =>
    runOp(backend, op, inputs, shapes);
  async function forward(
    op: Op,
    inputs: readonly Values[],
    shape: readonly number[],
    tolerance = 3e-6,
  ): Promise<Values> {
    const [got] = await runOp(backend, op, inputs, [shape]);
    const [wanted] = reference(op, inputs, [shape]);
    expect(distance(got as Values, wanted as Values), JSON.stringify(op)).toBeLessThan(tolerance);
    return got as Values;
  }

  it.each(FUNCTIONS)('activation and its gradient: $fn', async (fn) => {
    const x = values(
      [3, 13],
      Array.from({ length: 39 }, (_, i) => Math.fround((i - 19.3) * 0.31)),
    );
    const op: Op = { kind: 'activation', act: fn };
    const y = await forward(op, [x], [3, 13], 1e-6);
    const dy = uniform([3, 13], 2);
    const fusable = fn.fn !== 'swish' && fn.fn !== 'gelu';
    const [dx] = await run({ kind: 'activationGrad', act: fn }, [dy, fusable ? y : x], [3, 13]);
    expect(gradientDistance(dx as Values, differences(op, [x], [[3, 13]], dy, 0, 39))).toBeLessThan(3e-6);
  });

  it('keeps exp, sigmoid and tanh to about 1e-7 of their value, and their ends', async () => {
    const x = values(
      [2000],
      Array.from({ length: 2000 }, (_, i) => Math.fround(-80 + i * 0.0801)),
    );
    const relative = (got: Values, fn: (v: number) => number): number =>
      Math.max(...[...x.data].map((v, i) => Math.abs((got.data[i] as number) / fn(v) - 1)));
    const [e] = await run({ kind: 'activation', act: act('exponential') }, [x], [2000]);
    expect(relative(e as Values, Math.exp)).toBeLessThan(2.5e-7);
    const [s] = await run({ kind: 'activation', act: act('sigmoid') }, [x], [2000]);
    expect(relative(s as Values, (v) => 1 / (1 + Math.exp(-v)))).toBeLessThan(3e-7);
    const [t] = await run({ kind: 'activation', act: act('tanh') }, [x], [2000]);
    expect(relative(t as Values, Math.tanh)).toBeLessThan(3e-7);
    const ends = values(
      [8],
      [-1e30, -104, -88, 88.7, 89, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN],
    );
    const [got] = await run({ kind: 'activation', act: act('exponential') }, [ends], [8]);
    expect([...(got as Values).data.slice(4)]).toEqual([
      Number.POSITIVE_INFINITY,
      Number.POSITIVE_INFINITY,
      0,
      Number.NaN,
    ]);
    expect(got?.data[0]).toBe(0);
    expect((got?.data[2] as number) / Math.exp(-88)).toBeCloseTo(1, 5);
    expect((got?.data[3] as number) / Math.exp(Math.fround(88.7))).toBeCloseTo(1, 5);
    const [relu] = await run({ kind: 'activation', act: act('relu') }, [ends], [8]);
    expect(relu?.data[7]).toBeNaN();
  });

  it.each(POOLS)('pools: $x by $size', async ({ x: shape, y: out, size, window: over }) => {
    const x = distinct(shape, 3);
    const dy = uniform(out, 4);
    const max: Op = { kind: 'maxPool2d', size, window: over };
    const y = await forward(max, [x], out, 1e-7);
    const [dx] = await run({ kind: 'maxPool2dGrad', size, window: over }, [x, y, dy], shape);
    expect(gradientDistance(dx as Values, differences(max, [x], [out], dy, 0))).toBeLessThan(1e-5);
    const average: Op = { kind: 'averagePool2d', size, window: over };
    await forward(average, [x], out);
    const [da] = await run({ kind: 'averagePool2dGrad', size, window: over }, [dy], shape);
    expect(gradientDistance(da as Values, differences(average, [x], [out], dy, 0))).toBeLessThan(1e-5);
  });
  it('gives a pool gradient to the first of equal maxima', async () => {
    const x = values([1, 2, 2, 1], [1, 5, 5, 5]);
    const [dx] = await run(
      { kind: 'maxPool2dGrad', size: [2, 2], window: window([2, 2], [0, 0, 0, 0]) },
      [x, values([1, 1, 1, 1], [5]), values([1, 1, 1, 1], [3])],
      [1, 2, 2, 1],
    );
    expect([...(dx as Values).data]).toEqual([0, 3, 0, 0]);
  });

  it.each([
    [[3, 4, 5, 6], 6],
    [[7, 1], 1],
    [[300, 17], 17],
    [[64, 8], 8],
    [[2, 3, 3, 30], 30],
  ] as const)('batch normalisation and column sums of %j', async (shape, c) => {
    const x = uniform(shape, 1, -2, 3);
    const gamma = uniform([c], 2, 0.5, 2);
    const beta = uniform([c], 3);
    const dy = uniform(shape, 4);
    const rows = sizeOf(shape) / c;
    const train: Op = { kind: 'batchNormTrain', epsilon: 1e-3 };
    const got = await run(train, [x, gamma, beta], [...shape], [c], [c]);
    const wanted = reference(train, [x, gamma, beta], [shape, [c], [c]]);
    got.forEach((one, i) => {
      expect(distance(one, wanted[i] as Values)).toBeLessThan(3e-6);
    });
    const [, mean, variance] = got as [Values, Values, Values];
    const grads = await run(
      { kind: 'batchNormTrainGrad', epsilon: 1e-3 },
      [x, gamma, mean, variance, dy],
      [...shape],
      [c],
      [c],
    );
    [0, 1, 2].forEach((of) => {
      expect(
        gradientDistance(grads[of] as Values, differences(train, [x, gamma, beta], [shape], dy, of, 12)),
      ).toBeLessThan(3e-5);
    });
    const infer: Op = { kind: 'batchNorm', epsilon: 1e-3 };
    await forward(infer, [x, gamma, beta, beta, gamma], shape);
    const [dx] = await run({ kind: 'batchNormGrad', epsilon: 1e-3 }, [gamma, gamma, dy], [...shape]);
    expect(
      gradientDistance(dx as Values, differences(infer, [x, gamma, beta, beta, gamma], [shape], dy, 0, 12)),
    ).toBeLessThan(1e-5);
    await forward({ kind: 'biasGrad' }, [dy], [c], 1e-5);
    expect(rows * c).toBe(sizeOf(shape));
  });

  it('updates a moving average in place', async () => {
    const op: Op = { kind: 'movingAverage', momentum: 0.9 };
    const inputs = [uniform([7], 1), uniform([7], 2)];
    const [got] = await runOp(backend, op, inputs, [[7]], [0]);
    expect(distance(got as Values, reference(op, inputs, [[7]])[0] as Values)).toBeLessThan(1e-7);
  });

  it.each([
    [[3, 2, 2, 5], [5]],
    [
      [3, 2, 2, 5],
      [2, 2, 5],
    ],
    [[2, 3], [3]],
  ] as const)('prelu of %j by %j', async (shape, alphaShape) => {
    const x = distinct(shape, 1);
    const alpha = uniform(alphaShape, 2);
    const dy = uniform(shape, 3);
    await forward({ kind: 'prelu' }, [x, alpha], shape);
    const [dx, da] = await run({ kind: 'preluGrad' }, [x, alpha, dy], [...shape], [...alphaShape]);
    expect(gradientDistance(dx as Values, differences({ kind: 'prelu' }, [x, alpha], [shape], dy, 0))).toBeLessThan(
      1e-5,
    );
    expect(gradientDistance(da as Values, differences({ kind: 'prelu' }, [x, alpha], [shape], dy, 1))).toBeLessThan(
      1e-5,
    );
  });

  it.each([
    [1, 10, 1],
    [3, 7, 2.5],
    [5, 1, 1],
    [2, 61, 4],
  ])('softmax and cross-entropy of [%i, %i] at temperature %f', async (n, k, temperature) => {
    const x = uniform([n, k], 1, -5, 5);
    const dy = uniform([n, k], 2);
    const y = await forward({ kind: 'softmax', temperature }, [x], [n, k]);
    const plain: Op = { kind: 'softmax', temperature: 1 };
    const [at1] = await run(plain, [x], [n, k]);
    const [dx] = await run({ kind: 'softmaxGrad' }, [at1 as Values, dy], [n, k]);
    expect(gradientDistance(dx as Values, differences(plain, [x], [[n, k]], dy, 0))).toBeLessThan(1e-5);
    const target = k > 1 ? y : values([n, k], Array(n).fill(1));
    // One probability of exactly zero, which contributes nothing.
    target.data[0] = k > 1 ? 0 : 1;
    const weight = values(
      [n],
      Array.from({ length: n }, (_, i) => i * 0.5 + 0.25),
    );
    for (const relative of [false, true]) {
      const loss: Op = { kind: 'softmaxCrossEntropy', temperature, relative };
      await forward(loss, [x, target], [n], 1e-5);
    }
    // Each row of targets must sum to 1 for the gradient's closed form.
    for (let i = 0; i < n; i++) {
      const sum = target.data.slice(i * k, (i + 1) * k).reduce((a, b) => a + b, 0);
      for (let j = 0; j < k; j++) target.data[i * k + j] = (target.data[i * k + j] as number) / sum;
    }
    const [got] = await run({ kind: 'softmaxCrossEntropyGrad', temperature, scale: 0.3 }, [x, target, weight], [n, k]);
    const scaled = values(
      [n],
      [...weight.data].map((w) => w * 0.3),
    );
    const loss: Op = { kind: 'softmaxCrossEntropy', temperature, relative: false };
    expect(gradientDistance(got as Values, differences(loss, [x, target], [[n]], scaled, 0))).toBeLessThan(1e-5);
  });
  it('survives logits that overflow exp', async () => {
    const x = values([1, 5], [1000, -1000, 0, 500, 1000]);
    const [y] = await run({ kind: 'softmax', temperature: 1 }, [x], [1, 5]);
    expect([...(y as Values).data]).toEqual([0.5, 0, 0, 0, 0.5]);
    const [loss] = await run(
      { kind: 'softmaxCrossEntropy', temperature: 1, relative: false },
      [x, values([1, 5], [0, 1, 0, 0, 0])],
      [1],
    );
    expect(loss?.data[0]).toBeCloseTo(2000.6931, 3);
  });

  it('adds metrics to what was there; the lowest of equal logits answers; weight 0 hides even NaN', async () => {
    const logits = values([4, 3], [1, 3, 2, 5, 5, 1, 0, 0, 9, Number.NaN, 0, 0]);
    const inputs = [
      logits,
      values([4], [1, 1, 2, 0]),
      values([4], [0.5, 2, 4, Number.NaN]),
      values([4], [1, 2, 0.5, 0]),
      values([3], [10, 20, 30]),
    ];
    const [sums] = await runOp(backend, { kind: 'accumulateMetrics' }, inputs, [[3]], [4]);
    expect([...(sums as Values).data]).toEqual([10 + 0.5 + 4 + 2, 20 + 1 + 0.5, 30 + 3.5]);
  });

  it('makes one-hot labels with smoothing', async () => {
    await forward({ kind: 'oneHot', smoothing: 0.1 }, [values([3], [2, 0, 6])], [3, 7], 1e-7);
  });

  it.each([
    [
      [3, 4],
      [3, 4],
    ],
    [
      [3, 5],
      [1, 5],
    ],
    [
      [3, 5],
      [3, 1],
    ],
    [
      [2, 3, 3, 6],
      [2, 1, 1, 6],
    ],
    [
      [2, 3, 3, 6],
      [1, 1, 1, 6],
    ],
    [
      [2, 3, 4, 5],
      [2, 1, 4, 1],
    ],
    [
      [2, 3, 4, 5],
      [1, 3, 1, 5],
    ],
    [
      [4, 1],
      [1, 1],
    ],
    [[3, 5], [5]],
  ] as const)('binary of %j and %j, and sums back', async (a, b) => {
    for (const fn of ['add', 'subtract', 'multiply', 'maximum', 'minimum'] as const) {
      await forward({ kind: 'binary', fn }, [uniform(a, 1), uniform(b, 2)], a);
    }
    const [sum] = await run({ kind: 'sumTo' }, [uniform(a, 1)], [...b]);
    const wide = [...a.map(() => 1).slice(b.length), ...b];
    expect(distance(sum as Values, reference({ kind: 'sumTo' }, [uniform(a, 1)], [wide])[0] as Values)).toBeLessThan(
      3e-6,
    );
  });
  it('sends the gradient of maximum and minimum to the winner, the first where they are equal', async () => {
    const a = values([5], [1, 2, 3, 4, 5]);
    const b = values([5], [5, 2, 1, 4, 9]);
    const dy = values([5], [1, 2, 3, 4, 5]);
    const grad = async (fn: 'maximum' | 'minimum', of: 'first' | 'second'): Promise<number[]> => [
      ...((await run({ kind: 'selectGrad', fn, of }, [a, b, dy], [5]))[0] as Values).data,
    ];
    expect(await grad('maximum', 'first')).toEqual([0, 2, 3, 4, 0]);
    expect(await grad('maximum', 'second')).toEqual([1, 0, 0, 0, 5]);
    expect(await grad('minimum', 'first')).toEqual([1, 2, 0, 4, 5]);
    expect(await grad('minimum', 'second')).toEqual([0, 0, 3, 0, 0]);
  });

  it('moves: scale, concat, slice, pad, crop, upsample, reshape', async () => {
    await forward({ kind: 'scale', scale: 1 / 255, offset: -0.5 }, [uniform([11], 1)], [11]);
    await forward(
      { kind: 'concat' },
      [uniform([2, 3, 1], 1), uniform([2, 3, 5], 2), uniform([2, 3, 4], 3)],
      [2, 3, 10],
    );
    await forward({ kind: 'sliceLast', begin: 2, size: 3 }, [uniform([2, 4, 7], 1)], [2, 4, 3]);
    await forward({ kind: 'pad2d', pads: [1, 2, 0, 3] }, [uniform([2, 3, 4, 3], 1)], [2, 6, 7, 3]);
    await forward({ kind: 'pad2d', pads: [-1, -1, -2, 0] }, [uniform([2, 5, 6, 5], 1)], [2, 3, 4, 5]);
    await forward({ kind: 'pad2d', pads: [2, -1, -1, 2] }, [uniform([1, 5, 6, 1], 1)], [1, 6, 7, 1]);
    await forward({ kind: 'reshape' }, [uniform([3, 4], 1)], [2, 6]);
    for (const interpolation of ['nearest', 'bilinear'] as const) {
      await forward({ kind: 'upsample2d', size: [2, 3], interpolation }, [uniform([2, 3, 4, 5], 1)], [2, 6, 12, 5]);
    }
    const nearest: Op = { kind: 'upsample2d', size: [3, 2], interpolation: 'nearest' };
    const dy = uniform([2, 9, 8, 3], 2);
    const [dx] = await run({ kind: 'upsample2dGrad', size: [3, 2] }, [dy], [2, 3, 4, 3]);
    expect(
      gradientDistance(dx as Values, differences(nearest, [uniform([2, 3, 4, 3], 1)], [[2, 9, 8, 3]], dy, 0)),
    ).toBeLessThan(1e-5);
  });
});

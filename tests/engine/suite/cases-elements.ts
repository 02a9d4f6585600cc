/** Activations, sums, shapes, normalisation, loss: forward and gradient. */
import type { ElementFn, Op } from '#engine/ops';
import { isFusable } from '#engine/ops';
import { type Case, exactCase, forwardCase, gradientCase } from './run';
import { distinct, uniform, type Values, values } from './values';

const INFINITY = Number.POSITIVE_INFINITY;
const ACTIVATIONS: readonly ElementFn[] = [
  { fn: 'linear', alpha: 0, max: INFINITY },
  { fn: 'relu', alpha: 0, max: INFINITY },
  { fn: 'relu', alpha: 0, max: 0.6 },
  { fn: 'leakyRelu', alpha: 0.3, max: INFINITY },
  { fn: 'sigmoid', alpha: 0, max: INFINITY },
  { fn: 'tanh', alpha: 0, max: INFINITY },
  { fn: 'exponential', alpha: 0, max: INFINITY },
  { fn: 'elu', alpha: 1, max: INFINITY },
  { fn: 'elu', alpha: 0.5, max: INFINITY },
  { fn: 'selu', alpha: 0, max: INFINITY },
  { fn: 'softplus', alpha: 0, max: INFINITY },
  { fn: 'softsign', alpha: 0, max: INFINITY },
  { fn: 'hardSigmoid', alpha: 0, max: INFINITY },
  { fn: 'swish', alpha: 0, max: INFINITY },
  { fn: 'gelu', alpha: 0, max: INFINITY },
];

const activations: Case[] = ACTIVATIONS.flatMap((act) => {
  const shape = [3, 7];
  const wide = distinct(shape, 1);
  const x = { ...wide, data: wide.data.map((value) => Math.fround(value * 6 + 0.013)) };
  const dy = uniform(shape, 2);
  const op: Op = { kind: 'activation', act };
  const name = `${act.fn}${act.alpha ? ` ${act.alpha}` : ''}${act.max < INFINITY ? ` up to ${act.max}` : ''}`;
  return [
    forwardCase(name, op, [x], [shape]),
    gradientCase({
      name,
      forward: op,
      inputs: [x],
      shapes: [shape],
      dy,
      gradient: { kind: 'activationGrad', act },
      from: ([y]) => [dy, isFusable(act.fn) ? (y as Values) : x],
      of: [0],
    }),
  ];
});

const far: Case = {
  name: 'activation: far from zero nothing overflows',
  async run(backend, cpu) {
    const x = values([6], [-90, -30, -12, 12, 30, 80]);
    for (const fn of ['softplus', 'sigmoid', 'tanh', 'softsign', 'elu', 'selu', 'swish', 'gelu'] as const) {
      await forwardCase(
        fn,
        { kind: 'activation', act: { fn, alpha: 1, max: INFINITY } },
        [fn === 'gelu' ? values([2], [-5, 5]) : x],
        [fn === 'gelu' ? [2] : [6]],
      ).run(backend, cpu);
    }
  },
};

const preluCases: Case[] = [[4], [2, 3, 4]].flatMap((alphaShape) => {
  const x = distinct([2, 2, 3, 4], 3);
  const alpha = uniform(alphaShape, 4, 0, 0.5);
  const dy = uniform(x.shape, 5);
  const name = alphaShape.length === 1 ? 'a slope a channel' : 'a slope a value';
  return [
    forwardCase(name, { kind: 'prelu' }, [x, alpha], [x.shape]),
    gradientCase({
      name,
      forward: { kind: 'prelu' },
      inputs: [x, alpha],
      shapes: [x.shape],
      dy,
      gradient: { kind: 'preluGrad' },
      from: () => [x, alpha, dy],
      of: [0, 1],
    }),
  ];
});

const a = distinct([2, 3, 4], 6);
const b = { ...distinct([2, 3, 4], 7), data: distinct([2, 3, 4], 7).data.map((value) => Math.fround(value + 0.02)) };
const image = uniform([2, 2, 3, 4], 8);
const perChannel = uniform([2, 1, 1, 4], 9);
const combinations: Case[] = [
  ...(['add', 'subtract', 'multiply', 'maximum', 'minimum'] as const).flatMap((fn) => [
    forwardCase(fn, { kind: 'binary', fn }, [a, b], [a.shape]),
    forwardCase(`${fn}, one value a channel`, { kind: 'binary', fn }, [image, perChannel], [image.shape]),
  ]),
  ...(['maximum', 'minimum'] as const).flatMap((fn) =>
    (['first', 'second'] as const).map((of, i) => {
      const dy = uniform(a.shape, 10);
      return gradientCase({
        name: `${fn}, ${of}`,
        forward: { kind: 'binary', fn },
        inputs: [a, b],
        shapes: [a.shape],
        dy,
        gradient: { kind: 'selectGrad', fn, of },
        from: () => [a, b, dy],
        of: [i],
      });
    }),
  ),
  exactCase(
    'equal values: the first one',
    { kind: 'selectGrad', fn: 'maximum', of: 'first' },
    [values([3], [1, 2, 3]), values([3], [1, 3, 2]), values([3], [5, 6, 7])],
    [values([3], [5, 0, 7])],
  ),
  forwardCase('rows', { kind: 'sumTo' }, [uniform([3, 4], 11)], [[1, 4]]),
  forwardCase('all but batch and channels', { kind: 'sumTo' }, [image], [[2, 1, 1, 4]]),
  forwardCase('sums over all but the last axis', { kind: 'biasGrad' }, [image], [[4]]),
  forwardCase('times and plus', { kind: 'scale', scale: -2.5, offset: 0.25 }, [a], [a.shape]),
  forwardCase(
    'three inputs',
    { kind: 'concat' },
    [uniform([2, 2, 3, 4], 12), uniform([2, 2, 3, 1], 13), uniform([2, 2, 3, 2], 14)],
    [[2, 2, 3, 7]],
  ),
  forwardCase('from the middle', { kind: 'sliceLast', begin: 1, size: 2 }, [image], [[2, 2, 3, 2]]),
  forwardCase('zeros around', { kind: 'pad2d', pads: [1, 0, 2, 3] }, [image], [[2, 3, 8, 4]]),
  forwardCase('cut and padded', { kind: 'pad2d', pads: [-1, 2, 1, -1] }, [image], [[2, 3, 3, 4]]),
  forwardCase('cut', { kind: 'pad2d', pads: [0, -1, -1, -1] }, [image], [[2, 1, 1, 4]]),
  forwardCase('to rows', { kind: 'reshape' }, [image], [[4, 12]]),
  forwardCase(
    'nearest, 3 by 2',
    { kind: 'upsample2d', size: [3, 2], interpolation: 'nearest' },
    [image],
    [[2, 6, 6, 4]],
  ),
  forwardCase(
    'bilinear, 2 by 3',
    { kind: 'upsample2d', size: [2, 3], interpolation: 'bilinear' },
    [image],
    [[2, 4, 9, 4]],
  ),
  (() => {
    const dy = uniform([2, 6, 6, 4], 15);
    const forward: Op = { kind: 'upsample2d', size: [3, 2], interpolation: 'nearest' };
    return gradientCase({
      name: 'nearest',
      forward,
      inputs: [image],
      shapes: [dy.shape],
      dy,
      gradient: { kind: 'upsample2dGrad', size: [3, 2] },
      from: () => [dy],
      of: [0],
    });
  })(),
];

const gamma = uniform([4], 16, 0.5, 1.5);
const beta = uniform([4], 17);
const moving = [uniform([4], 18), uniform([4], 19, 0.2, 1)] as const;
const normalDy = uniform(image.shape, 20);
const normalization: Case[] = [
  forwardCase('by the batch', { kind: 'batchNormTrain', epsilon: 1e-3 }, [image, gamma, beta], [image.shape, [4], [4]]),
  forwardCase(
    'of vectors, by the batch',
    { kind: 'batchNormTrain', epsilon: 1e-3 },
    [uniform([6, 4], 21), gamma, beta],
    [[6, 4], [4], [4]],
  ),
  forwardCase(
    'by moving statistics',
    { kind: 'batchNorm', epsilon: 1e-3 },
    [image, gamma, beta, ...moving],
    [image.shape],
  ),
  gradientCase({
    name: 'by the batch',
    forward: { kind: 'batchNormTrain', epsilon: 1e-3 },
    inputs: [image, gamma, beta],
    shapes: [image.shape, [4], [4]],
    dy: normalDy,
    gradient: { kind: 'batchNormTrainGrad', epsilon: 1e-3 },
    from: ([, mean, variance]) => [image, gamma, mean as Values, variance as Values, normalDy],
    of: [0, 1, 2],
  }),
  gradientCase({
    name: 'by moving statistics',
    forward: { kind: 'batchNorm', epsilon: 1e-3 },
    inputs: [image, gamma, beta, ...moving],
    shapes: [image.shape],
    dy: normalDy,
    gradient: { kind: 'batchNormGrad', epsilon: 1e-3 },
    from: () => [gamma, moving[1], normalDy],
    of: [0],
  }),
  exactCase(
    'in place',
    { kind: 'movingAverage', momentum: 0.75 },
    [values([2], [1, -2]), values([2], [3, 2])],
    [values([2], [1.5, -1])],
    [0],
  ),
];

const logits = uniform([3, 5], 22, -3, 3);
const targets = (() => {
  const raw = uniform([3, 5], 23, 0.1, 1);
  const sums = [0, 1, 2].map((i) => raw.data.slice(i * 5, i * 5 + 5).reduce((sum, one) => sum + one, 0));
  return values(
    [3, 5],
    raw.data.map((one, i) => Math.fround(one / (sums[Math.floor(i / 5)] as number))),
  );
})();
const hard = values([3, 5], [0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
const ones = values([3], [1, 1, 1]);
const loss: Case[] = [
  forwardCase('plain', { kind: 'softmax', temperature: 1 }, [logits], [[3, 5]]),
  forwardCase('softened at 4', { kind: 'softmax', temperature: 4 }, [logits], [[3, 5]]),
  forwardCase('large logits', { kind: 'softmax', temperature: 1 }, [values([1, 3], [1000, 1001, -1000])], [[1, 3]]),
  (() => {
    const dy = uniform([3, 5], 24);
    return gradientCase({
      name: 'plain',
      forward: { kind: 'softmax', temperature: 1 },
      inputs: [logits],
      shapes: [[3, 5]],
      dy,
      gradient: { kind: 'softmaxGrad' },
      from: ([y]) => [y as Values, dy],
      of: [0],
    });
  })(),
  forwardCase('smoothed', { kind: 'oneHot', smoothing: 0.1 }, [values([3], [2, 0, 4])], [[3, 5]]),
  forwardCase('hard labels', { kind: 'softmaxCrossEntropy', temperature: 1, relative: false }, [logits, hard], [[3]]),
  forwardCase(
    'relative to hard labels: 0 log 0 is 0',
    { kind: 'softmaxCrossEntropy', temperature: 1, relative: true },
    [logits, hard],
    [[3]],
  ),
  forwardCase(
    'divergence at temperature 3',
    { kind: 'softmaxCrossEntropy', temperature: 3, relative: true },
    [logits, targets],
    [[3]],
  ),
  ...[1, 3].map((temperature) =>
    gradientCase({
      name: `temperature ${temperature}`,
      forward: { kind: 'softmaxCrossEntropy', temperature, relative: true },
      inputs: [logits, targets],
      shapes: [[3]],
      dy: ones,
      gradient: { kind: 'softmaxCrossEntropyGrad', temperature, scale: 1 },
      from: () => [logits, targets, ones],
      of: [0],
    }),
  ),
  exactCase(
    'scaled and weighted',
    { kind: 'softmaxCrossEntropyGrad', temperature: 1, scale: 0.5 },
    [values([2, 2], [0, 0, 0, 0]), values([2, 2], [1, 0, 0, 1]), values([2], [2, 0])],
    [values([2, 2], [-0.5, 0.5, 0, 0])],
  ),
  exactCase(
    'adds up, the lowest of equal logits is the answer',
    { kind: 'accumulateMetrics' },
    [
      values([4, 3], [1, 2, 0, 5, 5, 1, 5, 5, 1, 0, 0, 0]),
      values([4], [1, 0, 1, 0]),
      values([4], [0.5, 1, 2, 4]),
      values([4], [1, 1, 1, 0.5]),
      values([3], [10, 20, 30]),
    ],
    [values([3], [15.5, 22.5, 33.5])],
    [4],
  ),
];

export const elementCases: readonly Case[] = [
  ...activations,
  far,
  ...preluCases,
  ...combinations,
  ...normalization,
  ...loss,
];

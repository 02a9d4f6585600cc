/** Convolutions, matrix products and pools, forward and gradient, in every geometry that a model may have. */
import type { ElementFn, Op, Window } from '#engine/ops';
import { LINEAR } from '#engine/ops';
import { reference } from './reference';
import { assertClose, type Case, exactCase, FORWARD_TOLERANCE, forwardCase, gradientCase } from './run';
import { distinct, uniform, type Values, values } from './values';

const act = (fn: ElementFn['fn'], alpha = 0, max = Number.POSITIVE_INFINITY): ElementFn => ({ fn, alpha, max });

interface Geometry {
  readonly name: string;
  readonly input: readonly [number, number, number, number];
  readonly window: Window;
}
const GEOMETRIES: readonly (Geometry & { readonly kernel: readonly [number, number]; readonly groups?: number })[] = [
  {
    name: 'plain',
    input: [2, 5, 4, 3],
    kernel: [3, 3],
    window: { strides: [1, 1], pads: [0, 0, 0, 0], dilation: [1, 1] },
  },
  {
    name: 'padded all round',
    input: [1, 4, 5, 2],
    kernel: [3, 3],
    window: { strides: [1, 1], pads: [1, 1, 1, 1], dilation: [1, 1] },
  },
  {
    name: 'strided, the odd pixel below and right',
    input: [2, 6, 5, 2],
    kernel: [3, 2],
    window: { strides: [2, 2], pads: [0, 1, 0, 1], dilation: [1, 1] },
  },
  {
    name: 'strided, pads above and left',
    input: [1, 5, 6, 2],
    kernel: [2, 3],
    window: { strides: [2, 1], pads: [1, 0, 2, 0], dilation: [1, 1] },
  },
  {
    name: 'a stride that leaves pixels over',
    input: [1, 6, 7, 1],
    kernel: [2, 2],
    window: { strides: [3, 3], pads: [0, 0, 0, 0], dilation: [1, 1] },
  },
  {
    name: 'dilated',
    input: [1, 7, 6, 2],
    kernel: [3, 2],
    window: { strides: [1, 1], pads: [1, 0, 0, 1], dilation: [2, 3] },
  },
  {
    name: 'of one pixel',
    input: [2, 3, 3, 4],
    kernel: [1, 1],
    window: { strides: [1, 1], pads: [0, 0, 0, 0], dilation: [1, 1] },
  },
  {
    name: 'in groups',
    input: [1, 4, 4, 4],
    kernel: [3, 3],
    groups: 2,
    window: { strides: [1, 1], pads: [1, 1, 1, 1], dilation: [1, 1] },
  },
];

function outputSide(input: number, kernel: number, window: Window, axis: 0 | 1): number {
  const padded = input + (window.pads[2 * axis] as number) + (window.pads[2 * axis + 1] as number);
  return Math.floor((padded - (kernel - 1) * window.dilation[axis] - 1) / window.strides[axis]) + 1;
}
function outputShape(
  input: readonly [number, number, number, number],
  kernel: readonly [number, number],
  window: Window,
  channels: number,
): number[] {
  return [input[0], outputSide(input[1], kernel[0], window, 0), outputSide(input[2], kernel[1], window, 1), channels];
}

const convolutions: Case[] = GEOMETRIES.flatMap(({ name, input, kernel, window, groups = 1 }, i) => {
  const filters = 4;
  const x = uniform(input, 10 + i);
  const w = uniform([...kernel, input[3] / groups, filters], 30 + i);
  const shape = outputShape(input, kernel, window, filters);
  const dy = uniform(shape, 50 + i);
  const forward: Op = { kind: 'conv2d', window, act: LINEAR };
  const about = { name, forward, inputs: [x, w], shapes: [shape], dy };
  return [
    forwardCase(
      `${name}, with bias`,
      { kind: 'conv2d', window, act: act('relu') },
      [x, w, uniform([filters], 70)],
      [shape],
    ),
    gradientCase({ ...about, gradient: { kind: 'conv2dGradInput', window }, from: () => [dy, w], of: [0] }),
    gradientCase({ ...about, gradient: { kind: 'conv2dGradKernel', window }, from: () => [x, dy], of: [1] }),
  ];
});

const depthwise: Case[] = GEOMETRIES.filter(({ groups }) => !groups).flatMap(({ name, input, kernel, window }, i) => {
  const multiplier = (i % 2) + 1;
  const x = uniform(input, 110 + i);
  const w = uniform([...kernel, input[3], multiplier], 130 + i);
  const shape = outputShape(input, kernel, window, input[3] * multiplier);
  const dy = uniform(shape, 150 + i);
  const forward: Op = { kind: 'depthwiseConv2d', window, act: LINEAR };
  const about = { name: `${name}, ${multiplier} for each channel`, forward, inputs: [x, w], shapes: [shape], dy };
  return [
    forwardCase(
      about.name,
      { kind: 'depthwiseConv2d', window, act: act('tanh') },
      [x, w, uniform([input[3] * multiplier], 170)],
      [shape],
    ),
    gradientCase({ ...about, gradient: { kind: 'depthwiseConv2dGradInput', window }, from: () => [dy, w], of: [0] }),
    gradientCase({ ...about, gradient: { kind: 'depthwiseConv2dGradKernel', window }, from: () => [x, dy], of: [1] }),
  ];
});

/** Kernels wide enough for a blocked product and with sides that no block size divides. */
const larger: Case[] = [
  forwardCase(
    'more channels than a block',
    { kind: 'conv2d', window: { strides: [1, 1], pads: [0, 0, 0, 0], dilation: [1, 1] }, act: act('relu') },
    [uniform([2, 7, 7, 9], 1), uniform([3, 3, 9, 13], 2), uniform([13], 3)],
    [[2, 5, 5, 13]],
  ),
  forwardCase(
    'larger than a block',
    { kind: 'matmul', transposeA: false, transposeB: false, act: act('sigmoid') },
    [uniform([17, 37], 4), uniform([37, 19], 5), uniform([19], 6)],
    [[17, 19]],
  ),
];

const products: Case[] = [false, true].flatMap((transposeA) =>
  [false, true].map((transposeB) =>
    forwardCase(
      `A${transposeA ? ' transposed' : ''} times B${transposeB ? ' transposed' : ''}`,
      { kind: 'matmul', transposeA, transposeB, act: LINEAR },
      [uniform(transposeA ? [5, 3] : [3, 5], 1), uniform(transposeB ? [4, 5] : [5, 4], 2)],
      [[3, 4]],
    ),
  ),
);

const POOLS: readonly (Geometry & { readonly size: readonly [number, number] })[] = [
  {
    name: 'halving, a row and a column left over',
    input: [2, 5, 5, 3],
    size: [2, 2],
    window: { strides: [2, 2], pads: [0, 0, 0, 0], dilation: [1, 1] },
  },
  {
    name: 'overlapping, padded below and right',
    input: [1, 6, 5, 2],
    size: [3, 3],
    window: { strides: [2, 2], pads: [0, 1, 1, 1], dilation: [1, 1] },
  },
  {
    name: 'padded above and left',
    input: [1, 4, 4, 2],
    size: [3, 2],
    window: { strides: [1, 2], pads: [1, 1, 1, 1], dilation: [1, 1] },
  },
  {
    name: 'of the whole image',
    input: [2, 4, 3, 2],
    size: [4, 3],
    window: { strides: [4, 3], pads: [0, 0, 0, 0], dilation: [1, 1] },
  },
];

const pools: Case[] = POOLS.flatMap(({ name, input, size, window }, i) => {
  // All below zero, so that a padded pixel counted as 0 would win.
  const below = distinct(input, 200 + i);
  const x = { ...below, data: below.data.map((value) => value - 10) };
  const shape = outputShape(input, size, window, input[3]);
  const dy = uniform(shape, 220 + i);
  const max: Op = { kind: 'maxPool2d', size, window };
  const mean: Op = { kind: 'averagePool2d', size, window };
  const about = { name, inputs: [x], shapes: [shape], dy };
  return [
    forwardCase(name, max, [x], [shape]),
    forwardCase(name, mean, [x], [shape]),
    gradientCase({
      ...about,
      forward: max,
      gradient: { kind: 'maxPool2dGrad', size, window },
      from: ([y]) => [x, y as typeof x, dy],
      of: [0],
    }),
    gradientCase({
      ...about,
      forward: mean,
      gradient: { kind: 'averagePool2dGrad', size, window },
      from: () => [dy],
      of: [0],
    }),
  ];
});

const ties: Case[] = [
  exactCase(
    'the first of equal maxima takes it all',
    { kind: 'maxPool2dGrad', size: [2, 2], window: { strides: [2, 2], pads: [0, 0, 0, 0], dilation: [1, 1] } },
    [
      values([1, 3, 5, 1], [1, 1, 0, 2, 9, 1, 1, 2, 2, 9, 9, 9, 9, 9, 9]),
      values([1, 1, 2, 1], [1, 2]),
      values([1, 1, 2, 1], [3, 5]),
    ],
    [values([1, 3, 5, 1], [3, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])],
  ),
  exactCase(
    'overlapping windows of equal values, padded',
    { kind: 'maxPool2dGrad', size: [2, 2], window: { strides: [1, 1], pads: [0, 1, 0, 1], dilation: [1, 1] } },
    [values([1, 2, 2, 1], [0, 0, 0, 0]), values([1, 2, 2, 1], [0, 0, 0, 0]), values([1, 2, 2, 1], [1, 2, 3, 4])],
    [values([1, 2, 2, 1], [1, 2, 3, 4])],
  ),
];

/** Texture layouts have spare places at odd sides; what an earlier operation left there must not be added up. */
const oddProduct: Case = {
  name: 'matmul: of computed operands with an odd inner side',
  async run(backend) {
    const [a, b] = [uniform([3, 5], 1), uniform([5, 5], 2)];
    const exponential: Op = { kind: 'activation', act: act('exponential') };
    const product: Op = { kind: 'matmul', transposeA: false, transposeB: true, act: LINEAR };
    const program = await backend.compile({
      slots: [
        { shape: [3, 5], life: 'persistent' },
        { shape: [5, 5], life: 'persistent' },
        { shape: [3, 5], life: 'temporary' },
        { shape: [5, 5], life: 'temporary' },
        { shape: [3, 5], life: 'persistent' },
      ],
      steps: [
        { op: exponential, inputs: [0], outputs: [2] },
        { op: exponential, inputs: [1], outputs: [3] },
        { op: product, inputs: [2, 3], outputs: [4] },
      ],
    });
    program.write(0, Float32Array.from(a.data));
    program.write(1, Float32Array.from(b.data));
    program.run();
    const expA = values([3, 5], a.data.map(Math.exp));
    const expB = values([5, 5], b.data.map(Math.exp));
    const expected = reference(product, [expA, expB], [[3, 5]])[0] as Values;
    assertClose(await program.read(4), expected.data, FORWARD_TOLERANCE, 'the product');
    program.dispose();
  },
};

export const convolutionCases: readonly Case[] = [
  ...convolutions,
  ...depthwise,
  ...larger,
  ...products,
  ...pools,
  ...ties,
  oddProduct,
];

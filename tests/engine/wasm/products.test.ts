/** Products, convolutions and their gradients in odd shapes, against the float64 reference. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '#engine/backend';
import { type ElementFn, LINEAR, type Op, type Window } from '#engine/ops';
import { reference } from '../suite/reference';
import { uniform, type Values } from '../suite/values';
import { differences, distance, gradientDistance, makePlain, makeRelaxed, runOp } from './harness';

const RELU: ElementFn = { fn: 'relu', alpha: 0, max: Number.POSITIVE_INFINITY };
const TANH: ElementFn = { fn: 'tanh', alpha: 0, max: Number.POSITIVE_INFINITY };

interface Shape {
  readonly name: string;
  readonly x: readonly number[];
  readonly kernel: readonly number[];
  readonly window: Window;
}
const window = (
  strides: [number, number],
  pads: [number, number, number, number],
  dilation: [number, number] = [1, 1],
): Window => ({ strides, pads, dilation });
const outputOf = ({ x, kernel, window: { strides, pads, dilation } }: Shape, channels: number): number[] => [
  x[0] as number,
  Math.floor(((x[1] as number) + pads[0] + pads[1] - dilation[0] * ((kernel[0] as number) - 1) - 1) / strides[0]) + 1,
  Math.floor(((x[2] as number) + pads[2] + pads[3] - dilation[1] * ((kernel[1] as number) - 1) - 1) / strides[1]) + 1,
  channels,
];

const CONVOLUTIONS: readonly Shape[] = [
  { name: 'one channel, valid', x: [3, 9, 8, 1], kernel: [5, 5, 1, 8], window: window([1, 1], [0, 0, 0, 0]) },
  { name: 'LeNet-like, valid', x: [2, 6, 6, 10], kernel: [5, 5, 10, 26], window: window([1, 1], [0, 0, 0, 0]) },
  { name: 'same', x: [3, 7, 6, 8], kernel: [5, 5, 8, 16], window: window([1, 1], [2, 2, 2, 2]) },
  { name: 'same, even kernel', x: [1, 5, 7, 3], kernel: [4, 2, 3, 5], window: window([1, 1], [1, 2, 0, 1]) },
  { name: 'pointwise', x: [3, 4, 5, 7], kernel: [1, 1, 7, 13], window: window([1, 1], [0, 0, 0, 0]) },
  { name: 'pointwise, stride 2', x: [2, 5, 5, 6], kernel: [1, 1, 6, 4], window: window([2, 2], [0, 0, 0, 0]) },
  { name: 'stride 2, asymmetric pads', x: [3, 8, 9, 5], kernel: [3, 3, 5, 9], window: window([2, 2], [0, 1, 0, 1]) },
  { name: 'stride [1, 3], pads', x: [1, 6, 11, 4], kernel: [3, 2, 4, 11], window: window([1, 3], [1, 1, 1, 0]) },
  { name: 'dilation', x: [2, 9, 10, 3], kernel: [3, 3, 3, 6], window: window([1, 1], [2, 2, 1, 3], [2, 2]) },
  {
    name: 'dilation [1, 3] and stride 2',
    x: [1, 8, 12, 4],
    kernel: [2, 3, 4, 4],
    window: window([2, 1], [0, 0, 2, 2], [1, 3]),
  },
  { name: 'two groups', x: [2, 6, 6, 6], kernel: [3, 3, 3, 10], window: window([1, 1], [1, 1, 1, 1]) },
  { name: 'three groups, stride 2', x: [1, 7, 7, 9], kernel: [3, 3, 3, 6], window: window([2, 2], [1, 1, 1, 1]) },
  { name: 'as many groups as channels', x: [2, 5, 5, 6], kernel: [3, 3, 1, 6], window: window([1, 1], [1, 1, 1, 1]) },
  { name: 'window as wide as the image', x: [3, 4, 4, 5], kernel: [4, 4, 5, 3], window: window([1, 1], [0, 0, 0, 0]) },
  { name: 'pads beyond the kernel', x: [1, 3, 3, 2], kernel: [2, 2, 2, 3], window: window([1, 1], [3, 2, 2, 3]) },
  { name: 'one pixel', x: [1, 1, 1, 1], kernel: [1, 1, 1, 1], window: window([1, 1], [0, 0, 0, 0]) },
];
const DEPTHWISE: readonly Shape[] = [
  { name: 'same', x: [2, 6, 5, 7], kernel: [3, 3, 7, 1], window: window([1, 1], [1, 1, 1, 1]) },
  { name: 'stride 2', x: [3, 8, 7, 16], kernel: [3, 3, 16, 1], window: window([2, 2], [0, 1, 1, 1]) },
  { name: 'dilation', x: [1, 9, 9, 3], kernel: [3, 3, 3, 1], window: window([1, 1], [2, 2, 2, 2], [2, 2]) },
  { name: 'multiplier 2', x: [2, 5, 6, 5], kernel: [3, 2, 5, 2], window: window([1, 1], [1, 1, 0, 1]) },
  { name: 'multiplier 3, stride 2', x: [1, 7, 7, 1], kernel: [5, 5, 1, 3], window: window([2, 2], [2, 2, 2, 2]) },
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

  async function forward(op: Op, inputs: readonly Values[], shape: readonly number[]): Promise<void> {
    const [got] = await runOp(backend, op, inputs, [shape]);
    const [wanted] = reference(op, inputs, [shape]);
    expect(distance(got as Values, wanted as Values)).toBeLessThan(2e-5);
  }

  describe.each(CONVOLUTIONS)('conv2d: $name', (shape) => {
    const x = uniform(shape.x, 1);
    const kernel = uniform(shape.kernel, 2, -0.5, 0.5);
    const o = shape.kernel[3] as number;
    const out = outputOf(shape, o);
    const dy = uniform(out, 4);
    const plain: Op = { kind: 'conv2d', window: shape.window, act: LINEAR };
    it('forward, with bias and ReLU, with tanh, and bare', async () => {
      const bias = uniform([o], 3);
      await forward(plain, [x, kernel], out);
      await forward({ ...plain, act: RELU }, [x, kernel, bias], out);
      await forward({ ...plain, act: TANH }, [x, kernel, bias], out);
    });
    it('gradients', async () => {
      const [dx] = await runOp(backend, { kind: 'conv2dGradInput', window: shape.window }, [dy, kernel], [shape.x]);
      expect(gradientDistance(dx as Values, differences(plain, [x, kernel], [out], dy, 0, 10))).toBeLessThan(2e-5);
      const [dk] = await runOp(backend, { kind: 'conv2dGradKernel', window: shape.window }, [x, dy], [shape.kernel]);
      expect(gradientDistance(dk as Values, differences(plain, [x, kernel], [out], dy, 1, 10))).toBeLessThan(2e-5);
    });
  });

  describe.each(DEPTHWISE)('depthwiseConv2d: $name', (shape) => {
    const x = uniform(shape.x, 1);
    const kernel = uniform(shape.kernel, 2);
    const o = (shape.kernel[2] as number) * (shape.kernel[3] as number);
    const out = outputOf(shape, o);
    const dy = uniform(out, 4);
    const plain: Op = { kind: 'depthwiseConv2d', window: shape.window, act: LINEAR };
    it('forward', async () => {
      await forward(plain, [x, kernel], out);
      await forward({ ...plain, act: RELU }, [x, kernel, uniform([o], 3)], out);
      await forward({ ...plain, act: TANH }, [x, kernel, uniform([o], 3)], out);
    });
    it('gradients', async () => {
      const [dx] = await runOp(
        backend,
        { kind: 'depthwiseConv2dGradInput', window: shape.window },
        [dy, kernel],
        [shape.x],
      );
      expect(gradientDistance(dx as Values, differences(plain, [x, kernel], [out], dy, 0, 10))).toBeLessThan(2e-5);
      const [dk] = await runOp(
        backend,
        { kind: 'depthwiseConv2dGradKernel', window: shape.window },
        [x, dy],
        [shape.kernel],
      );
      expect(gradientDistance(dk as Values, differences(plain, [x, kernel], [out], dy, 1, 10))).toBeLessThan(2e-5);
    });
  });

  it.each([
    [1, 1, 1],
    [1, 37, 19],
    [2, 16, 5],
    [3, 8, 4],
    [6, 9, 33],
    [64, 10, 50],
    [13, 70, 128],
    [7, 4, 1],
  ])('matmul [%i, k] x [k, %i], k = %i, in its four forms', async (m, n, k) => {
    for (const transposeA of [false, true]) {
      for (const transposeB of [false, true]) {
        const a = uniform(transposeA ? [k, m] : [m, k], 1);
        const b = uniform(transposeB ? [n, k] : [k, n], 2);
        await forward({ kind: 'matmul', transposeA, transposeB, act: LINEAR }, [a, b], [m, n]);
        await forward(
          { kind: 'matmul', transposeA, transposeB, act: { ...RELU, max: 0.5 } },
          [a, b, uniform([n], 3)],
          [m, n],
        );
        await forward({ kind: 'matmul', transposeA, transposeB, act: TANH }, [a, b, uniform([n], 3)], [m, n]);
      }
    }
  });

  it('goes over padded images and columns in several stretches as in one', async () => {
    // 5 images of which 2 fit the padding scratch at a time.
    const shape: Shape = { name: '', x: [5, 62, 62, 32], kernel: [3, 3, 32, 3], window: window([1, 1], [1, 1, 1, 1]) };
    const x = uniform(shape.x, 1);
    const kernel = uniform(shape.kernel, 2);
    const dy = uniform(outputOf(shape, 3), 3);
    const image = (of: Values, i: number): Values => ({
      shape: [1, ...of.shape.slice(1)],
      data: of.data.slice((of.data.length / 5) * i, (of.data.length / 5) * (i + 1)),
    });
    const all = await runOp(backend, { kind: 'conv2d', window: shape.window, act: LINEAR }, [x, kernel], [dy.shape]);
    const back = await runOp(backend, { kind: 'conv2dGradInput', window: shape.window }, [dy, kernel], [shape.x]);
    const [dk] = await runOp(backend, { kind: 'conv2dGradKernel', window: shape.window }, [x, dy], [shape.kernel]);
    const sum = new Float64Array(dk?.data.length ?? 0);
    for (let i = 0; i < 5; i++) {
      const one = { op: shape.window, x: image(x, i), dy: image(dy, i) };
      const [y] = await runOp(
        backend,
        { kind: 'conv2d', window: one.op, act: LINEAR },
        [one.x, kernel],
        [one.dy.shape],
      );
      expect(distance(image(all[0] as Values, i), y as Values)).toBe(0);
      const [dx] = await runOp(backend, { kind: 'conv2dGradInput', window: one.op }, [one.dy, kernel], [one.x.shape]);
      expect(distance(image(back[0] as Values, i), dx as Values)).toBe(0);
      const [part] = await runOp(
        backend,
        { kind: 'conv2dGradKernel', window: one.op },
        [one.x, one.dy],
        [shape.kernel],
      );
      part?.data.forEach((value, at) => {
        sum[at] = (sum[at] as number) + value;
      });
    }
    expect(distance(dk as Values, { shape: shape.kernel, data: sum })).toBeLessThan(1e-5);
  });
});

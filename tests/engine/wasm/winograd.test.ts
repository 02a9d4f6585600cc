/**
 * Winograd's convolution at the edges of its tiles, its chunks and its channels: the outputs against the float64
 * reference, and the gradients by the identity that makes them adjoints, dy . conv(x, k) = dX . x = dW . k, for random values.
 *
 * Its points are sums of up to 100 times the values that a window holds, so its error is larger than that of the plain
 * product, about 5e-6 of the root of the number of terms where the plain one has 5e-7.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '#engine/backend';
import { makeWriter } from '#engine/backends/wasm/commands';
import { K_PRODUCT, K_WINOGRAD } from '#engine/backends/wasm/kernels/ids';
import { conv2d } from '#engine/backends/wasm/lower-products';
import { LINEAR, type Op, type Window } from '#engine/ops';
import { reference } from '../suite/reference';
import { uniform, type Values } from '../suite/values';
import { distance, makePlain, makeRelaxed, runOp } from './harness';

type Four = readonly [number, number, number, number];
const SHAPES: readonly (readonly [string, Four, Four, Four])[] = [
  ['5 x 5, valid', [3, 10, 8, 20], [5, 5, 20, 50], [0, 0, 0, 0]],
  ['5 x 5, tiles cut off', [2, 7, 9, 18], [5, 5, 18, 21], [2, 2, 1, 3]],
  ['5 x 5, full', [2, 4, 3, 16], [5, 5, 16, 17], [4, 4, 4, 4]],
  ['3 x 3, same', [3, 9, 7, 16], [3, 3, 16, 19], [1, 1, 1, 1]],
  ['3 x 3, valid', [2, 11, 6, 22], [3, 3, 22, 16], [0, 0, 0, 0]],
  ['3 x 3, pads on one side', [5, 4, 5, 16], [3, 3, 16, 16], [2, 0, 0, 2]],
  ['3 x 3, pads beyond the kernel', [2, 4, 4, 16], [3, 3, 16, 16], [3, 4, 3, 3]],
  ['several chunks', [5, 16, 18, 33], [3, 3, 33, 40], [1, 1, 1, 1]],
];
const dot = (a: Values, b: Values): number => a.data.reduce((sum, value, i) => sum + value * (b.data[i] as number), 0);

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

  it.each(SHAPES)('%s', async (_name, image, taps, pads) => {
    const [n, h, w] = image;
    const [kh, kw, c, o] = taps;
    const out = [n, h + pads[0] + pads[1] - kh + 1, w + pads[2] + pads[3] - kw + 1, o];
    const window: Window = { strides: [1, 1], pads, dilation: [1, 1] };
    const op: Op = { kind: 'conv2d', window, act: { fn: 'relu', alpha: 0, max: 2 } };
    const [x, kernel, bias, dy] = [uniform(image, 1), uniform(taps, 2, -0.5, 0.5), uniform([o], 3), uniform(out, 4)];
    const tolerance = 5e-6 * Math.sqrt(kh * kw * c);
    const [y] = await runOp(backend, op, [x, kernel, bias], [out]);
    expect(distance(y as Values, reference(op, [x, kernel, bias], [out])[0] as Values)).toBeLessThan(tolerance);
    const [bare] = await runOp(backend, { ...op, act: LINEAR }, [x, kernel], [out]);
    const [dx] = await runOp(backend, { kind: 'conv2dGradInput', window }, [dy, kernel], [image]);
    const [dk] = await runOp(backend, { kind: 'conv2dGradKernel', window }, [x, dy], [taps]);
    const wanted = dot(dy, bare as Values);
    const size = Math.sqrt(dot(dy, dy) * dot(bare as Values, bare as Values));
    expect(Math.abs(dot(dx as Values, x) - wanted) / size).toBeLessThan(1e-6);
    expect(Math.abs(dot(dk as Values, kernel) - wanted) / size).toBeLessThan(1e-6);
  });
});

describe('where it is used', () => {
  const kernels = (image: Four, taps: Four, strides: readonly [number, number]): number[] => {
    const out = [image[0], Math.ceil(image[1] / strides[0]), Math.ceil(image[2] / strides[1]), taps[3]];
    const pad = (taps[0] - 1) / 2;
    const writer = makeWriter({ slots: 64, scratch: 64, tables: 64 }, [0, 0, 0], [image, taps, out], 1);
    const window: Window = { strides, pads: [pad, pad, pad, pad], dilation: [1, 1] };
    conv2d(writer, { op: { kind: 'conv2d', window, act: LINEAR }, inputs: [0, 1], outputs: [2] });
    const { code } = writer.result();
    const found: number[] = [];
    for (let at = 0; at < code.length; at += 2 + (code[at + 1] as number)) found.push((code[at] as number) & 255);
    return found;
  };
  it('takes batches of 5 x 5 and 3 x 3 windows over 16 channels or more', () => {
    expect(kernels([64, 14, 14, 16], [5, 5, 16, 16], [1, 1])).toContain(K_WINOGRAD);
    expect(kernels([64, 14, 14, 16], [3, 3, 16, 16], [1, 1])).toContain(K_WINOGRAD);
  });
  it.each([
    ['a single image', [1, 14, 14, 16], [5, 5, 16, 16], [1, 1]],
    ['few channels in', [64, 14, 14, 8], [5, 5, 8, 16], [1, 1]],
    ['few channels out', [64, 14, 14, 16], [5, 5, 16, 8], [1, 1]],
    ['a stride of 2', [64, 14, 14, 16], [3, 3, 16, 16], [2, 2]],
    ['1 x 1 windows', [64, 14, 14, 16], [1, 1, 16, 16], [1, 1]],
  ] as const)('leaves %s to the plain product', (_, image, taps, strides) => {
    expect(kernels(image, taps, strides)).toContain(K_PRODUCT);
  });
});

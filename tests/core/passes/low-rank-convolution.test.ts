/** Low-rank convolutions: ranks and parts worked by hand, outputs against the reference forward, what is left alone. */
import { describe, expect, it } from 'vitest';
import { countParameters } from '#core/metrics/size';
import { expandLayers, layerOf } from '#core/model/edit';
import type { Conv2dLayer, Layer, Padding, Pair } from '#core/model/layers';
import type { Model, Tensor } from '#core/model/model';
import { validateModel } from '#core/model/validate';
import { atOnce } from '#core/numeric/parts';
import { seededRandom } from '#core/numeric/random';
import { lowRankConvolution } from '#core/passes/low-rank-convolution';
import { decompose, expand, type Method, weigh } from '#core/passes/shared/convolution-factors';
import { outputOf } from '../support/reference-forward';
import { applyPass, kernelOf, modelOf, tensor } from './helpers';

const RELU = { fn: 'relu' } as const;
interface Options {
  readonly strides?: Pair;
  readonly padding?: Padding;
  readonly dilation?: Pair;
}

const noise = (size: number, seed: number): number[] => {
  const random = seededRandom(seed);
  return Array.from({ length: size }, () => 2 * random() - 1);
};

/** A convolution with a bias and ReLU on an image of 7 x 6. */
function convolution(kernel: Tensor, { strides = [1, 1], padding = 'same', dilation = [1, 1] }: Options = {}): Model {
  const [, , inner, outer] = kernel.shape as [number, number, number, number];
  const bias = tensor([outer], noise(outer, 77));
  const layers: Layer[] = [
    { kind: 'input', name: 'in', inputs: [], shape: [7, 6, inner] },
    {
      kind: 'conv2d',
      name: 'c',
      inputs: ['in'],
      kernel: kernel.id,
      bias: bias.id,
      strides,
      padding,
      dilation,
      activation: RELU,
    },
  ];
  return modelOf(layers, [kernel, bias]);
}

/** [kh, kw, in, out] that is made of `first` directions of the inputs and `second` of the outputs. */
function planted(
  shape: readonly [number, number, number, number],
  first: number,
  second: number,
  seed: number,
): Tensor {
  const [kh, kw, inner, outer] = shape;
  const core = noise(kh * kw * first * second, seed);
  const [u, v] = [noise(inner * first, seed + 1), noise(outer * second, seed + 2)];
  const values: number[] = [];
  for (let p = 0; p < kh * kw; p++)
    for (let i = 0; i < inner; i++)
      for (let o = 0; o < outer; o++) {
        let sum = 0;
        for (let r = 0; r < first; r++)
          for (let s = 0; s < second; s++)
            sum +=
              (core[(p * first + r) * second + s] as number) *
              (u[i * first + r] as number) *
              (v[o * second + s] as number);
        values.push(sum);
      }
  return tensor(shape, values);
}

function expectSameOutputs(before: Model, after: Model): void {
  validateModel(after);
  const [h, w, c] = (before.layers[0] as { shape: readonly number[] }).shape as [number, number, number];
  const image = noise(h * w * c, 5);
  const [old, now] = [outputOf(before, image), outputOf(after, image)];
  expect(now.length).toBe(old.length);
  for (const [i, x] of old.entries()) expect(Math.abs(x - (now[i] as number))).toBeLessThan(1e-5);
}

/** All layers in place of `c` at these ranks, whatever they weigh. */
function at(model: Model, method: Method, ranks?: readonly number[]): Model {
  const parts = atOnce(decompose(kernelOf(model, 'c'), method));
  const full =
    parts.kind === 'spatial' ? [parts.parts.values.length] : [parts.input.values.length, parts.output.values.length];
  const { expansion } = expand(model, layerOf(model, 'c') as Conv2dLayer, parts, ranks ?? full);
  return expandLayers(model, new Map([['c', expansion]]));
}

const WINDOWS: readonly Options[] = [
  {},
  { padding: 'valid' },
  { strides: [2, 2] },
  { strides: [2, 3], padding: 'valid' },
  { strides: [1, 2], padding: [1, 0, 2, 1] },
  { dilation: [2, 1] },
  { dilation: [1, 2], padding: 'valid' },
];

describe('low-rank convolutions', () => {
  it.each(WINDOWS)('leave the outputs as they are at the rank that the kernel has: %o', (options) => {
    expectSameOutputs(
      convolution(planted([3, 3, 4, 5], 2, 3, 1), options),
      at(convolution(planted([3, 3, 4, 5], 2, 3, 1), options), 'tucker', [2, 3]),
    );
    const odd = convolution(tensor([3, 2, 4, 5], noise(120, 2)), options);
    expectSameOutputs(odd, at(odd, 'spatial'));
    const point = convolution(planted([1, 1, 6, 7], 2, 2, 3), options);
    expectSameOutputs(point, at(point, 'tucker', [2]));
  });

  it('run through the pass, with notes that tell rank and weights', async () => {
    const before = convolution(planted([3, 3, 8, 8], 2, 2, 4));
    const { model, report } = await applyPass(lowRankConvolution, before, { rank: 0.25 });
    expect(model.layers.map(({ name, kind }) => [name, kind])).toEqual([
      ['in', 'input'],
      ['c_in', 'conv2d'],
      ['c_core', 'conv2d'],
      ['c', 'conv2d'],
    ]);
    expect(['c_in', 'c_core', 'c'].map((name) => kernelOf(model, name).shape)).toEqual([
      [1, 1, 8, 2],
      [3, 3, 2, 2],
      [1, 1, 2, 8],
    ]);
    // 16 + 36 + 16 of 576, and the bias of 8.
    expect(countParameters(model).parameters).toBe(76);
    expect(report.notes[0]?.en).toBe('c: rank 2 x 2 keeps 100.0 % of its energy; 576 weights become 68.');
    expect((layerOf(model, 'c') as Conv2dLayer).activation).toEqual(RELU);
    expect((layerOf(model, 'c_core') as Conv2dLayer).bias).toBeUndefined();
    expectSameOutputs(before, model);
    const byEnergy = await applyPass(lowRankConvolution, before, { by: 'energy', energy: 0.999 });
    expect(kernelOf(byEnergy.model, 'c_core').shape).toEqual([3, 3, 2, 2]);
  });

  it('take the direction with the most energy', async () => {
    // Output 0 is 3 times, output 1 is 4 times the one pixel: along (0.6, 0.8), of size 5. Output 2 has size 1, by another tap.
    const values = new Array(9 * 1 * 3).fill(0);
    values[4 * 3 + 0] = 3;
    values[4 * 3 + 1] = 4;
    values[0 * 3 + 2] = 1;
    const kernel = tensor([3, 3, 1, 3], values);
    const { model, report } = await applyPass(lowRankConvolution, convolution(kernel), { rank: 0.34 });
    // One input channel stays whole: no layer before the window.
    expect(model.layers.map(({ name }) => name)).toEqual(['in', 'c_core', 'c']);
    const mix = kernelOf(model, 'c').data.map(Math.abs);
    for (const [i, x] of [0.6, 0.8, 0].entries()) expect(mix[i]).toBeCloseTo(x, 6);
    expect(Math.abs(kernelOf(model, 'c_core').data[4] as number)).toBeCloseTo(5, 6);
    // 25 of 26; 27 weights become 9 + 3.
    expect(report.notes[0]?.en).toBe('c: rank 1 x 1 keeps 96.2 % of its energy; 27 weights become 12.');
  });

  it('split a window of one row times one column exactly', async () => {
    // Sobel: (1, 2, 1) down, (1, 0, -1) across.
    const sobel = [1, 0, -1, 2, 0, -2, 1, 0, -1];
    const before = convolution(tensor([3, 3, 1, 1], sobel), { strides: [2, 1] });
    const { model } = await applyPass(lowRankConvolution, before, { method: 'spatial', rank: 0.34 });
    const [down, across] = [kernelOf(model, 'c_in'), kernelOf(model, 'c')];
    expect([down.shape, across.shape]).toEqual([
      [3, 1, 1, 1],
      [1, 3, 1, 1],
    ]);
    expect((down.data[1] as number) / (down.data[0] as number)).toBeCloseTo(2, 6);
    expect((across.data[2] as number) / (across.data[0] as number)).toBeCloseTo(-1, 6);
    expect((layerOf(model, 'c_in') as Conv2dLayer).strides).toEqual([2, 1]);
    expect((layerOf(model, 'c') as Conv2dLayer).strides).toEqual([1, 1]);
    expectSameOutputs(before, model);
  });

  it('weigh their parts', () => {
    const kernel = tensor([3, 2, 4, 5], noise(120, 6));
    const tucker = atOnce(decompose(kernel, 'tucker'));
    // 4 * 2 + 6 * 2 * 3 + 3 * 5; and with a side left whole.
    expect([weigh(tucker, [2, 3]), weigh(tucker, [4, 3]), weigh(tucker, [4, 5])]).toEqual([59, 87, 120]);
    // (3 * 4 + 2 * 5) * 3.
    expect(weigh(atOnce(decompose(kernel, 'spatial')), [3])).toBe(66);
  });

  it.each(['tucker', 'spatial'])('refuse what would not become smaller: %s', async (method) => {
    const before = convolution(tensor([3, 3, 4, 4], noise(144, 7)));
    const { model, report } = await applyPass(lowRankConvolution, before, { method, rank: 1 });
    expect(model).toBe(before);
    expect(report.notes).toHaveLength(1);
    expect(report.notes[0]?.en).toContain('c stays as it is: at rank');
  });

  it('leave depthwise and grouped convolutions alone, and say so', async () => {
    const kernel = tensor([3, 3, 2, 4], noise(72, 8));
    const before = modelOf(
      [
        { kind: 'input', name: 'in', inputs: [], shape: [7, 6, 4] },
        {
          kind: 'conv2d',
          name: 'c',
          inputs: ['in'],
          kernel: kernel.id,
          strides: [1, 1],
          padding: 'same',
          dilation: [1, 1],
          activation: RELU,
        },
        {
          kind: 'depthwiseConv2d',
          name: 'd',
          inputs: ['c'],
          kernel: 'x',
          strides: [1, 1],
          padding: 'same',
          dilation: [1, 1],
          activation: RELU,
        },
      ].map((layer) => (layer.name === 'd' ? { ...layer, kernel: DEPTH.id } : layer)) as Layer[],
      [kernel, DEPTH],
    );
    const { model, report } = await applyPass(lowRankConvolution, before, { rank: 0.01 });
    expect(model).toBe(before);
    expect(report.notes.map(({ en }) => en)).toEqual([
      'c stays as it is: its channels are convolved in groups, which are small already.',
    ]);
    const named = await applyPass(lowRankConvolution, before, { layers: ['d'] });
    expect(named.report.notes.map(({ en }) => en)).toEqual(['d stays as it is: it is not a plain convolution.']);
  });

  it('tell where fewer weights mean more multiplications', async () => {
    // 2 x 2 outputs of 576 before; at rank 5 the input's mixing takes 40 on each of 7 x 6 pixels, then 4 times 225 and 40.
    const before = convolution(tensor([3, 3, 8, 8], noise(576, 9)), { strides: [4, 4] });
    const { report } = await applyPass(lowRankConvolution, before, { rank: 0.6 });
    expect(report.notes[1]?.en).toMatch(/^c now takes 2740 multiplications instead of 2304:/);
  });
});

const DEPTH = tensor([3, 3, 4, 1], noise(36, 10));

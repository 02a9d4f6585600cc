/** Simpler convolutions on kernels that they can represent exactly, where the answers must stay, and on the rest by hand. */
import { describe, expect, it } from 'vitest';
import type { Conv2dLayer, Padding, Pair } from '#core/model/layers';
import { validateModel } from '#core/model/validate';
import { seededRandom } from '#core/numeric/random';
import type { Values } from '#core/params';
import { simplerConvolutions } from '#core/passes/simpler-convolutions';
import { outputOf } from '../support/reference-forward';
import { applyPass, kernelOf, modelOf, plainContext, tensor } from './helpers';
import { MODELS } from './models';

interface Setting {
  readonly strides?: Pair;
  readonly padding?: Padding;
  readonly dilation?: Pair;
}
/** One convolution of this kernel on a 7 x 6 image. */
function convolution(shape: readonly number[], values: readonly number[], setting: Setting = {}) {
  const kernel = tensor(shape, values);
  const bias = tensor(
    [shape[3] as number],
    Array.from({ length: shape[3] as number }, (_, i) => i + 0.5),
  );
  const layer: Conv2dLayer = {
    kind: 'conv2d',
    name: 'conv',
    inputs: ['in'],
    kernel: kernel.id,
    bias: bias.id,
    strides: [1, 1],
    padding: 'same',
    dilation: [1, 1],
    activation: { fn: 'relu' },
    ...setting,
  };
  return modelOf([{ kind: 'input', name: 'in', inputs: [], shape: [7, 6, shape[2] as number] }, layer], [kernel, bias]);
}
const noise = (size: number, seed = 1): number[] => {
  const random = seededRandom(seed);
  return Array.from({ length: size }, () => 2 * random() - 1);
};
const simplify = async (model: Parameters<typeof applyPass>[1], values: Values) => {
  const { model: simple, report } = await applyPass(
    simplerConvolutions,
    model,
    { after: 'nothing', ...values },
    plainContext(),
  );
  validateModel(simple);
  return { simple, notes: report.notes.map(({ en }) => en) };
};

const SETTINGS: readonly [string, Setting][] = [
  ['same', {}],
  ['valid', { padding: 'valid' }],
  ['stride 2, same', { strides: [2, 2] }],
  ['stride 2 and 3, valid', { strides: [2, 3], padding: 'valid' }],
  ['dilation', { padding: 'valid', dilation: [2, 1] }],
  ['pads of its own', { padding: [1, 0, 0, 1] }],
];

describe('depthwise-separable', () => {
  it.each(SETTINGS)('is exact where each input has one window: %s', async (_, setting) => {
    // W[a, b, i, o] = d[a, b, i] p[i, o].
    const [d, p] = [noise(9 * 2, 2), noise(2 * 4, 3)];
    const values: number[] = [];
    for (let at = 0; at < 9; at++)
      for (let i = 0; i < 2; i++)
        for (let o = 0; o < 4; o++) values.push((d[at * 2 + i] as number) * (p[i * 4 + o] as number));
    const model = convolution([3, 3, 2, 4], values, setting);
    const { simple, notes } = await simplify(model, {});
    expect(simple.layers.map(({ kind }) => kind)).toEqual(['input', 'depthwiseConv2d', 'conv2d']);
    expect(notes[0]).toBe(
      'conv is depthwise-separable now: 72 weights become 26, and 100.0 % of its energy is kept at the start.',
    );
    const image = noise(7 * 6 * 2, 4);
    const [before, after] = [outputOf(model, image), outputOf(simple, image)];
    before.forEach((y, k) => expect(after[k]).toBeCloseTo(y, 5));
  });

  it('starts from the first singular pair of each input', async () => {
    // One input: windows of two places by outputs is [[3, 0], [0, 1]]; the first pair is e1, e1 with 3 of energy 9 of 10.
    const model = convolution([1, 2, 1, 3], [3, 0, 0, 0, 1, 0]);
    const { simple, notes } = await simplify(model, {});
    expect([...kernelOf(simple, 'conv_depthwise').data].map((w) => w.toFixed(5))).toEqual(['1.73205', '0.00000']);
    expect([...kernelOf(simple, 'conv').data].map((w) => Math.abs(w).toFixed(5))).toEqual([
      '1.73205',
      '0.00000',
      '0.00000',
    ]);
    expect(notes[0]).toContain('90.0 % of its energy');
  });

  it('leaves alone what would not become smaller', async () => {
    const model = convolution([3, 3, 1, 1], noise(9));
    const { simple, notes } = await simplify(model, {});
    expect(simple).toBe(model);
    expect(notes[0]).toBe('conv stays as it is: separable it would hold 10 weights, and it has 9.');
  });
});

describe('1 x 1', () => {
  it.each(SETTINGS)('is exact where only the middle of the window counts: %s', async (_, setting) => {
    const middle = noise(2 * 3, 5);
    const values = Array.from({ length: 9 * 6 }, (_v, k) => (Math.floor(k / 6) === 4 ? (middle[k % 6] as number) : 0));
    const model = convolution([3, 3, 2, 3], values, setting);
    for (const becomes of ['centre', 'sum']) {
      const { simple } = await simplify(model, { becomes });
      expect(kernelOf(simple, 'conv').shape).toEqual([1, 1, 2, 3]);
      const image = noise(7 * 6 * 2, 6);
      const [before, after] = [outputOf(model, image), outputOf(simple, image)];
      expect(after).toHaveLength(before.length);
      before.forEach((y, k) => expect(after[k]).toBeCloseTo(y, 5));
    }
  });

  it('takes the middle, or the sum', async () => {
    const model = convolution([3, 3, 1, 1], [1, 2, 3, 4, 50, 6, 7, 8, 9]);
    expect([...kernelOf((await simplify(model, { becomes: 'centre' })).simple, 'conv').data]).toEqual([50]);
    const { simple, notes } = await simplify(model, { becomes: 'sum' });
    expect([...kernelOf(simple, 'conv').data]).toEqual([90]);
    expect(notes).toEqual(['conv is 1 x 1 now: 9 weights become 1.']);
  });

  it('stays where padding puts the middle of a window outside the image, and where it is 1 x 1 already', async () => {
    const outside = convolution([3, 3, 1, 1], noise(9), { padding: [2, 2, 2, 2] });
    expect((await simplify(outside, { becomes: 'centre' })).notes[0]).toContain('outside the image');
    const point = convolution([1, 1, 1, 1], [2]);
    expect((await simplify(point, { becomes: 'sum' })).notes).toEqual(['conv stays as it is: it is 1 x 1 already.']);
  });
});

it('keeps the shapes of every structure', async () => {
  for (const model of Object.values(MODELS))
    for (const becomes of ['separable', 'centre', 'sum']) {
      const { simple } = await simplify(model, { becomes });
      expect(outputOf(simple, noise(36))).toHaveLength(3);
    }
});

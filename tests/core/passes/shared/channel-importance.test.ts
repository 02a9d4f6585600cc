/** Importances of channels, each worked by hand, and what is used where one does not apply. */
import { describe, expect, it } from 'vitest';
import { channelGroups } from '#core/model/channels';
import type { Layer } from '#core/model/layers';
import type { Model } from '#core/model/model';
import { channelPruning } from '#core/passes/channel-pruning';
import { type ChannelMeasure, measureChannels } from '#core/passes/shared/channel-importance';
import { roundedCount } from '#core/passes/shared/channel-ranking';
import { makeCpuBackend } from '#engine/backends/cpu';
import { makeContext } from '#engine/context';
import { captureContext, judging } from '../captures';
import { applyPass, denseModel, kernelOf, modelOf, tensor } from '../helpers';
import { IMAGES, MODELS } from '../models';

/** One pixel, channels c1 (3) with batch normalisation and ReLU, then d (2) with ReLU inside, then the outputs. */
const kernels = {
  c: tensor([1, 1, 1, 3], [1, -2, 4]),
  gamma: tensor([3], [0.5, -3, 1]),
  zeros: tensor([3], [0, 0, 0]),
  ones: tensor([3], [1, 1, 1]),
  d: tensor([1, 1, 3, 2], [1, 0, 0, 2, 0, 0]),
  bias: tensor([2], [10, 20]),
  out: tensor([1, 1, 2, 2], [1, 2, 3, 4]),
};
const plain = { strides: [1, 1], padding: 'valid', dilation: [1, 1] } as const;
const LAYERS: Layer[] = [
  { kind: 'input', name: 'in', inputs: [], shape: [1, 1, 1] },
  { kind: 'conv2d', name: 'c', inputs: ['in'], kernel: kernels.c.id, ...plain, activation: { fn: 'linear' } },
  {
    kind: 'batchNorm',
    name: 'n',
    inputs: ['c'],
    gamma: kernels.gamma.id,
    mean: kernels.zeros.id,
    variance: kernels.ones.id,
    epsilon: 1e-3,
    momentum: 0.9,
  },
  { kind: 'activation', name: 'r', inputs: ['n'], activation: { fn: 'relu' } },
  {
    kind: 'conv2d',
    name: 'd',
    inputs: ['r'],
    kernel: kernels.d.id,
    bias: kernels.bias.id,
    ...plain,
    activation: { fn: 'tanh' },
  },
  { kind: 'conv2d', name: 'out', inputs: ['d'], kernel: kernels.out.id, ...plain, activation: { fn: 'linear' } },
];
const model = modelOf(LAYERS, Object.values(kernels));
const groups = channelGroups(model).filter(({ prunable }) => prunable);

async function importances(by: ChannelMeasure, batches: Parameters<typeof captureContext>[0] = []) {
  const { ranked, notes } = await measureChannels(model, groups, by, 9, captureContext(batches).context);
  return { of: ranked.map(({ importance }) => [...importance]), notes: notes.map(({ en }) => en) };
}

describe('importance of channels', () => {
  it('is the scale of the batch normalisation, or the size of the filters where there is none', async () => {
    expect(await importances('scale')).toEqual({
      of: [
        [0.5, 3, 1],
        [1, 2],
      ],
      notes: ['d: no batch normalisation follows, so the size of the filters (L1) is used there.'],
    });
  });

  it('is the sum of the distances to the other filters', async () => {
    // Filters 1, -2, 4: distances 3 + 3, 3 + 6, 3 + 6. Filters (1, 0, 0) and (0, 2, 0): the root of 5.
    const { of, notes } = await importances('median');
    expect(of).toEqual([
      [6, 9, 9],
      [Math.sqrt(5), Math.sqrt(5)],
    ]);
    expect(notes).toEqual([]);
  });

  it('is gradient times activation, summed in each image, its size averaged over images', async () => {
    // Channel 1: |1 * 2| and |-1 * 2| halved into the mean loss of 2 images, so 4 and 4: mean 4. Signs cancel within an image, not between.
    const batches = [
      {
        images: 2,
        values: { 'r output': [1, 0, 3, -1, 0, 3], 'd output': [1, 1, 1, 1] },
        gradients: { 'r output': [2, 5, 1, 2, 5, 0], 'd output': [0, 1, 0, 3] },
      },
    ];
    expect((await importances('taylor-activations', batches)).of).toEqual([
      [4, 0, 3],
      [0, 4],
    ]);
  });

  it('is the square of the summed gradient times weight of a filter and its bias, averaged over batches', async () => {
    const batches = [
      { images: 1, weights: { 'c/kernel': [1, 1, 0], 'd/kernel': [2, 9, 9, 1, 9, 9], 'd/bias': [0.1, 0.1] } },
      { images: 1, weights: { 'c/kernel': [-3, 0, 0], 'd/kernel': [0, 0, 0, 0, 0, 0], 'd/bias': [0, 0.1] } },
    ];
    // c: (1 + 9) / 2, (4 + 0) / 2, 0. d: (2 + 1)^2 / 2; ((2 + 2)^2 + 2^2) / 2. The gradients are float32.
    const { of } = await importances('taylor-weights', batches);
    expect(of[0]).toEqual([5, 2, 0]);
    expect(of[1]?.map((x) => x.toFixed(4))).toEqual(['4.5000', '10.0000']);
  });

  it('is how often the rectified activation is not zero', async () => {
    const batches = [{ images: 4, values: { 'r output': [1, 0, 2, 0, 0, 1, 0, 0, 5, 3, 0, 1] } }];
    expect(await importances('apoz', batches)).toEqual({
      of: [
        [0.5, 0, 1],
        [1, 2],
      ],
      notes: ['d: no ReLU follows, so the size of the filters (L1) is used there.'],
    });
  });

  it('is the size of the weights times how their inputs and outputs vary together, summed over the filter', async () => {
    // Two images; half the difference of the inputs times half that of the outputs is their covariance.
    const batches = [
      {
        images: 2,
        values: {
          'c input': [2, 6],
          'c preactivation': [1, -3, 0, 5, -3, 2],
          'd input': [1, 0, 2, 3, 0, 4],
          'd preactivation': [5, -1, 7, 9],
        },
      },
    ];
    // c: 1 x 2 x 2, 2 x 0, 4 x 2 x 1. d, whose second filter reads only an input that is always 0: 1 x 1 x 1, 0.
    expect((await importances('hebbian', batches)).of).toEqual([
      [4, 0, 8],
      [1, 0],
    ]);
  });
});

describe('gradients of activations and of weights', () => {
  it('say the same of one image behind ReLU, where scaling a filter scales its activation', async () => {
    const backend = await makeCpuBackend();
    const context = makeContext({
      backend,
      dataset: IMAGES,
      seed: 4,
      signal: new AbortController().signal,
      progress: () => {},
      resolve: () => Promise.reject(new Error('none')),
    });
    const whole = MODELS['convolution'] as Model;
    const cuttable = channelGroups(whole).filter(({ prunable }) => prunable);
    const [activations, weights] = [
      await measureChannels(whole, cuttable, 'taylor-activations', 1, context),
      await measureChannels(whole, cuttable, 'taylor-weights', 1, context),
    ];
    expect(cuttable).toHaveLength(2);
    for (const [g, { importance }] of weights.ranked.entries()) {
      expect(importance.some((x) => x > 1e-6)).toBe(true);
      for (const [unit, square] of importance.entries())
        expect((activations.ranked[g]?.importance[unit] as number) ** 2).toBeCloseTo(square, 7);
    }
    backend.dispose();
  });
});

describe('how many channels stay', () => {
  it('is rounded to a multiple, where there are that many', () => {
    expect([1, 5, 6, 10, 15, 19].map((kept) => roundedCount(19, kept, 4))).toEqual([4, 4, 8, 12, 16, 19]);
    expect(roundedCount(3, 1, 8)).toBe(3);
    expect(roundedCount(7, 3, 1)).toBe(3);
  });

  const wide = () =>
    denseModel(
      tensor([1, 8], [1, 2, 3, 4, 5, 6, 7, 8]),
      tensor(
        [8, 8],
        Array.from({ length: 64 }, (_, i) => (i % 9 === 0 ? i + 1 : 0)),
      ),
      tensor([8, 1], [1, 1, 1, 1, 1, 1, 1, 1]),
    );

  it('is a multiple in every layer of the pruned model', async () => {
    const { model: cut } = await applyPass(channelPruning, wide(), { kept: 0.6, scope: 'layer', multiple: 4 });
    expect(kernelOf(cut, 'd1').data).toEqual(Float32Array.from([5, 6, 7, 8]));
    expect(kernelOf(cut, 'd2').shape).toEqual([4, 4]);
  });

  it('follows what each layer costs when it alone is cut', async () => {
    // Only narrowing d1 costs accuracy: it keeps all, d2 gives everything.
    const context = judging((one) => kernelOf(one, 'd1').data.length / 8);
    const { model: cut } = await applyPass(channelPruning, wide(), { kept: 0.56, scope: 'sensitivity' }, context);
    expect(kernelOf(cut, 'd1').shape).toEqual([1, 8]);
    expect(kernelOf(cut, 'd2').shape).toEqual([8, 1]);
    const less = await applyPass(channelPruning, wide(), { kept: 0.75, scope: 'sensitivity' }, context);
    expect(kernelOf(less.model, 'd2').shape).toEqual([8, 4]);
  });
});

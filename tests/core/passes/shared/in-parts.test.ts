/** Arithmetic that takes seconds lets others go first, and stops when it is told to. */
import { describe, expect, it } from 'vitest';
import type { Model } from '#core/model/model';
import { makeTensor } from '#core/model/tensor';
import { seededRandom } from '#core/numeric/random';
import type { Values } from '#core/params';
import type { Pass } from '#core/pass';
import { alikeSharing } from '#core/passes/alike-sharing';
import { channelPruning } from '#core/passes/channel-pruning';
import { lowRankConvolution } from '#core/passes/low-rank-convolution';
import { lowRankDense } from '#core/passes/low-rank-dense';
import { mergeChannels } from '#core/passes/merge-channels';
import { inParts } from '#core/passes/shared/in-parts';
import { applyPass, denseModel, modelOf, plainContext, tensor } from '../helpers';

const random = seededRandom(1);
const noise = (shape: readonly number[]) =>
  makeTensor(
    shape,
    Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => random() - 0.5),
  );
const dense = denseModel(noise([900, 300]), noise([300, 2]));
const kernels = [noise([3, 3, 96, 160]), noise([160, 2])] as const;
const convolution = modelOf(
  [
    { kind: 'input', name: 'in', inputs: [], shape: [3, 3, 96] },
    {
      kind: 'conv2d',
      name: 'c',
      inputs: ['in'],
      kernel: kernels[0].id,
      strides: [1, 1],
      padding: 'valid',
      dilation: [1, 1],
      activation: { fn: 'relu' },
    },
    { kind: 'flatten', name: 'f', inputs: ['c'] },
    { kind: 'dense', name: 'd', inputs: ['f'], kernel: kernels[1].id, activation: { fn: 'linear' } },
  ],
  kernels,
);

const LONG: readonly (readonly [string, Pass, Model, Values])[] = [
  ['the SVD of a dense layer', lowRankDense, dense, {}],
  ['the SVDs of a convolution', lowRankConvolution, convolution, {}],
  ['distances between filters', alikeSharing, dense, {}],
  ['distances between channels', mergeChannels, dense, {}],
  ['the geometric median', channelPruning, dense, { importance: 'median' }],
];

describe('long arithmetic', () => {
  it.each(LONG)('is stopped on its way: %s', async (_name, pass, model, values) => {
    const stopped = new AbortController();
    const pause = async (): Promise<void> => stopped.abort();
    const run = applyPass(pass, model, values, plainContext(1, { pause, signal: stopped.signal }));
    await expect(run).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('pauses by the work that was done, and gives what came of it', async () => {
    let pauses = 0;
    const pause = async (): Promise<void> => {
      pauses++;
    };
    const work = function* (): Generator<number, string> {
      for (let part = 0; part < 50; part++) yield 1e6;
      return 'done';
    };
    expect(await inParts(work(), plainContext(1, { pause }))).toBe('done');
    expect(pauses).toBe(2);
    await applyPass(lowRankDense, denseModel(tensor([2, 2], [1, 2, 3, 4])), {}, plainContext(1, { pause }));
    expect(pauses).toBe(2);
  });
});

/** Batch-normalisation statistics measured anew: by hand, in order, and on the engine against the batch's own. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tensorOf } from '#core/model/edit';
import type { Layer, TensorRole } from '#core/model/layers';
import type { Model } from '#core/model/model';
import { makeTensor } from '#core/model/tensor';
import { batchNormStatistics, withQuickNorms } from '#core/passes/batch-norm-statistics';
import { magnitudePruning } from '#core/passes/magnitude-pruning';
import type { Backend } from '#engine/backend';
import { makeCpuBackend } from '#engine/backends/cpu';
import { makeContext } from '#engine/context';
import { forward } from '../support/reference-forward';
import { captureContext } from './captures';
import { applyPass, denseModel, modelOf, plainContext, tensor } from './helpers';
import { IMAGES, MODELS } from './models';

const held = (model: Model, name: string, role: TensorRole): number[] => [
  ...(tensorOf(model, model.layers.find((layer) => layer.name === name) as Layer, role)?.data ?? []),
];

let backend: Backend;
beforeAll(async () => {
  backend = await makeCpuBackend();
});
afterAll(() => backend.dispose());

describe('batch-normalisation statistics', () => {
  const [zeros, ones] = [tensor([2], [0, 0]), tensor([2], [1, 1])];
  const norm = (name: string, input: string): Layer => ({
    kind: 'batchNorm',
    name,
    inputs: [input],
    mean: zeros.id,
    variance: ones.id,
    epsilon: 1e-3,
    momentum: 0.9,
  });
  const input: Layer = { kind: 'input', name: 'in', inputs: [], shape: [2] };

  it('are not taken from values that are no numbers', async () => {
    const model = modelOf([input, norm('n', 'in')], [zeros, ones]);
    const { context } = captureContext([{ images: 1, values: { 'n input': [1, Number.NaN] } }]);
    await expect(applyPass(batchNormStatistics, model, {}, context)).rejects.toThrow('not finite numbers');
  });

  it('are the mean and the biased variance of the input over all batches', async () => {
    // Channel 1: 1, 3, 8: mean 4, variance (9 + 1 + 16) / 3. Channel 2: always 5.
    const { context, requests } = captureContext([
      { images: 2, values: { 'n input': [1, 5, 3, 5] } },
      { images: 1, values: { 'n input': [8, 5] } },
    ]);
    const { model } = await applyPass(
      batchNormStatistics,
      modelOf([input, norm('n', 'in')], [zeros, ones]),
      {},
      context,
    );
    expect(held(model, 'n', 'mean')).toEqual([4, 5]);
    expect(held(model, 'n', 'variance')).toEqual([26 / 3, 0].map(Math.fround));
    expect(requests).toMatchObject([{ images: 1000, taps: [{ layer: 'n', at: 'input' }] }]);
  });

  it('go in order, each layer measured behind the new ones before it', async () => {
    const seen: string[] = [];
    const context = plainContext(1, {
      capture: async (model, { taps }, visit) => {
        seen.push(`${taps[0]?.layer}: ${held(model, 'n', 'mean')}`);
        await visit({
          images: 1,
          labels: new Float32Array(1),
          values: [Float32Array.of(7, 9)],
          gradients: [],
          weights: new Map(),
        });
      },
    });
    const layers = [input, norm('n', 'in'), norm('m', 'n'), { ...norm('aside', 'in') }, norm('out', 'm')];
    const model = { ...modelOf(layers, [zeros, ones]), outputs: ['out'] };
    const { model: changed } = await applyPass(batchNormStatistics, model, {}, context);
    // What no answer depends on is left as it is.
    expect(seen).toEqual(['n: 0,0', 'm: 7,9', 'out: 7,9']);
    expect(held(changed, 'aside', 'mean')).toEqual([0, 0]);
    expect(held(changed, 'm', 'mean')).toEqual([7, 9]);
  });

  it('are measured behind channels that were cut, on no more images than a slider can wait for', async () => {
    const asked: number[] = [];
    const context = plainContext(1, {
      capture: async (_model, { images }, visit) => {
        asked.push(images);
        const values = [Float32Array.of(7, 9)];
        await visit({ images: 1, labels: new Float32Array(1), values, gradients: [], weights: new Map() });
      },
    });
    const model = { ...modelOf([input, norm('n', 'in'), norm('out', 'n')], [zeros, ones]), outputs: ['out'] };
    const small = await withQuickNorms(model, 256, context);
    expect(asked).toEqual([256, 256]);
    expect(held(small.model, 'out', 'mean')).toEqual([7, 9]);
    expect(small.notes).toEqual([]);
    // A million multiplications, half of them for each normalisation and image: 2e9 are 250 images of 16 normalisations.
    const kernel = makeTensor([1000, 1000], new Float32Array(1e6));
    const [mean, variance] = [makeTensor([1000], new Float32Array(1000)), makeTensor([1000], new Float32Array(1000))];
    const large = (norms: number): Model => {
      const layers: Layer[] = [
        { kind: 'input', name: 'in', inputs: [], shape: [1000] },
        { kind: 'dense', name: 'n0', inputs: ['in'], kernel: kernel.id, activation: { fn: 'linear' } },
        ...Array.from({ length: norms }, (_, i): Layer => {
          return { ...norm(`n${i + 1}`, `n${i}`), mean: mean.id, variance: variance.id } as Layer;
        }),
      ];
      return modelOf(layers, [kernel, mean, variance]);
    };
    await withQuickNorms(large(16), 256, {
      ...context,
      capture: async (_model, { images }) => void asked.push(images),
    });
    expect(asked.at(-1)).toBe(250);
    const before = large(300);
    const slow = await withQuickNorms(before, 256, plainContext());
    expect(slow.model).toBe(before);
    expect(slow.notes[0]?.en).toContain('too long to follow a slider');
  });

  it('says when there is none', async () => {
    const model = denseModel(tensor([1, 1], [1]));
    const { model: same, report } = await applyPass(batchNormStatistics, model);
    expect(same).toBe(model);
    expect(report.notes[0]?.en).toContain('no batch normalisation');
  });

  it('are those of the training images on a pruned network, as a slow forward pass gives them', async () => {
    const { model: pruned } = await applyPass(magnitudePruning, MODELS['residual'] as Model, { sparsity: 0.5 });
    const context = makeContext({
      backend,
      dataset: IMAGES,
      seed: 1,
      signal: new AbortController().signal,
      progress: () => {},
      resolve: () => Promise.reject(new Error('none')),
    });
    const { model } = await applyPass(batchNormStatistics, pruned, { images: 24 }, context);
    const { pixels, count } = IMAGES.splits.train;
    const outputs = Array.from({ length: count }, (_, i) =>
      forward(model, {
        [model.inputs[0] as string]: Array.from(pixels.subarray(36 * i, 36 * (i + 1)), (p) => p / 255),
      }),
    );
    for (const layer of model.layers) {
      if (layer.kind !== 'batchNorm') continue;
      const values = outputs.flatMap((all) => [...(all[layer.inputs[0] as string] as Float64Array)]);
      for (let c = 0; c < 4; c++) {
        const own = values.filter((_, i) => i % 4 === c);
        const mean = own.reduce((sum, x) => sum + x, 0) / own.length;
        const variance = own.reduce((sum, x) => sum + (x - mean) ** 2, 0) / own.length;
        expect(held(model, layer.name, 'mean')[c]).toBeCloseTo(mean, 5);
        expect(held(model, layer.name, 'variance')[c]).toBeCloseTo(variance, 5);
      }
    }
  });
});

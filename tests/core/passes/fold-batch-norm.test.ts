/** Folding batch normalisation, worked by hand and against the reference forward. */
import { describe, expect, it } from 'vitest';
import { createModel } from '#core/model/create';
import { tensorOf, withTensor } from '#core/model/edit';
import { DENSE } from '#core/model/encoding';
import type { Activation, Layer } from '#core/model/layers';
import type { Model, Tensor } from '#core/model/model';
import { makeTensor } from '#core/model/tensor';
import { validateModel } from '#core/model/validate';
import { seededRandom } from '#core/numeric/random';
import { foldBatchNorm } from '#core/passes/fold-batch-norm';
import { TEMPLATES } from '#core/templates';
import { outputOf } from '../support/reference-forward';
import { applyPass, kernelOf, modelOf, tensor } from './helpers';

const LINEAR = { fn: 'linear' } as const;
const RELU = { fn: 'relu' } as const;

/** Dense 2 -> 2, then y = gamma (x - mean) / 2 + beta for each channel: sqrt(3.75 + 0.25) = 2. */
function small(kernel: Tensor, activation: Activation = LINEAR, more: readonly Layer[] = []): Model {
  const bias = tensor([2], [1, -1]);
  const [gamma, beta] = [tensor([2], [4, -2]), tensor([2], [10, 20])];
  const [mean, variance] = [tensor([2], [3, 5]), tensor([2], [3.75, 3.75])];
  const layers: Layer[] = [
    { kind: 'input', name: 'in', inputs: [], shape: [2] },
    { kind: 'dense', name: 'd', inputs: ['in'], kernel: kernel.id, bias: bias.id, activation },
    {
      kind: 'batchNorm',
      name: 'n',
      inputs: ['d'],
      gamma: gamma.id,
      beta: beta.id,
      mean: mean.id,
      variance: variance.id,
      epsilon: 0.25,
      momentum: 0.99,
    },
    ...more,
  ];
  return modelOf(layers, [kernel, bias, gamma, beta, mean, variance]);
}
const plain = () => tensor([2, 2], [1, 2, 3, 4]);

/** Batch normalisation as if it had been trained: factors from about 0.5 to 2, one of them negative. */
function trained(model: Model): Model {
  const random = seededRandom(4);
  let changed = model;
  for (const layer of model.layers) {
    if (layer.kind !== 'batchNorm') continue;
    for (const role of ['gamma', 'beta', 'mean', 'variance'] as const) {
      const { shape, data } = tensorOf(model, layer, role) as Tensor;
      const values = data.map((_, i) => {
        if (role === 'variance' || role === 'gamma')
          return (0.5 + 1.5 * random()) * (role === 'gamma' && i === 0 ? -1 : 1);
        return 2 * random() - 1;
      });
      changed = withTensor(changed, layer.name, role, makeTensor(shape, values));
    }
  }
  return changed;
}

describe('folding batch normalisation', () => {
  it('agrees with hand', async () => {
    const { model, report } = await applyPass(foldBatchNorm, small(plain()));
    expect(model.layers.map(({ name }) => name)).toEqual(['in', 'd']);
    expect(model.outputs).toEqual(['d']);
    // Factors 4 / 2 and -2 / 2; biases 2 (1 - 3) + 10 and -1 (-1 - 5) + 20.
    expect(kernelOf(model, 'd').data).toEqual(Float32Array.of(2, -2, 6, -4));
    expect(tensorOf(model, model.layers[1] as Layer, 'bias')?.data).toEqual(Float32Array.of(6, 26));
    expect(report.notes[0]?.en).toBe('n is now part of d.');
    expect(Object.keys(model.tensors)).toHaveLength(2);
  });

  it.each(['small-resnet', 'separable-cnn'])('leaves the outputs of %s as they are', async (id) => {
    const template = TEMPLATES.find((one) => one.id === id) as (typeof TEMPLATES)[number];
    const before = trained(createModel(template.architecture([8, 8, 1], 10), 3));
    const { model, report } = await applyPass(foldBatchNorm, before);
    validateModel(model);
    expect(before.layers.some(({ kind }) => kind === 'batchNorm')).toBe(true);
    expect(model.layers.filter(({ kind }) => kind === 'batchNorm')).toEqual([]);
    expect(report.notes.every(({ en }) => en.includes('is now part of'))).toBe(true);
    const random = seededRandom(6);
    const image = Float32Array.from({ length: 64 }, random);
    const [old, now] = [outputOf(before, image), outputOf(model, image)];
    const size = Math.max(...old.map(Math.abs));
    for (const [i, x] of old.entries()) expect(Math.abs(x - (now[i] as number)) / size).toBeLessThan(1e-5);
    expect((await applyPass(foldBatchNorm, model)).model).toBe(model);
  });

  it('multiplies a depthwise kernel by output channel, and makes a bias where there was none', async () => {
    // Two channels, multiplier 2: factors 1, 2, 3, 4.
    const kernel = tensor([1, 1, 2, 2], [5, 5, 5, 5]);
    const gamma = tensor([4], [1, 2, 3, 4]);
    const [mean, variance] = [tensor([4], [1, 1, 1, 1]), tensor([4], [0.75, 0.75, 0.75, 0.75])];
    const before = modelOf(
      [
        { kind: 'input', name: 'in', inputs: [], shape: [3, 3, 2] },
        {
          kind: 'depthwiseConv2d',
          name: 'c',
          inputs: ['in'],
          kernel: kernel.id,
          strides: [1, 1],
          padding: 'same',
          dilation: [1, 1],
          activation: LINEAR,
        },
        {
          kind: 'batchNorm',
          name: 'n',
          inputs: ['c'],
          gamma: gamma.id,
          mean: mean.id,
          variance: variance.id,
          epsilon: 0.25,
          momentum: 0.9,
        },
        { kind: 'activation', name: 'a', inputs: ['n'], activation: RELU },
      ],
      [kernel, gamma, mean, variance],
    );
    const { model } = await applyPass(foldBatchNorm, before);
    expect(kernelOf(model, 'c').data).toEqual(Float32Array.of(5, 10, 15, 20));
    expect(tensorOf(model, model.layers[1] as Layer, 'bias')?.data).toEqual(Float32Array.of(-1, -2, -3, -4));
    expect(model.layers[2]?.inputs).toEqual(['c']);
  });

  it('folds one behind another', async () => {
    const once = small(plain());
    const norm = once.layers[2] as Extract<Layer, { kind: 'batchNorm' }>;
    const twice = { ...once, layers: [...once.layers, { ...norm, name: 'n2', inputs: ['n'] }], outputs: ['n2'] };
    const { model } = await applyPass(foldBatchNorm, twice);
    expect(kernelOf(model, 'd').data).toEqual(Float32Array.of(4, 2, 12, 4));
    // 2 (6 - 3) + 10 and -1 (26 - 5) + 20.
    expect(tensorOf(model, model.layers[1] as Layer, 'bias')?.data).toEqual(Float32Array.of(16, -1));
  });

  it('keeps masks, and gives a grid up', async () => {
    const grid = {
      kind: 'grid',
      bits: 4,
      qMin: -7,
      qMax: 7,
      scale: Float32Array.of(1),
      zeroPoint: Int32Array.of(0),
      axis: null,
      symmetric: true,
    } as const;
    const mask = Uint8Array.of(1, 0, 1, 1);
    const { model, report } = await applyPass(
      foldBatchNorm,
      small(tensor([2, 2], [1, 0, 3, 4], { mask, values: grid })),
    );
    const kernel = kernelOf(model, 'd');
    expect(kernel.encoding).toEqual({ ...DENSE, mask });
    // Not even the zero's sign changes.
    expect(Object.is(kernel.data[1], 0)).toBe(true);
    expect(report.notes[0]?.en).toMatch(/ is now part of d\.$/);
  });

  it('leaves what it cannot fold, and says why', async () => {
    const behind = await applyPass(foldBatchNorm, small(plain(), RELU));
    expect(behind.report.notes[0]?.en).toBe('n stays: d has an activation between its weights and it.');
    const shared = small(plain(), LINEAR, [{ kind: 'add', name: 's', inputs: ['d', 'n'] }]);
    const kept = await applyPass(foldBatchNorm, shared);
    expect(kept.model).toBe(shared);
    expect(kept.report.notes[0]?.en).toContain('used elsewhere');
    const broken = withTensor(small(plain()), 'n', 'variance', tensor([2], [-1, 1]));
    expect((await applyPass(foldBatchNorm, broken)).report.notes[0]?.en).toContain('not all finite');
    const alone = small(plain());
    const first = {
      ...alone,
      layers: alone.layers.map((one) => (one.name === 'n' ? { ...one, inputs: ['in'] } : one)),
    };
    expect((await applyPass(foldBatchNorm, first as Model)).report.notes[0]?.en).toContain('no weights');
  });
});

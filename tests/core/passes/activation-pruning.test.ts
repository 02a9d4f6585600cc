/** Activation pruning on outputs written by hand: mean, share of zeros, and where a layer's activation is found. */
import { describe, expect, it } from 'vitest';
import type { Layer } from '#core/model/layers';
import { activationPruning } from '#core/passes/activation-pruning';
import { activationPlace } from '#core/passes/shared/unit-activations';
import { captureContext } from './captures';
import { applyPass, kernelOf, modelOf, tensor } from './helpers';
import { MODELS } from './models';

const kernel = tensor([2, 2], [1, -4, 3, 2]);
const rectified = modelOf(
  [
    { kind: 'input', name: 'in', inputs: [], shape: [2] },
    { kind: 'dense', name: 'd', inputs: ['in'], kernel: kernel.id, activation: { fn: 'relu' } },
  ] satisfies Layer[],
  [kernel],
);
const data = (model: typeof rectified): number[] => [...kernelOf(model, 'd').data];

describe('activation pruning', () => {
  // Unit 1: 8, 0, 0, 0, mean 2, active once in four. Unit 2: 1, 1, 0, 2, mean 1, active three times in four.
  const seen = [
    { images: 3, values: { 'd output': [8, 1, 0, 1, 0, 0] } },
    { images: 1, values: { 'd output': [0, 2] } },
  ];

  it('weighs by the mean activation of the unit', async () => {
    // Scores 1*2, 4*1, 3*2, 2*1: the first and the last go.
    const { model } = await applyPass(activationPruning, rectified, { sparsity: 0.5 }, captureContext(seen).context);
    expect(data(model)).toEqual([0, -4, 3, 0]);
  });

  it('counts activations below zero as much as those above', async () => {
    const below = seen.map(({ images, values }) => ({
      images,
      values: { 'd output': values['d output'].map((a) => -a) },
    }));
    const { model } = await applyPass(activationPruning, rectified, { sparsity: 0.5 }, captureContext(below).context);
    expect(data(model)).toEqual([0, -4, 3, 0]);
    const mixed = [{ images: 4, values: { 'd output': [8, 1, -8, 1, 0, 0, 0, 2] } }];
    // Unit 1 now has a mean of 4: scores 1*4, 4*1, 3*4, 2*1, and the sum of its activations is 0.
    const { model: other } = await applyPass(
      activationPruning,
      rectified,
      { sparsity: 0.25 },
      captureContext(mixed).context,
    );
    expect(data(other)).toEqual([1, -4, 3, 0]);
  });

  it('weighs by how often the unit is not zero', async () => {
    // Scores 1/4, 3, 3/4, 3/2: the first unit goes.
    const values = { sparsity: 0.5, measure: 'apoz' };
    const { model, report } = await applyPass(activationPruning, rectified, values, captureContext(seen).context);
    expect(data(model)).toEqual([0, -4, 0, 2]);
    expect(report.notes).toEqual([]);
  });

  it('refuses values that are no numbers, by either measure', async () => {
    const broken = captureContext([{ images: 1, values: { 'd output': [Number.NaN, 1] } }]);
    for (const measure of ['mean', 'apoz'])
      await expect(applyPass(activationPruning, rectified, { measure }, broken.context)).rejects.toThrow(
        'not finite numbers',
      );
  });

  it('looks behind batch normalisation, not behind an add, and says where there is no rectifier', async () => {
    const { residual, depthwise, dense } = MODELS as Required<typeof MODELS>;
    const place = (model: typeof rectified | undefined, name: string) =>
      activationPlace(model as typeof rectified, name);
    expect(place(residual, 'conv2d_1')).toEqual({ layer: 'activation_1', rectified: true });
    expect(place(residual, 'conv2d_2')).toEqual({ layer: 'batch_normalization_2', rectified: false });
    expect(place(depthwise, 'depthwise_conv2d_1')).toEqual({ layer: 'activation_1', rectified: false });
    expect(place(dense, 'dense_1')).toEqual({ layer: 'prelu_1', rectified: false });
    const linear = modelOf(
      rectified.layers.map((layer) => (layer.kind === 'dense' ? { ...layer, activation: { fn: 'linear' } } : layer)),
      [kernel],
    );
    const { report } = await applyPass(activationPruning, linear, { measure: 'apoz' }, captureContext(seen).context);
    expect(report.notes[0]?.en).toMatch(/^d: no ReLU follows/);
  });
});

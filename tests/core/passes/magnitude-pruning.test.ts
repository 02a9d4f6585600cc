/** Magnitude pruning on weights worked by hand: counts, ties, masks that stay, grids and codebooks that are kept. */

import { describe, expect, it } from 'vitest';
import { PassError } from '#core/pass';
import { magnitudePruning } from '#core/passes/magnitude-pruning';
import fc from '../../properties';
import { applyPass, denseModel, kernelOf, tensor } from './helpers';

const data = (model: Parameters<typeof kernelOf>[0], name: string): number[] => [...kernelOf(model, name).data];
const mask = (model: Parameters<typeof kernelOf>[0], name: string): number[] | undefined => {
  const held = kernelOf(model, name).encoding.mask;
  return held && [...held];
};

describe('magnitude pruning', () => {
  it('takes the smallest of the whole network', async () => {
    const model = denseModel(tensor([2, 2], [1, -2, 3, -4]), tensor([2, 2], [0.1, 0.2, -0.3, 5]));
    const { model: pruned } = await applyPass(magnitudePruning, model, { sparsity: 0.5 });
    expect(data(pruned, 'd1')).toEqual([0, -2, 3, -4]);
    expect(data(pruned, 'd2')).toEqual([0, 0, 0, 5]);
    expect(mask(pruned, 'd1')).toEqual([0, 1, 1, 1]);
    expect(mask(pruned, 'd2')).toEqual([0, 0, 0, 1]);
  });

  it('takes the same share of each layer when asked', async () => {
    const model = denseModel(tensor([2, 2], [1, -2, 3, -4]), tensor([2, 2], [0.1, 0.2, -0.3, 5]));
    const { model: pruned } = await applyPass(magnitudePruning, model, { sparsity: 0.5, scope: 'layer' });
    expect(data(pruned, 'd1')).toEqual([0, 0, 3, -4]);
    expect(data(pruned, 'd2')).toEqual([0, 0, -0.3, 5].map(Math.fround));
  });

  it('prunes exactly round(s n) weights where all are equal, in order of index', async () => {
    const model = denseModel(tensor([2, 3], [1, -1, 1, -1, 1, -1]), tensor([3, 1], [1, 1, 1]));
    const { model: pruned } = await applyPass(magnitudePruning, model, { sparsity: 0.75 });
    // round(6.75) = 7: all six of the first layer and the first of the second.
    expect(data(pruned, 'd1')).toEqual([0, 0, 0, 0, 0, 0]);
    expect(data(pruned, 'd2')).toEqual([0, 1, 1]);
  });

  it('prunes the count it says for any weights and any sparsity', async () => {
    const weights = fc.array(fc.constantFrom(-2, -1, -0.5, 0, 0.5, 1, 2, 3), { minLength: 12, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(
        weights,
        weights,
        fc.integer({ min: 0, max: 198 }),
        fc.constantFrom('global', 'layer'),
        async (a, b, steps, scope) => {
          const sparsity = steps * 0.005;
          const { model } = await applyPass(magnitudePruning, denseModel(tensor([3, 4], a), tensor([4, 3], b)), {
            sparsity,
            scope,
          });
          const pruned = ['d1', 'd2'].map((name) => (mask(model, name) ?? []).filter((one) => one === 0).length);
          const s = Number(sparsity.toPrecision(12));
          if (scope === 'global') expect((pruned[0] as number) + (pruned[1] as number)).toBe(Math.round(s * 24));
          else expect(pruned).toEqual([Math.round(s * 12), Math.round(s * 12)]);
        },
      ),
    );
  });

  it('keeps what was pruned before, counts it, and says so when less is asked', async () => {
    const model = denseModel(
      tensor([1, 4], [0, 9, 1, 2], { mask: Uint8Array.from([0, 1, 1, 1]), values: { kind: 'dense' } }),
    );
    const half = await applyPass(magnitudePruning, model, { sparsity: 0.5 });
    expect(data(half.model, 'd1')).toEqual([0, 9, 0, 2]);
    const less = await applyPass(magnitudePruning, half.model, { sparsity: 0.25 });
    expect(less.model.tensors).toEqual(half.model.tensors);
    expect(less.report.notes[0]?.en).toContain('50.0 % of its weights pruned already');
    const same = await applyPass(magnitudePruning, half.model, { sparsity: 0.5 });
    expect(same.report.notes).toEqual([]);
    expect(kernelOf(same.model, 'd1')).toBe(kernelOf(half.model, 'd1'));
  });

  it('leaves other layers alone, as the same tensors', async () => {
    const model = denseModel(tensor([2, 2], [1, -2, 3, -4]), tensor([2, 2], [0.1, 0.2, -0.3, 5]));
    const { model: pruned } = await applyPass(magnitudePruning, model, { sparsity: 0.5, layers: ['d1'] });
    expect(data(pruned, 'd1')).toEqual([0, 0, 3, -4]);
    expect(kernelOf(pruned, 'd2')).toBe(kernelOf(model, 'd2'));
  });

  it('keeps a grid as it is', async () => {
    const values = {
      kind: 'grid',
      bits: 8,
      qMin: 0,
      qMax: 255,
      scale: Float32Array.from([0.5]),
      zeroPoint: Int32Array.from([7]),
      axis: null,
      symmetric: false,
    } as const;
    const { model } = await applyPass(magnitudePruning, denseModel(tensor([1, 4], [0.5, -1, 1.5, 2], { values })), {
      sparsity: 0.5,
    });
    expect(data(model, 'd1')).toEqual([0, 0, 1.5, 2]);
    expect(kernelOf(model, 'd1').encoding.values).toBe(values);
  });

  it('drops the centroids that lose all their members, and keeps one for an empty layer', async () => {
    const values = { kind: 'codebook', centroids: Float32Array.from([-3, 0.25, 2]) } as const;
    const model = denseModel(tensor([1, 4], [0.25, 2, 0.25, -3], { values }));
    const half = await applyPass(magnitudePruning, model, { sparsity: 0.5 });
    expect(kernelOf(half.model, 'd1').encoding.values).toEqual({
      kind: 'codebook',
      centroids: Float32Array.from([-3, 2]),
    });
    const all = await applyPass(magnitudePruning, model, { sparsity: 0.99 });
    expect(kernelOf(all.model, 'd1').encoding.values).toEqual({ kind: 'codebook', centroids: Float32Array.from([-3]) });
    expect(data(all.model, 'd1')).toEqual([0, 0, 0, 0]);
    expect(all.report.notes[0]?.en).toBe('Every weight of d1 is pruned: nothing passes through this layer any more.');
  });

  it('prunes what is below a threshold, and nothing on it', async () => {
    const model = denseModel(tensor([2, 2], [0.25, -0.5, 0.125, 0]), tensor([2, 2], [-0.24, 1, 0.5, 0.75]));
    const { model: pruned, report } = await applyPass(magnitudePruning, model, {
      amount: 'threshold',
      threshold: 0.25,
    });
    expect(data(pruned, 'd1')).toEqual([0.25, -0.5, 0, 0]);
    expect(mask(pruned, 'd1')).toEqual([1, 1, 0, 0]);
    expect(data(pruned, 'd2')).toEqual([0, 1, 0.5, 0.75]);
    expect(report.notes.map(({ en }) => en)).toEqual(['A threshold of 0.25 makes 37.5 % of the weights zero.']);
    const again = await applyPass(magnitudePruning, pruned, { amount: 'threshold', threshold: 0.125 });
    expect(again.model.tensors).toEqual(pruned.tensors);
    const all = await applyPass(magnitudePruning, model, { amount: 'threshold', threshold: 0.6, layers: ['d1'] });
    expect(data(all.model, 'd1')).toEqual([0, 0, 0, 0]);
    expect(kernelOf(all.model, 'd2')).toBe(kernelOf(model, 'd2'));
    expect(all.report.notes[1]?.en).toBe('Every weight of d1 is pruned: nothing passes through this layer any more.');
  });

  it('names a layer that is not there, and weights that are not numbers', async () => {
    await expect(applyPass(magnitudePruning, denseModel(tensor([1, 1], [1])), { layers: ['dx'] })).rejects.toThrow(
      'The model has no layer named "dx".',
    );
    const broken = denseModel(tensor([1, 2], [Number.NaN, 1]));
    await expect(applyPass(magnitudePruning, broken)).rejects.toThrow(/^d1 has 1 weights that are not finite numbers/);
    await expect(applyPass(magnitudePruning, broken)).rejects.toBeInstanceOf(PassError);
    await expect(applyPass(magnitudePruning, denseModel(tensor([1, 1], [1])), { layers: ['in'] })).rejects.toThrow(
      'None of these layers has weights',
    );
  });
});

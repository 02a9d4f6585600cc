/** Weight sharing on weights worked by hand: clusters, masks, exact codebooks, and what it consumes. */
import { describe, expect, it } from 'vitest';
import { codesOf } from '#core/model/encoding';
import { weightSharing } from '#core/passes/weight-sharing';
import { applyPass, denseModel, kernelOf, plainContext, tensor } from './helpers';

describe('weight sharing', () => {
  it('gives every weight the mean of its cluster, layer by layer', async () => {
    const model = denseModel(tensor([2, 3], [1, 2, 3, 101, 102, 103]), tensor([3, 2], [0, 0, 1, 7, 8, 9]));
    const { model: shared } = await applyPass(weightSharing, model, { clusters: 2 });
    expect([...kernelOf(shared, 'd1').data]).toEqual([2, 2, 2, 102, 102, 102]);
    expect(kernelOf(shared, 'd1').encoding.values).toEqual({
      kind: 'codebook',
      centroids: Float32Array.from([2, 102]),
    });
    expect([...kernelOf(shared, 'd2').data]).toEqual([1 / 3, 1 / 3, 1 / 3, 8, 8, 8].map(Math.fround));
  });

  it('leaves pruned weights zero and out of the clusters', async () => {
    const mask = Uint8Array.from([0, 1, 1, 0, 1, 1]);
    const model = denseModel(tensor([2, 3], [0, 1, 3, 0, 11, 13], { mask, values: { kind: 'dense' } }));
    const { model: shared } = await applyPass(weightSharing, model, { clusters: 2 });
    const { data, shape, encoding } = kernelOf(shared, 'd1');
    expect([...data]).toEqual([0, 2, 2, 0, 12, 12]);
    expect(encoding).toEqual({ mask, values: { kind: 'codebook', centroids: Float32Array.from([2, 12]) } });
    expect([...codesOf(data, shape, encoding)]).toEqual([-1, 0, 0, -1, 1, 1]);
  });

  it('loses nothing with enough clusters, and says so', async () => {
    const weights = [0.25, -1, 0.25, 3];
    const { model, report } = await applyPass(weightSharing, denseModel(tensor([2, 2], weights)), { clusters: 3 });
    expect([...kernelOf(model, 'd1').data]).toEqual(weights);
    expect(report.notes[0]?.en).toBe('No more than 3 different values in d1: nothing is lost there.');
  });

  it('has a codebook even where everything is pruned', async () => {
    const mask = new Uint8Array(2);
    const { model } = await applyPass(
      weightSharing,
      denseModel(tensor([1, 2], [0, 0], { mask, values: { kind: 'dense' } })),
      { clusters: 4 },
    );
    expect(kernelOf(model, 'd1').encoding.values).toEqual({ kind: 'codebook', centroids: Float32Array.from([0]) });
    expect([...kernelOf(model, 'd1').data]).toEqual([0, 0]);
  });

  it('is the same for the same seed, from random starts too, and whichever layers are chosen', async () => {
    const weights = Array.from({ length: 200 }, (_, i) => Math.tan(i) * 0.1);
    const model = denseModel(tensor([10, 20], weights), tensor([20, 10], weights));
    for (const start of ['random', 'plusplus']) {
      const values = { clusters: 7, start };
      const [one, two] = [
        await applyPass(weightSharing, model, values, plainContext(5)),
        await applyPass(weightSharing, model, values, plainContext(5)),
      ];
      expect(Object.keys(two.model.tensors)).toEqual(Object.keys(one.model.tensors));
      const second = await applyPass(weightSharing, model, { ...values, layers: ['d2'] }, plainContext(5));
      expect(kernelOf(second.model, 'd2').id).toBe(kernelOf(one.model, 'd2').id);
      expect(kernelOf(second.model, 'd1')).toBe(kernelOf(model, 'd1'));
    }
  });

  it('consumes a grid and says so', async () => {
    const values = {
      kind: 'grid',
      bits: 8,
      qMin: -127,
      qMax: 127,
      scale: Float32Array.from([1]),
      zeroPoint: Int32Array.from([0]),
      axis: null,
      symmetric: true,
    } as const;
    const { model, report } = await applyPass(weightSharing, denseModel(tensor([1, 4], [1, 2, 9, 8], { values })), {
      clusters: 2,
    });
    expect(kernelOf(model, 'd1').encoding.values.kind).toBe('codebook');
    expect(report.notes[0]?.en).toContain('The quantization grid is gone');
  });
});

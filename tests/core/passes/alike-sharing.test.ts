/** Sharing of alike filters on kernels worked by hand: distances, who leads, means, masks, windows and layers. */
import { describe, expect, it } from 'vitest';
import { countParameters } from '#core/metrics/size';
import { alikeSharing } from '#core/passes/alike-sharing';
import { weightSharing } from '#core/passes/weight-sharing';
import { PLAIN } from '../support/models';
import { applyPass, denseModel, kernelOf, modelOf, tensor } from './helpers';

describe('filters', () => {
  // Columns are filters: (3, 4), (3, 4.5), (-3, -4), (0, 1).
  const model = denseModel(tensor([2, 4], [3, 3, -3, 0, 4, 4.5, -4, 1]));
  it('that are alike take their mean; others stay', async () => {
    // |a - b| / (|a| + |b|) = 0.5 / (5 + 5.408) = 0.048.
    const { model: shared, report } = await applyPass(alikeSharing, model, { limit: 0.05 });
    expect([...kernelOf(shared, 'd1').data]).toEqual([3, 3, -3, 0, 4.25, 4.25, -4, 1]);
    expect(report.notes[0]?.en).toBe('4 became 3 different ones; distinct values 7 → 6.');
    const { model: same, report: none } = await applyPass(alikeSharing, model, { limit: 0.04 });
    expect(kernelOf(same, 'd1')).toBe(kernelOf(model, 'd1'));
    expect(none.notes[0]?.en).toBe('None of 4 is that much like another; nothing changed.');
  });

  it('that are opposite are not alike but at the largest limit', async () => {
    const opposite = denseModel(tensor([1, 2], [2, -2]));
    expect([...kernelOf((await applyPass(alikeSharing, opposite, { limit: 0.99 })).model, 'd1').data]).toEqual([2, -2]);
    expect([...kernelOf((await applyPass(alikeSharing, opposite, { limit: 1 })).model, 'd1').data]).toEqual([0, 0]);
  });

  it('are led by the largest, and join the nearest leader', async () => {
    // 10 leads and 8 joins it (2/18 = 0.11); 7 is 3/17 = 0.18 from 10 and leads itself; 6 joins 7 (1/13 = 0.08).
    const chain = denseModel(tensor([1, 4], [10, 8, 7, 6]));
    const { model: shared } = await applyPass(alikeSharing, chain, { limit: 0.12 });
    expect([...kernelOf(shared, 'd1').data]).toEqual([9, 9, 6.5, 6.5]);
  });

  it('keep their pruned weights, and take means over what is kept', async () => {
    const mask = Uint8Array.from([1, 1, 1, 0, 1, 1]);
    const pruned = denseModel(tensor([3, 2], [4, 4, 0.2, 0, 3, 3.1], { mask, values: { kind: 'dense' } }));
    const { model: shared } = await applyPass(alikeSharing, pruned, { limit: 0.1 });
    const { data, encoding } = kernelOf(shared, 'd1');
    expect([...data]).toEqual([4, 4, 0.2, 0, 3.05, 3.05].map(Math.fround));
    expect(encoding).toEqual({ mask, values: { kind: 'dense' } });
  });

  it('in a codebook leave it only where something is shared', async () => {
    const two = denseModel(tensor([1, 2], [5, 5.1]), tensor([2, 1], [1, 9]));
    const { model: clustered } = await applyPass(weightSharing, two, { clusters: 2 });
    const { model: shared } = await applyPass(alikeSharing, clustered, { limit: 0.1 });
    expect(kernelOf(shared, 'd1').encoding.values.kind).toBe('dense');
    expect(kernelOf(shared, 'd2')).toBe(kernelOf(clustered, 'd2'));
  });
});

describe('windows', () => {
  it('of a convolution are compared whatever their channels', async () => {
    // [1, 2, 2, 2]: windows of two places from each of 2 inputs to each of 2 outputs: (1, 0), (0, 1), (0, 1.1), (1, 0).
    const kernel = tensor([1, 2, 2, 2], [1, 0, 0, 1, 0, 1, 1.1, 0]);
    const model = modelOf(
      [
        { kind: 'input', name: 'in', inputs: [], shape: [3, 3, 2] },
        { kind: 'conv2d', name: 'conv', inputs: ['in'], kernel: kernel.id, ...PLAIN },
      ],
      [kernel],
    );
    const { model: shared, report } = await applyPass(alikeSharing, model, { limit: 0.1, what: 'windows' });
    expect([...kernelOf(shared, 'conv').data]).toEqual([1, 0, 0, 1, 0, 1.05, 1.05, 0].map(Math.fround));
    expect(report.notes[0]?.en).toContain('4 became 2 different ones');
  });
});

describe('layers', () => {
  it('of equal shape come to hold one and the same tensor', async () => {
    const [a, b, c] = [tensor([2, 2], [1, 2, 3, 4]), tensor([2, 2], [1, 2, 3, 4.2]), tensor([2, 1], [1, 2])];
    const model = denseModel(a, b, c);
    const { model: shared } = await applyPass(alikeSharing, model, { limit: 0.05, what: 'layers' });
    expect(kernelOf(shared, 'd1').id).toBe(kernelOf(shared, 'd2').id);
    expect([...kernelOf(shared, 'd1').data]).toEqual([1, 2, 3, 4.1].map(Math.fround));
    expect(kernelOf(shared, 'd3')).toBe(kernelOf(model, 'd3'));
    expect(Object.keys(shared.tensors)).toHaveLength(2);
    expect(countParameters(shared).parameters).toBe(10);
  });
});

it('says so where there are too many pieces to compare', async () => {
  const wide = denseModel(
    tensor(
      [1, 3001],
      Array.from({ length: 3001 }, (_, i) => i),
    ),
  );
  const { model, report } = await applyPass(alikeSharing, wide, { limit: 1 });
  expect(kernelOf(model, 'd1')).toBe(kernelOf(wide, 'd1'));
  expect(report.notes[0]?.en).toContain('3001 pieces are too many');
});

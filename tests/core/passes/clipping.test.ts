/** Clipping: limits worked by hand for each rule, limits that change nothing, and masks, grids and codebooks that are kept. */

import { describe, expect, it } from 'vitest';
import type { GridValues } from '#core/model/encoding';
import { clipping } from '#core/passes/clipping';
import { weightQuantization } from '#core/passes/weight-quantization';
import fc from '../../properties';
import { applyPass, denseModel, kernelOf, tensor } from './helpers';

const data = (model: Parameters<typeof kernelOf>[0], name: string): number[] => [...kernelOf(model, name).data];
const dense = { kind: 'dense' } as const;

describe('clipping', () => {
  it('limits to a value, the same in all layers', async () => {
    const model = denseModel(tensor([2, 2], [0.25, -3, 1, 0.5]), tensor([2, 1], [-0.5, 0.75]));
    const { model: clipped, report } = await applyPass(clipping, model, { limit: 'value', value: 0.5 });
    expect(data(clipped, 'd1')).toEqual([0.25, -0.5, 0.5, 0.5]);
    expect(data(clipped, 'd2')).toEqual([-0.5, 0.5]);
    expect(report.notes.map(({ en }) => en)).toEqual(['3 weights (50.0 %) lay beyond the limit and were set to it.']);
  });

  it('limits to a percentile of |w| of each layer', async () => {
    // |w| 1 2 3 4 5: the 75th percentile is 4, the 80th is 4.2; and 10 20: 17.5.
    const model = denseModel(tensor([1, 5], [-5, 1, 4, -2, 3]), tensor([5, 2], [10, -20, ...Array(8).fill(10)]));
    const first = await applyPass(clipping, model, { limit: 'percentile', percentile: 0.75, layers: ['d1'] });
    expect(data(first.model, 'd1')).toEqual([-4, 1, 4, -2, 3]);
    expect(kernelOf(first.model, 'd2')).toBe(kernelOf(model, 'd2'));
    const both = await applyPass(clipping, model, { limit: 'percentile', percentile: 0.8 });
    expect(data(both.model, 'd1')).toEqual([-4.2, 1, 4, -2, 3].map(Math.fround));
    expect(data(both.model, 'd2')).toEqual(Array(10).fill(10).with(1, -10));
  });

  it('changes nothing at the 100th percentile, whatever the weights', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 6, maxLength: 6 }),
        async (weights) => {
          const model = denseModel(tensor([2, 3], weights));
          const { model: clipped, report } = await applyPass(clipping, model, { limit: 'percentile', percentile: 1 });
          expect(kernelOf(clipped, 'd1')).toBe(kernelOf(model, 'd1'));
          expect(report.notes[0]?.en).toBe('No weight lies beyond the limit; nothing changed.');
        },
      ),
    );
  });

  it('limits to standard deviations around the mean, with 0 always within', async () => {
    // Mean 1, deviations 3 -1 -1 -1: variance 3, so one standard deviation reaches from -0.732 to 2.732.
    const spread = await applyPass(clipping, denseModel(tensor([1, 4], [4, 0, 0, 0])), {
      limit: 'deviations',
      deviations: 1,
    });
    expect(data(spread.model, 'd1')).toEqual([Math.fround(1 + Math.sqrt(3)), 0, 0, 0]);
    // Mean 3, deviation 1: half of it reaches from 2.5 to 3.5, stretched to 0.
    const high = await applyPass(clipping, denseModel(tensor([1, 4], [2, 4, 2, 4])), {
      limit: 'deviations',
      deviations: 0.5,
    });
    expect(data(high.model, 'd1')).toEqual([2, 3.5, 2, 3.5]);
  });

  it('leaves pruned weights out of the count, and at zero', async () => {
    const mask = Uint8Array.from([0, 0, 0, 0, 0, 0, 1, 1, 1]);
    const model = denseModel(tensor([3, 3], [0, 0, 0, 0, 0, 0, 1, 2, -6], { mask, values: dense }));
    const { model: clipped } = await applyPass(clipping, model, { limit: 'percentile', percentile: 0.5 });
    expect(data(clipped, 'd1')).toEqual([0, 0, 0, 0, 0, 0, 1, 2, -2]);
    expect(kernelOf(clipped, 'd1').encoding.mask).toEqual(mask);
    const none = denseModel(tensor([1, 2], [0, 0], { mask: new Uint8Array(2), values: dense }));
    expect(data((await applyPass(clipping, none)).model, 'd1')).toEqual([0, 0]);
  });

  it('moves weights on a grid to the last step within the limit, channel by channel', async () => {
    const values: GridValues = {
      kind: 'grid',
      bits: 4,
      qMin: -7,
      qMax: 7,
      scale: Float32Array.from([0.5, 0.3]),
      zeroPoint: new Int32Array(2),
      axis: 1,
      symmetric: true,
    };
    // Limit 1.2: steps 2 of 0.5 and 4 of 0.3, of which the fourth is 1.2000000477 in float32, as the limit is.
    const column = [Math.fround(0.3) * 7, Math.fround(0.3) * -4, 0];
    const model = denseModel(tensor([3, 2], [3.5, column[0] as number, -1.5, column[1] as number, 1, 0], { values }));
    const { model: clipped, report } = await applyPass(clipping, model, { limit: 'value', value: 1.2 });
    const fourth = Math.fround(Math.fround(0.3) * 4);
    expect(data(clipped, 'd1')).toEqual([1, fourth, -1, -fourth, 1, 0]);
    expect(kernelOf(clipped, 'd1').encoding.values).toBe(values);
    expect(report.notes[1]?.en).toContain('Clip before quantizing');
  });

  it('clips the shared values of a codebook, and joins those that meet', async () => {
    const values = { kind: 'codebook', centroids: Float32Array.from([-3, -2, 0.5, 1, 4]) } as const;
    const model = denseModel(tensor([1, 5], [4, -2, 0.5, -3, 1], { values }));
    const { model: clipped } = await applyPass(clipping, model, { limit: 'value', value: 1.5 });
    expect(data(clipped, 'd1')).toEqual([1.5, -1.5, 0.5, -1.5, 1]);
    expect(kernelOf(clipped, 'd1').encoding.values).toEqual({
      kind: 'codebook',
      centroids: Float32Array.from([-1.5, 0.5, 1, 1.5]),
    });
  });

  it('clips both signs of two alike, since they share a scale: the nearer limit is that of both', async () => {
    // Nine times 1 and once -1: mean 0.8, deviation 0.6. Twice that reaches from -0.4 to 2, so both signs go to 0.4.
    const signs = Array(10).fill(1).with(3, -1);
    const values = { kind: 'binary', scale: Float32Array.of(1), axis: null } as const;
    const model = denseModel(tensor([1, 10], signs, { values }));
    const { model: clipped } = await applyPass(clipping, model, { limit: 'deviations', deviations: 2 });
    const { encoding } = kernelOf(clipped, 'd1');
    expect(encoding.values).toMatchObject({ kind: 'binary', axis: null });
    const [scale] = encoding.values.kind === 'binary' ? encoding.values.scale : [];
    expect(scale).toBeCloseTo(0.4, 6);
    expect(data(clipped, 'd1')).toEqual(signs.map((sign) => sign * (scale as number)));
    // Half a deviation leaves nothing below 0: only the grid between the signs holds 1 and 0.
    const { model: half } = await applyPass(clipping, model, { limit: 'deviations', deviations: 0.5 });
    expect(kernelOf(half, 'd1').encoding.values).toMatchObject({ kind: 'grid', qMin: -1, qMax: 1 });
    expect(data(half, 'd1')).toEqual(Array(10).fill(1).with(3, 0));
  });

  it('shows the limits that it uses', () => {
    const values = { percentile: 0.99, deviations: 3, value: 0.5, layers: [] } as const;
    expect(clipping.formula({ ...values, limit: 'value' })).toBe('w′ = min(t, max(−t, w))\nt = 0.5');
    // Not symmetric where the mean is not 0.
    expect(clipping.formula({ ...values, limit: 'deviations' })).toMatchObject({
      en: 'w′ = min(b, max(a, w))\na = min(0, μ − 3 σ), b = max(0, μ + 3 σ)\nμ, σ: mean and standard deviation of w in each layer',
    });
  });

  it('makes the grid that comes after it finer', async () => {
    const weights = Array.from({ length: 64 }, (_, i) => (i - 32) / 64);
    weights[0] = 8;
    const model = denseModel(tensor([8, 8], weights));
    const { model: clipped } = await applyPass(clipping, model, { limit: 'percentile', percentile: 0.98 });
    const step = async (from: typeof model): Promise<number> => {
      const { model: quantized } = await applyPass(weightQuantization, from, { bits: 8, range: 'full' });
      const { values } = kernelOf(quantized, 'd1').encoding;
      return values.kind === 'grid' ? (values.scale[0] as number) : Number.NaN;
    };
    expect(await step(model)).toBeCloseTo(8 / 127, 6);
    expect(await step(clipped)).toBeLessThan(0.7 / 127);
  });
});

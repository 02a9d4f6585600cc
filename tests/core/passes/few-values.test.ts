/** Ternary, binary and half precision on weights worked by hand, and what every way of rounding has in common. */

import { describe, expect, it } from 'vitest';
import { signalToNoise } from '#core/metrics/signal-to-noise';
import type { BinaryValues, GridValues } from '#core/model/encoding';
import { codesFor, gridFor } from '#core/numeric/affine-grid';
import { spreadOf } from '#core/numeric/spread';
import { PassError } from '#core/pass';
import { binaryWeights } from '#core/passes/binary-weights';
import { halfPrecision } from '#core/passes/half-precision';
import { magnitudePruning } from '#core/passes/magnitude-pruning';
import { ternaryWeights } from '#core/passes/ternary-weights';
import { weightQuantization } from '#core/passes/weight-quantization';
import fc from '../../properties';
import { applyPass, denseModel, kernelOf, tensor } from './helpers';

const SAME = { outer: 'same' };
const WEIGHTS = tensor([4, 2], [1, -0.1, -2, 0.3, 0.2, -0.5, 3, 0.1]);

describe('ternary weights', () => {
  it('are 0 below 0.7 of the mean magnitude, and the mean of the others', async () => {
    // Mean 0.9, threshold 0.63: 1, 2 and 3 are left, mean 2.
    const { model, report } = await applyPass(ternaryWeights, denseModel(WEIGHTS), SAME);
    expect([...kernelOf(model, 'd1').data]).toEqual([2, 0, -2, 0, 0, 0, 2, 0]);
    expect(kernelOf(model, 'd1').encoding.values).toMatchObject({
      kind: 'grid',
      bits: 2,
      qMin: -1,
      qMax: 1,
      axis: null,
    });
    expect(report.notes.map(({ en }) => en)).toContain('62.5 % of the ternary weights are zero.');
  });

  it('keep a weight just above 0.7 of the mean', async () => {
    // Mean 1.
    const { model } = await applyPass(ternaryWeights, denseModel(tensor([2, 2], [0.72, -2, 1, 0.28])), SAME);
    const step = (0.72 + 2 + 1) / 3;
    for (const [i, sign] of [1, -1, 1, 0].entries()) expect(kernelOf(model, 'd1').data[i]).toBeCloseTo(sign * step, 6);
  });

  it('have a threshold and a step for each channel where asked', async () => {
    // Channel 1: mean 0.25, threshold 0.175: 0.3 and 0.5, mean 0.4. Channel 0: mean 1.55, threshold 1.085: 2 and 3.
    const { model } = await applyPass(ternaryWeights, denseModel(WEIGHTS), { ...SAME, granularity: 'channel' });
    const expected = [0, 0, -2.5, 0.4, 0, -0.4, 2.5, 0];
    for (const [i, w] of kernelOf(model, 'd1').data.entries()) expect(w).toBeCloseTo(expected[i] as number, 6);
  });

  it('leave the first and the last layer at 8 bits by default, and say so', async () => {
    const square = tensor([2, 2], [1, -2, 3, 0.5]);
    const model = denseModel(WEIGHTS, square, tensor([2, 2], [1, 2, 3, 4]));
    const { model: ternary, report } = await applyPass(ternaryWeights, model);
    const bits = ['d1', 'd2', 'd3'].map((name) => (kernelOf(ternary, name).encoding.values as GridValues).bits);
    expect(bits).toEqual([8, 2, 8]);
    expect(report.notes[0]?.en).toBe('First and last layer: 8 bits (d1, d3).');
    const alone = await applyPass(ternaryWeights, denseModel(WEIGHTS));
    expect(alone.report.notes.map(({ en }) => en).join()).toContain('Like the others');
  });
});

describe('binary weights', () => {
  it('are the sign times the mean magnitude of their filter; 0 counts as positive', async () => {
    const { model } = await applyPass(binaryWeights, denseModel(tensor([2, 2], [1, -3, -2, 0])), SAME);
    expect([...kernelOf(model, 'd1').data]).toEqual([1.5, -1.5, -1.5, 1.5]);
    expect((kernelOf(model, 'd1').encoding.values as BinaryValues).scale).toEqual(Float32Array.of(1.5, 1.5));
    const whole = await applyPass(binaryWeights, denseModel(tensor([2, 2], [1, -3, -2, 0])), {
      ...SAME,
      granularity: 'tensor',
    });
    expect(kernelOf(whole.model, 'd1').encoding.values).toEqual({
      kind: 'binary',
      scale: Float32Array.of(1.5),
      axis: null,
    });
  });

  it('refuse pruned weights, and a filter of zeros stays next to nothing', async () => {
    const { model } = await applyPass(magnitudePruning, denseModel(WEIGHTS), { sparsity: 0.5 });
    await expect(applyPass(binaryWeights, model, SAME)).rejects.toBeInstanceOf(PassError);
    const zeros = await applyPass(binaryWeights, denseModel(tensor([2, 1], [0, 0])), SAME);
    expect(Math.abs(kernelOf(zeros.model, 'd1').data[0] as number)).toBeLessThan(1e-30);
  });

  it('become a grid with 0 on it when they are pruned afterwards', async () => {
    const binary = (await applyPass(binaryWeights, denseModel(tensor([2, 2], [1, -3, -2, 4])), SAME)).model;
    const { model } = await applyPass(magnitudePruning, binary, { sparsity: 0.5, importance: 'magnitude' });
    expect(kernelOf(model, 'd1').encoding.values).toMatchObject({ kind: 'grid', bits: 2, qMin: -1, qMax: 1 });
  });
});

describe('half precision', () => {
  it('rounds to 11 bits, and leaves grids, and what is too large, alone', async () => {
    const { model, report } = await applyPass(halfPrecision, denseModel(tensor([1, 3], [0.1, 1 / 3, 70_000])));
    expect(kernelOf(model, 'd1').encoding.values.kind).toBe('dense');
    expect(report.notes[1]?.en).toContain('65,504');
    const small = (await applyPass(halfPrecision, denseModel(tensor([1, 2], [0.1, 1 / 3])))).model;
    expect([...kernelOf(small, 'd1').data]).toEqual([0.0999755859375, 0.333251953125]);
    const { model: grid } = await applyPass(weightQuantization, denseModel(WEIGHTS), { bits: 4 });
    expect((await applyPass(halfPrecision, grid)).model.layers).toEqual(grid.layers);
  });
});

describe('whatever the weights', () => {
  const values = fc.array(
    fc.integer({ min: -1e5, max: 1e5 }).map((n) => n / 1e4),
    { minLength: 12, maxLength: 12 },
  );
  const kernel = (weights: readonly number[]) => denseModel(tensor([4, 3], weights));

  it('the min-max step of a channel is never above that of the tensor', () => {
    fc.assert(
      fc.property(values, fc.integer({ min: 2, max: 16 }), fc.boolean(), (weights, bits, symmetric) => {
        const codes = codesFor(bits, symmetric);
        const all = Float32Array.from(weights);
        const whole = gridFor(spreadOf(all), codes, 'full').scale;
        for (let c = 0; c < 3; c++) {
          const channel = all.filter((_, i) => i % 3 === c);
          if (channel.some((w) => w !== 0))
            expect(gridFor(spreadOf(channel), codes, 'full').scale).toBeLessThanOrEqual(whole);
        }
      }),
    );
  });

  it('rounding what is rounded changes nothing, at any width, range and spacing', async () => {
    await fc.assert(
      fc.asyncProperty(
        values,
        fc.integer({ min: 2, max: 16 }),
        fc.boolean(),
        fc.constantFrom('bits', 'scale'),
        fc.constantFrom('even', 'away'),
        fc.constantFrom('full', 'error', 'p999', 'entropy'),
        async (weights, bits, symmetric, by, ties, range) => {
          const settings = { bits, symmetric, by, ties, range, scale: 0.05 };
          const once = (await applyPass(weightQuantization, kernel(weights), settings)).model;
          const { data, shape, encoding } = kernelOf(once, 'd1');
          // As plain numbers they are rounded again, over their own full range: they are on the same steps.
          const { scale, zeroPoint } = encoding.values as GridValues;
          const again = denseModel(tensor(shape, [...data], encoding));
          const twice = (await applyPass(weightQuantization, again, settings)).model;
          expect([...kernelOf(twice, 'd1').data]).toEqual([...data]);
          expect(
            data.every((w) => Math.abs(w / (scale[0] as number) - Math.round(w / (scale[0] as number))) < 0.02),
          ).toBe(true);
          expect(Math.abs(zeroPoint[0] as number)).toBeLessThanOrEqual(65_535);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('16 bits change next to nothing: 80 dB and more', async () => {
    const weights = Array.from({ length: 600 }, (_, i) => Math.sin(i * 1.7) * Math.cos(i * i));
    for (const symmetric of [true, false]) {
      const { model } = await applyPass(weightQuantization, denseModel(tensor([30, 20], weights)), {
        bits: 16,
        symmetric,
        range: 'full',
      });
      expect(signalToNoise(weights, kernelOf(model, 'd1').data)).toBeGreaterThan(80);
    }
  });

  it('a bit more is about 6 dB', async () => {
    const weights = Array.from({ length: 6000 }, (_, i) => Math.sin(i * i * 0.37) * 0.9);
    const noise = await Promise.all(
      [6, 7, 8].map(async (bits) => {
        const { model } = await applyPass(weightQuantization, denseModel(tensor([60, 100], weights)), { bits });
        return signalToNoise(weights, kernelOf(model, 'd1').data);
      }),
    );
    for (let i = 1; i < noise.length; i++) {
      expect((noise[i] as number) - (noise[i - 1] as number)).toBeGreaterThan(5);
      expect((noise[i] as number) - (noise[i - 1] as number)).toBeLessThan(7);
    }
  });
});

describe('a typed spacing', () => {
  it('takes the bits that the largest weight needs: 2.5 in steps of 0.5 is 5, so 4 bits', async () => {
    const { model, report } = await applyPass(weightQuantization, denseModel(tensor([1, 3], [2.5, -0.3, 0.2])), {
      by: 'scale',
      scale: 0.5,
    });
    expect([...kernelOf(model, 'd1').data]).toEqual([2.5, -0.5, 0]);
    expect((kernelOf(model, 'd1').encoding.values as GridValues).bits).toBe(4);
    expect(report.notes.at(-1)?.en).toBe('d1 needs 4 bits at this spacing.');
    const far = await applyPass(weightQuantization, denseModel(tensor([1, 2], [100, 1])), {
      by: 'scale',
      scale: 0.001,
    });
    expect(far.report.notes.at(-1)?.en).toContain('more than 16 bits');
    expect(kernelOf(far.model, 'd1').data[0]).toBeCloseTo(32.767, 4);
  });

  it('rounds ties away from zero where asked', async () => {
    const halves = denseModel(tensor([1, 4], [0.5, 1.5, -0.5, -2.5]));
    const settings = { by: 'scale', scale: 1 };
    expect([...kernelOf((await applyPass(weightQuantization, halves, settings)).model, 'd1').data]).toEqual([
      0, 2, 0, -2,
    ]);
    const away = await applyPass(weightQuantization, halves, { ...settings, ties: 'away' });
    expect([...kernelOf(away.model, 'd1').data]).toEqual([1, 2, -1, -3]);
  });
});

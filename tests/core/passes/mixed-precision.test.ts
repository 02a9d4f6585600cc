/** Bits shared out among layers whose losses are given, and adaptive rounding as a pass. */
import { describe, expect, it } from 'vitest';
import type { GridValues } from '#core/model/encoding';
import type { Model } from '#core/model/model';
import { adaptiveRounding } from '#core/passes/adaptive-rounding';
import { mixedPrecision } from '#core/passes/mixed-precision';
import { weightQuantization } from '#core/passes/weight-quantization';
import { captureContext, judging } from './captures';
import { applyPass, denseModel, kernelOf, tensor } from './helpers';

const bitsOf = (model: Model): number[] =>
  model.layers.flatMap((layer) =>
    layer.kind === 'dense' ? [(kernelOf(model, layer.name).encoding.values as GridValues).bits ?? 32] : [],
  );
const square = (seed: number): ReturnType<typeof tensor> =>
  tensor(
    [4, 4],
    Array.from({ length: 16 }, (_, i) => Math.sin(seed + i * 1.3)),
  );
const grown = (seed: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => Math.sin(seed + i * 1.3));
const THREE = denseModel(square(1), square(2), square(3));

describe('mixed precision', () => {
  it('gives bits to the layer that needs them, within the budget', async () => {
    // d2 loses 10 % at fewer than 6 bits, the others nothing at any.
    const context = judging((model) => ((bitsOf(model)[1] as number) < 6 ? 0.8 : 0.9));
    const { model, report } = await applyPass(mixedPrecision, THREE, { bits: 3.4 }, context);
    expect(bitsOf(model)).toEqual([2, 6, 2]);
    expect(report.notes[0]?.en).toContain('Bits: d1 2, d2 6, d3 2. On average 3.33');
    const wide = await applyPass(mixedPrecision, THREE, { bits: 8 }, context);
    expect(bitsOf(wide.model)).toEqual([8, 8, 8]);
    const narrow = await applyPass(mixedPrecision, THREE, { bits: 2 }, context);
    expect(bitsOf(narrow.model)).toEqual([2, 2, 2]);
  });

  it('takes its budget in kilobytes of weights too, and says where that cannot be', async () => {
    // 160 weights in all: 2 bits are 40 bytes, 5 bits 100 bytes, which is 0.1 kB.
    const large = denseModel(tensor([8, 10], grown(1, 80)), tensor([10, 8], grown(2, 80)));
    const { model, report } = await applyPass(mixedPrecision, large, { budget: 'size', kilobytes: 0.1, by: 'noise' });
    expect(bitsOf(model)).toEqual([5, 5]);
    expect(report.notes.map(({ en }) => en).join(' ')).not.toContain('too small');
    // 1,200 weights: 2 bits are 300 bytes.
    const larger = denseModel(tensor([20, 30], grown(1, 600)), tensor([30, 20], grown(2, 600)));
    const none = await applyPass(mixedPrecision, larger, { budget: 'size', kilobytes: 0.2, by: 'noise' });
    expect(bitsOf(none.model)).toEqual([2, 2]);
    expect(none.report.notes.map(({ en }) => en)).toContain(
      'The budget of 0.2 kB is too small: with 2 bits everywhere it is 0.3 kB. Prune or narrow the model first.',
    );
  });

  it('tells a budget that is a little too small apart from what is needed', async () => {
    const tooSmall = async (weights: number, kilobytes: number) => {
      const wide = denseModel(tensor([1, weights], grown(1, weights)));
      const { report } = await applyPass(mixedPrecision, wide, { budget: 'size', kilobytes, by: 'noise' });
      return report.notes.map(({ en }) => en).join(' ');
    };
    // 2 bits each: 416 weights are 104 bytes, 401 weights 100.25 bytes, 8,080 weights 2,020 bytes.
    expect(await tooSmall(416, 0.1)).toContain(
      'The budget of 0.1 kB is too small: with 2 bits everywhere it is 0.104 kB',
    );
    expect(await tooSmall(416, 0.1)).toContain('0.104 kB before packing');
    expect(await tooSmall(401, 0.1)).toContain(
      'budget of 0.1000 kB is too small: with 2 bits everywhere it is 0.1003 kB',
    );
    expect(await tooSmall(8080, 2)).toContain('budget of 2.00 kB is too small: with 2 bits everywhere it is 2.02 kB');
    expect(await tooSmall(400, 0.1)).not.toContain('too small');
  });

  it('never goes over the budget, and asks for no data when it goes by noise', async () => {
    for (const bits of [2, 2.7, 3.9, 5.2, 7]) {
      const { model } = await applyPass(mixedPrecision, THREE, { bits, by: 'noise' });
      const mean = bitsOf(model).reduce((sum, one) => sum + one, 0) / 3;
      expect(mean).toBeLessThanOrEqual(bits);
      expect(mean).toBeGreaterThan(bits - 1.01);
    }
  });
});

describe('adaptive rounding', () => {
  const one = denseModel(tensor([4, 1], [0.3, 0.45, 0.4, 4.2]));
  const rows = Array.from({ length: 16 }, (_, i) => [i / 16, i / 16, i / 16, 0]).flat();
  const { context } = captureContext([{ images: 16, values: { 'd1 input': rows } }]);

  it('keeps the sum where all inputs come together, which rounding to nearest does not', async () => {
    // 4.2 / 3 steps of 1.4 at 3 bits: 0.3, 0.45 and 0.4 are all rounded to 0, but 1.15 is nearer to one step of 1.4.
    const values = { bits: 3, range: 'full', iterations: 1000 };
    const nearest = await applyPass(weightQuantization, one, values);
    expect([...kernelOf(nearest.model, 'd1').data.subarray(0, 3)]).toEqual([0, 0, 0]);
    const { model, report } = await applyPass(adaptiveRounding, one, values, context);
    const step = (kernelOf(model, 'd1').encoding.values as GridValues).scale[0] as number;
    expect(kernelOf(model, 'd1').data.reduce((sum, w) => sum + w, 0)).toBeCloseTo(step + 4.2, 5);
    expect(report.notes[0]?.en).toContain('% less from the original');
  });

  it('stops when it is told to', async () => {
    const stop = new Error('stopped');
    let asked = 0;
    const signal = {
      aborted: false,
      throwIfAborted: () => {
        asked++;
        if (asked > 2) throw stop;
      },
    };
    await expect(applyPass(adaptiveRounding, one, {}, { ...context, signal })).rejects.toBe(stop);
  });
});

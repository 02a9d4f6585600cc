/** Weight quantization on weights worked by hand: codes, channels, zero points, masks, and what it consumes. */
import { describe, expect, it } from 'vitest';
import { lostNotes } from '#core/effects';
import { codesOf, type GridValues } from '#core/model/encoding';
import type { Layer } from '#core/model/layers';
import { defaultsOf } from '#core/params';
import { weightQuantization } from '#core/passes/weight-quantization';
import { applyPass, denseModel, kernelOf, modelOf, tensor } from './helpers';

const FULL = { range: 'full' };
const gridOf = (model: Parameters<typeof kernelOf>[0], name: string): GridValues =>
  kernelOf(model, name).encoding.values as GridValues;

describe('weight quantization', () => {
  it('says in its formula what every letter of it is', () => {
    const values = { ...defaultsOf(weightQuantization.params), bits: 4 } as const;
    expect(weightQuantization.formula(values)).toBe(
      'w′ = s · clamp(round(w / s), −7, 7),   s = c / 7\nc = t · max |w|,   t = argmin Σ (w − w′)²,   0.1 ≤ t ≤ 1',
    );
    expect(weightQuantization.formula({ ...values, symmetric: false, range: 'p999' })).toMatchObject({
      en:
        'w′ = s · (clamp(round(w / s) + z, 0, 15) − z),   s = (b − a) / 15,   z = round(−a / s)\n' +
        'a, b = the 0.05 % and 99.95 % quantiles of w',
    });
  });

  it('rounds half to even on +-127 steps', async () => {
    const model = denseModel(tensor([2, 3], [127, -127, 0.5, 1.5, -2.5, 64.2]));
    const { model: quantized } = await applyPass(weightQuantization, model, { bits: 8, ...FULL });
    expect([...kernelOf(quantized, 'd1').data]).toEqual([127, -127, 0, 2, -2, 64]);
    expect(gridOf(quantized, 'd1')).toEqual({
      kind: 'grid',
      bits: 8,
      qMin: -127,
      qMax: 127,
      scale: Float32Array.from([1]),
      zeroPoint: Int32Array.from([0]),
      axis: null,
      symmetric: true,
    });
  });

  it('is ternary at 2 bits', async () => {
    const { model } = await applyPass(weightQuantization, denseModel(tensor([1, 4], [3, -1, 1.6, -2])), {
      bits: 2,
      ...FULL,
    });
    expect([...kernelOf(model, 'd1').data]).toEqual([3, 0, 3, -3]);
  });

  it('has an integer zero point where it is not symmetric', async () => {
    const { model } = await applyPass(weightQuantization, denseModel(tensor([1, 4], [-1, 2, 0.2, 1.4])), {
      bits: 2,
      symmetric: false,
      ...FULL,
    });
    expect([...kernelOf(model, 'd1').data]).toEqual([-1, 2, 0, 1]);
    expect(gridOf(model, 'd1')).toMatchObject({ qMin: 0, qMax: 3, zeroPoint: Int32Array.from([1]), symmetric: false });
    expect([...codesOf(kernelOf(model, 'd1').data, [1, 4], kernelOf(model, 'd1').encoding)]).toEqual([0, 3, 1, 2]);
  });

  it('gives each output of a dense layer its own grid', async () => {
    const { model } = await applyPass(weightQuantization, denseModel(tensor([2, 2], [1, 100, 0.4, -60])), {
      bits: 2,
      granularity: 'channel',
      ...FULL,
    });
    expect([...kernelOf(model, 'd1').data]).toEqual([1, 100, 0, -100]);
    expect(gridOf(model, 'd1')).toMatchObject({ axis: 1, scale: Float32Array.from([1, 100]) });
  });

  it('takes axis 3 of a convolution and axis 2 of a depthwise one', async () => {
    const plain = { strides: [1, 1], padding: 'valid', dilation: [1, 1], activation: { fn: 'linear' } } as const;
    const conv = tensor([1, 1, 2, 2], [1, 8, 3, 2]);
    const depthwise = tensor([1, 1, 2, 2], [1, 4, 9, 5]);
    const layers: Layer[] = [
      { kind: 'input', name: 'in', inputs: [], shape: [1, 1, 2] },
      { kind: 'conv2d', name: 'c', inputs: ['in'], kernel: conv.id, ...plain },
      { kind: 'depthwiseConv2d', name: 'w', inputs: ['c'], kernel: depthwise.id, ...plain },
    ];
    const { model, report } = await applyPass(weightQuantization, modelOf(layers, [conv, depthwise]), {
      bits: 2,
      granularity: 'channel',
      ...FULL,
    });
    expect(gridOf(model, 'c')).toMatchObject({ axis: 3, scale: Float32Array.from([3, 8]) });
    expect(gridOf(model, 'w')).toMatchObject({ axis: 2, scale: Float32Array.from([4, 9]) });
    expect([...kernelOf(model, 'w').data]).toEqual([0, 4, 9, 9]);
    expect(report.notes.map((note) => note.en)).toContain(
      'In depthwise layers with a multiplier, the outputs of one input channel share a grid.',
    );
  });

  it('keeps a mask, and pruned weights exactly 0', async () => {
    const mask = Uint8Array.from([0, 1, 1, 0]);
    for (const symmetric of [true, false]) {
      const model = denseModel(tensor([1, 4], [0, 3, 5, 0], { mask, values: { kind: 'dense' } }));
      const { model: quantized } = await applyPass(weightQuantization, model, { bits: 3, symmetric });
      const { data, encoding } = kernelOf(quantized, 'd1');
      expect(encoding.mask).toEqual(mask);
      expect([data[0], data[3]]).toEqual([0, 0]);
    }
  });

  it('errs less with the range of least error than with the full one, where there is an outlier', async () => {
    const weights = Array.from({ length: 64 }, (_, i) => Math.sin(i * 12.9898) * 0.1);
    weights[7] = 1.5;
    const model = denseModel(tensor([8, 8], weights));
    const errors = await Promise.all(
      ['full', 'error'].map(async (range) => {
        const { model: quantized } = await applyPass(weightQuantization, model, { bits: 3, range });
        return kernelOf(quantized, 'd1').data.reduce((sum, x, i) => sum + (x - (weights[i] as number)) ** 2, 0);
      }),
    );
    expect(errors[1]).toBeLessThanOrEqual(errors[0] as number);
    const wide = await applyPass(weightQuantization, model, { bits: 12, range: 'error' });
    expect(kernelOf(wide.model, 'd1').data.every((x, i) => Math.abs(x - (weights[i] as number)) < 4e-4)).toBe(true);
  });

  it('consumes codebooks and other grids and says so; the same grid stays the same tensor', async () => {
    const shared = tensor([1, 3], [1, 2, 2], { values: { kind: 'codebook', centroids: Float32Array.from([1, 2]) } });
    const first = await applyPass(weightQuantization, denseModel(shared), { bits: 8 });
    expect(lostNotes(denseModel(shared), first.model, weightQuantization.effects)[0]?.en).toMatch(
      /^No longer of shared values: d1\. A weight lies on one grid/,
    );
    const again = await applyPass(weightQuantization, first.model, { bits: 8 });
    expect(kernelOf(again.model, 'd1')).toBe(kernelOf(first.model, 'd1'));
    const coarser = await applyPass(weightQuantization, first.model, { bits: 2 });
    expect(coarser.report.notes[0]?.en).toContain('rounded again');
    expect(gridOf(coarser.model, 'd1').bits).toBe(2);
  });

  it('stores codes that decode to the same values, at every width', async () => {
    const weights = Array.from({ length: 60 }, (_, i) => Math.tan(i) * 0.01);
    for (const symmetric of [true, false]) {
      for (let bits = 2; bits <= 16; bits++) {
        const { model } = await applyPass(weightQuantization, denseModel(tensor([6, 10], weights)), {
          bits,
          symmetric,
        });
        const { data, shape, encoding } = kernelOf(model, 'd1');
        const { scale, zeroPoint, qMin, qMax } = gridOf(model, 'd1');
        const codes = codesOf(data, shape, encoding);
        codes.forEach((q, i) => {
          expect(q).toBeGreaterThanOrEqual(qMin);
          expect(q).toBeLessThanOrEqual(qMax);
          expect(Math.fround((scale[0] as number) * (q - (zeroPoint[0] as number)))).toBe(data[i]);
        });
      }
    }
  });
});

/** Quantized weights, by numbers worked by hand. */
import { describe, expect, it } from 'vitest';
import type { GridValues } from '#core/model/encoding';
import type { Tensor } from '#core/model/model';
import { makeTensor } from '#core/model/tensor';
import { fromHalf } from '#core/numeric/half';
import { decodeGrid, perTensorGrid, storedGrid, writtenAsFloats } from '#formats/tfjs-layers/grids';
import { denseModel } from '../../core/passes/helpers';

const grid = (values: Partial<GridValues>): GridValues => ({
  kind: 'grid',
  bits: 8,
  qMin: -127,
  qMax: 127,
  scale: Float32Array.of(0.5),
  zeroPoint: Int32Array.of(0),
  axis: null,
  symmetric: true,
  ...values,
});

describe('storedGrid', () => {
  it('shifts codes to unsigned ones: w = 0.5 u - 63.5', () => {
    const stored = storedGrid(makeTensor([4], Float32Array.of(-63.5, 0, 0.5, 63.5), { values: grid({}) }));
    expect(stored?.quantization).toEqual({ dtype: 'uint8', scale: 0.5, min: -63.5 });
    expect([...(stored?.bytes ?? [])]).toEqual([0, 127, 128, 254]);
  });
  it('stores 16 bits in two bytes, low byte first', () => {
    const values = grid({ bits: 16, qMin: 0, qMax: 65_535, zeroPoint: Int32Array.of(256), symmetric: false });
    const stored = storedGrid(makeTensor([3], Float32Array.of(-128, 0, 0.5), { values }));
    expect(stored?.quantization).toEqual({ dtype: 'uint16', scale: 0.5, min: -128 });
    expect([...(stored?.bytes ?? [])]).toEqual([0, 0, 0, 1, 1, 1]);
  });
  it('gives the very float32 values that TensorFlow.js decodes, for scales that are no round numbers', () => {
    for (const scale of [0.1, 1 / 3, 7.7e-5, 1234.567]) {
      const step = Math.fround(scale);
      const data = Float32Array.from({ length: 255 }, (_, i) => step * (i - 127));
      const stored = storedGrid(makeTensor([255], data, { values: grid({ scale: Float32Array.of(step) }) }));
      const { quantization, bytes } = stored as NonNullable<typeof stored>;
      const theirs = Float32Array.from(bytes, (u) => u * quantization.scale + quantization.min);
      expect(theirs).toEqual(data);
      expect(theirs[127]).toBe(0);
    }
  });
  it('is null for values off the grid, for channels and for plain numbers', () => {
    expect(storedGrid(makeTensor([1], Float32Array.of(0.3), { values: grid({}) }))).toBeNull();
    expect(
      storedGrid(
        makeTensor([1, 2], Float32Array.of(0, 0), {
          values: grid({ axis: 1, scale: Float32Array.of(1, 2), zeroPoint: Int32Array.of(0, 0) }),
        }),
      ),
    ).toBeNull();
    expect(storedGrid(makeTensor([1], Float32Array.of(0)))).toBeNull();
  });
});

describe('decodeGrid', () => {
  it('finds the zero point where min is a whole number of steps', () => {
    const { data, encoding, difference } = decodeGrid(Uint8Array.of(0, 3, 255), {
      dtype: 'uint8',
      scale: 0.25,
      min: -0.75,
    });
    expect([...data]).toEqual([-0.75, 0, 63]);
    expect(difference).toBe(0);
    expect(encoding.values).toMatchObject({ kind: 'grid', bits: 8, qMin: 0, qMax: 255, axis: null });
    expect(encoding.values.kind === 'grid' && encoding.values.zeroPoint[0]).toBe(3);
  });
  it('stays dense, with TensorFlow.js own values, where zero is not on the grid', () => {
    for (const min of [0.5, -0.6, -1000]) {
      const { data, encoding } = decodeGrid(Uint8Array.of(0, 1), { dtype: 'uint8', scale: 0.25, min });
      expect(encoding.values.kind).toBe('dense');
      expect(data).toEqual(Float32Array.of(min, 0.25 + min));
    }
  });
});

describe('perTensorGrid', () => {
  it('symmetric: the largest magnitude is the last step, zero is zero', () => {
    const { data, values } = perTensorGrid(Float32Array.of(-1.27, 0, 0.004, 0.5), grid({ axis: 0 }));
    expect(values).toMatchObject({ qMin: -127, qMax: 127, axis: null, symmetric: true });
    expect(values.scale[0]).toBeCloseTo(0.01, 8);
    expect(data[1]).toBe(0);
    expect(data[2]).toBe(0);
    expect(data[3]).toBeCloseTo(0.5, 6);
  });
  it('asymmetric at 2 bits: four levels with zero among them', () => {
    const { data, values } = perTensorGrid(Float32Array.of(-1, 0, 0.9, 2), grid({ bits: 2, symmetric: false }));
    expect(values).toMatchObject({ qMin: 0, qMax: 3 });
    expect([...data]).toEqual([-1, 0, 1, 2]);
  });
  it('keeps a tensor of zeros', () => {
    expect([...perTensorGrid(new Float32Array(3), grid({})).data]).toEqual([0, 0, 0]);
  });
});

describe('writtenAsFloats', () => {
  const channels = { scale: Float32Array.of(0.5, 1), zeroPoint: Int32Array.of(0, 0), axis: 1 };
  const held = {
    grid: makeTensor([1, 2], Float32Array.of(0.5, 1), { values: grid({}) }),
    perChannel: makeTensor([1, 2], Float32Array.of(0.5, 1), { values: grid(channels) }),
    codebook: makeTensor([2, 2], Float32Array.of(1, 2, 1, 2), {
      values: { kind: 'codebook', centroids: Float32Array.of(1, 2) },
    }),
    sign: makeTensor([1, 2], Float32Array.of(1, -1), {
      values: { kind: 'binary', scale: Float32Array.of(1), axis: null },
    }),
    signs: makeTensor([1, 2], Float32Array.of(1, -2), {
      values: { kind: 'binary', scale: Float32Array.of(1, 2), axis: 1 },
    }),
  };
  const of = (...tensors: readonly Tensor[]) => writtenAsFloats(denseModel(...tensors));

  it('names what the file has no words for, that with the most values where there are several', () => {
    expect(of(held.grid, held.sign)).toBeNull();
    expect(of(held.grid, held.perChannel)).toBe('perChannel');
    expect(of(held.perChannel, held.codebook)).toBe('codebooks');
    expect(of(held.signs)).toBe('signs');
  });
});

describe('fromHalf', () => {
  it('decodes the corners of half precision', () => {
    expect([0x0000, 0x3c00, 0xc000, 0x7bff, 0x0001, 0x0400, 0x3555].map(fromHalf)).toEqual([
      0,
      1,
      -2,
      65504,
      2 ** -24,
      2 ** -14,
      0.333251953125,
    ]);
    expect(fromHalf(0x7c00)).toBe(Number.POSITIVE_INFINITY);
    expect(Number.isNaN(fromHalf(0x7e00))).toBe(true);
  });
});

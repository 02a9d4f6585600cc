/**
 * Between TensorFlow.js' quantized weights and our grids. TensorFlow.js stores unsigned integers u and decodes them as
 * float32(u * scale + min), in double precision. With a float32 scale and min = -zeroPoint * scale both products are
 * exact in a double, so our float32(scale * (q - zeroPoint)) is the same number to the last bit, and zero stays zero.
 */
import { codesOf, DENSE, type Encoding, type GridValues, signGrid } from '#core/model/encoding';
import { tensorsOf } from '#core/model/layers';
import type { Model, Tensor } from '#core/model/model';
import { littleEndian } from '#formats/floats';

export interface Quantization {
  readonly dtype: 'uint8' | 'uint16';
  readonly scale: number;
  readonly min: number;
}

/** How half precision is named in a manifest. */
export interface HalfPrecision {
  readonly dtype: 'float16';
}

/** The stored form of halves. */
export function storedHalf(tensor: Tensor): { readonly quantization: HalfPrecision; readonly bytes: Uint8Array } {
  const bits = Uint16Array.from(codesOf(tensor.data, tensor.shape, tensor.encoding));
  return { quantization: { dtype: 'float16' }, bytes: littleEndian(bits) };
}

/** The stored form of a per-tensor grid or of two signs, or null where the values are not exactly on it. */
export function storedGrid(tensor: Tensor): { readonly quantization: Quantization; readonly bytes: Uint8Array } | null {
  const values = tensor.encoding.values.kind === 'binary' ? signGrid(tensor.encoding.values) : tensor.encoding.values;
  if (values.kind !== 'grid' || values.axis !== null || values.scale.length !== 1) return null;
  const span = values.qMax - values.qMin;
  if (span > 65_535) return null;
  const dtype = span <= 255 ? 'uint8' : 'uint16';
  const scale = values.scale[0] as number;
  const zero = (values.zeroPoint[0] as number) - values.qMin;
  // 0 - x: the minimum of a grid that starts at zero is 0, not -0.
  const min = 0 - zero * scale;
  const codes = codesOf(tensor.data, tensor.shape, { values });
  const stored = dtype === 'uint8' ? new Uint8Array(codes.length) : new Uint16Array(codes.length);
  for (let i = 0; i < codes.length; i++) {
    const u = (codes[i] as number) - values.qMin;
    if (Math.fround(u * scale + min) !== tensor.data[i]) return null;
    stored[i] = u;
  }
  return { quantization: { dtype, scale, min }, bytes: littleEndian(stored) };
}

/** A per-channel grid made per tensor at the same bits: range from the data with zero in it, zero exactly on it. */
export function perTensorGrid(
  data: Float32Array,
  { bits, symmetric }: GridValues,
): { readonly data: Float32Array; readonly values: GridValues } {
  let low = 0;
  let high = 0;
  for (const value of data) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const half = 2 ** (bits - 1) - 1;
  const [qMin, qMax] = symmetric ? [-half, half] : [0, 2 ** bits - 1];
  const wanted = symmetric ? Math.max(-low, high) / half : (high - low) / (qMax - qMin);
  const scale = Math.fround(wanted) > 0 ? Math.fround(wanted) : 1;
  const zero = symmetric ? 0 : Math.min(qMax, Math.max(qMin, Math.round(-low / scale)));
  const values: GridValues = {
    kind: 'grid',
    bits,
    qMin,
    qMax,
    scale: Float32Array.of(scale),
    zeroPoint: Int32Array.of(zero),
    axis: null,
    symmetric,
  };
  const codes = codesOf(data, [data.length], { values });
  return { data: Float32Array.from(codes, (q) => scale * (q - zero)), values };
}

/**
 * Decodes stored integers. Where min is a whole number of steps from zero the result is a grid, with values that differ
 * from TensorFlow.js' by float32 rounding at most (`difference`); otherwise the values are TensorFlow.js' own, dense.
 */
export function decodeGrid(
  stored: Uint8Array | Uint16Array,
  { dtype, scale, min }: Quantization,
): { readonly data: Float32Array; readonly encoding: Encoding; readonly difference: number } {
  const data = new Float32Array(stored.length);
  let largest = 0;
  for (let i = 0; i < stored.length; i++) {
    data[i] = (stored[i] as number) * scale + min;
    largest = Math.max(largest, Math.abs(data[i] as number));
  }
  const step = Math.fround(scale);
  const zero = Math.round(-min / scale);
  const qMax = dtype === 'uint8' ? 255 : 65_535;
  if (!(step > 0) || !Number.isFinite(step) || zero < 0 || zero > qMax) return { data, encoding: DENSE, difference: 0 };
  const onGrid = new Float32Array(stored.length);
  let difference = 0;
  for (let i = 0; i < data.length; i++) {
    onGrid[i] = step * ((stored[i] as number) - zero);
    difference = Math.max(difference, Math.abs((onGrid[i] as number) - (data[i] as number)));
  }
  if (!(difference <= largest * 2.5e-7)) return { data, encoding: DENSE, difference: 0 };
  const values: GridValues = {
    kind: 'grid',
    bits: dtype === 'uint8' ? 8 : 16,
    qMin: 0,
    qMax,
    scale: Float32Array.of(step),
    zeroPoint: Int32Array.of(zero),
    axis: null,
    symmetric: false,
  };
  return { data: onGrid, encoding: { values }, difference };
}

/** What these files have no words for, so that its values stand in them as float32. */
export type AsFloats = 'perChannel' | 'codebooks' | 'signs';

/** What of a model is written as float32, exactly, though it is held in fewer bits: that with the most values; null for nothing. */
export function writtenAsFloats(model: Model): AsFloats | null {
  const values: Record<AsFloats, number> = { perChannel: 0, codebooks: 0, signs: 0 };
  for (const layer of model.layers) {
    for (const [, id] of tensorsOf(layer)) {
      const { data, encoding } = model.tensors[id] as Tensor;
      const { kind } = encoding.values;
      if (kind === 'codebook') values.codebooks += data.length;
      else if (kind === 'grid' && encoding.values.axis !== null) values.perChannel += data.length;
      else if (kind === 'binary' && encoding.values.axis !== null) values.signs += data.length;
    }
  }
  const most = (Object.keys(values) as AsFloats[]).reduce((a, b) => (values[b] > values[a] ? b : a));
  return values[most] > 0 ? most : null;
}

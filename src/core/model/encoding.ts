/**
 * What a pass achieved, written on the tensor: a pruning mask, and how the values are stored (dense, on an affine
 * grid, of two signs, in half precision, or from a codebook). Later passes keep it, metrics count it, writers store it. `Tensor.data` holds decoded
 * values, so codes are derived from data (`codesOf`), never kept twice.
 */

import { toHalf } from '#core/numeric/half';

/** Which entries survive pruning: one byte an element, 1 kept and 0 pruned (pruned values are exactly 0). */
export type Mask = Uint8Array;

/** Plain float32 values. */
export interface DenseValues {
  readonly kind: 'dense';
}

/**
 * An affine grid: w = scale * (q - zeroPoint), q an integer in [qMin, qMax].
 * `scale` and `zeroPoint` have one entry (per tensor, axis null) or one for each index along `axis` (per channel).
 */
export interface GridValues {
  readonly kind: 'grid';
  /** 2 to 16. */
  readonly bits: number;
  readonly qMin: number;
  readonly qMax: number;
  readonly scale: Float32Array;
  readonly zeroPoint: Int32Array;
  readonly axis: number | null;
  readonly symmetric: boolean;
}

/** Every value is a number of IEEE half precision exactly (`numeric/half`). */
export interface HalfValues {
  readonly kind: 'half';
}

/**
 * Every value is +scale or -scale: of the whole tensor (axis null, one scale) or of its channel along `axis`. Scales are
 * above 0. Zero is no such value, so there is no mask beside it; what is pruned out of it lies on `signGrid`.
 */
export interface BinaryValues {
  readonly kind: 'binary';
  readonly scale: Float32Array;
  readonly axis: number | null;
}

/** Weight sharing: every kept value is one of `centroids`. Zeros of a mask are no centroid. */
export interface CodebookValues {
  readonly kind: 'codebook';
  /** Sorted ascending (with `books`: within each book), 1 to 65,536 entries. */
  readonly centroids: Float32Array;
  /** One book for each index along `axis`: that of channel c is centroids[offsets[c] … offsets[c + 1] - 1], and empty only where the channel is pruned. */
  readonly books?: { readonly axis: number; readonly offsets: Int32Array };
}

export type TensorValues = DenseValues | HalfValues | GridValues | BinaryValues | CodebookValues;

export interface Encoding {
  readonly mask?: Mask;
  readonly values: TensorValues;
}

export const DENSE: Encoding = { values: { kind: 'dense' } };

/** Inner stride of `axis`: how many consecutive elements share one index along it. */
export function innerStride(shape: readonly number[], axis: number): number {
  let stride = 1;
  for (let i = axis + 1; i < shape.length; i++) stride *= shape[i] as number;
  return stride;
}

/** Rounds half to even, as ONNX QuantizeLinear does. Exact for |x| < 2^52. */
export function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest < 0.5) return floor;
  if (rest > 0.5) return floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

/** The channel along `axis` of each element: a function of its index. With axis null all are channel 0. */
export function channelOf(shape: readonly number[], axis: number | null): (index: number) => number {
  if (axis === null) return () => 0;
  const stride = innerStride(shape, axis);
  const channels = shape[axis] as number;
  return (index) => Math.floor(index / stride) % channels;
}

/** The grid of -scale, 0 and +scale that two signs lie on, with room for zeros. */
export function signGrid({ scale, axis }: BinaryValues): GridValues {
  return {
    kind: 'grid',
    bits: 2,
    qMin: -1,
    qMax: 1,
    scale,
    zeroPoint: new Int32Array(scale.length),
    axis,
    symmetric: true,
  };
}

/**
 * The integer codes of a tensor's values: grid codes q (int32), +1 and -1 of two signs, the 16 bits of halves, or
 * codebook indices (nearest centroid of the channel's book; -1 where the mask is 0). Throws for dense values, which have no codes.
 */
export function codesOf(data: Float32Array, shape: readonly number[], encoding: Encoding): Int32Array {
  const { values, mask } = encoding;
  const codes = new Int32Array(data.length);
  if (values.kind === 'grid') {
    const { scale, zeroPoint, axis, qMin, qMax } = values;
    const stride = axis === null ? data.length : innerStride(shape, axis);
    const channels = scale.length;
    for (let i = 0; i < data.length; i++) {
      const c = axis === null ? 0 : Math.floor(i / stride) % channels;
      const q = roundHalfEven((data[i] as number) / (scale[c] as number)) + (zeroPoint[c] as number);
      codes[i] = Math.min(qMax, Math.max(qMin, q));
    }
    return codes;
  }
  if (values.kind === 'codebook') {
    const { centroids, books } = values;
    const channel = channelOf(shape, books ? books.axis : null);
    const offsets = books?.offsets ?? Int32Array.of(0, centroids.length);
    for (let i = 0; i < data.length; i++) {
      const c = channel(i);
      codes[i] =
        mask && !mask[i] ? -1 : nearestCentroid(centroids, data[i] as number, offsets[c], offsets[c + 1] as number);
    }
    return codes;
  }
  if (values.kind === 'binary') return codes.map((_, i) => ((data[i] as number) < 0 ? -1 : 1));
  if (values.kind === 'half') return codes.map((_, i) => toHalf(data[i] as number));
  throw new Error('dense values have no codes');
}

/** Index of the centroid nearest to `x` (the lower of two equally near) among `centroids[begin … end - 1]`, sorted ascending. */
export function nearestCentroid(centroids: Float32Array, x: number, begin = 0, end = centroids.length): number {
  let lo = begin;
  let hi = end - 1;
  while (hi - lo > 1) {
    const mid = (lo + hi) >> 1;
    if ((centroids[mid] as number) <= x) lo = mid;
    else hi = mid;
  }
  return Math.abs((centroids[hi] as number) - x) < Math.abs((centroids[lo] as number) - x) ? hi : lo;
}

/** The codebook without the centroids that no kept value uses; where none is used one stays, so that it is not empty. */
export function usedCodebook(
  values: CodebookValues,
  data: Float32Array,
  shape: readonly number[],
  mask?: Mask,
): CodebookValues {
  const used = new Uint8Array(values.centroids.length);
  for (const code of codesOf(data, shape, mask ? { mask, values } : { values })) if (code >= 0) used[code] = 1;
  if (!used.includes(1)) used[0] = 1;
  const centroids = values.centroids.filter((_, i) => used[i]);
  if (!values.books) return { kind: 'codebook', centroids };
  const { axis, offsets } = values.books;
  const before = new Int32Array(used.length + 1);
  for (let i = 0; i < used.length; i++) before[i + 1] = (before[i] as number) + (used[i] as number);
  return { kind: 'codebook', centroids, books: { axis, offsets: offsets.map((at) => before[at] as number) } };
}

/** The codebook with other centroids in the places of the old ones, put in order again (within each book). */
export function reorderedCodebook(values: CodebookValues, centroids: Float32Array): CodebookValues {
  if (!values.books) return { kind: 'codebook', centroids: centroids.toSorted() };
  const { offsets } = values.books;
  const sorted = centroids.slice();
  for (let c = 0; c + 1 < offsets.length; c++) sorted.subarray(offsets[c], offsets[c + 1]).sort();
  return { ...values, centroids: sorted };
}

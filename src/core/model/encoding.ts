/**
 * What a pass achieved, written on the tensor: a pruning mask, and how the values are stored (dense, on an affine
 * grid, or from a codebook). Later passes keep it, metrics count it, writers store it. `Tensor.data` holds decoded
 * values, so codes are derived from data (`codesOf`), never kept twice.
 */

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

/** Weight sharing: every kept value is one of `centroids`. Zeros of a mask are no centroid. */
export interface CodebookValues {
  readonly kind: 'codebook';
  /** Sorted ascending, 1 to 65,536 entries. */
  readonly centroids: Float32Array;
}

export interface Encoding {
  readonly mask?: Mask;
  readonly values: DenseValues | GridValues | CodebookValues;
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

/**
 * The integer codes of a tensor's values: grid codes q (int32), or codebook indices (nearest centroid; -1 where the
 * mask is 0). Throws for dense values, which have no codes.
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
    const { centroids } = values;
    for (let i = 0; i < data.length; i++) {
      codes[i] = mask && !mask[i] ? -1 : nearestCentroid(centroids, data[i] as number);
    }
    return codes;
  }
  throw new Error('dense values have no codes');
}

/** Index of the centroid nearest to `x` (the lower of two equally near); `centroids` sorted ascending. */
export function nearestCentroid(centroids: Float32Array, x: number): number {
  let lo = 0;
  let hi = centroids.length - 1;
  while (hi - lo > 1) {
    const mid = (lo + hi) >> 1;
    if ((centroids[mid] as number) <= x) lo = mid;
    else hi = mid;
  }
  return Math.abs((centroids[hi] as number) - x) < Math.abs((centroids[lo] as number) - x) ? hi : lo;
}

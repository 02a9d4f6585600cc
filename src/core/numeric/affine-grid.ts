/**
 * Choosing the scale and zero point of an affine grid w = scale * (q - zero), q an integer in [qMin, qMax], for a
 * sample of values. Zero is always on the grid. The range is either the values' own, or a smaller one that has the least squared
 * error after rounding, found by trying clips of the full range (as in Choukroun et al. 2019, "Low-bit quantization of
 * neural networks for efficient inference").
 */
import { roundHalfEven } from '#core/model/encoding';

export interface Grid {
  readonly scale: number;
  readonly zero: number;
}
/** Integer codes: symmetric +-(2^(bits - 1) - 1) with zero at 0 (2 bits: -1, 0, 1), else 0 to 2^bits - 1. */
export interface Codes {
  readonly qMin: number;
  readonly qMax: number;
  readonly symmetric: boolean;
}

/** The share of the full range that each trial keeps: 1 down to 0.1 in equal ratios. */
const TRIALS = Array.from({ length: 32 }, (_, i) => 0.1 ** (i / 31));

export function codesFor(bits: number, symmetric: boolean): Codes {
  if (symmetric) {
    const qMax = 2 ** (bits - 1) - 1;
    return { qMin: -qMax, qMax, symmetric };
  }
  return { qMin: 0, qMax: 2 ** bits - 1, symmetric };
}

/** The grid that spans all values (0 included). A sample of zeros gets scale 1. Scales are float32 numbers above 0. */
export function spanningGrid(values: Float32Array, codes: Codes): Grid {
  const [low, high] = range(values);
  return gridOver(low, high, codes);
}

/** The grid with the least squared error among clips of the spanning one; the widest of equally good ones. */
export function leastErrorGrid(values: Float32Array, codes: Codes): Grid {
  const [low, high] = range(values);
  let best = gridOver(low, high, codes);
  let least = squaredError(values, best, codes);
  for (const share of TRIALS) {
    const grid = gridOver(low * share, high * share, codes);
    const error = squaredError(values, grid, codes, least);
    if (error < least) [best, least] = [grid, error];
  }
  return best;
}

/** The value on the grid that `x` becomes. */
export function snap(x: number, { scale, zero }: Grid, { qMin, qMax }: Codes): number {
  const q = roundHalfEven(x / scale) + zero;
  return scale * ((q < qMin ? qMin : q > qMax ? qMax : q) - zero);
}

function gridOver(low: number, high: number, { qMin, qMax, symmetric }: Codes): Grid {
  const span = symmetric ? Math.max(-low, high) : high - low;
  const scale = Math.fround(span / (symmetric ? qMax : qMax - qMin));
  if (!(scale > 0) || !Number.isFinite(scale)) return { scale: 1, zero: symmetric ? 0 : qMin };
  const zero = symmetric ? 0 : Math.min(qMax, Math.max(qMin, roundHalfEven(-low / scale)));
  return { scale, zero };
}

/** Smallest and largest, both stretched to include 0; NaN and infinities are left out. */
function range(values: Float32Array): readonly [number, number] {
  let low = 0;
  let high = 0;
  for (const x of values) {
    if (!Number.isFinite(x)) continue;
    if (x < low) low = x;
    if (x > high) high = x;
  }
  return [low, high];
}

/** Sum of squared differences; stops early once it is above `limit`. */
function squaredError(values: Float32Array, grid: Grid, codes: Codes, limit = Number.POSITIVE_INFINITY): number {
  let sum = 0;
  for (let begin = 0; begin < values.length && sum <= limit; begin += 256) {
    const end = Math.min(values.length, begin + 256);
    for (let i = begin; i < end; i++) {
      const x = values[i] as number;
      const difference = x - snap(x, grid, codes);
      sum += difference * difference;
    }
  }
  return sum;
}

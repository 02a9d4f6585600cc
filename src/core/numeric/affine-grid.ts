/**
 * Choosing the scale and zero point of an affine grid w = scale * (q - zero), q an integer in [qMin, qMax], for a
 * spread of values. Zero is always on the grid. The range is the values' own; or a smaller one: that of the least squared
 * error after rounding, found by trying clips of the full range (as in Choukroun et al. 2019, "Low-bit quantization of
 * neural networks for efficient inference"); that of a percentile; or that of the least loss of information.
 */
import { type Extent, extentOf, type Spread } from '#core/numeric/spread';

export interface Grid {
  readonly scale: number;
  readonly zero: number;
}
/** Integer codes: symmetric +-(2^(bits - 1) - 1) with zero at 0 (2 bits: -1, 0, 1), else 0 to 2^bits - 1. */
export interface Codes {
  readonly qMin: number;
  readonly qMax: number;
  readonly symmetric: boolean;
  /** Ties are rounded away from zero; to even by default. */
  readonly away?: boolean;
}
export type RangeMethod = 'error' | 'full' | 'p999' | 'p9999' | 'entropy';

/** The share of the full range that each trial keeps: 1 down to 0.1 in equal ratios. */
const TRIALS = Array.from({ length: 32 }, (_, i) => 0.1 ** (i / 31));

export function codesFor(bits: number, symmetric: boolean): Codes {
  if (symmetric) {
    const qMax = 2 ** (bits - 1) - 1;
    return { qMin: -qMax, qMax, symmetric };
  }
  return { qMin: 0, qMax: 2 ** bits - 1, symmetric };
}

/** The grid for values of this spread whose range is chosen so. */
export function gridFor(spread: Spread, codes: Codes, method: RangeMethod): Grid {
  switch (method) {
    case 'full':
      return gridOver(spread, codes);
    case 'error':
      return leastErrorOf(spread, codes);
    case 'p999':
      return gridOver(spread.percentile(0.999, codes.symmetric), codes);
    case 'p9999':
      return gridOver(spread.percentile(0.9999, codes.symmetric), codes);
    case 'entropy':
      return gridOver(spread.entropy(magnitudeLevels(spread, codes)), codes);
    default:
      throw method satisfies never;
  }
}

/** How many magnitudes the codes of the full range have: those of the larger side and 0. */
function magnitudeLevels({ low, high }: Extent, { qMin, qMax, symmetric }: Codes): number {
  if (symmetric) return qMax + 1;
  return Math.max(2, Math.round(((qMax - qMin) * Math.max(-low, high)) / (high - low || 1)) + 1);
}

/** The grid that spans all values (0 included). A sample of zeros gets scale 1. Scales are float32 numbers above 0. */
export function spanningGrid(values: Float32Array, codes: Codes): Grid {
  return gridOver(extentOf(values), codes);
}

/** A histogram tells the error of no more steps than this: each should be some bins wide. */
const COARSE = 1024;

/**
 * The grid of least error for all values that a spread was made from. Where they were thinned out the histogram has them all: in a
 * sample the few far out, on which the clip depends, are too many or none.
 */
function leastErrorOf(spread: Spread, codes: Codes): Grid {
  if (spread.whole || codes.qMax - codes.qMin >= COARSE) return leastErrorGrid(spread.sample, codes);
  const { middles, counts } = spread.histogram();
  return leastErrorGrid(middles, codes, spread, counts);
}

/**
 * The grid with the least squared error among clips of the spanning one; the widest of equally good ones. `counts`: how often
 * each value occurs, once by default.
 */
export function leastErrorGrid(
  values: Float32Array,
  codes: Codes,
  { low, high }: Extent = extentOf(values),
  counts?: Float64Array,
): Grid {
  let best = gridOver({ low, high }, codes);
  let least = squaredError(values, best, codes, Number.POSITIVE_INFINITY, counts);
  for (const share of TRIALS) {
    const grid = gridOver({ low: low * share, high: high * share }, codes);
    const error = squaredError(values, grid, codes, least, counts);
    if (error < least) [best, least] = [grid, error];
  }
  return best;
}

/** Adding and taking away this number rounds to an integer, half to even: the sum has no room for a fraction. For |x| < 2^51. */
const ROUND = 1.5 * 2 ** 52;

/** Writes to `to` the values on the grid that from[begin … end - 1] become. */
export function snap(
  from: Float32Array,
  to: Float32Array,
  begin: number,
  end: number,
  { scale, zero }: Grid,
  { qMin, qMax, away }: Codes,
): void {
  const low = qMin - zero;
  const high = qMax - zero;
  if (away) {
    for (let i = begin; i < end; i++) {
      const x = (from[i] as number) / scale;
      to[i] = scale * Math.max(low, Math.min(high, Math.sign(x) * Math.floor(Math.abs(x) + 0.5)));
    }
    return;
  }
  for (let i = begin; i < end; i++) {
    const q = (from[i] as number) / scale + ROUND - ROUND;
    to[i] = scale * Math.max(low, Math.min(high, q));
  }
}

function gridOver({ low, high }: Extent, { qMin, qMax, symmetric }: Codes): Grid {
  const span = symmetric ? Math.max(-low, high) : high - low;
  const scale = Math.fround(span / (symmetric ? qMax : qMax - qMin));
  if (!(scale > 0) || !Number.isFinite(scale)) return { scale: 1, zero: symmetric ? 0 : qMin };
  const zero = symmetric ? 0 : Math.min(qMax, Math.max(qMin, -low / scale + ROUND - ROUND));
  return { scale, zero };
}

/** Sum of squared differences from the values on the grid, which are float32; stops early once it is above `limit`. */
function squaredError(
  values: Float32Array,
  { scale, zero }: Grid,
  { qMin, qMax, away }: Codes,
  limit: number,
  counts: Float64Array | undefined,
): number {
  const block = 256;
  const low = qMin - zero;
  const high = qMax - zero;
  let sum = 0;
  for (let begin = 0; begin < values.length && sum <= limit; begin += block) {
    const end = Math.min(values.length, begin + block);
    for (let i = begin; i < end; i++) {
      const x = values[i] as number;
      const steps = x / scale;
      const q = away ? Math.sign(steps) * Math.floor(Math.abs(steps) + 0.5) : steps + ROUND - ROUND;
      const difference = x - Math.fround(scale * Math.max(low, Math.min(high, q)));
      sum += difference * difference * (counts ? (counts[i] as number) : 1);
    }
  }
  return sum;
}

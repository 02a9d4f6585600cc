/**
 * How values are spread, for choosing the range of a grid: their extent, a histogram, and a thinned sample. Made at once
 * from values in memory, or batch by batch where there are too many to keep (`extentOf` in a first sweep, then `gatherer`).
 */
import { quantizationThreshold } from '#core/numeric/entropy-range';

/** Bins of the histogram to each side of zero. */
export const BINS = 2048;
/** Enough values to choose a clip by. */
const SAMPLE = 8192;

export interface Extent {
  /** The least value, at most 0. */
  readonly low: number;
  /** The greatest, at least 0. */
  readonly high: number;
}

export interface Spread extends Extent {
  /** Thinned out evenly to at most 8,192 values; it holds `low` and `high`. */
  readonly sample: Float32Array;
  /** Whether the sample is all values. */
  readonly whole: boolean;
  /** How many values lie in each bin, of the bins that are not empty: their middles, ascending. Of all values, also where the sample is thinned. */
  readonly histogram: () => Histogram;
  /** The range that leaves out 1 - `share` of the values: the largest magnitudes where it is to be symmetric, else half of them at each end. */
  readonly percentile: (share: number, symmetric: boolean) => Extent;
  /** The range up to the magnitude at which so many levels of magnitude lose the least information (`numeric/entropy-range`). */
  readonly entropy: (levels: number) => Extent;
}

export interface Histogram {
  readonly middles: Float32Array;
  readonly counts: Float64Array;
}

/** Extent of finite values, stretched to hold 0; `so` is what was seen before. */
export function extentOf(values: Float32Array, so: Extent = { low: 0, high: 0 }): Extent {
  let { low, high } = so;
  for (let i = 0; i < values.length; i++) {
    const x = values[i] as number;
    if (x < low && x > Number.NEGATIVE_INFINITY) low = x;
    if (x > high && x < Number.POSITIVE_INFINITY) high = x;
  }
  return { low, high };
}

/** The spread of values in memory. */
export function spreadOf(values: Float32Array): Spread {
  const extent = extentOf(values);
  let counts: Float64Array | null = null;
  const counted = (): Float64Array => {
    counts ??= count(values, extent, new Float64Array(2 * binsFor(values.length)));
    return counts;
  };
  const sample = thinned(values, extent);
  return spread(extent, sample, sample === values, counted);
}

/**
 * Gathers a spread from batches whose extent is known from a first sweep. Of each batch every so many values enter the
 * sample: `expected` is how many values there will be in all.
 */
export function gatherer(
  extent: Extent,
  expected: number,
): { readonly add: (values: Float32Array) => void; readonly spread: () => Spread } {
  const counts = new Float64Array(2 * BINS);
  const step = Math.max(1, Math.ceil(expected / (SAMPLE - 2)));
  const sample = [extent.low, extent.high];
  let next = 0;
  return {
    add: (values) => {
      count(values, extent, counts);
      for (; next < values.length; next += step) sample.push(values[next] as number);
      next -= values.length;
    },
    spread: () => spread(extent, Float32Array.from(sample), false, () => counts),
  };
}

/** A histogram with more bins than values says nothing that the values do not. */
function binsFor(values: number): number {
  return Math.min(BINS, 2 ** Math.ceil(Math.log2(Math.max(2, values))));
}

/** Adds to counts over [-reach, reach]. */
function count(values: Float32Array, { low, high }: Extent, counts: Float64Array): Float64Array {
  const reach = Math.max(-low, high);
  const bins = counts.length / 2;
  const scale = reach > 0 ? bins / reach : 0;
  for (let i = 0; i < values.length; i++) {
    const x = values[i] as number;
    if (!Number.isFinite(x)) continue;
    const at = Math.min(2 * bins - 1, Math.max(0, Math.floor(x * scale) + bins));
    counts[at] = (counts[at] as number) + 1;
  }
  return counts;
}

function spread(extent: Extent, sample: Float32Array, whole: boolean, counts: () => Float64Array): Spread {
  const { low, high } = extent;
  const reach = Math.max(-low, high);
  const thresholds = new Map<number, number>();
  const within = (limit: number): Extent => ({ low: Math.max(low, -limit), high: Math.min(high, limit) });
  return {
    ...extent,
    sample,
    whole,
    histogram: () => {
      const all = counts();
      const used = Array.from(all.keys()).filter((bin) => all[bin]);
      const width = (2 * reach) / all.length;
      return {
        middles: Float32Array.from(used, (bin) => (bin + 0.5) * width - reach),
        counts: Float64Array.from(used, (bin) => all[bin] as number),
      };
    },
    percentile: (share, symmetric) => {
      if (reach === 0) return extent;
      if (symmetric) return within(reach * reached(magnitudes(counts()), share));
      const both = counts();
      const tail = (1 - share) / 2;
      const top = (2 * reached(both, 1 - tail) - 1) * reach;
      const bottom = (2 * reached(both.toReversed(), 1 - tail) - 1) * -reach;
      const cut = { low: Math.max(low, Math.min(0, bottom)), high: Math.min(high, Math.max(0, top)) };
      // Where nearly all values are 0, what is left is no range.
      return cut.low < cut.high ? cut : extent;
    },
    entropy: (levels) => {
      if (reach === 0) return extent;
      const folded = magnitudes(counts());
      const share = thresholds.get(levels) ?? quantizationThreshold(folded, levels);
      thresholds.set(levels, share);
      return within(reach * share);
    },
  };
}

/** Counts of |x| from counts over both sides. */
function magnitudes(counts: Float64Array): Float64Array {
  const bins = counts.length / 2;
  return Float64Array.from({ length: bins }, (_, i) => (counts[bins + i] as number) + (counts[bins - 1 - i] as number));
}

/** The share of the bins, from the first on, that hold the share of what is counted. */
function reached(counts: Float64Array, share: number): number {
  const total = counts.reduce((sum, one) => sum + one, 0);
  let sum = 0;
  for (let i = 0; i < counts.length; i++) {
    sum += counts[i] as number;
    if (sum >= share * total) return (i + 1) / counts.length;
  }
  return 1;
}

function thinned(values: Float32Array, { low, high }: Extent): Float32Array {
  if (values.length <= SAMPLE) return values;
  const step = values.length / (SAMPLE - 2);
  const sample = new Float32Array(SAMPLE);
  for (let i = 0; i < SAMPLE - 2; i++) sample[i] = values[Math.floor(i * step)] as number;
  sample[SAMPLE - 2] = low;
  sample[SAMPLE - 1] = high;
  return sample;
}

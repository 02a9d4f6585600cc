/**
 * Statistics of repeated timings. The median stands for the usual run; the 95th percentile for the slow ones. Means are
 * left out: one stall of the machine would move them.
 */
import { quantile } from '#core/numeric/quantile';

export interface Timing {
  readonly median: number;
  readonly p95: number;
  readonly runs: number;
}

/** Median and 95th percentile, in the unit of `times`. Throws RangeError where there are none. */
export function timingOf(times: readonly number[]): Timing {
  const sorted = Float64Array.from(times).sort();
  return { median: quantile(sorted, 0.5), p95: quantile(sorted, 0.95), runs: times.length };
}

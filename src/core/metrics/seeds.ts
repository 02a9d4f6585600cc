/**
 * Runs repeated over seeds: mean and sample standard deviation, and the difference of two ways of training with its 95 %
 * interval by bootstrap over images, the seeds of an image kept together (Efron 1979, percentile).
 */
import type { Estimate } from '#core/numeric/intervals';

export interface Repeated {
  readonly mean: number;
  /** Sample standard deviation (n - 1); not a number for one run. */
  readonly deviation: number;
  readonly runs: number;
}

/** Throws RangeError where there are no runs. */
export function repeated(values: readonly number[]): Repeated {
  const runs = values.length;
  if (runs === 0) throw new RangeError('no runs');
  const mean = values.reduce((sum, value) => sum + value, 0) / runs;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / (runs - 1)), runs };
}

/**
 * How much the mean accuracy rises from `before` to `after`, -1 to 1. By seed one byte an image; the same images in all,
 * as many seeds in both. Throws RangeError otherwise.
 */
export function pooledChange(
  before: readonly Uint8Array[],
  after: readonly Uint8Array[],
  random: () => number,
  draws = 2000,
): Estimate {
  const images = before[0]?.length ?? 0;
  if (images === 0 || before.length !== after.length || [...before, ...after].some(({ length }) => length !== images))
    throw new RangeError('runs that do not answer the same images cannot be paired');
  const change = Float64Array.from({ length: images }, (_, i) =>
    before.reduce((sum, run, s) => sum + ((after[s]?.[i] as number) - (run[i] as number)) / before.length, 0),
  );
  const value = change.reduce((sum, one) => sum + one, 0) / images;
  const means = Float64Array.from({ length: draws }, () => {
    let sum = 0;
    for (let i = 0; i < images; i++) sum += change[Math.floor(random() * images)] as number;
    return sum / images;
  }).sort();
  const at = (share: number): number => means[Math.round(share * (draws - 1))] as number;
  return { value, low: Math.min(value, at(0.025)), high: Math.max(value, at(0.975)) };
}

/** Medians, quantiles, and ratios with bootstrap intervals. */
import { seededRandom } from '#core/numeric/random';

/** Linear between the two nearest; `share` from 0 to 1. NaN for nothing. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = share * (sorted.length - 1);
  const low = sorted[Math.floor(at)] ?? Number.NaN;
  const high = sorted[Math.ceil(at)] ?? Number.NaN;
  return low + (high - low) * (at - Math.floor(at));
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

export interface Ratio {
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly rounds: number;
}

/**
 * The median of a / b over the rounds that both took part in, with the 95 % percentile interval of 4,000 bootstrap
 * samples of the rounds. Fixed seed: the same measurements give the same interval.
 */
export function ratioByRound(a: ReadonlyMap<number, number>, b: ReadonlyMap<number, number>): Ratio {
  const ratios = [...a].flatMap(([round, value]) => {
    const other = b.get(round);
    return other === undefined ? [] : [value / other];
  });
  const random = seededRandom(1);
  const medians = Array.from({ length: 4000 }, () =>
    median(ratios.map(() => ratios[Math.floor(random() * ratios.length)] as number)),
  );
  return {
    value: median(ratios),
    low: quantile(medians, 0.025),
    high: quantile(medians, 0.975),
    rounds: ratios.length,
  };
}

/** Mean and spread over seeds, and how much worse one thing is than another, image by image, with its interval. */
import { seededRandom } from '#core/numeric/random';
import { quantile } from '../statistics';

/** What was answered wrongly, of one seed. */
export interface Answered {
  readonly seed: number;
  readonly images: number;
  readonly errors: number;
  /** Numbers of the images. */
  readonly wrong: readonly number[];
}
/** In points of error. */
export interface Loss {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
export const spread = (values: readonly number[]): number =>
  values.length < 2
    ? Number.NaN
    : Math.sqrt(values.reduce((sum, x) => sum + (x - mean(values)) ** 2, 0) / (values.length - 1));
export const whole = (value: number): string => Math.round(value).toLocaleString('en');
export const signed = (value: number): string => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(2)}`;
export const lossWords = (loss: Loss | null): string =>
  loss ? `${signed(loss.value)} (${signed(loss.low)} to ${signed(loss.high)})` : '';

/** "0.74 ± 0.03" percent of the images wrong. */
export function errorWords(seeds: readonly Answered[]): string {
  const errors = seeds.map((one) => (100 * one.errors) / one.images);
  return `${mean(errors).toFixed(2)}${seeds.length > 1 ? ` ± ${spread(errors).toFixed(2)}` : ''}`;
}

/**
 * How many points more are wrong in `after` than in `before`, over the seeds that both have: bootstrap over the images, each with all
 * its seeds.
 */
export function lossOf(before: readonly Answered[], after: readonly Answered[]): Loss | null {
  const pairs = after.flatMap((one) => {
    const other = before.find(({ seed }) => seed === one.seed);
    return other ? [[other, one] as const] : [];
  });
  const images = pairs[0]?.[0].images ?? 0;
  if (images === 0) return null;
  const worse = new Float64Array(images);
  for (const [a, b] of pairs) {
    for (const i of a.wrong) worse[i] = (worse[i] as number) - 1 / pairs.length;
    for (const i of b.wrong) worse[i] = (worse[i] as number) + 1 / pairs.length;
  }
  // Images on which nothing changed only count as such.
  const changed = worse.filter((one) => one !== 0);
  const random = seededRandom(1);
  const sums = Array.from({ length: 2000 }, () => {
    let sum = 0;
    for (let i = 0; i < images; i++) {
      const at = Math.floor(random() * images);
      if (at < changed.length) sum += changed[at] as number;
    }
    return (100 * sum) / images;
  });
  const value = (100 * worse.reduce((sum, one) => sum + one, 0)) / images;
  return { value, low: quantile(sums, 0.025), high: quantile(sums, 0.975) };
}

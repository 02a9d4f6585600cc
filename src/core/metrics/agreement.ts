/**
 * How two models differ on the same images: which answers flipped, how much accuracy that is, and whether chance would
 * do as much. McNemar 1947, always the exact binomial test.
 */
import { agrestiMin, type Estimate } from '#core/numeric/intervals';

/** Images that only one of two models gets right. */
export interface Flips {
  /** Only the second (the new one) is right. */
  readonly gained: number;
  /** Only the first (the old one) is right. */
  readonly lost: number;
  readonly images: number;
}

/** Counts the flips from one model's correctness to another's, one byte an image. Throws RangeError for unequal lengths. */
export function flipsOf(before: Uint8Array, after: Uint8Array): Flips {
  if (before.length !== after.length)
    throw new RangeError(`${before.length} and ${after.length} images cannot be paired`);
  let gained = 0;
  let lost = 0;
  for (let i = 0; i < before.length; i++) {
    if (!before[i] && after[i]) gained++;
    else if (before[i] && !after[i]) lost++;
  }
  return { gained, lost, images: before.length };
}

/** How much the accuracy rose, -1 to 1, with its 95 % interval (Agresti and Min 2005). */
export function accuracyChange({ gained, lost, images }: Flips): Estimate {
  return agrestiMin(gained, lost, images);
}

/**
 * The two-sided p-value of McNemar's exact test: the chance of a split of gained + lost fair coins at least as uneven
 * as this one. 1 where nothing flipped.
 */
export function mcNemar({ gained, lost }: Pick<Flips, 'gained' | 'lost'>): number {
  const n = gained + lost;
  const fewer = Math.min(gained, lost);
  // The terms C(n, i) / 2^n in logarithms, so that thousands of flips do not overflow.
  let log = -n * Math.LN2;
  let tail = Math.exp(log);
  for (let i = 1; i <= fewer; i++) {
    log += Math.log((n - i + 1) / i);
    tail += Math.exp(log);
  }
  return Math.min(1, 2 * tail);
}

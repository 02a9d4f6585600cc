/**
 * How two models differ on the same images: which answers flipped, how much accuracy that is, and whether chance would
 * do as much (McNemar 1947, always the exact binomial test); and, from their logits, how often they answer alike and how far
 * their probabilities lie apart.
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

/** On what share of the images two models give the same answer, 0 to 1. Logits are [images, classes]; of equal ones the first counts. */
export function agreementOf(first: ArrayLike<number>, second: ArrayLike<number>, classes: number): number {
  const images = imagesOf(first, second, classes);
  let alike = 0;
  for (let i = 0; i < images; i++) if (answer(first, i, classes) === answer(second, i, classes)) alike++;
  return alike / images;
}

/** KL(softmax(teacher / T) || softmax(student / T)) in nats, mean over the images; logits are [images, classes]. */
export function divergenceOf(
  teacher: ArrayLike<number>,
  student: ArrayLike<number>,
  classes: number,
  temperature = 1,
): number {
  const images = imagesOf(teacher, student, classes);
  let sum = 0;
  for (let i = 0; i < images; i++) {
    const [t, s] = [logSoftmax(teacher, i, classes, temperature), logSoftmax(student, i, classes, temperature)];
    for (let c = 0; c < classes; c++) {
      const [own, other] = [t[c] as number, s[c] as number];
      // A class of probability 0 adds nothing.
      if (Math.exp(own) > 0) sum += Math.exp(own) * (own - other);
    }
  }
  return sum / images;
}

function imagesOf(first: ArrayLike<number>, second: ArrayLike<number>, classes: number): number {
  if (first.length !== second.length || first.length === 0 || first.length % classes !== 0)
    throw new RangeError(`${first.length} and ${second.length} logits of ${classes} classes cannot be compared`);
  return first.length / classes;
}

function answer(logits: ArrayLike<number>, image: number, classes: number): number {
  let best = 0;
  for (let c = 1; c < classes; c++)
    if ((logits[image * classes + c] as number) > (logits[image * classes + best] as number)) best = c;
  return best;
}

function logSoftmax(logits: ArrayLike<number>, image: number, classes: number, temperature: number): Float64Array {
  const own = Float64Array.from({ length: classes }, (_, c) => (logits[image * classes + c] as number) / temperature);
  const largest = own.reduce((most, z) => Math.max(most, z), Number.NEGATIVE_INFINITY);
  const log = Math.log(own.reduce((sum, z) => sum + Math.exp(z - largest), 0)) + largest;
  return own.map((z) => z - log);
}

/**
 * Two classifiers on the same images: how many each gets right and the other does not, whether chance would do as much
 * (McNemar's exact test), the difference of their accuracies with its interval, and the images on which they differ.
 */
import { accuracyChange, agreementOf, mcNemar } from '#core/metrics/agreement';
import { answersOf } from '#core/metrics/classification';
import { soundRows } from '#core/metrics/examination';
import type { Estimate } from '#core/numeric/intervals';
import { softmaxRows } from '#core/numeric/softmax';

/** Counts of images by who gets them right. */
export interface Pairing {
  readonly both: number;
  readonly onlyA: number;
  readonly onlyB: number;
  readonly neither: number;
}
/** How two answers to an image can differ: only one is right, or both are wrong in different ways. */
export type Difference = 'onlyA' | 'onlyB' | 'bothWrong';
export interface Comparison {
  readonly counts: Pairing;
  /** Two-sided p-value of McNemar's exact test; 1 where nothing differs. */
  readonly p: number;
  /** Accuracy of A less that of B, -1 to 1, with the interval of Agresti and Min. */
  readonly difference: Estimate;
  /** Share of the images that both answer alike, right or wrong. */
  readonly agreement: number;
  /** Images answered differently, those of which one of the two is surest first. */
  readonly differing: Readonly<Record<Difference, readonly number[]>>;
}

/** What was answered and how sure it was, by image. */
export interface Answers {
  readonly answer: Uint32Array;
  /** Probability of each class, [images, classes]. */
  readonly probabilities: Float64Array;
  /** 0 where the answer is no number. */
  readonly sound: Uint8Array;
}
export function answersAndConfidence(scores: Float32Array, classes: number): Answers {
  const { logits, sound } = soundRows(scores, classes);
  return { answer: answersOf(logits, classes), probabilities: softmaxRows(logits, classes), sound };
}

/** Scores are [images, classes], of the same images. */
export function compared(a: Float32Array, b: Float32Array, labels: Uint8Array, classes: number): Comparison {
  const [first, second] = [answersAndConfidence(a, classes), answersAndConfidence(b, classes)];
  const sureOf = ({ answer, probabilities }: Answers, i: number): number =>
    probabilities[i * classes + (answer[i] as number)] as number;
  const counts = { both: 0, onlyA: 0, onlyB: 0, neither: 0 };
  const differing: Record<Difference, number[]> = { onlyA: [], onlyB: [], bothWrong: [] };
  for (const [i, label] of labels.entries()) {
    const isA = Boolean(first.sound[i]) && first.answer[i] === label;
    const isB = Boolean(second.sound[i]) && second.answer[i] === label;
    counts[isA && isB ? 'both' : isA ? 'onlyA' : isB ? 'onlyB' : 'neither']++;
    if (isA !== isB) differing[isA ? 'onlyA' : 'onlyB'].push(i);
    else if (!isA && first.answer[i] !== second.answer[i]) differing.bothWrong.push(i);
  }
  const surest = (i: number): number => Math.max(sureOf(first, i), sureOf(second, i));
  for (const found of Object.values(differing)) found.sort((p, q) => surest(q) - surest(p) || p - q);
  const flips = { gained: counts.onlyA, lost: counts.onlyB, images: labels.length };
  return {
    counts,
    p: mcNemar(flips),
    difference: accuracyChange(flips),
    agreement: agreementOf(a, b, classes),
    differing,
  };
}

/**
 * The images of class `label` that were answered with `answer`: of wrong answers the surest first, of right ones the least
 * sure, since those are worth a look.
 */
export function imagesOfCell(
  { answer: answers, probabilities, sound }: Answers,
  labels: Uint8Array,
  classes: number,
  label: number,
  answer: number,
): readonly number[] {
  const found = Array.from(labels.keys()).filter((i) => labels[i] === label && answers[i] === answer && sound[i]);
  const sure = (i: number): number => probabilities[i * classes + answer] as number;
  const sign = label === answer ? 1 : -1;
  return found.sort((p, q) => sign * (sure(p) - sure(q)) || p - q);
}

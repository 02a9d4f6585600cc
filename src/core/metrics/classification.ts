/**
 * How well a classifier's answers agree with the labels: accuracy with its interval, log loss, and which class was
 * taken for which. Pure functions of logits, probabilities or correctness; nothing here runs a model.
 */
import { type Estimate, wilson } from '#core/numeric/intervals';

/** The smallest probability that counts: float32's epsilon, at which scikit-learn clips too. */
export const EPSILON = 2 ** -23;

/** The share of 1s in `correct` (one byte an image), with Wilson's 95 % interval. */
export function accuracyOf(correct: Uint8Array): Estimate & { readonly images: number } {
  let right = 0;
  for (const one of correct) right += one;
  return { ...wilson(right, correct.length), images: correct.length };
}

/** The index of the largest of each row of `classes` values; the lowest of equal ones. NaN never wins. */
export function answersOf(logits: Float32Array, classes: number): Uint32Array {
  const answers = new Uint32Array(logits.length / classes);
  for (let i = 0; i < answers.length; i++) {
    let best = Number.NEGATIVE_INFINITY;
    for (let c = 0; c < classes; c++) {
      const x = logits[i * classes + c] as number;
      if (x > best) {
        best = x;
        answers[i] = c;
      }
    }
  }
  return answers;
}

/** One byte an image: 1 where the answer is the label. */
export function correctOf(logits: Float32Array, labels: ArrayLike<number>, classes: number): Uint8Array {
  return Uint8Array.from(answersOf(logits, classes), (answer, i) => (answer === labels[i] ? 1 : 0));
}

/**
 * Mean of -log p(label) over the images, in nats; p = softmax of the logits in float64, clipped to [epsilon, 1 - epsilon]
 * of float32. NaN for no images.
 */
export function logLoss(logits: Float32Array, labels: ArrayLike<number>, classes: number): number {
  const images = logits.length / classes;
  let sum = 0;
  for (let i = 0; i < images; i++) {
    let max = Number.NEGATIVE_INFINITY;
    for (let c = 0; c < classes; c++) max = Math.max(max, logits[i * classes + c] as number);
    let total = 0;
    for (let c = 0; c < classes; c++) total += Math.exp((logits[i * classes + c] as number) - max);
    const p = Math.exp((logits[i * classes + (labels[i] as number)] as number) - max) / total;
    sum -= Math.log(Math.min(1 - EPSILON, Math.max(EPSILON, p)));
  }
  return sum / images;
}

/** Counts [label * classes + answer]: row the true class, column the answer. */
export function confusionMatrix(answers: ArrayLike<number>, labels: ArrayLike<number>, classes: number): Uint32Array {
  const counts = new Uint32Array(classes * classes);
  for (let i = 0; i < answers.length; i++) {
    const cell = (labels[i] as number) * classes + (answers[i] as number);
    counts[cell] = (counts[cell] as number) + 1;
  }
  return counts;
}

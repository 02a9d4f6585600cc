/**
 * Whether a classifier is right as often as it says: reliability by confidence, the expected calibration error over 15
 * bins of equal width, and temperature scaling, one number that divides the logits, fitted on validation.
 * Paper: Guo, Pleiss, Sun, Weinberger 2017, "On Calibration of Modern Neural Networks".
 */
import { softmaxRows } from '#core/numeric/softmax';

export const CALIBRATION_BINS = 15;

/** Answers whose top probability lies in (low, high]. */
export interface ReliabilityBin {
  readonly low: number;
  readonly high: number;
  readonly images: number;
  /** Mean top probability; not a number in an empty bin. */
  readonly confidence: number;
  /** Share that are right; not a number in an empty bin. */
  readonly accuracy: number;
}
export interface Reliability {
  readonly bins: readonly ReliabilityBin[];
  /** Sum over the bins of images / all * |accuracy - confidence|, 0 to 1; 0 for no images. */
  readonly error: number;
}

/** `probabilities` [images, classes]; the lowest of equal classes is the answer. */
export function reliabilityOf(
  probabilities: ArrayLike<number>,
  labels: ArrayLike<number>,
  classes: number,
  bins = CALIBRATION_BINS,
): Reliability {
  const images = probabilities.length / classes;
  const count = new Float64Array(bins);
  const sure = new Float64Array(bins);
  const right = new Float64Array(bins);
  for (let i = 0; i < images; i++) {
    let best = 0;
    for (let c = 1; c < classes; c++)
      if ((probabilities[i * classes + c] as number) > (probabilities[i * classes + best] as number)) best = c;
    const top = probabilities[i * classes + best] as number;
    const bin = Math.min(bins - 1, Math.max(0, Math.ceil(top * bins) - 1));
    count[bin] = (count[bin] as number) + 1;
    sure[bin] = (sure[bin] as number) + top;
    if (best === labels[i]) right[bin] = (right[bin] as number) + 1;
  }
  let error = 0;
  const all = Array.from({ length: bins }, (_, b): ReliabilityBin => {
    const n = count[b] as number;
    if (n > 0) error += Math.abs((right[b] as number) - (sure[b] as number)) / images;
    return {
      low: b / bins,
      high: (b + 1) / bins,
      images: n,
      confidence: (sure[b] as number) / n,
      accuracy: (right[b] as number) / n,
    };
  });
  return { bins: all, error };
}

/** Temperatures that are looked at. */
const COOLEST = 0.05;
const HOTTEST = 20;

/**
 * The temperature at which softmax(logits / T) has the least mean log loss, 0.05 to 20; 1 for no images. The loss is convex
 * in 1 / T, so its slope there, mean(E_p[z] - z_label), is halved down to where it changes sign.
 */
export function fitTemperature(logits: ArrayLike<number>, labels: ArrayLike<number>, classes: number): number {
  const images = logits.length / classes;
  if (images === 0) return 1;
  const slope = (inverse: number): number => {
    const p = softmaxRows(logits, classes, 1 / inverse);
    let sum = 0;
    for (let i = 0; i < images; i++) {
      const own = logits[i * classes + (labels[i] as number)] as number;
      for (let c = 0; c < classes; c++)
        sum += (p[i * classes + c] as number) * ((logits[i * classes + c] as number) - own);
    }
    return sum;
  };
  let [low, high] = [Math.log(1 / HOTTEST), Math.log(1 / COOLEST)];
  if (slope(Math.exp(high)) <= 0) return COOLEST;
  if (slope(Math.exp(low)) >= 0) return HOTTEST;
  for (let round = 0; round < 40; round++) {
    const middle = (low + high) / 2;
    if (slope(Math.exp(middle)) < 0) low = middle;
    else high = middle;
  }
  return Math.exp(-(low + high) / 2);
}

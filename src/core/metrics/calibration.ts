/**
 * Whether a classifier is right as often as it says: reliability by confidence, the expected calibration error over 15
 * bins of equal width, and temperature scaling, one number that divides the logits, fitted on validation.
 * Paper: Guo, Pleiss, Sun, Weinberger 2017, "On Calibration of Modern Neural Networks".
 */

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
 * in b = 1 / T: where its slope, the sum of E_p[z] - z_label, is 0 is found by Newton's steps, or by halving the range in
 * which it must be where a step leaves it.
 */
export function fitTemperature(logits: ArrayLike<number>, labels: ArrayLike<number>, classes: number): number {
  if (logits.length === 0) return 1;
  let [low, high] = [1 / HOTTEST, 1 / COOLEST];
  if (slopeAt(high, logits, labels, classes).slope <= 0) return COOLEST;
  if (slopeAt(low, logits, labels, classes).slope >= 0) return HOTTEST;
  let inverse = 1;
  for (let round = 0; round < 60; round++) {
    const { slope, curvature } = slopeAt(inverse, logits, labels, classes);
    if (slope < 0) low = inverse;
    else high = inverse;
    const step = inverse - slope / curvature;
    const next = step > low && step < high ? step : Math.sqrt(low * high);
    const isThere = Math.abs(next - inverse) <= 1e-12 * inverse;
    inverse = next;
    if (isThere) break;
  }
  return 1 / inverse;
}

/** Of the summed log loss over b at `inverse`: its slope, and the slope's own (the sum of Var_p[z]). */
function slopeAt(
  inverse: number,
  logits: ArrayLike<number>,
  labels: ArrayLike<number>,
  classes: number,
): { readonly slope: number; readonly curvature: number } {
  let slope = 0;
  let curvature = 0;
  for (let at = 0, i = 0; at < logits.length; at += classes, i++) {
    let top = Number.NEGATIVE_INFINITY;
    for (let c = 0; c < classes; c++) top = Math.max(top, logits[at + c] as number);
    let all = 0;
    let mean = 0;
    let square = 0;
    // Logits from the largest down: no overflow, and the variance keeps its digits.
    for (let c = 0; c < classes; c++) {
      const z = (logits[at + c] as number) - top;
      const e = Math.exp(z * inverse);
      if (e === 0) continue;
      all += e;
      mean += e * z;
      square += e * z * z;
    }
    mean /= all;
    slope += mean - ((logits[at + (labels[i] as number)] as number) - top);
    curvature += square / all - mean * mean;
  }
  return { slope, curvature };
}

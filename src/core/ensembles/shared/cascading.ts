/** Who answers in a cascade, and what each threshold costs and brings. */
import { softmaxRows } from '#core/numeric/softmax';

/** [images, classes] of whoever answered, and by member where it was asked ([images], 1 or 0). */
export function cascadeStages(
  logits: readonly Float32Array[],
  classes: number,
  threshold: number,
  temperatures: readonly number[],
): { readonly probabilities: Float64Array; readonly used: readonly Float32Array[] } {
  const images = (logits[0]?.length ?? 0) / classes;
  const probabilities = new Float64Array(images * classes);
  const used = logits.map(() => new Float32Array(images));
  const all = logits.map((own, m) => softmaxRows(own, classes, temperatures[m] as number));
  for (let i = 0; i < images; i++) {
    for (const [m, own] of all.entries()) {
      (used[m] as Float32Array)[i] = 1;
      const row = own.subarray(i * classes, (i + 1) * classes);
      if (m < all.length - 1 && !(row.reduce((top, p) => Math.max(top, p), 0) >= threshold)) continue;
      probabilities.set(row, i * classes);
      break;
    }
  }
  return { probabilities, used };
}

/** What a threshold comes to on the images looked at. */
export interface CascadePoint {
  readonly threshold: number;
  /** 0 to 1. */
  readonly accuracy: number;
  /** Multiply-accumulates for an image, the mean. */
  readonly meanMacs: number;
  /** By member, the share of images for which it is asked. */
  readonly reach: readonly number[];
}

/**
 * Accuracy against mean MACs for every threshold, ascending. `macs` by member. By default 101 thresholds from 0 to 1, with
 * more near 1, where a good member's answers lie.
 */
export function cascadeCurve(
  logits: readonly Float32Array[],
  labels: ArrayLike<number>,
  classes: number,
  macs: readonly number[],
  temperatures: readonly number[],
  thresholds: readonly number[] = Array.from({ length: 101 }, (_, i) => 1 - (1 - i / 100) ** 3),
): readonly CascadePoint[] {
  const images = labels.length;
  const members = logits.map((own, m) => {
    const p = softmaxRows(own, classes, temperatures[m] as number);
    const top = new Float64Array(images);
    const right = new Uint8Array(images);
    for (let i = 0; i < images; i++) {
      let best = 0;
      for (let c = 1; c < classes; c++)
        if ((p[i * classes + c] as number) > (p[i * classes + best] as number)) best = c;
      top[i] = p[i * classes + best] as number;
      right[i] = best === labels[i] ? 1 : 0;
    }
    return { top, right };
  });
  return thresholds.map((threshold) => {
    const asked = members.map(() => 0);
    let correct = 0;
    for (let i = 0; i < images; i++) {
      for (const [m, { top, right }] of members.entries()) {
        asked[m] = (asked[m] as number) + 1;
        if (m < members.length - 1 && !((top[i] as number) >= threshold)) continue;
        correct += right[i] as number;
        break;
      }
    }
    const reach = asked.map((count) => (images > 0 ? count / images : 0));
    const meanMacs = reach.reduce((sum, share, m) => sum + share * (macs[m] as number), 0);
    return { threshold, accuracy: images > 0 ? correct / images : 0, meanMacs, reach };
  });
}

/**
 * Receiver operating characteristic of a class against the rest, and the area under it as the rank statistic: the chance
 * that an image of the class scores higher than another, ties counting one half. In float64.
 * Papers: Hanley and McNeil 1982; over classes Provost and Domingos 2000 (one against rest, mean).
 */

export interface RocPoint {
  /** Share of the other images that are taken for the class, 0 to 1. */
  readonly falsePositives: number;
  /** Share of the class's images that are, 0 to 1. */
  readonly truePositives: number;
  /** Images that score at least this are; infinite at the first point. */
  readonly threshold: number;
}
export interface ClassRoc {
  readonly class: number;
  /** From (0, 0) to (1, 1); points on a straight line between their neighbours are left out. */
  readonly points: readonly RocPoint[];
  /** 0 to 1. */
  readonly auc: number;
}
export interface Roc {
  /** One for each class that has images and is not alone. */
  readonly classes: readonly ClassRoc[];
  /** The mean of their areas; not a number where there is none. */
  readonly macro: number;
  /** Classes without images (or with all of them), which have no curve. */
  readonly absent: readonly number[];
}

/** `probabilities` [images, classes]. The curve of a class follows its column. */
export function rocOf(probabilities: ArrayLike<number>, labels: ArrayLike<number>, classes: number): Roc {
  const images = probabilities.length / classes;
  const curves: ClassRoc[] = [];
  const absent: number[] = [];
  for (let k = 0; k < classes; k++) {
    // What is no number counts as the lowest score.
    const scores = Float64Array.from({ length: images }, (_, i) => {
      const score = probabilities[i * classes + k] as number;
      return Number.isNaN(score) ? Number.NEGATIVE_INFINITY : score;
    });
    const isOf = Uint8Array.from({ length: images }, (_, i) => (labels[i] === k ? 1 : 0));
    const curve = curveOf(scores, isOf);
    if (curve) curves.push({ class: k, ...curve });
    else absent.push(k);
  }
  return { classes: curves, macro: curves.reduce((sum, { auc }) => sum + auc, 0) / curves.length, absent };
}

/** Null where no image, or every image, is of the class. */
function curveOf(scores: Float64Array, isOf: Uint8Array): Omit<ClassRoc, 'class'> | null {
  const order = Uint32Array.from(scores, (_, i) => i).sort((a, b) => (scores[b] as number) - (scores[a] as number));
  const positives = isOf.reduce((sum, one) => sum + one, 0);
  const negatives = isOf.length - positives;
  if (positives === 0 || negatives === 0) return null;
  const corners: { fp: number; tp: number; threshold: number }[] = [
    { fp: 0, tp: 0, threshold: Number.POSITIVE_INFINITY },
  ];
  let fp = 0;
  let tp = 0;
  // Twice the pairs (one of the class, one other) in order, so that half pairs stay whole numbers.
  let pairs = 0;
  for (let i = 0; i < order.length; ) {
    const threshold = scores[order[i] as number] as number;
    const [fpBefore, tpBefore] = [fp, tp];
    for (; i < order.length && scores[order[i] as number] === threshold; i++) {
      if (isOf[order[i] as number]) tp++;
      else fp++;
    }
    pairs += (fp - fpBefore) * (tp + tpBefore);
    const [a, b] = [corners.at(-2), corners.at(-1)];
    const straight = a && b && (b.fp - a.fp) * (tp - b.tp) === (fp - b.fp) * (b.tp - a.tp);
    if (straight) corners.pop();
    corners.push({ fp, tp, threshold });
  }
  return {
    points: corners.map((one) => ({
      falsePositives: one.fp / negatives,
      truePositives: one.tp / positives,
      threshold: one.threshold,
    })),
    auc: pairs / (2 * positives * negatives),
  };
}

/** About `most` of a curve's points at most, evenly along its way, both ends among them. Points are [x, y] in [0, 1]. */
export function thinned(points: readonly RocPoint[], most: number): readonly (readonly [number, number])[] {
  const all = points.map(({ falsePositives, truePositives }) => [falsePositives, truePositives] as const);
  if (all.length <= most) return all;
  // From (0, 0) to (1, 1) by rising steps is a way of length 2.
  const least = 2 / (most - 2);
  let last = Number.NEGATIVE_INFINITY;
  return all.filter(([x, y], at) => {
    if (at < all.length - 1 && x + y - last < least) return false;
    last = x + y;
    return true;
  });
}

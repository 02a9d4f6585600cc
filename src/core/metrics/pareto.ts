/**
 * The Pareto front of models: those that no other model beats in both cost and accuracy. Whatever feeds this may look
 * at validation only, because people choose by it.
 */

/** `cost` (parameters, bytes, MACs, ms) is better when lower, `value` (accuracy, 0 to 1) when higher. */
export interface CostedPoint {
  readonly cost: number;
  readonly value: number;
}

/**
 * Indices of the points on the front, by rising cost (and so by rising value). A point is on it when no other costs at
 * most as much and is worth at least as much, one of the two strictly; of equal points the first stands for all.
 * Points that are not finite are left out.
 */
export function paretoFront(points: readonly CostedPoint[]): readonly number[] {
  const order = points
    .map((_, index) => index)
    .filter((index) => Number.isFinite(points[index]?.cost) && Number.isFinite(points[index]?.value))
    .sort((a, b) => {
      const [p, q] = [points[a] as CostedPoint, points[b] as CostedPoint];
      return p.cost - q.cost || q.value - p.value || a - b;
    });
  const front: number[] = [];
  let best = -Infinity;
  for (const index of order) {
    const { value } = points[index] as CostedPoint;
    if (value <= best) continue;
    front.push(index);
    best = value;
  }
  return front;
}

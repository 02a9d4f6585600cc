/**
 * Which of several vectors are alike: their distances, each with each, and the groups they form below a limit. Distance: |a - b| / (|a| + |b|), 0 for two
 * zeros, about 0.7 for vectors that have nothing in common, 1 for opposite ones.
 */

import type { Formula } from '#core/formula';
import { tidy } from '#core/passes/shared/words';

/** More vectors than this are not compared each with each: their distances take 36 MB. */
export const TOO_MANY = 3000;

/** When two are alike, as a line of a formula. */
export function alikeFormula(limit: number): Formula {
  const near = `‖a − b‖ / (‖a‖ + ‖b‖) ≤ ${tidy(limit)}`;
  return { en: `a, b alike: ${near}`, zh: `a、b 相似：${near}` };
}

/** [vectors, vectors], row-major; null for more than TOO_MANY. Yields how many multiplications it has done since it last did. */
export function* distancesOf(vectors: readonly Float32Array[]): Generator<number, Float32Array | null> {
  const n = vectors.length;
  if (n > TOO_MANY) return null;
  const sizes = vectors.map((own) => Math.sqrt(squareSum(own)));
  const distances = new Float32Array(n * n);
  for (let i = 0; i < n; i++) {
    const a = vectors[i] as Float32Array;
    for (let j = 0; j < i; j++) {
      const b = vectors[j] as Float32Array;
      let sum = 0;
      for (let k = 0; k < a.length; k++) sum += ((a[k] as number) - (b[k] as number)) ** 2;
      const both = (sizes[i] as number) + (sizes[j] as number);
      const distance = both === 0 ? 0 : Math.sqrt(sum) / both;
      distances[i * n + j] = distance;
      distances[j * n + i] = distance;
    }
    yield i * a.length;
  }
  return distances;
}

/** The larger of two distances, for vectors of several parts; null where one is missing. */
export function largerOf(first: Float32Array | null, second: Float32Array | null): Float32Array | null {
  return first && second ? first.map((distance, i) => Math.max(distance, second[i] as number)) : null;
}

/**
 * Groups of indices, each led by its first; every index is in one. The largest vector comes first and leads; each next one joins the
 * nearest leader within the limit, or becomes one.
 */
export function gatherAlike(
  vectors: readonly Float32Array[],
  distances: Float32Array,
  limit: number,
): readonly (readonly number[])[] {
  const n = vectors.length;
  const sizes = vectors.map(squareSum);
  const order = Array.from(sizes.keys()).sort((a, b) => (sizes[b] as number) - (sizes[a] as number) || a - b);
  const groups: number[][] = [];
  for (const i of order) {
    let nearest: number[] | null = null;
    let least = Number.POSITIVE_INFINITY;
    for (const group of groups) {
      const distance = distances[i * n + (group[0] as number)] as number;
      if (distance <= limit && distance < least) [nearest, least] = [group, distance];
    }
    if (nearest) nearest.push(i);
    else groups.push([i]);
  }
  return groups;
}

function squareSum(values: Float32Array): number {
  let sum = 0;
  for (let k = 0; k < values.length; k++) sum += (values[k] as number) ** 2;
  return sum;
}

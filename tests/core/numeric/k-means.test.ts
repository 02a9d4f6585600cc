/** One-dimensional k-means: worked cases, exactness, empty clusters, and properties on random samples. */

import { describe, expect, it } from 'vitest';
import { nearestCentroid } from '#core/model/encoding';
import { assignNearest, kMeans, prepareSample, type Start } from '#core/numeric/k-means';
import { seededRandom } from '#core/numeric/random';
import fc from '../../properties';

const STARTS: readonly Start[] = ['linear', 'density', 'random', 'plusplus'];
const clusters = (values: readonly number[], k: number, start: Start, seed = 1): number[] => [
  ...kMeans(prepareSample(Float32Array.from(values)), k, start, seededRandom(seed)),
];
const floats = fc.array(fc.float({ min: -8, max: 8, noNaN: true }), { minLength: 1, maxLength: 60 });

describe('k-means', () => {
  it('finds two plain groups from every start', () => {
    for (const start of STARTS) expect(clusters([1, 2, 3, 101, 102, 103], 2, start)).toEqual([2, 102]);
  });

  it('follows Lloyd by hand: from 0 and 10 the middle, 5, splits 0 1 4 from 10, and there it stays', () => {
    // Means 5/3 and 10: the new middle, 35/6, keeps 4 on the left.
    const [left, right] = clusters([0, 1, 4, 10], 2, 'linear');
    expect(left).toBeCloseTo(5 / 3, 6);
    expect(right).toBe(10);
  });

  it('is exact with as many clusters as different values, -0 and 0 being one', () => {
    for (const start of STARTS) {
      expect(clusters([3, -1, 3, 0.5, -0, 0], 4, start)).toEqual([-1, -0, 0.5, 3]);
      expect(clusters([2, 2, 2], 5, start)).toEqual([2]);
    }
  });

  it('has no clusters for no values', () => {
    expect(clusters([], 4, 'linear')).toEqual([]);
  });

  it('puts a lost cluster to use: even steps leave the middle empty, three groups are still found', () => {
    expect(clusters([0, 0.1, 0.2, 1, 1.1, 100, 100.1], 3, 'linear').map((x) => Math.round(x * 100) / 100)).toEqual([
      0.1, 1.05, 100.05,
    ]);
  });

  it('moves every centroid to the mean of the values nearest to it, round by round, as worked out value by value', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -64, max: 64 }), { minLength: 2, maxLength: 80 }), (values) => {
        // Quarters sum exactly, so that two ways of adding them up agree to the last bit.
        const sorted = values.map((x) => x / 4).sort((a, b) => a - b);
        const k = 3;
        if (new Set(sorted).size <= k) return;
        const [low, high] = [sorted[0] as number, sorted.at(-1) as number];
        let centroids = [low, (low + high) / 2, high];
        for (let round = 0; round < 60; round++) {
          let sets: number[][] = centroids.map(() => []);
          for (const x of sorted) {
            const c = centroids.findIndex((one, i) => i === k - 1 || x <= (one + (centroids[i + 1] as number)) / 2);
            sets[c]?.push(x);
          }
          sets = sets.filter((set) => set.length > 0);
          while (sets.length < k) {
            const gain = (set: readonly number[]) => set.length * ((set.at(-1) as number) - (set[0] as number)) ** 2;
            const widest = sets.findIndex((set) => gain(set) === Math.max(...sets.map(gain)));
            const set = sets[widest] as number[];
            const middle = ((set[0] as number) + (set.at(-1) as number)) / 2;
            sets.splice(
              widest,
              1,
              set.filter((x) => x <= middle),
              set.filter((x) => x > middle),
            );
          }
          centroids = sets.map((set) => set.reduce((sum, x) => sum + x, 0) / set.length);
        }
        expect(clusters(sorted, k, 'linear')).toEqual(centroids.map(Math.fround));
      }),
    );
  });

  it('gives k centroids, ascending, in the range, from any start, and the same ones again', () => {
    fc.assert(
      fc.property(
        floats,
        fc.integer({ min: 1, max: 20 }),
        fc.constantFrom(...STARTS),
        fc.integer(),
        (values, k, start, seed) => {
          const found = clusters(values, k, start, seed);
          const distinct = new Set(values.map((x) => x + 0)).size;
          expect(found.length).toBeLessThanOrEqual(k);
          if (k >= distinct) expect(found.length).toBe(distinct);
          expect(found).toEqual([...found].sort((a, b) => a - b));
          expect(found[0]).toBeGreaterThanOrEqual(Math.min(...values) - 1e-6);
          expect(found.at(-1)).toBeLessThanOrEqual(Math.max(...values) + 1e-6);
          expect(clusters(values, k, start, seed)).toEqual(found);
        },
      ),
    );
  });
});

describe('assigning values to centroids', () => {
  it('takes the lower of two equally near and leaves masked entries 0', () => {
    const centroids = Float32Array.from([-1, 1, 4]);
    expect([...assignNearest(Float32Array.from([0, -9, 2.5, 2.6, 9, 0.01]), centroids)]).toEqual([-1, -1, 1, 4, 4, 1]);
    expect([...assignNearest(Float32Array.from([5, 5]), centroids, Uint8Array.from([0, 1]))]).toEqual([0, 4]);
  });

  it('agrees with a search over all centroids', () => {
    fc.assert(
      fc.property(
        floats,
        fc.uniqueArray(fc.float({ min: -8, max: 8, noNaN: true }), { minLength: 1, maxLength: 40 }),
        (values, some) => {
          const centroids = Float32Array.from(some).sort();
          const assigned = assignNearest(Float32Array.from(values), centroids);
          values.forEach((x, i) => {
            const near = centroids[nearestCentroid(centroids, x)] as number;
            expect(Math.abs((assigned[i] as number) - x)).toBeCloseTo(Math.abs(near - x), 9);
          });
        },
      ),
    );
  });
});

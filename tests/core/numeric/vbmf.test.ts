/** The rank that variational Bayes finds: planted signals, pure noise, and matrices without noise. */
import { describe, expect, it } from 'vitest';
import { seededRandom } from '#core/numeric/random';
import { svd } from '#core/numeric/svd';
import { vbmfRank } from '#core/numeric/vbmf';

/** `rank` products of normal vectors, and normal noise of this size. */
function planted(rows: number, columns: number, rank: number, noise: number, seed: number): Float64Array {
  const random = seededRandom(seed);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const matrix = Float64Array.from({ length: rows * columns }, () => noise * normal());
  for (let r = 0; r < rank; r++) {
    const [a, b] = [Array.from({ length: rows }, normal), Array.from({ length: columns }, normal)];
    for (let i = 0; i < matrix.length; i++)
      matrix[i] = (matrix[i] as number) + (a[Math.floor(i / columns)] as number) * (b[i % columns] as number);
  }
  return matrix;
}

describe('the rank by variational Bayes', () => {
  it.each([
    [40, 60, 3, 0.5],
    [60, 40, 5, 0.3],
    [30, 30, 1, 0.5],
    [20, 200, 4, 1],
  ])('finds the signals in a %i x %i matrix with %i of them', (rows, columns, rank, noise) => {
    for (const seed of [1, 2, 3])
      expect(vbmfRank(svd(planted(rows, columns, rank, noise, seed), rows, columns).values, rows, columns)).toBe(rank);
  });

  it('finds none in noise, and the rank of what has none', () => {
    expect(vbmfRank(svd(planted(50, 80, 0, 1, 4), 50, 80).values, 50, 80)).toBe(0);
    expect(vbmfRank(svd(planted(30, 50, 2, 0, 4), 30, 50).values, 30, 50)).toBe(2);
    expect(vbmfRank(Float64Array.of(0, 0), 2, 3)).toBe(0);
    expect(vbmfRank(Float64Array.of(2), 1, 1)).toBeLessThanOrEqual(1);
  });

  it('is that of the least free energy as the paper writes it, looked for on a fine grid', () => {
    const byGrid = (values: Float64Array, rows: number, columns: number): number => {
      const [L, M] = [Math.min(rows, columns), Math.max(rows, columns)];
      const alpha = L / M;
      const tauLimit = 2.5129 * Math.sqrt(alpha);
      const limit = (1 + tauLimit) * (1 + alpha / tauLimit);
      const tau = (x: number): number => (x - (1 + alpha) + Math.sqrt((x - (1 + alpha)) ** 2 - 4 * alpha)) / 2;
      const energyAt = (noise: number): number =>
        values.reduce((sum, s) => {
          const x = (s * s) / (M * noise);
          if (x <= limit) return sum + x - Math.log(x);
          return sum + x - tau(x) + Math.log((tau(x) + 1) / x) + alpha * Math.log(tau(x) / alpha + 1);
        }, 0);
      const squares = values.map((s) => s * s);
      const upper = squares.reduce((a, b) => a + b, 0) / (L * M);
      const rest = squares.subarray(Math.min(Math.ceil(L / (1 + alpha)) - 1, L - 1));
      const mean = rest.reduce((a, b) => a + b, 0) / rest.length / M;
      const lower = Math.max((rest[0] as number) / (M * limit), mean);
      let [best, least] = [lower, Number.POSITIVE_INFINITY];
      for (let i = 0; i <= 3000; i++) {
        const noise = lower * (upper / lower) ** (i / 3000);
        if (energyAt(noise) < least) [best, least] = [noise, energyAt(noise)];
      }
      return values.filter((s) => s * s > M * best * limit).length;
    };
    // One value around the threshold, 4.91 for a square matrix, beside those of noise.
    const noise = svd(planted(60, 60, 0, 1, 4), 60, 60).values;
    const ranks = [3.9, 4.1, 4.3, 4.5, 4.7, 4.9, 5.1, 5.3, 5.5, 5.7].map((height) => {
      const values = Float64Array.of(Math.sqrt(60 * height), ...noise.subarray(1));
      const rank = vbmfRank(values, 60, 60);
      expect(rank, `${height}`).toBe(byGrid(values, 60, 60));
      return rank;
    });
    expect(new Set(ranks)).toEqual(new Set([0, 1]));
    const random = seededRandom(12);
    for (let round = 0; round < 25; round++) {
      const [rows, columns] = [3 + Math.floor(30 * random()), 3 + Math.floor(30 * random())];
      // Weak signals too, near the threshold.
      const { values } = svd(planted(rows, columns, round % 4, 3 * random(), round), rows, columns);
      expect(vbmfRank(values, rows, columns)).toBe(byGrid(values, rows, columns));
    }
  });

  it('does not depend on the unit of the values', () => {
    const { values } = svd(planted(40, 60, 3, 2, 9), 40, 60);
    expect(
      vbmfRank(
        values.map((s) => s * 1e-6),
        40,
        60,
      ),
    ).toBe(vbmfRank(values, 40, 60));
  });
});

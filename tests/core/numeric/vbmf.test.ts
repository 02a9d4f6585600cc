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

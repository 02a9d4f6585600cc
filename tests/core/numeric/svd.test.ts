/** The SVD on matrices worked by hand, its identities on any matrix, and hard ones: low rank, wide range, zeros. */

import { describe, expect, it } from 'vitest';
import { atOnce } from '#core/numeric/parts';
import { seededRandom } from '#core/numeric/random';
import { type Svd, svd } from '#core/numeric/svd';
import { symmetricEigen } from '#core/numeric/symmetric-eigen';
import fc from '../../properties';

function rebuilt({ rows, columns, values, left, right }: Svd): Float64Array {
  const out = new Float64Array(rows * columns);
  for (const [k, s] of values.entries())
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < columns; j++)
        out[i * columns + j] =
          (out[i * columns + j] as number) + s * (left[k * rows + i] as number) * (right[k * columns + j] as number);
  return out;
}

/** The largest distance of the rows' products from those of unit vectors at right angles; zero rows are passed over. */
function skew(vectors: Float64Array, length: number): number {
  let worst = 0;
  const count = vectors.length / length;
  for (let p = 0; p < count; p++) {
    for (let q = p; q < count; q++) {
      let sum = 0;
      for (let i = 0; i < length; i++) sum += (vectors[p * length + i] as number) * (vectors[q * length + i] as number);
      if (p === q && sum === 0) continue;
      worst = Math.max(worst, Math.abs(sum - (p === q ? 1 : 0)));
    }
  }
  return worst;
}

const farthest = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((worst, x, i) => Math.max(worst, Math.abs(x - (b[i] as number))), 0);

describe('the singular value decomposition', () => {
  it('agrees with hand', () => {
    // A A^T = [[25, 20], [20, 25]]: eigenvalues 45 and 5.
    const two = svd([3, 0, 4, 5], 2, 2);
    expect(two.values[0]).toBeCloseTo(Math.sqrt(45), 12);
    expect(two.values[1]).toBeCloseTo(Math.sqrt(5), 12);
    // A A^T = [[17, 8], [8, 17]]: 25 and 9, the left vectors along the diagonals.
    const wide = svd([3, 2, 2, 2, 3, -2], 2, 3);
    expect([...wide.values].map((s) => Number(s.toFixed(12)))).toEqual([5, 3]);
    expect(Math.abs(wide.left[0] as number)).toBeCloseTo(Math.SQRT1_2, 12);
    // The right vector of 3 is (1, -1, 4) / sqrt(18).
    expect(Math.abs(wide.right[5] as number)).toBeCloseTo(4 / Math.sqrt(18), 12);
  });

  it('sorts a diagonal, and gives its signs to the vectors', () => {
    const { values, left, right } = svd([0, 0, 0, 0, -7, 0, 0, 0, 2], 3, 3);
    expect([...values]).toEqual([7, 2, 0]);
    expect((left[1] as number) * (right[1] as number)).toBeCloseTo(-1, 12);
    expect(svd([0, 0], 1, 2).values).toEqual(Float64Array.of(0));
    expect([...svd([-3], 1, 1).values]).toEqual([3]);
  });

  it('gives the matrix back, from vectors at right angles, for any matrix', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer(),
        (rows, columns, seed) => {
          const random = seededRandom(seed);
          const matrix = Float64Array.from({ length: rows * columns }, () => Math.round(6 * random()) - 3);
          const found = svd(matrix, rows, columns);
          expect(found.values).toEqual(found.values.slice().sort((a, b) => b - a));
          expect(farthest(rebuilt(found), matrix)).toBeLessThan(1e-12);
          expect(skew(found.left, rows)).toBeLessThan(1e-11);
          expect(skew(found.right, columns)).toBeLessThan(1e-11);
        },
      ),
    );
  });

  it('finds small singular values that squaring would lose', () => {
    // Orthogonal columns of lengths 1, 1e-5, 1e-10, mixed by a rotation of 0.6 and 0.8.
    const [c, s] = [0.6, 0.8];
    const small = [1, 1e-5, 1e-10];
    const matrix = small.flatMap((x, i) => (i === 0 ? [c, -s, 0] : i === 1 ? [s, c, 0] : [0, 0, 1]).map((q) => q * x));
    const { values } = svd(matrix, 3, 3);
    for (const [i, x] of small.entries()) expect(Math.abs((values[i] as number) / x - 1)).toBeLessThan(1e-6);
    // Nor does the unit matter, where squares would leave float64.
    const tiny = svd(
      matrix.map((x) => x * 1e-200),
      3,
      3,
    ).values;
    for (const [i, x] of small.entries()) expect(Math.abs((tiny[i] as number) / 1e-200 / x - 1)).toBeLessThan(1e-6);
  });

  it('counts the rank of a product', () => {
    const random = seededRandom(5);
    const [a, b] = [Array.from({ length: 40 }, random), Array.from({ length: 60 }, random)];
    // [20, 2] times [2, 30].
    const matrix = Array.from({ length: 600 }, (_, i) => {
      const [row, column] = [Math.floor(i / 30), i % 30];
      return (a[2 * row] as number) * (b[column] as number) + (a[2 * row + 1] as number) * (b[30 + column] as number);
    });
    const found = svd(matrix, 20, 30);
    expect(found.values.filter((s) => s > 1e-12 * (found.values[0] as number))).toHaveLength(2);
    expect(farthest(rebuilt(found), matrix)).toBeLessThan(1e-13);
  });

  it('takes 500 x 800 as exactly', () => {
    const random = seededRandom(3);
    const matrix = Float32Array.from({ length: 400_000 }, () => 2 * random() - 1);
    const found = svd(matrix, 500, 800);
    let square = 0;
    for (const x of matrix) square += x * x;
    const sum = found.values.reduce((total, s) => total + s * s, 0);
    expect(Math.abs(sum / square - 1)).toBeLessThan(1e-12);
    expect(farthest(rebuilt(found), matrix)).toBeLessThan(1e-10);
    expect(skew(found.right, 800)).toBeLessThan(1e-10);
  });

  it('refuses what is no matrix', () => {
    expect(() => svd([1, Number.NaN], 1, 2)).toThrow('not finite');
    expect(() => svd([1, 2, 3], 2, 2)).toThrow(RangeError);
  });
});

describe('eigenvectors of a symmetric matrix', () => {
  it('agree with hand', () => {
    // [[2, 1], [1, 2]]: 3 along (1, 1), 1 along (1, -1).
    const { values, vectors } = atOnce(symmetricEigen(Float64Array.of(2, 1, 1, 2), 2));
    const at = (values[0] as number) > (values[1] as number) ? 0 : 1;
    expect(values[at]).toBeCloseTo(3, 12);
    expect((vectors[2 * at] as number) * (vectors[2 * at + 1] as number)).toBeCloseTo(0.5, 12);
    // The path of four: 2 cos(k pi / 5).
    const path = Float64Array.of(0, 1, 0, 0, 1, 0, 1, 0, 0, 1, 0, 1, 0, 0, 1, 0);
    const golden = (1 + Math.sqrt(5)) / 2;
    const sorted = [...atOnce(symmetricEigen(path, 4)).values].sort((a, b) => b - a);
    for (const [i, x] of [golden, golden - 1, 1 - golden, -golden].entries()) expect(sorted[i]).toBeCloseTo(x, 12);
  });
});

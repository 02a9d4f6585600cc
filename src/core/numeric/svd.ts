/**
 * Singular value decomposition A = U S V^T, in float64: one-sided Jacobi rotations (Hestenes 1958), started from the
 * eigenvectors of the smaller of A A^T and A^T A. That start leaves little to rotate, and the rotations
 * mend what squaring loses, so that small singular values are right too.
 * Drmac and Veselic 2008, "New fast and accurate Jacobi SVD algorithm", on preconditioning.
 */
import { atOnce } from '#core/numeric/parts';
import { rotateRows, symmetricEigen } from '#core/numeric/symmetric-eigen';

/** count = min(rows, columns). */
export interface Svd {
  readonly rows: number;
  readonly columns: number;
  /** count singular values, falling, 0 or more. */
  readonly values: Float64Array;
  /** count x rows: row k is the k-th left vector. */
  readonly left: Float64Array;
  /** count x columns: row k is the k-th right vector. Where a value is 0, its vector of the longer side is 0 too. */
  readonly right: Float64Array;
}

/** How far from a right angle two vectors may stay (cosine). */
const TOLERANCE = 1e-12;
/** A singular value below this share of the largest is 0: there float64 holds nothing but rounding. */
const NOTHING = 1e-14;
const SWEEPS = 40;

/** As `svdParts`, at one go: for small matrices. */
export function svd(matrix: ArrayLike<number>, rows: number, columns: number): Svd {
  return atOnce(svdParts(matrix, rows, columns));
}

/**
 * Of a row-major matrix [rows, columns] of finite numbers. Yields how many multiplications it has done since it last did. 500 x 800 takes about a second, up to five where the singular values
 * fall over many decades. Values down to 1e-8 of the largest are right to 1e-9. Throws Error for numbers that are not finite.
 */
export function* svdParts(matrix: ArrayLike<number>, rows: number, columns: number): Generator<number, Svd> {
  if (matrix.length !== rows * columns) throw new RangeError(`${rows} x ${columns} is not ${matrix.length} values`);
  let largest = 0;
  for (let i = 0; i < matrix.length; i++) {
    const size = Math.abs(matrix[i] as number);
    if (!(size < Number.POSITIVE_INFINITY)) throw new Error('a matrix with values that are not finite has no SVD');
    if (size > largest) largest = size;
  }
  const unit = largest || 1;
  const tall = rows > columns;
  const count = tall ? columns : rows;
  const length = tall ? rows : columns;
  // `count` vectors of `length`, the columns or rows of the matrix, largest entry 1.
  const given = new Float64Array(count * length);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++)
      given[tall ? j * length + i : i * length + j] = (matrix[i * columns + j] as number) / unit;
  const { vectors } = yield* symmetricEigen(yield* gram(given, count, length), count);
  const long = yield* product(vectors, given, count, length);
  const squares = yield* orthogonalise(long, vectors, count, length);

  const order = Array.from(squares.keys()).sort((a, b) => (squares[b] as number) - (squares[a] as number) || a - b);
  const top = Math.sqrt(squares[order[0] as number] ?? 0);
  const values = new Float64Array(count);
  const longRows = new Float64Array(count * length);
  const shortRows = new Float64Array(count * count);
  for (const [k, from] of order.entries()) {
    const value = Math.sqrt(squares[from] as number);
    shortRows.set(vectors.subarray(from * count, (from + 1) * count), k * count);
    if (value <= NOTHING * top) continue;
    values[k] = value * unit;
    for (let i = 0; i < length; i++) longRows[k * length + i] = (long[from * length + i] as number) / value;
  }
  return { rows, columns, values, left: tall ? longRows : shortRows, right: tall ? shortRows : longRows };
}

/** Rotates pairs of rows until all are at right angles, the same in `along`. Returns their squared lengths. */
function* orthogonalise(
  rows: Float64Array,
  along: Float64Array,
  count: number,
  length: number,
): Generator<number, Float64Array> {
  const squares = Float64Array.from({ length: count }, (_, p) => dot(rows, length, p, p));
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const floor = NOTHING * NOTHING * squares.reduce((a, b) => Math.max(a, b), 0);
    let turned = false;
    for (let p = 0; p < count - 1; p++) {
      for (let q = p + 1; q < count; q++) {
        const [a, b] = [squares[p] as number, squares[q] as number];
        if (a <= floor || b <= floor) continue;
        const between = dot(rows, length, p, q);
        if (Math.abs(between) <= TOLERANCE * Math.sqrt(a * b)) continue;
        turned = true;
        const zeta = (a - b) / (2 * between);
        const tangent = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.hypot(zeta, 1));
        const cosine = 1 / Math.hypot(tangent, 1);
        rotateRows(rows, length, p, q, cosine, cosine * tangent);
        rotateRows(along, count, p, q, cosine, cosine * tangent);
        squares[p] = dot(rows, length, p, p);
        squares[q] = dot(rows, length, q, q);
      }
      yield (count - p) * length;
    }
    if (!turned) break;
  }
  return squares;
}

function dot(rows: Float64Array, length: number, p: number, q: number): number {
  const [a, b] = [p * length, q * length];
  // Two sums at once, which the processor adds side by side.
  let even = 0;
  let odd = 0;
  let k = 0;
  for (; k + 1 < length; k += 2) {
    even += (rows[a + k] as number) * (rows[b + k] as number);
    odd += (rows[a + k + 1] as number) * (rows[b + k + 1] as number);
  }
  if (k < length) even += (rows[a + k] as number) * (rows[b + k] as number);
  return even + odd;
}

/** The products of all pairs of rows, count x count. */
function* gram(rows: Float64Array, count: number, length: number): Generator<number, Float64Array> {
  const g = new Float64Array(count * count);
  for (let p = 0; p < count; p++) {
    for (let q = p; q < count; q++) {
      const value = dot(rows, length, p, q);
      g[p * count + q] = value;
      g[q * count + p] = value;
    }
    yield (count - p) * length;
  }
  return g;
}

/** [count, count] times [count, length]. */
function* product(a: Float64Array, b: Float64Array, count: number, length: number): Generator<number, Float64Array> {
  const out = new Float64Array(count * length);
  for (let i = 0; i < count; i++) {
    const row = out.subarray(i * length, (i + 1) * length);
    for (let k = 0; k < count; k++) {
      const x = a[i * count + k] as number;
      const from = k * length;
      for (let j = 0; j < length; j++) row[j] = (row[j] as number) + x * (b[from + j] as number);
    }
    yield count * length;
  }
  return out;
}

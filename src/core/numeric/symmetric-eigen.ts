/**
 * Eigenvalues and eigenvectors of a symmetric matrix, in float64: Householder reflections to a tridiagonal matrix, then
 * the implicit QL method, both with rows side by side in memory, so that the inner loops run along them.
 * Martin, Reinsch, Wilkinson 1968, "Householder's tridiagonalization of a symmetric matrix"; Dubrulle, Martin,
 * Wilkinson 1968, "The implicit QL algorithm".
 */

export interface SymmetricEigen {
  /** n eigenvalues, in no order. */
  readonly values: Float64Array;
  /** n x n: row k is the unit eigenvector of value k. */
  readonly vectors: Float64Array;
}

const STEPS = 60;

/**
 * `matrix` is n x n, row-major, symmetric and finite; it is used up. Throws Error where an eigenvalue is not found in 60 steps.
 * Yields how many multiplications it has done since it last did.
 */
export function* symmetricEigen(matrix: Float64Array, n: number): Generator<number, SymmetricEigen> {
  const { diagonal, beside, vectors } = yield* tridiagonal(matrix, n);
  for (let low = 0; low < n; low++) {
    for (let step = 0; ; step++) {
      const end = unbroken(diagonal, beside, low, n);
      if (end === low) break;
      if (step === STEPS) throw new Error('the eigenvalues of this matrix could not be found');
      sweep(diagonal, beside, vectors, low, end, n);
      yield 4 * (end - low) * n;
    }
  }
  return { values: diagonal, vectors };
}

/** The last index of the block that starts at `low`: where the number beside the diagonal is nothing. */
function unbroken(diagonal: Float64Array, beside: Float64Array, low: number, n: number): number {
  for (let i = low; i < n - 1; i++) {
    const size = Math.abs(diagonal[i] as number) + Math.abs(diagonal[i + 1] as number);
    if (Math.abs(beside[i] as number) <= Number.EPSILON * size) return i;
  }
  return n - 1;
}

/** One implicit QL step on the block from `low` to `end`, with the shift from its first 2 x 2 corner. */
function sweep(d: Float64Array, e: Float64Array, vectors: Float64Array, low: number, end: number, n: number): void {
  const half = ((d[low + 1] as number) - (d[low] as number)) / (2 * (e[low] as number));
  const root = Math.hypot(half, 1);
  let g = (d[end] as number) - (d[low] as number) + (e[low] as number) / (half + (half < 0 ? -root : root));
  let [sine, cosine, shift] = [1, 1, 0];
  for (let i = end - 1; i >= low; i--) {
    const f = sine * (e[i] as number);
    const b = cosine * (e[i] as number);
    const r = Math.hypot(f, g);
    e[i + 1] = r;
    if (r === 0) {
      d[i + 1] = (d[i + 1] as number) - shift;
      e[end] = 0;
      return;
    }
    sine = f / r;
    cosine = g / r;
    g = (d[i + 1] as number) - shift;
    const turn = ((d[i] as number) - g) * sine + 2 * cosine * b;
    shift = sine * turn;
    d[i + 1] = g + shift;
    g = cosine * turn - b;
    rotateRows(vectors, n, i + 1, i, cosine, sine);
  }
  d[low] = (d[low] as number) - shift;
  e[low] = g;
  e[end] = 0;
}

/** Rows p and q of a matrix with rows of this length become c p + s q and c q - s p. */
export function rotateRows(rows: Float64Array, length: number, p: number, q: number, c: number, s: number): void {
  const [a, b] = [p * length, q * length];
  for (let k = 0; k < length; k++) {
    const x = rows[a + k] as number;
    const y = rows[b + k] as number;
    rows[a + k] = c * x + s * y;
    rows[b + k] = c * y - s * x;
  }
}

/** matrix = Q T Q^T with T tridiagonal; `vectors` is Q^T. */
function* tridiagonal(
  a: Float64Array,
  n: number,
): Generator<number, { diagonal: Float64Array; beside: Float64Array; vectors: Float64Array }> {
  const beside = new Float64Array(n);
  const scales = new Float64Array(n);
  const product = new Float64Array(n);
  // Row k of the upper triangle is free once it is reduced: it then holds the reflection's direction.
  for (let k = 0; k < n - 2; k++) {
    const row = a.subarray(k * n, (k + 1) * n);
    let square = 0;
    for (let i = k + 1; i < n; i++) square += (row[i] as number) * (row[i] as number);
    const first = row[k + 1] as number;
    const norm = first > 0 ? -Math.sqrt(square) : Math.sqrt(square);
    beside[k] = norm;
    if (square === 0) continue;
    row[k + 1] = first - norm;
    const scale = 1 / (square - first * norm);
    scales[k] = scale;
    let overlap = 0;
    for (let i = k + 1; i < n; i++) {
      let sum = 0;
      for (let j = k + 1; j < n; j++) sum += (a[i * n + j] as number) * (row[j] as number);
      product[i] = scale * sum;
      overlap += (product[i] as number) * (row[i] as number);
    }
    const middle = (scale * overlap) / 2;
    for (let i = k + 1; i < n; i++) product[i] = (product[i] as number) - middle * (row[i] as number);
    for (let i = k + 1; i < n; i++) {
      const [v, w] = [row[i] as number, product[i] as number];
      for (let j = k + 1; j < n; j++)
        a[i * n + j] = (a[i * n + j] as number) - v * (product[j] as number) - w * (row[j] as number);
    }
    yield 3 * (n - k) * (n - k);
  }
  if (n > 1) beside[n - 2] = a[(n - 2) * n + n - 1] as number;
  const diagonal = Float64Array.from({ length: n }, (_, i) => a[i * n + i] as number);
  return { diagonal, beside, vectors: transposed(yield* reflected(a, scales, product, n), n) };
}

/** The product of all reflections, from the last to the first. */
function* reflected(
  a: Float64Array,
  scales: Float64Array,
  work: Float64Array,
  n: number,
): Generator<number, Float64Array> {
  const q = new Float64Array(n * n);
  for (let i = 0; i < n; i++) q[i * n + i] = 1;
  for (let k = n - 3; k >= 0; k--) {
    const scale = scales[k] as number;
    if (scale === 0) continue;
    work.fill(0);
    for (let i = k + 1; i < n; i++) {
      const v = a[k * n + i] as number;
      for (let j = k + 1; j < n; j++) work[j] = (work[j] as number) + v * (q[i * n + j] as number);
    }
    for (let i = k + 1; i < n; i++) {
      const v = scale * (a[k * n + i] as number);
      for (let j = k + 1; j < n; j++) q[i * n + j] = (q[i * n + j] as number) - v * (work[j] as number);
    }
    yield 2 * (n - k) * (n - k);
  }
  return q;
}

function transposed(q: Float64Array, n: number): Float64Array {
  const t = new Float64Array(n * n);
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) t[j * n + i] = q[i * n + j] as number;
  return t;
}

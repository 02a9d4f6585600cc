/**
 * Weights as a product of two thin matrices, from a singular value decomposition cut off at a rank. Each gets the root of
 * the singular values, so that their weights are of like size: quantization and weight decay then treat them alike.
 */
import type { Svd } from '#core/numeric/svd';

/** `first` [rows, rank] times `second` [rank, columns] is the best matrix of this rank. */
export function lowRankFactors(
  parts: Svd,
  rank: number,
): { readonly first: Float32Array; readonly second: Float32Array } {
  const { rows, columns, values, left, right } = parts;
  const first = new Float32Array(rows * rank);
  const second = new Float32Array(rank * columns);
  for (let k = 0; k < rank; k++) {
    const root = Math.sqrt(values[k] as number);
    for (let i = 0; i < rows; i++) first[i * rank + k] = root * (left[k * rows + i] as number);
    for (let j = 0; j < columns; j++) second[k * columns + j] = root * (right[k * columns + j] as number);
  }
  return { first, second };
}

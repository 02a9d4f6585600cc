/**
 * Mean and variance of each column of a sample that comes in parts, without differences of large squares: a part's own
 * moments are joined to those so far (Chan, Golub, LeVeque 1979, "Updating formulae and a pairwise algorithm").
 */

export interface Moments {
  /** Rows seen. */
  readonly count: number;
  readonly mean: Float64Array;
  /** Biased: the mean of the squared distances to the mean. */
  readonly variance: Float64Array;
}

/** The moments of `columns` columns of the row-major `values`, joined to those of `before`. */
export function channelMoments(values: Float32Array, columns: number, before: Moments | null): Moments {
  const count = values.length / columns;
  const mean = new Float64Array(columns);
  const variance = new Float64Array(columns);
  for (let row = 0; row < values.length; row += columns)
    for (let c = 0; c < columns; c++) mean[c] = (mean[c] as number) + (values[row + c] as number) / count;
  for (let row = 0; row < values.length; row += columns) {
    for (let c = 0; c < columns; c++)
      variance[c] = (variance[c] as number) + ((values[row + c] as number) - (mean[c] as number)) ** 2 / count;
  }
  if (!before) return { count, mean, variance };
  const total = before.count + count;
  const [old, fresh] = [before.count / total, count / total];
  return {
    count: total,
    mean: mean.map((m, c) => old * (before.mean[c] as number) + fresh * m),
    variance: variance.map((v, c) => {
      const apart = (mean[c] as number) - (before.mean[c] as number);
      return old * (before.variance[c] as number) + fresh * v + old * fresh * apart * apart;
    }),
  };
}

/**
 * Weights by value: bins over one range for all that is compared. Weights of exactly 0 are in no bin: they are counted
 * apart, because pruning and rounding put many there and their bar would flatten all others.
 */

/** Counts of several kernels over the same bins. */
export interface Histogram {
  /** Ends of the range: the least and the largest value of any kernel, 0 included. */
  readonly low: number;
  readonly high: number;
  /** One array a kernel; bin k reaches from low + k * (high - low) / bins. Without zeros. */
  readonly counts: readonly Uint32Array[];
}

/** `bins` is 1 or more. Kernels without a weight other than 0 give a range from -1 to 1. */
export function histogramOf(kernels: readonly Float32Array[], bins: number): Histogram {
  let low = 0;
  let high = 0;
  for (const data of kernels) {
    for (let i = 0; i < data.length; i++) {
      const w = data[i] as number;
      if (w < low) low = w;
      else if (w > high) high = w;
    }
  }
  if (low === high) [low, high] = [-1, 1];
  const perUnit = bins / (high - low);
  const counts = kernels.map((data) => {
    const own = new Uint32Array(bins);
    for (let i = 0; i < data.length; i++) {
      const w = data[i] as number;
      if (w === 0) continue;
      const at = Math.min(bins - 1, Math.floor((w - low) * perUnit));
      own[at] = (own[at] as number) + 1;
    }
    return own;
  });
  return { low, high, counts };
}

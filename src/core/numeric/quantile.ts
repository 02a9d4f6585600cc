/**
 * Quantiles of a sorted sample, with linear interpolation between neighbours (Hyndman and Fan 1996, type 7: what
 * NumPy, R and Excel do by default).
 */

/** The `share`-quantile (0 to 1) of an ascending sample; throws RangeError for an empty one. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  if (sorted.length === 0) throw new RangeError('a quantile needs at least one value');
  const place = Math.min(1, Math.max(0, share)) * (sorted.length - 1);
  const below = Math.floor(place);
  const low = sorted[below] as number;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] as number;
  return low + (place - below) * (high - low);
}

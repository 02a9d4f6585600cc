/**
 * 95 % confidence intervals for shares. Both stay honest where nothing was observed: no errors in n images, or no
 * differences between two models, still give an interval with a width.
 * Wilson 1927, "Probable inference, the law of succession, and statistical inference".
 * Agresti and Min 2005, "Simple improved confidence intervals for comparing matched proportions".
 */

/** The 97.5 % quantile of the standard normal distribution. */
const Z = 1.959963984540054;

/** An estimate with its 95 % interval. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** The share correct / n, 0 to 1, with Wilson's interval. With n = 0 nothing is known: value 0, interval [0, 1]. */
export function wilson(correct: number, n: number): Estimate {
  if (n === 0) return { value: 0, low: 0, high: 1 };
  const share = correct / n;
  const z2 = Z * Z;
  const centre = (correct + z2 / 2) / (n + z2);
  const half = (Z * Math.sqrt(n * share * (1 - share) + z2 / 4)) / (n + z2);
  return {
    value: share,
    low: correct === 0 ? 0 : Math.max(0, centre - half),
    high: correct === n ? 1 : Math.min(1, centre + half),
  };
}

/**
 * The difference of two shares measured on the same n images, (gained - lost) / n, -1 to 1. `gained`: images that only
 * the first model gets right, `lost`: only the second. So with (new, old) it is how much the accuracy rose.
 * The interval adds one half to each of the four cells of the paired table; it contains the value.
 */
export function agrestiMin(gained: number, lost: number, n: number): Estimate {
  if (n === 0) return { value: 0, low: -1, high: 1 };
  const value = (gained - lost) / n;
  const total = n + 2;
  const difference = gained - lost;
  const centre = difference / total;
  const half = (Z * Math.sqrt(gained + lost + 1 - (difference * difference) / total)) / total;
  return {
    value,
    low: Math.max(-1, Math.min(value, centre - half)),
    high: Math.min(1, Math.max(value, centre + half)),
  };
}

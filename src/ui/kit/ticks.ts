/**
 * Round numbers for axes. Linear ticks step by 1, 2 or 5 times a power of ten; logarithmic ticks show the decades, and
 * 2 and 5 (or finer) between them where there are few.
 */

/** A domain that ends on round numbers, its ticks in between, both ends included. */
export interface Axis {
  readonly domain: readonly [number, number];
  readonly ticks: readonly number[];
}

/** About `count` round steps around [low, high]; `bounds` are never crossed. */
export function linearAxis(
  low: number,
  high: number,
  count: number,
  bounds: readonly [number, number] = [-Infinity, Infinity],
): Axis {
  const span = high - low > 0 ? high - low : Math.max(Math.abs(high), 1) * 0.1;
  const step = roundStep(span / Math.max(1, count));
  const first = Math.max(Math.floor(low / step + 1e-9), Math.ceil(bounds[0] / step - 1e-9));
  const last = Math.min(Math.ceil(high / step - 1e-9), Math.floor(bounds[1] / step + 1e-9));
  const ticks: number[] = [];
  for (let k = first; k <= Math.max(last, first + 1); k++) ticks.push(clean(k * step));
  return { domain: [ticks[0] ?? low, ticks.at(-1) ?? high], ticks };
}

/** The smallest of 1, 2, 5 times a power of ten that is no less than `rough`. */
export function roundStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  for (const factor of [1, 2, 5]) if (factor * power >= rough * (1 - 1e-9)) return factor * power;
  return 10 * power;
}

/** Around positive values, with a little air on both sides; ticks are inside the domain. */
export function logAxis(low: number, high: number, most = 7): Axis {
  const air = Math.max((high / low) ** 0.08, high / low < 2 ? 1.7 : 1.15);
  const domain = [low / air, high * air] as const;
  for (const factors of [[1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9], [1, 2, 3, 5], [1, 2, 5], [1, 3], [1]]) {
    const ticks = logTicks(domain, factors);
    if (ticks.length <= most && (ticks.length >= 2 || factors.length === 1)) return { domain, ticks };
  }
  const decades = logTicks(domain, [1]);
  if (decades.length <= most) return { domain, ticks: decades };
  const every = Math.ceil(decades.length / most);
  return { domain, ticks: decades.filter((_, k) => k % every === 0) };
}

function logTicks([low, high]: readonly [number, number], factors: readonly number[]): number[] {
  const ticks: number[] = [];
  for (let exponent = Math.floor(Math.log10(low)); exponent <= Math.ceil(Math.log10(high)); exponent++) {
    for (const factor of factors) {
      const value = clean(factor * 10 ** exponent);
      if (value >= low && value <= high) ticks.push(value);
    }
  }
  return ticks;
}

function clean(value: number): number {
  return Number(value.toPrecision(12));
}

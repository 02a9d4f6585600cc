/**
 * Minimising a smooth function by limited-memory BFGS (Nocedal 1980, two-loop recursion) with a halving line search
 * (Armijo). Deterministic; for thousands of unknowns, not millions.
 */

export interface Minimised {
  readonly x: Float64Array;
  readonly value: number;
  readonly rounds: number;
}

/** Pairs of steps and gradient changes that are remembered. */
const MEMORY = 10;

/**
 * From `start` down until the largest slope is below `tolerance`, a step wins nothing, or `most` rounds are done. `slopes`
 * writes the gradient at x into its second argument and returns the value.
 */
export function minimise(
  start: Float64Array,
  slopes: (x: Float64Array, gradient: Float64Array) => number,
  { most = 200, tolerance = 1e-6 }: { readonly most?: number; readonly tolerance?: number } = {},
): Minimised {
  let x = start.slice();
  let gradient = new Float64Array(x.length);
  let value = slopes(x, gradient);
  const past: { step: Float64Array; change: Float64Array; rho: number }[] = [];
  let rounds = 0;
  while (rounds < most && gradient.some((g) => Math.abs(g) > tolerance)) {
    const way = direction(gradient, past);
    let slope = dot(way, gradient);
    if (!(slope < 0)) {
      past.length = 0;
      way.set(gradient.map((g) => -g));
      slope = -dot(gradient, gradient);
    }
    let length = past.length === 0 ? Math.min(1, 1 / Math.sqrt(dot(gradient, gradient))) : 1;
    const next = new Float64Array(x.length);
    const nextGradient = new Float64Array(x.length);
    let nextValue = Number.POSITIVE_INFINITY;
    for (let tries = 0; tries < 40; tries++, length /= 2) {
      for (let i = 0; i < x.length; i++) next[i] = (x[i] as number) + length * (way[i] as number);
      nextValue = slopes(next, nextGradient);
      if (nextValue <= value + 1e-4 * length * slope) break;
    }
    if (!(nextValue < value)) break;
    const step = next.map((one, i) => one - (x[i] as number));
    const change = nextGradient.map((one, i) => one - (gradient[i] as number));
    const curvature = dot(step, change);
    if (curvature > 1e-12) past.push({ step, change, rho: 1 / curvature });
    if (past.length > MEMORY) past.shift();
    [x, gradient, value] = [next, nextGradient, nextValue];
    rounds++;
  }
  return { x, value, rounds };
}

function direction(
  gradient: Float64Array,
  past: readonly { step: Float64Array; change: Float64Array; rho: number }[],
): Float64Array {
  const way = gradient.map((g) => -g);
  const shares: number[] = [];
  for (const { step, change, rho } of past.toReversed()) {
    const share = rho * dot(step, way);
    shares.unshift(share);
    for (let i = 0; i < way.length; i++) way[i] = (way[i] as number) - share * (change[i] as number);
  }
  const last = past.at(-1);
  if (last) {
    const scale = 1 / (last.rho * dot(last.change, last.change));
    for (let i = 0; i < way.length; i++) way[i] = (way[i] as number) * scale;
  }
  for (const [p, { step, change, rho }] of past.entries()) {
    const share = (shares[p] as number) - rho * dot(change, way);
    for (let i = 0; i < way.length; i++) way[i] = (way[i] as number) + share * (step[i] as number);
  }
  return way;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

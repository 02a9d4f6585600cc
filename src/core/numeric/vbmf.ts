/**
 * How many singular values of a noisy matrix are signal: the rank that empirical variational Bayes finds in closed form,
 * with the noise found by minimising its free energy along one number.
 * Nakajima, Sugiyama, Babacan, Tomioka 2013, "Global Analytic Solution of Fully-observed Variational Bayesian Matrix
 * Factorization".
 */

/** The threshold's constant: tau-bar is about this times the root of alpha. */
const TAU = 2.5129;
const POINTS = 200;

/** `values` falling, all min(rows, columns) of them. From 0 (nothing but noise) to their number. */
export function vbmfRank(values: Float64Array, rows: number, columns: number): number {
  const short = Math.min(rows, columns);
  const long = Math.max(rows, columns);
  const largest = values[0] ?? 0;
  if (largest === 0) return 0;
  const alpha = short / long;
  const tau = TAU * Math.sqrt(alpha);
  const limit = (1 + tau) * (1 + alpha / tau);
  // Exact zeros (a matrix of lower rank) would make a logarithm infinite; as they are equal for every noise, any small number does.
  const squares = Float64Array.from(values, (s) => Math.max(s * s, 1e-20 * largest * largest));
  const total = squares.reduce((a, b) => a + b, 0);

  const upper = total / (rows * columns);
  const from = Math.min(Math.max(Math.ceil(short / (1 + alpha)) - 1, 0), short - 1);
  const rest = squares.subarray(from);
  const mean = rest.reduce((a, b) => a + b, 0) / rest.length / long;
  const lower = Math.min(upper, Math.max((rest[0] as number) / (long * limit), mean));

  const energy = (logNoise: number): number => freeEnergy(squares, Math.exp(logNoise), long, alpha, limit);
  const noise = Math.exp(leastOn(energy, Math.log(lower), Math.log(upper)));
  const threshold = long * noise * limit;
  let rank = 0;
  while (rank < squares.length && (squares[rank] as number) > threshold) rank++;
  return rank;
}

/** Up to a constant and a factor. */
function freeEnergy(squares: Float64Array, noise: number, long: number, alpha: number, limit: number): number {
  let energy = 0;
  for (const square of squares) {
    const x = square / (long * noise);
    energy += x - Math.log(x);
    if (x <= limit) continue;
    const distance = x - (1 + alpha);
    const t = (distance + Math.sqrt(distance * distance - 4 * alpha)) / 2;
    energy += Math.log(t + 1) + alpha * Math.log(t / alpha + 1) - t;
  }
  return energy;
}

/** Where a function is least on an interval: the best of a grid (it may have several valleys), then golden section around it. */
function leastOn(f: (x: number) => number, low: number, high: number): number {
  const step = (high - low) / POINTS;
  let best = low;
  let least = f(low);
  for (let i = 1; i <= POINTS; i++) {
    const x = low + i * step;
    const value = f(x);
    if (value < least) [best, least] = [x, value];
  }
  const golden = (Math.sqrt(5) - 1) / 2;
  let [a, b] = [Math.max(low, best - step), Math.min(high, best + step)];
  for (let i = 0; i < 60; i++) {
    const [x, y] = [b - golden * (b - a), a + golden * (b - a)];
    if (f(x) < f(y)) b = y;
    else a = x;
  }
  return (a + b) / 2;
}

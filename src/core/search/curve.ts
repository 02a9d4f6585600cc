/**
 * Where a learning curve is heading: a power law, error(n) = a + b n^-c with a, b >= 0 and c > 0, fitted by least squares
 * to the errors seen so far. An estimate, and called so wherever it is shown: it knows nothing of a learning rate that
 * falls, or of overfitting. Papers: Cortes et al. 1993, Learning Curves; Domhan, Springenberg, Hutter 2015.
 */

/** Accuracy on held-out images after so many epochs. */
export interface CurvePoint {
  readonly epoch: number;
  /** 0 to 1. */
  readonly accuracy: number;
}
export interface PowerLaw {
  /** The error that no training gets below, 0 to 1. */
  readonly a: number;
  readonly b: number;
  readonly c: number;
  /** Root of the mean squared distance from the points. */
  readonly residual: number;
}

/** Points below which three numbers fit anything. */
export const LEAST_POINTS = 4;
const STEEPEST = 4;
const STEPS = 400;

/** The best law through the points with an epoch above 0; null for fewer than LEAST_POINTS of them. */
export function fitPowerLaw(points: readonly CurvePoint[]): PowerLaw | null {
  const seen = points.filter(({ epoch, accuracy }) => epoch > 0 && Number.isFinite(accuracy));
  if (new Set(seen.map(({ epoch }) => epoch)).size < LEAST_POINTS) return null;
  const errors = seen.map(({ accuracy }) => 1 - accuracy);
  // For a given exponent the rest is linear: all exponents are tried, then the neighbourhood of the best.
  const law = (c: number): PowerLaw =>
    linear(
      seen.map(({ epoch }) => epoch ** -c),
      errors,
      c,
    );
  const among = (low: number, high: number): PowerLaw =>
    Array.from({ length: STEPS + 1 }, (_, i) => law(low + ((high - low) * i) / STEPS)).reduce((best, one) =>
      one.residual < best.residual ? one : best,
    );
  const step = STEEPEST / STEPS;
  const rough = among(step, STEEPEST);
  return among(Math.max(step / STEPS, rough.c - step), rough.c + step);
}

/** The accuracy that the law gives after so many epochs, 0 to 1. */
export function accuracyAt({ a, b, c }: PowerLaw, epoch: number): number {
  return Math.min(1, Math.max(0, 1 - a - b * epoch ** -c));
}

/** Least squares for error = a + b x with a, b >= 0: the free solution, else the better of the two edges. */
function linear(x: readonly number[], y: readonly number[], c: number): PowerLaw {
  const n = x.length;
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / n;
  const dot = (p: readonly number[], q: readonly number[]): number =>
    p.reduce((sum, value, i) => sum + value * (q[i] as number), 0);
  const [mx, my] = [mean(x), mean(y)];
  const spread = dot(x, x) - n * mx * mx;
  const slope = spread > 0 ? (dot(x, y) - n * mx * my) / spread : 0;
  const free = { a: my - slope * mx, b: slope };
  const edges = [
    { a: my, b: 0 },
    { a: 0, b: Math.max(0, dot(x, y) / dot(x, x)) },
  ];
  const residualOf = ({ a, b }: { a: number; b: number }): number =>
    Math.sqrt(mean(y.map((value, i) => (value - a - b * (x[i] as number)) ** 2)));
  const laws = (free.a >= 0 && free.b >= 0 ? [free] : edges).map((ab) => ({ ...ab, c, residual: residualOf(ab) }));
  return laws.reduce((best, one) => (one.residual < best.residual ? one : best));
}

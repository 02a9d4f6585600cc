/** The activations, from their definitions, in double precision. */
import type { ElementFn } from '#engine/ops';

export function elementOf({ fn, alpha, max }: ElementFn, x: number): number {
  switch (fn) {
    case 'linear':
      return x;
    case 'relu':
      return Math.min(max, Math.max(0, x));
    case 'leakyRelu':
      return x > 0 ? x : alpha * x;
    case 'sigmoid':
      return 1 / (1 + Math.exp(-x));
    case 'tanh':
      return Math.tanh(x);
    case 'exponential':
      return Math.exp(x);
    case 'elu':
      return x > 0 ? x : alpha * Math.expm1(x);
    case 'selu':
      return 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * Math.expm1(x));
    case 'softplus':
      return Math.log1p(Math.exp(-Math.abs(x))) + Math.max(0, x);
    case 'softsign':
      return x / (1 + Math.abs(x));
    case 'hardSigmoid':
      return Math.min(1, Math.max(0, 0.2 * x + 0.5));
    case 'swish':
      return x / (1 + Math.exp(-x));
    case 'gelu':
      return x * normalShare(x);
    case 'sign':
      return x >= 0 ? 1 : -1;
    default:
      throw fn satisfies never;
  }
}

/** The standard normal distribution function by its series: phi(x) (x + x^3/3 + x^5/15 + …) + 1/2, exact for |x| < 6. */
function normalShare(x: number): number {
  let term = x;
  let sum = x;
  for (let k = 3; k < 200; k += 2) {
    term *= (x * x) / k;
    sum += term;
  }
  return 0.5 + (sum * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI);
}

/**
 * Element-wise functions and their derivatives as WGSL. Written so that nothing overflows far from zero, and so that a
 * value that is not a number stays one: a run that diverges has to show.
 */

import { literal } from '#engine/backends/webgpu/kernel';
import type { ElementFn } from '#engine/ops';

const SELU_SCALE = 1.0507009873554805;
const SELU_ALPHA = 1.6732632423543772;

const SIGMOID = `fn sigmoid(x: f32) -> f32 {
  let e = exp(-abs(x));
  return select(1.0, e, x < 0.0) / (1.0 + e);
}`;
/** Abramowitz and Stegun 7.1.26: off by at most 1.5e-7. */
const NORMAL = `fn normalShare(x: f32) -> f32 {
  let z = abs(x) * 0.70710678118;
  let u = 1.0 / (1.0 + 0.3275911 * z);
  let tail = u * (0.254829592 + u * (-0.284496736 + u * (1.421413741 + u * (-1.453152027 + u * 1.061405429)))) * exp(-z * z);
  return select(1.0 - 0.5 * tail, 0.5 * tail, x < 0.0);
}`;

/** `fn act(x: f32) -> f32`. */
export function actText({ fn, alpha, max }: ElementFn): string {
  const define = (body: string, before = ''): string => `${before}\nfn act(x: f32) -> f32 { ${body} }`;
  switch (fn) {
    case 'linear':
      return define('return x;');
    case 'relu': {
      const low = 'select(x, 0.0, x < 0.0)';
      return define(
        Number.isFinite(max)
          ? `let y = ${low}; return select(y, ${literal(max)}, y > ${literal(max)});`
          : `return ${low};`,
      );
    }
    case 'leakyRelu':
      return define(`return select(x, ${literal(alpha)} * x, x <= 0.0);`);
    case 'sigmoid':
      return define('return sigmoid(x);', SIGMOID);
    case 'tanh':
      return define('let e = exp(-2.0 * abs(x)); let y = (1.0 - e) / (1.0 + e); return select(y, -y, x < 0.0);');
    case 'exponential':
      return define('return exp(x);');
    case 'elu':
      return define(`return select(x, ${literal(alpha)} * (exp(min(x, 0.0)) - 1.0), x <= 0.0);`);
    case 'selu':
      return define(
        `return ${literal(SELU_SCALE)} * select(x, ${literal(SELU_ALPHA)} * (exp(min(x, 0.0)) - 1.0), x <= 0.0);`,
      );
    case 'softplus':
      return define('return log(1.0 + exp(-abs(x))) + max(x, 0.0);');
    case 'softsign':
      return define('return x / (1.0 + abs(x));');
    case 'hardSigmoid':
      return define('return clamp(0.2 * x + 0.5, 0.0, 1.0);');
    case 'swish':
      return define('return x * sigmoid(x);', SIGMOID);
    case 'gelu':
      return define('return x * normalShare(x);', NORMAL);
    case 'sign':
      return define('return select(-1.0, 1.0, x >= 0.0);');
    default:
      throw fn satisfies never;
  }
}

/** `fn slope(v: f32) -> f32`: the derivative from the output v, or from the input v where `isFusable` is false. */
export function slopeText({ fn, alpha, max }: ElementFn): string {
  const define = (body: string, before = ''): string => `${before}\nfn slope(v: f32) -> f32 { ${body} }`;
  switch (fn) {
    case 'swish':
      return define('let s = sigmoid(v); return s + v * s * (1.0 - s);', SIGMOID);
    case 'gelu':
      return define('return normalShare(v) + v * 0.3989422804 * exp(-0.5 * v * v);', NORMAL);
    case 'sign':
      return define('return select(0.0, 1.0, abs(v) <= 1.0);');
    case 'linear':
      return define('return 1.0;');
    case 'relu':
      return define(`return select(0.0, 1.0, v > 0.0${Number.isFinite(max) ? ` && v < ${literal(max)}` : ''});`);
    case 'leakyRelu':
      return define(`return select(${literal(alpha)}, 1.0, v > 0.0);`);
    case 'sigmoid':
      return define('return v * (1.0 - v);');
    case 'tanh':
      return define('return 1.0 - v * v;');
    case 'exponential':
      return define('return v;');
    case 'elu':
      return define(`return select(v + ${literal(alpha)}, 1.0, v > 0.0);`);
    case 'selu':
      return define(`return select(v + ${literal(SELU_SCALE * SELU_ALPHA)}, ${literal(SELU_SCALE)}, v > 0.0);`);
    case 'softplus':
      return define('return 1.0 - exp(-v);');
    case 'softsign':
      return define('let r = 1.0 - abs(v); return r * r;');
    case 'hardSigmoid':
      return define('return select(0.0, 0.2, v > 0.0 && v < 1.0);');
    default:
      throw fn satisfies never;
  }
}

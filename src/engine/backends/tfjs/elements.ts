/** Element by element: activations with their derivatives, sums and products, selection. */
import * as tf from '@tensorflow/tfjs-core';
import { at, type Kernels } from '#engine/backends/tfjs/kernel';
import type { ElementFn } from '#engine/ops';

/** Klambauer 2017. */
const SELU_SCALE = 1.0507009873554805;
const SELU_ALPHA = 1.6732632423543772;
const SQRT_HALF = Math.SQRT1_2;

/** The activation of x; x itself where it is linear. */
export function activate(x: tf.Tensor, { fn, alpha, max }: ElementFn): tf.Tensor {
  switch (fn) {
    case 'linear':
      return x;
    case 'relu':
      return Number.isFinite(max) ? tf.minimum(tf.relu(x), max) : tf.relu(x);
    case 'leakyRelu':
      return tf.leakyRelu(x, alpha);
    case 'sigmoid':
      return tf.sigmoid(x);
    case 'tanh':
      return tf.tanh(x);
    case 'exponential':
      return tf.exp(x);
    case 'elu': {
      const y = tf.elu(x);
      return alpha === 1 ? y : tf.where(tf.greater(y, 0), y, tf.mul(y, alpha));
    }
    case 'selu':
      return tf.selu(x);
    case 'softplus':
      return tf.add(tf.relu(x), tf.log1p(tf.exp(tf.neg(tf.abs(x)))));
    case 'softsign':
      return tf.div(x, tf.add(tf.abs(x), 1));
    case 'hardSigmoid':
      return tf.clipByValue(tf.add(tf.mul(x, 0.2), 0.5), 0, 1);
    case 'swish':
      return tf.mul(x, tf.sigmoid(x));
    case 'gelu':
      return tf.mul(x, normalShare(x));
    case 'sign':
      return tf.sub(tf.mul(indicator(tf.greaterEqual(x, 0)), 2), 1);
    default:
      throw fn satisfies never;
  }
}

/** dy through the derivative; `by` is the activation's output, or its input for swish, gelu and sign. */
function activationGrad(dy: tf.Tensor, by: tf.Tensor, { fn, alpha, max }: ElementFn): tf.Tensor {
  switch (fn) {
    case 'linear':
      return dy;
    case 'relu': {
      const passed = tf.mul(dy, indicator(tf.greater(by, 0)));
      return Number.isFinite(max) ? tf.mul(passed, indicator(tf.less(by, max))) : passed;
    }
    case 'leakyRelu':
      return tf.where(tf.greater(by, 0), dy, tf.mul(dy, alpha));
    case 'sigmoid':
      return tf.mul(dy, tf.mul(by, tf.sub(1, by)));
    case 'tanh':
      return tf.mul(dy, tf.sub(1, tf.square(by)));
    case 'exponential':
      return tf.mul(dy, by);
    case 'elu':
      return tf.where(tf.greater(by, 0), dy, tf.mul(dy, tf.add(by, alpha)));
    case 'selu':
      return tf.where(tf.greater(by, 0), tf.mul(dy, SELU_SCALE), tf.mul(dy, tf.add(by, SELU_SCALE * SELU_ALPHA)));
    case 'softplus':
      return tf.mul(dy, tf.neg(tf.expm1(tf.neg(by))));
    case 'softsign':
      return tf.mul(dy, tf.square(tf.sub(1, tf.abs(by))));
    case 'hardSigmoid':
      return tf.mul(dy, tf.mul(0.2, tf.mul(indicator(tf.greater(by, 0)), indicator(tf.less(by, 1)))));
    case 'swish': {
      const s = tf.sigmoid(by);
      return tf.mul(dy, tf.add(s, tf.mul(tf.mul(by, s), tf.sub(1, s))));
    }
    case 'gelu': {
      const density = tf.mul(tf.exp(tf.mul(tf.square(by), -0.5)), 1 / Math.sqrt(2 * Math.PI));
      return tf.mul(dy, tf.add(normalShare(by), tf.mul(by, density)));
    }
    case 'sign':
      return tf.mul(dy, indicator(tf.lessEqual(tf.abs(by), 1)));
    default:
      throw fn satisfies never;
  }
}

/** 1 where true, 0 where not. */
export const indicator = (condition: tf.Tensor): tf.Tensor => tf.cast(condition, 'float32');

/** The standard normal distribution function. */
const normalShare = (x: tf.Tensor): tf.Tensor => tf.mul(tf.add(tf.erf(tf.mul(x, SQRT_HALF)), 1), 0.5);

export const elementKernels: Kernels<
  'activation' | 'activationGrad' | 'prelu' | 'preluGrad' | 'binary' | 'selectGrad' | 'sumTo' | 'scale'
> = {
  activation: (op, inputs) => [activate(at(inputs, 0), op.act)],
  activationGrad: (op, inputs) => [activationGrad(at(inputs, 0), at(inputs, 1), op.act)],
  prelu: (_op, inputs) => {
    const [x, alpha] = [at(inputs, 0), at(inputs, 1)];
    return [tf.where(tf.greater(x, 0), x, tf.mul(x, alpha))];
  },
  preluGrad: (_op, inputs, shapes) => {
    const [x, alpha, dy] = [at(inputs, 0), at(inputs, 1), at(inputs, 2)];
    const below = tf.where(tf.greater(x, 0), tf.zerosLike(x), tf.mul(x, dy));
    const size = alpha.size;
    const dAlpha = tf.reshape(tf.sum(tf.reshape(below, [-1, size]), 0), [...(shapes[1] as number[])]);
    return [tf.where(tf.greater(x, 0), dy, tf.mul(dy, alpha)), dAlpha];
  },
  binary: (op, inputs) => {
    const [a, b] = [at(inputs, 0), at(inputs, 1)];
    switch (op.fn) {
      case 'add':
        return [tf.add(a, b)];
      case 'subtract':
        return [tf.sub(a, b)];
      case 'multiply':
        return [tf.mul(a, b)];
      case 'maximum':
        return [tf.maximum(a, b)];
      case 'minimum':
        return [tf.minimum(a, b)];
      default:
        throw op.fn satisfies never;
    }
  },
  selectGrad: (op, inputs) => {
    const [a, b, dy] = [at(inputs, 0), at(inputs, 1), at(inputs, 2)];
    const first = indicator(op.fn === 'maximum' ? tf.greaterEqual(a, b) : tf.lessEqual(a, b));
    return [tf.mul(dy, op.of === 'first' ? first : tf.sub(1, first))];
  },
  sumTo: (_op, inputs, shapes) => {
    const x = at(inputs, 0);
    const axes = x.shape.flatMap((side, i) => (shapes[0]?.[i] === 1 && side !== 1 ? [i] : []));
    return [axes.length > 0 ? tf.sum(x, axes, true) : x];
  },
  scale: (op, inputs) => {
    const product = op.scale === 1 ? at(inputs, 0) : tf.mul(at(inputs, 0), op.scale);
    return [op.offset === 0 ? product : tf.add(product, op.offset)];
  },
};

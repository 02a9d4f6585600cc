/** The optimiser's step over all trained values: plain descent, momentum (Polyak 1964) and Adam (Kingma and Ba 2015). */
import * as tf from '@tensorflow/tfjs-core';
import type { Optimizer } from '#core/objective';
import { at, type Kernels } from '#engine/backends/tfjs/kernel';
import { momentsOf } from '#engine/optimizers';

export const updateKernels: Kernels<'optimize'> = {
  optimize: (op, inputs) => {
    const rate = at(inputs, 0);
    const moments = momentsOf(op.optimizer);
    const outputs: tf.Tensor[] = [];
    let next = 1;
    for (let i = 0; i < op.count; i++) {
      const param = at(inputs, next);
      const gradient = at(inputs, next + 1);
      const held = inputs.slice(next + 2, next + 2 + moments);
      next += 2 + moments;
      const masked = op.masked[i] ? tf.mul(gradient, at(inputs, next++)) : gradient;
      outputs.push(...updated(op.optimizer, rate, param, masked, held));
    }
    return outputs;
  },
};

/** The parameter and its moments after the step. Moments of masked entries start at 0 and stay there. */
function updated(
  optimizer: Optimizer,
  rate: tf.Tensor,
  param: tf.Tensor,
  gradient: tf.Tensor,
  held: readonly tf.Tensor[],
): tf.Tensor[] {
  switch (optimizer.kind) {
    case 'sgd':
      return [tf.sub(param, tf.mul(gradient, rate))];
    case 'momentum': {
      const velocity = tf.add(tf.mul(at(held, 0), optimizer.momentum), gradient);
      return [tf.sub(param, tf.mul(velocity, rate)), velocity];
    }
    case 'adam': {
      const m = tf.add(tf.mul(at(held, 0), optimizer.beta1), tf.mul(gradient, 1 - optimizer.beta1));
      const v = tf.add(tf.mul(at(held, 1), optimizer.beta2), tf.mul(tf.square(gradient), 1 - optimizer.beta2));
      return [tf.sub(param, tf.div(tf.mul(m, rate), tf.add(tf.sqrt(v), optimizer.epsilon))), m, v];
    }
    default:
      throw optimizer satisfies never;
  }
}

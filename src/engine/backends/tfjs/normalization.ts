/** Batch normalisation (Ioffe and Szegedy 2015): by the batch with its gradient, by moving statistics, and the moving means. */
import * as tf from '@tensorflow/tfjs-core';
import { at, type Kernels } from '#engine/backends/tfjs/kernel';

export const normalizationKernels: Kernels<
  'batchNormTrain' | 'batchNormTrainGrad' | 'batchNorm' | 'batchNormGrad' | 'movingAverage'
> = {
  batchNormTrain: (op, inputs) => {
    const [x, gamma, beta] = [at(inputs, 0), at(inputs, 1), at(inputs, 2)];
    const rows = byChannel(x);
    const mean = tf.mean(rows, 0);
    const centred = tf.sub(rows, mean);
    const variance = tf.mean(tf.square(centred), 0);
    const y = tf.add(tf.mul(centred, tf.mul(inverseRoot(variance, op.epsilon), gamma)), beta);
    return [tf.reshape(y, x.shape), mean, variance];
  },
  batchNormTrainGrad: (op, inputs) => {
    const [x, gamma, mean, variance, dy] = [at(inputs, 0), at(inputs, 1), at(inputs, 2), at(inputs, 3), at(inputs, 4)];
    const g = byChannel(dy);
    const inverse = inverseRoot(variance, op.epsilon);
    const normal = tf.mul(tf.sub(byChannel(x), mean), inverse);
    const dGamma = tf.sum(tf.mul(g, normal), 0);
    const dBeta = tf.sum(g, 0);
    const count = g.shape[0] as number;
    const rest = tf.div(tf.add(dBeta, tf.mul(normal, dGamma)), count);
    const dx = tf.mul(tf.sub(g, rest), tf.mul(gamma, inverse));
    return [tf.reshape(dx, x.shape), dGamma, dBeta];
  },
  batchNorm: (op, inputs) => {
    const [x, gamma, beta, mean, variance] = [
      at(inputs, 0),
      at(inputs, 1),
      at(inputs, 2),
      at(inputs, 3),
      at(inputs, 4),
    ];
    return [tf.add(tf.mul(tf.sub(x, mean), tf.mul(inverseRoot(variance, op.epsilon), gamma)), beta)];
  },
  batchNormGrad: (op, inputs) => [tf.mul(at(inputs, 2), tf.mul(at(inputs, 0), inverseRoot(at(inputs, 1), op.epsilon)))],
  movingAverage: (op, inputs) => [tf.add(tf.mul(at(inputs, 0), op.momentum), tf.mul(at(inputs, 1), 1 - op.momentum))],
};

const byChannel = (x: tf.Tensor): tf.Tensor => tf.reshape(x, [-1, x.shape.at(-1) as number]);
const inverseRoot = (variance: tf.Tensor, epsilon: number): tf.Tensor => tf.rsqrt(tf.add(variance, epsilon));

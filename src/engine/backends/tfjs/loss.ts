/** Softmax, cross-entropy with its gradient, and the running sums that progress is read from. */
import * as tf from '@tensorflow/tfjs-core';
import { indicator } from '#engine/backends/tfjs/elements';
import { at, type Kernels } from '#engine/backends/tfjs/kernel';

/** Below every probability that counts, so that 0 log 0 is 0. */
const TINY = 1e-30;

export const lossKernels: Kernels<
  'softmax' | 'softmaxGrad' | 'oneHot' | 'softmaxCrossEntropy' | 'softmaxCrossEntropyGrad' | 'accumulateMetrics'
> = {
  softmax: (op, inputs) => [tf.softmax(tempered(at(inputs, 0), op.temperature))],
  softmaxGrad: (_op, inputs) => {
    const [y, dy] = [at(inputs, 0), at(inputs, 1)];
    return [tf.mul(y, tf.sub(dy, tf.sum(tf.mul(y, dy), -1, true)))];
  },
  oneHot: (op, inputs, shapes) => {
    const classes = shapes[0]?.[1] as number;
    const exact = oneHot(at(inputs, 0), classes);
    return [op.smoothing === 0 ? exact : tf.add(tf.mul(exact, 1 - op.smoothing), op.smoothing / classes)];
  },
  softmaxCrossEntropy: (op, inputs) => {
    const [logits, p] = [at(inputs, 0), at(inputs, 1)];
    const logQ = logSoftmax(tempered(logits, op.temperature));
    const logRatio = op.relative ? tf.sub(tf.log(tf.maximum(p, TINY)), logQ) : tf.neg(logQ);
    return [tf.sum(tf.mul(p, logRatio), -1)];
  },
  softmaxCrossEntropyGrad: (op, inputs) => {
    const [logits, p, weight] = [at(inputs, 0), at(inputs, 1), at(inputs, 2)];
    const difference = tf.sub(tf.softmax(tempered(logits, op.temperature)), p);
    return [tf.mul(difference, tf.reshape(tf.mul(weight, op.scale / op.temperature), [-1, 1]))];
  },
  accumulateMetrics: (_op, inputs) => {
    const [logits, labels, loss, weight, sums] = [
      at(inputs, 0),
      at(inputs, 1),
      at(inputs, 2),
      at(inputs, 3),
      at(inputs, 4),
    ];
    const classes = logits.shape[1] as number;
    const best = indicator(tf.equal(logits, tf.max(logits, -1, true)));
    const hit = tf.sum(tf.mul(best, oneHot(labels, classes)), -1);
    // The lowest of equal logits is the answer, whatever argMax does here.
    const before = indicator(tf.less(tf.range(0, classes), tf.reshape(labels, [-1, 1])));
    const beaten = tf.minimum(tf.sum(tf.mul(best, before), -1), 1);
    const correct = tf.mul(hit, tf.sub(1, beaten));
    const added = tf.stack([tf.sum(tf.mul(weight, loss)), tf.sum(tf.mul(weight, correct)), tf.sum(weight)]);
    return [tf.add(sums, added)];
  },
};

const tempered = (logits: tf.Tensor, temperature: number): tf.Tensor =>
  temperature === 1 ? logits : tf.div(logits, temperature);

function oneHot(labels: tf.Tensor, classes: number): tf.Tensor {
  return indicator(tf.equal(tf.reshape(labels, [-1, 1]), tf.range(0, classes)));
}

function logSoftmax(logits: tf.Tensor): tf.Tensor {
  const shifted = tf.sub(logits, tf.max(logits, -1, true));
  return tf.sub(shifted, tf.log(tf.sum(tf.exp(shifted), -1, true)));
}

/** What masks, grids and codebooks need in training: rounding with its straight-through gradient, lookups, penalties. */
import * as tf from '@tensorflow/tfjs-core';
import { innerStride } from '#core/model/encoding';
import { indicator } from '#engine/backends/tfjs/elements';
import { at, type Kernels } from '#engine/backends/tfjs/kernel';

export const encodingKernels: Kernels<
  'fakeQuantize' | 'fakeQuantizeGrad' | 'fakeQuantizeScaleGrad' | 'lookup' | 'lookupGrad' | 'penaltyGrad'
> = {
  fakeQuantize: (op, inputs) => {
    const w = at(inputs, 0);
    const [view, scale, zero] = alongAxis(w, at(inputs, 1), at(inputs, 2), op.axis);
    // tf.round takes the even neighbour of a half on every backend.
    const q = tf.clipByValue(tf.add(tf.round(tf.div(view, scale)), zero), op.qMin, op.qMax);
    return [tf.reshape(tf.mul(tf.sub(q, zero), scale), w.shape)];
  },
  fakeQuantizeGrad: (op, inputs) => {
    const w = at(inputs, 0);
    const [view, scale, zero] = alongAxis(w, at(inputs, 1), at(inputs, 2), op.axis);
    const q = tf.add(tf.round(tf.div(view, scale)), zero);
    const inside = tf.mul(indicator(tf.greaterEqual(q, op.qMin)), indicator(tf.lessEqual(q, op.qMax)));
    return [tf.mul(at(inputs, 3), tf.reshape(inside, w.shape))];
  },
  fakeQuantizeScaleGrad: (op, inputs) => {
    const w = at(inputs, 0);
    const [view, scale, zero] = alongAxis(w, at(inputs, 1), at(inputs, 2), op.axis);
    const u = tf.div(view, scale);
    const code = tf.add(u, zero);
    const between = tf.sub(tf.round(u), u);
    const below = tf.where(tf.lessEqual(code, op.qMin), tf.sub(op.qMin, zero), between);
    const slope = tf.where(tf.greaterEqual(code, op.qMax), tf.sub(op.qMax, zero), below);
    return [tf.mul(at(inputs, 3), tf.reshape(slope, w.shape))];
  },
  lookup: (_op, inputs, shapes) => {
    const table = tf.concat([tf.zeros([1]), at<tf.Tensor1D>(inputs, 0)]);
    const places = tf.cast(tf.add(tf.reshape(at(inputs, 1), [-1]), 1), 'int32');
    return [tf.reshape(tf.gather(table, places as tf.Tensor1D), [...(shapes[0] as number[])])];
  },
  lookupGrad: (_op, inputs, shapes, context) => {
    const count = shapes[0]?.[0] as number;
    const [indices, dy] = [at(inputs, 0), at(inputs, 1)];
    // The kernel of TensorFlow.js walks all values once for each segment.
    if (context.inMemory) return [tf.tensor1d(sumByIndex(indices.dataSync(), dy.dataSync(), count))];
    const places = tf.cast(tf.add(tf.reshape(indices, [-1]), 1), 'int32') as tf.Tensor1D;
    const sums = tf.unsortedSegmentSum(tf.reshape(dy, [-1]), places, count + 1);
    return [tf.slice(sums, [1], [count])];
  },
  penaltyGrad: (op, inputs) => {
    const [w, dw] = [at(inputs, 0), at(inputs, 1)];
    const ridge = op.l2 > 0 ? tf.add(dw, tf.mul(w, 2 * op.l2)) : dw;
    return [op.l1 > 0 ? tf.add(ridge, tf.mul(tf.sign(w), op.l1)) : ridge];
  },
};

/** Views in which scale and zero point broadcast: [outer, channels, inner] against [channels, 1]. */
function alongAxis(
  w: tf.Tensor,
  scale: tf.Tensor,
  zero: tf.Tensor,
  axis: number | null,
): [tf.Tensor, tf.Tensor, tf.Tensor] {
  if (axis === null) return [w, scale, zero];
  const channels = w.shape[axis] as number;
  const inner = innerStride(w.shape, axis);
  return [tf.reshape(w, [-1, channels, inner]), tf.reshape(scale, [channels, 1]), tf.reshape(zero, [channels, 1])];
}

/** Sums in single precision, in the order of the elements; entries of index -1 belong nowhere. */
function sumByIndex(indices: ArrayLike<number>, values: ArrayLike<number>, count: number): Float32Array {
  const sums = new Float32Array(count);
  for (let i = 0; i < indices.length; i++) {
    const k = indices[i] as number;
    if (k >= 0) sums[k] = (sums[k] as number) + (values[i] as number);
  }
  return sums;
}

/**
 * Pooling and enlarging. Two traps of TensorFlow.js: on webgl and webgpu MaxPoolGrad gives the gradient to the last of
 * equal maxima (so the picture is turned around first), and AvgPoolGrad counts padded pixels.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Pads, Pair } from '#core/model/layers';
import { at, explicitPads, hasPads, type Kernels } from '#engine/backends/tfjs/kernel';
import { padded } from '#engine/backends/tfjs/shaping';
import type { Window } from '#engine/ops';

export const poolingKernels: Kernels<
  'maxPool2d' | 'maxPool2dGrad' | 'averagePool2d' | 'averagePool2dGrad' | 'upsample2d' | 'upsample2dGrad'
> = {
  maxPool2d: (op, inputs) => [
    tf.maxPool(at<tf.Tensor4D>(inputs, 0), [...op.size], [...op.window.strides], explicitPads(op.window.pads)),
  ],
  maxPool2dGrad: (op, inputs, _shapes, context) => {
    const [x, y, dy] = [at<tf.Tensor4D>(inputs, 0), at<tf.Tensor4D>(inputs, 1), at<tf.Tensor4D>(inputs, 2)];
    if (context.poolTies === 'first') return [maxPoolGrad(x, y, dy, op.size, op.window, op.window.pads)];
    const { pads, strides } = op.window;
    // How far the last window reaches beyond the picture; what it does not reach is cut off for the while.
    const bottom = (y.shape[1] - 1) * strides[0] + op.size[0] - x.shape[1] - pads[0];
    const right = (y.shape[2] - 1) * strides[1] + op.size[1] - x.shape[2] - pads[2];
    const unused: Pads = [0, Math.max(0, -bottom), 0, Math.max(0, -right)];
    const turned: Pads = [Math.max(0, bottom), pads[0], Math.max(0, right), pads[2]];
    const around = (tensor: tf.Tensor4D): tf.Tensor4D => tf.reverse(tensor, [1, 2]);
    const dx = around(
      maxPoolGrad(around(padded(x, negated(unused))), around(y), around(dy), op.size, op.window, turned),
    );
    return [padded(dx, unused)];
  },
  averagePool2d: (op, inputs) => [
    tf.avgPool(at<tf.Tensor4D>(inputs, 0), [...op.size], [...op.window.strides], explicitPads(op.window.pads)),
  ],
  averagePool2dGrad: (op, inputs, shapes) => {
    const dy = at<tf.Tensor4D>(inputs, 0);
    const [, height, width, channels] = shapes[0] as [number, number, number, number];
    const pads = op.window.pads;
    const shared = hasPads(pads)
      ? tf.mul(dy, correction(op.size, op.window, [height, width], [dy.shape[1], dy.shape[2]]))
      : dy;
    const input = tf.zeros([dy.shape[0], height, width, channels]);
    const attrs = {
      filterSize: [...op.size],
      strides: [...op.window.strides],
      pad: explicitPads(pads),
      dimRoundingMode: undefined,
    };
    return [
      tf.engine().runKernel('AvgPoolGrad', { dy: shared, input }, attrs as unknown as tf.NamedAttrMap) as tf.Tensor,
    ];
  },
  upsample2d: (op, inputs, shapes) => {
    const x = at<tf.Tensor4D>(inputs, 0);
    const [n, height, width, c] = shapes[0] as [number, number, number, number];
    if (op.interpolation === 'bilinear') return [tf.image.resizeBilinear(x, [height, width], false, true)];
    const [, h, w] = x.shape;
    const rows = tf.tile(tf.reshape(x, [n * h, 1, w * c]), [1, op.size[0], 1]);
    return [tf.reshape(tf.tile(tf.reshape(rows, [n * height * w, 1, c]), [1, op.size[1], 1]), [n, height, width, c])];
  },
  upsample2dGrad: (op, inputs, shapes) => {
    const [n, h, w, c] = shapes[0] as [number, number, number, number];
    const rows = tf.sum(tf.reshape(at(inputs, 0), [n * h, op.size[0], w * op.size[1] * c]), 1);
    return [tf.reshape(tf.sum(tf.reshape(rows, [n * h * w, op.size[1], c]), 1), [n, h, w, c])];
  },
};

function maxPoolGrad(
  x: tf.Tensor4D,
  y: tf.Tensor4D,
  dy: tf.Tensor4D,
  size: Pair,
  window: Window,
  pads: Pads,
): tf.Tensor4D {
  const attrs = {
    filterSize: [...size],
    strides: [...window.strides],
    pad: explicitPads(pads),
    dimRoundingMode: undefined,
  };
  return tf
    .engine()
    .runKernel('MaxPoolGrad', { dy, input: x, output: y }, attrs as unknown as tf.NamedAttrMap) as tf.Tensor4D;
}

const negated = ([top, bottom, left, right]: Pads): Pads => [-top, -bottom, -left, -right];

/** Window size over the number of real pixels in it, for each output position: [1, h, w, 1]. */
function correction(size: Pair, window: Window, input: Pair, output: Pair): tf.Tensor4D {
  const inside = (axis: 0 | 1): number[] =>
    Array.from({ length: output[axis] }, (_, i) => {
      const begin = i * window.strides[axis] - (window.pads[axis * 2] as number);
      return Math.max(1, Math.min(begin + size[axis], input[axis]) - Math.max(begin, 0));
    });
  const [rows, columns] = [inside(0), inside(1)];
  const values = rows.flatMap((r) => columns.map((c) => (size[0] * size[1]) / (r * c)));
  return tf.tensor4d(values, [1, output[0], output[1], 1]);
}

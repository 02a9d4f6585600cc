/**
 * Convolutions and matrix products with their gradients. TensorFlow.js's gradient kernels know neither dilation nor
 * groups: a dilated kernel is spread out with zeros first, and groups run one by one over slices of the channels.
 */
import * as tf from '@tensorflow/tfjs-core';
import { activate } from '#engine/backends/tfjs/elements';
import { at, explicitPads, type Kernels } from '#engine/backends/tfjs/kernel';
import type { Window } from '#engine/ops';

type Four = [number, number, number, number];

export const convolutionKernels: Kernels<
  | 'conv2d'
  | 'conv2dGradInput'
  | 'conv2dGradKernel'
  | 'depthwiseConv2d'
  | 'depthwiseConv2dGradInput'
  | 'depthwiseConv2dGradKernel'
  | 'matmul'
  | 'biasGrad'
> = {
  conv2d: (op, inputs) => {
    const [x, kernel] = [at<tf.Tensor4D>(inputs, 0), at<tf.Tensor4D>(inputs, 1)];
    const spread = spreadKernel(kernel, op.window.dilation);
    const y = grouped(
      x,
      kernel,
      (part, filters) => tf.conv2d(part, filters, [...op.window.strides], explicitPads(op.window.pads)),
      spread,
    );
    return [activate(inputs[2] ? tf.add(y, inputs[2]) : y, op.act)];
  },
  conv2dGradInput: (op, inputs, shapes) => {
    const [dy, kernel] = [at<tf.Tensor4D>(inputs, 0), at<tf.Tensor4D>(inputs, 1)];
    const inputShape = shapes[0] as Four;
    const groups = groupsOf(inputShape[3], kernel);
    const spread = spreadKernel(kernel, op.window.dilation);
    const perGroup: Four = [inputShape[0], inputShape[1], inputShape[2], inputShape[3] / groups];
    const parts = range(groups).map((g) =>
      run(
        'Conv2DBackpropInput',
        { dy: channels(dy, g, groups), filter: channels(spread, g, groups) },
        { ...attributes(op.window), inputShape: perGroup },
      ),
    );
    return [joined(parts)];
  },
  conv2dGradKernel: (op, inputs, shapes) => {
    const [x, dy] = [at<tf.Tensor4D>(inputs, 0), at<tf.Tensor4D>(inputs, 1)];
    const shape = shapes[0] as Four;
    const groups = (x.shape[3] as number) / shape[2];
    const filterShape = spreadShape([shape[0], shape[1], shape[2], shape[3] / groups], op.window.dilation);
    const parts = range(groups).map((g) =>
      run(
        'Conv2DBackpropFilter',
        { x: channels(x, g, groups), dy: channels(dy, g, groups) },
        { ...attributes(op.window), filterShape },
      ),
    );
    return [gatherKernel(joined(parts), shape, op.window.dilation)];
  },
  depthwiseConv2d: (op, inputs) => {
    const spread = spreadKernel(at<tf.Tensor4D>(inputs, 1), op.window.dilation);
    const y = tf.depthwiseConv2d(
      at<tf.Tensor4D>(inputs, 0),
      spread,
      [...op.window.strides],
      explicitPads(op.window.pads),
    );
    return [activate(inputs[2] ? tf.add(y, inputs[2]) : y, op.act)];
  },
  depthwiseConv2dGradInput: (op, inputs, shapes) => {
    const filter = spreadKernel(at<tf.Tensor4D>(inputs, 1), op.window.dilation);
    return [
      run(
        'DepthwiseConv2dNativeBackpropInput',
        { dy: at(inputs, 0), filter },
        { ...attributes(op.window), dilations: [1, 1], inputShape: shapes[0] },
      ),
    ];
  },
  depthwiseConv2dGradKernel: (op, inputs, shapes) => {
    const shape = shapes[0] as Four;
    const filterShape = spreadShape(shape, op.window.dilation);
    const spread = run(
      'DepthwiseConv2dNativeBackpropFilter',
      { x: at(inputs, 0), dy: at(inputs, 1) },
      { ...attributes(op.window), dilations: [1, 1], filterShape },
    );
    return [gatherKernel(spread, shape, op.window.dilation)];
  },
  matmul: (op, inputs) => {
    const y = tf.matMul(at<tf.Tensor2D>(inputs, 0), at<tf.Tensor2D>(inputs, 1), op.transposeA, op.transposeB);
    return [activate(inputs[2] ? tf.add(y, inputs[2]) : y, op.act)];
  },
  biasGrad: (_op, inputs) => {
    const dy = at(inputs, 0);
    return [tf.sum(tf.reshape(dy, [-1, dy.shape.at(-1) as number]), 0)];
  },
};

/** Calls a gradient kernel by the name under which every backend registers it. */
function run(name: string, inputs: Record<string, tf.Tensor>, attrs: Record<string, unknown>): tf.Tensor4D {
  return tf.engine().runKernel(name, inputs, attrs as tf.NamedAttrMap) as tf.Tensor4D;
}

function attributes(window: Window): Record<string, unknown> {
  return {
    strides: [...window.strides],
    pad: explicitPads(window.pads),
    dataFormat: 'NHWC',
    dimRoundingMode: undefined,
  };
}

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
const groupsOf = (inputChannels: number, kernel: tf.Tensor4D): number => inputChannels / kernel.shape[2];
const joined = (parts: readonly tf.Tensor4D[]): tf.Tensor4D =>
  parts.length === 1 ? (parts[0] as tf.Tensor4D) : tf.concat([...parts], 3);

/** The g-th of `groups` equal parts of the last axis. */
function channels(x: tf.Tensor4D, g: number, groups: number): tf.Tensor4D {
  if (groups === 1) return x;
  const size = x.shape[3] / groups;
  return tf.slice(x, [0, 0, 0, g * size], [x.shape[0], x.shape[1], x.shape[2], size]);
}

function grouped(
  x: tf.Tensor4D,
  kernel: tf.Tensor4D,
  convolve: (x: tf.Tensor4D, kernel: tf.Tensor4D) => tf.Tensor4D,
  spread: tf.Tensor4D,
): tf.Tensor4D {
  const groups = groupsOf(x.shape[3], kernel);
  return joined(range(groups).map((g) => convolve(channels(x, g, groups), channels(spread, g, groups))));
}

function spreadShape(shape: Four, [dh, dw]: readonly [number, number]): Four {
  return [(shape[0] - 1) * dh + 1, (shape[1] - 1) * dw + 1, shape[2], shape[3]];
}

/** A kernel with dilation - 1 zeros between its entries. */
function spreadKernel(kernel: tf.Tensor4D, dilation: readonly [number, number]): tf.Tensor4D {
  const [dh, dw] = dilation;
  if (dh === 1 && dw === 1) return kernel;
  const [kh, kw, a, b] = kernel.shape;
  const [height, width] = spreadShape(kernel.shape, dilation);
  const rows = tf.concat([tf.reshape(kernel, [kh, 1, kw * a * b]), tf.zeros([kh, dh - 1, kw * a * b])], 1);
  const tall = tf.slice(tf.reshape(rows, [kh * dh, kw * a * b]), [0, 0], [height, kw * a * b]);
  const columns = tf.concat([tf.reshape(tall, [height * kw, 1, a * b]), tf.zeros([height * kw, dw - 1, a * b])], 1);
  const wide = tf.slice(tf.reshape(columns, [height, kw * dw, a * b]), [0, 0, 0], [height, width, a * b]);
  return tf.reshape(wide, [height, width, a, b]);
}

/** The inverse: the entries of a spread kernel's gradient that belong to the kernel. */
function gatherKernel(spread: tf.Tensor4D, shape: Four, [dh, dw]: readonly [number, number]): tf.Tensor4D {
  if (dh === 1 && dw === 1) return spread;
  const [kh, kw, a, b] = shape;
  const [height, width] = spreadShape(shape, [dh, dw]);
  const tall = tf.concat([tf.reshape(spread, [height, width * a * b]), tf.zeros([kh * dh - height, width * a * b])], 0);
  const rows = tf.slice(tf.reshape(tall, [kh, dh, width * a * b]), [0, 0, 0], [kh, 1, width * a * b]);
  const wide = tf.concat([tf.reshape(rows, [kh, width, a * b]), tf.zeros([kh, kw * dw - width, a * b])], 1);
  return tf.reshape(tf.slice(tf.reshape(wide, [kh * kw, dw, a * b]), [0, 0, 0], [kh * kw, 1, a * b]), shape);
}

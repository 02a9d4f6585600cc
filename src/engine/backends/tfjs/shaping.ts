/** Operations that move values about without changing them: joining, slicing, padding, other shapes. */
import * as tf from '@tensorflow/tfjs-core';
import type { Pads } from '#core/model/layers';
import { at, type Kernels } from '#engine/backends/tfjs/kernel';

export const shapingKernels: Kernels<'concat' | 'sliceLast' | 'pad2d' | 'reshape'> = {
  concat: (_op, inputs) => [tf.concat([...inputs], (inputs[0]?.rank ?? 1) - 1)],
  sliceLast: (op, inputs, shapes) => {
    const x = at(inputs, 0);
    const begin = x.shape.map((_, i) => (i === x.rank - 1 ? op.begin : 0));
    return [tf.slice(x, begin, [...(shapes[0] as number[])])];
  },
  pad2d: (op, inputs) => [padded(at<tf.Tensor4D>(inputs, 0), op.pads)],
  reshape: (_op, inputs, shapes) => [tf.reshape(at(inputs, 0), [...(shapes[0] as number[])])],
};

/** Zeros around an image; negative pads cut. */
export function padded(x: tf.Tensor4D, pads: Pads): tf.Tensor4D {
  const [top, bottom, left, right] = pads;
  const cut = (pad: number): number => Math.max(0, -pad);
  const more = (pad: number): number => Math.max(0, pad);
  const [n, height, width, channels] = x.shape;
  const size: [number, number, number, number] = [
    n,
    height - cut(top) - cut(bottom),
    width - cut(left) - cut(right),
    channels,
  ];
  const inner = pads.some((pad) => pad < 0) ? tf.slice(x, [0, cut(top), cut(left), 0], size) : x;
  if (pads.every((pad) => pad <= 0)) return inner;
  return tf.pad(inner, [
    [0, 0],
    [more(top), more(bottom)],
    [more(left), more(right)],
    [0, 0],
  ]);
}

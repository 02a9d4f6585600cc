/**
 * A kernel as one thing whatever its layer: a window of weights for each pair of an input and an output channel. Dense
 * kernels have a window of one weight; a depthwise kernel has one input for each of its outputs.
 */
import type { WeightedLayer } from '#core/model/layers';
import type { Model, Tensor } from '#core/model/model';

export interface Kernel {
  readonly tensor: Tensor;
  readonly height: number;
  readonly width: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly depthwise: boolean;
}
export function kernelOf(model: Model, layer: WeightedLayer): Kernel {
  const tensor = model.tensors[layer.kernel] as Tensor;
  const { shape } = tensor;
  if (layer.kind === 'dense') {
    const [inputs, outputs] = shape as [number, number];
    return { tensor, height: 1, width: 1, inputs, outputs, depthwise: false };
  }
  const [height, width, third, fourth] = shape as [number, number, number, number];
  return layer.kind === 'depthwiseConv2d'
    ? { tensor, height, width, inputs: 1, outputs: third * fourth, depthwise: true }
    : { tensor, height, width, inputs: third, outputs: fourth, depthwise: false };
}

/** Where in the data the weight stands that output `o` has for input `i` at row `y` and column `x` of the window. */
export function placeIn({ width, inputs, outputs }: Kernel, o: number, i: number, y: number, x: number): number {
  return ((y * width + x) * inputs + i) * outputs + o;
}

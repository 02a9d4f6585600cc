/**
 * Multiply-accumulates for one image: the kernel products of convolutions and dense layers. Biases, activations,
 * pooling and batch normalisation count 0. Zeros left by pruning count; channels that were removed do not.
 */
import type { Layer } from '#core/model/layers';
import type { Model, TensorId } from '#core/model/model';
import { type Shape, shapesOf } from '#core/model/shapes';
import { sizeOf } from '#core/model/tensor';

export interface MacCount {
  readonly total: number;
  /** By layer name; every layer has an entry. */
  readonly byLayer: Readonly<Record<string, number>>;
}

/** Throws ShapeError where the model's shapes do not agree. */
export function countMacs(model: Model): MacCount {
  const shapes = shapesOf(model);
  let total = 0;
  const entries = model.layers.map((layer): readonly [string, number] => {
    const macs = macsOf(layer, shapes[layer.name] as Shape, (id) => model.tensors[id]?.shape);
    total += macs;
    return [layer.name, macs];
  });
  return { total, byLayer: Object.fromEntries(entries) };
}

/** Multiply-accumulates of one layer that gives `output`. */
export function macsOf(layer: Layer, output: Shape, tensorShape: (id: TensorId) => Shape | undefined): number {
  if (layer.kind !== 'conv2d' && layer.kind !== 'depthwiseConv2d' && layer.kind !== 'dense') return 0;
  const kernel = tensorShape(layer.kernel) ?? [];
  // Each output value sums over the kernel's height, width and input channels (a depthwise one: height and width).
  const summed = layer.kind === 'depthwiseConv2d' ? kernel.slice(0, 2) : kernel.slice(0, -1);
  return sizeOf(output) * sizeOf(summed);
}

/**
 * Thin layers that stand in the place of one, multiplied out: the one kernel that does what they do together, so that it can
 * be compared with the kernel that was there before.
 */
import { type Kernel, kernelOf, placeIn } from '#core/inspection/kernel';
import { layerOf } from '#core/model/edit';
import { isWeighted, type Layer } from '#core/model/layers';
import type { Model } from '#core/model/model';
import { makeTensor } from '#core/model/tensor';

/** Multiplications beyond which nothing is multiplied out: more than a moment. */
const mostWork = 3e7;

/** The layers of `after` that stand for the layer of this name, first to last: itself, and before it those that are new. */
export function chainOf(before: Model, after: Model, name: string): readonly Layer[] {
  const chain: Layer[] = [];
  for (let layer = layerOf(after, name); layer; ) {
    chain.unshift(layer);
    const source: Layer | undefined = layer.inputs.length === 1 ? layerOf(after, layer.inputs[0] as string) : undefined;
    layer = source && isPart(source) && !layerOf(before, source.name) ? source : undefined;
  }
  return chain;
}

/** What is not linear does work of its own. */
function isPart(layer: Layer): boolean {
  return isWeighted(layer) && layer.activation.fn === 'linear';
}

/** Null where two windows lie along the same axis, or where it takes too long. */
export function productOf(model: Model, chain: readonly Layer[]): Kernel | null {
  let product: Kernel | null = null;
  for (const layer of chain) {
    if (!isWeighted(layer)) return null;
    const kernel = spreadOut(kernelOf(model, layer));
    product = product ? multiplied(product, kernel) : kernel;
    if (!product) return null;
  }
  return product;
}

/** A depthwise kernel as one of all inputs by all outputs, 0 where they do not meet. */
function spreadOut(kernel: Kernel): Kernel {
  if (!kernel.depthwise) return kernel;
  const { height, width, outputs, tensor } = kernel;
  const [, , inputs, multiplier] = tensor.shape as [number, number, number, number];
  const whole = { ...kernel, inputs, depthwise: false };
  const data = new Float32Array(height * width * inputs * outputs);
  for (let o = 0; o < outputs; o++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++)
        data[placeIn(whole, o, Math.floor(o / multiplier), y, x)] = tensor.data[placeIn(kernel, o, 0, y, x)] as number;
    }
  }
  return { ...whole, tensor: makeTensor([height, width, inputs, outputs], data) };
}

function multiplied(first: Kernel, second: Kernel): Kernel | null {
  if (first.outputs !== second.inputs) return null;
  if (first.height * second.height !== Math.max(first.height, second.height)) return null;
  if (first.width * second.width !== Math.max(first.width, second.width)) return null;
  const [height, width] = [first.height * second.height, first.width * second.width];
  const { inputs } = first;
  const { outputs } = second;
  if (height * width * inputs * outputs * first.outputs > mostWork) return null;
  const data = new Float32Array(height * width * inputs * outputs);
  const [a, b] = [first.tensor.data, second.tensor.data];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [ya, xa] = [first.height > 1 ? y : 0, first.width > 1 ? x : 0];
      const [yb, xb] = [second.height > 1 ? y : 0, second.width > 1 ? x : 0];
      for (let i = 0; i < inputs; i++) {
        const to = ((y * width + x) * inputs + i) * outputs;
        for (let m = 0; m < first.outputs; m++) {
          const weight = a[placeIn(first, m, i, ya, xa)] as number;
          const from = placeIn(second, 0, m, yb, xb);
          for (let o = 0; o < outputs; o++) data[to + o] = (data[to + o] as number) + weight * (b[from + o] as number);
        }
      }
    }
  }
  const shape = second.tensor.shape.length === 2 ? [inputs, outputs] : [height, width, inputs, outputs];
  return { tensor: makeTensor(shape, data), height, width, inputs, outputs, depthwise: false };
}

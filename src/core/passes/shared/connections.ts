/**
 * Which values a weight joins: for every output position of a layer and every place of its kernel, the input pixel that
 * is read, the weights that multiply it and the output pixel that the product goes to. Methods that weigh a connection by
 * what runs through it sum over these. Places that lie in the padding read zeros and are left out.
 */

import type { Model } from '#core/model/model';
import { resolvePads, type Shape, shapesOf } from '#core/model/shapes';
import { sizeOf } from '#core/model/tensor';
import type { Selected } from '#core/passes/shared/selection';

/** Offsets of one reading: of the input pixel's and the output pixel's first channel, and of the place's first weight. */
type Visit = (input: number, weight: number, output: number) => void;

/** A layer's weights as connections. At each place of the kernel there are `channels` x `outputs` weights. */
export interface Connections {
  /** Input channels that one output channel reads: all, those of its group, or (depthwise) 1. */
  readonly inner: number;
  /** Channels of the input pixel. */
  readonly channels: number;
  /** Channels of the output pixel. */
  readonly outputs: number;
  /** Places of the kernel: height x width, 1 for a dense layer. */
  readonly places: number;
  /** Values of the input and of the output for one image. */
  readonly inputSize: number;
  readonly outputSize: number;
  /** Visits the readings of one image, whose values begin at `inputAt` and `outputAt`. */
  readonly each: (inputAt: number, outputAt: number, visit: Visit) => void;
  /** The input channel that a weight reads: `q` its number among the `inner` of its output channel. */
  readonly channelOf: (q: number, output: number) => number;
}

/** Of the layers with a kernel; throws ShapeError where the model's shapes do not agree. */
export function connectionsOf(model: Model, selected: readonly Selected[]): readonly Connections[] {
  const shapes = shapesOf(model);
  return selected.map((one) =>
    connections(one, shapes[one.layer.inputs[0] as string] as Shape, shapes[one.layer.name] as Shape),
  );
}

function connections({ layer, tensor }: Selected, input: Shape, output: Shape): Connections {
  const channels = input.at(-1) as number;
  const outputs = output.at(-1) as number;
  const sizes = { channels, outputs, inputSize: sizeOf(input), outputSize: sizeOf(output) };
  if (layer.kind !== 'conv2d' && layer.kind !== 'depthwiseConv2d') {
    const pixels = sizeOf(input) / channels;
    return {
      ...sizes,
      inner: channels,
      places: 1,
      channelOf: (q) => q,
      each(inputAt, outputAt, visit) {
        for (let p = 0; p < pixels; p++) visit(inputAt + p * channels, 0, outputAt + p * outputs);
      },
    };
  }
  const [kh, kw, third, fourth] = tensor.shape as [number, number, number, number];
  const depthwise = layer.kind === 'depthwiseConv2d';
  const inner = depthwise ? 1 : third;
  // A depthwise kernel holds [channels, multiplier] at a place, its output channels in that order.
  const perGroup = depthwise ? fourth : outputs / (channels / inner);
  const weights = inner * outputs;
  const [height, width] = input as readonly [number, number, number];
  const [rows, columns] = output as readonly [number, number, number];
  const { strides, dilation } = layer;
  const [top, , left] = resolvePads(layer.padding, [height, width], [kh, kw], strides, dilation);
  return {
    ...sizes,
    inner,
    places: kh * kw,
    channelOf: (q, o) => Math.floor(o / perGroup) * inner + q,
    each(inputAt, outputAt, visit) {
      for (let r = 0; r < rows; r++) {
        for (let c = 0; c < columns; c++) {
          const to = outputAt + (r * columns + c) * outputs;
          for (let a = 0; a < kh; a++) {
            const y = r * strides[0] - top + a * dilation[0];
            if (y < 0 || y >= height) continue;
            for (let b = 0; b < kw; b++) {
              const x = c * strides[1] - left + b * dilation[1];
              if (x < 0 || x >= width) continue;
              visit(inputAt + (y * width + x) * channels, (a * kw + b) * weights, to);
            }
          }
        }
      }
    },
  };
}

/**
 * Adds the sum over images and positions of x_i y_j to `sums`, one for each weight in the kernel's order; `squares` (one
 * for each place and input channel) takes the sum of x_i^2 where it is given.
 */
export function addProducts(
  { inner, channels, outputs, inputSize, outputSize, each, channelOf }: Connections,
  images: number,
  x: Float32Array,
  y: Float32Array,
  sums: Float64Array,
): void {
  const whole = inner === channels;
  const reads = whole
    ? null
    : Int32Array.from({ length: inner * outputs }, (_, i) => channelOf(Math.floor(i / outputs), i % outputs));
  for (let image = 0; image < images; image++) {
    each(image * inputSize, image * outputSize, (from, weight, to) => {
      if (!reads) {
        for (let q = 0; q < channels; q++) {
          const value = x[from + q] as number;
          if (value === 0) continue;
          const row = weight + q * outputs;
          for (let o = 0; o < outputs; o++) sums[row + o] = (sums[row + o] as number) + value * (y[to + o] as number);
        }
        return;
      }
      for (let i = 0; i < reads.length; i++)
        sums[weight + i] =
          (sums[weight + i] as number) + (x[from + (reads[i] as number)] as number) * (y[to + (i % outputs)] as number);
    });
  }
}

/** Adds the sum over images and positions of x_i^2 to `sums`, which has one entry for each place and input channel. */
export function addSquares(
  { channels, outputs, inner, inputSize, each }: Connections,
  images: number,
  x: Float32Array,
  sums: Float64Array,
): void {
  const weights = inner * outputs;
  for (let image = 0; image < images; image++) {
    each(image * inputSize, 0, (from, weight) => {
      const row = (weight / weights) * channels;
      for (let q = 0; q < channels; q++) {
        const value = x[from + q] as number;
        sums[row + q] = (sums[row + q] as number) + value * value;
      }
    });
  }
}

/** Adds the sum over images and positions of x_i to `sums`, which has one entry for each place and input channel. */
export function addInputs(
  { channels, outputs, inner, inputSize, each }: Connections,
  images: number,
  x: Float32Array,
  sums: Float64Array,
): void {
  const weights = inner * outputs;
  for (let image = 0; image < images; image++) {
    each(image * inputSize, 0, (from, weight) => {
      const row = (weight / weights) * channels;
      for (let q = 0; q < channels; q++) sums[row + q] = (sums[row + q] as number) + (x[from + q] as number);
    });
  }
}

/** What `addSquares` or `addInputs` summed, for each weight: that of the input it reads. */
export function ofInputs(
  { inner, channels, outputs, places, channelOf }: Connections,
  sums: Float64Array,
): Float64Array {
  const spread = new Float64Array(places * inner * outputs);
  for (let place = 0, i = 0; place < places; place++) {
    for (let q = 0; q < inner; q++)
      for (let o = 0; o < outputs; o++) spread[i++] = sums[place * channels + channelOf(q, o)] as number;
  }
  return spread;
}

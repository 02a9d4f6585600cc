/**
 * Whether a model whose weights and activations are rounded in float arithmetic answers as one that computes in integers. Each
 * layer is fed the same integers twice: once as the numbers they stand for, in single precision, rounded to its output grid;
 * once as integers, with exact 32-bit sums that are requantized as ONNX Runtime and as TensorFlow Lite do it. What differs is
 * counted in steps of the output grid.
 *
 * Convolutions and dense layers take part that have a symmetric weight grid, inputs and outputs rounded to at most 8 bits, and no
 * activation but ReLU; other layers are computed in float or by look-up in these runtimes too, and for more bits each has
 * kernels of its own, with wider sums.
 */
import { tensorOf } from '#core/model/edit';
import { codesOf, type GridValues, roundHalfEven } from '#core/model/encoding';
import type { Activation, Layer, WeightedLayer } from '#core/model/layers';
import type { Model, Tensor } from '#core/model/model';
import { type FixedMultiplier, fixedMultiplier, requantizeFixed, requantizeFloat } from '#core/numeric/requantize';
import { edgeBefore } from '#core/passes/shared/calibration';
import { type Connections, connectionsOf } from '#core/passes/shared/connections';

export interface IntegerDifference {
  readonly layer: string;
  /** The largest difference of an output from the float simulation, in steps. */
  readonly onnx: number;
  readonly tflite: number;
  /** The largest sum of products and bias, in magnitude. */
  readonly largestSum: number;
  /** Whether a sum leaves 32 bits. */
  readonly overflows: boolean;
}

/** Activations of integer kernels with 32-bit sums. */
export const KERNEL_BITS = 8;

/** A layer that integers can compute. */
interface IntegerLayer {
  readonly layer: WeightedLayer;
  readonly kernel: Tensor;
  readonly weights: GridValues;
  readonly input: GridValues;
  readonly output: GridValues;
  readonly activation: Activation;
  readonly connections: Connections;
}

/**
 * Compares layer by layer. `inputs`: what each layer reads first, [images, ...shape]; it is rounded to its grid here.
 * Takes about two multiplications for each of the model's, an image.
 */
export function integerDifferences(
  model: Model,
  inputs: ReadonlyMap<string, Float32Array>,
): readonly IntegerDifference[] {
  return ready(model).flatMap((one) => {
    const values = inputs.get(one.layer.name);
    return values && values.length > 0 ? [compare(model, one, values)] : [];
  });
}

function ready(model: Model): readonly IntegerLayer[] {
  const grids = model.activationGrids ?? {};
  const edges = Object.keys(grids);
  return model.layers.flatMap((layer): IntegerLayer[] => {
    if (layer.kind !== 'conv2d' && layer.kind !== 'depthwiseConv2d' && layer.kind !== 'dense') return [];
    const kernel = tensorOf(model, layer, 'kernel') as Tensor;
    const weights = kernel.encoding.values;
    const before = edgeBefore(model, layer, edges);
    const end = outputOf(model, layer);
    const input = before === undefined ? undefined : grids[before];
    if (
      !input ||
      !end ||
      Math.max(input.bits, end.output.bits) > KERNEL_BITS ||
      weights.kind !== 'grid' ||
      weights.zeroPoint.some((zero) => zero !== 0)
    )
      return [];
    const [connections] = connectionsOf(model, [{ layer, tensor: kernel }]);
    return connections ? [{ layer, kernel, weights, input, ...end, connections }] : [];
  });
}

/** The grid of a layer's output and the ReLU before it, in the layer itself or behind it; null where it is another function. */
function outputOf(model: Model, layer: WeightedLayer): { output: GridValues; activation: Activation } | null {
  const grids = model.activationGrids ?? {};
  const plain = (activation: Activation): boolean => activation.fn === 'relu' || activation.fn === 'linear';
  const own = grids[layer.name];
  if (own) return plain(layer.activation) ? { output: own, activation: layer.activation } : null;
  const readers = model.layers.filter(({ inputs }) => inputs.includes(layer.name));
  const next = readers.length === 1 ? (readers[0] as Layer) : null;
  const grid = next?.kind === 'activation' && layer.activation.fn === 'linear' ? grids[next.name] : undefined;
  return grid && next?.kind === 'activation' && plain(next.activation)
    ? { output: grid, activation: next.activation }
    : null;
}

function compare(model: Model, one: IntegerLayer, values: Float32Array): IntegerDifference {
  const { layer, kernel, weights, input, output, activation, connections } = one;
  const { inputSize, outputSize, outputs } = connections;
  const images = Math.floor(values.length / inputSize);
  const codes = quantize(values, input);
  const steps = codesOf(kernel.data, kernel.shape, kernel.encoding);
  const [sx, sy] = [input.scale[0] as number, output.scale[0] as number];
  const sw = Float64Array.from({ length: outputs }, (_, o) => weightScale(layer, kernel, weights, o));
  const multipliers = Array.from(sw, (scale) => (sx * scale) / sy);
  const fixed = multipliers.map(fixedMultiplier);
  const floats = tensorOf(model, layer, 'bias')?.data;
  const bias = Float64Array.from({ length: outputs }, (_, o) =>
    floats ? roundHalfEven((floats[o] as number) / (sx * (sw[o] as number))) : 0,
  );
  const real = codes.map((code) => Math.fround(sx * code));
  const difference = { onnx: 0, tflite: 0, largestSum: 0, overflows: false };
  const bounds = boundsOf(activation, output);
  for (let image = 0; image < images; image++) {
    const sums = accumulate(connections, codes, steps, image, false);
    const simulated = accumulate(connections, real, kernel.data, image, true);
    for (let i = 0; i < outputSize; i++) {
      const o = i % outputs;
      const sum = (sums[i] as number) + (bias[o] as number);
      difference.largestSum = Math.max(difference.largestSum, Math.abs(sum));
      const y = Math.fround((simulated[i] as number) + (floats?.[o] ?? 0));
      const seen = bounds(roundHalfEven(Math.fround(activated(y, activation) / sy)));
      const onnx = bounds(requantizeFloat(sum, multipliers[o] as number));
      const tflite = bounds(requantizeFixed(sum, fixed[o] as FixedMultiplier));
      difference.onnx = Math.max(difference.onnx, Math.abs(onnx - seen));
      difference.tflite = Math.max(difference.tflite, Math.abs(tflite - seen));
    }
  }
  return { layer: layer.name, ...difference, overflows: difference.largestSum > 2 ** 31 - 1 };
}

/** Whole steps from zero. */
function quantize(values: Float32Array, { scale, zeroPoint, qMin, qMax }: GridValues): Float64Array {
  const [s, zero] = [scale[0] as number, zeroPoint[0] as number];
  return Float64Array.from(values, (x) => {
    return Math.min(qMax - zero, Math.max(qMin - zero, roundHalfEven(Math.fround(x / s))));
  });
}

/** The scale of an output channel's weights; a depthwise channel's multiplied outputs share one. */
function weightScale(layer: WeightedLayer, kernel: Tensor, { scale, axis }: GridValues, output: number): number {
  if (axis === null) return scale[0] as number;
  const index = layer.kind === 'depthwiseConv2d' ? Math.floor(output / (kernel.shape[3] as number)) : output;
  return scale[index] as number;
}

function activated(y: number, { fn, max }: Activation): number {
  return fn === 'relu' ? Math.min(max ?? Number.POSITIVE_INFINITY, Math.max(0, y)) : y;
}

/** Clamps whole steps from zero to the grid, and to what ReLU lets through. */
function boundsOf({ fn, max }: Activation, grid: GridValues): (steps: number) => number {
  const zero = grid.zeroPoint[0] as number;
  const low = fn === 'relu' ? Math.max(0, grid.qMin - zero) : grid.qMin - zero;
  const top = fn === 'relu' && max !== undefined ? roundHalfEven(max / (grid.scale[0] as number)) : Infinity;
  const high = Math.min(top, grid.qMax - zero);
  return (steps) => Math.min(high, Math.max(low, steps));
}

/** Sums of products of one image: exact where the factors are whole numbers, or in single precision after every step. */
function accumulate(
  { inner, channels, outputs, inputSize, outputSize, each, channelOf }: Connections,
  x: ArrayLike<number>,
  w: ArrayLike<number>,
  image: number,
  single: boolean,
): ArrayLike<number> {
  // Stores into single precision round; a product is rounded before it is added.
  const sums = single ? new Float32Array(outputSize) : new Float64Array(outputSize);
  each(image * inputSize, 0, (from, weight, to) => {
    for (let q = 0; q < inner; q++) {
      const row = weight + q * outputs;
      for (let o = 0; o < outputs; o++) {
        const value = x[from + (inner === channels ? q : channelOf(q, o))] as number;
        const product = value * (w[row + o] as number);
        sums[to + o] = (sums[to + o] as number) + (single ? Math.fround(product) : product);
      }
    }
  });
  return sums;
}

/**
 * A forward pass in plain loops and float64, for one image: slow, obvious, and with nothing in common with the engine.
 * Outputs are row-major arrays with their shapes, for every layer of the model.
 */
import { tensorOf } from '#core/model/edit';
import type { Activation, Layer, Pair, TensorRole } from '#core/model/layers';
import type { Model } from '#core/model/model';
import { resolvePads, type Shape, shapesOf } from '#core/model/shapes';
import { sizeOf } from '#core/model/tensor';

type Values = Float64Array;

/** Output of every layer by name. `inputs` are row-major, by input layer name. */
export function forward(
  model: Model,
  inputs: Readonly<Record<string, ArrayLike<number>>>,
): Readonly<Record<string, Values>> {
  const shapes = shapesOf(model);
  const values: Record<string, Values> = {};
  for (const layer of model.layers) {
    const read = layer.inputs.map((name) => values[name] as Values);
    const readShapes = layer.inputs.map((name) => shapes[name] as Shape);
    const shape = shapes[layer.name] as Shape;
    values[layer.name] =
      layer.kind === 'input'
        ? Float64Array.from(inputs[layer.name] as ArrayLike<number>)
        : compute(model, layer, read, readShapes, shape);
    if ((values[layer.name] as Values).length !== sizeOf(shape))
      throw new Error(`${layer.name} gave a wrong number of values`);
  }
  return values;
}

/** The first output of a model with one input. */
export function outputOf(model: Model, image: ArrayLike<number>): Values {
  return forward(model, { [model.inputs[0] as string]: image })[model.outputs[0] as string] as Values;
}

function compute(
  model: Model,
  layer: Exclude<Layer, { kind: 'input' }>,
  inputs: readonly Values[],
  inputShapes: readonly Shape[],
  shape: Shape,
): Values {
  const x = inputs[0] as Values;
  const [h, w, c] = inputShapes[0] as readonly [number, number, number];
  const [oh, ow, oc] = shape as readonly [number, number, number];
  const channels = shape[shape.length - 1] as number;
  const y = new Float64Array(sizeOf(shape));
  const weights = (role: TensorRole): Float32Array | undefined => tensorOf(model, layer, role)?.data;
  const at = (row: number, column: number, channel: number): number =>
    row < 0 || row >= h || column < 0 || column >= w ? 0 : (x[(row * w + column) * c + channel] as number);
  const each = (value: (row: number, column: number, channel: number) => number): Values => {
    for (let i = 0; i < oh; i++)
      for (let j = 0; j < ow; j++) for (let k = 0; k < oc; k++) y[(i * ow + j) * oc + k] = value(i, j, k);
    return y;
  };
  switch (layer.kind) {
    case 'conv2d': {
      const [kh, kw, inner, out] = kernelShape(model, layer);
      const kernel = weights('kernel') as Float32Array;
      const [top, , left] = resolvePads(layer.padding, [h, w], [kh, kw], layer.strides, layer.dilation);
      const perGroup = out / (c / inner);
      each((i, j, k) => {
        let sum = weights('bias')?.[k] ?? 0;
        for (let a = 0; a < kh; a++) {
          for (let b = 0; b < kw; b++) {
            for (let q = 0; q < inner; q++) {
              const channel = Math.floor(k / perGroup) * inner + q;
              sum +=
                at(
                  i * layer.strides[0] - top + a * layer.dilation[0],
                  j * layer.strides[1] - left + b * layer.dilation[1],
                  channel,
                ) * (kernel[((a * kw + b) * inner + q) * out + k] as number);
            }
          }
        }
        return sum;
      });
      return activate(y, channels, layer.activation);
    }
    case 'depthwiseConv2d': {
      const [kh, kw, , multiplier] = kernelShape(model, layer);
      const kernel = weights('kernel') as Float32Array;
      const [top, , left] = resolvePads(layer.padding, [h, w], [kh, kw], layer.strides, layer.dilation);
      each((i, j, k) => {
        let sum = weights('bias')?.[k] ?? 0;
        const channel = Math.floor(k / multiplier);
        for (let a = 0; a < kh; a++) {
          for (let b = 0; b < kw; b++) {
            sum +=
              at(
                i * layer.strides[0] - top + a * layer.dilation[0],
                j * layer.strides[1] - left + b * layer.dilation[1],
                channel,
              ) * (kernel[((a * kw + b) * c + channel) * multiplier + (k % multiplier)] as number);
          }
        }
        return sum;
      });
      return activate(y, channels, layer.activation);
    }
    case 'dense': {
      const kernel = weights('kernel') as Float32Array;
      const inner = kernel.length / channels;
      for (let o = 0; o < y.length; o++) {
        const [row, unit] = [Math.floor(o / channels), o % channels];
        let sum = weights('bias')?.[unit] ?? 0;
        for (let q = 0; q < inner; q++) sum += (x[row * inner + q] as number) * (kernel[q * channels + unit] as number);
        y[o] = sum;
      }
      return activate(y, channels, layer.activation);
    }
    case 'batchNorm':
      return x.map((value, i) => {
        const k = i % channels;
        const spread = Math.sqrt((weights('variance')?.[k] as number) + layer.epsilon);
        return (
          (weights('gamma')?.[k] ?? 1) * ((value - (weights('mean')?.[k] as number)) / spread) +
          (weights('beta')?.[k] ?? 0)
        );
      });
    case 'activation':
      return activate(x.slice(), channels, layer.activation);
    case 'prelu': {
      const alpha = weights('alpha') as Float32Array;
      return x.map((value, i) => (value > 0 ? value : value * (alpha[i % alpha.length] as number)));
    }
    case 'maxPool2d':
    case 'averagePool2d': {
      const [top, , left] = resolvePads(layer.padding, [h, w], layer.window, layer.strides);
      return each((i, j, k) => {
        const seen: number[] = [];
        for (let a = 0; a < layer.window[0]; a++) {
          for (let b = 0; b < layer.window[1]; b++) {
            const [row, column] = [i * layer.strides[0] - top + a, j * layer.strides[1] - left + b];
            if (row >= 0 && row < h && column >= 0 && column < w) seen.push(at(row, column, k));
          }
        }
        return layer.kind === 'maxPool2d'
          ? Math.max(...seen)
          : seen.reduce((sum, value) => sum + value, 0) / seen.length;
      });
    }
    case 'globalAveragePool2d':
    case 'globalMaxPool2d':
      for (let k = 0; k < channels; k++) {
        const seen = Array.from({ length: h * w }, (_, i) => x[i * c + k] as number);
        y[k] =
          layer.kind === 'globalMaxPool2d'
            ? Math.max(...seen)
            : seen.reduce((sum, value) => sum + value, 0) / seen.length;
      }
      return y;
    case 'flatten':
    case 'reshape':
    case 'dropout':
      return x;
    case 'add':
    case 'average':
    case 'subtract':
    case 'multiply':
    case 'maximum':
    case 'minimum': {
      const combine = COMBINE[layer.kind];
      for (let i = 0; i < y.length; i++) {
        // Inputs of [1, 1, c] are read over and over.
        const read = inputs.map((values) => values[values.length === y.length ? i : i % channels] as number);
        y[i] = read.reduce(combine) / (layer.kind === 'average' ? read.length : 1);
      }
      return y;
    }
    case 'concat': {
      let begin = 0;
      for (const [n, values] of inputs.entries()) {
        const own = (inputShapes[n] as Shape).at(-1) as number;
        for (const [i, value] of values.entries()) y[Math.floor(i / own) * channels + begin + (i % own)] = value;
        begin += own;
      }
      return y;
    }
    case 'zeroPad2d':
      return each((i, j, k) => at(i - layer.pads[0], j - layer.pads[2], k));
    case 'crop2d':
      return each((i, j, k) => at(i + layer.pads[0], j + layer.pads[2], k));
    case 'upsample2d':
      return layer.interpolation === 'nearest'
        ? each((i, j, k) => at(Math.floor(i / layer.size[0]), Math.floor(j / layer.size[1]), k))
        : each((i, j, k) =>
            bilinear([h, w], [(i + 0.5) / layer.size[0] - 0.5, (j + 0.5) / layer.size[1] - 0.5], (row, column) =>
              at(row, column, k),
            ),
          );
    case 'rescale':
      return x.map((value) => value * layer.scale + layer.offset);
    default:
      throw layer satisfies never;
  }
}

function kernelShape(model: Model, layer: Layer): readonly [number, number, number, number] {
  const kernel = tensorOf(model, layer, 'kernel');
  if (!kernel) throw new Error(`${layer.name} has no kernel`);
  return kernel.shape as unknown as readonly [number, number, number, number];
}

const COMBINE = {
  add: (a: number, b: number) => a + b,
  average: (a: number, b: number) => a + b,
  subtract: (a: number, b: number) => a - b,
  multiply: (a: number, b: number) => a * b,
  maximum: (a: number, b: number) => Math.max(a, b),
  minimum: (a: number, b: number) => Math.min(a, b),
} as const;

function bilinear([h, w]: Pair, [y, x]: Pair, at: (row: number, column: number) => number): number {
  const clamp = (value: number, size: number): number => Math.min(size - 1, Math.max(0, value));
  const [top, left] = [Math.floor(y), Math.floor(x)];
  const [down, right] = [y - top, x - left];
  const mix = (row: number): number =>
    at(clamp(row, h), clamp(left, w)) * (1 - right) + at(clamp(row, h), clamp(left + 1, w)) * right;
  return mix(top) * (1 - down) + mix(top + 1) * down;
}

function activate(values: Values, channels: number, activation: Activation): Values {
  if (activation.fn === 'softmax') {
    for (let row = 0; row < values.length; row += channels) {
      const part = values.subarray(row, row + channels);
      const largest = Math.max(...part);
      const sum = part.reduce((total, value) => total + Math.exp(value - largest), 0);
      for (let i = 0; i < channels; i++) part[i] = Math.exp((part[i] as number) - largest) / sum;
    }
    return values;
  }
  return values.map((value) => element(value, activation));
}

function element(x: number, { fn, alpha, max }: Activation): number {
  switch (fn) {
    case 'linear':
    case 'softmax':
      return x;
    case 'relu':
      return Math.min(Math.max(0, x), max ?? Number.POSITIVE_INFINITY);
    case 'leakyRelu':
      return x >= 0 ? x : x * (alpha ?? 0);
    case 'sigmoid':
      return 1 / (1 + Math.exp(-x));
    case 'tanh':
      return Math.tanh(x);
    case 'exponential':
      return Math.exp(x);
    case 'elu':
      return x >= 0 ? x : (alpha ?? 1) * Math.expm1(x);
    case 'selu':
      return 1.0507009873554805 * (x >= 0 ? x : 1.6732632423543772 * Math.expm1(x));
    case 'softplus':
      return Math.log1p(Math.exp(x));
    case 'softsign':
      return x / (1 + Math.abs(x));
    case 'hardSigmoid':
      return Math.min(1, Math.max(0, 0.2 * x + 0.5));
    case 'swish':
      return x / (1 + Math.exp(-x));
    case 'gelu':
      return 0.5 * x * (1 + erf(x / Math.SQRT2));
    default:
      throw fn satisfies never;
  }
}

/** Abramowitz and Stegun 7.1.26, |error| < 1.5e-7. */
function erf(x: number): number {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const tail =
    t *
    (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429)))) *
    Math.exp(-x * x);
  return x >= 0 ? 1 - tail : tail - 1;
}

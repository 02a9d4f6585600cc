/**
 * Layers to operations, forward. One case for each kind of layer; what has no operation of its own is put together
 * from several (global pools, dense layers on images, averages). Activations are fused into the operation before
 * them where their derivative follows from the output.
 */
import type { Activation, Layer, MergeLayer, TensorRole } from '#core/model/layers';
import { resolvePads } from '#core/model/shapes';
import { sizeOf } from '#core/model/tensor';
import type { SlotId } from '#engine/backend';
import { type ElementFn, isFusable, LINEAR, type Window } from '#engine/ops';
import { type Builder, binary, reshaped, scaled } from '#engine/plan/builder';

/** What lowering a layer needs from outside. */
export interface Lowering {
  readonly builder: Builder;
  readonly batch: number;
  /** The slot with the values of a layer's tensor that take part in the arithmetic; null where the layer has none. */
  param(layer: Layer, role: TensorRole): SlotId | null;
  /** Whether batch statistics are used (training and not frozen). */
  batchStatistics(layer: Layer): boolean;
  /** The keep mask of a dropout layer, already scaled; null where nothing is dropped. */
  noise(layer: Layer & { kind: 'dropout' }, shape: readonly number[]): SlotId | null;
  /** Activations that are left out or replaced (the last layer's softmax), by layer name. */
  readonly replaced: ReadonlyMap<string, Activation>;
  /** Layers whose activation stays a step of its own; the slot before it is put here, by layer name. */
  readonly preactivations?: Map<string, SlotId | null>;
}

const NO_PADS = [0, 0, 0, 0] as const;

/** The function of an activation with its defaults: Keras's slope of 0.3 for leaky ReLU, scale 1 for ELU. */
export function elementFn(activation: Activation): ElementFn {
  if (activation.fn === 'softmax') throw new Error('softmax is not element-wise');
  const alpha = activation.alpha ?? (activation.fn === 'leakyRelu' ? 0.3 : activation.fn === 'elu' ? 1 : 0);
  return { fn: activation.fn, alpha, max: activation.max ?? Number.POSITIVE_INFINITY };
}

/** Appends what a layer does to `inputs` (slots with the batch) and returns its output; `shape` is that without the batch. */
export function lowerLayer(low: Lowering, layer: Layer, inputs: readonly SlotId[], shape: readonly number[]): SlotId {
  const { builder: b } = low;
  const x = inputs[0] as SlotId;
  const out = [low.batch, ...shape];
  switch (layer.kind) {
    case 'input':
      throw new Error('inputs are not lowered');
    case 'conv2d':
    case 'depthwiseConv2d': {
      const [, height, width] = b.shape(x);
      const kernel = low.param(layer, 'kernel') as SlotId;
      const kernelSize = [b.shape(kernel)[0], b.shape(kernel)[1]] as [number, number];
      const pads = resolvePads(
        layer.padding,
        [height as number, width as number],
        kernelSize,
        layer.strides,
        layer.dilation,
      );
      const window: Window = { strides: layer.strides, pads, dilation: layer.dilation };
      const activation = low.replaced.get(layer.name) ?? layer.activation;
      const act = fused(low, layer, activation);
      const y = b.push({ kind: layer.kind, window, act }, withBias(x, kernel, low.param(layer, 'bias')), out);
      if (low.preactivations?.has(layer.name)) low.preactivations.set(layer.name, y);
      return act === LINEAR ? activate(b, y, activation) : y;
    }
    case 'dense': {
      const kernel = low.param(layer, 'kernel') as SlotId;
      const [features, units] = b.shape(kernel) as [number, number];
      const rows = sizeOf(b.shape(x)) / features;
      const flat = reshaped(b, x, [rows, features]);
      const activation = low.replaced.get(layer.name) ?? layer.activation;
      const act = fused(low, layer, activation);
      const y = b.push(
        { kind: 'matmul', transposeA: false, transposeB: false, act },
        withBias(flat, kernel, low.param(layer, 'bias')),
        [rows, units],
      );
      if (low.preactivations?.has(layer.name)) low.preactivations.set(layer.name, reshaped(b, y, out));
      return reshaped(b, act === LINEAR ? activate(b, y, activation) : y, out);
    }
    case 'batchNorm':
      return lowerBatchNorm(low, layer, x);
    case 'activation':
      return activate(b, x, low.replaced.get(layer.name) ?? layer.activation);
    case 'prelu':
      return b.push({ kind: 'prelu' }, [x, low.param(layer, 'alpha') as SlotId], out);
    case 'maxPool2d':
    case 'averagePool2d': {
      const [, height, width] = b.shape(x);
      const pads = resolvePads(layer.padding, [height as number, width as number], layer.window, layer.strides, [1, 1]);
      return b.push(
        { kind: layer.kind, size: layer.window, window: { strides: layer.strides, pads, dilation: [1, 1] } },
        [x],
        out,
      );
    }
    case 'globalAveragePool2d':
    case 'globalMaxPool2d': {
      const [, height, width, channels] = b.shape(x) as [number, number, number, number];
      const kind = layer.kind === 'globalMaxPool2d' ? 'maxPool2d' : 'averagePool2d';
      const window: Window = { strides: [height, width], pads: NO_PADS, dilation: [1, 1] };
      const pooled = b.push({ kind, size: [height, width], window }, [x], [low.batch, 1, 1, channels]);
      return reshaped(b, pooled, out);
    }
    case 'flatten':
    case 'reshape':
      return reshaped(b, x, out);
    case 'dropout': {
      const noise = low.noise(layer, out);
      return noise === null ? x : binary(b, 'multiply', x, noise);
    }
    case 'add':
    case 'subtract':
    case 'multiply':
    case 'average':
    case 'maximum':
    case 'minimum':
      return lowerMerge(b, layer, inputs);
    case 'concat':
      return inputs.length === 1 ? x : b.push({ kind: 'concat' }, inputs, out);
    case 'zeroPad2d':
      return b.push({ kind: 'pad2d', pads: layer.pads }, [x], out);
    case 'crop2d': {
      const [top, bottom, left, right] = layer.pads;
      return b.push({ kind: 'pad2d', pads: [-top, -bottom, -left, -right] }, [x], out);
    }
    case 'upsample2d':
      return b.push({ kind: 'upsample2d', size: layer.size, interpolation: layer.interpolation }, [x], out);
    case 'rescale':
      return scaled(b, x, layer.scale, layer.offset);
    default:
      throw layer satisfies never;
  }
}

function withBias(x: SlotId, kernel: SlotId, bias: SlotId | null): SlotId[] {
  return bias === null ? [x, kernel] : [x, kernel, bias];
}

/** What may be fused: LINEAR (the constant itself) where the activation has to follow as a step of its own. */
function fused(low: Lowering, layer: Layer, activation: Activation): ElementFn {
  if (low.preactivations?.has(layer.name) || activation.fn === 'linear' || activation.fn === 'softmax') return LINEAR;
  const act = elementFn(activation);
  return isFusable(act.fn) ? act : LINEAR;
}

function activate(b: Builder, x: SlotId, activation: Activation): SlotId {
  if (activation.fn === 'linear') return x;
  const shape = b.shape(x);
  if (activation.fn === 'softmax') {
    const classes = shape.at(-1) as number;
    const flat = reshaped(b, x, [sizeOf(shape) / classes, classes]);
    return reshaped(b, b.push({ kind: 'softmax', temperature: 1 }, [flat], b.shape(flat)), shape);
  }
  return b.push({ kind: 'activation', act: elementFn(activation) }, [x], shape);
}

function lowerBatchNorm(low: Lowering, layer: Layer & { kind: 'batchNorm' }, x: SlotId): SlotId {
  const { builder: b } = low;
  const shape = b.shape(x);
  const channels = [shape.at(-1) as number];
  const gamma = low.param(layer, 'gamma') ?? b.persistent(channels, new Float32Array(channels[0] as number).fill(1));
  const beta = low.param(layer, 'beta') ?? b.persistent(channels);
  const mean = low.param(layer, 'mean') as SlotId;
  const variance = low.param(layer, 'variance') as SlotId;
  const { epsilon, momentum } = layer;
  if (!low.batchStatistics(layer))
    return b.push({ kind: 'batchNorm', epsilon }, [x, gamma, beta, mean, variance], shape);
  const outputs = b.pushAll({ kind: 'batchNormTrain', epsilon }, [x, gamma, beta], [shape, channels, channels]);
  const [y, batchMean, batchVariance] = outputs as [SlotId, SlotId, SlotId];
  b.pushInto({ kind: 'movingAverage', momentum }, [mean, batchMean], [mean]);
  b.pushInto({ kind: 'movingAverage', momentum }, [variance, batchVariance], [variance]);
  return y;
}

/** a (fn) b, with the one that is broadcast (a gate of [1, 1, c], by multiplication only) on the right, as the operation wants it. */
function merge(
  b: Builder,
  fn: 'add' | 'subtract' | 'multiply' | 'maximum' | 'minimum',
  left: SlotId,
  right: SlotId,
): SlotId {
  return sizeOf(b.shape(left)) < sizeOf(b.shape(right)) ? binary(b, fn, right, left) : binary(b, fn, left, right);
}

function lowerMerge(b: Builder, layer: MergeLayer, inputs: readonly SlotId[]): SlotId {
  const fn = layer.kind === 'average' ? 'add' : layer.kind;
  const all = inputs.slice(1).reduce((sum, input) => merge(b, fn, sum, input), inputs[0] as SlotId);
  return layer.kind === 'average' ? scaled(b, all, 1 / inputs.length) : all;
}

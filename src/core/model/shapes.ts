/**
 * The output shape of every layer, without the batch, exactly as TensorFlow and Keras define it. It is also where a
 * layer is held against its inputs and weights: whatever cannot be computed is a ShapeError that names the layer.
 */
import type { Layer, Padding, Pads, Pair, TensorRole } from '#core/model/layers';
import type { Model, TensorId } from '#core/model/model';
import { sizeOf } from '#core/model/tensor';
import type { Words } from '#core/params';

export type Shape = readonly number[];

/** A layer that cannot work on its inputs. `words` are for people and do not name the layer; `message` does. */
export class ShapeError extends Error {
  readonly layer: string;
  readonly words: Words;
  constructor(layer: string, words: Words) {
    super(`${layer}: ${words.en}`);
    this.name = 'ShapeError';
    this.layer = layer;
    this.words = words;
  }
}

/** Output shape by layer name. Throws ShapeError, also for an input that is not there (layers are in topological order). */
export function shapesOf(model: Model): Readonly<Record<string, Shape>> {
  const shapes = new Map<string, Shape>();
  const tensorShape = (id: TensorId): Shape | undefined => model.tensors[id]?.shape;
  for (const layer of model.layers) {
    const inputs = layer.inputs.map((name) => {
      const shape = shapes.get(name);
      if (!shape)
        throw new ShapeError(layer.name, {
          en: `its input ${name} does not come before it.`,
          zh: `它的输入 ${name} 不在它之前。`,
        });
      return shape;
    });
    shapes.set(layer.name, outputShape(layer, inputs, tensorShape));
  }
  return Object.fromEntries(shapes);
}

/**
 * Explicit pads [top, bottom, left, right] for a window over an image. 'same' gives out = ceil(in / stride) with the
 * odd pixel at bottom and right, as TensorFlow does.
 */
export function resolvePads(
  padding: Padding,
  inputHW: Pair,
  kernelHW: Pair,
  strides: Pair,
  dilation: Pair = [1, 1],
): Pads {
  if (padding === 'valid') return [0, 0, 0, 0];
  if (padding !== 'same') return padding;
  const [top, bottom] = samePads(inputHW[0], kernelHW[0], strides[0], dilation[0]);
  const [left, right] = samePads(inputHW[1], kernelHW[1], strides[1], dilation[1]);
  return [top, bottom, left, right];
}

/** Height and width that a window leaves: floor((in + pads - effective kernel) / stride) + 1. May be 0 or less. */
export function windowOutput(
  padding: Padding,
  inputHW: Pair,
  kernelHW: Pair,
  strides: Pair,
  dilation: Pair = [1, 1],
): Pair {
  const [top, bottom, left, right] = resolvePads(padding, inputHW, kernelHW, strides, dilation);
  return [
    Math.floor((inputHW[0] + top + bottom - effective(kernelHW[0], dilation[0])) / strides[0]) + 1,
    Math.floor((inputHW[1] + left + right - effective(kernelHW[1], dilation[1])) / strides[1]) + 1,
  ];
}

/**
 * The shape one layer gives. `tensorShape` looks up the layer's tensors; a tensor it does not know, or one that does
 * not fit the input, is a ShapeError.
 */
export function outputShape(
  layer: Layer,
  inputs: readonly Shape[],
  tensorShape: (id: TensorId) => Shape | undefined,
): Shape {
  const check = checker(layer, tensorShape);
  if (layer.kind === 'input') {
    check.inputs(inputs, 0);
    if (layer.shape.length === 0 || !layer.shape.every(isCount))
      check.fail({
        en: `its shape [${layer.shape}] is not made of whole numbers from 1.`,
        zh: `形状 [${layer.shape}] 必须由不小于 1 的整数组成。`,
      });
    return layer.shape;
  }
  if (isMerge(layer)) return mergedShape(layer, inputs, check);
  if (layer.kind === 'concat') return joinedShape(inputs, check);
  check.inputs(inputs, 1);
  const input = inputs[0] as Shape;
  const last = input[input.length - 1] as number;
  switch (layer.kind) {
    case 'conv2d': {
      const [h, w, channels] = check.image(input);
      const kernel = check.tensor('kernel', layer.kernel, 4);
      const [kh, kw, inner, out] = kernel as [number, number, number, number];
      if (channels % inner !== 0 || out % (channels / inner) !== 0) {
        check.fail({
          en: `its kernel is made for ${inner} input channels, but it receives ${channels}.`,
          zh: `它的卷积核是为 ${inner} 个输入通道设计的，但收到了 ${channels} 个通道。`,
        });
      }
      check.vector('bias', layer.bias, out);
      return [...check.window(layer.padding, [h, w], [kh, kw], layer.strides, layer.dilation), out];
    }
    case 'depthwiseConv2d': {
      const [h, w, channels] = check.image(input);
      const [kh, kw, inner, multiplier] = check.tensor('kernel', layer.kernel, 4) as [number, number, number, number];
      if (inner !== channels) {
        check.fail({
          en: `its kernel is made for ${inner} input channels, but it receives ${channels}.`,
          zh: `它的卷积核是为 ${inner} 个输入通道设计的，但收到了 ${channels} 个通道。`,
        });
      }
      check.vector('bias', layer.bias, inner * multiplier);
      return [...check.window(layer.padding, [h, w], [kh, kw], layer.strides, layer.dilation), inner * multiplier];
    }
    case 'dense': {
      const [inner, units] = check.tensor('kernel', layer.kernel, 2) as [number, number];
      if (inner !== last) {
        check.fail({
          en: `its weights are made for ${inner} inputs, but it receives ${last}.`,
          zh: `它的权重是为 ${inner} 个输入设计的，但收到了 ${last} 个。`,
        });
      }
      check.vector('bias', layer.bias, units);
      return [...input.slice(0, -1), units];
    }
    case 'batchNorm':
      check.vector('gamma', layer.gamma, last);
      check.vector('beta', layer.beta, last);
      check.vector('mean', layer.mean, last);
      check.vector('variance', layer.variance, last);
      return input;
    case 'prelu': {
      const alpha = check.tensor('alpha', layer.alpha);
      if (!sameShape(alpha, [last]) && !sameShape(alpha, input)) check.misfit('alpha', alpha, [last]);
      return input;
    }
    case 'maxPool2d':
    case 'averagePool2d': {
      const [h, w, channels] = check.image(input);
      return [...check.window(layer.padding, [h, w], layer.window, layer.strides, [1, 1]), channels];
    }
    case 'globalAveragePool2d':
    case 'globalMaxPool2d': {
      const [, , channels] = check.image(input);
      return layer.keepDims ? [1, 1, channels] : [channels];
    }
    case 'flatten':
      return [sizeOf(input)];
    case 'reshape':
      return reshaped(layer.shape, sizeOf(input), check);
    case 'dropout':
      if (!(layer.rate >= 0 && layer.rate < 1))
        check.fail({
          en: `its rate ${layer.rate} must be at least 0 and below 1.`,
          zh: `比率 ${layer.rate} 必须大于等于 0 且小于 1。`,
        });
      return input;
    case 'zeroPad2d': {
      const [h, w, channels] = check.image(input);
      const [top, bottom, left, right] = check.pads(layer.pads);
      return [h + top + bottom, w + left + right, channels];
    }
    case 'crop2d': {
      const [h, w, channels] = check.image(input);
      const [top, bottom, left, right] = check.pads(layer.pads);
      return [...check.positive([h - top - bottom, w - left - right], [h, w]), channels];
    }
    case 'upsample2d': {
      const [h, w, channels] = check.image(input);
      check.counts('size', layer.size);
      return [h * layer.size[0], w * layer.size[1], channels];
    }
    case 'activation':
    case 'rescale':
      return input;
    default:
      throw layer satisfies never;
  }
}

/** Whether two shapes are equal. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((extent, axis) => extent === b[axis]);
}

type Merge = Extract<Layer, { kind: 'add' | 'subtract' | 'multiply' | 'average' | 'maximum' | 'minimum' }>;
function isMerge(layer: Layer): layer is Merge {
  return ['add', 'subtract', 'multiply', 'average', 'maximum', 'minimum'].includes(layer.kind);
}

function mergedShape(layer: Merge, inputs: readonly Shape[], check: Checker): Shape {
  if (inputs.length < 2 || (layer.kind === 'subtract' && inputs.length > 2)) {
    check.fail({
      en: `it needs ${layer.kind === 'subtract' ? 'exactly two inputs' : 'two inputs or more'}, but it has ${inputs.length}.`,
      zh: `它需要${layer.kind === 'subtract' ? '恰好两个' : '至少两个'}输入，但只给了 ${inputs.length} 个。`,
    });
  }
  const whole = inputs.find((shape) => shape.length !== 3 || shape[0] !== 1 || shape[1] !== 1) ?? (inputs[0] as Shape);
  for (const shape of inputs) {
    if (sameShape(shape, whole)) continue;
    const broadcast = layer.kind === 'multiply' && whole.length === 3 && sameShape(shape, [1, 1, whole[2] as number]);
    if (!broadcast) {
      check.fail({
        en: `it joins outputs of different shapes, [${whole.join(', ')}] and [${shape.join(', ')}]; they must be equal.`,
        zh: `它要合并的输出形状不同：[${whole.join(', ')}] 和 [${shape.join(', ')}]；形状必须相同。`,
      });
    }
  }
  return whole;
}

function joinedShape(inputs: readonly Shape[], check: Checker): Shape {
  const first = inputs[0];
  if (!first || inputs.length < 2)
    return check.fail({
      en: `it needs two inputs or more, but it has ${inputs.length}.`,
      zh: `它需要至少两个输入，但只有 ${inputs.length} 个。`,
    });
  let channels = 0;
  for (const shape of inputs) {
    if (!sameShape(shape.slice(0, -1), first.slice(0, -1))) {
      check.fail({
        en: `it joins channels of outputs whose sizes differ, [${first.join(', ')}] and [${shape.join(', ')}]; all but the last number must be equal.`,
        zh: `它要拼接的输出大小不同：[${first.join(', ')}] 和 [${shape.join(', ')}]；除最后一个数外必须全部相同。`,
      });
    }
    channels += shape[shape.length - 1] as number;
  }
  return [...first.slice(0, -1), channels];
}

function reshaped(target: Shape, size: number, check: Checker): Shape {
  const known = target.reduce((product, extent) => (extent === -1 ? product : product * extent), 1);
  const open = target.filter((extent) => extent === -1).length;
  const filled = target.map((extent) => (extent === -1 ? size / known : extent));
  if (open > 1 || target.length === 0 || !filled.every(isCount) || sizeOf(filled) !== size) {
    check.fail({
      en: `${size} values cannot take the shape [${target.join(', ')}].`,
      zh: `${size} 个数值无法排成形状 [${target.join(', ')}]。`,
    });
  }
  return filled;
}

interface Checker {
  fail(words: Words): never;
  inputs(inputs: readonly Shape[], count: number): void;
  image(input: Shape): readonly [number, number, number];
  tensor(role: TensorRole, id: TensorId, rank?: number): Shape;
  vector(role: TensorRole, id: TensorId | undefined, length: number): void;
  misfit(role: TensorRole, shape: Shape, wanted: Shape): never;
  counts(what: 'size' | 'strides' | 'dilation' | 'window', values: Pair): void;
  pads(pads: Pads): Pads;
  window(padding: Padding, inputHW: Pair, kernelHW: Pair, strides: Pair, dilation: Pair): Pair;
  positive(hw: Pair, inputHW: Pair): Pair;
}

const ZH_COUNTS = { size: '倍数', strides: '步长', dilation: '膨胀', window: '窗口' } as const;

function checker(layer: Layer, tensorShape: (id: TensorId) => Shape | undefined): Checker {
  const fail = (words: Words): never => {
    throw new ShapeError(layer.name, words);
  };
  const check: Checker = {
    fail,
    inputs(inputs, count) {
      if (inputs.length !== count)
        fail({
          en: `it needs ${count} input${count === 1 ? '' : 's'}, but it has ${inputs.length}.`,
          zh: `它需要 ${count} 个输入，但有 ${inputs.length} 个。`,
        });
    },
    image(input) {
      if (input.length !== 3) {
        fail({
          en: `it needs an image (height, width, channels), but it receives [${input.join(', ')}].`,
          zh: `它需要图片（高、宽、通道）作为输入，但收到的是 [${input.join(', ')}]。`,
        });
      }
      return input as unknown as readonly [number, number, number];
    },
    tensor(role, id, rank) {
      const shape = tensorShape(id);
      if (!shape) return fail({ en: `its ${role} is missing.`, zh: `缺少它的 ${role} 权重。` });
      if (rank !== undefined && shape.length !== rank)
        fail({
          en: `its ${role} must have ${rank} axes, but has the shape [${shape.join(', ')}].`,
          zh: `它的 ${role} 应有 ${rank} 个维度，但形状是 [${shape.join(', ')}]。`,
        });
      if (!shape.every(isCount))
        fail({
          en: `its ${role} has the impossible shape [${shape.join(', ')}].`,
          zh: `它的 ${role} 形状 [${shape.join(', ')}] 不可能存在。`,
        });
      return shape;
    },
    vector(role, id, length) {
      if (id === undefined) return;
      const shape = check.tensor(role, id);
      if (!sameShape(shape, [length])) check.misfit(role, shape, [length]);
    },
    misfit(role, shape, wanted) {
      return fail({
        en: `its ${role} has the shape [${shape.join(', ')}] where [${wanted.join(', ')}] is needed.`,
        zh: `它的 ${role} 形状为 [${shape.join(', ')}]，需要的是 [${wanted.join(', ')}]。`,
      });
    },
    counts(what, values) {
      if (values.length !== 2 || !values.every(isCount))
        fail({
          en: `its ${what} [${values.join(', ')}] must be whole numbers from 1.`,
          zh: `${ZH_COUNTS[what]} [${values.join(', ')}] 必须是不小于 1 的整数。`,
        });
    },
    pads(pads) {
      if (pads.length !== 4 || !pads.every((pad) => Number.isSafeInteger(pad) && pad >= 0))
        fail({
          en: `its pads [${pads.join(', ')}] must be whole numbers from 0.`,
          zh: `边距 [${pads.join(', ')}] 必须是不小于 0 的整数。`,
        });
      return pads;
    },
    window(padding, inputHW, kernelHW, strides, dilation) {
      check.counts('window', kernelHW);
      check.counts('strides', strides);
      check.counts('dilation', dilation);
      if (typeof padding !== 'string') check.pads(padding);
      const output = windowOutput(padding, inputHW, kernelHW, strides, dilation);
      if (!output.every(isCount)) {
        const reach = `${effective(kernelHW[0], dilation[0])} x ${effective(kernelHW[1], dilation[1])}`;
        fail({
          en: `its window of ${reach} is larger than what it receives, ${inputHW[0]} x ${inputHW[1]}. Make it smaller, or use "same" padding.`,
          zh: `它的窗口 ${reach} 比输入 ${inputHW[0]} x ${inputHW[1]} 还大。请缩小窗口，或改用“same”填充。`,
        });
      }
      return output;
    },
    positive(hw, inputHW) {
      if (!hw.every(isCount))
        fail({
          en: `it cuts away all of the ${inputHW[0]} x ${inputHW[1]} image.`,
          zh: `它把 ${inputHW[0]} x ${inputHW[1]} 的图片全部裁掉了。`,
        });
      return hw;
    },
  };
  return check;
}

function samePads(input: number, kernel: number, stride: number, dilation: number): Pair {
  const output = Math.ceil(input / stride);
  const total = Math.max(0, (output - 1) * stride + effective(kernel, dilation) - input);
  const before = Math.floor(total / 2);
  return [before, total - before];
}

/** How far a kernel reaches: (kernel - 1) * dilation + 1. */
function effective(kernel: number, dilation: number): number {
  return (kernel - 1) * dilation + 1;
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 1;
}

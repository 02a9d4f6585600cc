/**
 * The kinds of layer a model may hold, as a closed union of plain data. Weights are tensor ids under the field's own
 * role names. Shapes and arithmetic are elsewhere (`shapes.ts`, the engine's plan); this file is only the vocabulary.
 */
import type { TensorId } from '#core/model/model';

/** [height, width] in pixels. */
export type Pair = readonly [number, number];
/** [top, bottom, left, right] in pixels. */
export type Pads = readonly [number, number, number, number];
/** TensorFlow's meaning: 'same' pads so that out = ceil(in / stride), the odd pixel at bottom and right. */
export type Padding = 'valid' | 'same' | Pads;

/** An element-wise activation, or softmax over the last axis. `alpha`: slope of leakyRelu, scale of elu. `max`: clip of relu. */
export type ActivationFn =
  | 'linear'
  | 'relu'
  | 'leakyRelu'
  | 'sigmoid'
  | 'tanh'
  | 'exponential'
  | 'softmax'
  | 'elu'
  | 'selu'
  | 'softplus'
  | 'softsign'
  | 'hardSigmoid'
  | 'swish'
  | 'gelu';
export interface Activation {
  readonly fn: ActivationFn;
  /** leakyRelu: slope for x < 0 (0 to 1). elu: scale for x < 0. */
  readonly alpha?: number;
  /** relu: upper clip, e.g. 6 for ReLU6. */
  readonly max?: number;
}

interface Base {
  readonly name: string;
  /** Names of the layers whose outputs this one reads, in order. */
  readonly inputs: readonly string[];
}

/** An image [height, width, channels] or a vector [features]; the batch is not named. */
export interface InputLayer extends Base {
  readonly kind: 'input';
  readonly shape: readonly number[];
}
/** kernel [kh, kw, in / groups, out]. */
export interface Conv2dLayer extends Base {
  readonly kind: 'conv2d';
  readonly kernel: TensorId;
  readonly bias?: TensorId;
  readonly strides: Pair;
  readonly padding: Padding;
  readonly dilation: Pair;
  readonly activation: Activation;
}
/** kernel [kh, kw, in, multiplier]; out = in * multiplier, output channel c * multiplier + m. */
export interface DepthwiseConv2dLayer extends Base {
  readonly kind: 'depthwiseConv2d';
  readonly kernel: TensorId;
  readonly bias?: TensorId;
  readonly strides: Pair;
  readonly padding: Padding;
  readonly dilation: Pair;
  readonly activation: Activation;
}
/** kernel [in, out]; acts on the last axis. */
export interface DenseLayer extends Base {
  readonly kind: 'dense';
  readonly kernel: TensorId;
  readonly bias?: TensorId;
  readonly activation: Activation;
}
/** Over the last axis. gamma and beta may be absent (1 and 0). moving = momentum * moving + (1 - momentum) * batch. */
export interface BatchNormLayer extends Base {
  readonly kind: 'batchNorm';
  readonly gamma?: TensorId;
  readonly beta?: TensorId;
  readonly mean: TensorId;
  readonly variance: TensorId;
  readonly epsilon: number;
  readonly momentum: number;
}
export interface ActivationLayer extends Base {
  readonly kind: 'activation';
  readonly activation: Activation;
}
/** y = x for x > 0 else alpha * x; alpha [channels] or the full input shape without the batch. */
export interface PreluLayer extends Base {
  readonly kind: 'prelu';
  readonly alpha: TensorId;
}
/** Average pooling leaves padded pixels out of the mean, as TensorFlow does. */
export interface PoolLayer extends Base {
  readonly kind: 'maxPool2d' | 'averagePool2d';
  readonly window: Pair;
  readonly strides: Pair;
  readonly padding: Padding;
}
/** [h, w, c] -> [c], or [1, 1, c] with keepDims. */
export interface GlobalPoolLayer extends Base {
  readonly kind: 'globalAveragePool2d' | 'globalMaxPool2d';
  readonly keepDims: boolean;
}
export interface FlattenLayer extends Base {
  readonly kind: 'flatten';
}
/** `shape` without the batch; one entry may be -1. */
export interface ReshapeLayer extends Base {
  readonly kind: 'reshape';
  readonly shape: readonly number[];
}
/** rate: share of inputs set to 0 while training (0 to 1, 1 excluded); the rest is scaled by 1 / (1 - rate). */
export interface DropoutLayer extends Base {
  readonly kind: 'dropout';
  readonly rate: number;
}
/** Element-wise over two or more inputs; 'multiply' may broadcast [1, 1, c] over [h, w, c]. */
export interface MergeLayer extends Base {
  readonly kind: 'add' | 'subtract' | 'multiply' | 'average' | 'maximum' | 'minimum';
}
/** Joins on the last axis. */
export interface ConcatLayer extends Base {
  readonly kind: 'concat';
}
export interface ZeroPadLayer extends Base {
  readonly kind: 'zeroPad2d';
  readonly pads: Pads;
}
export interface CropLayer extends Base {
  readonly kind: 'crop2d';
  readonly pads: Pads;
}
export interface UpsampleLayer extends Base {
  readonly kind: 'upsample2d';
  readonly size: Pair;
  readonly interpolation: 'nearest' | 'bilinear';
}
/** y = x * scale + offset (Keras Rescaling). */
export interface RescaleLayer extends Base {
  readonly kind: 'rescale';
  readonly scale: number;
  readonly offset: number;
}

export type Layer =
  | InputLayer
  | Conv2dLayer
  | DepthwiseConv2dLayer
  | DenseLayer
  | BatchNormLayer
  | ActivationLayer
  | PreluLayer
  | PoolLayer
  | GlobalPoolLayer
  | FlattenLayer
  | ReshapeLayer
  | DropoutLayer
  | MergeLayer
  | ConcatLayer
  | ZeroPadLayer
  | CropLayer
  | UpsampleLayer
  | RescaleLayer;
export type LayerKind = Layer['kind'];
/** The layers that multiply by a kernel. */
export type WeightedLayer = Conv2dLayer | DepthwiseConv2dLayer | DenseLayer;

/** The names under which a layer may hold tensors, in the order in which files store them. */
export const TENSOR_ROLES = ['kernel', 'bias', 'gamma', 'beta', 'mean', 'variance', 'alpha'] as const;
export type TensorRole = (typeof TENSOR_ROLES)[number];

/** The tensors a layer holds, as [role, id] in `TENSOR_ROLES` order. */
export function tensorsOf(layer: Layer): readonly (readonly [TensorRole, TensorId])[] {
  const held: (readonly [TensorRole, TensorId])[] = [];
  for (const role of TENSOR_ROLES) {
    const id = (layer as Partial<Record<TensorRole, TensorId>>)[role];
    if (id !== undefined) held.push([role, id]);
  }
  return held;
}

/** Roles that unstructured pruning, sharing and weight quantization act on: never biases, never batch normalisation. */
export function isPrunable({ kind }: Pick<Layer, 'kind'>, role: TensorRole): boolean {
  return role === 'kernel' && (kind === 'conv2d' || kind === 'depthwiseConv2d' || kind === 'dense');
}

export function isWeighted(layer: Layer | undefined): layer is WeightedLayer {
  return layer !== undefined && isPrunable(layer, 'kernel');
}

/** Moving statistics are stored but not trained. */
export function isTrainable(role: TensorRole): boolean {
  return role !== 'mean' && role !== 'variance';
}

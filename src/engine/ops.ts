/**
 * The narrow contract's vocabulary: every operation a plan may hold, forward and gradient, as closed data. Every value
 * is float32; images are NHWC, convolution kernels HWIO, depthwise kernels [kh, kw, in, multiplier], dense kernels
 * [in, out]. `x`, `dy`, … name the step's inputs in order, `->` its outputs. Shapes stand on the plan's slots.
 */
import type { Pads, Pair } from '#core/model/layers';
import type { Optimizer } from '#core/objective';

/** Element-wise functions whose derivative follows from their output y alone, so they may be fused into the op before. */
export type FusableFn =
  | 'linear'
  | 'relu'
  | 'leakyRelu'
  | 'sigmoid'
  | 'tanh'
  | 'exponential'
  | 'elu'
  | 'selu'
  | 'softplus'
  | 'softsign'
  | 'hardSigmoid';
/** Functions whose derivative needs the input x. `sign`: 1 for x >= 0, else -1; its gradient passes where |x| <= 1 (Courbariaux 2016). */
export type UnfusedFn = 'swish' | 'gelu' | 'sign';
export interface ElementFn {
  readonly fn: FusableFn | UnfusedFn;
  /** leakyRelu: slope; elu: scale of the negative part. */
  readonly alpha: number;
  /** relu: upper clip (Infinity for none). */
  readonly max: number;
}
/** Geometry of a window over [h, w]; pads are explicit, already resolved from 'same'. */
export interface Window {
  readonly strides: Pair;
  readonly pads: Pads;
  readonly dilation: Pair;
}

export type Op =
  /** x [n,h,w,c], kernel [kh,kw,c/groups,o], bias? [o] -> y. `act` is a FusableFn. groups = c / kernel.shape[2]. */
  | { readonly kind: 'conv2d'; readonly window: Window; readonly act: ElementFn }
  /** dy (after activationGrad), kernel -> dx. The output slot has x's shape. */
  | { readonly kind: 'conv2dGradInput'; readonly window: Window }
  /** x, dy -> dKernel. */
  | { readonly kind: 'conv2dGradKernel'; readonly window: Window }
  /** x, kernel [kh,kw,c,m], bias? [c*m] -> y. */
  | { readonly kind: 'depthwiseConv2d'; readonly window: Window; readonly act: ElementFn }
  | { readonly kind: 'depthwiseConv2dGradInput'; readonly window: Window }
  | { readonly kind: 'depthwiseConv2dGradKernel'; readonly window: Window }
  /** a [m,k] (or [k,m] transposed), b [k,n] (or [n,k] transposed), bias? [n] -> [m,n]. 2-D slots only. */
  | { readonly kind: 'matmul'; readonly transposeA: boolean; readonly transposeB: boolean; readonly act: ElementFn }
  /** dy [..., c] -> sum over all axes but the last: [c]. */
  | { readonly kind: 'biasGrad' }
  /** x -> y. Padded pixels never win. */
  | { readonly kind: 'maxPool2d'; readonly size: Pair; readonly window: Window }
  /** x, y, dy -> dx. The first maximum of a window in row-major order takes its gradient. */
  | { readonly kind: 'maxPool2dGrad'; readonly size: Pair; readonly window: Window }
  /** x -> y. Padded pixels are not counted in the mean. */
  | { readonly kind: 'averagePool2d'; readonly size: Pair; readonly window: Window }
  /** dy -> dx. */
  | { readonly kind: 'averagePool2dGrad'; readonly size: Pair; readonly window: Window }
  /** x, gamma, beta -> y, mean [c], variance [c] (biased, over all axes but the last). */
  | { readonly kind: 'batchNormTrain'; readonly epsilon: number }
  /** x, gamma, mean, variance, dy -> dx, dGamma, dBeta. */
  | { readonly kind: 'batchNormTrainGrad'; readonly epsilon: number }
  /** x, gamma, beta, mean, variance -> y with the moving statistics. */
  | { readonly kind: 'batchNorm'; readonly epsilon: number }
  /** gamma, variance, dy -> dx (frozen batch normalisation). */
  | { readonly kind: 'batchNormGrad'; readonly epsilon: number }
  /** moving, batch -> moving (in place): momentum * moving + (1 - momentum) * batch. */
  | { readonly kind: 'movingAverage'; readonly momentum: number }
  /** x -> y. */
  | { readonly kind: 'activation'; readonly act: ElementFn }
  /** dy, y (FusableFn) or dy, x (UnfusedFn) -> dx. */
  | { readonly kind: 'activationGrad'; readonly act: ElementFn }
  /** x, alpha ([c], or x's shape without the batch) -> y. */
  | { readonly kind: 'prelu' }
  /** x, alpha, dy -> dx, dAlpha. */
  | { readonly kind: 'preluGrad' }
  /** x [n,k] -> softmax(x / temperature) over the last axis. */
  | { readonly kind: 'softmax'; readonly temperature: number }
  /** y, dy -> dx (temperature 1). */
  | { readonly kind: 'softmaxGrad' }
  /** a, b -> y. b may be broadcast over axes where its size is 1. */
  | { readonly kind: 'binary'; readonly fn: 'add' | 'subtract' | 'multiply' | 'maximum' | 'minimum' }
  /** a, b, dy -> dy where a wins ('first': a >= b for maximum, a <= b for minimum), else 0; 'second' the rest. */
  | { readonly kind: 'selectGrad'; readonly fn: 'maximum' | 'minimum'; readonly of: 'first' | 'second' }
  /** x -> sum over the axes where the output's size is 1. */
  | { readonly kind: 'sumTo' }
  /** x -> x * scale + offset. */
  | { readonly kind: 'scale'; readonly scale: number; readonly offset: number }
  /** Two or more inputs -> joined on the last axis. */
  | { readonly kind: 'concat' }
  /** x -> the slice [begin, begin + size) of the last axis. */
  | { readonly kind: 'sliceLast'; readonly begin: number; readonly size: number }
  /** x [n,h,w,c] -> zero padding (positive pads) or cropping (negative). */
  | { readonly kind: 'pad2d'; readonly pads: Pads }
  /** x -> y. Bilinear with half-pixel centres, as Keras does. */
  | { readonly kind: 'upsample2d'; readonly size: Pair; readonly interpolation: 'nearest' | 'bilinear' }
  /** dy -> dx, nearest only. */
  | { readonly kind: 'upsample2dGrad'; readonly size: Pair }
  /** Same elements, other shape. Backends may alias. */
  | { readonly kind: 'reshape' }
  /** labels [n] (class indices as floats) -> [n,k]: (1 - smoothing) one-hot + smoothing / k. */
  | { readonly kind: 'oneHot'; readonly smoothing: number }
  /** logits [n,k], target probabilities [n,k] -> [n]: sum p (log p - log softmax(logits / T)) where relative, else sum -p log softmax. */
  | { readonly kind: 'softmaxCrossEntropy'; readonly temperature: number; readonly relative: boolean }
  /** logits, targets, weight [n] -> scale * weight_i * (softmax(logits_i / T) - p_i) / T. */
  | { readonly kind: 'softmaxCrossEntropyGrad'; readonly temperature: number; readonly scale: number }
  /** logits [n,k], labels [n], loss [n], weight [n], sums [3] -> sums (in place): += [sum w loss, sum w correct, sum w]. The lowest of equal logits counts as the answer. */
  | { readonly kind: 'accumulateMetrics' }
  /** w, scale [1 or channels], zeroPoint [same] -> scale * (clamp(roundHalfEven(w / scale) + z, qMin, qMax) - z). axis null: per tensor. */
  | { readonly kind: 'fakeQuantize'; readonly qMin: number; readonly qMax: number; readonly axis: number | null }
  /** w, scale, zeroPoint, dy -> dy where the rounded code is on the grid, 0 where it was clipped (straight-through, as PyTorch's fake_quantize has it). */
  | { readonly kind: 'fakeQuantizeGrad'; readonly qMin: number; readonly qMax: number; readonly axis: number | null }
  /**
   * w, scale, zeroPoint, dy -> dy times the derivative by the scale, for each value; summed over those that share a scale
   * it is the scale's gradient (Esser 2020, equation 3): with u = w / scale, qMin - z where u + z <= qMin, qMax - z where
   * u + z >= qMax, round(u) - u between.
   */
  | {
      readonly kind: 'fakeQuantizeScaleGrad';
      readonly qMin: number;
      readonly qMax: number;
      readonly axis: number | null;
    }
  /** centroids [k], indices (tensor's shape, -1 where pruned) -> values, 0 where -1. */
  | { readonly kind: 'lookup' }
  /** indices, dy -> dCentroids [k], summed over the members. */
  | { readonly kind: 'lookupGrad' }
  /** w, dw -> dw + l1 * sign(w) + 2 * l2 * w. */
  | { readonly kind: 'penaltyGrad'; readonly l1: number; readonly l2: number }
  /**
   * One update of all trained values, in place. Inputs: rate [1], then for each of `count` values: param, grad,
   * its moments (sgd none; momentum: velocity; adam: m, v), then mask if masked[i] (gradient and moments of masked
   * entries stay 0). sgd: p -= rate g. momentum: v = mu v + g, p -= rate v. adam: m = b1 m + (1-b1) g,
   * v = b2 v + (1-b2) g^2, p -= rate m / (sqrt(v) + eps), where the host has put the bias correction in `rate`.
   * Outputs: the params and moments again, in the same order.
   */
  | {
      readonly kind: 'optimize';
      readonly optimizer: Optimizer;
      readonly count: number;
      readonly masked: readonly boolean[];
    }
  | BatchOp;

/**
 * Steps that put a batch together where the data lies: only for backends that hold tables (`Backend.mostTableBytes`). A key is
 * four values, the 16-bit halves of a `NoiseKey`, upper one first; what comes of it is bit for bit what `noise` makes of it.
 */
export type BatchOp =
  /** rows [n] of the plan's table, key -> images; each value is byte * scale, moved by up to `shift` pixels. Row -1 is noise. */
  | { readonly kind: 'gatherImages'; readonly scale: number; readonly shift: number }
  /** table [m, ...], rows [n] -> [n, ...]; a row of -1 gives `outside`. */
  | { readonly kind: 'gatherRows'; readonly outside: number }
  /** key -> 0, or 1 / (1 - rate). `number` counts the dropout layers. */
  | { readonly kind: 'keepMask'; readonly number: number; readonly rate: number };
export type BatchOpKind = BatchOp['kind'];

export type OpKind = Op['kind'];

/** Whether an activation may be fused and differentiated from its output. */
export function isFusable(fn: ElementFn['fn']): fn is FusableFn {
  return fn !== 'swish' && fn !== 'gelu' && fn !== 'sign';
}
export const LINEAR: ElementFn = { fn: 'linear', alpha: 0, max: Number.POSITIVE_INFINITY };

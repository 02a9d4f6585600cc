/** Every operation of the contract as commands for the kernels; products and training have files of their own. */

import { sizeOf } from '#core/model/tensor';
import { BackendError, type Plan, type Step as PlanStep } from '#engine/backend';
import { type AxisGroup, axisGroups } from '#engine/broadcast';
import type { BatchOpKind, Op, Window } from '#engine/ops';
import { bits, type StepOf, type Writer } from './commands';
import * as ids from './kernels/ids';
import { depthwiseConv2d, depthwiseConv2dGradInput, depthwiseConv2dGradKernel } from './lower-depthwise';
import { conv2d, conv2dGradInput, conv2dGradKernel, matmul } from './lower-products';
import { TRAINING_LOWERINGS } from './lower-training';
import { binaryNumber, functionNumber } from './numbers';

const last = (shape: readonly number[]): number => shape.at(-1) ?? 1;

/** [n, h, w, c, oh, ow, kh, kw, sy, sx, top, left] of a pooling window. */
function pooling(
  image: readonly number[],
  out: readonly number[],
  size: readonly [number, number],
  window: Window,
): number[] {
  const [n = 1, h = 1, w = 1, c = 1] = image;
  const [, oh = 1, ow = 1] = out;
  // A global pool may have its two image axes left out.
  const [rows, cols] = out.length === 4 ? [oh, ow] : [1, 1];
  return [n, h, w, c, rows, cols, ...size, ...window.strides, window.pads[0], window.pads[2]];
}

/**
 * How `small` is broadcast over `big`, axes with equal behaviour joined: [d0..d3, n, s0..s3, each], where `each` says
 * whether the last axis is the small one's own.
 */
function broadcast(big: readonly number[], small: readonly number[]): { words: number[]; groups: AxisGroup[] } {
  const groups = axisGroups(big, small);
  const inner = groups.at(-1) ?? { size: 1, own: true };
  const outer = groups.slice(0, -1);
  const dims = [1, 1, 1, 1];
  const strides = [0, 0, 0, 0];
  let stride = inner.own ? inner.size : 1;
  outer.reverse().forEach(({ size, own }, index) => {
    dims[3 - index] = size;
    if (own) {
      strides[3 - index] = stride;
      stride *= size;
    }
  });
  return { words: [...dims, inner.size, ...strides, inner.own ? 1 : 0], groups };
}

/** One function an operation: a new kind does not compile until it is here. */
type OwnKind = Exclude<Op['kind'], BatchOpKind>;

const LOWERINGS: { readonly [K in OwnKind]: (w: Writer, step: StepOf<K>) => void } = {
  conv2d,
  conv2dGradInput,
  conv2dGradKernel,
  depthwiseConv2d,
  depthwiseConv2dGradInput,
  depthwiseConv2dGradKernel,
  matmul,
  biasGrad(w, { inputs: [dy], outputs: [db] }) {
    const c = last(w.shape(dy));
    w.emit(ids.K_COLUMN_SUMS, w.at(dy), w.at(db), sizeOf(w.shape(dy)) / c, c);
  },
  maxPool2d(w, { op, inputs: [x], outputs: [y] }) {
    w.emit(ids.K_MAX_POOL, w.at(x), w.at(y), ...pooling(w.shape(x), w.shape(y), op.size, op.window));
  },
  maxPool2dGrad(w, { op, inputs: [x, y, dy], outputs: [dx] }) {
    w.emit(
      ids.K_MAX_POOL_GRAD,
      w.at(x),
      w.at(y),
      w.at(dy),
      w.at(dx),
      ...pooling(w.shape(x), w.shape(y), op.size, op.window),
    );
  },
  averagePool2d(w, { op, inputs: [x], outputs: [y] }) {
    w.emit(ids.K_AVERAGE_POOL, w.at(x), w.at(y), ...pooling(w.shape(x), w.shape(y), op.size, op.window));
  },
  averagePool2dGrad(w, { op, inputs: [dy], outputs: [dx] }) {
    w.emit(ids.K_AVERAGE_POOL_GRAD, w.at(dy), w.at(dx), ...pooling(w.shape(dx), w.shape(dy), op.size, op.window));
  },
  batchNormTrain(w, { op, inputs: [x, gamma, beta], outputs: [y, mean, variance] }) {
    const c = last(w.shape(x));
    w.emit(
      ids.K_BATCH_NORM_TRAIN,
      w.at(x),
      w.at(gamma),
      w.at(beta),
      w.at(y),
      w.at(mean),
      w.at(variance),
      sizeOf(w.shape(x)) / c,
      c,
      bits(op.epsilon),
    );
  },
  batchNormTrainGrad(w, { op, inputs: [x, gamma, mean, variance, dy], outputs: [dx, dGamma, dBeta] }) {
    const c = last(w.shape(x));
    const rows = sizeOf(w.shape(x)) / c;
    w.emit(
      ids.K_BATCH_NORM_TRAIN_GRAD,
      w.at(x),
      w.at(gamma),
      w.at(mean),
      w.at(variance),
      w.at(dy),
      w.at(dx),
      w.at(dGamma),
      w.at(dBeta),
      rows,
      c,
      bits(op.epsilon),
    );
  },
  batchNorm(w, { op, inputs: [x, gamma, beta, mean, variance], outputs: [y] }) {
    const c = last(w.shape(x));
    w.emit(
      ids.K_BATCH_NORM,
      w.at(x),
      w.at(gamma),
      w.at(beta),
      w.at(mean),
      w.at(variance),
      w.at(y),
      sizeOf(w.shape(x)) / c,
      c,
      bits(op.epsilon),
    );
  },
  batchNormGrad(w, { op, inputs: [gamma, variance, dy], outputs: [dx] }) {
    const c = last(w.shape(dy));
    w.emit(
      ids.K_BATCH_NORM_GRAD,
      w.at(gamma),
      w.at(variance),
      w.at(dy),
      w.at(dx),
      sizeOf(w.shape(dy)) / c,
      c,
      bits(op.epsilon),
    );
  },
  movingAverage(w, { op, inputs: [moving, batch], outputs: [out] }) {
    const count = sizeOf(w.shape(moving));
    if (out !== undefined && w.at(out) !== w.at(moving))
      throw new BackendError('unsupported', 'a moving average is updated in place');
    w.emit(ids.K_MOVING_AVERAGE, w.at(moving), w.at(batch), count, bits(op.momentum), bits(1 - op.momentum));
  },
  activation(w, { op: { act }, inputs: [x], outputs: [y] }) {
    w.emit(
      ids.K_ACTIVATION,
      w.at(x),
      w.at(y),
      sizeOf(w.shape(x)),
      functionNumber(act.fn),
      bits(act.alpha),
      bits(act.max),
    );
  },
  activationGrad(w, { op: { act }, inputs: [dy, y], outputs: [dx] }) {
    w.emit(
      ids.K_ACTIVATION_GRAD,
      w.at(dy),
      w.at(y),
      w.at(dx),
      sizeOf(w.shape(dy)),
      functionNumber(act.fn),
      bits(act.alpha),
      bits(act.max),
    );
  },
  prelu(w, { inputs: [x, alpha], outputs: [y] }) {
    const n = sizeOf(w.shape(alpha));
    w.emit(ids.K_PRELU, w.at(x), w.at(alpha), w.at(y), sizeOf(w.shape(x)) / n, n);
  },
  preluGrad(w, { inputs: [x, alpha, dy], outputs: [dx, dAlpha] }) {
    const n = sizeOf(w.shape(alpha));
    w.emit(ids.K_PRELU_GRAD, w.at(x), w.at(alpha), w.at(dy), w.at(dx), w.at(dAlpha), sizeOf(w.shape(x)) / n, n);
  },
  softmax(w, { op, inputs: [x], outputs: [y] }) {
    const k = last(w.shape(x));
    w.emit(ids.K_SOFTMAX, w.at(x), w.at(y), sizeOf(w.shape(x)) / k, k, bits(1 / op.temperature));
  },
  softmaxGrad(w, { inputs: [y, dy], outputs: [dx] }) {
    const k = last(w.shape(y));
    w.emit(ids.K_SOFTMAX_GRAD, w.at(y), w.at(dy), w.at(dx), sizeOf(w.shape(y)) / k, k);
  },
  binary(w, { op, inputs: [a, b], outputs: [y] }) {
    const big = w.shape(a);
    const small = w.shape(b);
    if (sizeOf(big) === sizeOf(small))
      w.emit(ids.K_BINARY, w.at(a), w.at(b), w.at(y), sizeOf(big), binaryNumber(op.fn));
    else w.emit(ids.K_BINARY_BROADCAST, w.at(a), w.at(b), w.at(y), binaryNumber(op.fn), ...broadcast(big, small).words);
  },
  selectGrad(w, { op, inputs: [a, b, dy], outputs: [dx] }) {
    w.emit(
      ids.K_SELECT_GRAD,
      w.at(a),
      w.at(b),
      w.at(dy),
      w.at(dx),
      sizeOf(w.shape(a)),
      binaryNumber(op.fn),
      op.of === 'first' ? 1 : 0,
    );
  },
  sumTo(w, { inputs: [x], outputs: [y] }) {
    const { words, groups } = broadcast(w.shape(x), w.shape(y));
    const [outer, inner] = groups;
    if (sizeOf(w.shape(x)) === sizeOf(w.shape(y))) w.emit(ids.K_COPY, w.at(x), w.at(y), sizeOf(w.shape(x)));
    else if (groups.length === 2 && outer && inner?.own)
      w.emit(ids.K_COLUMN_SUMS, w.at(x), w.at(y), outer.size, inner.size);
    else w.emit(ids.K_SUM_TO, w.at(x), w.at(y), sizeOf(w.shape(y)), ...words);
  },
  scale(w, { op, inputs: [x], outputs: [y] }) {
    w.emit(ids.K_SCALE, w.at(x), w.at(y), sizeOf(w.shape(x)), bits(op.scale), bits(op.offset));
  },
  concat(w, { inputs, outputs: [y] }) {
    const c = last(w.shape(y));
    let at = w.at(y);
    for (const x of inputs) {
      const own = last(w.shape(x));
      w.emit(ids.K_COPY_ROWS, w.at(x), at, sizeOf(w.shape(x)) / own, own * 4, own * 4, c * 4);
      at += own * 4;
    }
  },
  sliceLast(w, { op, inputs: [x], outputs: [y] }) {
    const c = last(w.shape(x));
    w.emit(ids.K_COPY_ROWS, w.at(x) + op.begin * 4, w.at(y), sizeOf(w.shape(x)) / c, op.size * 4, c * 4, op.size * 4);
  },
  pad2d(w, { op, inputs: [x], outputs: [y] }) {
    const [n = 1, h = 1, width = 1, c = 1] = w.shape(x);
    const [, oh = 1, ow = 1] = w.shape(y);
    w.emit(ids.K_PAD_IMAGE, w.at(x), w.at(y), n, h, width, c * 4, op.pads[0], op.pads[2], oh, ow);
  },
  upsample2d(w, { op, inputs: [x], outputs: [y] }) {
    const [n = 1, h = 1, width = 1, c = 1] = w.shape(x);
    if (op.interpolation === 'nearest')
      w.emit(ids.K_UPSAMPLE_NEAREST, w.at(x), w.at(y), n, h, width, c * 4, ...op.size);
    else w.emit(ids.K_UPSAMPLE_BILINEAR, w.at(x), w.at(y), n, h, width, c, ...op.size);
  },
  upsample2dGrad(w, { op, inputs: [dy], outputs: [dx] }) {
    const [n = 1, h = 1, width = 1, c = 1] = w.shape(dx);
    w.emit(ids.K_UPSAMPLE_NEAREST_GRAD, w.at(dy), w.at(dx), n, h, width, c * 4, ...op.size);
  },
  reshape(w, { inputs: [x], outputs: [y] }) {
    if (sizeOf(w.shape(x)) !== sizeOf(w.shape(y)))
      throw new RangeError(`[${w.shape(x)}] cannot be reshaped to [${w.shape(y)}]`);
    if (w.at(x) !== w.at(y)) w.emit(ids.K_COPY, w.at(x), w.at(y), sizeOf(w.shape(x)));
  },
  ...TRAINING_LOWERINGS,
};

/** Writes all steps of a plan. Throws BackendError('unsupported') or RangeError for a plan that makes no sense. */
export function lower(plan: Plan, w: Writer): void {
  for (const step of plan.steps) {
    const lowering = LOWERINGS[step.op.kind as OwnKind] as ((w: Writer, step: PlanStep) => void) | undefined;
    if (!lowering) throw new BackendError('unsupported', `${step.op.kind} is done by the host here`);
    lowering(w, step);
    w.endStep();
  }
}

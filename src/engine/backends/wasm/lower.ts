/** Every operation of the contract as commands for the kernels, one short function each. */
import { BackendError, type Plan, type Step as PlanStep } from '#engine/backend';
import type { Op, Window } from '#engine/ops';
import { bits, type Writer } from './commands';
import * as ids from './kernels/ids';
import { bytesOf, optimizerGroups, sizeOf } from './layout';
import {
  conv2d,
  conv2dGradInput,
  conv2dGradKernel,
  depthwiseConv2d,
  depthwiseConv2dGradInput,
  depthwiseConv2dGradKernel,
  matmul,
} from './lower-products';
import { binaryNumber, functionNumber } from './numbers';

type Step<K extends Op['kind']> = {
  readonly op: Extract<Op, { kind: K }>;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
};
type Lowering = { readonly [K in Op['kind']]: (w: Writer, step: Step<K>) => void };

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
function broadcast(
  big: readonly number[],
  small: readonly number[],
): { words: number[]; groups: { size: number; own: boolean }[] } {
  const groups: { size: number; own: boolean }[] = [];
  big.forEach((size, axis) => {
    const other = small[axis - (big.length - small.length)] ?? 1;
    if (other !== 1 && other !== size)
      throw new BackendError('unsupported', `shapes [${big}] and [${small}] do not broadcast`);
    if (size === 1) return;
    const own = other !== 1;
    const before = groups.at(-1);
    if (before && before.own === own) before.size *= size;
    else groups.push({ size, own });
  });
  const inner = groups.at(-1) ?? { size: 1, own: true };
  const outer = groups.slice(0, -1);
  if (outer.length > 4) throw new BackendError('unsupported', `shapes [${big}] and [${small}] alternate too often`);
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

/** [outer, channels, inner] of a quantization axis; one channel where there is one scale. */
function quantizationAxis(shape: readonly number[], scales: number, axis: number | null): [number, number, number] {
  if (axis === null || scales === 1) return [1, 1, sizeOf(shape)];
  return [sizeOf(shape.slice(0, axis)), shape[axis] ?? 1, sizeOf(shape.slice(axis + 1))];
}

const LOWERINGS: Lowering = {
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
  oneHot(w, { op, inputs: [labels], outputs: [y] }) {
    const [n = 1, k = 1] = w.shape(y);
    w.emit(
      ids.K_ONE_HOT,
      w.at(labels),
      w.at(y),
      n,
      k,
      bits(1 - op.smoothing + op.smoothing / k),
      bits(op.smoothing / k),
    );
  },
  softmaxCrossEntropy(w, { op, inputs: [logits, target], outputs: [loss] }) {
    const [n = 1, k = 1] = w.shape(logits);
    w.emit(
      ids.K_CROSS_ENTROPY,
      w.at(logits),
      w.at(target),
      w.at(loss),
      n,
      k,
      bits(1 / op.temperature),
      op.relative ? 1 : 0,
    );
  },
  softmaxCrossEntropyGrad(w, { op, inputs: [logits, target, weight], outputs: [dx] }) {
    const [n = 1, k = 1] = w.shape(logits);
    w.emit(
      ids.K_CROSS_ENTROPY_GRAD,
      w.at(logits),
      w.at(target),
      w.at(weight),
      w.at(dx),
      n,
      k,
      bits(1 / op.temperature),
      bits(op.scale / op.temperature),
    );
  },
  accumulateMetrics(w, { inputs: [logits, labels, loss, weight, sums] }) {
    const [n = 1, k = 1] = w.shape(logits);
    w.emit(ids.K_METRICS, w.at(logits), w.at(labels), w.at(loss), w.at(weight), w.at(sums), n, k);
  },
  fakeQuantize(w, { op, inputs: [x, scale, zero], outputs: [y] }) {
    const [outer, channels, inner] = quantizationAxis(w.shape(x), sizeOf(w.shape(scale)), op.axis);
    const head = [w.at(x), w.at(scale), w.at(zero), w.at(y)];
    if (inner === 1) w.emit(ids.K_FAKE_QUANTIZE_LAST, ...head, outer, channels, bits(op.qMin), bits(op.qMax));
    else w.emit(ids.K_FAKE_QUANTIZE, ...head, outer, channels, inner, bits(op.qMin), bits(op.qMax));
  },
  fakeQuantizeGrad(w, { op, inputs: [x, scale, zero, dy], outputs: [dx] }) {
    const [outer, channels, inner] = quantizationAxis(w.shape(x), sizeOf(w.shape(scale)), op.axis);
    w.emit(
      ids.K_FAKE_QUANTIZE_GRAD,
      w.at(x),
      w.at(scale),
      w.at(zero),
      w.at(dy),
      w.at(dx),
      outer,
      channels,
      inner,
      bits(op.qMin),
      bits(op.qMax),
    );
  },
  lookup(w, { inputs: [centroids, indices], outputs: [y] }) {
    w.emit(ids.K_LOOKUP, w.at(centroids), w.at(indices), w.at(y), sizeOf(w.shape(indices)), sizeOf(w.shape(centroids)));
  },
  lookupGrad(w, { inputs: [indices, dy], outputs: [out] }) {
    const k = sizeOf(w.shape(out));
    w.emit(ids.K_LOOKUP_GRAD, w.at(indices), w.at(dy), w.at(out), w.scratch(k * 8), sizeOf(w.shape(indices)), k);
  },
  penaltyGrad(w, { op, inputs: [x, dw], outputs: [out] }) {
    w.emit(ids.K_PENALTY, w.at(x), w.at(dw), w.at(out), sizeOf(w.shape(x)), bits(op.l1), bits(2 * op.l2));
  },
  optimize(w, step) {
    const { optimizer } = step.op;
    const [params, grads, firsts, seconds, masks] = optimizerGroups(step);
    const [kind, a, b, epsilon] =
      optimizer.kind === 'adam'
        ? [ids.ADAM, optimizer.beta1, optimizer.beta2, optimizer.epsilon]
        : optimizer.kind === 'momentum'
          ? [ids.MOMENTUM, optimizer.momentum, 0, 0]
          : [ids.SGD, 0, 0, 0];
    const stretches: { addresses: number[]; bytes: number }[] = [];
    params.forEach((param, i) => {
      const address = (slot: number | undefined): number => (slot === undefined || slot < 0 ? 0 : w.at(slot));
      const addresses = [param, grads[i], firsts[i], seconds[i], masks[i]].map(address);
      const bytes = bytesOf(w.shape(param));
      const before = stretches.at(-1);
      // Values that lie one behind the other in every group are updated as one stretch.
      if (
        before &&
        addresses.every(
          (at, group) =>
            (at === 0 && before.addresses[group] === 0) ||
            (at !== 0 && at === (before.addresses[group] ?? 0) + before.bytes),
        )
      ) {
        before.bytes += bytes;
      } else stretches.push({ addresses, bytes });
    });
    for (const { addresses, bytes } of stretches) {
      w.emit(
        ids.K_OPTIMIZE,
        kind,
        w.at(step.inputs[0]),
        ...addresses,
        bytes / 4,
        bits(a),
        bits(1 - a),
        bits(b),
        bits(1 - b),
        bits(epsilon),
      );
    }
  },
};

/** Writes all steps of a plan. Throws BackendError('unsupported') or RangeError for a plan that makes no sense. */
export function lower(plan: Plan, w: Writer): void {
  for (const step of plan.steps) {
    (LOWERINGS[step.op.kind] as (w: Writer, step: PlanStep) => void)(w, step);
    w.endStep();
  }
}

/** Labels, losses, metrics, the weights' grids and codebooks, and the optimiser as commands for the kernels. */

import { sizeOf } from '#core/model/tensor';
import { bytesOf, optimizerGroups } from '#engine/arena';
import { bits, type StepOf, type Writer } from './commands';
import * as ids from './kernels/ids';

type Kinds =
  | 'oneHot'
  | 'softmaxCrossEntropy'
  | 'softmaxCrossEntropyGrad'
  | 'accumulateMetrics'
  | 'fakeQuantize'
  | 'fakeQuantizeGrad'
  | 'fakeQuantizeScaleGrad'
  | 'lookup'
  | 'lookupGrad'
  | 'penaltyGrad'
  | 'optimize';

/** Values from which a row is worth its beginning. */
const LEAST_ROW = 16;

/** [outer, channels, inner] of a quantization axis; one channel where there is one scale, in rows that threads can share. */
function quantizationAxis(shape: readonly number[], scales: number, axis: number | null): [number, number, number] {
  if (axis === null || scales === 1) {
    const rows = shape[0] ?? 1;
    const inner = sizeOf(shape) / rows;
    return inner >= LEAST_ROW ? [rows, 1, inner] : [1, 1, sizeOf(shape)];
  }
  return [sizeOf(shape.slice(0, axis)), shape[axis] ?? 1, sizeOf(shape.slice(axis + 1))];
}

export const TRAINING_LOWERINGS: { readonly [K in Kinds]: (w: Writer, step: StepOf<K>) => void } = {
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
    const head = [w.at(x), w.at(scale), w.at(zero), w.at(dy), w.at(dx)];
    if (inner === 1) w.emit(ids.K_FAKE_QUANTIZE_GRAD_LAST, ...head, outer, channels, bits(op.qMin), bits(op.qMax));
    else w.emit(ids.K_FAKE_QUANTIZE_GRAD, ...head, outer, channels, inner, bits(op.qMin), bits(op.qMax));
  },
  fakeQuantizeScaleGrad(w, { op, inputs: [x, scale, zero, dy], outputs: [y] }) {
    const [outer, channels, inner] = quantizationAxis(w.shape(x), sizeOf(w.shape(scale)), op.axis);
    const head = [w.at(x), w.at(scale), w.at(zero), w.at(dy), w.at(y)];
    if (inner === 1) w.emit(ids.K_SCALE_GRAD_LAST, ...head, outer, channels, bits(op.qMin), bits(op.qMax));
    else w.emit(ids.K_SCALE_GRAD, ...head, outer, channels, inner, bits(op.qMin), bits(op.qMax));
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

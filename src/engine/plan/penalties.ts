/**
 * What is added to a kernel's gradient beside the loss: l1, l2, and the group lasso (Yuan and Lin 2006; Wen 2016 for
 * channels), whose pull lambda * sqrt(size) * w / ||w|| on each output channel does not fade as the channel shrinks.
 */
import { sizeOf } from '#core/model/tensor';
import type { Objective } from '#core/objective';
import type { SlotId } from '#engine/backend';
import { type Builder, binary, reshaped } from '#engine/plan/builder';

/** Squared lengths below it count as it: a channel of zeros is not pulled. */
const TINY = 1e-12;

/**
 * Appends the penalties of a kernel's values to their gradient. `channels` is how many output channels lie on its last
 * axes: one, or two where each input channel has several outputs of its own.
 */
export function withPenalties(
  b: Builder,
  { l1, l2, groupLasso = 0 }: Objective,
  value: SlotId,
  gradient: SlotId,
  channels: number,
): SlotId {
  const shape = b.shape(value);
  const plain = l1 > 0 || l2 > 0 ? b.push({ kind: 'penaltyGrad', l1, l2 }, [value, gradient], shape) : gradient;
  if (groupLasso <= 0) return plain;
  const size = sizeOf(shape) / channels;
  const rows = reshaped(b, value, [size, channels]);
  const squares = b.push({ kind: 'sumTo' }, [binary(b, 'multiply', rows, rows)], [1, channels]);
  // Values over the length of their column: what batch normalisation with given statistics does.
  const strength = b.persistent([channels], new Float32Array(channels).fill(groupLasso * Math.sqrt(size)));
  const zeros = b.persistent([channels]);
  const inputs = [rows, strength, zeros, zeros, reshaped(b, squares, [channels])];
  const pull = b.push({ kind: 'batchNorm', epsilon: TINY }, inputs, [size, channels]);
  return binary(b, 'add', plain, reshaped(b, pull, shape));
}

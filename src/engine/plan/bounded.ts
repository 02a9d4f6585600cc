/**
 * Weights that are bounded before they are rounded (Zhou 2016, DoReFa), put together from the plan's usual operations. Dividing by the largest value and
 * moving to [0, 1] is what batch normalisation with given statistics does; the largest is found by pooling, and no gradient goes that way.
 */
import type { GridValues } from '#core/model/encoding';
import { sizeOf } from '#core/model/tensor';
import type { SlotId } from '#engine/backend';
import { type Builder, binary, reshaped, scaled } from '#engine/plan/builder';

const plain = { alpha: 0, max: Number.POSITIVE_INFINITY };
/** Squared values below it count as it, so that weights of 0 alone stay numbers. */
const TINY = 1e-12;

/** Appends 2 round(n x) / n - 1, x = tanh(w) / (2 max |tanh w|) + 1/2, n the grid's qMax; 0 where the mask is. */
export function boundedSteps(b: Builder, w: SlotId, { qMax: n }: GridValues, mask: SlotId | null): SlotId {
  const shape = b.shape(w);
  const columns = shape.at(-1) as number;
  const rows = sizeOf(shape) / columns;
  const tanh = b.push(
    { kind: 'activation', act: { fn: 'tanh', ...plain } },
    [reshaped(b, w, [rows, columns])],
    [rows, columns],
  );
  const signs = b.push({ kind: 'activation', act: { fn: 'sign', ...plain } }, [tanh], [rows, columns]);
  const sizes = reshaped(b, binary(b, 'multiply', tanh, signs), [1, rows, columns, 1]);
  // Row by row first: that is divided among threads, where one window over everything is not.
  const largest = pooled(b, pooled(b, sizes, [1, columns]), [rows, 1]);
  const square = reshaped(b, binary(b, 'multiply', largest, largest), [1]);
  const each = (value: number): SlotId => b.persistent([columns], new Float32Array(columns).fill(value));
  const variance = binary(b, 'multiply', each(1), square);
  const inputs = [tanh, each(0.5), each(0.5), each(0), variance];
  const x = b.push({ kind: 'batchNorm', epsilon: TINY }, inputs, [rows, columns]);
  const scale = b.persistent([1], Float32Array.of(1 / n));
  const rounded = b.push(
    { kind: 'fakeQuantize', qMin: 0, qMax: n, axis: null },
    [x, scale, b.persistent([1])],
    [rows, columns],
  );
  const value = reshaped(b, scaled(b, rounded, 2, -1), shape);
  return mask === null ? value : binary(b, 'multiply', value, mask);
}

/** The largest of each window, windows side by side. */
function pooled(b: Builder, x: SlotId, [down, right]: readonly [number, number]): SlotId {
  const [, height, width] = b.shape(x) as [number, number, number, number];
  const window = { strides: [down, right], pads: [0, 0, 0, 0], dilation: [1, 1] } as const;
  return b.push({ kind: 'maxPool2d', size: [down, right], window }, [x], [1, height / down, width / right, 1]);
}

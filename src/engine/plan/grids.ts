/**
 * Grids in a plan: the slots of their scales and zero points, and scales that are trained (Esser 2020, LSQ). What the
 * optimiser moves is how many times its first size a scale is. Plain descent and momentum move the scale itself just as
 * the paper says: the gradient of the ratio is divided by the first size once more than its chain rule asks. Adam, whose
 * moves do not depend on a gradient's size, then moves every scale by the same share of itself, as the paper's factor is
 * there to do; on the scale itself a rate that suits weights would be many times a scale.
 */
import type { GridValues } from '#core/model/encoding';
import { sizeOf } from '#core/model/tensor';
import type { SlotId } from '#engine/backend';
import { type Builder, binary, reshaped } from '#engine/plan/builder';

/** Scales that are trained. */
export interface LearnedScales {
  readonly grid: GridValues;
  /** [scales], persistent: each scale over what it was at first, which is 1. */
  readonly ratios: SlotId;
  /** [scales]: what the gradient of the ratios is multiplied by. */
  readonly factors: SlotId;
  /** [scales]: the least the ratios may be, so that scales stay above 0. */
  readonly least: SlotId;
}
/** A grid's slots, [scales] each. */
export interface GridSlots {
  readonly scale: SlotId;
  readonly zeroPoint: SlotId;
  /** Null where the scales stay as they are. */
  readonly learned: LearnedScales | null;
}

/** A scale may become a thousandth of what it was. */
const LEAST_RATIO = 1e-3;

/** Slots with a grid's scales and zero points as they are. */
export function gridSlots(b: Builder, grid: GridValues): GridSlots {
  return { scale: b.persistent([grid.scale.length], grid.scale), zeroPoint: zeroPointSlot(b, grid), learned: null };
}

/** The same with scales that are trained, each shared by `members` values (of one image, where they are activations). */
export function learnedGridSlots(b: Builder, grid: GridValues, members: number): GridSlots {
  const count = [grid.scale.length];
  const start = b.persistent(count, grid.scale);
  const ratios = b.persistent(count, new Float32Array(grid.scale.length).fill(1));
  // 1 / sqrt(n Qp), and from the chain rule's dL/ds * start to dL/ds / start.
  const factors = grid.scale.map((scale, c) => {
    const positive = Math.max(1, grid.qMax - (grid.zeroPoint[c] as number));
    return 1 / Math.sqrt(members * positive) / (scale * scale);
  });
  const learned: LearnedScales = {
    grid,
    ratios,
    factors: b.persistent(count, factors),
    least: b.persistent(count, new Float32Array(grid.scale.length).fill(LEAST_RATIO)),
  };
  return { scale: binary(b, 'multiply', ratios, start), zeroPoint: zeroPointSlot(b, grid), learned };
}

/** Appends the rounding of `x` to a grid. */
export function rounded(b: Builder, x: SlotId, grid: GridValues, { scale, zeroPoint }: GridSlots): SlotId {
  const { qMin, qMax, axis } = grid;
  return b.push({ kind: 'fakeQuantize', qMin, qMax, axis }, [x, scale, zeroPoint], b.shape(x));
}

/** The grid with the scales that the ratios stand for, as the backends multiply them. */
export function gridNow({ grid }: LearnedScales, ratios: Float32Array): GridValues {
  return { ...grid, scale: grid.scale.map((scale, c) => scale * (ratios[c] as number)) };
}

/** Sums of x over all axes but `axis`: [size of that axis], or [1] over everything. */
export function totals(b: Builder, x: SlotId, axis: number | null): SlotId {
  const shape = b.shape(x);
  const size = sizeOf(shape);
  const sum = (view: readonly number[], to: readonly number[]): SlotId =>
    b.push({ kind: 'sumTo' }, [reshaped(b, x, view)], to);
  if (axis !== null) {
    const channels = shape[axis] as number;
    const inner = sizeOf(shape.slice(axis + 1));
    const view = inner === 1 ? [size / channels, channels] : [size / channels / inner, channels, inner];
    return reshaped(b, sum(view, inner === 1 ? [1, channels] : [1, channels, 1]), [channels]);
  }
  // By columns first: that is quick, exact and divided among threads, where one sum over everything is neither.
  let columns = 1;
  for (let i = shape.length - 1; i > 0 && columns < LEAST_COLUMNS; i--) columns *= shape[i] as number;
  const each = sum([size / columns, columns], [1, columns]);
  return reshaped(b, columns === 1 ? each : b.push({ kind: 'sumTo' }, [each], [1, 1]), [1]);
}
const LEAST_COLUMNS = 16;

function zeroPointSlot(b: Builder, { zeroPoint }: GridValues): SlotId {
  return b.persistent([zeroPoint.length], Float32Array.from(zeroPoint));
}

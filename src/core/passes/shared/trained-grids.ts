/**
 * The grids on which a network is trained: as they are at first, how they follow the weights where their steps are not
 * learned, and the float values behind them put on them at the end.
 */
import { mapPrunable } from '#core/model/edit';
import { channelOf, codesOf, type GridValues } from '#core/model/encoding';
import type { Model, Tensor } from '#core/model/model';
import { makeTensor } from '#core/model/tensor';
import { type Codes, codesFor, type Grid, gridFor } from '#core/numeric/affine-grid';
import { boundedCodes } from '#core/numeric/bounded';
import type { Spread } from '#core/numeric/spread';
import type { Words } from '#core/params';
import type { TrainHooks } from '#core/pass';
import { boundedGrid, boundedNote } from '#core/passes/shared/bounded-grid';
import {
  channelAxis,
  fineWhereEmpty,
  type Granularity,
  gridValues,
  keptByChannel,
  quantizedKernel,
  spreadKernel,
} from '#core/passes/shared/kernel-grids';
import { type Outer, outerLayers } from '#core/passes/shared/outer-layers';
import type { Selected } from '#core/passes/shared/selection';

export interface KernelValues {
  readonly weightBits: number;
  readonly steps: string;
  readonly granularity: Granularity;
  readonly outer: Outer;
}

/**
 * The kernels as training starts: with their grids or signs as encodings, over the float values, from which the float copies
 * behind them start.
 */
export function startKernels(
  selected: readonly Selected[],
  model: Model,
  { weightBits, steps, granularity, outer }: KernelValues,
): {
  readonly starts: ReadonlyMap<string, Tensor>;
  /** Layers whose weights are bounded before they are rounded. */
  readonly bounded: readonly string[];
  readonly notes: readonly Words[];
} {
  const ends = outer === 'same' ? [] : outerLayers(model);
  const starts = new Map<string, Tensor>();
  const masked: string[] = [];
  const bounded: string[] = [];
  for (const one of selected) {
    const { layer, tensor } = one;
    const end = ends.includes(layer.name);
    if (end && outer === 'float') continue;
    const bits = end ? 8 : weightBits;
    const { mask } = tensor.encoding;
    const isBounded = steps === 'bounded' && !end;
    const axis = granularity === 'channel' && !isBounded ? channelAxis(layer) : null;
    if (bits === 1 && !mask) {
      const scale = Float32Array.from(keptByChannel(tensor, axis), (kept) => Math.max(2 ** -126, meanSize(kept)));
      starts.set(layer.name, makeTensor(tensor.shape, tensor.data, { values: { kind: 'binary', scale, axis } }));
      continue;
    }
    if (bits === 1 && !isBounded) masked.push(layer.name);
    const own = Math.max(2, bits);
    if (isBounded) bounded.push(layer.name);
    const values = isBounded
      ? boundedGrid(own)
      : steps === 'learned' && bits > 1
        ? learnedGrid(keptByChannel(tensor, axis), own, axis)
        : (quantizedKernel(spreadKernel(one, granularity), own, codesFor(own, true), 'error').encoding
            .values as GridValues);
    starts.set(layer.name, makeTensor(tensor.shape, tensor.data, mask ? { mask, values } : { values }));
  }
  const notes: Words[] = bounded.length > 0 ? [boundedNote(bounded, weightBits)] : [];
  const list = masked.join(', ');
  if (masked.length > 0)
    notes.push({
      en: `Pruned layers need a zero, so these get 2 bits (three values): ${list}.`,
      zh: `剪枝过的层需要零，因此这些层使用 2 位（三个取值）：${list}。`,
    });
  return { starts, bounded, notes };
}

/** LSQ's first grid for weights. */
function learnedGrid(channels: readonly Float32Array[], bits: number, axis: number | null): GridValues {
  const codes: Codes = { qMin: -(2 ** (bits - 1)), qMax: 2 ** (bits - 1) - 1, symmetric: false };
  const grids = channels.map((kept): Grid => ({ scale: firstStep(meanSize(kept), codes.qMax), zero: 0 }));
  const fine = fineWhereEmpty(grids, (channel) => meanSize(channels[channel] as Float32Array) === 0);
  return gridValues(fine, codes, bits, axis);
}

/** The first grid of an output; `wide`: of one that keeps 8 bits, over its full range. */
export function activationGrid(spread: Spread, bits: number, wide: boolean, steps: string): GridValues {
  const codes = codesFor(bits, false);
  if (steps === 'bounded' && !wide)
    return gridValues([{ scale: Math.fround(1 / codes.qMax), zero: 0 }], codes, bits, null);
  const first = steps === 'learned' && !wide && spread.low === 0;
  const grid: Grid = first
    ? { scale: firstStep(meanSize(spread.sample), codes.qMax), zero: 0 }
    : gridFor(spread, codes, wide ? 'full' : 'error');
  return gridValues([grid], codes, bits, null);
}

function firstStep(mean: number, top: number): number {
  const step = Math.fround((2 * mean) / Math.sqrt(top));
  return step > 0 ? step : 1;
}

function meanSize(values: Float32Array): number {
  let sum = 0;
  for (const value of values) sum += Math.abs(value);
  return sum / Math.max(1, values.length);
}

/** Epochs between two choices of the grids where their steps are not learned. */
const EVERY = 0.5;

/** Chooses grids of least error for the float copies as they stand now. */
export function following(selected: readonly Selected[], granularity: Granularity): TrainHooks {
  const layers = new Map(selected.map(({ layer }) => [layer.name, layer]));
  return {
    every: EVERY,
    revise: (model, _done, shadow) => {
      if (layers.size === 0) return model;
      return mapPrunable(model, [...layers.keys()], (layer, tensor) => {
        const { values, mask } = tensor.encoding;
        if (values.kind !== 'grid') return tensor;
        const copy = makeTensor(tensor.shape, shadow(layer.name), mask ? { mask, values } : { values });
        const kernel = spreadKernel({ layer, tensor: copy }, granularity);
        return quantizedKernel(kernel, values.bits, codesFor(values.bits, true), 'error');
      });
    },
  };
}

/** A kernel whose float values are put on what its encoding says, bounded first where that is asked for. */
export function settled(tensor: Tensor, isBounded: boolean): Tensor {
  const { data, shape, encoding } = tensor;
  const { values, mask } = encoding;
  if (isBounded && values.kind === 'grid') {
    const codes = boundedCodes(data, values.qMax);
    const bounded = Float32Array.from(codes, (code, i) => (mask && !mask[i] ? 0 : code * (values.scale[0] as number)));
    return makeTensor(shape, bounded, encoding);
  }
  if (values.kind !== 'grid' && values.kind !== 'binary') return tensor;
  const channel = channelOf(shape, values.axis);
  const zero = values.kind === 'grid' ? values.zeroPoint : null;
  const codes = codesOf(data, shape, encoding);
  const rounded = data.map((_, i) => {
    const c = channel(i);
    return mask && !mask[i] ? 0 : (values.scale[c] as number) * ((codes[i] as number) - (zero?.[c] ?? 0));
  });
  return makeTensor(shape, rounded, encoding);
}

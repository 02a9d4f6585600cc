/**
 * From what a training plan's slots hold back to a model: values under their masks, float copies rounded to their grid
 * (with the scales that were trained), halves or signs, codebooks in order again, and activation grids.
 */
import { withActivationGrids, withTensors } from '#core/model/edit';
import {
  type BinaryValues,
  type CodebookValues,
  channelOf,
  type Encoding,
  type GridValues,
  innerStride,
  reorderedCodebook,
  roundHalfEven,
} from '#core/model/encoding';
import type { Model, Tensor } from '#core/model/model';
import { boundedCodes } from '#core/numeric/bounded';
import { fromHalf, toHalf } from '#core/numeric/half';
import type { SlotId } from '#engine/backend';
import { gridNow, type LearnedScales } from '#engine/plan/grids';
import type { TrainedTensor } from '#engine/plan/parameters';

/** What a training run changes of a model. */
export interface Trained {
  readonly trained: readonly TrainedTensor[];
  /** Activation grids whose scales are trained. */
  readonly grids: readonly { readonly layer: string; readonly scales: LearnedScales }[];
}

/** Gives a tensor its id. */
export type MakeTensor = (shape: readonly number[], data: Float32Array, encoding: Encoding) => Tensor;

/**
 * The tensor that a trained slot's content stands for, its encoding kept; `ratios` are those of its scales, where they
 * are trained. `content` may be written to.
 */
export function trainedTensor(
  trained: TrainedTensor,
  content: Float32Array,
  make: MakeTensor,
  ratios?: Float32Array,
): Tensor {
  const { shape, encoding } = trained.tensor;
  switch (trained.kind) {
    case 'dense':
    case 'statistic': {
      const data = encoding.values.kind === 'half' ? content.map((value) => fromHalf(toHalf(value))) : content;
      return make(shape, withMask(data, encoding.mask), encoding);
    }
    case 'grid': {
      const { scales } = trained;
      const values = scales && ratios ? gridNow(scales, ratios) : (encoding.values as GridValues);
      return make(shape, withMask(onGrid(content, shape, values), encoding.mask), { ...encoding, values });
    }
    case 'bounded': {
      const { qMax, scale } = encoding.values as GridValues;
      const data = Float32Array.from(boundedCodes(content, qMax), (code) => code * (scale[0] as number));
      return make(shape, withMask(data, encoding.mask), encoding);
    }
    case 'binary': {
      const { data, values } = ofSigns(content, shape, (encoding.values as BinaryValues).axis);
      return make(shape, data, { ...encoding, values });
    }
    case 'clustered':
      return trained.tensor;
    case 'codebook': {
      const codes = trained.codes as Int32Array;
      const data = Float32Array.from(codes, (code) => (code < 0 ? 0 : (content[code] as number)));
      return make(shape, data, { ...encoding, values: reorderedCodebook(encoding.values as CodebookValues, content) });
    }
    default:
      throw trained.kind satisfies never;
  }
}

/** The slots whose contents say what became of the model. */
export function collectedSlots({ trained, grids }: Trained): readonly SlotId[] {
  const scales = [...trained, ...grids].flatMap((one) => one.scales?.ratios ?? []);
  return [...trained.map(({ slot }) => slot), ...scales];
}

/** The model with every trained tensor and grid replaced by what its slots hold (`contents`, which may be written to). */
export function collectModel(
  model: Model,
  { trained, grids }: Trained,
  contents: ReadonlyMap<SlotId, Float32Array>,
  make: MakeTensor,
): Model {
  const content = (slot: SlotId): Float32Array => contents.get(slot) as Float32Array;
  const changes = trained.map((one) => ({
    layer: one.layer,
    role: one.role,
    tensor: trainedTensor(one, content(one.slot), make, one.scales ? content(one.scales.ratios) : undefined),
  }));
  const changed = withTensors(model, changes);
  if (grids.length === 0) return changed;
  const learned = grids.map(({ layer, scales }) => [layer, gridNow(scales, content(scales.ratios))] as const);
  return withActivationGrids(changed, { ...model.activationGrids, ...Object.fromEntries(learned) });
}

function withMask(data: Float32Array, mask: Uint8Array | undefined): Float32Array {
  if (mask) for (let i = 0; i < data.length; i++) if (!mask[i]) data[i] = 0;
  return data;
}

/** Signs times the mean size of each channel (0 counts as positive); a scale stays above 0 whatever the values. */
function ofSigns(
  content: Float32Array,
  shape: readonly number[],
  axis: number | null,
): { readonly data: Float32Array; readonly values: BinaryValues } {
  const channel = channelOf(shape, axis);
  const scale = new Float32Array(axis === null ? 1 : (shape[axis] as number));
  const sums = new Float64Array(scale.length);
  for (let i = 0; i < content.length; i++) {
    const c = channel(i);
    sums[c] = (sums[c] as number) + Math.abs(content[i] as number);
  }
  const members = content.length / scale.length;
  for (let c = 0; c < scale.length; c++) scale[c] = Math.max(LEAST_SCALE, (sums[c] as number) / members);
  const data = content.map((value, i) => (value < 0 ? -1 : 1) * (scale[channel(i)] as number));
  return { data, values: { kind: 'binary', scale, axis } };
}
const LEAST_SCALE = 1e-30;

/** Rounds to the grid in single precision, as the backends' fakeQuantize does. */
function onGrid(data: Float32Array, shape: readonly number[], grid: GridValues): Float32Array {
  const stride = grid.axis === null ? data.length : innerStride(shape, grid.axis);
  const channels = grid.scale.length;
  return data.map((value, i) => {
    const c = Math.floor(i / stride) % channels;
    const scale = grid.scale[c] as number;
    const zero = grid.zeroPoint[c] as number;
    const q = Math.min(grid.qMax, Math.max(grid.qMin, roundHalfEven(Math.fround(value / scale)) + zero));
    return scale * (q - zero);
  });
}

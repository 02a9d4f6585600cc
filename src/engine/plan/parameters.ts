/**
 * How a model's tensors enter a training plan, as their encodings ask (`collect.ts` has the way back out). A mask goes to
 * the optimiser; a grid trains a float copy behind straight-through rounding, and its scales too where that is asked for, or bounds it first;
 * two signs train a float copy of which the sign and the mean size count (Rastegari 2016, XNOR-Net); a codebook trains
 * its centroids behind a lookup; halves are floats until the end; moving statistics are written by the plan itself;
 * frozen tensors are plain inputs.
 */
import { tensorOf } from '#core/model/edit';
import { codesOf } from '#core/model/encoding';
import { isPrunable, isTrainable, type Layer, type TensorRole, tensorsOf } from '#core/model/layers';
import type { Model, Tensor } from '#core/model/model';
import { sizeOf } from '#core/model/tensor';
import type { Objective } from '#core/objective';
import type { SlotId } from '#engine/backend';
import { boundedSteps } from '#engine/plan/bounded';
import { type Builder, binary, reshaped, scaled } from '#engine/plan/builder';
import { gridSlots, type LearnedScales, learnedGridSlots, rounded, totals } from '#engine/plan/grids';

/** A tensor that a training run changes. */
export interface TrainedTensor {
  readonly layer: string;
  readonly role: TensorRole;
  readonly tensor: Tensor;
  /** Persistent slot that holds the values (dense), the float copy (grid, bounded, binary, clustered), the centroids (codebook) or the statistics. */
  readonly slot: SlotId;
  /** 'clustered': a codebook that stays as it is, with a float copy of each weight behind it. */
  readonly kind: 'dense' | 'grid' | 'bounded' | 'binary' | 'codebook' | 'clustered' | 'statistic';
  /** Index of each element's centroid, for codebooks: -1 where pruned. */
  readonly codes: Int32Array | null;
  /** The grid's scales, where they are trained. */
  readonly scales: LearnedScales | null;
}

/** A tensor's slots in the plan under construction. */
export interface ParamSlots {
  /** What the layer's arithmetic reads. */
  readonly value: SlotId;
  /** Null for tensors that stay as they are. */
  readonly trained: TrainedTensor | null;
  /** Where the optimiser needs it. */
  readonly mask: SlotId | null;
  /** How many output channels it has, where it takes part in penalties; null where it does not. */
  readonly channels: number | null;
  /** Where the gradient of `value` goes on from, if not from `value` itself. */
  readonly entry?: SlotId;
}

/** A tensor as a plain persistent slot with its decoded values. */
export function plainSlot(b: Builder, tensor: Tensor): SlotId {
  return b.persistent(tensor.shape, tensor.data);
}

/** A tensor that stays as it is. */
export function frozenSlots(b: Builder, tensor: Tensor): ParamSlots {
  return { value: plainSlot(b, tensor), trained: null, mask: null, channels: null };
}

/** Appends a tensor of a layer that is being trained. */
export function trainedSlots(
  b: Builder,
  layer: Layer,
  role: TensorRole,
  tensor: Tensor,
  { reassign, learnSteps, bounded }: Pick<Objective, 'reassign' | 'learnSteps' | 'bounded'>,
): ParamSlots {
  const { shape } = tensor;
  const about = { layer: layer.name, role, tensor, codes: null, scales: null };
  if (!isTrainable(role)) {
    const slot = b.persistent(shape, tensor.data);
    return { value: slot, trained: { ...about, slot, kind: 'statistic' }, mask: null, channels: null };
  }
  const channels = isPrunable(layer, role) ? outputChannels(layer, shape) : null;
  const { values, mask } = tensor.encoding;
  if (values.kind === 'codebook') {
    const codes = codesOf(tensor.data, tensor.shape, tensor.encoding);
    const slot = b.persistent([values.centroids.length], values.centroids);
    const indices = b.persistent(shape, Float32Array.from(codes));
    const value = b.push({ kind: 'lookup' }, [slot, indices], shape);
    if (reassign?.includes(layer.name)) {
      const copy = b.persistent(shape, tensor.data);
      const kept = mask ? b.persistent(shape, Float32Array.from(mask)) : null;
      return { value, entry: copy, trained: { ...about, slot: copy, kind: 'clustered', codes }, mask: kept, channels };
    }
    return { value, trained: { ...about, slot, kind: 'codebook', codes }, mask: null, channels };
  }
  const slot = b.persistent(shape, tensor.data);
  const maskSlot = mask ? b.persistent(shape, Float32Array.from(mask)) : null;
  switch (values.kind) {
    case 'dense':
    case 'half':
      return { value: slot, trained: { ...about, slot, kind: 'dense' }, mask: maskSlot, channels };
    case 'binary': {
      const signs = b.push({ kind: 'activation', act: SIGN }, [slot], shape);
      const value = binary(b, 'multiply', signs, meanSize(b, slot, signs, values.axis));
      // Straight through: the gradient goes on at the signs, past the mean size.
      return { value, entry: signs, trained: { ...about, slot, kind: 'binary' }, mask: maskSlot, channels };
    }
    case 'grid': {
      if (channels !== null && bounded?.includes(layer.name)) {
        const trained = { ...about, slot, kind: 'bounded' } as const;
        return { value: boundedSteps(b, slot, values, maskSlot), trained, mask: maskSlot, channels };
      }
      const members = tensor.data.length / values.scale.length;
      const grid = learnSteps ? learnedGridSlots(b, values, members) : gridSlots(b, values);
      const trained = { ...about, slot, kind: 'grid', scales: grid.learned } as const;
      return { value: rounded(b, slot, values, grid), trained, mask: maskSlot, channels };
    }
    default:
      throw values satisfies never;
  }
}

const SIGN = { fn: 'sign', alpha: 0, max: Number.POSITIVE_INFINITY } as const;

/** The mean of |w| (w times its sign) over each channel, in a shape that is broadcast over w. */
function meanSize(b: Builder, w: SlotId, signs: SlotId, axis: number | null): SlotId {
  const shape = b.shape(w);
  const sums = totals(b, binary(b, 'multiply', w, signs), axis);
  const members = sizeOf(shape) / sizeOf(b.shape(sums));
  return reshaped(
    b,
    scaled(b, sums, 1 / members),
    shape.map((side, i) => (i === axis ? side : 1)),
  );
}

/** The last axis; of depthwise kernels [kh, kw, in, multiplier] the last two. */
function outputChannels({ kind }: Layer, shape: readonly number[]): number {
  return sizeOf(shape.slice(kind === 'depthwiseConv2d' ? -2 : -1));
}

/**
 * Lets a pruned tensor grow again (Guo 2016): the arithmetic sees it masked, and the gradient passes the mask by, so
 * that the float copy of pruned weights trains on. Codebooks whose centroids are trained have no float copy, and stay as they are.
 */
export function regrowing(b: Builder, slots: ParamSlots): ParamSlots {
  if (slots.mask === null) return slots;
  const { value, mask, entry = value } = slots;
  return { ...slots, value: binary(b, 'multiply', value, mask), entry, mask: null };
}

/** Every tensor a layer holds, with its role. */
export function heldTensors(model: Model, layer: Layer): readonly (readonly [TensorRole, Tensor])[] {
  return tensorsOf(layer).map(([role]) => [role, tensorOf(model, layer, role) as Tensor] as const);
}

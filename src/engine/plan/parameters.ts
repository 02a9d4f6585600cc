/**
 * How a model's tensors enter a training plan, as their encodings ask, and how they come back out. A mask goes to the
 * optimiser; a grid trains a float copy behind straight-through rounding; a codebook trains its centroids behind a
 * lookup; moving statistics are written by the plan itself; frozen tensors are plain inputs.
 */
import { tensorOf, withTensors } from '#core/model/edit';
import {
  type CodebookValues,
  codesOf,
  type Encoding,
  type GridValues,
  innerStride,
  reorderedCodebook,
  roundHalfEven,
} from '#core/model/encoding';
import { isPrunable, isTrainable, type Layer, type TensorRole, tensorsOf } from '#core/model/layers';
import type { Model, Tensor } from '#core/model/model';
import type { SlotId } from '#engine/backend';
import { EngineError } from '#engine/errors';
import { type Builder, binary } from '#engine/plan/builder';

/** A tensor that a training run changes. */
export interface TrainedTensor {
  readonly layer: string;
  readonly role: TensorRole;
  readonly tensor: Tensor;
  /** Persistent slot that holds the values (dense), the float copy (grid, clustered), the centroids (codebook) or the statistics. */
  readonly slot: SlotId;
  /** 'clustered': a codebook that stays as it is, with a float copy of each weight behind it. */
  readonly kind: 'dense' | 'grid' | 'codebook' | 'clustered' | 'statistic';
  /** Index of each element's centroid, for codebooks: -1 where pruned. */
  readonly codes: Int32Array | null;
}

/** A tensor's slots in the plan under construction. */
export interface ParamSlots {
  /** What the layer's arithmetic reads. */
  readonly value: SlotId;
  /** Null for tensors that stay as they are. */
  readonly trained: TrainedTensor | null;
  /** Where the optimiser needs it. */
  readonly mask: SlotId | null;
  /** Takes part in l1 and l2. */
  readonly penalised: boolean;
  /** Where the gradient of `value` goes on from, if not from `value` itself. */
  readonly entry?: SlotId;
}

/** A tensor as a plain persistent slot with its decoded values. */
export function plainSlot(b: Builder, tensor: Tensor): SlotId {
  return b.persistent(tensor.shape, tensor.data);
}

/** Appends a tensor of a layer that is being trained. */
export function trainedSlots(b: Builder, layer: Layer, role: TensorRole, tensor: Tensor, reassign = false): ParamSlots {
  const { shape } = tensor;
  const about = { layer: layer.name, role, tensor };
  if (!isTrainable(role)) {
    const slot = b.persistent(shape, tensor.data);
    return { value: slot, trained: { ...about, slot, kind: 'statistic', codes: null }, mask: null, penalised: false };
  }
  const penalised = isPrunable(layer, role);
  const { values, mask } = tensor.encoding;
  if (values.kind === 'codebook') {
    const codes = codesOf(tensor.data, tensor.shape, tensor.encoding);
    const slot = b.persistent([values.centroids.length], values.centroids);
    const indices = b.persistent(shape, Float32Array.from(codes));
    const value = b.push({ kind: 'lookup' }, [slot, indices], shape);
    if (reassign) {
      const copy = b.persistent(shape, tensor.data);
      const kept = mask ? b.persistent(shape, Float32Array.from(mask)) : null;
      return { value, entry: copy, trained: { ...about, slot: copy, kind: 'clustered', codes }, mask: kept, penalised };
    }
    return { value, trained: { ...about, slot, kind: 'codebook', codes }, mask: null, penalised };
  }
  if (values.kind === 'half' || values.kind === 'binary')
    throw new EngineError('plan', {
      en: `Layer ${layer.name}: weights in half precision or of two signs cannot be trained yet.`,
      zh: `层 ${layer.name}：半精度或二值权重暂不能训练。`,
    });
  const slot = b.persistent(shape, tensor.data);
  const maskSlot = mask ? b.persistent(shape, Float32Array.from(mask)) : null;
  if (values.kind === 'dense')
    return { value: slot, trained: { ...about, slot, kind: 'dense', codes: null }, mask: maskSlot, penalised };
  const { qMin, qMax, axis } = values;
  const scale = b.persistent([values.scale.length], values.scale);
  const zeroPoint = b.persistent([values.zeroPoint.length], Float32Array.from(values.zeroPoint));
  const value = b.push({ kind: 'fakeQuantize', qMin, qMax, axis }, [slot, scale, zeroPoint], shape);
  return { value, trained: { ...about, slot, kind: 'grid', codes: null }, mask: maskSlot, penalised };
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

/** Gives a tensor its id. */
export type MakeTensor = (shape: readonly number[], data: Float32Array, encoding: Encoding) => Tensor;

/** The tensor that a trained slot's content stands for, its encoding kept. `content` may be written to. */
export function trainedTensor(trained: TrainedTensor, content: Float32Array, make: MakeTensor): Tensor {
  const { shape, encoding } = trained.tensor;
  switch (trained.kind) {
    case 'dense':
    case 'statistic':
      return make(shape, withMask(content, encoding.mask), encoding);
    case 'grid':
      return make(shape, withMask(onGrid(content, shape, encoding.values as GridValues), encoding.mask), encoding);
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

/** The model with every trained tensor replaced by what its slot holds (`contents`, in the order of `trained`). */
export function collectModel(
  model: Model,
  trained: readonly TrainedTensor[],
  contents: readonly Float32Array[],
  make: MakeTensor,
): Model {
  const changes = trained.map((one, i) => ({
    layer: one.layer,
    role: one.role,
    tensor: trainedTensor(one, contents[i] as Float32Array, make),
  }));
  return withTensors(model, changes);
}

/** Every tensor a layer holds, with its role. */
export function heldTensors(model: Model, layer: Layer): readonly (readonly [TensorRole, Tensor])[] {
  return tensorsOf(layer).map(([role]) => [role, tensorOf(model, layer, role) as Tensor] as const);
}

function withMask(data: Float32Array, mask: Uint8Array | undefined): Float32Array {
  if (mask) for (let i = 0; i < data.length; i++) if (!mask[i]) data[i] = 0;
  return data;
}

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

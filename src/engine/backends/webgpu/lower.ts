/** A plan as a list of dispatches: every operation of the contract by its kernels, scratch shared between the steps. */
import type { Plan, SlotId, Step } from '#engine/backend';
import type { Op } from '#engine/ops';
import { type Dispatch, type Kernels, makeDispatch, mapDispatch, type Writer } from './kernel';
import { batchKernels } from './kernels/batch';
import { convolutionKernels } from './kernels/convolution';
import { depthwiseKernels } from './kernels/depthwise';
import { elementKernels } from './kernels/elements';
import { encodingKernels } from './kernels/encodings';
import { lossKernels } from './kernels/loss';
import { normalizationKernels } from './kernels/normalization';
import { poolingKernels } from './kernels/pooling';
import { productKernels } from './kernels/product';
import { shapingKernels } from './kernels/shaping';
import { updateKernels } from './kernels/update';
import { type Places, placesOf } from './places';

const KERNELS: Kernels<Op['kind']> = {
  ...batchKernels,
  ...convolutionKernels,
  ...depthwiseKernels,
  ...elementKernels,
  ...encodingKernels,
  ...lossKernels,
  ...normalizationKernels,
  ...poolingKernels,
  ...productKernels,
  ...shapingKernels,
  ...updateKernels,
};

export interface Lowered {
  readonly places: Places;
  readonly dispatches: readonly Dispatch[];
  /** Floats of the arena, scratch included. */
  readonly size: number;
}

/** Throws BackendError('unsupported') or RangeError for a plan that makes no sense. */
export function lower(plan: Plan): Lowered {
  const places = placesOf(plan);
  const dispatches: Dispatch[] = [];
  let scratch = places.size;
  let size = places.size;
  const writer: Writer = {
    at(slot) {
      const at = slot === undefined ? undefined : places.at[slot];
      if (at === undefined) throw new RangeError('a step lacks a slot');
      return at;
    },
    shape: (slot) => shapeOf(plan, slot),
    onesFor: (param) => places.ones.get(param) ?? -1,
    map(label, count, fields, body, head) {
      if (count > 0) dispatches.push(mapDispatch(label, count, fields, body, head));
    },
    groups(label, groups, depth, fields, code) {
      if (groups > 0 && depth > 0) dispatches.push(makeDispatch(label, fields, code, { groups, depth }));
    },
    scratch(count) {
      const at = scratch;
      scratch += Math.ceil(count / 16) * 16;
      size = Math.max(size, scratch);
      return at;
    },
  };
  for (const step of plan.steps) {
    scratch = places.size;
    (KERNELS[step.op.kind] as (w: Writer, step: Step) => void)(writer, step);
  }
  return { places, dispatches, size };
}

function shapeOf(plan: Plan, slot: SlotId | undefined): readonly number[] {
  const found = slot === undefined ? undefined : plan.slots[slot];
  if (!found) throw new RangeError('a step lacks a slot');
  return found.shape;
}

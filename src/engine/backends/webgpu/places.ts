/**
 * Where every slot of a plan lies in the arena, in floats. The common layout, and one thing more: where only some
 * parameters have a mask, the others get ones, side by side with the masks as the parameters are, so that the optimiser
 * stays a single pass.
 */

import { bytesOf, layOut, optimizerGroups } from '#engine/arena';
import type { Plan, SlotId } from '#engine/backend';

export interface Places {
  readonly at: readonly number[];
  /** Address of the ones that stand in for a parameter's mask. */
  readonly ones: ReadonlyMap<SlotId, number>;
  /** What has to be 1 from the start, in floats. */
  readonly filled: readonly { readonly at: number; readonly count: number }[];
  /** Floats in all. */
  readonly size: number;
}

export function placesOf(plan: Plan): Places {
  const layout = layOut(plan);
  const at = layout.offsets.map((offset) => offset / 4);
  let size = layout.bytes / 4;
  const ones = new Map<SlotId, number>();
  const filled: { at: number; count: number }[] = [];
  const moved = new Set<SlotId>();
  for (const step of plan.steps) {
    if (step.op.kind !== 'optimize') continue;
    const { masked } = step.op;
    if (!masked.some(Boolean) || masked.every(Boolean)) continue;
    const [params, , , , masks] = optimizerGroups(step);
    const floats = params.map((param) => bytesOf(plan.slots[param]?.shape ?? []) / 4);
    const usable = masks.every((mask, i) => !masked[i] || !moved.has(mask));
    if (!usable) continue;
    params.forEach((param, i) => {
      const count = floats[i] as number;
      const mask = masks[i] as number;
      if (masked[i]) {
        at[mask] = size;
        moved.add(mask);
      } else {
        ones.set(param, size);
        filled.push({ at: size, count });
      }
      size += count;
    });
    size = Math.ceil(size / 16) * 16;
  }
  return { at, ones, filled, size };
}

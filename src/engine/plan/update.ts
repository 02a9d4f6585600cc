/**
 * From gradients of what the layers read to one optimiser step: penalties act on the kernel in use, then the gradient
 * passes back through rounding or lookup to what is trained, and a single step updates everything.
 */
import type { Objective } from '#core/objective';
import type { SlotId, Step } from '#engine/backend';
import { momentsOf } from '#engine/optimizers';
import type { Builder } from '#engine/plan/builder';
import type { ParamSlots, TrainedTensor } from '#engine/plan/parameters';
import { type Gradients, reverse } from '#engine/plan/reverse';

/** A parameter that the optimiser moves (moving statistics are not). */
export type UpdatedSlots = ParamSlots & { readonly trained: TrainedTensor };

export function isUpdated(slots: ParamSlots): slots is UpdatedSlots {
  return slots.trained !== null && slots.trained.kind !== 'statistic';
}

/**
 * Appends penalties, the reverse of `encodingSteps` (rounding and lookups) and the optimiser. `gradients` are those of
 * the values the layers read; `extra` are slots with their gradients that are trained beside the model. Parameters that
 * the loss does not reach stay as they are.
 */
export function updateSteps(
  b: Builder,
  objective: Objective,
  rate: SlotId,
  params: readonly UpdatedSlots[],
  encodingSteps: readonly Step[],
  gradients: Gradients,
  extra: readonly (readonly [SlotId, SlotId])[],
): void {
  const { l1, l2, optimizer } = objective;
  const seeds = new Map<SlotId, SlotId>();
  for (const { value, penalised, entry = value } of params) {
    const gradient = gradients.get(value);
    if (gradient === undefined) continue;
    const full =
      penalised && (l1 > 0 || l2 > 0)
        ? b.push({ kind: 'penaltyGrad', l1, l2 }, [value, gradient], b.shape(value))
        : gradient;
    seeds.set(entry, full);
  }
  const all = reverse(b, encodingSteps, seeds, new Set(params.map((one) => one.trained.slot)));
  const inputs: SlotId[] = [rate];
  const outputs: SlotId[] = [];
  const masked: boolean[] = [];
  const move = (slot: SlotId, gradient: SlotId, mask: SlotId | null): void => {
    const moments = Array.from({ length: momentsOf(optimizer) }, () => b.persistent(b.shape(slot)));
    inputs.push(slot, gradient, ...moments);
    outputs.push(slot, ...moments);
    if (mask !== null) inputs.push(mask);
    masked.push(mask !== null);
  };
  for (const { trained, mask } of params) {
    const gradient = all.get(trained.slot);
    if (gradient !== undefined) move(trained.slot, gradient, mask);
  }
  for (const [slot, gradient] of extra) move(slot, gradient, null);
  b.pushInto({ kind: 'optimize', optimizer, count: masked.length, masked }, inputs, outputs);
}

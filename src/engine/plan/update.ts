/**
 * From gradients of what the layers read to one optimiser step: penalties act on the kernel in use, then the gradient
 * passes back through rounding or lookup to what is trained, and a single step updates everything.
 */
import type { Objective } from '#core/objective';
import type { SlotId, Step } from '#engine/backend';
import { momentsOf } from '#engine/optimizers';
import { type Builder, binary } from '#engine/plan/builder';
import type { GridSlots } from '#engine/plan/grids';
import type { ParamSlots, TrainedTensor } from '#engine/plan/parameters';
import { withPenalties } from '#engine/plan/penalties';
import { type Gradients, reverse } from '#engine/plan/reverse';

/** A parameter that the optimiser moves (moving statistics are not). */
export type UpdatedSlots = ParamSlots & { readonly trained: TrainedTensor };

export function isUpdated(slots: ParamSlots): slots is UpdatedSlots {
  return slots.trained !== null && slots.trained.kind !== 'statistic';
}

/**
 * Appends penalties, the reverse of `encodingSteps` (rounding and lookups) and the optimiser. `gradients` are those of
 * the values the layers read and of the scales of activation grids; `extra` are slots with their gradients that are trained beside the model. Parameters that
 * the loss does not reach stay as they are.
 */
export function updateSteps(
  b: Builder,
  objective: Objective,
  rate: SlotId,
  params: readonly UpdatedSlots[],
  grids: readonly GridSlots[],
  encodingSteps: readonly Step[],
  gradients: Gradients,
  extra: readonly (readonly [SlotId, SlotId])[],
): void {
  const { optimizer } = objective;
  const seeds = new Map<SlotId, SlotId>();
  for (const { value, channels, entry = value } of params) {
    const gradient = gradients.get(value);
    if (gradient === undefined) continue;
    seeds.set(entry, channels === null ? gradient : withPenalties(b, objective, value, gradient, channels));
  }
  for (const { scale } of grids) {
    const gradient = gradients.get(scale);
    if (gradient !== undefined) seeds.set(scale, gradient);
  }
  const scales = [...params.map(({ trained }) => trained.scales), ...grids.map(({ learned }) => learned)].filter(
    (one) => one !== null,
  );
  const wanted = new Set([...params.map((one) => one.trained.slot), ...scales.map(({ ratios }) => ratios)]);
  const all = reverse(b, encodingSteps, seeds, wanted);
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
  const moved = scales.filter(({ ratios }) => all.has(ratios));
  for (const { ratios, factors } of moved)
    move(ratios, binary(b, 'multiply', all.get(ratios) as SlotId, factors), null);
  for (const [slot, gradient] of extra) move(slot, gradient, null);
  b.pushInto({ kind: 'optimize', optimizer, count: masked.length, masked }, inputs, outputs);
  for (const { ratios, least } of moved) b.pushInto({ kind: 'binary', fn: 'maximum' }, [ratios, least], [ratios]);
}

/**
 * A training run as it stands after a step: everything that later steps read and that is not given by the objective.
 * The order of the images and the dropout noise follow from the seed and the step, so they are not in it.
 */
import type { Model } from '#core/model/model';
import { sizeOf } from '#core/model/tensor';
import type { StateValue } from '#core/predictor';
import type { Program, SlotId } from '#engine/backend';
import type { TrainingPlan } from '#engine/plan';

export interface Checkpoint {
  /** Batches done. */
  readonly step: number;
  /** Epochs done, with its fraction. */
  readonly epoch: number;
  /** Of work so far, pauses left out. */
  readonly seconds: number;
  /** Contents of the slots that a step changes (parameters, moments, moving statistics), in the plan's order. */
  readonly values: readonly Float32Array[];
  /** Of a run with hooks: the model as they left it last, whose plan the values are of, and what they remember. */
  readonly revised?: { readonly model: Model; readonly memory: StateValue };
}

/** The persistent slots that the plan's steps write, ascending; the sums that the host reads and clears are left out. */
function changedSlots({ plan, sums }: TrainingPlan): readonly SlotId[] {
  const written = new Set(plan.steps.flatMap(({ outputs }) => outputs));
  written.delete(sums);
  return [...written].filter((slot) => plan.slots[slot]?.life === 'persistent').sort((a, b) => a - b);
}

/** Reads the values of a checkpoint. Rejects with BackendError. */
export async function readValues(program: Program, plan: TrainingPlan): Promise<readonly Float32Array[]> {
  const values: Float32Array[] = [];
  for (const slot of changedSlots(plan)) values.push(await program.read(slot));
  return values;
}

/** Puts a checkpoint's values back, after the plan's own first writes. False, and nothing written, where they are not this plan's. */
export function writeValues(program: Program, plan: TrainingPlan, values: readonly Float32Array[]): boolean {
  const slots = changedSlots(plan);
  const size = (slot: SlotId): number => sizeOf(plan.plan.slots[slot]?.shape ?? []);
  if (slots.length !== values.length || slots.some((slot, i) => values[i]?.length !== size(slot))) return false;
  for (const [i, slot] of slots.entries()) program.write(slot, values[i] as Float32Array);
  return true;
}

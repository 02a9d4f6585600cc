/**
 * A plan for looking inside a model: its forward pass with the values at some places kept, and if asked for the
 * gradients of the mean cross-entropy there and at every tensor. Nothing is trained; batch normalisation uses its
 * moving statistics, so an image's values do not depend on the others in its batch.
 */
import { isTrainable, type TensorRole } from '#core/model/layers';
import type { Model } from '#core/model/model';
import type { Tap } from '#core/pass';
import type { Plan, SlotId } from '#engine/backend';
import { type InitialWrite, makeBuilder } from '#engine/plan/builder';
import { inUse } from '#engine/plan/in-use';
import { forward, onlyProbabilities } from '#engine/plan/network';
import { reverse } from '#engine/plan/reverse';

export interface CapturePlan {
  readonly plan: Plan;
  readonly input: SlotId;
  /** In the order of the taps. */
  readonly values: readonly SlotId[];
  /** Null without gradients. */
  readonly reverse: {
    /** [batch]: class indices. */
    readonly labels: SlotId;
    /** [batch]: how much each image counts; the gradients are those of the sum of these shares. */
    readonly shares: SlotId;
    /** In the order of the taps; null where the answer does not depend on the values. */
    readonly taps: readonly (SlotId | null)[];
    /** `slot` holds the gradient, null where the answer does not depend on it; `tensor` the values. */
    readonly tensors: readonly {
      readonly layer: string;
      readonly role: TensorRole;
      readonly tensor: SlotId;
      readonly slot: SlotId | null;
    }[];
  } | null;
  readonly writes: readonly InitialWrite[];
}

/** Throws EngineError ('plan', 'data') where a model cannot be run or, with gradients, not be differentiated. */
export function capturePlan(model: Model, batch: number, taps: readonly Tap[], gradients: boolean): CapturePlan {
  const b = makeBuilder();
  const { params, supply } = inUse(b, model);
  const network = forward(b, model, batch, supply, taps);
  const { input, logits, classes, taps: values } = network;
  const inside = { input, values, writes: b.writes };
  for (const slot of values) b.keep(slot);
  if (!gradients) return { ...inside, plan: b.build(), reverse: null };
  if (network.probabilities) throw onlyProbabilities();
  const steps = [...b.steps];
  const labels = b.persistent([batch]);
  const shares = b.persistent([batch]);
  const targets = b.push({ kind: 'oneHot', smoothing: 0 }, [labels], [batch, classes]);
  const seed = b.push(
    { kind: 'softmaxCrossEntropyGrad', temperature: 1, scale: 1 },
    [logits, targets, shares],
    [batch, classes],
  );
  const trained = params.filter(({ role }) => isTrainable(role));
  const wanted = new Set([...values, ...trained.map(({ slot }) => slot)]);
  const found = reverse(b, steps, new Map([[logits, seed]]), wanted);
  const kept = (slot: SlotId): SlotId | null => {
    const gradient = found.get(slot) ?? null;
    if (gradient !== null) b.keep(gradient);
    return gradient;
  };
  const tensors = trained.map(({ slot, ...one }) => ({ ...one, tensor: slot, slot: kept(slot) }));
  const reached = { labels, shares, taps: values.map(kept), tensors };
  return { ...inside, plan: b.build(), reverse: reached };
}

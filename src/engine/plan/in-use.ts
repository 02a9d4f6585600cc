/**
 * A network as it answers in use: its tensors as they are, each in a slot of its own, moving statistics, nothing dropped.
 * For plans that run a network, look into it, or let another one learn from it.
 */
import type { TensorRole } from '#core/model/layers';
import type { Model } from '#core/model/model';
import type { SlotId } from '#engine/backend';
import type { Builder } from '#engine/plan/builder';
import { reachable, type Supply } from '#engine/plan/network';
import { heldTensors, plainSlot } from '#engine/plan/parameters';

/** A tensor's persistent slot. */
export interface ParamSlot {
  readonly layer: string;
  readonly role: TensorRole;
  readonly slot: SlotId;
}

/** Appends the tensors that the first output depends on. */
export function inUse(b: Builder, model: Model): { readonly params: readonly ParamSlot[]; readonly supply: Supply } {
  const params = reachable(model).flatMap((layer) =>
    heldTensors(model, layer).map(
      ([role, tensor]): ParamSlot => ({ layer: layer.name, role, slot: plainSlot(b, tensor) }),
    ),
  );
  const slots = new Map(params.map(({ layer, role, slot }) => [`${layer}/${role}`, slot]));
  return {
    params,
    supply: {
      param: (layer, role) => slots.get(`${layer.name}/${role}`) ?? null,
      batchStatistics: () => false,
      noise: () => null,
    },
  };
}

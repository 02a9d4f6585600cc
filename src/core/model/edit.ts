/**
 * Changing models. A model is never changed in place: each function here returns a new one that shares every tensor
 * it did not touch and has dropped those that no layer holds any more.
 */
import { isPrunable, type Layer, type TensorRole, tensorsOf } from '#core/model/layers';
import type { Model, Tensor, TensorId } from '#core/model/model';

/** A new tensor for one role of one layer. */
export interface TensorChange {
  readonly layer: string;
  readonly role: TensorRole;
  readonly tensor: Tensor;
}

/** The layer of this name, or undefined. */
export function layerOf(model: Model, name: string): Layer | undefined {
  return model.layers.find((layer) => layer.name === name);
}

/** The tensor a layer holds under a role, or undefined where it has none. */
export function tensorOf(model: Model, layer: Layer, role: TensorRole): Tensor | undefined {
  const id = (layer as Partial<Record<TensorRole, TensorId>>)[role];
  return id === undefined ? undefined : model.tensors[id];
}

/** The model with one tensor exchanged. Throws Error where the layer or its role does not exist. */
export function withTensor(model: Model, layerName: string, role: TensorRole, tensor: Tensor): Model {
  return withTensors(model, [{ layer: layerName, role, tensor }]);
}

/** The model with several tensors exchanged at once. Throws Error where a layer or its role does not exist. */
export function withTensors(model: Model, changes: readonly TensorChange[]): Model {
  if (changes.length === 0) return model;
  const byLayer = groupChanges(changes);
  const tensors: Record<TensorId, Tensor> = { ...model.tensors };
  const layers = model.layers.map((layer) => {
    const mine = byLayer.get(layer.name);
    if (!mine) return layer;
    byLayer.delete(layer.name);
    const ids: Partial<Record<TensorRole, TensorId>> = {};
    for (const { role, tensor } of mine) {
      if ((layer as Partial<Record<TensorRole, TensorId>>)[role] === undefined) throw new Error(`layer ${layer.name} holds no ${role}`);
      ids[role] = tensor.id;
      tensors[tensor.id] = tensor;
    }
    return { ...layer, ...ids } as Layer;
  });
  for (const name of byLayer.keys()) throw new Error(`no layer is called ${name}`);
  return replaceLayers(model, layers, tensors);
}

/**
 * The model with other layers. `tensors` is where their ids are looked up (the model's own table by default); what no
 * layer holds is dropped. Throws Error where an id is missing. `changes` sets other fields, such as inputs and outputs.
 */
export function replaceLayers(
  model: Model,
  layers: readonly Layer[],
  tensors: Readonly<Record<TensorId, Tensor>> = model.tensors,
  changes: Partial<Pick<Model, 'name' | 'inputs' | 'outputs' | 'meta' | 'layout'>> = {},
): Model {
  const kept: Record<TensorId, Tensor> = {};
  for (const layer of layers) {
    for (const [role, id] of tensorsOf(layer)) {
      const tensor = tensors[id];
      if (!tensor) throw new Error(`the ${role} of layer ${layer.name} is missing`);
      kept[id] = tensor;
    }
  }
  return { ...model, ...changes, layers, tensors: kept };
}

/** Every tensor that unstructured methods may act on, with its layer, in layer order. An empty list of names means all. */
export function prunableTensors(model: Model, layerNames: readonly string[] = []): { readonly layer: Layer; readonly tensor: Tensor }[] {
  const wanted = layerNames.length > 0 ? new Set(layerNames) : null;
  const found: { layer: Layer; tensor: Tensor }[] = [];
  for (const layer of model.layers) {
    if (wanted && !wanted.has(layer.name)) continue;
    for (const [role, id] of tensorsOf(layer)) {
      const tensor = model.tensors[id];
      if (tensor && isPrunable(layer, role)) found.push({ layer, tensor });
    }
  }
  return found;
}

/** The model with `change` applied to the prunable tensor of each named layer (all where the list is empty). */
export function mapPrunable(model: Model, layerNames: readonly string[], change: (layer: Layer, tensor: Tensor) => Tensor): Model {
  const changes = prunableTensors(model, layerNames).map(({ layer, tensor }) => ({ layer: layer.name, role: 'kernel' as const, tensor: change(layer, tensor) }));
  return withTensors(model, changes);
}

function groupChanges(changes: readonly TensorChange[]): Map<string, TensorChange[]> {
  const groups = new Map<string, TensorChange[]>();
  for (const change of changes) {
    const group = groups.get(change.layer);
    if (group) group.push(change);
    else groups.set(change.layer, [change]);
  }
  return groups;
}

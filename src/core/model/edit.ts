/**
 * Changing models. A model is never changed in place: each function here returns a new one that shares every tensor
 * it did not touch and has dropped those that no layer holds any more.
 */
import { type Encoding, type GridValues, innerStride, type Mask, usedCodebook } from '#core/model/encoding';
import { isPrunable, type Layer, type TensorRole, tensorsOf } from '#core/model/layers';
import type { Model, Tensor, TensorId } from '#core/model/model';
import { makeTensor } from '#core/model/tensor';

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
      if ((layer as Partial<Record<TensorRole, TensorId>>)[role] === undefined)
        throw new Error(`layer ${layer.name} holds no ${role}`);
      ids[role] = tensor.id;
      tensors[tensor.id] = tensor;
    }
    return { ...layer, ...ids } as Layer;
  });
  for (const name of byLayer.keys()) throw new Error(`no layer is called ${name}`);
  return replaceLayers(model, layers, tensors);
}

/**
 * The model whose layers' outputs are rounded to these grids, by layer name; those of no layer are left out, and with none
 * left all activations are float32.
 */
export function withActivationGrids(model: Model, grids: Readonly<Record<string, GridValues>>): Model {
  const { activationGrids: _, ...rest } = model;
  const names = new Set(model.layers.map(({ name }) => name));
  const kept = Object.entries(grids).filter(([name]) => names.has(name));
  return kept.length === 0 ? rest : { ...rest, activationGrids: Object.fromEntries(kept) };
}

/**
 * The model with other layers; activation grids stay with the names of their layers. `tensors` is where their ids are looked up (the model's own table by default); what no
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
  const changed = { ...model, ...changes, layers, tensors: kept };
  return changed.activationGrids ? withActivationGrids(changed, changed.activationGrids) : changed;
}

/** What stands in a layer's place. The last of `layers` bears its name, so that its readers read on. */
export interface Expansion {
  readonly layers: readonly Layer[];
  readonly tensors: readonly Tensor[];
}

/** The model with each named layer replaced by one or several. Throws Error where the last does not bear the name, or no layer does. */
export function expandLayers(model: Model, expansions: ReadonlyMap<string, Expansion>): Model {
  if (expansions.size === 0) return model;
  const tensors: Record<TensorId, Tensor> = { ...model.tensors };
  for (const [name, { layers, tensors: own }] of expansions) {
    if (!layerOf(model, name)) throw new Error(`no layer is called ${name}`);
    if (layers.at(-1)?.name !== name) throw new Error(`the readers of ${name} would be left without it`);
    for (const tensor of own) tensors[tensor.id] = tensor;
  }
  const layers = model.layers.flatMap((layer) => expansions.get(layer.name)?.layers ?? [layer]);
  return replaceLayers(model, layers, tensors);
}

/**
 * The model without the named layers, each of one input: what read them, the model's outputs included, reads their input.
 * Throws Error where one is not there or does not have exactly one input.
 */
export function bypassLayers(model: Model, names: readonly string[]): Model {
  if (names.length === 0) return model;
  const input = new Map<string, string>();
  for (const name of names) {
    const inputs = layerOf(model, name)?.inputs ?? [];
    if (inputs.length !== 1) throw new Error(`layer ${name} cannot be bypassed`);
    input.set(name, inputs[0] as string);
  }
  const source = (name: string): string => {
    let at = name;
    for (let next = input.get(at); next !== undefined; next = input.get(at)) at = next;
    return at;
  };
  const layers = model.layers
    .filter((layer) => !input.has(layer.name))
    .map((layer) =>
      layer.inputs.some((name) => input.has(name)) ? ({ ...layer, inputs: layer.inputs.map(source) } as Layer) : layer,
    );
  return replaceLayers(model, layers, model.tensors, { outputs: model.outputs.map(source) });
}

/** `base`, or `base_2`, `base_3`, … where layers are called so already. */
export function freeName(model: Model, base: string): string {
  if (!layerOf(model, base)) return base;
  let n = 2;
  while (layerOf(model, `${base}_${n}`)) n++;
  return `${base}_${n}`;
}

/** Every tensor that unstructured methods may act on, with its layer, in layer order. An empty list of names means all. */
export function prunableTensors(
  model: Model,
  layerNames: readonly string[] = [],
): { readonly layer: Layer; readonly tensor: Tensor }[] {
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
export function mapPrunable(
  model: Model,
  layerNames: readonly string[],
  change: (layer: Layer, tensor: Tensor) => Tensor,
): Model {
  const changes = prunableTensors(model, layerNames).map(({ layer, tensor }) => ({
    layer: layer.name,
    role: 'kernel' as const,
    tensor: change(layer, tensor),
  }));
  return withTensors(model, changes);
}

/**
 * The entries `kept` (ascending) of one axis, with the mask, the scales or books of a per-channel encoding along that
 * axis and the codebook's centroids that are still in use.
 */
export function sliceTensor(tensor: Tensor, axis: number, kept: readonly number[]): Tensor {
  const { shape, data, encoding } = tensor;
  const extent = shape[axis];
  if (extent === undefined || kept.some((index) => !(index >= 0 && index < extent)))
    throw new RangeError(`axis ${axis} of [${shape}] cannot be cut to [${kept}]`);
  const inner = innerStride(shape, axis);
  const outer = data.length / (inner * extent);
  const size = outer * kept.length * inner;
  const slice = <T extends Float32Array | Uint8Array>(from: T, to: T): T => {
    let at = 0;
    for (let o = 0; o < outer; o++) {
      for (const index of kept) {
        const start = (o * extent + index) * inner;
        to.set(from.subarray(start, start + inner), at);
        at += inner;
      }
    }
    return to;
  };
  const values = slice(data, new Float32Array(size));
  const mask = encoding.mask && slice(encoding.mask, new Uint8Array(size));
  const newShape = shape.map((length, i) => (i === axis ? kept.length : length));
  return makeTensor(newShape, values, {
    ...(mask ? { mask } : {}),
    values: slicedValues(encoding.values, axis, kept, values, newShape, mask),
  });
}

function slicedValues(
  values: Encoding['values'],
  axis: number,
  kept: readonly number[],
  data: Float32Array,
  shape: readonly number[],
  mask: Mask | undefined,
): Encoding['values'] {
  switch (values.kind) {
    case 'dense':
    case 'half':
      return values;
    case 'binary':
      return values.axis === axis
        ? { ...values, scale: Float32Array.from(kept, (i) => values.scale[i] as number) }
        : values;
    case 'grid': {
      if (values.axis !== axis) return values;
      const { scale, zeroPoint } = values;
      return {
        ...values,
        scale: Float32Array.from(kept, (i) => scale[i] as number),
        zeroPoint: Int32Array.from(kept, (i) => zeroPoint[i] as number),
      };
    }
    case 'codebook': {
      if (values.books?.axis !== axis) return usedCodebook(values, data, shape, mask);
      const { offsets } = values.books;
      const books = kept.map((c) => values.centroids.subarray(offsets[c], offsets[c + 1]));
      const cut = Int32Array.of(0, ...books.map(({ length }) => length));
      for (let c = 1; c < cut.length; c++) cut[c] = (cut[c] as number) + (cut[c - 1] as number);
      const centroids = Float32Array.from(books.flatMap((book) => [...book]));
      // Channels that are all pruned have empty books; one value stays so that the codebook is not empty.
      if (centroids.length === 0)
        return { kind: 'codebook', centroids: values.centroids.slice(0, 1), books: { axis, offsets: cut.fill(1, 1) } };
      return usedCodebook({ kind: 'codebook', centroids, books: { axis, offsets: cut } }, data, shape, mask);
    }
    default:
      throw values satisfies never;
  }
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

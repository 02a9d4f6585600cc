/**
 * What can be taken out of a network as a whole, the rest going on as it is: the branch of a residual block, after which its
 * shortcut goes on alone; and single layers with their normalisation and activation, where what reads them can read what
 * they read. Whether it can is tried: every shape behind must still be computable, and the outputs' unchanged.
 */
import { bypassLayers, layerOf, replaceLayers, tensorOf } from '#core/model/edit';
import { isWeighted, type Layer } from '#core/model/layers';
import type { Model } from '#core/model/model';
import { ShapeError, sameShape, shapesOf } from '#core/model/shapes';

export interface Part {
  readonly kind: 'layer' | 'branch';
  /** What people call it: the layer with the weights, or the add that ends the block. */
  readonly name: string;
  /** The layers that go, in order; of a branch without its add. */
  readonly layers: readonly string[];
}

/** In the order of the model. Throws ShapeError where the model's own shapes do not agree. */
export function removableParts(model: Model): readonly Part[] {
  const before = shapesOf(model);
  return model.layers.flatMap((layer) => {
    const part = partAt(model, layer);
    return part && staysWhole(model, part, before) ? [part] : [];
  });
}

/** The model without one of its parts. */
export function withoutPart(model: Model, { kind, name, layers }: Part): Model {
  if (kind === 'layer') return bypassLayers(model, layers);
  const gone = new Set(layers);
  const rest = model.layers
    .filter((layer) => !gone.has(layer.name))
    .map((layer) =>
      layer.name === name ? { ...layer, inputs: layer.inputs.filter((input) => !gone.has(input)) } : layer,
    );
  const left = replaceLayers(model, rest);
  return layerOf(left, name)?.inputs.length === 1 ? bypassLayers(left, [name]) : left;
}

function partAt(model: Model, layer: Layer): Part | null {
  if (isWeighted(layer)) return { kind: 'layer', name: layer.name, layers: withFollowers(model, layer) };
  if (layer.kind !== 'add') return null;
  const layers = branchOf(model, layer);
  return layers.length > 0 ? { kind: 'branch', name: layer.name, layers } : null;
}

function readersOf(model: Model, name: string): readonly Layer[] {
  return model.layers.filter(({ inputs }) => inputs.includes(name));
}

/** The layer with the normalisation, activation and dropout that read nothing but it. */
function withFollowers(model: Model, first: Layer): readonly string[] {
  const layers = [first.name];
  for (;;) {
    const last = layers.at(-1) as string;
    const [next, other] = readersOf(model, last);
    if (!next || other || model.outputs.includes(last)) return layers;
    const follows = ['batchNorm', 'activation', 'prelu', 'dropout'].includes(next.kind);
    if (!follows) return layers;
    layers.push(next.name);
  }
}

/** Of an add's inputs the one with the most weights of its own: the layers that lead only to it. */
function branchOf(model: Model, add: Layer): readonly string[] {
  const branches = add.inputs.map((input) => exclusiveTo(model, add, input));
  const weights = branches.map((names) => names.reduce((sum, name) => sum + weightsOf(model, name), 0));
  const most = weights.indexOf(Math.max(...weights));
  return (weights[most] as number) > 0 ? (branches[most] as readonly string[]) : [];
}

function weightsOf(model: Model, name: string): number {
  const layer = layerOf(model, name);
  return (layer && tensorOf(model, layer, 'kernel')?.data.length) ?? 0;
}

/** The layers through which `input` is made and whose values go nowhere else than into this input of the add. */
function exclusiveTo(model: Model, add: Layer, input: string): readonly string[] {
  if (add.inputs.filter((name) => name === input).length > 1) return [];
  const found = new Set<string>();
  for (const layer of model.layers.toReversed()) {
    const readers = readersOf(model, layer.name);
    const leadsHere = layer.name === input || readers.some(({ name }) => found.has(name));
    const only = readers.every(({ name }) => found.has(name) || (name === add.name && layer.name === input));
    if (leadsHere && only && layer.kind !== 'input' && !model.outputs.includes(layer.name)) found.add(layer.name);
  }
  return model.layers.map(({ name }) => name).filter((name) => found.has(name));
}

function staysWhole(model: Model, part: Part, before: Readonly<Record<string, readonly number[]>>): boolean {
  // What gives the answers is no part: without it there would be none.
  if (!leadsOn(model, part.kind === 'branch' ? part.name : (part.layers.at(-1) as string))) return false;
  try {
    const left = withoutPart(model, part);
    const after = shapesOf(left);
    return left.outputs.every((name, i) =>
      sameShape(after[name] as readonly number[], before[model.outputs[i] as string] as readonly number[]),
    );
  } catch (error) {
    if (error instanceof ShapeError) return false;
    throw error;
  }
}

/** Whether a layer with weights comes behind this one. */
function leadsOn(model: Model, name: string): boolean {
  const behind = new Set([name]);
  for (const layer of model.layers) {
    if (!layer.inputs.some((input) => behind.has(input))) continue;
    if (isWeighted(layer)) return true;
    behind.add(layer.name);
  }
  return false;
}

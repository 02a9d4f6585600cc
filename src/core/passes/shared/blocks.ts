/**
 * The blocks of a network that can be left out or repeated. A residual block is what stands between a layer and the add that brings it back; without it,
 * what was added to goes on alone. In a network without those, a block is a layer with weights, with its normalisation and activation, that gives
 * the shape it takes (a depthwise convolution and the 1 x 1 behind it are one). A stage is such a layer whatever its shape: behind it another can stand.
 */
import { replaceLayers } from '#core/model/edit';
import type { Layer } from '#core/model/layers';
import type { Model } from '#core/model/model';
import { sameShape, shapesOf } from '#core/model/shapes';

export interface Block {
  readonly kind: 'residual' | 'plain';
  /** What it reads. */
  readonly entry: string;
  /** Its layers, in order; the last gives its result. */
  readonly layers: readonly string[];
}

/** All residual blocks in order; where there is none, all plain blocks that give the shape they take. */
export function removableBlocks(model: Model): readonly Block[] {
  const residual = residualBlocks(model);
  if (residual.length > 0) return residual;
  const shapes = shapesOf(model);
  return stages(model).filter(({ entry, layers }) => sameShape(shapes[entry] ?? [], shapes[layers.at(-1) ?? ''] ?? []));
}

/** The model without these blocks: what read them reads what they read. */
export function withoutBlocks(model: Model, blocks: readonly Block[]): Model {
  const entry = new Map(blocks.map((block) => [block.layers.at(-1) as string, block.entry]));
  const gone = new Set(blocks.flatMap(({ layers }) => layers));
  const source = (name: string): string => {
    let at = name;
    for (let next = entry.get(at); next !== undefined; next = entry.get(at)) at = next;
    return at;
  };
  const layers = model.layers
    .filter(({ name }) => !gone.has(name))
    .map((layer) =>
      layer.inputs.some((name) => entry.has(name)) ? ({ ...layer, inputs: layer.inputs.map(source) } as Layer) : layer,
    );
  return replaceLayers(model, layers);
}

/** Adds whose one input is made from the other alone, by layers that nothing else reads. */
export function residualBlocks(model: Model): readonly Block[] {
  const blocks: Block[] = [];
  for (const layer of model.layers) {
    const [a, b] = layer.inputs;
    if (layer.kind !== 'add' || layer.inputs.length !== 2 || model.outputs.includes(layer.name)) continue;
    for (const [entry, end] of [
      [a, b],
      [b, a],
    ] as [string, string][]) {
      const branch = branchBetween(model, entry, end, layer.name);
      if (!branch) continue;
      blocks.push({ kind: 'residual', entry, layers: [...branch, layer.name] });
      break;
    }
  }
  return blocks;
}

/** The layers from `entry` to `end`, in the model's order, if all of them depend on `entry` alone and are read only here and by `reader`. */
function branchBetween(model: Model, entry: string, end: string, reader: string): readonly string[] | null {
  if (entry === end) return null;
  const branch = new Set([end]);
  for (const layer of model.layers.toReversed()) {
    if (!branch.has(layer.name)) continue;
    if (layer.kind === 'input') return null;
    for (const input of layer.inputs) if (input !== entry) branch.add(input);
  }
  const closed = model.layers.every(
    ({ name, inputs }) => branch.has(name) || name === reader || !inputs.some((input) => branch.has(input)),
  );
  if (!closed || model.outputs.some((name) => branch.has(name))) return null;
  return model.layers.map(({ name }) => name).filter((name) => branch.has(name));
}

const FOLLOWS: ReadonlySet<Layer['kind']> = new Set(['batchNorm', 'activation', 'prelu', 'dropout']);

/** Layers with weights and what belongs to them, but for those inside residual blocks and the one that gives the model's answers. */
export function stages(model: Model): readonly Block[] {
  const inside = new Set(residualBlocks(model).flatMap(({ layers }) => layers));
  const readersOf = (name: string): readonly Layer[] => model.layers.filter(({ inputs }) => inputs.includes(name));
  const found: Block[] = [];
  const taken = new Set<string>();
  for (const first of model.layers) {
    if (taken.has(first.name) || inside.has(first.name)) continue;
    if (first.kind !== 'conv2d' && first.kind !== 'depthwiseConv2d' && first.kind !== 'dense') continue;
    const layers = [first.name];
    let depthwise = first.kind === 'depthwiseConv2d';
    for (;;) {
      const readers = readersOf(layers.at(-1) as string);
      const next = readers[0];
      if (!next || readers.length > 1 || inside.has(next.name) || model.outputs.includes(layers.at(-1) as string))
        break;
      const pointwise = depthwise && next.kind === 'conv2d' && isPointwise(model, next.kernel);
      if (!pointwise && !FOLLOWS.has(next.kind)) break;
      if (pointwise) depthwise = false;
      layers.push(next.name);
    }
    for (const name of layers) taken.add(name);
    const end = layers.at(-1) as string;
    if (readersOf(end).length > 0 && !model.outputs.includes(end) && leadsOn(model, end))
      found.push({ kind: 'plain', entry: first.inputs[0] as string, layers });
  }
  return found;
}

function isPointwise(model: Model, kernel: string): boolean {
  const shape = model.tensors[kernel]?.shape;
  return shape?.[0] === 1 && shape[1] === 1;
}

/** Whether another layer with weights comes behind: the last one gives the answers and is no block. */
function leadsOn(model: Model, name: string): boolean {
  const behind = new Set([name]);
  for (const layer of model.layers) {
    if (!layer.inputs.some((input) => behind.has(input))) continue;
    if ('kernel' in layer) return true;
    behind.add(layer.name);
  }
  return false;
}

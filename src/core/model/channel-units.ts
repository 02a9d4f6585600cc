/**
 * Which channels are one and the same for cutting. Every entry of the last axis of every layer's output is given a
 * unit; entries that can only go together share it. Convolutions and dense layers make units, element-wise layers hand
 * them on, adds unite them, concatenations string them together, and flattening repeats each over the pixels.
 *
 * Compare the dependency graph of DepGraph (Fang et al. 2023, "Towards any structural pruning"); here it is a
 * union-find over single channels, so concatenations, reshapes and multipliers need no offsets.
 */
import type { Layer } from '#core/model/layers';
import type { Model } from '#core/model/model';
import { type Shape, shapesOf } from '#core/model/shapes';
import { sizeOf } from '#core/model/tensor';

/** Why a unit can never be cut. */
export type Lock = 'output' | 'input' | 'grouped' | 'softmax';

export interface ChannelUnits {
  /** Layer name -> unit of each entry of its output's last axis. */
  readonly byLayer: ReadonlyMap<string, Int32Array>;
  /** Unit -> why it stays. */
  readonly locks: ReadonlyMap<number, Lock>;
}

/** Throws ShapeError where the model's shapes do not agree. */
export function channelUnits(model: Model): ChannelUnits {
  const shapes = shapesOf(model);
  const shapeOf = (name: string): Shape => shapes[name] as Shape;
  const parents: number[] = [];
  const find = (unit: number): number => {
    let root = unit;
    while (parents[root] !== root) root = parents[root] as number;
    for (let at = unit; at !== root; ) {
      const next = parents[at] as number;
      parents[at] = root;
      at = next;
    }
    return root;
  };
  const unite = (a: number, b: number): void => {
    const [first, second] = [find(a), find(b)];
    // The older unit stays, so that the order of units is the order of the layers that make them.
    if (first < second) parents[second] = first;
    else parents[first] = second;
  };
  const fresh = (count: number): Int32Array => {
    const start = parents.length;
    for (let i = 0; i < count; i++) parents.push(start + i);
    return Int32Array.from({ length: count }, (_, i) => start + i);
  };

  const byLayer = new Map<string, Int32Array>();
  const locked: { readonly units: Int32Array; readonly lock: Lock }[] = [];
  const unitsOf = (name: string): Int32Array => byLayer.get(name) as Int32Array;
  for (const layer of model.layers) {
    const inputs = layer.inputs.map(unitsOf);
    const units = handOn(layer, inputs, shapeOf(layer.name), layer.inputs.map(shapeOf), fresh, unite);
    byLayer.set(layer.name, units);
    if (layer.kind === 'input') locked.push({ units, lock: 'input' });
    if ('activation' in layer && layer.activation.fn === 'softmax') locked.push({ units, lock: 'softmax' });
    if (layer.kind === 'conv2d' && model.tensors[layer.kernel]?.shape[2] !== inputs[0]?.length) {
      locked.push({ units, lock: 'grouped' }, { units: inputs[0] as Int32Array, lock: 'grouped' });
    }
  }
  for (const name of model.outputs) locked.push({ units: unitsOf(name), lock: 'output' });

  for (const units of byLayer.values()) for (let i = 0; i < units.length; i++) units[i] = find(units[i] as number);
  const locks = new Map<number, Lock>();
  for (const wanted of ['output', 'input', 'softmax', 'grouped'] as const) {
    for (const { units, lock } of locked) {
      if (lock !== wanted) continue;
      for (const unit of units) if (!locks.has(unit)) locks.set(unit, lock);
    }
  }
  return { byLayer, locks };
}

function handOn(
  layer: Layer,
  inputs: readonly Int32Array[],
  output: Shape,
  inputShapes: readonly Shape[],
  fresh: (count: number) => Int32Array,
  unite: (a: number, b: number) => void,
): Int32Array {
  const channels = output[output.length - 1] as number;
  const first = inputs[0] as Int32Array;
  switch (layer.kind) {
    case 'input':
    case 'conv2d':
    case 'dense':
      return fresh(channels);
    case 'depthwiseConv2d': {
      // Output channel c * multiplier + m comes from input channel c alone, and goes with it.
      const multiplier = channels / first.length;
      return Int32Array.from({ length: channels }, (_, i) => first[Math.floor(i / multiplier)] as number);
    }
    case 'add':
    case 'subtract':
    case 'multiply':
    case 'average':
    case 'maximum':
    case 'minimum':
      for (const other of inputs.slice(1))
        for (let i = 0; i < channels; i++) unite(first[i] as number, other[i] as number);
      return first.slice();
    case 'concat':
      return Int32Array.from(inputs.flatMap((units) => [...units]));
    case 'flatten':
    case 'reshape': {
      // Element i of the row-major whole has channel i mod c before and i mod c' behind: those become one unit.
      const units = new Int32Array(channels).fill(-1);
      const size = sizeOf(inputShapes[0] as Shape);
      for (let i = 0; i < size; i++) {
        const before = first[i % first.length] as number;
        const behind = units[i % channels] as number;
        if (behind === -1) units[i % channels] = before;
        else if (behind !== before) unite(behind, before);
      }
      return units;
    }
    case 'batchNorm':
    case 'activation':
    case 'prelu':
    case 'maxPool2d':
    case 'averagePool2d':
    case 'globalAveragePool2d':
    case 'globalMaxPool2d':
    case 'dropout':
    case 'zeroPad2d':
    case 'crop2d':
    case 'upsample2d':
    case 'rescale':
      return first.slice();
    default:
      throw layer satisfies never;
  }
}

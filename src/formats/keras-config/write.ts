/**
 * From a Model to a Keras configuration in Keras 2 style, which Keras 2, Keras 3's HDF5 reader and TensorFlow.js all
 * read. A chain becomes a Sequential, anything else a functional model. What Keras says in two layers is written as two,
 * and the helpers are listed so that our own reader joins them again.
 */

import { tensorOf } from '#core/model/edit';
import type { TensorRole } from '#core/model/layers';
import type { Model, Tensor } from '#core/model/model';
import { type Shape, shapesOf } from '#core/model/shapes';
import { writeLayer } from '#formats/keras-config/write-layers';

/** Who will read it: their vocabularies differ in a few layers. */
export type Dialect = 'tfjs' | 'keras';

/** One weight in the order and under the names of Keras. */
export interface WrittenWeight {
  /** The layer as it stands in the configuration. */
  readonly layer: string;
  /** Keras' name, e.g. "depthwise_kernel". */
  readonly name: string;
  readonly shape: Shape;
  readonly tensor: Tensor;
  /** "layer/role" in the model as it will be read back. */
  readonly key: string;
}
export interface WrittenConfig {
  readonly config: { readonly class_name: string; readonly config: object };
  /** The names of the written layers, in order. */
  readonly layers: readonly string[];
  readonly weights: readonly WrittenWeight[];
  readonly joins: readonly string[];
  /** Layers whose names had to change: [ours, written]. */
  readonly renamed: readonly (readonly [string, string])[];
  /** By our name of a layer: the written layer that gives its output. */
  readonly ends: ReadonlyMap<string, string>;
}
/** A layer of the configuration, before it is put into either kind of model. */
export interface WrittenLayer {
  readonly className: string;
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly inputs: readonly string[];
}

/** Throws WriteError where the dialect has no words for a layer. */
export function writeConfig(model: Model, dialect: Dialect): WrittenConfig {
  const shapes = shapesOf(model);
  const names = safeNames(model, dialect);
  const layers: WrittenLayer[] = [];
  const weights: WrittenWeight[] = [];
  const joins: string[] = [];
  /** What readers of a layer must name. */
  const ends = new Map<string, string>();
  const taken = new Set(names.values());
  const helper = (wanted: string): string => {
    let name = wanted;
    for (let n = 1; taken.has(name); n++) name = `${wanted}_${n}`;
    taken.add(name);
    return name;
  };
  for (const layer of model.layers) {
    const name = names.get(layer.name) as string;
    const inputs = layer.inputs.map((input) => ends.get(input) as string);
    const written = writeLayer({
      layer,
      name,
      inputs,
      dialect,
      helper,
      inputShapes: layer.inputs.map((input) => shapes[input] as Shape),
      shape: shapes[layer.name] as Shape,
      tensor: (role: TensorRole) => tensorOf(model, layer, role) as Tensor,
    });
    layers.push(...written.layers);
    joins.push(...written.joins);
    for (const weight of written.weights) weights.push({ ...weight, layer: name, key: `${name}/${weight.role}` });
    ends.set(layer.name, (written.layers.at(-1) as WrittenLayer).name);
  }
  const inputs = model.inputs.map((name) => ends.get(name) as string);
  const outputs = model.outputs.map((name) => ends.get(name) as string);
  const config = isChain(layers, inputs, outputs) ? sequential(layers) : functional(layers, inputs, outputs, dialect);
  const renamed = [...names].filter(([ours, written]) => ours !== written);
  return { config, layers: layers.map(({ name }) => name), weights, joins, renamed, ends };
}

/** Keras and TensorFlow.js accept fewer characters in names than we do. */
function safeNames(model: Model, dialect: Dialect): ReadonlyMap<string, string> {
  const taken = new Set<string>();
  const names = new Map<string, string>();
  for (const { name } of model.layers) {
    let safe = name.slice(0, 200).replace(dialect === 'tfjs' ? /[^A-Za-z0-9_./-]/g : /[^A-Za-z0-9_.-]/g, '_');
    if (!/^[A-Za-z0-9]/.test(safe) || safe.endsWith('/')) safe = `layer_${safe.replace(/\//g, '_')}`;
    let unique = safe;
    for (let n = 1; taken.has(unique); n++) unique = `${safe}_${n}`;
    taken.add(unique);
    names.set(name, unique);
  }
  return names;
}

function isChain(layers: readonly WrittenLayer[], inputs: readonly string[], outputs: readonly string[]): boolean {
  if (inputs.length !== 1 || outputs.length !== 1 || layers.at(-1)?.name !== outputs[0]) return false;
  return layers.every(({ inputs: sources }, index) =>
    index === 0 ? sources.length === 0 : sources.length === 1 && sources[0] === layers[index - 1]?.name,
  );
}

function sequential(layers: readonly WrittenLayer[]): WrittenConfig['config'] {
  return {
    class_name: 'Sequential',
    config: { name: 'sequential', layers: layers.map(({ className, config }) => ({ class_name: className, config })) },
  };
}

function functional(
  layers: readonly WrittenLayer[],
  inputs: readonly string[],
  outputs: readonly string[],
  dialect: Dialect,
): WrittenConfig['config'] {
  const reference = (name: string): readonly [string, number, number] => [name, 0, 0];
  return {
    class_name: dialect === 'tfjs' ? 'Model' : 'Functional',
    config: {
      name: 'model',
      layers: layers.map(({ className, name, config, inputs: sources }) => ({
        class_name: className,
        config,
        name,
        inbound_nodes: sources.length === 0 ? [] : [sources.map((source) => [source, 0, 0, {}])],
      })),
      input_layers: inputs.map(reference),
      output_layers: outputs.map(reference),
    },
  };
}

/**
 * From a Keras configuration and its stored weights to a Model: the part that model.json and HDF5 files share. Every
 * layer is held against its inputs and weights as it is built, so nothing that cannot run gets any further.
 */

import { type TensorChange, withActivationGrids, withTensors } from '#core/model/edit';
import { DENSE } from '#core/model/encoding';
import { type Layer, tensorsOf } from '#core/model/layers';
import type { Model, Tensor, TensorId } from '#core/model/model';
import { outputShape, type Shape, ShapeError } from '#core/model/shapes';
import { makeTensor, sizeOf } from '#core/model/tensor';
import { ModelError, validateModel } from '#core/model/validate';
import type { Note, ReadResult } from '#formats/format';
import { type JsonObject, own } from '#formats/json';
import { type KerasCall, type KerasGraph, type KerasLayer, readGraph } from '#formats/keras-config/graph';
import { inputLayer } from '#formats/keras-config/input';
import { joinLayers } from '#formats/keras-config/joins';
import { LAYER_PLANS } from '#formats/keras-config/layer-plans';
import { matchWeights, type StoredWeight } from '#formats/keras-config/match';
import type { LayerPlan } from '#formats/keras-config/plan';
import { readActivationGrid, readRecord, restoreEncoding } from '#formats/keras-config/records';
import { settingsOf } from '#formats/keras-config/settings';
import { LIMITS } from '#formats/limits';
import { HINTS, refuse, warning } from '#formats/refuse';

export interface KerasFile {
  /** The file that holds the configuration. */
  readonly file: string;
  readonly source: string;
  /** `{ class_name, config }` of the model. */
  readonly modelConfig: unknown;
  readonly kerasVersion: string;
  readonly weights: readonly StoredWeight[];
  /** What `recordOf` wrote, where the file has it. */
  readonly record: unknown;
}

/** Throws ReadError. */
export function assembleModel({ file, source, modelConfig, kerasVersion, weights, record }: KerasFile): ReadResult {
  const graph = readGraph(modelConfig, file);
  const notes: Note[] = [];
  const plans = planLayers(graph, file, kerasVersion.startsWith('3'));
  const matched = matchWeights(
    [...plans].map(([layer, plan]) => ({ layer, weights: plan.weights })),
    weights,
    file,
  );
  const ours = readRecord(record);

  const tensors = new Map<TensorId, Tensor>();
  const made = new Map<StoredWeight, Map<string, TensorId>>();
  const tensorFor = (stored: StoredWeight, shape: Shape): TensorId => {
    const known = made.get(stored)?.get(shape.join());
    if (known) return known;
    const { data, encoding } = stored.read();
    const values =
      encoding.values.kind === 'grid' && encoding.values.axis !== null && shape !== stored.shape ? DENSE : encoding;
    const tensor = makeTensor(shape, data, values);
    tensors.set(tensor.id, tensor);
    made.set(stored, (made.get(stored) ?? new Map<string, TensorId>()).set(shape.join(), tensor.id));
    return tensor.id;
  };

  const layers: Layer[] = [];
  const shapes = new Map<string, Shape>();
  /** Calls that were left out, and what stands for them. */
  const standIns = new Map<string, string>();
  const named = (name: string): string => standIns.get(name) ?? name;
  for (const call of graph.calls) {
    const inputs = call.inputs.map(named);
    for (const layer of buildCall(call, inputs, graph, plans, matched, shapes, tensorFor, file, notes)) {
      shapes.set(layer.name, shapeOf(layer, shapes, tensors, file));
      layers.push(layer);
    }
    if (!shapes.has(call.name)) standIns.set(call.name, inputs[0] as string);
  }
  for (const plan of plans.values()) if (plan.note) notes.push(plan.note);

  let model: Model = {
    name: ours?.name ?? readableName(graph.name, file),
    layers,
    inputs: graph.inputs,
    outputs: graph.outputs.map(named),
    tensors: Object.fromEntries(tensors),
    layout: 'nhwc',
    meta: { source, ...ours?.meta },
  };
  if (ours) {
    model = joinLayers(model, ours.joins);
    model = restoreEncodings(model, ours.tensors, notes);
    const grids = Object.keys(ours.activations).flatMap((name) => {
      const grid = readActivationGrid(own(ours.activations, name));
      return grid ? [[name, grid] as const] : [];
    });
    model = withActivationGrids(model, Object.fromEntries(grids));
  }
  noteOddValues(model, notes);
  try {
    validateModel(model);
  } catch (error) {
    if (!(error instanceof ModelError) && !(error instanceof ShapeError)) throw error;
    refuse('invalid-model', { file, where: error.layer ?? '' }, error.words, HINTS.exportAgain);
  }
  return { model, notes };
}

/** A plan for each layer, or a ReadError that lists all layers that have none. */
function planLayers(graph: KerasGraph, file: string, keras3: boolean): ReadonlyMap<KerasLayer, LayerPlan> {
  const plans = new Map<KerasLayer, LayerPlan>();
  const unsupported: { name: string; what: string }[] = [];
  for (const { layer } of graph.calls) {
    if (plans.has(layer) || layer.className === 'InputLayer') continue;
    const name = layer.path.join('/');
    const planner = LAYER_PLANS.get(layer.className);
    const plan = planner ? planner(settingsOf(layer.config, file, name), keras3) : { unsupported: layer.className };
    if ('unsupported' in plan) {
      const what = plan.unsupported === layer.className ? layer.className : `${layer.className}, ${plan.unsupported}`;
      if (!unsupported.some((one) => one.name === name)) unsupported.push({ name, what });
    } else plans.set(layer, plan);
  }
  if (unsupported.length > 0) refuseLayers(unsupported, file);
  return plans;
}

const CODE_CLASSES = new Set([
  'Lambda',
  'TFSMLayer',
  'TFOpLambda',
  'SlicingOpLambda',
  'TorchModuleWrapper',
  'JaxLayer',
  'FlaxLayer',
]);

function refuseLayers(layers: readonly { readonly name: string; readonly what: string }[], file: string): never {
  const names = layers.slice(0, 12).map(({ name, what }) => `"${name.slice(0, 80)}" (${what.slice(0, 60)})`);
  const more = layers.length - names.length;
  const en = names.join(', ') + (more > 0 ? ` and ${more} more` : '');
  const zh = names.join('、') + (more > 0 ? ` 以及另外 ${more} 个` : '');
  const code = layers.some(({ what }) => CODE_CLASSES.has(what));
  return refuse(
    'unsupported-layers',
    { file, where: '' },
    {
      en: `It has layers that cannot be read: ${en}.${code ? ' Some of them carry program code, which is never run here.' : ''}`,
      zh: `包含无法读取的层：${zh}。${code ? '其中有的层带有程序代码，这里绝不会运行。' : ''}`,
    },
    HINTS.unsupportedLayer,
  );
}

function buildCall(
  call: KerasCall,
  inputs: readonly string[],
  graph: KerasGraph,
  plans: ReadonlyMap<KerasLayer, LayerPlan>,
  matched: ReturnType<typeof matchWeights>,
  shapes: ReadonlyMap<string, Shape>,
  tensorFor: (stored: StoredWeight, shape: Shape) => TensorId,
  file: string,
  notes: Note[],
): readonly Layer[] {
  if (call.layer.className === 'InputLayer') return [inputLayer(call, graph, file, notes)];
  const held = matched.get(call.layer);
  const stored = (name: string): StoredWeight => held?.get(name) as StoredWeight;
  const built = (plans.get(call.layer) as LayerPlan).build({
    name: call.name,
    inputs,
    shapes: inputs.map((name) => shapes.get(name) as Shape),
    shapeOf: (name) => stored(name).shape,
    tensor: (name, shape) => tensorFor(stored(name), shape ?? stored(name).shape),
  });
  if (built.length === 0 && inputs.length !== 1) {
    refuse(
      'broken-graph',
      { file, where: call.name },
      { en: 'It should have exactly one input.', zh: '它应当恰好有一个输入。' },
      HINTS.exportAgain,
    );
  }
  return built;
}

function shapeOf(
  layer: Layer,
  shapes: ReadonlyMap<string, Shape>,
  tensors: ReadonlyMap<TensorId, Tensor>,
  file: string,
): Shape {
  try {
    const shape = outputShape(
      layer,
      layer.inputs.map((name) => shapes.get(name) as Shape),
      (id) => tensors.get(id)?.shape,
    );
    if (sizeOf(shape) > LIMITS.elements) {
      refuse(
        'too-large',
        { file, where: layer.name },
        {
          en: `Its output of ${shape.join(' x ')} values is too large for a browser.`,
          zh: `其输出 ${shape.join(' x ')} 过大，浏览器无法处理。`,
        },
        { en: 'Use a smaller input.', zh: '请使用较小的输入尺寸。' },
      );
    }
    return shape;
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    return refuse(
      'wrong-shape',
      { file, where: layer.name },
      { en: sentence(error.words.en), zh: error.words.zh },
      HINTS.exportAgain,
    );
  }
}

/** Puts back masks, grids and codebooks that the record names and the values bear out. */
function restoreEncodings(model: Model, records: JsonObject, notes: Note[]): Model {
  const changes: TensorChange[] = [];
  let changed = 0;
  for (const layer of model.layers) {
    for (const [role, id] of tensorsOf(layer)) {
      const record = own(records, `${layer.name}/${role}`);
      const tensor = model.tensors[id];
      if (record === undefined || !tensor) continue;
      const encoding = restoreEncoding(record, tensor.shape, tensor.data);
      if (encoding) changes.push({ layer: layer.name, role, tensor: makeTensor(tensor.shape, tensor.data, encoding) });
      else changed++;
    }
  }
  if (changed > 0)
    notes.push(
      warning(
        `${changed} tensors no longer hold the values that the file's notes describe; they were read as plain numbers.`,
        `${changed} 个张量的数值与文件中的说明不符，已按普通数值读取。`,
      ),
    );
  return withTensors(model, changes);
}

function noteOddValues(model: Model, notes: Note[]): void {
  for (const layer of model.layers) {
    for (const [role, id] of tensorsOf(layer)) {
      const key = `${layer.name}/${role}`;
      const data = model.tensors[id]?.data ?? [];
      let odd = 0;
      for (const value of data) if (!Number.isFinite(value)) odd++;
      if (odd > 0)
        notes.push(
          warning(
            `"${key}" holds ${odd} values that are not finite numbers; the model cannot answer sensibly.`,
            `"${key}" 含有 ${odd} 个非有限数值，模型无法给出合理结果。`,
          ),
        );
    }
  }
}

/** The model's own name, or the file's where the model was never named. */
function readableName(name: string, file: string): string {
  if (name !== '' && !/^(sequential|model|functional)(_\d+)?$/i.test(name)) return name.slice(0, 100);
  const base = file.replace(/\.[A-Za-z0-9]{1,5}$/, '');
  return base === '' || base === 'model' ? name || 'model' : base.slice(0, 100);
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

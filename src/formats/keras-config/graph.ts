/**
 * From a Keras model configuration (Sequential or functional, Keras 2 or 3 style, nested at will) to one flat graph of
 * calls in topological order. A layer that is called twice stands in it twice and keeps one identity, so its weights
 * stay shared. Cycles, dangling references and names used twice are refused here, before anything is built.
 */
import { isObject, type JsonObject, own } from '#formats/json';
import { readCalls, readReferences } from '#formats/keras-config/calls';
import { connect, refuseBroken } from '#formats/keras-config/connections';
import { batchShape } from '#formats/keras-config/settings';
import { LIMITS } from '#formats/limits';
import { HINTS, refuse } from '#formats/refuse';

/** One layer of the file, with weights of its own. */
export interface KerasLayer {
  /** Names from the outermost model inwards. */
  readonly path: readonly string[];
  readonly className: string;
  readonly config: JsonObject;
}
/** One use of a layer. */
export interface KerasCall {
  /** Unique in the graph. */
  readonly name: string;
  readonly layer: KerasLayer;
  readonly inputs: readonly string[];
}
export interface KerasGraph {
  readonly name: string;
  readonly calls: readonly KerasCall[];
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

const MODEL_CLASSES = new Set(['Sequential', 'Functional', 'Model']);

/** Unfolds a `{ class_name, config }` as it stands in model.json or in an HDF5 file's model_config. */
export function readGraph(modelConfig: unknown, file: string): KerasGraph {
  const { className, config } = classAndConfig(modelConfig, file, 'model_config');
  if (!MODEL_CLASSES.has(className)) {
    refuse(
      'not-a-layers-model',
      { file, where: className },
      {
        en: `The model is of the class "${className}", which is defined by code that the file does not hold.`,
        zh: `模型的类是 "${className}"，它由文件中没有的代码定义。`,
      },
      {
        en: 'Rebuild it as a Sequential or functional model and save that.',
        zh: '请将其重建为 Sequential 或函数式模型后再保存。',
      },
    );
  }
  const graph = new Unfolding(file);
  const outputs = graph.model(className, config, [], null);
  const name = own(config, 'name');
  return { name: typeof name === 'string' ? name : '', calls: graph.calls, inputs: graph.inputs, outputs };
}

/** The class name and settings of a layer or model, as own properties. */
function classAndConfig(value: unknown, file: string, where: string): { className: string; config: JsonObject } {
  const className = isObject(value) ? own(value, 'class_name') : undefined;
  let config = isObject(value) ? own(value, 'config') : undefined;
  // Keras before 2.2.3 wrote a Sequential's layers as a bare list.
  if (className === 'Sequential' && Array.isArray(config)) config = { layers: config };
  if (typeof className !== 'string' || !isObject(config)) {
    refuse(
      'bad-config',
      { file, where },
      { en: 'It has no class_name and config.', zh: '缺少 class_name 和 config。' },
      HINTS.exportAgain,
    );
  }
  return { className, config };
}

/** The state of one unfolding: a class because it lives while nested models call each other. */
class Unfolding {
  readonly calls: KerasCall[] = [];
  readonly inputs: string[] = [];
  private readonly file: string;
  private models = 0;
  private readonly names = new Set<string>();
  /** The last number put behind each wanted name. */
  private readonly numbers = new Map<string, number>();
  private readonly layers = new Map<string, KerasLayer>();

  constructor(file: string) {
    this.file = file;
  }

  /** Unfolds a model on given inputs (null: its own input layers become the graph's); returns its outputs. */
  model(
    className: string,
    config: JsonObject,
    path: readonly string[],
    given: readonly string[] | null,
  ): readonly string[] {
    // Models that hold nothing but each other would unfold for ever without a single layer.
    if (++this.models > LIMITS.layers) this.tooMany(path);
    if (path.length > 16) {
      refuse(
        'nested-too-deep',
        this.at(path),
        { en: 'Models are nested more than 16 deep.', zh: '模型嵌套超过 16 层。' },
        HINTS.exportAgain,
      );
    }
    return className === 'Sequential' ? this.sequential(config, path, given) : this.functional(config, path, given);
  }

  private sequential(config: JsonObject, path: readonly string[], given: readonly string[] | null): readonly string[] {
    const layers = this.layerList(config, path);
    const seen = new Set<string>();
    let current: readonly string[] | null = given;
    for (const [index, { name, className, config: layerConfig }] of layers.entries()) {
      if (seen.has(name)) this.twice(path, name);
      seen.add(name);
      if (className === 'InputLayer') {
        if (index > 0) this.broken([...path, name], 'an input layer stands in the middle', '输入层位于中间');
        current ??= [this.input([...path, name], layerConfig)];
        continue;
      }
      current ??= [this.impliedInput(config, [...path, name], className, layerConfig)];
      current = this.call({ name, className, config: layerConfig }, path, current);
    }
    if (!current) this.broken(path, 'it has no layers', '没有任何层');
    return current;
  }

  private functional(config: JsonObject, path: readonly string[], given: readonly string[] | null): readonly string[] {
    const layers = this.layerList(config, path);
    const byName = new Map<string, NamedLayer>();
    const connected = layers.map((layer) => {
      if (byName.has(layer.name)) this.twice(path, layer.name);
      byName.set(layer.name, layer);
      const calls = layer.className === 'InputLayer' ? [[]] : readCalls(layer.inboundNodes);
      if (!calls)
        this.broken([...path, layer.name], 'its inbound_nodes cannot be understood', '无法理解其 inbound_nodes');
      return { name: layer.name, isModel: MODEL_CLASSES.has(layer.className), calls };
    });
    const inputRefs = readReferences(own(config, 'input_layers'));
    const outputRefs = readReferences(own(config, 'output_layers'));
    if (!inputRefs?.length || !outputRefs?.length) {
      this.broken(path, 'it names no input_layers or output_layers', '没有指明 input_layers 或 output_layers');
    }
    if (connected.reduce((sum, { calls }) => sum + calls.length, 0) > LIMITS.layers) this.tooMany(path);
    const { order, keyOf } = connect(connected, outputRefs, this.at(path));

    const done = new Map<string, readonly string[]>();
    for (const [index, ref] of inputRefs.entries()) {
      const layer = byName.get(ref.layer);
      if (layer?.className !== 'InputLayer')
        this.broken([...path, ref.layer], 'it is named as an input but is no input layer', '被列为输入，但不是输入层');
      const outer = given?.[index];
      if (given && outer === undefined) this.broken(path, 'it is called with too few inputs', '调用时输入数量不足');
      done.set(keyOf({ layer: layer.name, node: 0 }), [outer ?? this.input([...path, layer.name], layer.config)]);
    }
    for (const { name: layerName, call, key } of order) {
      const layer = byName.get(layerName) as NamedLayer;
      if (done.has(key) || layer.className === 'InputLayer') continue;
      const inputs = call.map((ref) => {
        const name = done.get(keyOf(ref))?.[ref.tensor];
        if (name === undefined)
          this.broken(
            [...path, layer.name],
            `it reads output ${ref.tensor} of "${ref.layer}", which does not exist`,
            `它读取 "${ref.layer}" 的第 ${ref.tensor} 个输出，但该输出不存在`,
          );
        return name;
      });
      done.set(key, this.call(layer, path, inputs));
    }
    return outputRefs.map((ref) => {
      const name = done.get(keyOf(ref))?.[ref.tensor];
      if (name === undefined)
        this.broken(path, `its output "${ref.layer}" does not exist`, `其输出 "${ref.layer}" 不存在`);
      return name;
    });
  }

  /** One call of a plain layer or a nested model. */
  private call(layer: NamedLayer, path: readonly string[], inputs: readonly string[]): readonly string[] {
    const full = [...path, layer.name];
    if (MODEL_CLASSES.has(layer.className))
      return this.model(
        layer.className,
        classAndConfig(
          { class_name: layer.className, config: layer.rawConfig ?? layer.config },
          this.file,
          full.join('/'),
        ).config,
        full,
        inputs,
      );
    const name = this.unique(full.join('/'));
    this.push({ name, layer: this.identity(full, layer.className, layer.config), inputs });
    return [name];
  }

  private input(path: readonly string[], config: JsonObject): string {
    const name = this.unique(path.join('/'));
    this.inputs.push(name);
    this.push({ name, layer: this.identity(path, 'InputLayer', config), inputs: [] });
    return name;
  }

  /** The input of a Sequential that has no InputLayer: its first layer says the shape, or the model does. */
  private impliedInput(model: JsonObject, path: readonly string[], className: string, first: JsonObject): string {
    let shape: unknown =
      own(first, 'batch_input_shape') ?? own(first, 'batch_shape') ?? own(model, 'build_input_shape');
    if (shape === undefined && MODEL_CLASSES.has(className)) shape = innerShape(first);
    if (!batchShape(shape)) {
      refuse(
        'no-input-shape',
        this.at(path),
        { en: 'The shape of its input is not known: the model was never built.', zh: '输入形状未知：模型尚未构建。' },
        {
          en: 'Give the first layer an input shape, or run the model once, and save it again.',
          zh: '请为第一层指定输入形状，或先运行一次模型，然后重新保存。',
        },
      );
    }
    return this.input([...path.slice(0, -1), `${path.at(-1)}_input`], { batch_input_shape: shape });
  }

  /** A layer's identity: the same object for every call of one layer. */
  private identity(path: readonly string[], className: string, config: JsonObject): KerasLayer {
    const key = JSON.stringify(path);
    const known = this.layers.get(key);
    if (known) return known;
    const layer = { path, className, config };
    this.layers.set(key, layer);
    return layer;
  }

  private push(call: KerasCall): void {
    this.calls.push(call);
    if (this.calls.length > LIMITS.layers) this.tooMany(call.layer.path);
  }

  private unique(wanted: string): string {
    let name = wanted;
    let n = this.numbers.get(wanted) ?? 0;
    while (this.names.has(name)) name = `${wanted}_${++n}`;
    this.numbers.set(wanted, n);
    this.names.add(name);
    return name;
  }

  private layerList(config: JsonObject, path: readonly string[]): readonly NamedLayer[] {
    const layers = own(config, 'layers');
    if (!Array.isArray(layers) || layers.length === 0) this.broken(path, 'it has no list of layers', '没有层列表');
    if (layers.length > LIMITS.layers) this.tooMany(path);
    return layers.map((layer: unknown, index) => {
      const where = [...path, `layer ${index + 1}`].join('/');
      const className = isObject(layer) ? own(layer, 'class_name') : undefined;
      const raw = isObject(layer) ? own(layer, 'config') : undefined;
      const isModel = typeof className === 'string' && MODEL_CLASSES.has(className);
      if (!isObject(layer) || typeof className !== 'string' || !(isObject(raw) || (isModel && Array.isArray(raw)))) {
        refuse(
          'bad-config',
          { file: this.file, where },
          { en: 'It has no class_name and config.', zh: '缺少 class_name 和 config。' },
          HINTS.exportAgain,
        );
      }
      const inner = isObject(raw) ? raw : {};
      const name = own(layer, 'name') ?? own(inner, 'name');
      if (typeof name !== 'string' || name === '' || name.length > 500) {
        refuse(
          'bad-config',
          { file: this.file, where },
          { en: `This ${className} has no usable name.`, zh: `此 ${className} 没有可用的名称。` },
          HINTS.exportAgain,
        );
      }
      return { name, className, config: inner, rawConfig: raw, inboundNodes: own(layer, 'inbound_nodes') };
    });
  }

  private at(path: readonly string[]): { file: string; where: string } {
    return { file: this.file, where: path.join('/') };
  }
  private broken(path: readonly string[], en: string, zh: string): never {
    return refuseBroken(this.at(path), en, zh);
  }
  private twice(path: readonly string[], name: string): never {
    return refuse(
      'duplicate-layer',
      this.at([...path, name]),
      { en: 'Two layers have this name.', zh: '有两个层使用了这个名称。' },
      HINTS.exportAgain,
    );
  }
  private tooMany(path: readonly string[]): never {
    return refuse(
      'too-many-layers',
      this.at(path),
      { en: `The model has more than ${LIMITS.layers} layers.`, zh: `模型超过 ${LIMITS.layers} 层。` },
      HINTS.exportAgain,
    );
  }
}

interface NamedLayer {
  readonly name: string;
  readonly className: string;
  readonly config: JsonObject;
  readonly rawConfig?: unknown;
  readonly inboundNodes?: unknown;
}

/** The input shape that a nested model declares for itself. */
function innerShape(config: JsonObject): unknown {
  const layers = own(config, 'layers');
  const first = Array.isArray(layers)
    ? layers.find((layer) => isObject(layer) && isObject(own(layer, 'config')))
    : undefined;
  if (!first) return undefined;
  const inner = own(first as JsonObject, 'config') as JsonObject;
  return (
    own(inner, 'batch_input_shape') ??
    own(inner, 'batch_shape') ??
    own(config, 'build_input_shape') ??
    innerShape(inner)
  );
}

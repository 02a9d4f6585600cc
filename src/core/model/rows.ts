/**
 * From the layer editor's rows to layers without weights: each row becomes one or two layers, with the shapes of the
 * tensors they need and how those start. `create` fills the tensors in; `checkArchitecture` only looks at the shapes.
 */
import type { Architecture, EditorActivation, Row, RowKind } from '#core/architecture';
import type { Activation, Layer, TensorRole } from '#core/model/layers';
import { outputShape, type Shape, ShapeError } from '#core/model/shapes';
import { sizeOf } from '#core/model/tensor';
import type { Words } from '#core/params';

/** How a tensor starts: a constant, or uniform in +-sqrt(6 / fan). */
export type Start =
  | { readonly kind: 'constant'; readonly value: number }
  | { readonly kind: 'uniform'; readonly limit: number };
export interface PlannedTensor {
  readonly role: TensorRole;
  readonly shape: Shape;
  readonly start: Start;
}
/** A layer whose tensor ids are still placeholders (its role), with its tensors and its output shape. */
export interface PlannedLayer {
  readonly layer: Layer;
  readonly tensors: readonly PlannedTensor[];
  readonly shape: Shape;
}

/** Slope of the editor's leaky ReLU below 0. */
export const LEAKY_SLOPE = 0.1;
const PRELU_START = 0.25;
/** Keras' epsilon. The moving statistics move fast, since small data sets have few steps an epoch. */
const BATCH_NORM = { epsilon: 1e-3, momentum: 0.9 } as const;
/** Values in one layer's output for one image, and in one tensor: beyond these a browser runs out of memory. */
const LARGEST = 2 ** 26;

const BASE_NAMES: Readonly<Record<RowKind | 'prelu' | 'input', string>> = {
  input: 'input',
  conv2d: 'conv2d',
  depthwiseConv2d: 'depthwise_conv2d',
  dense: 'dense',
  maxPool2d: 'max_pooling2d',
  averagePool2d: 'average_pooling2d',
  globalAveragePool2d: 'global_average_pooling2d',
  batchNorm: 'batch_normalization',
  activation: 'activation',
  prelu: 'prelu',
  dropout: 'dropout',
  flatten: 'flatten',
  residualAdd: 'add',
};

/** Plans rows one after another: `add` returns the planned layers of a row or throws ShapeError. */
export interface Planner {
  readonly input: PlannedLayer;
  add(row: Row, at: number): readonly PlannedLayer[];
  /** Puts the softmax behind the last row: [] where it could be fused into the layer before, which `fused` then replaces. */
  finish(): { readonly fused: PlannedLayer | null; readonly added: readonly PlannedLayer[] };
}

/** Throws ShapeError for an impossible input shape. */
export function planner(architecture: Architecture): Planner {
  const counts = new Map<string, number>();
  const nameFor = (kind: keyof typeof BASE_NAMES): string => {
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    return `${BASE_NAMES[kind]}_${count}`;
  };
  const plan = (layer: Layer, inputs: readonly Shape[], tensors: readonly PlannedTensor[] = []): PlannedLayer => {
    const shape = outputShape(layer, inputs, (id) => tensors.find((tensor) => tensor.role === id)?.shape);
    for (const size of [sizeOf(shape), ...tensors.map((tensor) => sizeOf(tensor.shape))]) {
      if (size > LARGEST)
        throw new ShapeError(layer.name, {
          en: `it would hold ${size} values, too many for a browser. Make it smaller.`,
          zh: `它将有 ${size} 个数值，浏览器无法承受。请把它改小。`,
        });
    }
    return { layer, tensors, shape };
  };
  /** PReLU slopes, one a channel, start at 0.25 (He et al. 2015, "Delving deep into rectifiers"). */
  const planPrelu = (name: string, before: PlannedLayer): PlannedLayer => {
    const channels = before.shape[before.shape.length - 1] as number;
    return plan(
      { kind: 'prelu', name, inputs: [before.layer.name], alpha: 'alpha' },
      [before.shape],
      [constant('alpha', [channels], PRELU_START)],
    );
  };
  const input = plan({ kind: 'input', name: nameFor('input'), inputs: [], shape: architecture.input }, []);
  /** What each row gives: index 0 is the input. */
  const outputs: PlannedLayer[] = [input];
  const last = (): PlannedLayer => outputs[outputs.length - 1] as PlannedLayer;

  return {
    input,
    add(row, at) {
      const before = last();
      const isPrelu = row.kind === 'activation' && row.activation === 'prelu';
      const name = nameFor(isPrelu ? 'prelu' : row.kind);
      checkNumbers(row, name);
      const inputs = [before.layer.name];
      const follows = activationAfter(architecture.rows, at);
      let planned: PlannedLayer[];
      if (row.kind === 'residualAdd') {
        const source = outputs[row.from];
        if (!source || row.from >= outputs.length - 1) {
          throw new ShapeError(name, {
            en: `it adds the output of row ${row.from}, which must be earlier than the row just before it.`,
            zh: `它要加上第 ${row.from} 行的输出，但那一行必须早于它的前一行。`,
          });
        }
        planned = [
          plan({ kind: 'add', name, inputs: [source.layer.name, before.layer.name] }, [source.shape, before.shape]),
        ];
      } else if (isPrelu) {
        planned = [planPrelu(name, before)];
      } else {
        const { layer, tensors } = layerFor(row, name, inputs, before.shape, follows);
        const own = plan(layer, [before.shape], tensors);
        planned = 'activation' in row && row.activation === 'prelu' ? [own, planPrelu(nameFor('prelu'), own)] : [own];
      }
      outputs.push(planned[planned.length - 1] as PlannedLayer);
      return planned;
    },
    finish() {
      const tail = last();
      const { layer } = tail;
      if (layer.kind === 'dense' && layer.activation.fn === 'linear') {
        return { fused: { ...tail, layer: { ...layer, activation: { fn: 'softmax' } } }, added: [] };
      }
      return {
        fused: null,
        added: [
          plan(
            { kind: 'activation', name: nameFor('activation'), inputs: [layer.name], activation: { fn: 'softmax' } },
            [tail.shape],
          ),
        ],
      };
    },
  };
}

function layerFor(
  row: Exclude<Row, { kind: 'residualAdd' }>,
  name: string,
  inputs: readonly string[],
  shape: Shape,
  follows: EditorActivation,
): { layer: Layer; tensors: readonly PlannedTensor[] } {
  const channels = shape[shape.length - 1] as number;
  switch (row.kind) {
    case 'conv2d':
    case 'depthwiseConv2d': {
      const area = row.kernel * row.kernel;
      const depthwise = row.kind === 'depthwiseConv2d';
      const out = depthwise ? channels : row.filters;
      const kernelShape = depthwise ? [row.kernel, row.kernel, channels, 1] : [row.kernel, row.kernel, channels, out];
      const fans = depthwise ? ([area, area] as const) : ([area * channels, area * out] as const);
      const kernel: PlannedTensor = { role: 'kernel', shape: kernelShape, start: startFor(follows, ...fans) };
      return {
        layer: {
          kind: row.kind,
          name,
          inputs,
          kernel: 'kernel',
          ...(row.bias ? { bias: 'bias' } : {}),
          strides: [row.stride, row.stride],
          padding: row.padding,
          dilation: [1, 1],
          activation: activationFor(row.activation),
        },
        tensors: row.bias ? [kernel, constant('bias', [out], 0)] : [kernel],
      };
    }
    case 'dense': {
      const kernel: PlannedTensor = {
        role: 'kernel',
        shape: [channels, row.units],
        start: startFor(follows, channels, row.units),
      };
      return {
        layer: {
          kind: 'dense',
          name,
          inputs,
          kernel: 'kernel',
          ...(row.bias ? { bias: 'bias' } : {}),
          activation: activationFor(row.activation),
        },
        tensors: row.bias ? [kernel, constant('bias', [row.units], 0)] : [kernel],
      };
    }
    case 'maxPool2d':
    case 'averagePool2d':
      return {
        layer: {
          kind: row.kind,
          name,
          inputs,
          window: [row.size, row.size],
          strides: [row.stride, row.stride],
          padding: row.padding,
        },
        tensors: [],
      };
    case 'globalAveragePool2d':
      return { layer: { kind: row.kind, name, inputs, keepDims: false }, tensors: [] };
    case 'batchNorm':
      return {
        layer: {
          kind: 'batchNorm',
          name,
          inputs,
          gamma: 'gamma',
          beta: 'beta',
          mean: 'mean',
          variance: 'variance',
          ...BATCH_NORM,
        },
        tensors: [
          constant('gamma', [channels], 1),
          constant('beta', [channels], 0),
          constant('mean', [channels], 0),
          constant('variance', [channels], 1),
        ],
      };
    case 'activation':
      return { layer: { kind: 'activation', name, inputs, activation: activationFor(row.activation) }, tensors: [] };
    case 'dropout':
      return { layer: { kind: 'dropout', name, inputs, rate: row.rate }, tensors: [] };
    case 'flatten':
      return { layer: { kind: 'flatten', name, inputs }, tensors: [] };
    default:
      throw row satisfies never;
  }
}

function activationFor(activation: EditorActivation): Activation {
  if (activation === 'prelu') return { fn: 'linear' };
  if (activation === 'leakyRelu') return { fn: 'leakyRelu', alpha: LEAKY_SLOPE };
  return { fn: activation };
}

function constant(role: TensorRole, shape: Shape, value: number): PlannedTensor {
  return { role, shape, start: { kind: 'constant', value } };
}

/**
 * He et al. 2015 ("Delving deep into rectifiers") in front of the ReLU family: variance 2 / fan-in; Glorot and Bengio
 * 2010 ("Understanding the difficulty of training deep feedforward networks") elsewhere: variance 2 / (fan-in + fan-out).
 * Both uniform: square roots are exact everywhere, so the same seed starts the same on every machine.
 */
function startFor(activation: EditorActivation, fanIn: number, fanOut: number): Start {
  const rectified = activation === 'relu' || activation === 'leakyRelu' || activation === 'prelu';
  return { kind: 'uniform', limit: Math.sqrt(rectified ? 6 / fanIn : 6 / (fanIn + fanOut)) };
}

/** The activation that a row's output meets: its own, or the one behind batch normalisation, an add and dropout. */
function activationAfter(rows: readonly Row[], at: number): EditorActivation {
  const own = rows[at];
  if (own && 'activation' in own && own.activation !== 'linear') return own.activation;
  for (const row of rows.slice(at + 1)) {
    if (row.kind === 'activation') return row.activation;
    if (row.kind !== 'batchNorm' && row.kind !== 'residualAdd' && row.kind !== 'dropout') break;
  }
  return 'linear';
}

const NUMBERS: readonly { readonly key: string; readonly largest: number; readonly words: Words }[] = [
  { key: 'filters', largest: 65536, words: { en: 'the number of filters', zh: '滤波器数量' } },
  { key: 'units', largest: 65536, words: { en: 'the number of units', zh: '单元数量' } },
  { key: 'kernel', largest: 1024, words: { en: 'the kernel size', zh: '卷积核大小' } },
  { key: 'size', largest: 1024, words: { en: 'the pool size', zh: '池化窗口大小' } },
  { key: 'stride', largest: 1024, words: { en: 'the stride', zh: '步长' } },
];

function checkNumbers(row: Row, name: string): void {
  const fail = (words: Words): never => {
    throw new ShapeError(name, words);
  };
  if (!Object.hasOwn(BASE_NAMES, row.kind))
    fail({ en: `there is no layer of the kind ${row.kind}.`, zh: `没有 ${row.kind} 这种层。` });
  const settings = row as unknown as Readonly<Record<string, unknown>>;
  for (const { key, largest, words } of NUMBERS) {
    if (!(key in settings)) continue;
    const value = settings[key];
    if (!Number.isSafeInteger(value) || (value as number) < 1 || (value as number) > largest) {
      fail({
        en: `${words.en} must be a whole number from 1 to ${largest}.`,
        zh: `${words.zh}必须是 1 到 ${largest} 的整数。`,
      });
    }
  }
}

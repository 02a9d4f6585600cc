/**
 * From the layers of a .whittle file to a Keras configuration that stock TensorFlow.js opens. It says the same as `keras-config`'s writer,
 * in less code: the file comes from our own writer, so nothing is checked or worded here, and shapes are followed only as far as
 * layers that need them.
 */

import type { GridValues } from '#core/model/encoding';
import type { Activation, Layer, Padding, Pair, TensorRole } from '#core/model/layers';

interface Config {
  readonly class_name: string;
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly inbound_nodes: readonly unknown[];
}
/** A weight in the order in which TensorFlow.js wants it: the layer it belongs to, its role and its shape there. */
interface Weight {
  readonly name: string;
  readonly tensor: string;
  readonly shape: readonly number[];
}
export interface Topology {
  readonly topology: object;
  readonly weights: readonly Weight[];
}

type Shape = readonly number[];

/** Keras' class for kinds that need no more than a name and our own settings. */
const CLASSES: Readonly<Partial<Record<Layer['kind'], string>>> = {
  flatten: 'Flatten',
  add: 'Add',
  multiply: 'Multiply',
  average: 'Average',
  maximum: 'Maximum',
  minimum: 'Minimum',
  concat: 'Concatenate',
  dropout: 'Dropout',
  rescale: 'Rescaling',
};

/** The name under which a layer of the loader rounds activations. */
export const ROUNDING = 'WhittleRounding';

export function topologyOf(
  layers: readonly Layer[],
  inputs: readonly string[],
  outputs: readonly string[],
  grids: Readonly<Record<string, GridValues>>,
  shapeOf: (tensor: string) => Shape,
): Topology {
  const written: Config[] = [];
  const weights: Weight[] = [];
  const shapes = new Map<string, Shape>();
  /** What stands for a layer's output: its own name, or that of the last helper behind it. */
  const ends = new Map<string, string>();
  const safe = new Map<string, string>();
  const taken = new Set<string>();
  const fresh = (wanted: string): string => {
    const base = wanted.replace(/[^\w.-]/g, '_').replace(/^[^A-Za-z0-9]/, 'layer$&');
    let name = base;
    for (let n = 1; taken.has(name); n++) name = `${base}_${n}`;
    taken.add(name);
    return name;
  };
  for (const { name } of layers) safe.set(name, fresh(name));
  const put = (class_name: string, name: string, sources: readonly string[], config: object): string => {
    const nodes = sources.map((source) => [source, 0, 0, {}]);
    written.push({ class_name, name, config: { name, ...config }, inbound_nodes: nodes.length > 0 ? [nodes] : [] });
    return name;
  };
  for (const layer of layers) {
    const name = safe.get(layer.name) as string;
    const sources = layer.inputs.map((input) => ends.get(input) as string);
    const input = shapes.get(layer.inputs[0] ?? '') ?? [];
    const shape = outputOf(
      layer,
      layer.inputs.map((one) => shapes.get(one) ?? []),
      shapeOf,
    );
    shapes.set(layer.name, shape);
    const weigh = (keras: string, role: TensorRole, as?: Shape): void => {
      const tensor = (layer as unknown as Readonly<Record<string, string>>)[role];
      if (tensor !== undefined) weights.push({ name: `${name}/${keras}`, tensor, shape: as ?? shapeOf(tensor) });
    };
    let end = name;
    switch (layer.kind) {
      case 'input':
        put('InputLayer', name, [], { batch_input_shape: [null, ...layer.shape], dtype: 'float32' });
        break;
      case 'conv2d':
      case 'depthwiseConv2d':
      case 'dense': {
        const kernel = shapeOf(layer.kernel);
        const [a, b, , d] = kernel as number[];
        const fused = keptName(layer.activation);
        const own = { use_bias: layer.bias !== undefined, activation: fused ?? 'linear' };
        if (layer.kind === 'dense') put('Dense', name, sources, { units: b, ...own });
        else {
          const { source, padding } = padded(layer.padding, sources, fresh, put, name);
          const config = {
            kernel_size: [a, b],
            strides: layer.strides,
            padding,
            dilation_rate: layer.dilation,
            ...own,
          };
          if (layer.kind === 'conv2d') put('Conv2D', name, source, { filters: d, ...config });
          else put('DepthwiseConv2D', name, source, { depth_multiplier: d, ...config });
        }
        weigh(layer.kind === 'depthwiseConv2d' ? 'depthwise_kernel' : 'kernel', 'kernel');
        weigh('bias', 'bias');
        if (fused === null) end = activate(layer.activation, fresh(`${name}_activation`), [name], put);
        break;
      }
      case 'batchNorm':
        put('BatchNormalization', name, sources, {
          axis: -1,
          epsilon: layer.epsilon,
          momentum: layer.momentum,
          center: layer.beta !== undefined,
          scale: layer.gamma !== undefined,
        });
        weigh('gamma', 'gamma');
        weigh('beta', 'beta');
        weigh('moving_mean', 'mean');
        weigh('moving_variance', 'variance');
        break;
      case 'activation':
        activate(layer.activation, name, sources, put);
        break;
      case 'prelu': {
        const alpha = shapeOf(layer.alpha);
        const isShared = alpha.length === 1 && input.length === 3;
        put('PReLU', name, sources, { shared_axes: isShared ? [1, 2] : null });
        weigh('alpha', 'alpha', isShared ? [1, 1, ...alpha] : alpha);
        break;
      }
      case 'maxPool2d':
      case 'averagePool2d': {
        const padding = poolPadding(layer.padding, input, layer.window, layer.strides);
        const config = { pool_size: layer.window, strides: layer.strides, padding };
        put(layer.kind === 'maxPool2d' ? 'MaxPooling2D' : 'AveragePooling2D', name, sources, config);
        break;
      }
      case 'globalAveragePool2d':
      case 'globalMaxPool2d':
        put(layer.kind === 'globalMaxPool2d' ? 'GlobalMaxPooling2D' : 'GlobalAveragePooling2D', name, sources, {});
        if (layer.keepDims) end = put('Reshape', fresh(`${name}_keep`), [name], { target_shape: shape });
        break;
      case 'reshape':
        put('Reshape', name, sources, { target_shape: shape });
        break;
      case 'subtract': {
        const negative = put('Rescaling', fresh(`${name}_negated`), sources.slice(1), { scale: -1, offset: 0 });
        put('Add', name, [sources[0] as string, negative], {});
        break;
      }
      case 'zeroPad2d':
        put('ZeroPadding2D', name, sources, { padding: sides(layer.pads) });
        break;
      case 'crop2d':
        put('Cropping2D', name, sources, { cropping: sides(layer.pads) });
        break;
      case 'upsample2d':
        put('UpSampling2D', name, sources, { size: layer.size, interpolation: layer.interpolation });
        break;
      default: {
        const { kind, name: _name, inputs: _inputs, ...settings } = layer;
        put(CLASSES[kind] as string, name, sources, settings);
      }
    }
    const grid = grids[layer.name];
    if (grid) {
      const { qMin, qMax } = grid;
      const [scale, zeroPoint] = [grid.scale[0], grid.zeroPoint[0]];
      end = put(ROUNDING, fresh(`${name}_rounded`), [end], { scale, zeroPoint, qMin, qMax });
    }
    ends.set(layer.name, end);
  }
  const places = (names: readonly string[], among: ReadonlyMap<string, string>): unknown =>
    names.map((name) => [among.get(name), 0, 0]);
  return {
    topology: {
      class_name: 'Model',
      config: {
        name: 'model',
        layers: written,
        input_layers: places(inputs, safe),
        output_layers: places(outputs, ends),
      },
    },
    weights,
  };
}

type Put = (className: string, name: string, sources: readonly string[], config: object) => string;

/** What Keras calls the activation as a setting of a layer; null where it needs a layer of its own. */
function keptName({ fn, alpha, max }: Activation): string | null {
  if (fn === 'leakyRelu' || (fn === 'relu' && max !== undefined) || (fn === 'elu' && (alpha ?? 1) !== 1)) return null;
  return fn === 'hardSigmoid' ? 'hard_sigmoid' : fn;
}

function activate(activation: Activation, name: string, sources: readonly string[], put: Put): string {
  const { fn, alpha, max } = activation;
  const kept = keptName(activation);
  if (kept === 'softmax') return put('Softmax', name, sources, { axis: -1 });
  if (kept !== null) return put('Activation', name, sources, { activation: kept });
  if (fn === 'relu') return put('ReLU', name, sources, { max_value: max });
  return put(fn === 'elu' ? 'ELU' : 'LeakyReLU', name, sources, { alpha });
}

const sides = ([top, bottom, left, right]: readonly number[]) => [
  [top, bottom],
  [left, right],
];

/** Written-out pads of a convolution become a layer in front of it. */
function padded(
  padding: Padding,
  sources: readonly string[],
  fresh: (wanted: string) => string,
  put: Put,
  name: string,
): { readonly source: readonly string[]; readonly padding: string } {
  if (typeof padding === 'string') return { source: sources, padding };
  if (padding.every((pad) => pad === 0)) return { source: sources, padding: 'valid' };
  const pad = put('ZeroPadding2D', fresh(`${name}_pad`), sources, { padding: sides(padding) });
  return { source: [pad], padding: 'valid' };
}

/** Padded pixels take no part in pooling, so pads can only be 'same' ones. */
function poolPadding(padding: Padding, input: Shape, window: Pair, strides: Pair): string {
  if (typeof padding === 'string') return padding;
  if (padding.every((pad) => pad === 0)) return 'valid';
  const isSame = [0, 1].every((axis) => {
    const [size, reach, step] = [input[axis] as number, window[axis] as number, strides[axis] as number];
    const total = Math.max(0, (Math.ceil(size / step) - 1) * step + reach - size);
    return padding[2 * axis] === Math.floor(total / 2) && padding[2 * axis + 1] === Math.ceil(total / 2);
  });
  if (!isSame) throw new Error('TensorFlow.js has no pooling with these pads');
  return 'same';
}

/** The shape of a layer's output, without the batch. */
function outputOf(layer: Layer, inputs: readonly Shape[], shapeOf: (tensor: string) => Shape): Shape {
  const input = inputs[0] ?? [];
  const [h = 1, w = 1, c = 1] = input;
  const size = input.reduce((product, extent) => product * extent, 1);
  const moved = (kernel: Shape, strides: Pair, padding: Padding, dilation: Pair, channels: number): Shape => [
    ...[0, 1].map((axis) => {
      const reach = ((kernel[axis] as number) - 1) * dilation[axis as 0 | 1] + 1;
      const pads = typeof padding === 'string' ? 0 : (padding[2 * axis] as number) + (padding[2 * axis + 1] as number);
      const room = (input[axis] as number) + pads - (padding === 'same' ? 1 : reach);
      return Math.floor(room / strides[axis as 0 | 1]) + 1;
    }),
    channels,
  ];
  switch (layer.kind) {
    case 'input':
      return layer.shape;
    case 'conv2d':
    case 'depthwiseConv2d': {
      const kernel = shapeOf(layer.kernel);
      const channels = layer.kind === 'conv2d' ? kernel[3] : c * (kernel[3] as number);
      return moved(kernel, layer.strides, layer.padding, layer.dilation, channels as number);
    }
    case 'dense':
      return [...input.slice(0, -1), shapeOf(layer.kernel)[1] as number];
    case 'maxPool2d':
    case 'averagePool2d':
      return moved(layer.window, layer.strides, layer.padding, [1, 1], c);
    case 'globalAveragePool2d':
    case 'globalMaxPool2d':
      return layer.keepDims ? [1, 1, c] : [c];
    case 'flatten':
      return [size];
    case 'reshape': {
      const known = layer.shape.reduce((product, extent) => (extent < 0 ? product : product * extent), 1);
      return layer.shape.map((extent) => (extent < 0 ? size / known : extent));
    }
    case 'zeroPad2d':
    case 'crop2d': {
      const [top, bottom, left, right] = layer.pads.map((pad) => (layer.kind === 'crop2d' ? -pad : pad)) as number[];
      return [h + (top as number) + (bottom as number), w + (left as number) + (right as number), c];
    }
    case 'upsample2d':
      return [h * layer.size[0], w * layer.size[1], c];
    case 'concat':
      return [...input.slice(0, -1), inputs.reduce((sum, shape) => sum + (shape.at(-1) ?? 0), 0)];
    case 'multiply':
      return inputs.find((shape) => shape[0] !== 1 || shape[1] !== 1) ?? input;
    default:
      return input;
  }
}

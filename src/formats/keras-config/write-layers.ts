/** One layer of ours as one or more Keras layers, with its weights under Keras' names. */
import type {
  Activation,
  Conv2dLayer,
  DepthwiseConv2dLayer,
  Layer,
  Padding,
  Pair,
  TensorRole,
} from '#core/model/layers';
import type { Tensor } from '#core/model/model';
import { resolvePads, type Shape } from '#core/model/shapes';
import { writeActivation } from '#formats/keras-config/activations';
import type { Dialect, WrittenLayer, WrittenWeight } from '#formats/keras-config/write';
import { refuseToWrite } from '#formats/refuse';

interface Writing {
  readonly layer: Layer;
  /** The name it gets in the file. */
  readonly name: string;
  /** The names, in the file, of what it reads. */
  readonly inputs: readonly string[];
  readonly dialect: Dialect;
  /** A free name for a helper. */
  readonly helper: (wanted: string) => string;
  readonly inputShapes: readonly Shape[];
  readonly shape: Shape;
  readonly tensor: (role: TensorRole) => Tensor;
}
interface Written {
  readonly layers: readonly WrittenLayer[];
  readonly weights: readonly (Omit<WrittenWeight, 'layer' | 'key'> & { readonly role: TensorRole })[];
  readonly joins: readonly string[];
}

const DATA = { data_format: 'channels_last' } as const;
const ZEROS = { class_name: 'Zeros', config: {} } as const;
const ONES = { class_name: 'Ones', config: {} } as const;
const GLOROT = { class_name: 'GlorotUniform', config: { seed: null } } as const;

/** Throws WriteError. */
export function writeLayer(writing: Writing): Written {
  const { layer, name, inputs, shape, dialect } = writing;
  const one = (className: string, config: object = {}): Written => ({
    layers: [plain(className, name, inputs, config)],
    weights: [],
    joins: [],
  });
  switch (layer.kind) {
    case 'input':
      return {
        layers: [
          {
            className: 'InputLayer',
            name,
            inputs: [],
            config: { batch_input_shape: [null, ...layer.shape], dtype: 'float32', sparse: false, name },
          },
        ],
        weights: [],
        joins: [],
      };
    case 'conv2d':
    case 'depthwiseConv2d':
      return convolution(writing, layer);
    case 'dense': {
      const kernel = writing.tensor('kernel');
      const weights = [
        weight('kernel', 'kernel', kernel),
        ...(layer.bias === undefined ? [] : [weight('bias', 'bias', writing.tensor('bias'))]),
      ];
      const config = {
        units: kernel.shape[1],
        use_bias: layer.bias !== undefined,
        kernel_initializer: GLOROT,
        bias_initializer: ZEROS,
      };
      return activated(writing, 'Dense', config, layer.activation, weights, inputs, []);
    }
    case 'batchNorm': {
      const present = (
        [
          ['gamma', 'gamma'],
          ['beta', 'beta'],
          ['moving_mean', 'mean'],
          ['moving_variance', 'variance'],
        ] as const
      ).filter(([, role]) => layer[role] !== undefined);
      return {
        layers: [
          plain('BatchNormalization', name, inputs, {
            axis: shape.length,
            momentum: layer.momentum,
            epsilon: layer.epsilon,
            center: layer.beta !== undefined,
            scale: layer.gamma !== undefined,
            beta_initializer: ZEROS,
            gamma_initializer: ONES,
            moving_mean_initializer: ZEROS,
            moving_variance_initializer: ONES,
          }),
        ],
        weights: present.map(([keras, role]) => weight(keras, role, writing.tensor(role))),
        joins: [],
      };
    }
    case 'activation':
      return { layers: [activationLayer(layer.activation, name, inputs, dialect)], weights: [], joins: [] };
    case 'prelu': {
      const alpha = writing.tensor('alpha');
      const perChannel = alpha.shape.length === 1 && shape.length === 3;
      const stored = perChannel ? [1, 1, alpha.shape[0] as number] : alpha.shape;
      return {
        layers: [plain('PReLU', name, inputs, { alpha_initializer: ZEROS, shared_axes: perChannel ? [1, 2] : null })],
        weights: [{ ...weight('alpha', 'alpha', alpha), shape: stored }],
        joins: [],
      };
    }
    case 'maxPool2d':
    case 'averagePool2d': {
      const padding = plainPadding(layer.padding, writing.inputShapes[0] as Shape, layer.window, layer.strides, [1, 1]);
      if (!padding) {
        refuseToWrite(
          'pool-pads',
          layer.name,
          {
            en: 'Its pooling window has pads that Keras cannot express.',
            zh: '其池化窗口的填充方式无法用 Keras 表示。',
          },
          { en: 'Use "valid" or "same" padding there.', zh: '请在该处使用 "valid" 或 "same" 填充。' },
        );
      }
      return one(layer.kind === 'maxPool2d' ? 'MaxPooling2D' : 'AveragePooling2D', {
        pool_size: layer.window,
        strides: layer.strides,
        padding,
        ...DATA,
      });
    }
    case 'globalAveragePool2d':
    case 'globalMaxPool2d': {
      const className = layer.kind === 'globalAveragePool2d' ? 'GlobalAveragePooling2D' : 'GlobalMaxPooling2D';
      if (!layer.keepDims) return one(className, DATA);
      if (dialect === 'keras') return one(className, { ...DATA, keepdims: true });
      const reshape = writing.helper(`${name}_keep`);
      return {
        layers: [plain(className, name, inputs, DATA), plain('Reshape', reshape, [name], { target_shape: shape })],
        weights: [],
        joins: [reshape],
      };
    }
    case 'flatten':
      return one('Flatten', DATA);
    case 'reshape':
      // Written out in full: TensorFlow.js does not work out a -1 in front of a flatten.
      return one('Reshape', { target_shape: shape });
    case 'dropout':
      return one('Dropout', { rate: layer.rate, noise_shape: null, seed: null });
    case 'subtract': {
      if (dialect === 'keras') return one('Subtract');
      // TensorFlow.js has no Subtract: a - b = a + (-1) b, exactly.
      const negated = writing.helper(`${name}_negated`);
      return {
        layers: [
          plain('Rescaling', negated, [inputs[1] as string], { scale: -1, offset: 0 }),
          plain('Add', name, [inputs[0] as string, negated]),
        ],
        weights: [],
        joins: [],
      };
    }
    case 'add':
      return one('Add');
    case 'multiply':
      return one('Multiply');
    case 'average':
      return one('Average');
    case 'maximum':
      return one('Maximum');
    case 'minimum':
      return one('Minimum');
    case 'concat':
      return one('Concatenate', { axis: -1 });
    case 'zeroPad2d':
      return one('ZeroPadding2D', { padding: sides(layer.pads), ...DATA });
    case 'crop2d':
      return one('Cropping2D', { cropping: sides(layer.pads), ...DATA });
    case 'upsample2d':
      return one('UpSampling2D', { size: layer.size, interpolation: layer.interpolation, ...DATA });
    case 'rescale':
      return one('Rescaling', { scale: layer.scale, offset: layer.offset });
    default:
      throw layer satisfies never;
  }
}

function convolution(writing: Writing, layer: Conv2dLayer | DepthwiseConv2dLayer): Written {
  const { name, inputs, dialect } = writing;
  const input = writing.inputShapes[0] as Shape;
  const kernel = writing.tensor('kernel');
  const [kh, kw, inner, out] = kernel.shape as [number, number, number, number];
  const isDepthwise = layer.kind === 'depthwiseConv2d';
  const groups = isDepthwise ? 1 : (input[2] as number) / inner;
  if (groups !== 1 && dialect === 'tfjs') {
    refuseToWrite(
      'grouped-convolution',
      layer.name,
      {
        en: `It is a convolution in ${groups} groups, which TensorFlow.js layers do not have.`,
        zh: `这是 ${groups} 组的分组卷积，TensorFlow.js 的层不支持。`,
      },
      { en: 'Export it as Keras .h5 instead.', zh: '请改为导出为 Keras .h5。' },
    );
  }
  const padding = plainPadding(layer.padding, input, [kh, kw], layer.strides, layer.dilation);
  const before: WrittenLayer[] = [];
  const joins: string[] = [];
  let source = inputs;
  if (!padding && typeof layer.padding !== 'string') {
    const pad = writing.helper(`${name}_pad`);
    before.push(plain('ZeroPadding2D', pad, inputs, { padding: sides(layer.padding), ...DATA }));
    joins.push(pad);
    source = [pad];
  }
  const shared = {
    kernel_size: [kh, kw],
    strides: layer.strides,
    padding: padding ?? 'valid',
    ...DATA,
    dilation_rate: layer.dilation,
    use_bias: layer.bias !== undefined,
    bias_initializer: ZEROS,
  };
  const config = isDepthwise
    ? { ...shared, depth_multiplier: out, depthwise_initializer: GLOROT }
    : { ...shared, filters: out, ...(dialect === 'keras' ? { groups } : {}), kernel_initializer: GLOROT };
  const weights = [
    weight(isDepthwise ? 'depthwise_kernel' : 'kernel', 'kernel', kernel),
    ...(layer.bias === undefined ? [] : [weight('bias', 'bias', writing.tensor('bias'))]),
  ];
  const written = activated(
    writing,
    isDepthwise ? 'DepthwiseConv2D' : 'Conv2D',
    config,
    layer.activation,
    weights,
    source,
    joins,
  );
  return { ...written, layers: [...before, ...written.layers] };
}

/** A layer with its activation in it where Keras has a name for that, else behind it. */
function activated(
  writing: Writing,
  className: string,
  config: object,
  activation: Activation,
  weights: Written['weights'],
  inputs: readonly string[],
  joins: readonly string[],
): Written {
  const { name, dialect } = writing;
  const setting = settingFor(activation, name, dialect);
  const layer = plain(className, name, inputs, { ...config, activation: setting ?? 'linear' });
  if (setting !== null) return { layers: [layer], weights, joins };
  const behind = writing.helper(`${name}_activation`);
  return { layers: [layer, activationLayer(activation, behind, [name], dialect)], weights, joins: [...joins, behind] };
}

function activationLayer(
  activation: Activation,
  name: string,
  inputs: readonly string[],
  dialect: Dialect,
): WrittenLayer {
  const { fn, alpha, max } = activation;
  if (fn === 'relu') return plain('ReLU', name, inputs, { max_value: max ?? null, negative_slope: 0, threshold: 0 });
  if (fn === 'leakyRelu') return plain('LeakyReLU', name, inputs, { alpha: alpha ?? 0.3 });
  if (fn === 'elu' && alpha !== undefined) {
    if (alpha !== 1 && dialect === 'tfjs') {
      refuseToWrite(
        'elu-alpha',
        name,
        {
          en: `Its ELU has a scale of ${alpha}; TensorFlow.js only has 1.`,
          zh: `其 ELU 的系数为 ${alpha}；TensorFlow.js 只支持 1。`,
        },
        { en: 'Export it as Keras .h5, or choose another activation.', zh: '请导出为 Keras .h5，或选择其他激活函数。' },
      );
    }
    return plain('ELU', name, inputs, { alpha });
  }
  if (fn === 'softmax') return plain('Softmax', name, inputs, { axis: -1 });
  return plain('Activation', name, inputs, { activation: settingFor(activation, name, dialect) });
}

/** The name of an activation in this dialect; null where it needs a layer of its own. */
function settingFor(activation: Activation, layer: string, dialect: Dialect): string | null {
  const setting = writeActivation(activation);
  if (setting === 'exponential' && dialect === 'tfjs') {
    refuseToWrite(
      'no-exponential',
      layer,
      {
        en: 'Its activation is the exponential, which TensorFlow.js layers do not have.',
        zh: '其激活函数为指数函数，TensorFlow.js 的层不支持。',
      },
      { en: 'Export it as Keras .h5, or choose another activation.', zh: '请导出为 Keras .h5，或选择其他激活函数。' },
    );
  }
  return setting;
}

/** 'valid' or 'same' where the pads are just that; null where they have to be written out. */
function plainPadding(
  padding: Padding,
  input: Shape,
  window: Pair,
  strides: Pair,
  dilation: Pair,
): 'valid' | 'same' | null {
  if (typeof padding === 'string') return padding;
  const size: Pair = [input[0] as number, input[1] as number];
  if (padding.every((pad) => pad === 0)) return 'valid';
  const same = resolvePads('same', size, window, strides, dilation);
  return padding.every((pad, side) => pad === same[side]) ? 'same' : null;
}

function plain(className: string, name: string, inputs: readonly string[], config: object = {}): WrittenLayer {
  return { className, name, inputs, config: { name, trainable: true, dtype: 'float32', ...config } };
}

function weight(name: string, role: TensorRole, tensor: Tensor): Written['weights'][number] {
  return { name, role, tensor, shape: tensor.shape };
}

function sides([top, bottom, left, right]: readonly [number, number, number, number]): readonly (readonly number[])[] {
  return [
    [top, bottom],
    [left, right],
  ];
}

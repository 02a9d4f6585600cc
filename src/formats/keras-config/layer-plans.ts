/**
 * What each Keras layer class becomes: the weights it must have, by Keras' names for them, and the layer or layers of
 * ours that it turns into once its inputs' shapes are known. A class that is not in the table is unsupported and is
 * reported by name; nothing in a file is ever run.
 */
import type { Activation } from '#core/model/layers';
import { own } from '#formats/json';
import { activationName, readActivation, readLeakyRelu, readRelu } from '#formats/keras-config/activations';
import { PLAIN_LAYERS } from '#formats/keras-config/plain-layers';
import type { Planner, Unsupported } from '#formats/keras-config/plan';
import type { Settings } from '#formats/keras-config/settings';
import { info } from '#formats/refuse';

const channelsLast = (s: Settings): Unsupported | null =>
  s.choice('data_format', 'channels_last', ['channels_last', 'channels_first']) === 'channels_last'
    ? null
    : { unsupported: 'data_format channels_first' };

const activationOf = (s: Settings, keras3: boolean): Activation | null =>
  readActivation(own(s.config, 'activation'), keras3);
const strangeActivation = (s: Settings): Unsupported => ({
  unsupported: `activation ${activationName(own(s.config, 'activation'))}`,
});

/** The settings that all convolutions share. */
function windowOf(s: Settings) {
  const strides = s.pair('strides', [1, 1]);
  const dilation = s.pair('dilation_rate', [1, 1]);
  if (Math.max(...strides) > 1 && Math.max(...dilation) > 1) {
    s.wrong('dilation_rate', dilation, { en: '1 where strides are above 1', zh: ' 1（步幅大于 1 时）' });
  }
  return { strides, dilation, padding: s.choice('padding', 'valid', ['valid', 'same']) } as const;
}

const conv2d: Planner = (s, keras3) => {
  const wrongLayout = channelsLast(s);
  if (wrongLayout) return wrongLayout;
  const filters = s.whole('filters', null, { min: 1 });
  const [kh, kw] = s.pair('kernel_size', null);
  const bias = s.flag('use_bias', true);
  const window = windowOf(s);
  const groups = s.whole('groups', 1, { min: 1 });
  const activation = activationOf(s, keras3);
  if (!activation) return strangeActivation(s);
  return {
    weights: [
      { name: 'kernel', shape: [kh, kw, null, filters] },
      ...(bias ? [{ name: 'bias', shape: [filters] }] : []),
    ],
    build: ({ name, inputs, shapes, tensor, shapeOf }) => {
      const channels = shapes[0]?.at(-1);
      const held = shapeOf('kernel')[2] as number;
      if (channels !== undefined && held * groups !== channels) {
        s.wrong('kernel', shapeOf('kernel'), {
          en: `a kernel for ${channels} input channels in ${groups} group(s)`,
          zh: `适合 ${channels} 个输入通道、${groups} 组的卷积核`,
        });
      }
      return [
        {
          kind: 'conv2d',
          name,
          inputs,
          kernel: tensor('kernel'),
          ...(bias ? { bias: tensor('bias') } : {}),
          ...window,
          activation,
        },
      ];
    },
  };
};

const depthwise: Planner = (s, keras3) => {
  const wrongLayout = channelsLast(s);
  if (wrongLayout) return wrongLayout;
  const [kh, kw] = s.pair('kernel_size', null);
  const multiplier = s.whole('depth_multiplier', 1, { min: 1 });
  const bias = s.flag('use_bias', true);
  const window = windowOf(s);
  const activation = activationOf(s, keras3);
  if (!activation) return strangeActivation(s);
  return {
    weights: [
      { name: 'depthwise_kernel', aliases: ['kernel'], shape: [kh, kw, null, multiplier] },
      ...(bias ? [{ name: 'bias', shape: [null] }] : []),
    ],
    build: ({ name, inputs, tensor }) => [
      {
        kind: 'depthwiseConv2d',
        name,
        inputs,
        kernel: tensor('depthwise_kernel'),
        ...(bias ? { bias: tensor('bias') } : {}),
        ...window,
        activation,
      },
    ],
  };
};

const separable: Planner = (s, keras3) => {
  const wrongLayout = channelsLast(s);
  if (wrongLayout) return wrongLayout;
  const filters = s.whole('filters', null, { min: 1 });
  const [kh, kw] = s.pair('kernel_size', null);
  const multiplier = s.whole('depth_multiplier', 1, { min: 1 });
  const bias = s.flag('use_bias', true);
  const window = windowOf(s);
  const activation = activationOf(s, keras3);
  if (!activation) return strangeActivation(s);
  return {
    weights: [
      { name: 'depthwise_kernel', shape: [kh, kw, null, multiplier] },
      { name: 'pointwise_kernel', shape: [1, 1, null, filters] },
      ...(bias ? [{ name: 'bias', shape: [filters] }] : []),
    ],
    build: ({ name, inputs, tensor }) => {
      const first = `${name}_depthwise`;
      return [
        {
          kind: 'depthwiseConv2d',
          name: first,
          inputs,
          kernel: tensor('depthwise_kernel'),
          ...window,
          activation: { fn: 'linear' },
        },
        {
          kind: 'conv2d',
          name,
          inputs: [first],
          kernel: tensor('pointwise_kernel'),
          ...(bias ? { bias: tensor('bias') } : {}),
          strides: [1, 1],
          dilation: [1, 1],
          padding: 'valid',
          activation,
        },
      ];
    },
    note: info(
      `"${s.layer}" (SeparableConv2D) became a depthwise and a pointwise convolution, which compute the same.`,
      `"${s.layer}"（SeparableConv2D）已拆成逐通道卷积和逐点卷积，计算结果相同。`,
    ),
  };
};

const dense: Planner = (s, keras3) => {
  const units = s.whole('units', null, { min: 1 });
  const bias = s.flag('use_bias', true);
  const activation = activationOf(s, keras3);
  if (!activation) return strangeActivation(s);
  return {
    weights: [{ name: 'kernel', shape: [null, units] }, ...(bias ? [{ name: 'bias', shape: [units] }] : [])],
    build: ({ name, inputs, tensor }) => [
      { kind: 'dense', name, inputs, kernel: tensor('kernel'), ...(bias ? { bias: tensor('bias') } : {}), activation },
    ],
  };
};

const batchNorm: Planner = (s) => {
  const axis = own(s.config, 'axis') ?? -1;
  const scale = s.flag('scale', true);
  const center = s.flag('center', true);
  const epsilon = s.number('epsilon', 1e-3, { min: 0 });
  const momentum = s.number('momentum', 0.99, { min: 0, max: 1 });
  return {
    weights: [
      ...(scale ? [{ name: 'gamma', shape: [null] }] : []),
      ...(center ? [{ name: 'beta', shape: [null] }] : []),
      { name: 'moving_mean', shape: [null] },
      { name: 'moving_variance', shape: [null] },
    ],
    build: ({ name, inputs, shapes, tensor }) => {
      const last = shapes[0]?.length ?? 0;
      const asked = Array.isArray(axis) && axis.length === 1 ? axis[0] : axis;
      if (asked !== -1 && asked !== last) s.wrong('axis', axis, { en: 'the last axis', zh: '最后一个轴' });
      return [
        {
          kind: 'batchNorm',
          name,
          inputs,
          epsilon,
          momentum,
          mean: tensor('moving_mean'),
          variance: tensor('moving_variance'),
          ...(scale ? { gamma: tensor('gamma') } : {}),
          ...(center ? { beta: tensor('beta') } : {}),
        },
      ];
    },
  };
};

const prelu: Planner = (s) => ({
  weights: [{ name: 'alpha', shape: [] }],
  build: ({ name, inputs, shapes, tensor, shapeOf }) => {
    const input = shapes[0] ?? [];
    const held = shapeOf('alpha');
    const perChannel =
      held.length === input.length &&
      held.every((size, i) => (i === input.length - 1 ? size === input[i] : size === 1));
    const full = held.length === input.length && held.every((size, i) => size === input[i]);
    if (!perChannel && !full)
      s.wrong('alpha', held, { en: 'one slope for each channel or each input', zh: '每个通道或每个输入一个斜率' });
    return [
      { kind: 'prelu', name, inputs, alpha: perChannel ? tensor('alpha', [input.at(-1) as number]) : tensor('alpha') },
    ];
  },
});

const activationLayer =
  (read: (s: Settings, keras3: boolean) => ReturnType<typeof readRelu>, what: (s: Settings) => string): Planner =>
  (s, keras3) => {
    const activation = read(s, keras3);
    if (!activation) return { unsupported: what(s) };
    return { weights: [], build: ({ name, inputs }) => [{ kind: 'activation', name, inputs, activation }] };
  };

export const LAYER_PLANS: ReadonlyMap<string, Planner> = new Map<string, Planner>([
  ['Conv2D', conv2d],
  ['Convolution2D', conv2d],
  ['DepthwiseConv2D', depthwise],
  ['SeparableConv2D', separable],
  ['SeparableConvolution2D', separable],
  ['Dense', dense],
  ['BatchNormalization', batchNorm],
  ['BatchNormalizationV1', batchNorm],
  ['BatchNormalizationV2', batchNorm],
  ['PReLU', prelu],
  ['Activation', activationLayer(activationOf, (s) => strangeActivation(s).unsupported)],
  [
    'ReLU',
    activationLayer(
      (s) => readRelu(s.config),
      () => 'ReLU with a threshold, or with both a slope and a maximum',
    ),
  ],
  [
    'LeakyReLU',
    activationLayer(
      (s) => readLeakyRelu(s.config),
      () => 'LeakyReLU with a slope outside 0 to 1',
    ),
  ],
  [
    'ELU',
    activationLayer(
      (s) => ({ fn: 'elu', alpha: s.number('alpha', 1, { min: 0 }) }),
      () => 'ELU',
    ),
  ],
  ...PLAIN_LAYERS,
]);

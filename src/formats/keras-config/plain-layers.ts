/** What the Keras layer classes without weights become: pooling, shapes, merging, padding, and layers that only act while training. */
import type { MergeLayer, Pads, PoolLayer } from '#core/model/layers';
import { own } from '#formats/json';
import type { LayerPlan, Planner } from '#formats/keras-config/plan';
import type { Settings } from '#formats/keras-config/settings';
import { info } from '#formats/refuse';

const FIRST = { unsupported: 'data_format channels_first' };
const isFirst = (s: Settings): boolean => own(s.config, 'data_format') === 'channels_first';
const plan = (build: LayerPlan['build'], note?: LayerPlan['note']): LayerPlan => ({
  weights: [],
  build,
  ...(note ? { note } : {}),
});

const pool =
  (kind: PoolLayer['kind']): Planner =>
  (s) => {
    if (isFirst(s)) return FIRST;
    const window = s.pair('pool_size', [2, 2]);
    const strides = s.pair('strides', window);
    const padding = s.choice('padding', 'valid', ['valid', 'same']);
    return plan(({ name, inputs }) => [{ kind, name, inputs, window, strides, padding }]);
  };

const globalPool =
  (kind: 'globalAveragePool2d' | 'globalMaxPool2d'): Planner =>
  (s) => {
    if (isFirst(s)) return FIRST;
    const keepDims = s.flag('keepdims', false);
    return plan(({ name, inputs }) => [{ kind, name, inputs, keepDims }]);
  };

const merge =
  (kind: MergeLayer['kind']): Planner =>
  () =>
    plan(({ name, inputs }) => [{ kind, name, inputs }]);

/** Layers that change their input only while training. */
const trainingOnly: Planner = (s) =>
  plan(
    () => [],
    info(
      `"${s.layer}" acts only while a model is trained and was left out.`,
      `"${s.layer}" 只在训练时起作用，已省略。`,
    ),
  );

/** [[top, bottom], [left, right]], one number, or one a direction. */
function padsOf(s: Settings, key: string, fallback: unknown): Pads {
  const value = own(s.config, key) ?? fallback;
  const rows = Array.isArray(value) ? value : [value, value];
  const flat = rows.length === 2 ? rows.flatMap((row: unknown) => (Array.isArray(row) ? row : [row, row])) : [];
  const whole = flat.every((size) => Number.isInteger(size) && (size as number) >= 0 && (size as number) <= 100_000);
  if (flat.length !== 4 || !whole)
    s.wrong(key, value, { en: 'whole numbers for top, bottom, left and right', zh: '上、下、左、右四个整数' });
  return flat as unknown as Pads;
}

export const PLAIN_LAYERS: readonly (readonly [string, Planner])[] = [
  ['MaxPooling2D', pool('maxPool2d')],
  ['MaxPool2D', pool('maxPool2d')],
  ['AveragePooling2D', pool('averagePool2d')],
  ['AvgPool2D', pool('averagePool2d')],
  ['GlobalAveragePooling2D', globalPool('globalAveragePool2d')],
  ['GlobalAvgPool2D', globalPool('globalAveragePool2d')],
  ['GlobalMaxPooling2D', globalPool('globalMaxPool2d')],
  ['GlobalMaxPool2D', globalPool('globalMaxPool2d')],
  ['Flatten', (s) => (isFirst(s) ? FIRST : plan(({ name, inputs }) => [{ kind: 'flatten', name, inputs }]))],
  [
    'Reshape',
    (s) => {
      const shape = own(s.config, 'target_shape');
      const sizes = Array.isArray(shape) ? shape : [];
      const open = sizes.filter((size) => size === -1 || size === null).length;
      if (
        sizes.length === 0 ||
        sizes.length > 8 ||
        open > 1 ||
        !sizes.every((size) => size === null || (Number.isInteger(size) && (size === -1 || size > 0)))
      ) {
        s.wrong('target_shape', shape, {
          en: 'a list of whole numbers with at most one -1',
          zh: '整数列表（最多一个 -1）',
        });
      }
      return plan(({ name, inputs }) => [
        { kind: 'reshape', name, inputs, shape: sizes.map((size) => (size === null ? -1 : (size as number))) },
      ]);
    },
  ],
  [
    'Dropout',
    (s) => {
      const rate = s.number('rate', 0.5, { min: 0, max: 1 });
      if (rate === 1) s.wrong('rate', rate, { en: 'a rate below 1', zh: '小于 1 的比率' });
      return plan(({ name, inputs }) => [{ kind: 'dropout', name, inputs, rate }]);
    },
  ],
  ...[
    'SpatialDropout1D',
    'SpatialDropout2D',
    'GaussianNoise',
    'GaussianDropout',
    'AlphaDropout',
    'ActivityRegularization',
    'RandomFlip',
    'RandomRotation',
    'RandomZoom',
    'RandomTranslation',
    'RandomContrast',
    'RandomBrightness',
  ].map((className) => [className, trainingOnly] as const),
  ['Add', merge('add')],
  ['Subtract', merge('subtract')],
  ['Multiply', merge('multiply')],
  ['Average', merge('average')],
  ['Maximum', merge('maximum')],
  ['Minimum', merge('minimum')],
  [
    'Concatenate',
    (s) => {
      const axis = s.whole('axis', -1, { min: -8, max: 8 });
      return plan(({ name, inputs, shapes }) => {
        if (axis !== -1 && axis !== shapes[0]?.length) s.wrong('axis', axis, { en: 'the last axis', zh: '最后一个轴' });
        return [{ kind: 'concat', name, inputs }];
      });
    },
  ],
  [
    'Softmax',
    (s) => {
      const axis = own(s.config, 'axis') ?? -1;
      return plan(({ name, inputs, shapes }) => {
        const asked = Array.isArray(axis) && axis.length === 1 ? axis[0] : axis;
        if (asked !== -1 && asked !== shapes[0]?.length)
          s.wrong('axis', axis, { en: 'the last axis', zh: '最后一个轴' });
        return [{ kind: 'activation', name, inputs, activation: { fn: 'softmax' } }];
      });
    },
  ],
  [
    'ZeroPadding2D',
    (s) => {
      if (isFirst(s)) return FIRST;
      const pads = padsOf(s, 'padding', 1);
      return plan(({ name, inputs }) => [{ kind: 'zeroPad2d', name, inputs, pads }]);
    },
  ],
  [
    'Cropping2D',
    (s) => {
      if (isFirst(s)) return FIRST;
      const pads = padsOf(s, 'cropping', 0);
      return plan(({ name, inputs }) => [{ kind: 'crop2d', name, inputs, pads }]);
    },
  ],
  [
    'UpSampling2D',
    (s) => {
      if (isFirst(s)) return FIRST;
      const size = s.pair('size', [2, 2]);
      const interpolation = own(s.config, 'interpolation') ?? 'nearest';
      if (interpolation !== 'nearest' && interpolation !== 'bilinear')
        return { unsupported: `interpolation ${String(interpolation).slice(0, 30)}` };
      return plan(({ name, inputs }) => [{ kind: 'upsample2d', name, inputs, size, interpolation }]);
    },
  ],
  [
    'Rescaling',
    (s) => {
      const scale = own(s.config, 'scale') ?? 1;
      const offset = own(s.config, 'offset') ?? 0;
      if (Array.isArray(scale) || Array.isArray(offset)) return { unsupported: 'a scale for each channel' };
      const settings = { scale: s.number('scale', 1), offset: s.number('offset', 0) };
      return plan(({ name, inputs }) => [{ kind: 'rescale', name, inputs, ...settings }]);
    },
  ],
  ['ActivityRegularizer', trainingOnly],
];

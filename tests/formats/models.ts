/** Small models with every kind of layer and encoding that a format may meet. */

import { createModel } from '#core/model/create';
import { mapPrunable, withActivationGrids } from '#core/model/edit';
import { DENSE, type Encoding, type GridValues } from '#core/model/encoding';
import type { Layer, LayerKind } from '#core/model/layers';
import type { Model, Tensor } from '#core/model/model';
import { filledTensor, makeTensor } from '#core/model/tensor';
import { fromHalf, toHalf } from '#core/numeric/half';
import { TEMPLATES } from '#core/templates';

/** Numbers that look random and are the same every time. */
export function numbers(count: number, seed = 1): Float32Array {
  let state = seed * 2654435761;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

function tensor(shape: readonly number[], seed: number, encoding: Encoding = DENSE): Tensor {
  return makeTensor(
    shape,
    numbers(
      shape.reduce((a, b) => a * b, 1),
      seed,
    ),
    encoding,
  );
}

export function modelOf(name: string, layers: readonly Layer[], tensors: readonly Tensor[]): Model {
  return {
    name,
    layers,
    inputs: layers.filter(({ kind }) => kind === 'input').map((layer) => layer.name),
    outputs: [(layers.at(-1) as Layer).name],
    tensors: Object.fromEntries(tensors.map((one) => [one.id, one])),
    layout: 'nhwc',
    meta: { source: 'test' },
  };
}

/** A small graph with (almost) every kind of layer; `without` leaves out what a format has no words for. */
export function everyLayer(): Model {
  const k1 = tensor([3, 3, 3, 4], 1);
  const b1 = tensor([4], 2);
  const d1 = tensor([3, 3, 4, 2], 3);
  const bn = [
    tensor([8], 4),
    tensor([8], 5),
    tensor([8], 6),
    makeTensor(
      [8],
      numbers(8, 7).map((x) => Math.abs(x) + 0.5),
    ),
  ] as const;
  const alpha = tensor([8], 8);
  const k2 = tensor([1, 1, 8, 8], 9);
  const gate = tensor([8, 8], 10);
  const last = tensor([8 * 2, 5], 11);
  const lastBias = tensor([5], 12);
  const base = { strides: [1, 1], dilation: [1, 1], activation: { fn: 'linear' } } as const;
  const layers: Layer[] = [
    { kind: 'input', name: 'image', inputs: [], shape: [9, 9, 3] },
    { kind: 'rescale', name: 'scaled', inputs: ['image'], scale: 0.5, offset: -0.25 },
    { kind: 'zeroPad2d', name: 'padded', inputs: ['scaled'], pads: [1, 0, 2, 1] },
    { kind: 'crop2d', name: 'cropped', inputs: ['padded'], pads: [0, 1, 1, 2] },
    {
      ...base,
      kind: 'conv2d',
      name: 'conv',
      inputs: ['cropped'],
      kernel: k1.id,
      bias: b1.id,
      padding: [1, 1, 0, 2],
      activation: { fn: 'leakyRelu', alpha: 0.1 },
    },
    {
      ...base,
      kind: 'depthwiseConv2d',
      name: 'depthwise',
      inputs: ['conv'],
      kernel: d1.id,
      padding: 'same',
      strides: [2, 2],
    },
    {
      kind: 'batchNorm',
      name: 'normal',
      inputs: ['depthwise'],
      gamma: bn[0].id,
      beta: bn[1].id,
      mean: bn[2].id,
      variance: bn[3].id,
      epsilon: 0.001,
      momentum: 0.9,
    },
    { kind: 'prelu', name: 'slopes', inputs: ['normal'], alpha: alpha.id },
    {
      ...base,
      kind: 'conv2d',
      name: 'point',
      inputs: ['slopes'],
      kernel: k2.id,
      padding: 'valid',
      activation: { fn: 'relu', max: 6 },
    },
    { kind: 'add', name: 'sum', inputs: ['slopes', 'point'] },
    { kind: 'globalAveragePool2d', name: 'squeeze', inputs: ['sum'], keepDims: true },
    { kind: 'dense', name: 'gate', inputs: ['squeeze'], kernel: gate.id, activation: { fn: 'sigmoid' } },
    { kind: 'multiply', name: 'gated', inputs: ['sum', 'gate'] },
    { kind: 'maximum', name: 'larger', inputs: ['gated', 'sum'] },
    { kind: 'minimum', name: 'smaller', inputs: ['larger', 'slopes'] },
    { kind: 'average', name: 'mean', inputs: ['smaller', 'gated', 'point'] },
    { kind: 'activation', name: 'swish', inputs: ['mean'], activation: { fn: 'swish' } },
    { kind: 'upsample2d', name: 'larger-image', inputs: ['swish'], size: [2, 2], interpolation: 'nearest' },
    { kind: 'maxPool2d', name: 'max', inputs: ['larger-image'], window: [3, 3], strides: [2, 2], padding: 'same' },
    { kind: 'averagePool2d', name: 'averaged', inputs: ['max'], window: [2, 2], strides: [1, 1], padding: 'valid' },
    { kind: 'globalMaxPool2d', name: 'peak', inputs: ['averaged'], keepDims: false },
    { kind: 'globalAveragePool2d', name: 'middle', inputs: ['averaged'], keepDims: false },
    { kind: 'concat', name: 'both', inputs: ['peak', 'middle'] },
    { kind: 'reshape', name: 'shaped', inputs: ['both'], shape: [4, 4] },
    { kind: 'flatten', name: 'flat', inputs: ['shaped'] },
    { kind: 'dropout', name: 'dropped', inputs: ['flat'], rate: 0.25 },
    { kind: 'activation', name: 'elu', inputs: ['dropped'], activation: { fn: 'elu' } },
    {
      kind: 'dense',
      name: 'classes',
      inputs: ['elu'],
      kernel: last.id,
      bias: lastBias.id,
      activation: { fn: 'softmax' },
    },
  ];
  return modelOf('Every layer', layers, [k1, b1, d1, ...bn, alpha, k2, gate, last, lastBias]);
}

/** The kinds in `everyLayer`, so that a new kind of layer is not forgotten. */
export const KINDS_OF_EVERY_LAYER: readonly LayerKind[] = [...new Set(everyLayer().layers.map(({ kind }) => kind))];

/** Each template on 28x28 and 8x8 images, by title. */
export function templateModels(): readonly Model[] {
  return TEMPLATES.flatMap(({ architecture }) => [
    createModel(architecture([28, 28, 1], 10), 7),
    createModel(architecture([8, 8, 1], 10), 8),
  ]);
}

/** A model whose kernels carry each encoding in turn: masked, grids of several kinds, masked grids, codebooks. */
export function encodedModel(): Model {
  const template = TEMPLATES.find(({ id }) => id === 'small-cnn');
  if (!template) throw new Error('no small-cnn');
  const model = createModel({ ...template.architecture([8, 8, 1], 10), rows: ENCODED_ROWS }, 3);
  let turn = 0;
  const tensors = mapPrunable(model, [], (_, { shape, data }) => encoded(shape, data, turn++));
  return { ...tensors, name: 'Encoded', meta: { source: 'test', classes: ['a', 'b', 'c'], dataset: 'digits' } };
}

/** The other encodings: halves, signs, a codebook for each channel, with and without masks; and rounded activations. */
export function furtherEncodedModel(): Model {
  const template = TEMPLATES.find(({ id }) => id === 'small-cnn');
  if (!template) throw new Error('no small-cnn');
  const rows = ENCODED_ROWS.slice(1);
  const model = createModel({ ...template.architecture([8, 8, 1], 10), rows }, 4);
  let turn = 0;
  const tensors = mapPrunable(model, [], (_, { shape, data }) => furtherEncoded(shape, data, turn++));
  const grids = Object.fromEntries(
    model.layers.slice(0, 4).map(({ name }, i): [string, GridValues] => [
      name,
      {
        kind: 'grid',
        bits: 8 - i,
        qMin: 0,
        qMax: 2 ** (8 - i) - 1,
        scale: Float32Array.of(0.1 + i),
        zeroPoint: Int32Array.of(i),
        axis: null,
        symmetric: false,
      },
    ]),
  );
  return { ...withActivationGrids(tensors, grids), name: 'Further encoded', meta: { source: 'test' } };
}

function furtherEncoded(shape: readonly number[], data: Float32Array, turn: number): Tensor {
  const axis = shape.length - 1;
  const channels = shape[axis] as number;
  const mask = Uint8Array.from(data, (_, i) => (i % 3 === 0 || i % channels === 1 ? 0 : 1));
  const halves = data.map((value) => fromHalf(toHalf(value)));
  const signs = (scale: Float32Array): Float32Array =>
    data.map((value, i) => (value < 0 ? -1 : 1) * (scale[i % scale.length] as number));
  // Two values for each channel, ascending; with the mask channel 1 has none.
  const pairs = Float32Array.from({ length: 2 * channels }, (_, i) => (i % 2 ? 0.2 : -0.1) * (1 + (i >> 1)));
  const paired = data.map((_, i) => pairs[2 * (i % channels) + ((i / channels) & 1)] as number);
  const cut = (values: Float32Array): Float32Array => values.map((value, i) => (mask[i] ? value : 0));
  switch (turn) {
    case 0:
      return makeTensor(shape, halves, { values: { kind: 'half' } });
    case 1:
      return makeTensor(shape, cut(halves), { mask, values: { kind: 'half' } });
    case 2: {
      const scale = Float32Array.of(0.05);
      return makeTensor(shape, signs(scale), { values: { kind: 'binary', scale, axis: null } });
    }
    case 3: {
      const scale = Float32Array.from({ length: channels }, (_, c) => 0.05 * (c + 1));
      return makeTensor(shape, signs(scale), { values: { kind: 'binary', scale, axis } });
    }
    case 4: {
      const offsets = Int32Array.from({ length: channels + 1 }, (_, c) => 2 * c);
      return makeTensor(shape, paired, { values: { kind: 'codebook', centroids: pairs, books: { axis, offsets } } });
    }
    case 5: {
      const offsets = Int32Array.from({ length: channels + 1 }, (_, c) => 2 * c - (c > 1 ? 2 : 0));
      const centroids = pairs.filter((_, i) => i >> 1 !== 1);
      return makeTensor(shape, cut(paired), {
        mask,
        values: { kind: 'codebook', centroids, books: { axis, offsets } },
      });
    }
    default:
      return makeTensor(shape, data);
  }
}

const ENCODED_ROWS = [
  ...Array.from(
    { length: 7 },
    () =>
      ({ kind: 'conv2d', filters: 4, kernel: 3, stride: 1, padding: 'same', activation: 'relu', bias: true }) as const,
  ),
  { kind: 'flatten' },
  { kind: 'dense', units: 10, activation: 'linear', bias: true },
] as const;

function encoded(shape: readonly number[], data: Float32Array, turn: number): Tensor {
  const masked = (values: Float32Array): Uint8Array =>
    Uint8Array.from(values, (value) => (Math.abs(value) > 0.1 ? 1 : 0));
  const cut = (values: Float32Array, mask: Uint8Array): Float32Array => values.map((value, i) => (mask[i] ? value : 0));
  const axis = shape.length - 1;
  const channels = shape[axis] as number;
  const grid = (bits: number, symmetric: boolean, perChannel: boolean): Tensor => {
    const qMax = symmetric ? 2 ** (bits - 1) - 1 : 2 ** bits - 1;
    const qMin = symmetric ? -qMax : 0;
    const zero = symmetric ? 0 : 2 ** (bits - 1) - 3;
    const scale = Float32Array.from({ length: perChannel ? channels : 1 }, (_, c) => (0.9 + 0.1 * c) / 2 ** bits);
    const zeroPoint = Int32Array.from(scale, () => zero);
    const values = data.map((value, i) => {
      const step = scale[perChannel ? i % channels : 0] as number;
      return step * (Math.min(qMax, Math.max(qMin, Math.round(value / step) + zero)) - zero);
    });
    return makeTensor(shape, values, {
      values: { kind: 'grid', bits, qMin, qMax, scale, zeroPoint, axis: perChannel ? axis : null, symmetric },
    });
  };
  switch (turn) {
    case 0: {
      const mask = masked(data);
      return makeTensor(shape, cut(data, mask), { mask, values: { kind: 'dense' } });
    }
    case 1:
      return grid(8, true, false);
    case 2:
      return grid(16, false, false);
    case 3:
      return grid(4, false, false);
    case 4:
      return grid(8, true, true);
    case 5: {
      const centroids = Float32Array.of(-0.5, -0.1, 0.2, 0.6);
      return makeTensor(
        shape,
        data.map((_, i) => centroids[i % 4] as number),
        { values: { kind: 'codebook', centroids } },
      );
    }
    case 6: {
      const { data: values, encoding } = grid(8, true, false);
      const mask = Uint8Array.from(values, (value) => (value !== 0 && Math.abs(value) > 0.2 ? 1 : 0));
      return makeTensor(shape, cut(values, mask), { mask, values: encoding.values });
    }
    default:
      return filledTensor(shape, 0.125);
  }
}

/** Tiny models of each structure that passes must cope with, and tiny images to train them on. */
import type { Architecture, Row } from '#core/architecture';
import { createModel } from '#core/model/create';
import type { Activation, Layer } from '#core/model/layers';
import type { Model } from '#core/model/model';
import { seededRandom } from '#core/numeric/random';
import type { Dataset } from '#engine/datasets/dataset';
import { Builder, LINEAR, PLAIN } from '../support/models';

const CLASSES = 3;
const conv = (filters: number, changes: Partial<Extract<Row, { kind: 'conv2d' }>> = {}): Row => ({
  kind: 'conv2d',
  filters,
  kernel: 3,
  stride: 1,
  padding: 'same',
  activation: 'relu',
  bias: true,
  ...changes,
});
const dense = (units: number, activation: 'relu' | 'linear' | 'prelu' = 'linear'): Row => ({
  kind: 'dense',
  units,
  activation,
  bias: true,
});

const ROWS: Readonly<Record<string, readonly Row[]>> = {
  dense: [{ kind: 'flatten' }, dense(7, 'prelu'), dense(5, 'relu'), dense(CLASSES)],
  convolution: [
    conv(4),
    { kind: 'maxPool2d', size: 2, stride: 2, padding: 'valid' },
    { kind: 'dropout', rate: 0.25 },
    { kind: 'flatten' },
    dense(6, 'relu'),
    dense(CLASSES),
  ],
  residual: [
    conv(4, { activation: 'linear', bias: false }),
    { kind: 'batchNorm' },
    { kind: 'activation', activation: 'relu' },
    conv(4, { activation: 'linear' }),
    { kind: 'batchNorm' },
    { kind: 'residualAdd', from: 3 },
    { kind: 'activation', activation: 'relu' },
    { kind: 'globalAveragePool2d' },
    dense(CLASSES),
  ],
  depthwise: [
    conv(3),
    { kind: 'depthwiseConv2d', kernel: 3, stride: 2, padding: 'same', activation: 'linear', bias: true },
    { kind: 'batchNorm' },
    { kind: 'activation', activation: 'leakyRelu' },
    conv(6, { kernel: 1 }),
    { kind: 'averagePool2d', size: 2, stride: 2, padding: 'same' },
    { kind: 'flatten' },
    dense(CLASSES),
  ],
};

/** Two residual blocks that follow each other directly. */
function chained(): Model {
  const b = new Builder(seededRandom(21));
  b.add({ kind: 'input', name: 'in', inputs: [], shape: [6, 6, 1] });
  const conv = (name: string, from: string, inner: number, activation: Activation = LINEAR): string =>
    b.add({
      kind: 'conv2d',
      name,
      inputs: [from],
      kernel: b.tensor([3, 3, inner, 3]),
      bias: b.tensor([3], 0.1),
      ...PLAIN,
      activation,
    });
  let at = conv('first', 'in', 1, RELU);
  for (const i of [1, 2]) {
    const sum = b.add({ kind: 'add', name: `add_${i}`, inputs: [conv(`conv_${i}`, at, 3), at] });
    at = b.add({ kind: 'activation', name: `relu_${i}`, inputs: [sum], activation: RELU });
  }
  b.add({ kind: 'globalAveragePool2d', name: 'pool', inputs: [at], keepDims: false });
  b.add(answering('out', 'pool', b.tensor([3, CLASSES]), b.tensor([CLASSES], 0)));
  return b.model();
}

/** A second output with layers of its own, which stand behind those of the first one. */
function exits(): Model {
  const b = new Builder(seededRandom(22));
  b.add({ kind: 'input', name: 'in', inputs: [], shape: [6, 6, 1] });
  b.add({
    kind: 'conv2d',
    name: 'trunk',
    inputs: ['in'],
    kernel: b.tensor([3, 3, 1, 4]),
    bias: b.tensor([4], 0.1),
    ...PLAIN,
    activation: RELU,
  });
  b.add({ kind: 'flatten', name: 'flat', inputs: ['trunk'] });
  b.add(answering('out', 'flat', b.tensor([144, CLASSES]), b.tensor([CLASSES], 0)));
  b.add({
    kind: 'conv2d',
    name: 'further',
    inputs: ['trunk'],
    kernel: b.tensor([3, 3, 4, 4]),
    bias: b.tensor([4], 0.1),
    ...PLAIN,
    activation: RELU,
  });
  b.add({ kind: 'flatten', name: 'flatter', inputs: ['further'] });
  b.add(answering('side', 'flatter', b.tensor([144, CLASSES]), b.tensor([CLASSES], 0)));
  return b.model(['out', 'side']);
}

const RELU = { fn: 'relu' } as const;
const answering = (name: string, from: string, kernel: string, bias: string): Layer => ({
  kind: 'dense',
  name,
  inputs: [from],
  kernel,
  bias,
  activation: LINEAR,
});

/** By name of the structure; images of 6 x 6, three classes. */
export const MODELS: Readonly<Record<string, Model>> = {
  ...Object.fromEntries(
    Object.entries(ROWS).map(([name, rows], i) => {
      const architecture: Architecture = { name, input: [6, 6, 1], classes: CLASSES, rows };
      return [name, createModel(architecture, 11 + i)];
    }),
  ),
  chained: chained(),
  exits: exits(),
};

/** Images of noise with one brighter third each, which is their class. */
export const IMAGES: Dataset = {
  id: 'thirds',
  shape: [6, 6, 1],
  classes: ['top', 'middle', 'bottom'].map((en) => ({ en, zh: en })),
  scale: 1 / 255,
  splits: { train: images(24, 1), validation: images(9, 2), test: images(9, 3) },
};

function images(count: number, seed: number): Dataset['splits']['train'] {
  const random = seededRandom(seed);
  const pixels = new Uint8Array(count * 36);
  const labels = Uint8Array.from({ length: count }, (_, i) => i % CLASSES);
  for (let i = 0; i < pixels.length; i++) {
    const bright = Math.floor((i % 36) / 12) === labels[Math.floor(i / 36)];
    pixels[i] = Math.floor(random() * 100) + (bright ? 150 : 0);
  }
  return { count, pixels, labels };
}

/**
 * The rows of the benchmark of recipes. A recipe's training is bounded by half an hour on two cores; what it took is in
 * the table. What the steps are set to was chosen on the first seed, by validation accuracy and bytes; what earlier
 * settings reached on test stays in the CSV. Changing a row's steps makes it a new one, to be run again.
 */
import type { Architecture } from '#core/architecture';
import type { RecipeStep } from '#core/recipe';
import { FOUR_BITS, narrowLenet, narrowPerceptron, SIX_THOUSAND, TINY } from './networks';
import type { Course } from './picture';
import type { Row, Stage } from './row';
import { step } from './row';
import { AUGMENTED, DENSE, distilled, FOLD, moved, plain, soft, TEACHER, trained } from './steps';
import { STUDENTS } from './students';

const shared = (clusters: number, epochs: number, values: RecipeStep['values'] = {}): Stage => ({
  name: 'shared',
  steps: [
    step('clustered-training', {
      ...moved,
      ...soft,
      clusters,
      teacher: TEACHER,
      epochs,
      learningRate: 0.0003,
      ...values,
    }),
  ],
});
/** Weights at 4 bits, trained with their grids; activations stay as they are. */
const fourBits = (epochs: number, teacher = TEACHER): Stage => ({
  name: '4 bits',
  steps: [
    step('quantization-aware-training', {
      ...moved,
      ...soft,
      teacher,
      weightBits: 4,
      activations: 'float',
      granularity: 'tensor',
      outer: 'same',
      after: 'distil',
      epochs,
      learningRate: 0.0005,
    }),
  ],
});
const packed = (bits: number): Stage => ({ name: 'packed', steps: [step('bias-quantization', { bits })] });
const pruned = (sparsity: number, epochs: number, values: RecipeStep['values'] = {}): Stage => ({
  name: 'pruned',
  steps: [step('gradual-pruning', { ...moved, ...soft, sparsity, epochs, learningRate: 0.002, part: 0.6, ...values })],
});

/** LeNet-5 with fewer channels: kept shares of its two convolutions and its dense layer. */
const narrow = (kept: readonly [number, number, number]): Stage => ({
  name: 'narrow',
  steps: [
    ...(['conv2d_1', 'conv2d_2', 'dense_1'] as const).map((layer, i) =>
      step('channel-pruning', { kept: kept[i] as number, scope: 'layer', layers: [layer] }),
    ),
    distilled(12, { learningRate: 0.002 }),
  ],
});
/** 10 and 24 channels and 90 neurons: a tenth of the parameters and a third of the MACs. */
const A_TENTH = [0.5, 0.48, 0.18] as const;

const structured = (name: string, title: string, kept: readonly [number, number, number], loss: number): Row => ({
  name,
  title,
  dataset: 'mnist',
  network: 'lenet-5',
  seeds: 3,
  stages: [DENSE, narrow(kept)],
  scratch: {
    network: narrowLenet(Math.round(20 * kept[0]), Math.round(50 * kept[1]), Math.round(500 * kept[2])),
    steps: [trained(18)],
  },
  target: { loss },
  note: `${AUGMENTED} From scratch: a network of the same widths, as long.`,
});

/** What Han 2015 left out of LeNet-5, layer by layer: in all 92 %. */
const CUT = { conv2d_1: 0.34, conv2d_2: 0.88, dense_1: 0.92, dense_2: 0.81 };
/** A round of Han's: this part of it is gone, and what is left is trained. */
const cut = (part: number, epochs: number): readonly RecipeStep[] => [
  ...Object.entries(CUT).map(([layer, share]) =>
    step('magnitude-pruning', { sparsity: share * part, scope: 'layer', layers: [layer] }),
  ),
  step('fine-tuning', { epochs, learningRate: 0.0005, batchSize: 64 }),
];

const DEEP_COMPRESSION: Row = {
  name: 'deep-compression',
  title: 'LeNet-5, the chain of Deep Compression (Han 2016)',
  dataset: 'mnist',
  network: 'lenet-5',
  seeds: 3,
  stages: [
    { name: 'dense', steps: [plain(10)], paper: '1,720 kB at 0.80 %' },
    {
      name: 'pruned',
      steps: [...cut(0.6, 2), ...cut(0.85, 3), ...cut(1, 5)],
      streams: 'fixed',
      paper: '12x fewer parameters',
    },
    {
      name: 'shared',
      steps: [
        step('weight-sharing', { clusters: 256, layers: ['conv2d_1', 'conv2d_2'] }),
        step('weight-sharing', { clusters: 32, layers: ['dense_1', 'dense_2'] }),
        step('fine-tuning', { epochs: 2, learningRate: 0.0002, batchSize: 64 }),
      ],
      streams: 'fixed',
      paper: '33x smaller',
    },
    { name: 'Huffman', steps: [], streams: 'huffman', paper: '39x smaller at 0.74 %' },
    { name: 'all our coders', steps: [] },
  ],
  scratch: { network: narrowLenet(9, 22, 87), steps: [plain(22)] },
  note: 'No augmentation, as in the paper: 256 shared values in convolutions, 32 in dense layers, indices of 8 and 5 bits. Bytes are those of the whole file, biases at 32 bits included. From scratch: a narrower LeNet-5 with as many weights as are left, 36,797, as long.',
};

/** LeNet-5 in few bytes: narrowed, then pruned. `scratch` has as many weights as are left. */
const small = (
  name: string,
  title: string,
  { sparsity, biasBits, bytes }: { readonly sparsity: number; readonly biasBits: number; readonly bytes: number },
  scratch: Architecture,
  left: string,
): Row => ({
  name,
  title,
  dataset: 'mnist',
  network: 'lenet-5',
  seeds: 3,
  stages: [DENSE, narrow(A_TENTH), pruned(sparsity, 20), fourBits(10), packed(biasBits)],
  scratch: { network: scratch, steps: [trained(48, 0.003), FOLD] },
  target: { bytes, error: 0.008 },
  note: `${AUGMENTED} Channels and neurons go first, then single weights: where fewer could be, it takes fewer bits to say which are. The record (MIRACLE, 2019) is 3,030 bytes at 0.69 %. From scratch: a small network with as many weights as are left, ${left}, at float32, as long.`,
});
const LENET_5_SMALL = small(
  'lenet-5-small',
  'LeNet-5, small',
  { sparsity: 0.85, biasBits: 6, bytes: 6000 },
  SIX_THOUSAND,
  '6,501',
);

const TINY_ROW: Row = {
  name: 'tiny',
  title: 'Any architecture: 4,720 parameters',
  dataset: 'mnist',
  network: FOUR_BITS,
  seeds: 3,
  stages: [{ name: 'distilled', steps: [distilled(40, { learningRate: 0.003 }), FOLD] }, fourBits(15), packed(6)],
  scratch: { network: FOUR_BITS, steps: [trained(50, 0.003), FOLD] },
  target: { bytes: 2500, error: 0.01 },
  note: `${AUGMENTED} The teacher is the dense LeNet-5. From scratch: the same network without a teacher, 50 epochs.`,
};

/** LeNet-5 with weights and activations of so many bits. */
const bits = (
  weightBits: number,
  epochs: number,
  loss: number,
  paper: string,
  widths: readonly [number, number, number],
  granularity: 'tensor' | 'channel' = 'tensor',
  learningRate = 0.0005,
): Row => ({
  name: `bits-${weightBits}`,
  title: `LeNet-5, ${weightBits} bits for weights and ${weightBits} for activations`,
  dataset: 'mnist',
  network: 'lenet-5',
  seeds: 3,
  stages: [
    DENSE,
    {
      name: `${weightBits}/${weightBits}`,
      paper,
      steps: [
        step('quantization-aware-training', {
          ...moved,
          ...soft,
          weightBits,
          activationBits: weightBits,
          granularity,
          outer: 'same',
          after: 'distil',
          epochs,
          learningRate,
        }),
      ],
    },
  ],
  scratch: { network: narrowLenet(...widths), steps: [trained(6 + epochs)] },
  target: { loss },
  note: `${AUGMENTED} Learned steps, one grid of weights a ${granularity}, all layers alike; the image has 8 bits. Papers' figures: Relaxed Quantization (Louizos 2019), float 0.64 %. From scratch: a narrower LeNet-5 whose float32 file is as large, as long.`,
});

/** So many epochs from scratch; as fine-tuning takes 50 at most, more of them in two halves. */
const asLong = (epochs: number): readonly RecipeStep[] =>
  epochs > 50 ? [trained(epochs / 2), trained(epochs / 2)] : [trained(epochs)];

const lenet300 = (
  name: string,
  sparsity: number,
  bytes: number,
  error: number,
  widths: readonly [number, number],
  epochs = 15,
  values: RecipeStep['values'] = {},
): Row => ({
  name,
  title: `LeNet-300-100, at most ${bytes.toLocaleString('en')} bytes`,
  dataset: 'mnist',
  network: 'lenet-300-100',
  seeds: 3,
  stages: [
    { name: 'dense', steps: [distilled(15)] },
    pruned(sparsity, epochs, values),
    shared(8, 5, values),
    packed(6),
  ],
  scratch: { network: narrowPerceptron(...widths), steps: asLong(20 + epochs) },
  target: { bytes, error },
  note: `${AUGMENTED} The teacher is the dense LeNet-5; Deep Compression: 27 kB at 1.58 %. From scratch: two layers of ${widths[0]} and ${widths[1]}, with as many weights as are left, as long.`,
});

/** As the row on MNIST, but that the dense LeNet-5 there teaches it less than labels do (86.7 against 89.7 % of validation). */
const TINY_ON_FASHION: Row = {
  ...TINY_ROW,
  stages: [{ name: 'trained', steps: [trained(40, 0.003), FOLD] }, fourBits(15, 'tiny-fashion/trained'), packed(6)],
  note: `${AUGMENTED} The network learns from labels, as LeNet-5 teaches it less here; with 4 bits it is its own teacher. From scratch: the same network at float32, 50 epochs.`,
};

/** The same row on Fashion-MNIST. */
const fashion = (row: Row): Row => {
  const steps = (list: readonly RecipeStep[]): readonly RecipeStep[] =>
    list.map((one) =>
      one.values['teacher'] === TEACHER
        ? { ...one, values: { ...one.values, teacher: 'lenet-5-small-fashion/dense' } }
        : one,
    );
  const { target: _target, ...rest } = row;
  return {
    ...rest,
    name: `${row.name}-fashion`,
    title: `${row.title}, on Fashion-MNIST`,
    dataset: 'fashion-mnist',
    stages: row.stages.map(({ paper: _paper, ...stage }) => ({ ...stage, steps: steps(stage.steps) })),
    ...(row.scratch ? { scratch: { ...row.scratch, steps: steps(row.scratch.steps) } } : {}),
    note: row.note.replace(/ The record.*?%\.| Deep Compression: .*%\./, ''),
  };
};

export const ROWS: readonly Row[] = [
  LENET_5_SMALL,
  DEEP_COMPRESSION,
  small('lenet-5-smallest', 'LeNet-5, smallest', { sparsity: 0.903, biasBits: 5, bytes: 4000 }, TINY, '4,150'),
  TINY_ROW,
  lenet300('lenet-300-100', 0.972, 10_000, 0.016, [9, 40]),
  lenet300('lenet-300-100-small', 0.9836, 5500, 0.02, [5, 46], 50, { shift: 1 }),
  bits(8, 2, 0.001, '0.55 %', [16, 36, 120]),
  bits(4, 4, 0.001, '0.61 %', [12, 30, 97]),
  bits(2, 10, 0.0025, '0.63 %', [8, 20, 72], 'channel', 0.001),
  structured('structured-10', 'LeNet-5, a tenth of the parameters and a third of the MACs', A_TENTH, 0.002),
  structured(
    'structured-20',
    'LeNet-5, a twentieth of the parameters and a sixth of the MACs',
    [0.3, 0.32, 0.13],
    0.003,
  ),
  ...STUDENTS,
  ...[DEEP_COMPRESSION, LENET_5_SMALL, TINY_ON_FASHION].map(fashion),
];

/** Rows that the drawing shows. */
export const DRAWN: readonly Row[] = ROWS.filter(
  ({ dataset, network }) => dataset === 'mnist' && (typeof network !== 'string' || network.startsWith('lenet')),
).filter(({ target, name }) => target !== undefined || name === DEEP_COMPRESSION.name);
/** What others report on MNIST, for the drawing. */
export const PAPERS: readonly Course[] = [
  { title: 'Deep Compression, LeNet-5 (Han 2016)', points: [{ bytes: 44_000, error: 0.74 }], isPaper: true },
  { title: 'MIRACLE, LeNet-5 (Havasi 2019)', points: [{ bytes: 3030, error: 0.69 }], isPaper: true },
  { title: 'Deep Compression, LeNet-300-100', points: [{ bytes: 27_000, error: 1.58 }], isPaper: true },
];

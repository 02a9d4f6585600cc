/** The rows of the benchmark of recipes. */
import type { Architecture } from '#core/architecture';
import type { Row, Stage } from './row';
import { step } from './row';

/** As the papers trained: no augmentation. */
const plain = (epochs: number) => step('fine-tuning', { epochs, learningRate: 0.001, batchSize: 64 });
/** Images are moved by up to 2 pixels. */
const moved = { learningRate: 0.001, batchSize: 64, shift: 2 };
/** From a teacher's answers, softened at 4, and a little from the labels. */
const soft = { temperature: 4, softWeight: 0.9 };

const DENSE: Stage = { name: 'dense', steps: [step('fine-tuning', { ...moved, epochs: 6 })] };
/** The teacher of other rows: the dense stage of this one. */
const TEACHER = 'lenet-5-small/dense';

const conv = (filters: number, kernel: number) =>
  ({ kind: 'conv2d', filters, kernel, stride: 1, padding: 'valid', activation: 'relu', bias: true }) as const;
const pool = { kind: 'maxPool2d', size: 2, stride: 2, padding: 'valid' } as const;
const dense = (units: number) => ({ kind: 'dense', units, activation: 'linear', bias: true }) as const;
const network = (name: string, rows: Architecture['rows']): Architecture => ({
  name,
  input: [28, 28, 1],
  classes: 10,
  rows,
});

/** 4,150 parameters. */
const TINY = network('Tiny CNN', [conv(8, 3), pool, conv(12, 3), pool, conv(16, 3), { kind: 'flatten' }, dense(10)]);

export const ROWS: readonly Row[] = [
  {
    name: 'deep-compression',
    title: 'LeNet-5, the chain of Deep Compression (Han 2016)',
    dataset: 'mnist',
    network: 'lenet-5',
    seeds: 3,
    stages: [
      { name: 'dense', steps: [plain(10)], paper: '1,720 kB at 0.80 %' },
      {
        name: 'pruned',
        steps: [
          step('gradual-pruning', {
            sparsity: 0.92,
            importance: 'magnitude',
            scope: 'layer',
            schedule: 'iterative',
            distil: false,
            epochs: 8,
            learningRate: 0.0005,
            batchSize: 64,
          }),
        ],
        streams: 'fixed',
        paper: '12x',
      },
      {
        name: 'shared',
        steps: [
          step('weight-sharing', { clusters: 256, layers: ['conv2d_1', 'conv2d_2'] }),
          step('weight-sharing', { clusters: 32, layers: ['dense_1', 'dense_2'] }),
          step('fine-tuning', { epochs: 2, learningRate: 0.0002, batchSize: 64 }),
        ],
        streams: 'fixed',
        paper: '33x',
      },
      { name: 'Huffman', steps: [], streams: 'huffman', paper: '39x at 0.74 %' },
      { name: 'all our coders', steps: [] },
    ],
    note: 'No augmentation, as in the paper: 256 shared values in convolutions, 32 in dense layers, indices of 8 and 5 bits. Bytes are those of the whole file, biases at 32 bits included.',
  },
  {
    name: 'lenet-5-small',
    title: 'LeNet-5, our smallest',
    dataset: 'mnist',
    network: 'lenet-5',
    seeds: 3,
    stages: [
      DENSE,
      { name: 'pruned', steps: [step('gradual-pruning', { ...moved, ...soft, sparsity: 0.991, epochs: 9 })] },
      {
        name: 'shared',
        steps: [
          step('clustered-training', {
            ...moved,
            ...soft,
            clusters: 8,
            teacher: TEACHER,
            epochs: 3,
            learningRate: 0.0005,
          }),
        ],
      },
      { name: 'packed', steps: [step('half-precision', {})] },
    ],
    target: { bytes: 6000, error: 0.008 },
    note: 'With shifts of up to 2 pixels, which the papers did not use.',
  },
  {
    name: 'tiny',
    title: 'Any architecture: 4,150 parameters',
    dataset: 'mnist',
    network: TINY,
    seeds: 3,
    stages: [
      {
        name: 'distilled',
        steps: [
          step('distillation', {
            ...moved,
            ...soft,
            teacher: TEACHER,
            student: 'same',
            epochs: 20,
            learningRate: 0.003,
          }),
        ],
      },
      {
        name: 'shared',
        steps: [
          step('clustered-training', {
            ...moved,
            ...soft,
            clusters: 12,
            teacher: TEACHER,
            epochs: 8,
            learningRate: 0.001,
          }),
        ],
      },
      { name: 'packed', steps: [step('half-precision', {})] },
    ],
    target: { bytes: 2500, error: 0.01 },
    note: 'With shifts of up to 2 pixels; the teacher is the dense LeNet-5.',
  },
];

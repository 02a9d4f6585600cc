/** Rows of students: with few labels, with hints, with a large network's answers, and without ever seeing a class. */
import { THIN, TWO_OF_800 } from './networks';
import type { Row } from './row';
import { step } from './row';
import { AUGMENTED, distilled, moved, plain, soft, TEACHER, trained } from './steps';

const FEW = { ...moved, labelled: 1000, learningRate: 0.002 };

export const STUDENTS: readonly Row[] = [
  {
    name: 'labels-1000-alone',
    title: 'From 1,000 labels: the small CNN alone',
    dataset: 'mnist',
    network: 'small-cnn',
    seeds: 3,
    stages: [
      {
        name: 'alone',
        steps: [step('distillation', { ...FEW, batchSize: 16, softWeight: 0, student: 'same', epochs: 50 })],
      },
    ],
    note: `${AUGMENTED} 50 epochs over the 1,000 images, batches of 16.`,
  },
  {
    name: 'labels-1000',
    title: 'From 1,000 labels: the small CNN, with LeNet-5’s answers on images without labels',
    dataset: 'mnist',
    network: 'small-cnn',
    seeds: 3,
    stages: [
      {
        name: 'distilled',
        steps: [
          step('distillation', { ...FEW, ...soft, teacher: TEACHER, student: 'same', transfer: 'all', epochs: 10 }),
        ],
      },
    ],
    against: 'labels-1000-alone/alone',
    note: `${AUGMENTED} The loss is counted from the student alone. The teacher itself has learned from all 50,000 labels.`,
  },
  {
    name: 'thin-alone',
    title: 'FitNets’ size, 29 k parameters: alone',
    dataset: 'mnist',
    network: THIN,
    seeds: 3,
    stages: [
      {
        name: 'alone',
        steps: [step('fine-tuning', { epochs: 20, learningRate: 0.002, batchSize: 64 })],
        paper: '1.9 %',
      },
    ],
    note: 'No augmentation.',
  },
  {
    name: 'thin-hints',
    title: 'FitNets’ size, 29 k parameters: with LeNet-5’s hints and answers',
    dataset: 'mnist',
    network: THIN,
    seeds: 3,
    stages: [
      {
        name: 'hints',
        steps: [
          step('distillation', {
            ...soft,
            teacher: TEACHER,
            student: 'same',
            lesson: 'hints',
            epochs: 17,
            hintEpochs: 3,
            learningRate: 0.002,
            batchSize: 64,
          }),
        ],
        paper: '0.51 %',
      },
    ],
    against: 'thin-alone/alone',
    note: 'The student sees no moved images; its teacher did.',
  },
  {
    name: 'mlp-alone',
    title: 'Hinton’s student, two layers of 800: alone',
    dataset: 'mnist',
    network: TWO_OF_800,
    seeds: 3,
    stages: [{ name: 'alone', steps: [plain(12)], paper: '146 errors' }],
    note: 'No augmentation, no dropout.',
  },
  {
    name: 'mlp-distilled',
    title: 'Hinton’s student, two layers of 800: with LeNet-5’s answers',
    dataset: 'mnist',
    network: TWO_OF_800,
    seeds: 3,
    stages: [
      {
        name: 'distilled',
        steps: [
          step('distillation', {
            teacher: TEACHER,
            student: 'same',
            temperature: 20,
            softWeight: 0.9,
            epochs: 12,
            learningRate: 0.001,
            batchSize: 64,
          }),
        ],
        paper: '74 errors',
      },
    ],
    against: 'mlp-alone/alone',
    note: 'The student sees no moved images; its teacher, the dense LeNet-5, did. Hinton’s teacher had two layers of 1,200.',
  },
  {
    name: 'no-threes',
    title: 'A student that never saw a three (Hinton 2015)',
    dataset: 'mnist',
    network: 'small-cnn',
    seeds: 3,
    only: 3,
    stages: [
      {
        name: 'distilled',
        steps: [distilled(20, { temperature: 20, softWeight: 1, without: 3, raiseBias: true, learningRate: 0.002 })],
        paper: '98.6 % of threes right',
      },
    ],
    scratch: { network: 'small-cnn', steps: [trained(20, 0.002)] },
    note: `${AUGMENTED} Threes are left out of the images on which LeNet-5 answers; the bias of the three is chosen on validation. From scratch: the same network with all labels and all threes, as long.`,
  },
];

/**
 * The parameters of a training run and the objective they make, for the passes that train. Not the Train tab's settings: a
 * pass trains a model that knows something already, so its learning rates are smaller.
 */
import type { Model } from '#core/model/model';
import { ADAM, type LossTerm, type Objective, type Optimizer } from '#core/objective';
import type { ChoiceParam, NumberParam } from '#core/params';

export function epochsParam(epochs: number): NumberParam {
  return {
    kind: 'number',
    min: 1,
    max: 50,
    step: 1,
    default: epochs,
    unit: 'epochs',
    control: 'field',
    label: { en: 'Epochs', zh: '轮数' },
    help: { en: 'How many times every training image is seen.', zh: '每张训练图像被看多少遍。' },
  };
}

export function learningRateParam(rate: number): NumberParam {
  return {
    kind: 'number',
    min: 1e-6,
    max: 1,
    step: 1e-6,
    default: rate,
    control: 'field',
    scale: 'log',
    label: { en: 'Learning rate', zh: '学习率' },
    help: { en: 'How far each step moves the weights.', zh: '每一步把权重移动多远。' },
  };
}

export const BATCH_SIZE: NumberParam = {
  kind: 'number',
  min: 1,
  max: 1024,
  step: 1,
  default: 32,
  unit: 'images',
  control: 'field',
  scale: 'log',
  label: { en: 'Batch size', zh: '批大小' },
  help: { en: 'How many images each step looks at.', zh: '每一步看多少张图像。' },
};

export const OPTIMIZER: ChoiceParam<'adam' | 'momentum' | 'sgd'> = {
  kind: 'choice',
  default: 'adam',
  label: { en: 'Optimizer', zh: '优化器' },
  options: [
    { value: 'adam', label: { en: 'Adam', zh: 'Adam' } },
    { value: 'momentum', label: { en: 'Momentum', zh: '动量（Momentum）' } },
    { value: 'sgd', label: { en: 'SGD', zh: '随机梯度下降（SGD）' } },
  ],
};

const OPTIMIZERS: Readonly<Record<'adam' | 'momentum' | 'sgd', Optimizer>> = {
  adam: ADAM,
  momentum: { kind: 'momentum', momentum: 0.9 },
  sgd: { kind: 'sgd' },
};

export interface TrainingValues {
  readonly epochs: number;
  readonly learningRate: number;
  readonly batchSize: number;
  readonly optimizer: 'adam' | 'momentum' | 'sgd';
}

/** The objective of a pass: the learning rate falls to 0 along a cosine, no penalties. `random` gives its seed. */
export function objectiveOf(
  model: Model,
  loss: readonly LossTerm[],
  values: TrainingValues,
  random: () => number,
): Objective {
  return {
    model,
    loss,
    optimizer: OPTIMIZERS[values.optimizer],
    learningRate: values.learningRate,
    schedule: { kind: 'cosine' },
    epochs: values.epochs,
    batchSize: values.batchSize,
    seed: Math.floor(random() * 2 ** 31),
    l1: 0,
    l2: 0,
  };
}

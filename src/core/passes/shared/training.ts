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
    help: { en: 'How many times every training image is seen.', zh: '每张训练图片被看多少遍。' },
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
  help: { en: 'How many images each step looks at.', zh: '每一步看多少张图片。' },
};

export const OPTIMIZER: ChoiceParam<'adam' | 'momentum' | 'sgd'> = {
  kind: 'choice',
  default: 'adam',
  advanced: true,
  label: { en: 'Optimizer', zh: '优化器' },
  options: [
    { value: 'adam', label: { en: 'Adam', zh: 'Adam' } },
    { value: 'momentum', label: { en: 'Momentum', zh: '动量（Momentum）' } },
    { value: 'sgd', label: { en: 'SGD', zh: '随机梯度下降（SGD）' } },
  ],
};

/** Augmentation: 0 leaves the images as they are. */
export const SHIFT: NumberParam = {
  kind: 'number',
  min: 0,
  max: 4,
  step: 1,
  default: 0,
  control: 'field',
  advanced: true,
  label: { en: 'Augment by shifts', zh: '平移增强' },
  help: {
    en: 'Each time an image is seen it is moved by up to this many pixels in each direction, so that the network cannot learn it by heart. 0: never moved.',
    zh: '每次看到一张图片时，把它在各方向上随机移动至多这么多像素，使网络无法死记硬背。0 表示不移动。',
  },
};

export const LABEL_SMOOTHING: NumberParam = {
  kind: 'number',
  min: 0,
  max: 0.5,
  step: 0.01,
  default: 0,
  unit: 'percent',
  advanced: true,
  label: { en: 'Label smoothing', zh: '标签平滑' },
  help: {
    en: 'This share of each label is spread evenly over all classes, so that the network is not taught to be certain.',
    zh: '把每个标签的这一部分平均分给所有类别，让网络不被训练得过分自信。',
  },
};

export const GROUP_LASSO: NumberParam = {
  kind: 'number',
  min: 0,
  max: 0.01,
  step: 0.00001,
  default: 0,
  control: 'field',
  advanced: true,
  label: { en: 'Group lasso', zh: '组稀疏（Group lasso）' },
  help: {
    en: 'Pulls whole channels towards zero, so that channel pruning afterwards finds some that do nothing. 0.0001 is a mild pull; 0 is none.',
    zh: '把整个通道的权重一起拉向零，使之后的通道剪枝能找到不起作用的通道。0.0001 较温和；0 表示不用。',
  },
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
  /** Pixels; see SHIFT. */
  readonly shift?: number;
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
    ...(values.shift ? { augment: { shift: values.shift } } : {}),
  };
}

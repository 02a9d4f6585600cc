/**
 * Fine-tuning: some more training of a model that was made smaller.
 *
 * It helps because pruning, quantization and sharing move weights without looking at the task, and a little training lets the other weights
 * make up for it. It costs the time of the training. What earlier passes achieved stays: pruned weights get no gradient and stay zero, weights
 * on a grid train behind straight-through rounding and stay on it, shared weights move together (the gradients of a cluster are summed). The learning rate falls along a cosine.
 * Papers: Han et al. 2015; straight-through: Bengio, Leonard, Courville 2013; shared weights: Han, Mao, Dally 2016.
 */
import { lines } from '#core/formula';
import type { Words } from '#core/params';
import { definePass } from '#core/pass';
import { LABEL_FORMULA } from '#core/passes/shared/settling';
import {
  BATCH_SIZE,
  epochsParam,
  GROUP_LASSO,
  LABEL_SMOOTHING,
  learningRateParam,
  OPTIMIZER,
  objectiveOf,
  SHIFT,
  type TrainingValues,
} from '#core/passes/shared/training';
import { tidy } from '#core/passes/shared/words';

const DESCENT: Readonly<Record<TrainingValues['optimizer'], string>> = {
  adam: 'g = ∂L/∂w,   m ← 0.9 m + 0.1 g,   v ← 0.999 v + 0.001 g²\nw ← w − η r m / (√v + ε),   r = √(1 − 0.999ⁱ) / (1 − 0.9ⁱ),   i = 1, 2, …',
  momentum: 'g = ∂L/∂w,   v ← 0.9 v + g,   w ← w − η v',
  sgd: 'w ← w − η ∂L/∂w',
};

function smoothed(share: number): Words {
  const loss = 'L = −Σₖ pₖ log softmax(z)ₖ';
  const target = `pₖ = ${tidy(1 - share)} · [k = y] + ${tidy(share)} / K`;
  return { en: `${loss}, ${target}, y: the label`, zh: `${loss}，${target}，y 为标签` };
}

function pulled(strength: string): Words {
  const sum = `L ← L + ${strength} · Σₒ √nₒ · ‖wₒ‖₂`;
  return { en: `${sum} over the output channels o, nₒ: weights of each`, zh: `${sum}，o 取遍输出通道，nₒ 为其权重数` };
}

export const fineTuning = definePass({
  id: 'fine-tuning',
  family: 'training',
  words: {
    title: { en: 'Fine-tuning', zh: '微调' },
    help: {
      en: 'Trains the model a little more, so that it wins back the accuracy that pruning, quantization or sharing cost. What they achieved is kept.',
      zh: '让模型再训练一会儿，找回剪枝、量化或共享损失的准确率，同时保留它们的成果。',
    },
    cost: {
      en: 'The time of the training. The size stays as it is.',
      zh: '需要训练的时间。大小不变。',
    },
    pays: {
      en: 'It pays after every step that cost accuracy; the deeper the cut, the more it wins back.',
      zh: '凡是损失了准确率的步骤之后都值得做；压缩得越狠，它找回的越多。',
    },
    paper: 'Han, Pool, Tran, Dally 2015, Learning both Weights and Connections for Efficient Neural Networks',
  },
  params: {
    epochs: epochsParam(5),
    learningRate: learningRateParam(0.002),
    batchSize: BATCH_SIZE,
    optimizer: OPTIMIZER,
    shift: SHIFT,
    labelSmoothing: LABEL_SMOOTHING,
    groupLasso: GROUP_LASSO,
  },
  formula: ({ learningRate, labelSmoothing, groupLasso, optimizer }) =>
    lines(
      labelSmoothing > 0 ? smoothed(labelSmoothing) : LABEL_FORMULA,
      ...(groupLasso > 0 ? [pulled(tidy(groupLasso))] : []),
      DESCENT[optimizer],
      {
        en: `η = ${tidy(learningRate)} · (1 + cos πt) / 2, t: share of the run done; pruned w stay 0`,
        zh: `η = ${tidy(learningRate)} · (1 + cos πt) / 2，t 为训练进度；被剪掉的 w 保持为 0`,
      },
      {
        en: '∂L/∂c = Σ ∂L/∂w over the weights that share the value c',
        zh: '∂L/∂c = Σ ∂L/∂w，对共享取值 c 的权重求和',
      },
    ),
  needs: ['weights', 'knownGraph', 'data', 'training'],
  effects: { masks: 'keeps', grids: 'keeps', codebooks: 'keeps', shapes: 'keeps' },
  preview: 'structure',

  async sketch(model) {
    return model;
  },

  async apply(model, values, context) {
    const { labelSmoothing, groupLasso } = values;
    const loss = [{ kind: 'crossEntropy', weight: 1, ...(labelSmoothing > 0 ? { labelSmoothing } : {}) }] as const;
    const objective = objectiveOf(model, loss, values, context.random);
    const trained = await context.train(groupLasso > 0 ? { ...objective, groupLasso } : objective);
    return { model: trained, report: { notes: [] } };
  },
});

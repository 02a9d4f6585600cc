/**
 * Fine-tuning: some more training of a model that was made smaller.
 *
 * It helps because pruning, quantization and sharing move weights without looking at the task, and a little training lets the other weights
 * make up for it. It costs the time of the training. What earlier passes achieved stays: pruned weights get no gradient and stay zero, weights
 * on a grid train behind straight-through rounding and stay on it, shared weights move together (the gradients of a cluster are summed). The learning rate falls along a cosine.
 * Papers: Han et al. 2015; straight-through: Bengio, Leonard, Courville 2013; shared weights: Han, Mao, Dally 2016.
 */
import { definePass } from '#core/pass';
import {
  BATCH_SIZE,
  epochsParam,
  GROUP_LASSO,
  LABEL_SMOOTHING,
  learningRateParam,
  OPTIMIZER,
  objectiveOf,
  SHIFT,
} from '#core/passes/shared/training';
import { tidy } from '#core/passes/shared/words';

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
  formula: ({ learningRate, labelSmoothing, groupLasso }) =>
    [
      labelSmoothing > 0
        ? `L = −Σ yₖ log softmax(z)ₖ, yₖ = ${tidy(1 - labelSmoothing)} · [k = label] + ${tidy(labelSmoothing)} / K`
        : 'L = −log softmax(z)[label]',
      ...(groupLasso > 0 ? [`L ← L + ${tidy(groupLasso)} · Σ √|g| · ‖w_g‖₂, g: output channels`] : []),
      `w ← w − η ∂L/∂w where w is not pruned, η from ${tidy(learningRate)} to 0`,
      'a shared value: ∂L/∂c = Σ ∂L/∂w over its weights',
    ].join('\n'),
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

/**
 * Taylor pruning: the weights whose loss would be least felt by the loss itself go first. The gradient says how fast the loss
 * changes with a weight, so gradient times weight says, to first order, how much it changes when the weight becomes 0.
 *
 * It helps because it asks what training asks: how right the answers are. It costs forward and backward over some images, and
 * is at its best while the network still has something to learn: in a network that fits its training images perfectly gradients say little.
 *
 * Importance: |g w| averaged over batches, g the gradient of the mean cross-entropy of a batch.
 * Papers: Mozer, Smolensky 1989, "Skeletonization"; Molchanov et al. 2017, "Pruning Convolutional Neural Networks for Resource Efficient Inference".
 */
import type { Model } from '#core/model/model';
import { definePass, type PassContext } from '#core/pass';
import { CALIBRATION_IMAGES, rankByScores, showImages } from '#core/passes/shared/importance';
import { pruneRanked, pruningFormula, type Ranked, SPARSITY, SPREAD_SCOPE } from '#core/passes/shared/ranked-pruning';
import { LAYERS, type Selected, selectRunning } from '#core/passes/shared/selection';

/** Images in a batch, whose gradient is one of those averaged. */
const BATCH = 16;

export const TAYLOR_SCORE = 's = mean |g · w|, g = ∂L/∂w';

export const taylorPruning = definePass({
  id: 'taylor-pruning',
  family: 'pruning',
  words: {
    title: { en: 'Taylor pruning (by gradient)', zh: '泰勒剪枝（按梯度）' },
    help: {
      en: 'Estimates from the gradient how much the error would grow without each weight, and sets those to zero that would be missed least.',
      zh: '用梯度估计去掉每个权重后误差会增加多少，把影响最小的变成零。',
    },
    cost: {
      en: 'Forward and backward over some training images, a second or two for a small network. Zeros are still multiplied, so the file shrinks, not the arithmetic.',
      zh: '在一些训练图片上前向和反向计算一次，小网络只要一两秒。零仍然参与乘法，因此变小的是文件而不是计算量。',
    },
    pays: {
      en: 'It pays when layers differ much in scale, and above all between rounds of training.',
      zh: '当各层权重的尺度差别很大时值得用，在多轮训练之间尤其如此。',
    },
    paper:
      'Molchanov, Tyree, Karras, Aila, Kautz 2017, Pruning Convolutional Neural Networks for Resource Efficient Inference',
  },
  params: { sparsity: SPARSITY, images: CALIBRATION_IMAGES, scope: SPREAD_SCOPE, layers: LAYERS },
  formula: ({ sparsity, scope }) => pruningFormula(TAYLOR_SCORE, sparsity, scope),
  needs: ['weights', 'knownGraph', 'data'],
  effects: { masks: 'keeps', grids: 'keeps', codebooks: 'keeps', shapes: 'keeps', makes: ['masks'] },
  preview: 'accuracy',

  async prepare(model, values, context): Promise<Ranked> {
    const selected = selectRunning(model, values.layers);
    const scores = await taylorScores(model, selected, values.images, context);
    return rankByScores(model, selected, scores, values.scope, context);
  },

  async apply(model, values, _context, ranked) {
    return pruneRanked(model, ranked, values.sparsity);
  },
});

/** For each selected kernel, |g w| of each weight averaged over batches of `batch` images. */
export async function taylorScores(
  model: Model,
  selected: readonly Selected[],
  images: number,
  context: PassContext,
  batch = BATCH,
): Promise<readonly Float64Array[]> {
  const sums = selected.map(({ tensor }) => new Float64Array(tensor.data.length));
  let batches = 0;
  await showImages(model, { taps: [], images, batch, gradients: true }, context, ({ weights }) => {
    batches++;
    for (const [i, { layer, tensor }] of selected.entries()) {
      const gradient = weights.get(`${layer.name}/kernel`);
      const sum = sums[i] as Float64Array;
      // A layer that leads to no output has no gradient, and no importance.
      if (!gradient) continue;
      for (let w = 0; w < sum.length; w++)
        sum[w] = (sum[w] as number) + Math.abs((gradient[w] as number) * (tensor.data[w] as number));
    }
  });
  return sums.map((own) => own.map((sum) => sum / Math.max(1, batches)));
}

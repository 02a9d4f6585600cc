/**
 * SNIP: one batch of images, one gradient, one ranking. How much does the loss feel each connection, as a share of what it feels
 * of all of them?
 *
 * It was made for networks that are not trained yet, to find a sparse network before training it; on a trained one it is the
 * quick form of Taylor pruning, and as noisy as one batch is. It costs one forward and backward pass.
 *
 * Importance: |g w| / sum of all |g w|, g the gradient of the mean cross-entropy over the batch.
 * Paper: Lee, Ajanthan, Torr 2019, "SNIP: Single-shot Network Pruning based on Connection Sensitivity".
 */
import { definePass } from '#core/pass';
import { CALIBRATION_IMAGES, rankByScores } from '#core/passes/shared/importance';
import { pruneRanked, pruningFormula, type Ranked, SPARSITY, SPREAD_SCOPE } from '#core/passes/shared/ranked-pruning';
import { LAYERS, selectRunning } from '#core/passes/shared/selection';
import { taylorScores } from '#core/passes/taylor-pruning';

export const snipPruning = definePass({
  id: 'snip-pruning',
  family: 'pruning',
  words: {
    title: { en: 'SNIP pruning (one batch)', zh: 'SNIP 剪枝（单个批次）' },
    help: {
      en: 'Shows the network one batch of images and keeps the connections that the error feels most. Made to find a sparse network before training.',
      zh: '只给网络看一批图片，保留误差最敏感的连接。它的本意是在训练之前找到稀疏的网络。',
    },
    cost: {
      en: 'One batch, forward and backward: a moment. Zeros are still multiplied, so the file shrinks, not the arithmetic.',
      zh: '一个批次的前向和反向计算：一瞬间。零仍然参与乘法，因此变小的是文件而不是计算量。',
    },
    pays: {
      en: 'It pays on a network that is not trained yet: prune first, then train what is left. On a trained one prefer Taylor.',
      zh: '适合尚未训练的网络：先剪枝，再训练剩下的部分。对训练好的网络应优先用泰勒剪枝。',
    },
    paper: 'Lee, Ajanthan, Torr 2019, SNIP: Single-shot Network Pruning based on Connection Sensitivity',
  },
  params: {
    sparsity: SPARSITY,
    images: {
      ...CALIBRATION_IMAGES,
      max: 1024,
      default: 100,
      label: { en: 'Images in the batch', zh: '批次中的图片数' },
      help: {
        en: 'How many training images make up the one batch. The paper takes about ten of each class.',
        zh: '这一批包含多少张训练图片。论文中每个类别约取十张。',
      },
    },
    scope: SPREAD_SCOPE,
    layers: LAYERS,
  },
  formula: ({ sparsity, scope }) => pruningFormula('s = |g · w| / Σ |g · w|, g = ∂L/∂w', sparsity, scope),
  needs: ['weights', 'knownGraph', 'data'],
  effects: { masks: 'keeps', grids: 'keeps', codebooks: 'keeps', shapes: 'keeps', makes: ['masks'] },
  preview: 'accuracy',

  async prepare(model, values, context): Promise<Ranked> {
    const selected = selectRunning(model, values.layers);
    const products = await taylorScores(model, selected, values.images, context, values.images);
    return rankByScores(model, selected, shares(products), values.scope, context);
  },

  async apply(model, values, _context, ranked) {
    return pruneRanked(model, ranked, values.sparsity);
  },
});

/** Each number as a share of all; zeros where all are 0. */
function shares(products: readonly Float64Array[]): readonly Float64Array[] {
  const total = products.reduce((sum, own) => own.reduce((part, x) => part + x, sum), 0);
  return products.map((own) => own.map((x) => (total === 0 ? 0 : x / total)));
}

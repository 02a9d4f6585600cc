/**
 * LAMP pruning: like magnitude pruning over the whole network, but every weight is first measured against the other
 * weights of its own layer, so that layers of different scale can be compared.
 *
 * It helps at high sparsity, where plain global ranking empties the layers whose weights happen to be small: a layer's
 * largest weight always scores 1 and is among the last to go. It costs nothing to run and there is nothing to tune.
 *
 * Score: w^2 divided by the sum of the squares of the weights in the layer that are no smaller, w included. Within one
 * layer the order is that of |w|, and is kept so where float32 would round two scores to one: ties go in the order of
 * layers and indices. Exactly round(sparsity x weights) weights are pruned; weights pruned before stay pruned and count.
 * Paper: Lee, Park, Mo, Ahn, Shin 2021, "Layer-adaptive Sparsity for the Magnitude-based Pruning".
 */
import type { Model } from '#core/model/model';
import { magnitudeKeys, radixOrder } from '#core/numeric/radix';
import type { Words } from '#core/params';
import { definePass } from '#core/pass';
import { pruneLowest, pruningFormula, type Ranking, rankWeights, SPARSITY } from '#core/passes/shared/ranked-pruning';
import { LAYERS, selectPrunable } from '#core/passes/shared/selection';

export const LAMP_SCORE: Words = {
  en: 's = w² / Σ u² over all u of the layer with |u| ≥ |w|',
  zh: 's = w² / Σ u²，u 取遍同层中满足 |u| ≥ |w| 的权重',
};

export const lampPruning = definePass({
  id: 'lamp-pruning',
  family: 'pruning',
  words: {
    title: { en: 'LAMP pruning', zh: 'LAMP 剪枝' },
    help: {
      en: 'Sets weights to zero by how small they are among the weights of their own layer, and so finds by itself how much each layer can lose.',
      zh: '按权重在本层中的相对大小把它们变成零，从而自动决定每一层剪去多少。',
    },
    cost: {
      en: 'Instant. At high sparsity it usually keeps more accuracy than magnitude pruning; zeros are still multiplied, so it makes the file smaller, not the arithmetic.',
      zh: '瞬间完成。稀疏度高时通常比幅值剪枝保留更多准确率；零仍然参与乘法，因此变小的是文件而不是计算量。',
    },
    pays: {
      en: 'It pays at high sparsity: where nine in ten weights or more go, it finds the shares of the layers by itself.',
      zh: '稀疏度高时值得用：当九成以上的权重要去掉时，它能自动找到各层的比例。',
    },
    paper: 'Lee, Park, Mo, Ahn, Shin 2021, Layer-adaptive Sparsity for the Magnitude-based Pruning',
  },
  params: { sparsity: SPARSITY, layers: LAYERS },
  formula: ({ sparsity }) => pruningFormula(LAMP_SCORE, sparsity, 'global'),
  needs: ['weights'],
  effects: { masks: 'keeps', grids: 'keeps', codebooks: 'keeps', shapes: 'keeps', makes: ['masks'] },
  preview: 'accuracy',

  async prepare(model: Model, values): Promise<readonly Ranking[]> {
    return rankWeights(selectPrunable(model, values.layers), 'global', ({ tensor }) => lampKeys(tensor.data));
  },

  async apply(model, values, _context, rankings) {
    return pruneLowest(model, rankings, values.sparsity);
  },
});

/** The float32 bits of each weight's score, the next number up where a larger |w| of this layer would share one. */
export function lampKeys(weights: Float32Array): Uint32Array {
  const magnitudes = magnitudeKeys(weights);
  const order = radixOrder(magnitudes);
  const sorted = new Uint32Array(order.length);
  for (let place = 0; place < order.length; place++) sorted[place] = magnitudes[order[place] as number] as number;
  const sizes = new Float32Array(sorted.buffer);
  const scores = new Float32Array(order.length);
  let sum = 0;
  // From the largest weight down; equal weights share the sum that holds them all.
  for (let end = order.length; end > 0; ) {
    const square = (sizes[end - 1] as number) ** 2;
    let begin = end;
    for (; begin > 0 && sorted[begin - 1] === sorted[end - 1]; begin--) sum += square;
    scores.fill(sum > 0 ? square / sum : 0, begin, end);
    end = begin;
  }
  const bits = new Uint32Array(scores.buffer);
  const keys = new Uint32Array(weights.length);
  let last = -1;
  for (let place = 0; place < order.length; place++) {
    if (place === 0 || sorted[place] !== sorted[place - 1]) last = Math.max(bits[place] as number, last + 1);
    keys[order[place] as number] = last;
  }
  return keys;
}

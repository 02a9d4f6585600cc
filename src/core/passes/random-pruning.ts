/**
 * Random pruning: weights drawn by lot become zero. It is the baseline: a method that looks at the weights is worth what
 * it wins over this one at the same sparsity.
 *
 * The lot is the recipe's seed, so a recipe gives the same weights again, and moving the slider up only adds to those
 * already drawn. Each layer has a stream of its own. Exactly round(sparsity x weights) weights are pruned; weights
 * pruned before stay pruned and count.
 * Paper: Liu, Chen, Chen, Shen, Mocanu, Wang, Pechenizkiy 2022, "The Unreasonable Effectiveness of Random Pruning".
 */
import { derivedSeed, seededRandom } from '#core/numeric/random';
import { definePass } from '#core/pass';
import {
  pruneLowest,
  pruningFormula,
  type Ranking,
  rankWeights,
  SCOPE,
  SPARSITY,
} from '#core/passes/shared/ranked-pruning';
import { LAYERS, type Selected, selectPrunable } from '#core/passes/shared/selection';

interface Ready {
  readonly selected: readonly Selected[];
  /** The last lot, kept while the slider moves. */
  drawn: { readonly seed: number; readonly rankings: readonly Ranking[] } | null;
}

export const randomPruning = definePass({
  id: 'random-pruning',
  family: 'pruning',
  words: {
    title: { en: 'Random pruning', zh: '随机剪枝' },
    help: {
      en: 'Sets weights drawn at random to zero. Use it as the yardstick: a good method keeps clearly more accuracy at the same sparsity.',
      zh: '随机抽取权重变成零。它是参照：在相同稀疏度下，好的方法应明显保留更多准确率。',
    },
    cost: {
      en: 'Instant, and dear in accuracy: large weights go as often as small ones. Fine-tuning wins back much of it.',
      zh: '瞬间完成，但准确率损失大：大权重和小权重被剪去的机会相同。微调可以挽回其中大部分。',
    },
    pays: {
      en: 'It pays as a comparison: a method that does not beat it has found nothing.',
      zh: '它用来做对照：不如它的方法等于什么也没发现。',
    },
    paper:
      'Liu, Chen, Chen, Shen, Mocanu, Wang, Pechenizkiy 2022, The Unreasonable Effectiveness of Random Pruning: Return of the Most Naive Baseline for Sparse Training',
  },
  params: {
    sparsity: SPARSITY,
    scope: {
      ...SCOPE,
      label: { en: 'Draw', zh: '抽取范围' },
      help: {
        en: 'Global draws from all weights of the network. Layer by layer draws the same share of each layer.',
        zh: '“全局”从整个网络的权重中抽取；“逐层”在每一层抽取相同的比例。',
      },
    },
    layers: LAYERS,
  },
  formula: ({ sparsity, scope }) => pruningFormula('s ~ U(0, 1)', sparsity, scope),
  needs: ['weights'],
  effects: { masks: 'keeps', grids: 'keeps', codebooks: 'keeps', shapes: 'keeps', makes: ['masks'] },
  preview: 'accuracy',

  async prepare(model, values): Promise<Ready> {
    return { selected: selectPrunable(model, values.layers), drawn: null };
  },

  async apply(model, values, context, ready) {
    const seed = Math.floor(context.random() * 2 ** 32);
    if (ready.drawn?.seed !== seed) ready.drawn = { seed, rankings: drawn(ready.selected, values.scope, seed) };
    return pruneLowest(model, ready.drawn.rankings, values.sparsity);
  },
});

function drawn(selected: readonly Selected[], scope: string, seed: number): readonly Ranking[] {
  return rankWeights(selected, scope, ({ layer, tensor }) => {
    const random = seededRandom(derivedSeed(seed, layer.name));
    return Uint32Array.from({ length: tensor.data.length }, () => random() * 2 ** 32);
  });
}

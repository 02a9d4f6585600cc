/**
 * Magnitude pruning: the weights with the smallest |w| become zero and stay zero.
 *
 * It helps because a trained network carries many weights that hardly matter; fine-tuning afterwards wins back most of
 * what was lost. It costs nothing to run, and it makes the file smaller, not the arithmetic: a sparse layer still does
 * every multiplication. Global ranking takes weights where they matter least and keeps small layers full; layer by layer
 * gives each layer the same share; by sensitivity measures first what each layer costs when it alone is pruned. Biases and batch normalisation are left alone.
 *
 * By share, exactly round(sparsity x weights) weights are pruned: equal magnitudes are taken in the order of layers and
 * indices, and weights pruned before stay pruned and count. By threshold, all weights with |w| below it are pruned.
 * Paper: Han, Pool, Tran, Dally 2015, "Learning both Weights and Connections for Efficient Neural Networks".
 */
import type { Mask } from '#core/model/encoding';
import type { Model, Tensor } from '#core/model/model';
import { magnitudeKeys } from '#core/numeric/radix';
import type { Words } from '#core/params';
import { definePass, type PassResult } from '#core/pass';
import { maskedTensor, prunedCount } from '#core/passes/shared/masking';
import {
  pruneRanked,
  pruningFormula,
  type Ranked,
  rankAll,
  SPARSITY,
  SPREAD_SCOPE,
  withPruned,
} from '#core/passes/shared/ranked-pruning';
import { LAYERS, type Selected, selectPrunable } from '#core/passes/shared/selection';
import { percent, tidy } from '#core/passes/shared/words';

interface Prepared {
  readonly selected: readonly Selected[];
  /** Null where a threshold decides. */
  readonly ranked: Ranked | null;
}

export const magnitudePruning = definePass({
  id: 'magnitude-pruning',
  family: 'pruning',
  words: {
    title: { en: 'Magnitude pruning', zh: '幅值剪枝' },
    help: {
      en: 'Sets the weights closest to zero to exactly zero. A trained network has many weights that hardly change its answers; remove those first.',
      zh: '把最接近零的权重变成零。训练好的网络里有许多权重几乎不影响结果，先去掉它们。',
    },
    cost: {
      en: 'Instant. The file compresses better; the number of multiplications shown stays, because zeros are still multiplied. Above about 80 % it usually needs fine-tuning afterwards.',
      zh: '瞬间完成。文件压缩得更小；乘法次数不变，因为零仍然参与运算。超过约 80 % 时通常需要再微调。',
    },
    pays: {
      en: 'It pays nearly always as a first step: half of the weights or more go for nothing, and up to nine in ten with training afterwards.',
      zh: '作为第一步几乎总是值得：一半以上的权重可以白白去掉，若之后再训练，可去掉九成。',
    },
    paper: 'Han, Pool, Tran, Dally 2015, Learning both Weights and Connections for Efficient Neural Networks',
  },
  params: {
    sparsity: { ...SPARSITY, when: { amount: ['ratio'] } },
    threshold: {
      kind: 'number',
      live: true,
      min: 0.0001,
      max: 1,
      step: 0.0001,
      default: 0.05,
      scale: 'log',
      when: { amount: ['threshold'] },
      label: { en: 'Threshold', zh: '阈值' },
      help: {
        en: 'Weights closer to zero than this become zero, however many they are.',
        zh: '绝对值小于它的权重都变为零，不论有多少个。',
      },
    },
    amount: {
      kind: 'choice',
      default: 'ratio',
      label: { en: 'Amount', zh: '剪枝量' },
      help: {
        en: 'A share fixes how many weights go. A threshold fixes how large a weight must be to stay, so layers with small weights lose more.',
        zh: '“按比例”固定剪去多少权重；“按阈值”固定权重要多大才能留下，权重小的层因此失去更多。',
      },
      options: [
        { value: 'ratio', label: { en: 'Share of the weights', zh: '按比例' } },
        { value: 'threshold', label: { en: 'Threshold on |w|', zh: '按阈值 |w|' } },
      ],
    },
    scope: { ...SPREAD_SCOPE, when: { amount: ['ratio'] } },
    layers: LAYERS,
  },
  formula: ({ amount, sparsity, threshold, scope }) => {
    if (amount === 'ratio') return pruningFormula('s = |w|', sparsity, scope);
    const small = `|w| < ${tidy(threshold)}`;
    return { en: `w′ = 0 if ${small}, else w`, zh: `当 ${small} 时 w′ = 0，否则 w′ = w` };
  },
  needs: ['weights'],
  effects: { masks: 'keeps', grids: 'keeps', codebooks: 'keeps', shapes: 'keeps', makes: ['masks'] },
  preview: 'accuracy',

  async prepare(model, values, context): Promise<Prepared> {
    const selected = selectPrunable(model, values.layers);
    if (values.amount === 'threshold') return { selected, ranked: null };
    const keysOf = ({ tensor }: Selected) => magnitudeKeys(tensor.data);
    return { selected, ranked: await rankAll(model, selected, values.scope, keysOf, context) };
  },

  async apply(model, values, _context, { selected, ranked }) {
    return ranked ? pruneRanked(model, ranked, values.sparsity) : pruneBelow(model, selected, values.threshold);
  },
});

function pruneBelow(model: Model, selected: readonly Selected[], threshold: number): PassResult {
  const pruned = new Map<string, Tensor>();
  let weights = 0;
  let zeros = 0;
  for (const { layer, tensor } of selected) {
    const { data } = tensor;
    const kept: Mask = new Uint8Array(data.length);
    for (let i = 0; i < data.length; i++) if (Math.abs(data[i] as number) >= threshold) kept[i] = 1;
    const after = maskedTensor(tensor, kept);
    pruned.set(layer.name, after);
    weights += data.length;
    zeros += prunedCount(after);
  }
  return withPruned(model, selected, pruned, [reached(threshold, zeros / weights)]);
}

function reached(threshold: number, share: number): Words {
  const [limit, zero] = [tidy(threshold), percent(share)];
  return {
    en: `A threshold of ${limit} makes ${zero} % of the weights zero.`,
    zh: `阈值为 ${limit} 时，${zero} % 的权重为零。`,
  };
}

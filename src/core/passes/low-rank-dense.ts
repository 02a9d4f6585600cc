/**
 * Low-rank dense layers: the weights W of a dense layer become a product of two thin matrices, W = U V, and the layer two
 * layers: the first gives `rank` numbers, the second the outputs, with the bias and the activation.
 *
 * It helps because the outputs of a trained dense layer hang together: a few combinations of its inputs tell nearly all. It pays
 * where the rank is below inputs * outputs / (inputs + outputs), in parameters and multiplications alike; a layer that would
 * not become smaller is left alone. It costs accuracy below the rank that the layer really has; fine-tune afterwards.
 *
 * The best product of a given rank is the singular value decomposition cut off there (Eckart and Young 1936); each part gets
 * the root of the singular values, so that their weights are of like size.
 * Papers: Denton et al. 2014, "Exploiting Linear Structure Within Convolutional Networks"; Xue et al. 2013; rank by Nakajima et al. 2013.
 */
import { lines } from '#core/formula';
import { type Expansion, expandLayers, freeName } from '#core/model/edit';
import type { DenseLayer, Layer } from '#core/model/layers';
import type { Model } from '#core/model/model';
import { makeTensor } from '#core/model/tensor';
import { type Svd, svdParts } from '#core/numeric/svd';
import type { Words } from '#core/params';
import { definePass } from '#core/pass';
import { lowRankFactors } from '#core/passes/shared/factors';
import { inParts } from '#core/passes/shared/in-parts';
import {
  chooseRank,
  ENERGY,
  energyOf,
  enlargedNote,
  factorisedNote,
  noiseNote,
  RANK,
  RANK_BY,
  rankFormula,
  selectKind,
  tooLarge,
  tooLargeNote,
} from '#core/passes/shared/rank';
import { LAYERS } from '#core/passes/shared/selection';

interface Ready {
  readonly decomposed: readonly { readonly layer: DenseLayer; readonly parts: Svd }[];
  readonly notes: readonly Words[];
}

export const lowRankDense = definePass({
  id: 'low-rank-dense',
  family: 'low-rank',
  words: {
    title: { en: 'Low-rank dense layers', zh: '低秩全连接层' },
    help: {
      en: 'Splits a dense layer into two thin ones that together do almost the same. Helps where a layer is large and its outputs depend on each other.',
      zh: '把一个全连接层拆成两个较窄的层，合起来的作用几乎不变。适用于较大且输出之间相互关联的层。',
    },
    cost: {
      en: 'Seconds for large layers, once; then instant. Fewer parameters and fewer multiplications, faster in any runtime. At low ranks fine-tune afterwards.',
      zh: '大的层首次需要几秒，之后瞬间完成。参数和乘法都更少，在任何运行时都更快。秩较低时之后应微调。',
    },
    pays: {
      en: 'It pays below a rank of inputs × outputs / (inputs + outputs), so in large dense layers; small ones are left alone.',
      zh: '当秩低于 输入 × 输出 / (输入 + 输出) 时才划算，因此适用于大的全连接层；小的层保持不变。',
    },
    paper:
      'Denton, Zaremba, Bruna, LeCun, Fergus 2014, Exploiting Linear Structure Within Convolutional Networks for Efficient Evaluation',
  },
  params: { rank: RANK, energy: ENERGY, by: RANK_BY, layers: LAYERS },
  formula: (values) =>
    lines('W = U Σ Vᵀ ≈ (Uᵣ √Σᵣ)(√Σᵣ Vᵣᵀ)', rankFormula(values), {
      en: 'm · n weights become r · (m + n), where that is less',
      zh: 'm · n 个权重变为 r · (m + n) 个，仅当后者更少时才替换',
    }),
  needs: ['weights'],
  effects: {
    masks: 'consumes',
    grids: 'consumes',
    codebooks: 'consumes',
    shapes: 'consumes',
    reason: {
      en: 'A layer becomes two with new weights: zeros, grids and shared values of the old ones do not carry over. Factorise first, then prune or quantize.',
      zh: '一层变为两层，权重是新的：原来的零、量化网格和共享值无法延续。请先分解，再剪枝或量化。',
    },
  },
  preview: 'accuracy',

  async prepare(model, { layers }, context): Promise<Ready> {
    const { found, notes } = selectKind(model, layers, 'dense', { en: 'dense layer', zh: '全连接层' });
    const all = [...notes];
    const decomposed: { layer: DenseLayer; parts: Svd }[] = [];
    for (const [i, { layer, tensor }] of found.entries()) {
      context.signal.throwIfAborted();
      const [rows, columns] = tensor.shape as [number, number];
      if (tooLarge(rows, columns)) all.push(tooLargeNote(layer.name, rows, columns));
      else {
        const parts = await inParts(svdParts(tensor.data, rows, columns), context);
        decomposed.push({ layer: layer as DenseLayer, parts });
      }
      context.progress((i + 1) / found.length);
    }
    return { decomposed, notes: all };
  },

  async apply(model, values, _context, { decomposed, notes }) {
    const all = [...notes];
    const expansions = new Map<string, Expansion>();
    for (const { layer, parts } of decomposed) {
      const { rows, columns } = parts;
      const rank = chooseRank(values, parts);
      if (rank === 0) {
        all.push(noiseNote(layer.name));
        continue;
      }
      const [weights, factored] = [rows * columns, rank * (rows + columns)];
      if (factored >= weights) {
        all.push(enlargedNote(layer.name, String(rank), weights, factored));
        continue;
      }
      expansions.set(layer.name, split(model, layer, parts, rank));
      all.push(factorisedNote(layer.name, String(rank), energyOf(parts, rank), weights, factored));
    }
    return { model: expandLayers(model, expansions), report: { notes: all } };
  },
});

function split(model: Model, layer: DenseLayer, parts: Svd, rank: number): Expansion {
  const { first, second } = lowRankFactors(parts, rank);
  const u = makeTensor([parts.rows, rank], first);
  const v = makeTensor([rank, parts.columns], second);
  const thin: Layer = {
    kind: 'dense',
    name: freeName(model, `${layer.name}_in`),
    inputs: layer.inputs,
    kernel: u.id,
    activation: { fn: 'linear' },
  };
  return { layers: [thin, { ...layer, inputs: [thin.name], kernel: v.id }], tensors: [u, v] };
}

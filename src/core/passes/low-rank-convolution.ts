/**
 * Low-rank convolutions: a convolution becomes two or three cheaper ones in a row, linear in between; the last has the bias and the activation.
 *
 * Tucker-2: the input channels are mixed into fewer (1 x 1), the window works on these, and the outputs are mixed from its fewer
 * channels (1 x 1). Spatial: a column of the window first, then a row. It helps where channels tell much the same; a layer with one
 * input channel keeps that side as it is. A 1 x 1 convolution is a matrix, and is split into two by either. It costs accuracy; fine-tune afterwards.
 *
 * Tucker's parts are the leading singular vectors of the kernel laid out by input and by output channel (higher-order SVD, De Lathauwer
 * 2000), the core is the kernel seen in them. Spatial is the SVD of the kernel laid out as (row, input) by (column, output).
 * Strides, padding and dilation belong to the window: Tucker's core takes both directions, spatial parts one each. The added
 * convolutions have no bias, so that what is padded stays zero. Depthwise and grouped convolutions are left alone.
 * Papers: Kim et al. 2016 (Tucker-2, ranks by VBMF); Jaderberg et al. 2014, "Speeding up Convolutional Neural Networks with Low Rank Expansions".
 */

import { lines } from '#core/formula';
import { countMacs } from '#core/metrics/operations';
import { type Expansion, expandLayers } from '#core/model/edit';
import type { Conv2dLayer } from '#core/model/layers';
import { shapesOf } from '#core/model/shapes';
import type { Words } from '#core/params';
import { definePass } from '#core/pass';
import {
  type Decomposed,
  decompose,
  expand,
  type Method,
  ranksOf,
  unfolding,
  weigh,
} from '#core/passes/shared/convolution-factors';
import { inParts } from '#core/passes/shared/in-parts';
import {
  ENERGY,
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
  readonly decomposed: readonly { readonly layer: Conv2dLayer; readonly parts: Decomposed }[];
  readonly notes: readonly Words[];
}

export const lowRankConvolution = definePass({
  id: 'low-rank-convolution',
  family: 'low-rank',
  words: {
    title: { en: 'Low-rank convolutions', zh: '低秩卷积' },
    help: {
      en: 'Splits a convolution into two or three cheaper ones that together do almost the same. Helps where a layer has many channels that resemble each other.',
      zh: '把一个卷积拆成两三个更便宜的卷积，合起来的作用几乎不变。适用于通道多而且彼此相似的层。',
    },
    cost: {
      en: 'Seconds for large layers, once; then instant. Fewer parameters, mostly fewer multiplications. More layers one behind the other: on small networks not always faster. Fine-tune afterwards.',
      zh: '大的层首次需要几秒，之后瞬间完成。参数更少，乘法通常也更少。但层数变多：在小网络上不一定更快。之后应微调。',
    },
    pays: {
      en: 'It pays in convolutions with many channels in and out; with few channels its parts hold more than the whole, and the layer is left alone.',
      zh: '适用于输入输出通道都多的卷积；通道少时各部分之和反而更大，该层保持不变。',
    },
    paper:
      'Kim, Park, Yoo, Choi, Yang, Shin 2016, Compression of Deep Convolutional Neural Networks for Fast and Low Power Mobile Applications',
  },
  params: {
    rank: { ...RANK, default: 0.5 },
    energy: ENERGY,
    method: {
      kind: 'choice',
      default: 'tucker',
      label: { en: 'Split', zh: '拆分方式' },
      help: {
        en: 'Tucker-2: fewer channels before and after the window. Spatial: a column of the window, then a row.',
        zh: '“Tucker-2”：在窗口前后减少通道。“空间”：先按列、再按行做卷积。',
      },
      options: [
        { value: 'tucker', label: { en: 'By channels (Tucker-2)', zh: '按通道（Tucker-2）' } },
        { value: 'spatial', label: { en: 'By rows and columns', zh: '按行和列' } },
      ],
    },
    by: RANK_BY,
    layers: LAYERS,
  },
  formula: (values) =>
    lines(
      values.method === 'tucker'
        ? 'W[a, b, i, o] ≈ Σ C[a, b, p, q] · A[i, p] · B[o, q],   p = 1 … r₁,   q = 1 … r₂'
        : 'W[a, b, i, o] ≈ Σ C[a, i, p] · D[p, b, o],   p = 1 … r',
      rankFormula(values),
    ),
  needs: ['weights', 'knownGraph'],
  effects: {
    masks: 'consumes',
    grids: 'consumes',
    codebooks: 'consumes',
    shapes: 'consumes',
    reason: {
      en: 'A layer becomes several with new weights: zeros, grids and shared values of the old ones do not carry over. Factorise first, then prune or quantize.',
      zh: '一层变为几层，权重是新的：原来的零、量化网格和共享值无法延续。请先分解，再剪枝或量化。',
    },
  },
  preview: 'accuracy',

  async prepare(model, { layers, method }, context): Promise<Ready> {
    const { found, notes } = selectKind(model, layers, 'conv2d', { en: 'plain convolution', zh: '普通卷积' });
    const shapes = shapesOf(model);
    const all = [...notes];
    const decomposed: { layer: Conv2dLayer; parts: Decomposed }[] = [];
    for (const [i, { layer, tensor }] of found.entries()) {
      context.signal.throwIfAborted();
      const channels = shapes[layer.inputs[0] as string]?.at(-1);
      const large = unfolding(tensor.shape, method as Method).find(([rows, columns]) => tooLarge(rows, columns));
      if (channels !== tensor.shape[2]) all.push(groupedNote(layer.name));
      else if (large) all.push(tooLargeNote(layer.name, ...large));
      else {
        const parts = await inParts(decompose(tensor, method as Method), context);
        decomposed.push({ layer: layer as Conv2dLayer, parts });
      }
      context.progress((i + 1) / found.length);
    }
    return { decomposed, notes: all };
  },

  async apply(model, values, _context, { decomposed, notes }) {
    const all = [...notes];
    const expansions = new Map<string, Expansion>();
    for (const { layer, parts } of decomposed) {
      const ranks = ranksOf(parts, values);
      if (ranks.includes(0)) {
        all.push(noiseNote(layer.name));
        continue;
      }
      const [weights, factored] = [parts.kernel.data.length, weigh(parts, ranks)];
      if (factored >= weights) {
        all.push(enlargedNote(layer.name, ranks.join(' x '), weights, factored));
        continue;
      }
      const { expansion, kept } = expand(model, layer, parts, ranks);
      expansions.set(layer.name, expansion);
      all.push(factorisedNote(layer.name, ranks.join(' x '), kept, weights, factored));
    }
    const changed = expandLayers(model, expansions);
    const [before, after] = [countMacs(model).byLayer, countMacs(changed).byLayer];
    for (const [name, { layers }] of expansions) {
      const macs = layers.reduce((sum, part) => sum + (after[part.name] as number), 0);
      if (macs > (before[name] as number)) all.push(slowerNote(name, before[name] as number, macs));
    }
    return { model: changed, report: { notes: all } };
  },
});

function groupedNote(name: string): Words {
  return {
    en: `${name} stays as it is: its channels are convolved in groups, which are small already.`,
    zh: `${name} 保持原样：它的通道是分组卷积的，本身已经很小。`,
  };
}

function slowerNote(name: string, before: number, after: number): Words {
  return {
    en: `${name} now takes ${after} multiplications instead of ${before}: a part of it works before the stride makes the image smaller.`,
    zh: `${name} 现在需要 ${after} 次乘法，而原来是 ${before} 次：有一部分在步长缩小图像之前运算。`,
  };
}

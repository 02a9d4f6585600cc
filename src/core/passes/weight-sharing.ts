/**
 * Weight sharing: the weights of a layer are gathered into a few clusters by k-means, and every weight becomes the mean of its cluster.
 *
 * It helps because a file then stores a short list of values and a small number for each weight; unlike a grid, the values stand where the weights
 * are. It costs accuracy when the clusters are few, and speed is not gained: the arithmetic is the same. Fine-tuning afterwards moves the
 * shared values (their gradients are summed over the members).
 *
 * Each layer has a codebook of its own, or each output channel, or all layers share one. Pruned weights stay zero and are no cluster. With as many clusters as
 * there are different values nothing changes.
 * Paper: Han, Mao, Dally 2016, "Deep Compression".
 */
import { lines } from '#core/formula';
import { mapPrunable } from '#core/model/edit';
import type { CodebookValues } from '#core/model/encoding';
import type { Tensor } from '#core/model/model';
import type { Words } from '#core/params';
import { definePass } from '#core/pass';
import {
  BOOKS,
  type Books,
  booksOf,
  CLUSTERS,
  gathered,
  type Ready,
  readyClusters,
  START,
} from '#core/passes/shared/clusters';
import { LAYERS, selectPrunable } from '#core/passes/shared/selection';
import { counted } from '#core/passes/shared/words';

const EACH: Readonly<Record<Books, Words>> = {
  layer: { en: 'for each layer', zh: '每层各自进行' },
  channel: { en: 'for each output channel', zh: '每个输出通道各自进行' },
  network: { en: 'once for all layers', zh: '所有层共同进行' },
};

const storedFormula = (bits: number): Words => ({
  en: `w′ = c[a(w)], a in ${counted(bits, 'bit')}`,
  zh: `w′ = c[a(w)]，a 占 ${bits} 位`,
});

export const weightSharing = definePass({
  id: 'weight-sharing',
  family: 'sharing',
  words: {
    title: { en: 'Weight sharing', zh: '权重共享' },
    help: {
      en: 'Gathers the weights of each layer into clusters of similar values; all weights of a cluster then share one value.',
      zh: '把每一层中相近的权重聚成若干类，同一类的权重共用一个值。',
    },
    cost: {
      en: 'A fraction of a second. The file shrinks, since a weight is stored as the number of its cluster; the number of parameters and of multiplications stays.',
      zh: '不到一秒。每个权重只存它的类别编号，文件因此变小；参数个数和乘法次数不变。',
    },
    pays: {
      en: 'It pays where the file must be small: 16 to 64 values a layer cost next to nothing, and pruned weights cost none. It makes nothing faster.',
      zh: '当文件必须小时值得做：每层 16 到 64 个值几乎没有损失，被剪掉的权重也不占空间。它不会让运行变快。',
    },
    paper:
      'Han, Mao, Dally 2016, Deep Compression: Compressing Deep Neural Networks with Pruning, Trained Quantization and Huffman Coding',
  },
  params: {
    clusters: CLUSTERS,
    books: BOOKS,
    start: START,
    layers: LAYERS,
  },
  formula: ({ clusters, books }) =>
    lines(
      {
        en: `min Σ (w − c[a(w)])² over ${clusters} values c and assignments a, ${EACH[books].en}`,
        zh: `min Σ (w − c[a(w)])²，对 ${clusters} 个取值 c 和分配 a 求最小，${EACH[books].zh}`,
      },
      storedFormula(Math.max(1, Math.ceil(Math.log2(clusters)))),
      {
        en: 'fine-tuning: ∂L/∂c[j] = Σ ∂L/∂w over the weights with a(w) = j',
        zh: '微调时 ∂L/∂c[j] = Σ ∂L/∂w，对满足 a(w) = j 的权重求和',
      },
    ),
  needs: ['weights'],
  effects: {
    masks: 'keeps',
    grids: 'consumes',
    activations: 'keeps',
    codebooks: 'consumes',
    shapes: 'keeps',
    makes: ['codebooks'],
    reason: {
      en: 'The mean of a cluster is rarely on a grid, and a weight has one codebook: the new shared values take the place of the old ones.',
      zh: '类的均值一般不在原有的量化网格上，而且一个权重只能有一个码本：新的共享值取代旧的取值。',
    },
  },
  preview: 'accuracy',

  async prepare(model, values): Promise<readonly Ready[]> {
    return readyClusters(selectPrunable(model, values.layers), values.books);
  },

  async apply(model, values, context, ready) {
    const seed = Math.floor(context.random() * 2 ** 32);
    const books = booksOf(ready, values.clusters, values.start, seed);
    const shared = new Map<string, Tensor>();
    for (const [i, { name, tensor }] of ready.entries()) {
      context.signal.throwIfAborted();
      shared.set(name, gathered(tensor, books[i] as CodebookValues));
    }
    return {
      model: mapPrunable(model, values.layers, (layer, tensor) => shared.get(layer.name) ?? tensor),
      report: { notes: notesOn(ready, values.clusters) },
    };
  },
});

function notesOn(ready: readonly Ready[], k: number): readonly Words[] {
  const notes: Words[] = [];
  const exact = ready.filter(({ samples }) => samples.every(({ distinct }) => distinct <= k)).map(({ name }) => name);
  if (exact.length > 0) {
    notes.push({
      en: `No more than ${k} different values in ${exact.join(', ')}: nothing is lost there.`,
      zh: `${exact.join('、')} 中不同的值不超过 ${k} 个：这里没有损失。`,
    });
  }
  return notes;
}

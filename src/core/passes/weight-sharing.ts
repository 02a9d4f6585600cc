/**
 * Weight sharing: the weights of a layer are gathered into a few clusters by k-means, and every weight becomes the mean of its cluster.
 *
 * It helps because a file then stores a short list of values and a small number for each weight; unlike a grid, the values stand where the weights
 * are. It costs accuracy when the clusters are few, and speed is not gained: the arithmetic is the same. Fine-tuning afterwards moves the
 * shared values (their gradients are summed over the members).
 *
 * Each layer has a codebook of its own. Pruned weights stay zero and are no cluster. With as many clusters as there are different values nothing changes.
 * Paper: Han, Mao, Dally 2016, "Deep Compression".
 */
import { mapPrunable } from '#core/model/edit';
import type { Tensor } from '#core/model/model';
import { makeTensor } from '#core/model/tensor';
import { assignNearest, kMeans, prepareSample, type Sample, type Start } from '#core/numeric/k-means';
import { derivedSeed, seededRandom } from '#core/numeric/random';
import type { Words } from '#core/params';
import { definePass } from '#core/pass';
import { LAYERS, selectPrunable } from '#core/passes/shared/selection';

/** A tensor with its kept weights sorted. */
interface Ready {
  readonly name: string;
  readonly tensor: Tensor;
  readonly sample: Sample;
}

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
    paper:
      'Han, Mao, Dally 2016, Deep Compression: Compressing Deep Neural Networks with Pruning, Trained Quantization and Huffman Coding',
  },
  params: {
    clusters: {
      kind: 'number',
      live: true,
      min: 2,
      max: 256,
      step: 1,
      default: 16,
      scale: 'log',
      label: { en: 'Clusters', zh: '类别数' },
      help: {
        en: 'How many different values each layer may use. 16 clusters need 4 bits a weight.',
        zh: '每一层可以使用多少个不同的值。16 类相当于每个权重 4 位。',
      },
    },
    start: {
      kind: 'choice',
      default: 'linear',
      label: { en: 'Start', zh: '初始位置' },
      help: {
        en: 'Where the clusters begin before they are improved. Even steps keep the few large weights, which matter most.',
        zh: '聚类开始时各类中心的位置。等间距能照顾到数量少但最重要的大权重。',
      },
      options: [
        { value: 'linear', label: { en: 'Even steps', zh: '等间距' } },
        { value: 'density', label: { en: 'Where the weights are dense', zh: '按密度' } },
        { value: 'plusplus', label: { en: 'Far apart (k-means++)', zh: '彼此远离（k-means++）' } },
        { value: 'random', label: { en: 'Random weights', zh: '随机' } },
      ],
    },
    layers: LAYERS,
  },
  needs: ['weights'],
  effects: {
    masks: 'keeps',
    grids: 'consumes',
    codebooks: 'consumes',
    shapes: 'keeps',
    reason: {
      en: 'The mean of a cluster is rarely on a grid, and a weight has one codebook: the new shared values take the place of the old ones.',
      zh: '类的均值一般不在原有的量化网格上，而且一个权重只能有一个码本：新的共享值取代旧的取值。',
    },
  },
  preview: 'accuracy',

  async prepare(model, values): Promise<readonly Ready[]> {
    return selectPrunable(model, values.layers).map(({ layer, tensor }) => ({
      name: layer.name,
      tensor,
      sample: prepareSample(keptWeights(tensor)),
    }));
  },

  async apply(model, values, context, ready) {
    const k = values.clusters;
    const seed = Math.floor(context.random() * 2 ** 32);
    const shared = new Map<string, Tensor>();
    for (const { name, tensor, sample } of ready) {
      context.signal.throwIfAborted();
      // A stream for each layer, so that leaving one out does not change the others.
      const found = kMeans(sample, k, values.start as Start, seededRandom(derivedSeed(seed, name)));
      const centroids = found.length > 0 ? found : new Float32Array(1);
      const { mask } = tensor.encoding;
      const data = assignNearest(tensor.data, centroids, mask);
      const encoding = { values: { kind: 'codebook', centroids } } as const;
      shared.set(name, makeTensor(tensor.shape, data, mask ? { mask, ...encoding } : encoding));
    }
    return {
      model: mapPrunable(model, values.layers, (layer, tensor) => shared.get(layer.name) ?? tensor),
      report: { notes: notesOn(ready, k) },
    };
  },
});

function keptWeights({ data, encoding }: Tensor): Float32Array {
  const { mask } = encoding;
  return mask ? data.filter((_, i) => mask[i]) : data;
}

function notesOn(ready: readonly Ready[], k: number): readonly Words[] {
  const notes: Words[] = [];
  if (ready.some(({ tensor }) => tensor.encoding.values.kind === 'grid')) {
    notes.push({
      en: 'The quantization grid is gone: shared values stand where the weights are, not at even steps.',
      zh: '原有的量化网格不再存在：共享值位于权重所在之处，而不是等间距的。',
    });
  }
  const exact = ready.filter(({ sample }) => sample.distinct <= k).map(({ name }) => name);
  if (exact.length > 0) {
    notes.push({
      en: `No more than ${k} different values in ${exact.join(', ')}: nothing is lost there.`,
      zh: `${exact.join('、')} 中不同的值不超过 ${k} 个：这里没有损失。`,
    });
  }
  return notes;
}

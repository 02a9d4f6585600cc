/**
 * Weights gathered into clusters by k-means: with a codebook for each tensor, one for each output channel, or one for all tensors together. Pruned
 * weights stay zero and are in no cluster.
 */

import { type CodebookValues, type Encoding, innerStride, nearestCentroid } from '#core/model/encoding';
import type { Tensor } from '#core/model/model';
import { makeTensor } from '#core/model/tensor';
import { joined } from '#core/numeric/joined';
import { assignNearest, kMeans, prepareSample, type Sample, type Start } from '#core/numeric/k-means';
import { derivedSeed, seededRandom } from '#core/numeric/random';
import type { ChoiceParam, NumberParam } from '#core/params';
import type { Selected } from '#core/passes/shared/selection';

export type Books = 'layer' | 'channel' | 'network';

/** A layer's kernel, with its kept weights sorted: all of them, or channel by channel. */
export interface Ready {
  readonly name: string;
  readonly tensor: Tensor;
  /** The output channel's axis where each channel has a book of its own. */
  readonly axis: number | null;
  readonly samples: readonly Sample[];
  /** Names the random stream: the layer, or what the layers share. */
  readonly stream: string;
}

export const CLUSTERS: NumberParam = {
  kind: 'number',
  live: true,
  min: 2,
  max: 256,
  step: 1,
  default: 16,
  scale: 'log',
  label: { en: 'Clusters', zh: '聚类数' },
  help: {
    en: 'How many different values each codebook holds. 16 clusters need 4 bits a weight.',
    zh: '每个码本有多少个不同的值。16 类相当于每个权重 4 位。',
  },
};

export const START: ChoiceParam<Start> = {
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
};

export const BOOKS: ChoiceParam<Books> = {
  kind: 'choice',
  default: 'layer',
  label: { en: 'Codebooks', zh: '码本' },
  help: {
    en: 'One for each layer fits most networks. One for each output channel is closer to the weights but stores more values; one for the whole network stores the fewest.',
    zh: '每层一个适合大多数网络；每个输出通道一个更贴近权重，但要存储更多的值；整个网络共用一个存储的值最少。',
  },
  options: [
    { value: 'layer', label: { en: 'One for each layer', zh: '每层一个' } },
    { value: 'channel', label: { en: 'One for each output channel', zh: '每个输出通道一个' } },
    { value: 'network', label: { en: 'One for the whole network', zh: '整个网络一个' } },
  ],
};

/** What clustering needs of these kernels, sorted once; with `weights`, of these values in their place. */
export function readyClusters(
  selected: readonly Selected[],
  books: Books,
  weights: (layer: string, tensor: Tensor) => Float32Array = (_, { data }) => data,
): readonly Ready[] {
  const kept = selected.map(({ layer, tensor }) => {
    const axis = books !== 'channel' ? null : layer.kind === 'depthwiseConv2d' ? 2 : tensor.shape.length - 1;
    return { name: layer.name, tensor, axis, lists: keptByChannel(weights(layer.name, tensor), tensor, axis) };
  });
  if (books === 'network') {
    const samples = [
      prepareSample(
        joined(
          kept.flatMap(({ lists }) => lists),
          Float32Array,
        ),
      ),
    ];
    return kept.map(({ name, tensor, axis }) => ({ name, tensor, axis, samples, stream: 'network' }));
  }
  return kept.map(({ name, tensor, axis, lists }) => {
    return { name, tensor, axis, samples: lists.map(prepareSample), stream: name };
  });
}

/** The codebooks of `bookOf`, in order; layers that share one get the same object. */
export function booksOf(ready: readonly Ready[], k: number, start: Start, seed: number): readonly CodebookValues[] {
  const shared = new Map<readonly Sample[], CodebookValues>();
  return ready.map((one) => {
    const book = shared.get(one.samples) ?? bookOf(one, k, start, seed);
    shared.set(one.samples, book);
    return book;
  });
}

/** The codebook of at most k values a book. Each layer has a random stream of its own, so that leaving one out does not change the others. */
function bookOf({ tensor, axis, samples, stream }: Ready, k: number, start: Start, seed: number): CodebookValues {
  const random = seededRandom(derivedSeed(seed, stream));
  const found = samples.map((sample) => kMeans(sample, k, start, random));
  const centroids = joined(found, Float32Array);
  if (axis === null) return { kind: 'codebook', centroids: centroids.length > 0 ? centroids : new Float32Array(1) };
  const offsets = new Int32Array((tensor.shape[axis] as number) + 1);
  for (const [c, { length }] of found.entries()) offsets[c + 1] = (offsets[c] as number) + length;
  if (centroids.length > 0) return { kind: 'codebook', centroids, books: { axis, offsets } };
  // Everything is pruned: the first book holds a zero, since a codebook is not empty.
  return { kind: 'codebook', centroids: new Float32Array(1), books: { axis, offsets: offsets.fill(1, 1) } };
}

/** The kernel with each kept weight (of `weights`, its own by default) at the nearest value of its book. */
export function gathered(tensor: Tensor, values: CodebookValues, weights: Float32Array = tensor.data): Tensor {
  const { mask } = tensor.encoding;
  const { centroids, books } = values;
  const encoding: Encoding = mask ? { mask, values } : { values };
  if (!books) return makeTensor(tensor.shape, assignNearest(weights, centroids, mask), encoding);
  const data = new Float32Array(weights.length);
  for (const [c, indices] of membersOf(tensor, books.axis).entries()) {
    const near = assignNearest(valuesAt(weights, indices), centroids.subarray(books.offsets[c], books.offsets[c + 1]));
    for (let k = 0; k < indices.length; k++) data[indices[k] as number] = near[k] as number;
  }
  return makeTensor(tensor.shape, data, encoding);
}

/**
 * The books after one round of Lloyd's iteration on these weights: each value becomes the mean of the weights nearest to it, and stays where there
 * are none. In the order of `ready`; layers that share a book get one.
 */
export function movedBooks(
  ready: readonly Ready[],
  books: readonly CodebookValues[],
  weights: (layer: string, tensor: Tensor) => Float32Array,
): readonly CodebookValues[] {
  const lists = ready.map(({ name, tensor, axis }) => keptByChannel(weights(name, tensor), tensor, axis));
  const first = books[0];
  if (first && !first.books && books.every((book) => book === first)) {
    const one: CodebookValues = {
      kind: 'codebook',
      centroids: lloyd(first.centroids, joined(lists.flat(), Float32Array)),
    };
    return books.map(() => one);
  }
  return books.map(({ centroids, books: own }, i) => {
    const offsets = own?.offsets ?? Int32Array.of(0, centroids.length);
    const moved = (lists[i] as readonly Float32Array[]).map((list, c) =>
      lloyd(centroids.subarray(offsets[c], offsets[c + 1]), list),
    );
    return { kind: 'codebook', centroids: joined(moved, Float32Array), ...(own ? { books: own } : {}) };
  });
}

/** The mean of the values nearest to each centroid, ascending; a centroid without members stays. */
function lloyd(centroids: Float32Array, values: Float32Array): Float32Array {
  const sums = new Float64Array(centroids.length);
  const counts = new Uint32Array(centroids.length);
  for (const value of values) {
    const c = nearestCentroid(centroids, value);
    sums[c] = (sums[c] as number) + value;
    counts[c] = (counts[c] as number) + 1;
  }
  return centroids.map((old, c) => (counts[c] ? (sums[c] as number) / (counts[c] as number) : old)).sort();
}

/** Indices of the kept weights of each channel, ascending. */
function membersOf({ shape, data, encoding }: Tensor, axis: number): readonly Int32Array[] {
  const { mask } = encoding;
  const channels = shape[axis] as number;
  const stride = innerStride(shape, axis);
  return Array.from({ length: channels }, (_, c) => {
    const own = new Int32Array(data.length / channels);
    let count = 0;
    for (let begin = c * stride; begin < data.length; begin += channels * stride)
      for (let i = begin; i < begin + stride; i++) if (!mask || mask[i]) own[count++] = i;
    return own.subarray(0, count);
  });
}

function valuesAt(weights: Float32Array, indices: Int32Array): Float32Array {
  const values = new Float32Array(indices.length);
  for (let k = 0; k < indices.length; k++) values[k] = weights[indices[k] as number] as number;
  return values;
}

function keptByChannel(weights: Float32Array, tensor: Tensor, axis: number | null): readonly Float32Array[] {
  const { mask } = tensor.encoding;
  if (axis === null) return [mask ? weights.filter((_, i) => mask[i]) : weights];
  return membersOf(tensor, axis).map((own) => valuesAt(weights, own));
}

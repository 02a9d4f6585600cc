/**
 * Sharing what is alike: filters of a layer, the small windows inside them, or whole layers that are nearly equal become equal; each takes the mean of those alike.
 *
 * It helps because a network often learns nearly the same thing twice, and what is equal needs to be stored once. By itself it only makes values
 * equal: fewer distinct values, the same number of parameters and multiplications. A packed file holds equal layers once (a residual network of which all
 * kernels of one shape were made equal: 92 kB became 55 kB); from equal filters and windows it gains next to nothing. It costs accuracy as the limit rises.
 *
 * Two are alike where |a - b| / (|a| + |b|) is at most the limit: 0 for equal ones, about 0.7 for ones that have nothing in common, 1 for opposite ones.
 * Gathering: the largest comes first and leads; each next one joins the nearest leader within the limit, or becomes one. Pruned weights stay zero,
 * and a mean is taken over those that keep the weight.
 * Papers: Son, Nah, Lee 2018, "Clustering Convolutional Kernels to Compress Deep Neural Networks" (windows); Srinivas, Babu 2015, "Data-free Parameter Pruning"
 * (alike neurons); Savarese, Maire 2019, "Learning Implicitly Recurrent CNNs Through Parameter Sharing" (layers).
 */
import { lines } from '#core/formula';
import { countDistinct } from '#core/metrics/size';
import { mapPrunable } from '#core/model/edit';
import type { Tensor } from '#core/model/model';
import { makeTensor } from '#core/model/tensor';
import type { Words } from '#core/params';
import { definePass } from '#core/pass';
import { alikeFormula, distancesOf, gatherAlike, TOO_MANY } from '#core/passes/shared/alike';
import { inParts } from '#core/passes/shared/in-parts';
import { LAYERS, type Selected, selectPrunable } from '#core/passes/shared/selection';

type What = 'filters' | 'windows' | 'layers';

/** A strided run of a kernel's values: first, first + step, …, `length` of them. */
interface Piece {
  readonly layer: string;
  readonly tensor: Tensor;
  readonly first: number;
  readonly step: number;
  readonly length: number;
}

/** Pieces that may become equal, with their values and distances; null where there are too many to compare. */
interface Ready {
  readonly pieces: readonly Piece[];
  readonly vectors: readonly Float32Array[];
  readonly distances: Float32Array | null;
  /** Layer names. */
  readonly about: string;
}

export const alikeSharing = definePass({
  id: 'alike-sharing',
  family: 'sharing',
  words: {
    title: { en: 'Sharing of alike filters', zh: '相似滤波器共享' },
    help: {
      en: 'Filters, windows or whole layers that are nearly equal become equal: there are fewer different values to store.',
      zh: '把几乎相同的滤波器、窗口或整层变为完全相同：需要存储的不同的值变少。',
    },
    cost: {
      en: 'Instant. Parameters and multiplications stay. A packed file (.whittle) holds equal layers once; from equal filters and windows it gains little: there, merging alike channels goes further. Training afterwards makes them differ again, so train before.',
      zh: '瞬间完成。参数个数和乘法次数不变。打包文件（.whittle）只存一份相同的层；相同的滤波器和窗口带来的好处很小，这时“合并相似通道”更有效。之后再训练会使它们重新变得不同，因此请先训练。',
    },
    pays: {
      en: 'It pays in wide layers that were trained with little regularisation, where several filters learned the same; narrow networks have nothing to share.',
      zh: '适用于训练时正则化较弱、多个滤波器学到相同内容的宽层；窄网络没有可共享的。',
    },
    paper:
      'Son, Nah, Lee 2018, Clustering Convolutional Kernels to Compress Deep Neural Networks; Srinivas, Babu 2015, Data-free Parameter Pruning for Deep Neural Networks',
  },
  params: {
    limit: {
      kind: 'number',
      live: true,
      min: 0,
      max: 1,
      step: 0.01,
      default: 0.5,
      label: { en: 'Largest difference', zh: '最大差异' },
      help: {
        en: 'How different two may be and still become one: 0 only equal ones, 0.7 those with nothing in common.',
        zh: '两者差异不超过多少时合为一个：0 表示只有完全相同的，0.7 表示毫无共同之处的也会合并。',
      },
    },
    what: {
      kind: 'choice',
      default: 'filters',
      label: { en: 'What is compared', zh: '比较什么' },
      help: {
        en: 'Filters: all weights of one output. Windows: the k x k weights from one input to one output. Layers: whole kernels of equal shape.',
        zh: '滤波器：一个输出的全部权重。窗口：一个输入到一个输出的 k x k 权重。层：形状相同的整个卷积核。',
      },
      options: [
        { value: 'filters', label: { en: 'Filters of a layer', zh: '同一层的滤波器' } },
        { value: 'windows', label: { en: 'Windows of a convolution', zh: '卷积的窗口' } },
        { value: 'layers', label: { en: 'Layers of equal shape', zh: '形状相同的层' } },
      ],
    },
    layers: LAYERS,
  },
  formula: ({ limit }) => lines(alikeFormula(limit), 'a′ = b′ = … = mean (a, b, …)'),
  needs: ['weights'],
  effects: {
    masks: 'keeps',
    grids: 'consumes',
    activations: 'keeps',
    codebooks: 'consumes',
    shapes: 'keeps',
    reason: {
      en: 'A mean is rarely on a grid or in a codebook: kernels in which something was shared hold plain numbers. The others keep theirs. Share what is alike first, then quantize.',
      zh: '平均值一般不在网格或码本上：发生共享的卷积核变为普通数值，其余保持不变。请先共享相近的部分，再量化。',
    },
  },
  preview: 'accuracy',

  async prepare(model, { what, layers }, context): Promise<readonly Ready[]> {
    const ready: Ready[] = [];
    for (const { pieces, about } of setsOf(selectPrunable(model, layers), what as What)) {
      const vectors = pieces.map(valuesOf);
      ready.push({ pieces, about, vectors, distances: await inParts(distancesOf(vectors), context) });
    }
    return ready;
  },

  async apply(model, { limit, layers }, context, ready) {
    const changed = new Map<string, Float32Array>();
    const notes: Words[] = [];
    let gone = 0;
    let pieces = 0;
    for (const { pieces: own, vectors, distances, about } of ready) {
      context.signal.throwIfAborted();
      if (!distances) {
        notes.push(tooMany(about, own.length));
        continue;
      }
      const groups = gatherAlike(vectors, distances, limit).map((group) => group.map((i) => own[i] as Piece));
      pieces += own.length;
      gone += own.length - groups.length;
      for (const group of groups) if (group.length > 1) share(group, changed);
    }
    const before = selectPrunable(model, layers).map(({ tensor }) => tensor.data);
    const shared = mapPrunable(model, layers, (layer, tensor) => withData(tensor, changed.get(layer.name)));
    const after = selectPrunable(shared, layers).map(({ tensor }) => tensor.data);
    notes.push(doneNote(gone, pieces, countDistinct(before), countDistinct(after)));
    return { model: shared, report: { notes } };
  },
});

/** Every set of pieces that are compared with each other. */
function setsOf(
  selected: readonly Selected[],
  what: What,
): readonly { readonly pieces: readonly Piece[]; readonly about: string }[] {
  if (what === 'layers') {
    const alike = new Map<string, Selected[]>();
    for (const one of selected) {
      const key = `${one.layer.kind} ${one.tensor.shape}`;
      alike.set(key, [...(alike.get(key) ?? []), one]);
    }
    return [...alike.values()].map((group) => ({
      pieces: group.map(({ layer, tensor }) => pieceOf(layer.name, tensor, 0, 1, tensor.data.length)),
      about: group.map(({ layer }) => layer.name).join(', '),
    }));
  }
  return selected.map(({ layer, tensor }) => {
    // A depthwise filter is a window; a dense layer has no windows, so its filters are compared.
    const depthwise = layer.kind === 'depthwiseConv2d';
    const last = tensor.shape.at(-1) as number;
    const windows = what === 'windows' && layer.kind === 'conv2d';
    const count = depthwise || windows ? last * (tensor.shape.at(-2) as number) : last;
    const length = tensor.data.length / count;
    const pieces = Array.from({ length: count }, (_, i) => pieceOf(layer.name, tensor, i, count, length));
    return { pieces, about: layer.name };
  });
}

function pieceOf(layer: string, tensor: Tensor, first: number, step: number, length: number): Piece {
  return { layer, tensor, first, step, length };
}

function valuesOf({ tensor, first, step, length }: Piece): Float32Array {
  return Float32Array.from({ length }, (_, k) => tensor.data[first + k * step] as number);
}

/** Puts the mean of a group into each of its pieces, weight by weight over those that keep it. */
function share(group: readonly Piece[], changed: Map<string, Float32Array>): void {
  const { length } = group[0] as Piece;
  for (let k = 0; k < length; k++) {
    let sum = 0;
    let count = 0;
    const places = group.map((piece) => ({ piece, at: piece.first + k * piece.step }));
    for (const { piece, at } of places) {
      if (piece.tensor.encoding.mask?.[at] === 0) continue;
      sum += piece.tensor.data[at] as number;
      count++;
    }
    for (const { piece, at } of places) {
      if (piece.tensor.encoding.mask?.[at] === 0) continue;
      const data = changed.get(piece.layer) ?? piece.tensor.data.slice();
      changed.set(piece.layer, data);
      data[at] = sum / count;
    }
  }
}

function withData(tensor: Tensor, data: Float32Array | undefined): Tensor {
  if (!data || data.every((value, i) => value === tensor.data[i])) return tensor;
  const { mask } = tensor.encoding;
  return makeTensor(tensor.shape, data, { ...(mask ? { mask } : {}), values: { kind: 'dense' } });
}

function doneNote(gone: number, pieces: number, before: number, after: number): Words {
  if (gone === 0) {
    return {
      en: `None of ${pieces} is that much like another; nothing changed.`,
      zh: `${pieces} 个中没有彼此如此相似的，没有变化。`,
    };
  }
  return {
    en: `${pieces} became ${pieces - gone} different ones; distinct values ${before} → ${after}.`,
    zh: `${pieces} 个变为 ${pieces - gone} 个不同的；不同的值 ${before} → ${after}。`,
  };
}

function tooMany(about: string, count: number): Words {
  return {
    en: `${about} stays as it is: ${count} pieces are too many to compare each with each (at most ${TOO_MANY}).`,
    zh: `${about} 保持原样：${count} 个太多，无法两两比较（最多 ${TOO_MANY} 个）。`,
  };
}

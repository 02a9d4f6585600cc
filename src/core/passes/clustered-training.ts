/**
 * Clustered training: the network is trained while its weights are shared values, so that it learns to live with few of them.
 *
 * It helps where weight sharing alone costs too much: at 4 to 16 values a layer. It costs the training. Two ways: the clusters stay as they are and their values
 * move, each by the summed gradients of its weights (Deep Compression's "trained quantization"); or every weight keeps a float copy,
 * which gets the gradient of its shared value straight through, and the copies are gathered anew again and again (each to its nearest
 * value, each value the mean of its weights), so that weights change clusters. The second goes further with few values.
 *
 * Pruned weights stay zero and are in no cluster. A teacher, this model as it was or any other, says what the answers were.
 * Papers: Han, Mao, Dally 2016, "Deep Compression"; Polino, Pascanu, Alistarh 2018, "Model Compression via Distillation and Quantization" (float copies, with a teacher).
 */
import { lines } from '#core/formula';
import { layerOf, mapPrunable, tensorOf } from '#core/model/edit';
import { type CodebookValues, codesOf } from '#core/model/encoding';
import type { Layer } from '#core/model/layers';
import type { Model, Tensor } from '#core/model/model';
import { makeTensor } from '#core/model/tensor';
import type { Start } from '#core/numeric/k-means';
import type { Words } from '#core/params';
import { definePass, type TrainHooks } from '#core/pass';
import {
  BOOKS,
  type Books,
  booksOf,
  CLUSTERS,
  gathered,
  movedBooks,
  type Ready,
  readyClusters,
  START,
} from '#core/passes/shared/clusters';
import { LAYERS, selectPrunable } from '#core/passes/shared/selection';
import { softFormula, softLoss, softParams } from '#core/passes/shared/settling';
import { TEACHER_MODEL, teacherModel } from '#core/passes/shared/students';
import {
  BATCH_SIZE,
  epochsParam,
  learningRateParam,
  OPTIMIZER,
  objectiveOf,
  SHIFT,
} from '#core/passes/shared/training';
import { percent } from '#core/passes/shared/words';

/** Epochs between two gatherings of the float copies. */
const EVERY = 0.02;

interface ClusterValues {
  readonly clusters: number;
  readonly books: Books;
  readonly start: Start;
  readonly layers: readonly string[];
  readonly way: string;
}

export const clusteredTraining = definePass({
  id: 'clustered-training',
  family: 'sharing',
  words: {
    title: { en: 'Clustered training', zh: '聚类训练' },
    help: {
      en: 'Trains the network while its weights are a few shared values, so that it needs fewer of them than sharing alone.',
      zh: '让网络在权重只有少数几个共享值的情况下训练，因此所需的值比单纯共享更少。',
    },
    cost: {
      en: 'The time of the training. The file shrinks as with weight sharing; parameters and multiplications stay.',
      zh: '需要训练的时间。文件像权重共享一样变小；参数个数和乘法次数不变。',
    },
    pays: {
      en: 'It pays from 16 values a layer downwards, where sharing alone loses accuracy; with a teacher, 8 values a layer often lose nothing.',
      zh: '每层 16 个值以下、单纯共享会损失准确率时值得做；有教师时，每层 8 个值往往没有损失。',
    },
    paper:
      'Han, Mao, Dally 2016, Deep Compression; Polino, Pascanu, Alistarh 2018, Model Compression via Distillation and Quantization',
  },
  params: {
    clusters: { ...CLUSTERS, default: 8 },
    books: BOOKS,
    way: {
      kind: 'choice',
      default: 'anew',
      label: { en: 'While training', zh: '训练时' },
      help: {
        en: 'Weights may change clusters as their float copies move, or stay in theirs and move together.',
        zh: '权重可以随其浮点副本的移动换类，或留在原类中一起移动。',
      },
      options: [
        { value: 'anew', label: { en: 'Weights change clusters', zh: '权重可以换类' } },
        { value: 'together', label: { en: 'Clusters stay, their values move', zh: '类别不变，取值移动' } },
      ],
    },
    start: START,
    layers: LAYERS,
    teacher: TEACHER_MODEL,
    ...softParams(),
    epochs: epochsParam(3),
    learningRate: learningRateParam(0.001),
    batchSize: BATCH_SIZE,
    optimizer: OPTIMIZER,
    shift: SHIFT,
  },
  formula: ({ clusters, way, temperature, softWeight }) =>
    lines(
      ...(way === 'anew'
        ? [
            `w = c[a],   a = argminⱼ |v − c[j]|,   j = 1 … ${clusters},   ∂L/∂v = ∂L/∂w`,
            { en: 'c[j] ← mean of v over the weights with a = j', zh: 'c[j] ← 满足 a = j 的各 v 的均值' },
          ]
        : [
            `w = c[a],   a ∈ {1 … ${clusters}}`,
            { en: '∂L/∂c[j] = Σ ∂L/∂w over the weights with a = j', zh: '∂L/∂c[j] = Σ ∂L/∂w，对满足 a = j 的权重求和' },
          ]),
      softFormula({ temperature, softWeight }),
    ),
  needs: ['weights', 'knownGraph', 'data', 'training'],
  effects: {
    masks: 'keeps',
    grids: 'consumes',
    activations: 'keeps',
    codebooks: 'consumes',
    shapes: 'keeps',
    makes: ['codebooks'],
    reason: {
      en: 'The shared values take the place of what the weights were before: a grid, or an older codebook.',
      zh: '共享值取代权重原有的形式：量化网格或旧的码本。',
    },
  },
  preview: 'structure',

  async sketch(model, values) {
    return clustered(model, values, 0).model;
  },

  async apply(model, values, context) {
    const teacher = await teacherModel(model, values.teacher, context);
    const begun = clustered(model, values, Math.floor(context.random() * 2 ** 32));
    const objective = objectiveOf(begun.model, softLoss(values, teacher), values, context.random);
    if (values.way === 'together') {
      const trained = await context.train(objective);
      return { model: trained, report: { notes: values.books === 'network' ? [APART] : [] } };
    }
    let { books } = begun;
    const revise: TrainHooks['revise'] = (now, done, shadow) => {
      if (done > 0) books = movedBooks(begun.ready, books, shadow);
      return withBooks(now, begun.ready, books, shadow);
    };
    // It starts from the weights as they are, so that these are the float copies.
    const trained = await context.train(
      { ...objective, model: plain(model, values.layers), reassign: begun.ready.map(({ name }) => name) },
      {
        every: EVERY,
        revise,
        memory: {
          read: () => books.map(listed),
          write(kept) {
            books = (kept as unknown as ReturnType<typeof listed>[]).map(fromList);
          },
        },
      },
    );
    return { model: trained, report: { notes: [movedNote(begun.model, trained, begun.ready)] } };
  },
});

const APART: Words = {
  en: 'Each layer trained its own copy of the one codebook, so there are as many codebooks as layers now. Where weights change clusters, it stays one.',
  zh: '各层各自训练了共用码本的副本，因此现在有与层数一样多的码本。选择“权重可以换类”时则始终共用一个。',
};

/** Shared values as JSON holds them. */
function listed({ centroids, books }: CodebookValues) {
  return { centroids: [...centroids], books: books ? { axis: books.axis, offsets: [...books.offsets] } : null };
}
function fromList({ centroids, books }: ReturnType<typeof listed>): CodebookValues {
  return {
    kind: 'codebook',
    centroids: Float32Array.from(centroids),
    ...(books ? { books: { axis: books.axis, offsets: Int32Array.from(books.offsets) } } : {}),
  };
}

interface Clustered {
  readonly model: Model;
  readonly ready: readonly Ready[];
  readonly books: readonly CodebookValues[];
}

/** The model with its weights gathered by k-means. Where clusters stay, layers that have a codebook already keep it. */
function clustered(model: Model, { clusters, books, start, layers, way }: ClusterValues, seed: number): Clustered {
  const all = selectPrunable(model, layers);
  const selected = way === 'anew' ? all : all.filter(({ tensor }) => tensor.encoding.values.kind !== 'codebook');
  const ready = readyClusters(selected, books);
  const found = booksOf(ready, clusters, start, seed);
  return { model: withBooks(model, ready, found), ready, books: found };
}

/** The same weights without grid or codebook. */
function plain(model: Model, layers: readonly string[]): Model {
  return mapPrunable(model, layers, (_layer, { shape, data, encoding: { mask } }) =>
    makeTensor(shape, data, { ...(mask ? { mask } : {}), values: { kind: 'dense' } }),
  );
}

function withBooks(
  model: Model,
  ready: readonly Ready[],
  books: readonly CodebookValues[],
  weights?: (layer: string) => Float32Array,
): Model {
  const at = new Map(ready.map(({ name }, i) => [name, i]));
  if (at.size === 0) return model;
  return mapPrunable(model, [...at.keys()], (layer, tensor) =>
    gathered(tensor, books[at.get(layer.name) as number] as CodebookValues, weights?.(layer.name)),
  );
}

function movedNote(before: Model, after: Model, ready: readonly Ready[]): Words {
  let moved = 0;
  let weights = 0;
  for (const { name } of ready) {
    const [old, now] = [kernelOf(before, name), kernelOf(after, name)];
    const [from, to] = [codesOf(old.data, old.shape, old.encoding), codesOf(now.data, now.shape, now.encoding)];
    for (const [i, code] of from.entries()) {
      if (code < 0) continue;
      weights++;
      if (code !== to[i]) moved++;
    }
  }
  const share = percent(weights === 0 ? 0 : moved / weights);
  return {
    en: `${moved} weights (${share} %) ended in another cluster than they began in.`,
    zh: `${moved} 个权重（${share} %）最终所在的类与开始时不同。`,
  };
}

function kernelOf(model: Model, name: string): Tensor {
  return tensorOf(model, layerOf(model, name) as Layer, 'kernel') as Tensor;
}

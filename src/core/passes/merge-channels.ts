/**
 * Merging alike channels: filters of a layer that are nearly equal give nearly equal channels, so one does for all: the mean of
 * the filters. The others are taken out, and what read them reads the one that is left, with the sum of their weights.
 *
 * It helps where a network learned the same thing twice: unlike channel pruning, what the channels tell goes on. The result is a smaller ordinary network, with no
 * data and no training needed; where the filters are equal, so are the answers. It costs accuracy as the limit rises; fine-tune afterwards.
 *
 * Two channels are alike where the weights that make them, with bias, normalisation and slopes, differ by at most the limit (|a - b| / (|a| + |b|), each
 * part for itself). Gathering as in sharing of alike filters. Channels that can only be cut together are compared together.
 * Paper: Srinivas, Babu 2015, "Data-free Parameter Pruning for Deep Neural Networks".
 */

import { lines } from '#core/formula';
import { channelUnits } from '#core/model/channel-units';
import { type ChannelGroup, channelGroups, cutChannels, type GroupMember } from '#core/model/channels';
import { layerOf, tensorOf, withTensors } from '#core/model/edit';
import type { Layer, TensorRole } from '#core/model/layers';
import type { Model, Tensor } from '#core/model/model';
import { makeTensor } from '#core/model/tensor';
import type { Words } from '#core/params';
import { definePass } from '#core/pass';
import { alikeFormula, distancesOf, gatherAlike, largerOf, TOO_MANY } from '#core/passes/shared/alike';
import { CHANNEL_LAYERS } from '#core/passes/shared/channel-cuts';
import { inParts } from '#core/passes/shared/in-parts';
import { checkNames } from '#core/passes/shared/selection';

interface Ready {
  readonly group: ChannelGroup;
  /** Of each unit, the weights that make it: for the order in which they lead. */
  readonly vectors: readonly Float32Array[];
  readonly distances: Float32Array | null;
}

export const mergeChannels = definePass({
  id: 'merge-channels',
  family: 'sharing',
  words: {
    title: { en: 'Merge alike channels', zh: '合并相似通道' },
    help: {
      en: 'Where several filters of a layer do nearly the same, their mean stands for all of them, and what read the others reads it instead.',
      zh: '当同一层的几个滤波器作用几乎相同时，用它们的平均代替全部，原来读取其他滤波器的地方改为读取它。',
    },
    cost: {
      en: 'Instant, without data. Fewer parameters, fewer multiplications, really faster.',
      zh: '瞬间完成，不需要数据。参数和乘法都更少，速度真正变快。',
    },
    pays: {
      en: 'It pays in networks that are far too wide, or were widened by copying; otherwise few channels are alike, and channel pruning goes further.',
      zh: '适用于过宽的网络，或通过复制加宽的网络；否则相似的通道很少，通道剪枝效果更好。',
    },
    paper: 'Srinivas, Babu 2015, Data-free Parameter Pruning for Deep Neural Networks',
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
        en: 'How different two channels may be and still become one: 0 only equal ones, 0.7 those with nothing in common.',
        zh: '两个通道差异不超过多少时合为一个：0 表示只有完全相同的，0.7 表示毫无共同之处的也会合并。',
      },
    },
    layers: CHANNEL_LAYERS,
  },
  formula: ({ limit }) => lines(alikeFormula(limit), 'u · y(a) + v · y(b) ≈ (u + v) · y((a + b) / 2)'),
  needs: ['weights', 'knownGraph'],
  effects: {
    masks: 'keeps',
    grids: 'consumes',
    activations: 'keeps',
    codebooks: 'consumes',
    shapes: 'consumes',
    reason: {
      en: 'Layers become narrower, and the means and sums of weights are rarely on a grid or in a codebook. Merge first, then quantize or share.',
      zh: '各层会变窄，而且权重的平均与求和一般不在网格或码本上。请先合并，再量化或共享。',
    },
  },
  preview: 'accuracy',

  async prepare(model, { layers }, context): Promise<readonly Ready[]> {
    checkNames(model, layers);
    const touched = ({ producers, carriers }: ChannelGroup): boolean =>
      layers.length === 0 || [...producers, ...carriers].some(({ layer }) => layers.includes(layer));
    const ready: Ready[] = [];
    for (const group of channelGroups(model)) {
      if (!group.prunable || group.count < 2 || !touched(group)) continue;
      const parts = [...group.producers, ...group.carriers].map((member) => vectorsOf(model, member));
      const apart: (Float32Array | null)[] = [];
      for (const vectors of parts) apart.push(await inParts(distancesOf(vectors), context));
      const [first = null, ...others] = apart;
      ready.push({ group, vectors: parts[0] ?? [], distances: others.reduce(largerOf, first) });
    }
    return ready;
  },

  async apply(model, { limit }, context, ready) {
    let merged = model;
    const keep = new Map<string, readonly number[]>();
    const notes: Words[] = [];
    for (const { group, vectors, distances } of ready) {
      context.signal.throwIfAborted();
      const alike = distances ? gatherAlike(vectors, distances, limit) : [];
      if (!distances) notes.push(tooMany(group));
      else if (alike.length < group.count) {
        keep.set(
          group.id,
          alike.map(([leader]) => leader as number),
        );
        merged = joined(
          merged,
          group,
          alike.filter(({ length }) => length > 1),
        );
        notes.push(mergedNote(group, alike.length));
      }
    }
    if (notes.length === 0) notes.push(NOTHING);
    return { model: cutChannels(merged, keep), report: { notes } };
  },
});

/** What makes each unit in one layer: weights with the bias, or a normalisation's factor and offset, or slopes. */
function vectorsOf(model: Model, { layer: name, channels }: GroupMember): readonly Float32Array[] {
  const layer = layerOf(model, name) as Layer;
  const read = (role: TensorRole): Tensor | undefined => tensorOf(model, layer, role);
  if (layer.kind === 'batchNorm') {
    return channels.map((own) =>
      Float32Array.from(
        own.flatMap((c) => {
          const at = (role: TensorRole, absent: number): number => read(role)?.data[c] ?? absent;
          const factor = at('gamma', 1) / Math.sqrt(at('variance', 1) + layer.epsilon);
          return [factor, at('beta', 0) - factor * at('mean', 0)];
        }),
      ),
    );
  }
  const tensors = (['kernel', 'bias', 'alpha'] as const).flatMap((role) => read(role) ?? []);
  return channels.map((own) => Float32Array.from(tensors.flatMap((tensor) => columnsOf(tensor, layer, own))));
}

/** The values of a tensor that belong to these output channels: they run fastest, in a depthwise kernel over two axes. */
function columnsOf({ data, shape }: Tensor, layer: Layer, channels: readonly number[]): readonly number[] {
  const extent = outputsOf(shape, layer);
  return channels.flatMap((c) =>
    Array.from({ length: data.length / extent }, (_, i) => data[i * extent + c] as number),
  );
}

function outputsOf(shape: readonly number[], layer: Layer): number {
  const last = shape.at(-1) as number;
  return layer.kind === 'depthwiseConv2d' && shape.length === 4 ? last * (shape.at(-2) as number) : last;
}

/** The model in which the leader of each set is the mean of the set, and its readers have the sums of what read the set. */
function joined(model: Model, group: ChannelGroup, sets: readonly (readonly number[])[]): Model {
  const changed = new Map<string, { layer: string; role: TensorRole; tensor: Tensor }>();
  const write = (layer: Layer, role: TensorRole, change: (data: Float32Array, mask?: Uint8Array) => void): void => {
    const tensor = changed.get(`${layer.name}/${role}`)?.tensor ?? tensorOf(model, layer, role);
    if (!tensor) return;
    const [data, mask] = [tensor.data.slice(), tensor.encoding.mask?.slice()];
    change(data, mask);
    const encoding = { ...(mask ? { mask } : {}), values: { kind: 'dense' } } as const;
    changed.set(`${layer.name}/${role}`, { layer: layer.name, role, tensor: makeTensor(tensor.shape, data, encoding) });
  };
  for (const { layer: name, channels } of [...group.producers, ...group.carriers]) {
    const layer = layerOf(model, name) as Layer;
    for (const role of ['kernel', 'bias', 'gamma', 'beta', 'mean', 'variance', 'alpha'] as const) {
      const extent = outputsOf(tensorOf(model, layer, role)?.shape ?? [1], layer);
      write(layer, role, (data, mask) => {
        for (const set of sets)
          average(
            data,
            mask,
            extent,
            set.map((unit) => channels[unit] as readonly number[]),
          );
      });
    }
  }
  const { byLayer } = channelUnits(model);
  const [maker] = group.producers;
  const own = byLayer.get(maker?.layer ?? '');
  const unitOf = (unit: number): number => own?.[maker?.channels[unit]?.[0] ?? -1] as number;
  for (const layer of model.layers) {
    if (layer.kind !== 'conv2d' && layer.kind !== 'dense') continue;
    const read = byLayer.get(layer.inputs[0] as string) as Int32Array;
    const places = (unit: number): readonly number[] => [...read.keys()].filter((i) => read[i] === unitOf(unit));
    const reads = sets.map((set) => set.map(places)).filter(([leader]) => (leader?.length ?? 0) > 0);
    if (reads.length === 0) continue;
    const outputs = (tensorOf(model, layer, 'kernel') as Tensor).shape.at(-1) as number;
    write(layer, 'kernel', (data, mask) => {
      for (const set of reads) add(data, mask, read.length, outputs, set);
    });
  }
  return withTensors(model, [...changed.values()]);
}

/** The first of the sets of columns becomes the mean of all, over those that keep the weight. */
function average(
  data: Float32Array,
  mask: Uint8Array | undefined,
  extent: number,
  sets: readonly (readonly number[])[],
): void {
  const [leader = []] = sets;
  for (let row = 0; row < data.length; row += extent) {
    for (const [j, column] of leader.entries()) {
      const kept = sets.map((set) => row + (set[j] as number)).filter((at) => !mask || mask[at]);
      const sum = kept.reduce((total, at) => total + (data[at] as number), 0);
      data[row + column] = kept.length === 0 ? 0 : sum / kept.length;
      if (mask) mask[row + column] = kept.length === 0 ? 0 : 1;
    }
  }
}

/** Rows of a kernel [anything, inputs, outputs]: the first of the sets becomes the sum of all. */
function add(
  data: Float32Array,
  mask: Uint8Array | undefined,
  inputs: number,
  outputs: number,
  [leader = [], ...others]: readonly (readonly number[])[],
): void {
  for (let begin = 0; begin < data.length; begin += inputs * outputs) {
    for (const other of others) {
      for (const [j, place] of leader.entries()) {
        for (let o = 0; o < outputs; o++) {
          const to = begin + place * outputs + o;
          const from = begin + (other[j] as number) * outputs + o;
          data[to] = (data[to] as number) + (data[from] as number);
          if (mask?.[from]) mask[to] = 1;
        }
      }
    }
  }
}

const NOTHING: Words = {
  en: 'No two channels are that much alike; nothing changed.',
  zh: '没有两个通道如此相似，没有变化。',
};

function mergedNote({ id, count }: ChannelGroup, left: number): Words {
  return {
    en: `${id}: ${count} channels became ${left}.`,
    zh: `${id}：${count} 个通道变为 ${left} 个。`,
  };
}

function tooMany({ id, count }: ChannelGroup): Words {
  return {
    en: `${id} stays as it is: ${count} channels are too many to compare each with each (at most ${TOO_MANY}).`,
    zh: `${id} 保持原样：${count} 个通道太多，无法两两比较（最多 ${TOO_MANY} 个）。`,
  };
}

/**
 * Structured pruning's two halves: which channels of a model can be cut, and what must go with them (`channelGroups`),
 * and the cut itself (`cutChannels`), after which the channels are really gone from every kernel, bias, batch
 * normalisation and slope, and from the kernels of the layers that read them.
 */
import { type ChannelUnits, channelUnits, type Lock } from '#core/model/channel-units';
import { replaceLayers, sliceTensor, tensorOf } from '#core/model/edit';
import type { Layer, TensorRole } from '#core/model/layers';
import type { Model, Tensor, TensorId } from '#core/model/model';
import type { Words } from '#core/params';

/** A layer of a group: `channels[k]` are the output channels of the layer that go when unit k of the group is cut. */
export interface GroupMember {
  readonly layer: string;
  readonly channels: readonly (readonly number[])[];
}
/** Channels that are cut alike: unit k stands for one channel of each layer in it (several behind a flatten). */
export interface ChannelGroup {
  /** Unique in the model; made of the names of its producers. */
  readonly id: string;
  /** Units that can be kept or cut, each on its own. */
  readonly count: number;
  /** Convolutions and dense layers whose output channels these are: where importance is measured. */
  readonly producers: readonly GroupMember[];
  /** Depthwise convolutions, batch normalisations and PReLUs that the channels run through, cut along with them. */
  readonly carriers: readonly GroupMember[];
  readonly prunable: boolean;
  /** Why not, where it is not. */
  readonly reason?: Words;
}

const REASONS: Readonly<Record<Lock, Words>> = {
  output: { en: 'These are the outputs of the model, one for each class.', zh: '这些是模型的输出，每个类别一个。' },
  input: {
    en: 'These are added to the input of the model, whose channels are given.',
    zh: '它们与模型的输入相加，而输入的通道是固定的。',
  },
  grouped: {
    en: 'A grouped convolution makes or reads them, and its groups must stay equal in size.',
    zh: '它们由分组卷积产生或读取，各组大小必须保持一致。',
  },
  softmax: { en: 'A softmax divides by the sum of them all.', zh: 'softmax 要除以它们的总和，不能缺少其中任何一个。' },
};

/** All groups in the order of the layers that make them. Throws ShapeError where the model's shapes do not agree. */
export function channelGroups(model: Model): readonly ChannelGroup[] {
  return groupsOf(model, channelUnits(model)).map(({ group }) => group);
}

/**
 * The model with only these units of these groups (by id; units from 0, in any order; groups not named stay whole).
 * Throws RangeError for a group that does not exist or is not prunable, for a unit it does not have, or for none left.
 */
export function cutChannels(model: Model, cuts: ReadonlyMap<string, readonly number[]>): Model {
  const units = channelUnits(model);
  const groups = new Map(groupsOf(model, units).map((item) => [item.group.id, item]));
  const gone = new Set<number>();
  for (const [id, keep] of cuts) {
    const item = groups.get(id);
    if (!item) throw new RangeError(`the model has no channel group ${id}`);
    const kept = new Set(keep);
    for (const unit of kept)
      if (!(Number.isInteger(unit) && unit >= 0 && unit < item.group.count))
        throw new RangeError(`group ${id} has no unit ${unit}`);
    if (kept.size === 0) throw new RangeError(`at least one channel of ${id} must stay`);
    if (kept.size === item.group.count) continue;
    if (!item.group.prunable) throw new RangeError(`group ${id} cannot be cut: ${item.group.reason?.en}`);
    for (const [at, unit] of item.units.entries()) if (!kept.has(at)) gone.add(unit);
  }
  if (gone.size === 0) return model;

  /** Kept entries of a layer's last output axis; null where all stay. */
  const keptOf = (name: string): readonly number[] | null => {
    const own = units.byLayer.get(name) as Int32Array;
    const kept: number[] = [];
    for (let i = 0; i < own.length; i++) if (!gone.has(own[i] as number)) kept.push(i);
    return kept.length === own.length ? null : kept;
  };
  const tensors: Record<TensorId, Tensor> = { ...model.tensors };
  const layers = model.layers.map((layer) => {
    const before = layer.inputs[0] === undefined ? null : keptOf(layer.inputs[0]);
    const behind = keptOf(layer.name);
    if (!before && !behind) return layer;
    const ids: Partial<Record<TensorRole, TensorId>> = {};
    for (const { role, axis, of } of slicedAxes(model, layer)) {
      const kept = of === 'input' ? before : behind;
      const tensor = tensors[ids[role] ?? ''] ?? tensorOf(model, layer, role);
      if (!kept || !tensor) continue;
      const sliced = sliceTensor(tensor, axis, kept);
      tensors[sliced.id] = sliced;
      ids[role] = sliced.id;
    }
    const changed = { ...layer, ...ids } as Layer;
    if (changed.kind !== 'reshape' || !behind) return changed;
    const last = changed.shape[changed.shape.length - 1] === -1 ? -1 : behind.length;
    return { ...changed, shape: [...changed.shape.slice(0, -1), last] };
  });
  return replaceLayers(model, layers, tensors);
}

interface GroupedUnits {
  readonly group: ChannelGroup;
  /** Unit number of each of the group's units. */
  readonly units: readonly number[];
}

function groupsOf(model: Model, { byLayer, locks }: ChannelUnits): readonly GroupedUnits[] {
  // Units made by the same layers, and locked for the same reason, form a group.
  const makers = new Map<number, string[]>();
  const through = new Map<number, string[]>();
  for (const layer of model.layers) {
    const list = makesChannels(layer) ? makers : carriesChannels(layer) ? through : null;
    if (!list) continue;
    for (const unit of new Set(byLayer.get(layer.name))) {
      const names = list.get(unit);
      if (names) names.push(layer.name);
      else list.set(unit, [layer.name]);
    }
  }
  const sorted = new Map<string, { makers: readonly string[]; lock: Lock | undefined; units: number[] }>();
  for (const [unit, names] of makers) {
    const lock = locks.get(unit);
    const key = JSON.stringify([lock ?? '', ...names]);
    const group = sorted.get(key);
    if (group) group.units.push(unit);
    else sorted.set(key, { makers: names, lock, units: [unit] });
  }

  const taken = new Set<string>();
  return [...sorted.values()].map(({ makers: names, lock, units }) => {
    const base = names.join(' + ');
    let id = base;
    for (let count = 2; taken.has(id); count++) id = `${base} (${count})`;
    taken.add(id);
    const place = new Map(units.map((unit, at) => [unit, at]));
    const member = (name: string): GroupMember => {
      const channels: number[][] = units.map(() => []);
      for (const [channel, unit] of (byLayer.get(name) as Int32Array).entries()) {
        const at = place.get(unit);
        if (at !== undefined) (channels[at] as number[]).push(channel);
      }
      return { layer: name, channels };
    };
    const carriers = new Set(units.flatMap((unit) => through.get(unit) ?? []));
    const group: ChannelGroup = {
      id,
      count: units.length,
      producers: names.map(member),
      carriers: model.layers.filter((layer) => carriers.has(layer.name)).map((layer) => member(layer.name)),
      prunable: lock === undefined,
      ...(lock ? { reason: REASONS[lock] } : {}),
    };
    return { group, units };
  });
}

function makesChannels(layer: Layer): boolean {
  return layer.kind === 'conv2d' || layer.kind === 'dense';
}

function carriesChannels(layer: Layer): boolean {
  return layer.kind === 'depthwiseConv2d' || layer.kind === 'batchNorm' || layer.kind === 'prelu';
}

/** Which axis of which tensor runs along the input's channels, and which along the output's. */
function slicedAxes(
  model: Model,
  layer: Layer,
): readonly { readonly role: TensorRole; readonly axis: number; readonly of: 'input' | 'output' }[] {
  switch (layer.kind) {
    case 'conv2d':
      return [
        { role: 'kernel', axis: 2, of: 'input' },
        { role: 'kernel', axis: 3, of: 'output' },
        { role: 'bias', axis: 0, of: 'output' },
      ];
    case 'depthwiseConv2d':
      return [
        { role: 'kernel', axis: 2, of: 'input' },
        { role: 'bias', axis: 0, of: 'output' },
      ];
    case 'dense':
      return [
        { role: 'kernel', axis: 0, of: 'input' },
        { role: 'kernel', axis: 1, of: 'output' },
        { role: 'bias', axis: 0, of: 'output' },
      ];
    case 'batchNorm':
      return (['gamma', 'beta', 'mean', 'variance'] as const).map((role) => ({ role, axis: 0, of: 'output' }));
    case 'prelu':
      return [{ role: 'alpha', axis: (tensorOf(model, layer, 'alpha')?.shape.length ?? 1) - 1, of: 'output' }];
    default:
      return [];
  }
}

/**
 * Narrower and wider layers. Narrower: the most important channels of each group stay. Wider layers compute the same: channels are copied, and what reads them shares its weights among the copies, so that they add up to what was there
 * (Chen, Goodfellow, Shlens 2016, "Net2Net", section 2.2). The shares are uneven, where the paper adds noise: copies then get different gradients and
 * grow apart, and the function stays exactly what it was, but for rounding.
 *
 * Channels that can only be cut together are copied together (`channelUnits`). Each copy stands right behind its original, so that adds,
 * concatenations and flattening agree on the order without further care.
 */

import { type ChannelUnits, channelUnits } from '#core/model/channel-units';
import { cutChannels } from '#core/model/channels';
import { replaceLayers, tensorOf } from '#core/model/edit';
import { innerStride } from '#core/model/encoding';
import type { Layer, TensorRole } from '#core/model/layers';
import type { Model, Tensor, TensorId } from '#core/model/model';
import { makeTensor } from '#core/model/tensor';
import { PassError } from '#core/pass';
import { keptCount, mostImportant, rankChannels } from '#core/passes/shared/channel-ranking';

/** Where an axis' new entries come from, in order, and what each is multiplied by. */
interface Spread {
  readonly from: readonly number[];
  readonly factors: readonly number[] | null;
}

/** Whether any layer may become narrower. */
export function canNarrow(model: Model): boolean {
  return rankChannels(model, 'l2').some(({ group }) => group.prunable);
}

/** The model with this share of the channels of every group, the most important ones. Throws PassError where there is none to cut. */
export function narrowed(model: Model, width: number): Model {
  const all = rankChannels(model, 'l2');
  const groups = all.filter(({ group }) => group.prunable);
  if (groups.length === 0) {
    const reasons = all.map(({ group: { id, reason } }) => ({ id, reason }));
    throw new PassError({
      en: `This network has no layer whose width may change. ${reasons.map(({ id, reason }) => `${id}: ${reason?.en}`).join(' ')}`,
      zh: `该网络没有可以改变宽度的层。${reasons.map(({ id, reason }) => `${id}：${reason?.zh}`).join('')}`,
    });
  }
  return cutChannels(
    model,
    new Map(groups.map((ranked) => [ranked.group.id, mostImportant(ranked, keptCount(ranked.group.count, width))])),
  );
}

/**
 * The model with about `width` times the channels (1 or more) in every group that may change. Groups whose channels pass a depthwise
 * convolution with a multiplier, or are locked (outputs, inputs, groups, softmax), stay. The same model where nothing may change.
 */
export function widened(model: Model, width: number, random: () => number): Model {
  const units = channelUnits(model);
  const copies = copiesOf(model, units, width, random);
  if (copies.size === 0) return model;
  // What reads a unit shares its weights among the copies, alike in every layer.
  const shares = new Map([...copies].map(([unit, count]) => [unit, unevenShares(count, random)]));
  const spreadOf = (name: string | undefined, divide: boolean): Spread | null => {
    const own = name === undefined ? undefined : units.byLayer.get(name);
    if (!own?.some((unit) => copies.has(unit))) return null;
    const from: number[] = [];
    const factors: number[] = [];
    for (const [entry, unit] of own.entries()) {
      for (let copy = 0; copy < (copies.get(unit) ?? 1); copy++) {
        from.push(entry);
        factors.push(shares.get(unit)?.[copy] ?? 1);
      }
    }
    return { from, factors: divide ? factors : null };
  };
  const tensors: Record<TensorId, Tensor> = { ...model.tensors };
  const layers = model.layers.map((layer): Layer => {
    const ids: Partial<Record<TensorRole, TensorId>> = {};
    for (const { role, axis, of, divide } of axesOf(model, layer)) {
      const tensor = tensors[ids[role] ?? ''] ?? tensorOf(model, layer, role);
      const spread = spreadOf(of === 'input' ? layer.inputs[0] : layer.name, divide);
      if (!tensor || !spread) continue;
      const wide = spreadTensor(tensor, axis, spread);
      tensors[wide.id] = wide;
      ids[role] = wide.id;
    }
    const changed = { ...layer, ...ids } as Layer;
    const behind = spreadOf(layer.name, false);
    if (changed.kind !== 'reshape' || !behind || changed.shape.at(-1) === -1) return changed;
    return { ...changed, shape: [...changed.shape.slice(0, -1), behind.from.length] };
  });
  return replaceLayers(model, layers, tensors);
}

/** How often each unit that grows is there afterwards; each layer's channels grow by the same share. */
function copiesOf(
  model: Model,
  { byLayer, locks }: ChannelUnits,
  width: number,
  random: () => number,
): ReadonlyMap<number, number> {
  const fixed = new Set(locks.keys());
  for (const layer of model.layers) {
    if (layer.kind !== 'depthwiseConv2d' || tensorOf(model, layer, 'kernel')?.shape[3] === 1) continue;
    for (const unit of byLayer.get(layer.name) as Int32Array) fixed.add(unit);
  }
  const copies = new Map<number, number>();
  const seen = new Set<number>();
  for (const layer of model.layers) {
    if (layer.kind !== 'conv2d' && layer.kind !== 'dense') continue;
    const own = [...new Set(byLayer.get(layer.name))].filter((unit) => !fixed.has(unit) && !seen.has(unit));
    for (const unit of own) seen.add(unit);
    const added = Math.round(own.length * width) - own.length;
    for (let i = 0; i < added; i++) {
      const unit = own[Math.floor(random() * own.length)] as number;
      copies.set(unit, (copies.get(unit) ?? 1) + 1);
    }
  }
  return copies;
}

/** Positive shares that add up to 1. */
function unevenShares(count: number, random: () => number): readonly number[] {
  const parts = Array.from({ length: count }, () => 0.5 + random());
  const sum = parts.reduce((total, part) => total + part, 0);
  return parts.map((part) => part / sum);
}

/** Which axis of which tensor runs along the channels that are read or given, and which of them shares its weights. */
function axesOf(
  model: Model,
  layer: Layer,
): readonly {
  readonly role: TensorRole;
  readonly axis: number;
  readonly of: 'input' | 'output';
  readonly divide: boolean;
}[] {
  const output = (role: TensorRole, axis: number) => ({ role, axis, of: 'output', divide: false }) as const;
  switch (layer.kind) {
    case 'conv2d':
    case 'dense': {
      const last = (tensorOf(model, layer, 'kernel')?.shape.length ?? 1) - 1;
      return [{ role: 'kernel', axis: last - 1, of: 'input', divide: true }, output('kernel', last), output('bias', 0)];
    }
    case 'depthwiseConv2d':
      return [output('kernel', 2), output('bias', 0)];
    case 'batchNorm':
      return [output('gamma', 0), output('beta', 0), output('mean', 0), output('variance', 0)];
    case 'prelu':
      return [output('alpha', (tensorOf(model, layer, 'alpha')?.shape.length ?? 1) - 1)];
    default:
      return [];
  }
}

/** Plain values with the mask: shares of a weight are on no grid and in no codebook. */
function spreadTensor({ shape, data, encoding }: Tensor, axis: number, { from, factors }: Spread): Tensor {
  const extent = shape[axis] as number;
  const inner = innerStride(shape, axis);
  const outer = data.length / (inner * extent);
  const wide = new Float32Array(outer * from.length * inner);
  const mask = encoding.mask && new Uint8Array(wide.length);
  let at = 0;
  for (let o = 0; o < outer; o++) {
    for (const [j, entry] of from.entries()) {
      const begin = (o * extent + entry) * inner;
      const factor = factors?.[j] ?? 1;
      for (let i = begin; i < begin + inner; i++, at++) {
        wide[at] = (data[i] as number) * factor;
        if (mask) mask[at] = encoding.mask?.[i] as number;
      }
    }
  }
  const longer = shape.map((length, i) => (i === axis ? from.length : length));
  return makeTensor(longer, wide, { ...(mask ? { mask } : {}), values: { kind: 'dense' } });
}

/**
 * How important the channels of a model are, group by group (a group: channels that can only be cut together), by the
 * size of the filters that make them. Li et al. 2017, "Pruning Filters for Efficient ConvNets": the sum of |w|; or the root of the sum of squares.
 * Where several layers make a channel together, as before a residual add, their weights count as one filter.
 */
import { type ChannelGroup, channelGroups } from '#core/model/channels';
import { layerOf, tensorOf } from '#core/model/edit';
import type { Model } from '#core/model/model';

export type Importance = 'l1' | 'l2';

export interface RankedGroup {
  readonly group: ChannelGroup;
  /** One number for each unit, 0 or more. */
  readonly importance: Float64Array;
}

/** All groups of the model, with the importance of their units. */
export function rankChannels(model: Model, by: Importance): readonly RankedGroup[] {
  return channelGroups(model).map((group) => ({ group, importance: importanceOf(model, group, by) }));
}

/** The `count` most important units (at least 1) in ascending order; of equal ones the first. */
export function mostImportant({ importance }: RankedGroup, count: number): readonly number[] {
  const order = Array.from(importance.keys()).sort(
    (a, b) => (importance[b] as number) - (importance[a] as number) || a - b,
  );
  return order.slice(0, Math.max(1, count)).sort((a, b) => a - b);
}

/** How many of `count` channels a share keeps: the nearest whole number, at least 1. */
export function keptCount(count: number, share: number): number {
  return Math.max(1, Math.round(share * count));
}

/** `kept` of `count` channels, rounded to a multiple: at least one multiple, and all where there are not that many. */
export function roundedCount(count: number, kept: number, multiple: number): number {
  return Math.min(count, Math.max(1, Math.round(kept / multiple)) * multiple);
}

/** The importance of a group's units by the size of their filters. */
export function importanceOf(model: Model, group: ChannelGroup, by: Importance): Float64Array {
  const importance = new Float64Array(group.count);
  for (const producer of group.producers) {
    const layer = layerOf(model, producer.layer);
    const kernel = layer && tensorOf(model, layer, 'kernel');
    if (!kernel) continue;
    // The output channel is a kernel's last axis.
    const outputs = kernel.shape.at(-1) as number;
    const sums = new Float64Array(outputs);
    for (let i = 0; i < kernel.data.length; i++) {
      const w = kernel.data[i] as number;
      sums[i % outputs] = (sums[i % outputs] as number) + (by === 'l1' ? Math.abs(w) : w * w);
    }
    for (let unit = 0; unit < group.count; unit++) {
      for (const channel of producer.channels[unit] ?? [])
        importance[unit] = (importance[unit] as number) + (sums[channel] as number);
    }
  }
  return by === 'l1' ? importance : importance.map(Math.sqrt);
}

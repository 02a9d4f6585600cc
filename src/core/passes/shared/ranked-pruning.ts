/**
 * Pruning the lowest of a ranking: what the unstructured methods share, whatever they rank by. Each weight has a key, an
 * unsigned integer that orders the weights as their importance does; the keys that are left are sorted once, and a
 * move of the slider is a look-up and one pass over the weights.
 *
 * Exactly round(sparsity x weights) weights are pruned: equal keys are taken in the order of layers and indices, and
 * weights pruned before stay pruned and count.
 */

import { mapPrunable } from '#core/model/edit';
import type { Mask } from '#core/model/encoding';
import type { Model, Tensor } from '#core/model/model';
import { countBelow, radixSort } from '#core/numeric/radix';
import type { ChoiceParam, NumberParam, Words } from '#core/params';
import type { PassResult } from '#core/pass';
import { emptiedNotes, maskedTensor } from '#core/passes/shared/masking';
import type { Selected } from '#core/passes/shared/selection';

/** Weights that are ranked together. */
export interface Ranking {
  readonly members: readonly Selected[];
  /** One for each member, as long as its data. */
  readonly keys: readonly Uint32Array[];
  /** The keys of the weights not pruned so far, ascending. */
  readonly sorted: Uint32Array;
  /** How many weights the members have, pruned ones included. */
  readonly weights: number;
}

export const SPARSITY = {
  kind: 'number',
  live: true,
  min: 0,
  max: 0.99,
  step: 0.005,
  default: 0.5,
  unit: 'percent',
  label: { en: 'Sparsity', zh: '稀疏度' },
  help: { en: 'The share of the weights that become zero.', zh: '变为零的权重所占的比例。' },
} as const satisfies NumberParam;

export const SCOPE = {
  kind: 'choice',
  default: 'global',
  label: { en: 'Ranking', zh: '排序范围' },
  help: {
    en: 'Global compares all weights of the network and takes the smallest wherever they are. Layer by layer takes the same share of each layer.',
    zh: '“全局”比较整个网络的权重，去掉最小的；“逐层”在每一层去掉相同的比例。',
  },
  options: [
    { value: 'global', label: { en: 'Global', zh: '全局' } },
    { value: 'layer', label: { en: 'Layer by layer', zh: '逐层' } },
  ],
} as const satisfies ChoiceParam;

/** One ranking of all weights, or one for each layer. `keysOf` gives each weight of a tensor its key. */
export function rankWeights(
  selected: readonly Selected[],
  scope: string,
  keysOf: (one: Selected) => Uint32Array,
): readonly Ranking[] {
  const parts = scope === 'global' ? [selected] : selected.map((one) => [one]);
  return parts.map((members) => rank(members, members.map(keysOf)));
}

/** Prunes each ranking to the same sparsity (0 to 1) and says what is worth knowing. */
export function pruneLowest(model: Model, rankings: readonly Ranking[], sparsity: number): PassResult {
  const notes: Words[] = [];
  const pruned = new Map<string, Tensor>();
  for (const ranking of rankings) prune(ranking, sparsity, pruned, notes);
  return withPruned(
    model,
    rankings.flatMap(({ members }) => members),
    pruned,
    notes,
  );
}

/** The model with these tensors in the named layers, and notes on the layers that are empty now. */
export function withPruned(
  model: Model,
  selected: readonly Selected[],
  pruned: ReadonlyMap<string, Tensor>,
  notes: readonly Words[],
): PassResult {
  const before = new Map(selected.map(({ layer, tensor }) => [layer.name, tensor]));
  return {
    model: mapPrunable(model, [...pruned.keys()], (layer, tensor) => pruned.get(layer.name) ?? tensor),
    report: { notes: [...notes, ...emptiedNotes(before, pruned)] },
  };
}

/** Said where a lower sparsity is asked for than the weights have. `share`: 0 to 1, of one layer or of the whole model. */
export function alreadySparser(members: readonly Selected[], share: number): Words {
  const percent = (share * 100).toFixed(1);
  const [first] = members;
  const one = members.length === 1 && first ? first.layer.name : null;
  return {
    en: `${one ? `${one} has` : 'The model has'} ${percent} % of its weights pruned already. Pruned weights stay pruned, so a lower sparsity changes nothing.`,
    zh: `${one ?? '模型'}已有 ${percent} % 的权重被剪去。剪去的权重不会恢复，因此更低的稀疏度不起作用。`,
  };
}

function rank(members: readonly Selected[], keys: readonly Uint32Array[]): Ranking {
  const weights = keys.reduce((sum, { length }) => sum + length, 0);
  const left = new Uint32Array(weights);
  let count = 0;
  for (const [m, { tensor }] of members.entries()) {
    const { mask } = tensor.encoding;
    const own = keys[m] as Uint32Array;
    if (!mask) {
      left.set(own, count);
      count += own.length;
      continue;
    }
    for (let i = 0; i < own.length; i++) if (mask[i]) left[count++] = own[i] as number;
  }
  return { members, keys, sorted: radixSort(left.subarray(0, count)), weights };
}

function prune(
  { members, keys, sorted, weights }: Ranking,
  sparsity: number,
  pruned: Map<string, Tensor>,
  notes: Words[],
): void {
  const already = weights - sorted.length;
  const more = Math.round(sparsity * weights) - already;
  if (more <= 0) {
    if (already > 0 && more < 0) notes.push(alreadySparser(members, already / weights));
    return;
  }
  const threshold = sorted[more - 1] as number;
  let ties = more - countBelow(sorted, threshold);
  for (const [m, { layer, tensor }] of members.entries()) {
    const own = keys[m] as Uint32Array;
    const before = tensor.encoding.mask;
    const kept: Mask = new Uint8Array(own.length);
    for (let i = 0; i < own.length; i++) {
      const key = own[i] as number;
      if (before && !before[i]) continue;
      if (key > threshold || (key === threshold && ties-- <= 0)) kept[i] = 1;
    }
    pruned.set(layer.name, maskedTensor(tensor, kept));
  }
}

/**
 * Pruning the lowest of a ranking: what the unstructured methods share, whatever they rank by. Each weight has a key, an
 * unsigned integer that orders the weights as their importance does; the keys that are left are sorted once, and a
 * move of the slider is a look-up and one pass over the weights.
 *
 * Exactly round(sparsity x weights) weights are pruned: equal keys are taken in the order of layers and indices, and
 * weights pruned before stay pruned and count.
 */

import { type Formula, lines } from '#core/formula';
import { mapPrunable } from '#core/model/edit';
import type { Mask } from '#core/model/encoding';
import type { Model, Tensor } from '#core/model/model';
import { countBelow, radixSort } from '#core/numeric/radix';
import type { ChoiceParam, NumberParam, Words } from '#core/params';
import type { PassContext, PassResult } from '#core/pass';
import { emptiedNotes, maskedTensor, prunedCount } from '#core/passes/shared/masking';
import type { Selected } from '#core/passes/shared/selection';
import { type Curve, curvesOf, scanLayers, spreadShare } from '#core/passes/shared/sensitivity';
import { percent, tidy } from '#core/passes/shared/words';

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

/** As `SCOPE`, with shares that follow from how much accuracy each layer costs. */
export const SPREAD_SCOPE = {
  ...SCOPE,
  help: {
    en: 'Global compares all weights of the network. Layer by layer takes the same share of each layer. By sensitivity first measures what each layer costs when it alone is pruned (this takes a while), then takes less of the layers that cost more.',
    zh: '“全局”比较整个网络的权重；“逐层”在每一层去掉相同的比例；“按敏感度”先测量单独剪枝每一层的代价（需要一些时间），再从代价大的层少剪一些。',
  },
  options: [
    ...SCOPE.options,
    { value: 'sensitivity', label: { en: 'Layer by layer, by sensitivity', zh: '逐层，按敏感度' } },
  ],
} as const satisfies ChoiceParam;

/** Rankings made ready; with curves where each layer's share follows from its sensitivity. */
export interface Ranked {
  readonly rankings: readonly Ranking[];
  readonly curves: readonly Curve[] | null;
}

/** Sparsities at which each layer is tried alone. */
const LEVELS = [0.5, 0.75, 0.9, 0.97, 1] as const;

/** `rankWeights`, and by sensitivity the scan too. */
export async function rankAll(
  model: Model,
  selected: readonly Selected[],
  scope: string,
  keysOf: (one: Selected, index: number) => Uint32Array,
  context: PassContext,
): Promise<Ranked> {
  const rankings = rankWeights(selected, scope, keysOf);
  return { rankings, curves: scope === 'sensitivity' ? await layerCurves(model, rankings, context) : null };
}

/** What each layer costs: accuracy on validation images with it alone pruned. `rankings`: one for each layer. */
export function layerCurves(
  model: Model,
  rankings: readonly Ranking[],
  context: PassContext,
): Promise<readonly Curve[]> {
  const alone = (ranking: Ranking, level: number): ReadonlyMap<string, Tensor> => {
    const pruned = new Map<string, Tensor>();
    prune(ranking, Math.round(level * ranking.weights), pruned, []);
    return pruned;
  };
  return curvesAlone(model, rankings, alone, context);
}

/** The same for parts of any kind: `alone` gives the tensors of one pruned to a share of 0 to 1, by layer name. */
export async function curvesAlone<Part>(
  model: Model,
  parts: readonly Part[],
  alone: (part: Part, level: number) => ReadonlyMap<string, Tensor>,
  context: PassContext,
): Promise<readonly Curve[]> {
  const degrade = (whole: Model, part: Part, level: number): Model => {
    const pruned = alone(part, level);
    if (pruned.size === 0) return whole;
    return mapPrunable(whole, [...pruned.keys()], (layer, tensor) => pruned.get(layer.name) ?? tensor);
  };
  return curvesOf(LEVELS, await scanLayers(model, parts, LEVELS, degrade, context));
}

/** `pruneLowest`, the whole network at this sparsity and each layer at its own where the shares were measured. */
export function pruneRanked(model: Model, { rankings, curves }: Ranked, sparsity: number): PassResult {
  if (!curves) return pruneLowest(model, rankings, sparsity);
  const parts = rankings.map(({ weights, sorted }) => ({ size: weights, gone: weights - sorted.length }));
  const total = parts.reduce((sum, { size }) => sum + size, 0);
  const already = parts.reduce((sum, { gone }) => sum + gone, 0);
  const members = rankings.flatMap((ranking) => ranking.members);
  if (Math.round(sparsity * total) < already)
    return { model, report: { notes: [alreadySparser(members, already / total)] } };
  const counts = spreadShare(parts, curves, sparsity);
  const pruned = new Map<string, Tensor>();
  for (const [i, ranking] of rankings.entries()) prune(ranking, counts[i] as number, pruned, []);
  return withPruned(model, members, pruned, [sharesNote(members, pruned)]);
}

/** The share of each layer that is zero, where the shares were measured. `pruned`: tensors that stand in their layers by now. */
export function sharesNote(layers: readonly Selected[], pruned: ReadonlyMap<string, Tensor> = new Map()): Words {
  const shares = layers.map(({ layer: { name }, tensor }) => {
    const now = pruned.get(name) ?? tensor;
    return `${name} ${percent(prunedCount(now) / now.data.length)} %`;
  });
  return {
    en: `Sparsity by what each layer can spare: ${shares.join(', ')}.`,
    zh: `按各层的承受能力分配的稀疏度：${shares.join('，')}。`,
  };
}

/** Which weights a quantile is taken over. */
export const QUANTILES = {
  global: { en: 'over all layers', zh: '在所有层上' },
  layer: { en: 'in each layer', zh: '在每层内' },
  output: { en: 'within each output', zh: '在每个输出内' },
} as const satisfies Record<string, Words>;

/**
 * How what is lowest by a score goes, for a pass's formula: `score` such as "s = |w|", `sparsity` as a number or as what it is called. By sensitivity
 * the layers' shares differ; `among`: what is compared with each other.
 */
export function pruningFormula(
  score: Formula,
  sparsity: number | string,
  scope: string,
  among: string = scope === 'sensitivity' ? 'layer' : scope,
): Formula {
  const whole = typeof sparsity === 'number' ? tidy(sparsity) : sparsity;
  const share = scope === 'sensitivity' ? 'qₗ' : whole;
  const { en, zh } = QUANTILES[among as keyof typeof QUANTILES];
  const rule = {
    en: `w′ = 0 if s ≤ Q(${share}), else w; Q: quantile of s ${en}`,
    zh: `当 s ≤ Q(${share}) 时 w′ = 0，否则 w′ = w；Q 为 s ${zh}的分位数`,
  };
  if (scope !== 'sensitivity') return lines(score, rule);
  return lines(score, rule, sharesFormula(whole));
}

/** How the layers' shares q are spread by sensitivity; `sparsity` as it stands in a formula. */
export function sharesFormula(sparsity: string): Words {
  const sum = `Σ nₗ · qₗ = ${sparsity.includes(' ') ? `(${sparsity})` : sparsity} · Σ nₗ`;
  return {
    en: `${sum}, qₗ lower in layers that cost more accuracy`,
    zh: `${sum}，剪枝使准确率下降越多的层，qₗ 越小`,
  };
}

/** One ranking of all weights, or one for each layer. `keysOf` gives each weight of a tensor its key. */
export function rankWeights(
  selected: readonly Selected[],
  scope: string,
  keysOf: (one: Selected, index: number) => Uint32Array,
): readonly Ranking[] {
  const keys = selected.map(keysOf);
  if (scope === 'global') return [rank(selected, keys)];
  return selected.map((one, i) => rank([one], [keys[i] as Uint32Array]));
}

/** Prunes each ranking to the same sparsity (0 to 1) and says what is worth knowing. */
export function pruneLowest(model: Model, rankings: readonly Ranking[], sparsity: number): PassResult {
  const notes: Words[] = [];
  const pruned = new Map<string, Tensor>();
  for (const ranking of rankings) prune(ranking, Math.round(sparsity * ranking.weights), pruned, notes);
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
  const shown = percent(share);
  const [first] = members;
  const one = members.length === 1 && first ? first.layer.name : null;
  return {
    en: `${one ? `${one} has` : 'The model has'} ${shown} % of its weights pruned already. Pruned weights stay pruned, so a lower sparsity changes nothing.`,
    zh: `${one ?? '模型'}已有 ${shown} % 的权重被剪去。剪去的权重不会恢复，因此更低的稀疏度不起作用。`,
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

/** Prunes until `count` of the ranking's weights are gone. */
function prune(
  { members, keys, sorted, weights }: Ranking,
  count: number,
  pruned: Map<string, Tensor>,
  notes: Words[],
): void {
  const already = weights - sorted.length;
  const more = count - already;
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
    // The borrow of limit - key, so that no branch has to be foretold: it would be wrong at every other weight.
    const bits = new Int32Array(own.buffer, own.byteOffset, own.length);
    const limit = threshold | 0;
    for (let i = 0; i < bits.length; i++) {
      const key = bits[i] as number;
      kept[i] = ((~limit & key) | (~(limit ^ key) & ((limit - key) | 0))) >>> 31;
    }
    for (let i = 0; i < bits.length; i++) if (bits[i] === limit && (!before || before[i]) && ties-- <= 0) kept[i] = 1;
    pruned.set(layer.name, maskedTensor(tensor, kept));
  }
}

/**
 * How a factorisation's rank is chosen, for the passes that factorise: a share of the full rank, the energy kept (the
 * sum of the squared singular values), or what variational Bayes tells from noise. And the words on what was done.
 */
import type { Formula } from '#core/formula';
import type { Model } from '#core/model/model';
import type { Svd } from '#core/numeric/svd';
import { vbmfRank } from '#core/numeric/vbmf';
import type { ChoiceParam, NumberParam, Words } from '#core/params';
import { type Selected, selectPrunable } from '#core/passes/shared/selection';
import { tidy } from '#core/passes/shared/words';

export const RANK_BY: ChoiceParam<'share' | 'energy' | 'vbmf'> = {
  kind: 'choice',
  default: 'share',
  label: { en: 'Rank chosen by', zh: '秩的选择方式' },
  help: {
    en: 'Share: the same part of the full rank in every layer. Energy: each layer as low as keeps this much of its squared size. Automatic: what stands out of the noise, by variational Bayes.',
    zh: '“比例”：每层保留满秩的相同比例。“能量”：每层取能保留这么多平方和的最低秩。“自动”：用变分贝叶斯找出高于噪声的部分。',
  },
  options: [
    { value: 'share', label: { en: 'Share', zh: '比例' } },
    { value: 'energy', label: { en: 'Energy kept', zh: '保留的能量' } },
    { value: 'vbmf', label: { en: 'Automatic (VBMF)', zh: '自动（VBMF）' } },
  ],
};
export const RANK: NumberParam = {
  kind: 'number',
  live: true,
  min: 0.01,
  max: 1,
  step: 0.01,
  default: 0.25,
  unit: 'percent',
  when: { by: ['share'] },
  label: { en: 'Rank', zh: '秩' },
  help: {
    en: 'The share of the full rank that stays. Layers that would not become smaller are left as they are.',
    zh: '保留满秩的比例。不会变小的层保持原样。',
  },
};
export const ENERGY: NumberParam = {
  kind: 'number',
  live: true,
  min: 0.1,
  max: 1,
  step: 0.001,
  default: 0.9,
  unit: 'percent',
  when: { by: ['energy'] },
  label: { en: 'Energy kept', zh: '保留的能量' },
  help: {
    en: 'How much of the sum of the squared singular values stays in each layer.',
    zh: '每层保留奇异值平方和的多少。',
  },
};

export interface RankValues {
  readonly by: string;
  readonly rank: number;
  readonly energy: number;
}

/** How the rank is chosen, as a line of a formula. */
export function rankFormula({ by, rank, energy }: RankValues): Formula {
  if (by === 'vbmf')
    return { en: 'r: how many singular values stand out of the noise', zh: 'r 为明显高于噪声的奇异值的个数' };
  if (by === 'energy') return `r = min {k : Σᵢ≤ₖ σᵢ² ≥ ${tidy(energy)} · Σ σᵢ²}`;
  const chosen = `r = max(1, round(${tidy(rank)} · R))`;
  return { en: `${chosen}, R: the full rank`, zh: `${chosen}，R 为可能的最大秩` };
}

/** The rank for a matrix: 1 to the smaller of its sides; 0 where variational Bayes sees nothing but noise. */
export function chooseRank({ by, rank, energy }: RankValues, { values, rows, columns }: Svd): number {
  const full = values.length;
  if (by === 'vbmf') return vbmfRank(values, rows, columns);
  if (by !== 'energy') return Math.min(full, Math.max(1, Math.round(rank * full)));
  let left = values.reduce((sum, s) => sum + s * s, 0) * (1 - energy);
  let chosen = full;
  // Singular values go from the smallest, as long as what is allowed to go lasts.
  while (chosen > 1) {
    left -= (values[chosen - 1] as number) ** 2;
    if (left < 0) break;
    chosen--;
  }
  return chosen;
}

/** The share of the energy that the first `rank` singular values hold; 1 for a matrix of zeros. */
export function energyOf({ values }: Svd, rank: number): number {
  const sum = (part: Float64Array): number => part.reduce((total, s) => total + s * s, 0);
  return sum(values) === 0 ? 1 : sum(values.subarray(0, rank)) / sum(values);
}

/** More multiplications than this are not worth waiting for: about a minute. */
const WORK = 4e10;

/** Whether the SVD of such a matrix takes too long to be asked for. */
export function tooLarge(rows: number, columns: number): boolean {
  const [short, long] = [Math.min(rows, columns), Math.max(rows, columns)];
  return short * short * (2 * long + 4 * short) > WORK;
}

export function tooLargeNote(name: string, rows: number, columns: number): Words {
  return {
    en: `${name} stays as it is: factorising ${rows} x ${columns} weights would take minutes here.`,
    zh: `${name} 保持原样：在这里分解 ${rows} x ${columns} 的权重需要好几分钟。`,
  };
}

/** On a layer in which no direction stands out. */
export function noiseNote(name: string): Words {
  return {
    en: `${name} stays as it is: to variational Bayes its weights look like noise, with no direction that stands out.`,
    zh: `${name} 保持原样：在变分贝叶斯看来它的权重像噪声，没有突出的方向。`,
  };
}

/** On a layer that `parts` weights would not make smaller. */
export function enlargedNote(name: string, rank: string, weights: number, parts: number): Words {
  return {
    en: `${name} stays as it is: at rank ${rank} its parts would hold ${parts} weights, and it has ${weights}.`,
    zh: `${name} 保持原样：秩为 ${rank} 时各部分共有 ${parts} 个权重，而它只有 ${weights} 个。`,
  };
}

export function factorisedNote(name: string, rank: string, kept: number, weights: number, parts: number): Words {
  const percent = (100 * kept).toFixed(1);
  return {
    en: `${name}: rank ${rank} keeps ${percent} % of its energy; ${weights} weights become ${parts}.`,
    zh: `${name}：秩 ${rank} 保留 ${percent} % 的能量；${weights} 个权重变为 ${parts} 个。`,
  };
}

/**
 * The layers with weights of one kind among those named (all where `names` is empty), and notes on those named of another
 * kind or on there being none. Throws PassError as `selectPrunable` does.
 */
export function selectKind<K extends 'dense' | 'conv2d'>(
  model: Model,
  names: readonly string[],
  kind: K,
  what: Words,
): {
  readonly found: readonly (Selected & { readonly layer: { readonly kind: K } })[];
  readonly notes: readonly Words[];
} {
  const selected = selectPrunable(model, names);
  const found = selected.filter(
    (one): one is Selected & { readonly layer: { readonly kind: K } } => one.layer.kind === kind,
  );
  const others = names.length === 0 ? [] : selected.filter(({ layer }) => layer.kind !== kind);
  const notes = others.map(({ layer }) => ({
    en: `${layer.name} stays as it is: it is not a ${what.en}.`,
    zh: `${layer.name} 保持原样：它不是${what.zh}。`,
  }));
  if (found.length === 0 && others.length === 0)
    notes.push({ en: `Nothing was changed: the model has no ${what.en}.`, zh: `没有任何改变：模型中没有${what.zh}。` });
  return { found, notes };
}

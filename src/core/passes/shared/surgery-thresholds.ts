/**
 * Where network surgery draws its lines: from the sparsity that is wanted, or from how large a layer's weights are.
 * Paper: Guo, Yao, Chen 2016, "Dynamic Network Surgery for Efficient DNNs".
 */
import type { Formula } from '#core/formula';
import { joined } from '#core/numeric/joined';
import { countBelow, radixSort, sortFloats } from '#core/numeric/radix';
import { lampKeys } from '#core/passes/lamp-pruning';
import { QUANTILES, sharesFormula } from '#core/passes/shared/ranked-pruning';
import { type Schedule, scheduleFormula } from '#core/passes/shared/schedule';
import type { Selected } from '#core/passes/shared/selection';
import { type Curve, spreadShare } from '#core/passes/shared/sensitivity';
import { leftFormula } from '#core/passes/shared/sparse-training';
import { tidy } from '#core/passes/shared/words';

/** Hidden weights between these shares of the threshold stay as they are. */
export const CUT = 0.9;
export const SPLICE = 1.1;
/** The same, as shares of the lower one. */
export const EDGES = [1, SPLICE / CUT] as const;

export interface ThresholdValues {
  readonly by: string;
  readonly sparsity: number;
  readonly c: number;
  readonly schedule: string;
  readonly rounds: number;
  readonly scope: string;
}

/** How the threshold follows from the values. */
export function thresholdFormula({ by, sparsity, c, schedule, rounds, scope }: ThresholdValues): readonly Formula[] {
  if (by === 'spread') {
    const t = `t = max(0, mean |w| ${c < 0 ? '−' : '+'} ${tidy(Math.abs(c))} · std |w|)`;
    return [{ en: `${t} of each layer at the start`, zh: `${t}，取训练开始时每层的值` }];
  }
  const left = scheduleFormula(schedule as Schedule, rounds, 'd', '1', tidy(1 - sparsity));
  if (scope === 'global' || scope === 'layer') {
    const { en, zh } = QUANTILES[scope];
    const t = `${CUT} t = Q(1 − dₖ)`;
    return [leftFormula(left), { en: `${t}, Q: quantile of |v| ${en}`, zh: `${t}，Q 为 |v| ${zh}的分位数` }];
  }
  const t = `${CUT} t = Q(qₗ)`;
  const quantile = { en: `${t}, Q: quantile of |v| in layer l`, zh: `${t}，Q 为 |v| 在第 l 层内的分位数` };
  if (scope === 'sensitivity') return [leftFormula(left), quantile, sharesFormula('1 − dₖ')];
  return [
    leftFormula(left),
    {
      en: `${quantile.en}; qₗ by LAMP, Σ nₗ · qₗ = (1 − dₖ) · Σ nₗ`,
      zh: `${quantile.zh}；qₗ 由 LAMP 得出，Σ nₗ · qₗ = (1 − dₖ) · Σ nₗ`,
    },
  ];
}

/** The weights behind a tensor's mask. */
export type Hidden = (one: Selected) => Float32Array;
export const shown: Hidden = ({ tensor }) => tensor.data;

/** For each tensor the |w| below which this share of the hidden weights lies, of its own or of all of them; with
 * curves its own share follows from what it costs. */
export function thresholds(
  selected: readonly Selected[],
  weights: Hidden,
  sparsity: number,
  scope: string,
  curves: readonly Curve[] | null,
): readonly number[] {
  const sizes = selected.map((one) => weights(one).map(Math.abs));
  const limitOf = (own: Float32Array, count: number): number => sortFloats(own)[count] ?? Number.POSITIVE_INFINITY;
  if (curves) {
    const parts = sizes.map(({ length }) => ({ size: length, gone: 0 }));
    const counts = spreadShare(parts, curves, sparsity);
    return sizes.map((own, i) => limitOf(own, counts[i] as number));
  }
  if (scope === 'layer') return sizes.map((own) => limitOf(own, Math.round(sparsity * own.length)));
  if (scope === 'lamp') {
    const keys = sizes.map(lampKeys);
    const all = radixSort(joined(keys, Uint32Array));
    const limit = all[Math.round(sparsity * all.length)] ?? Number.POSITIVE_INFINITY;
    return sizes.map((own, i) => limitOf(own, countBelow(radixSort(keys[i] as Uint32Array), limit)));
  }
  const all = joined(sizes, Float32Array);
  const limit = limitOf(all, Math.round(sparsity * all.length));
  return sizes.map(() => limit);
}

/** a = 0.9 (mean + c x standard deviation) of the |w| that are not 0, never below 0. */
export function spreadThresholds(selected: readonly Selected[], c: number): readonly number[] {
  return selected.map(({ tensor }) => {
    const sizes = [...tensor.data].map(Math.abs).filter((size) => size > 0);
    const mean = sizes.reduce((sum, size) => sum + size, 0) / Math.max(1, sizes.length);
    const variance = sizes.reduce((sum, size) => sum + (size - mean) ** 2, 0) / Math.max(1, sizes.length);
    return CUT * Math.max(0, mean + c * Math.sqrt(variance));
  });
}

/**
 * Fixed steps for weights that are bounded to [-1, 1] before they are rounded (numeric/bounded): their grid, what is said of it, and
 * the formula. Source: Zhou et al. 2016, "DoReFa-Net".
 */
import { type Formula, lines } from '#core/formula';
import type { GridValues } from '#core/model/encoding';
import type { Words } from '#core/params';
import { gridValues } from '#core/passes/shared/kernel-grids';
import { type SettlingValues, settlingFormula } from '#core/passes/shared/settling';

/** DoReFa's, with its numbers. */
export function boundedFormula(
  values: SettlingValues & {
    readonly weightBits: number;
    readonly activations: string;
    readonly activationBits: number;
  },
): Formula {
  const { weightBits: b, activations, activationBits } = values;
  const rounded = `x′ = Q_x(clamp(x, 0, 1)),   Q_x(x) = round(${2 ** activationBits - 1} · x) / ${2 ** activationBits - 1}`;
  return lines(
    b === 1
      ? 'w′ = a · sign(w),   a = mean |w|'
      : `w′ = 2 · Q_w(tanh w / (2 · max |tanh w|) + 1/2) − 1,   Q_w(x) = round(${2 ** b - 1} · x) / ${2 ** b - 1}`,
    ...(activations === 'round' ? [rounded] : []),
    ...settlingFormula(values),
  );
}

/** Which layers have such weights, and why their grid counts a bit more. */
export function boundedNote(layers: readonly string[], weightBits: number): Words {
  const [list, count] = [layers.join(', '), 2 ** Math.max(2, weightBits)];
  return {
    en: `Weights of ${list} take ${count} values from −1 to 1. 0 lies between two of them and is kept for pruned weights, so the grid is counted with one bit more${weightBits === 8 ? ', which TensorFlow.js stores in 16' : ''}.`,
    zh: `${list} 的权重取从 −1 到 1 的 ${count} 个值。0 位于其中两个之间，留给被剪枝的权重，因此网格多计一位${weightBits === 8 ? '，TensorFlow.js 会用 16 位存储' : ''}。`,
  };
}

/** The steps of weights from -1 to 1: odd numbers of halves of a step, so a grid with one bit more holds them. */
export function boundedGrid(bits: number): GridValues {
  const qMax = 2 ** bits - 1;
  const scale = Math.fround(1 / qMax);
  return gridValues([{ scale, zero: 0 }], { qMin: -qMax, qMax, symmetric: true }, bits + 1, null);
}

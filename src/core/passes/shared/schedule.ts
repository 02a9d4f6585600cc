/**
 * How sparsity grows over a training run. Cubic (Zhu, Gupta 2018, "To prune, or not to prune"): much at first, while there is
 * much to spare, less and less towards the end. Log-cubic: the same curve for the logarithm of the density, so that at high
 * sparsity, too, each step takes about the same share of what is left. Iterative: every round takes the same share of what is left (Han 2015; Renda 2020).
 */
import type { ChoiceParam, NumberParam } from '#core/params';

export type Schedule = 'once' | 'iterative' | 'cubic' | 'log-cubic';

export const SCHEDULE: ChoiceParam<Schedule> = {
  kind: 'choice',
  prepares: false,
  default: 'log-cubic',
  label: { en: 'Schedule', zh: '进度' },
  help: {
    en: 'How sparsity grows while training goes on. In rounds: each takes the same share of what is left. Cubic: fast first, then ever slower. Log-cubic: cubic in the logarithm of what is left, gentler at the end of a deep cut.',
    zh: '训练过程中稀疏度如何增长。“多轮”：每轮去掉剩余的相同比例。“三次”：先快后慢。“对数三次”：对剩余比例的对数取三次曲线，剪得很多时末段更平缓。',
  },
  options: [
    { value: 'log-cubic', label: { en: 'Log-cubic', zh: '对数三次' } },
    { value: 'cubic', label: { en: 'Cubic', zh: '三次' } },
    { value: 'iterative', label: { en: 'In rounds', zh: '多轮' } },
    { value: 'once', label: { en: 'At once', zh: '一次完成' } },
  ],
};

export const ROUNDS: NumberParam = {
  kind: 'number',
  prepares: false,
  min: 1,
  max: 200,
  step: 1,
  default: 30,
  control: 'field',
  when: { schedule: ['log-cubic', 'cubic', 'iterative'] },
  label: { en: 'Pruning steps', zh: '剪枝次数' },
  help: { en: 'In how many steps the sparsity is reached.', zh: '分多少次达到目标稀疏度。' },
};

/** The part of a run in which pruning goes on; the rest only trains. */
export const PART: NumberParam = {
  kind: 'number',
  prepares: false,
  min: 0.1,
  max: 1,
  step: 0.05,
  default: 0.7,
  unit: 'percent',
  label: { en: 'Pruning part of the run', zh: '剪枝所占的训练部分' },
  help: {
    en: 'Pruning is done after this part of the training; the rest recovers what was lost.',
    zh: '在训练的这一部分内完成剪枝，其余部分用来恢复准确率。',
  },
};

export interface PruningStep {
  /** Share of the run done when it is taken, 0 to 1. */
  readonly done: number;
  readonly sparsity: number;
}

/** Sparsity with a share `t` of the way gone, from 0 (`from`) to 1 (`to`); both below 1. */
export function sparsityAt(schedule: Schedule, from: number, to: number, t: number): number {
  const left = (1 - t) ** 3;
  switch (schedule) {
    case 'once':
      return to;
    case 'iterative':
      return 1 - (1 - from) * ((1 - to) / (1 - from)) ** t;
    case 'cubic':
      return to + (from - to) * left;
    case 'log-cubic':
      return 1 - Math.exp(Math.log(1 - to) + (Math.log(1 - from) - Math.log(1 - to)) * left);
    default:
      throw schedule satisfies never;
  }
}

/** The steps in which `to` is reached, in order; none where there is nothing to prune. `part`: PART. */
export function pruningSteps(
  { schedule, rounds, part }: { readonly schedule: Schedule; readonly rounds: number; readonly part: number },
  from: number,
  to: number,
): readonly PruningStep[] {
  if (to <= from) return [];
  if (schedule === 'once') return [{ done: 0, sparsity: to }];
  return Array.from({ length: rounds }, (_, k) => ({
    // A round is pruned and then trained; along a curve nothing is pruned at its beginning.
    done: (part * (schedule === 'iterative' ? k : k + 1)) / rounds,
    sparsity: k + 1 === rounds ? to : sparsityAt(schedule, from, to, (k + 1) / rounds),
  }));
}

/** The step due with a share `done` of the run behind, or undefined. */
export function stepDue(steps: readonly PruningStep[], done: number): PruningStep | undefined {
  return steps.findLast((step) => step.done <= done + 1e-9);
}

/** The schedule with its numbers, as a line of a formula: what is left (by this letter) after step k, and falls from `from` to `to`. */
export function scheduleFormula(schedule: Schedule, rounds: number, letter: string, from: string, to: string): string {
  switch (schedule) {
    case 'once':
      return `${letter}ₖ = ${to}`;
    case 'iterative':
      return `${letter}ₖ = ${from} · (${to} / ${from})^(k / ${rounds}), k = 1 … ${rounds}`;
    case 'cubic':
      return `${letter}ₖ = ${to} + (${from} − ${to}) · (1 − k / ${rounds})³, k = 1 … ${rounds}`;
    case 'log-cubic':
      return `${letter}ₖ = ${to} · (${from} / ${to})^((1 − k / ${rounds})³), k = 1 … ${rounds}`;
    default:
      throw schedule satisfies never;
  }
}

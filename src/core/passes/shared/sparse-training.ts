/**
 * What the passes that prune while they train have in common: the parameters of the run, its objective, and how far the
 * weights they may prune are pruned already.
 */
import type { Formula } from '#core/formula';
import type { Model } from '#core/model/model';
import type { LossTerm, Objective } from '#core/objective';
import type { FlagParam, NumberParam, Words } from '#core/params';
import type { PassContext } from '#core/pass';
import { prunedCount } from '#core/passes/shared/masking';
import { SPARSITY } from '#core/passes/shared/ranked-pruning';
import type { Selected } from '#core/passes/shared/selection';
import { LABEL_FORMULA, softFormula, softLoss, softParams } from '#core/passes/shared/settling';
import {
  BATCH_SIZE,
  epochsParam,
  learningRateParam,
  OPTIMIZER,
  objectiveOf,
  SHIFT,
  type TrainingValues,
} from '#core/passes/shared/training';
import { percent } from '#core/passes/shared/words';

/** Deeper than pruning without training goes. */
export const DEEP_SPARSITY: NumberParam = { ...SPARSITY, max: 0.998, step: 0.001, default: 0.9 };

const DISTIL: FlagParam = {
  kind: 'flag',
  default: true,
  label: { en: 'Learn from the original', zh: '向原模型学习' },
  help: {
    en: 'The network is also shown the answers that the model had before anything was pruned (distillation).',
    zh: '训练时还参考剪枝之前的模型给出的回答（蒸馏）。',
  },
};

const soft = softParams({ distil: [true] });

/** What is measured before a run serves every run. */
const UNREAD = { prepares: false } as const;

export const SPARSE_TRAINING = {
  distil: { ...DISTIL, ...UNREAD },
  temperature: { ...soft.temperature, ...UNREAD },
  softWeight: { ...soft.softWeight, ...UNREAD, default: 0.9 },
  epochs: { ...epochsParam(9), ...UNREAD },
  learningRate: { ...learningRateParam(0.001), ...UNREAD },
  batchSize: { ...BATCH_SIZE, ...UNREAD },
  optimizer: { ...OPTIMIZER, ...UNREAD },
  shift: { ...SHIFT, ...UNREAD },
};

export interface SparseTrainingValues extends TrainingValues {
  readonly distil: boolean;
  readonly temperature: number;
  readonly softWeight: number;
}

/** Training on the labels, and on the answers of `original` where it is asked for. */
export function sparseObjective(
  model: Model,
  original: Model,
  values: SparseTrainingValues,
  context: PassContext,
): Objective {
  const labels: readonly LossTerm[] = [{ kind: 'crossEntropy', weight: 1 }];
  return objectiveOf(model, values.distil ? softLoss(values, original) : labels, values, context.random);
}

/** With a schedule for the share of the weights that is left, d. */
export function leftFormula(schedule: string): Formula {
  return { en: `${schedule}; dₖ: share of the weights left`, zh: `${schedule}；dₖ 为剩余权重的比例` };
}

export function sparseFormula(values: SparseTrainingValues): Formula {
  return values.distil ? softFormula(values) : LABEL_FORMULA;
}

/** Share of the selected weights that are pruned, 0 to 1. */
export function sparsityOf(selected: readonly Selected[]): number {
  const weights = selected.reduce((sum, { tensor }) => sum + tensor.data.length, 0);
  return selected.reduce((sum, { tensor }) => sum + prunedCount(tensor), 0) / weights;
}

/** What was reached, and how much was pruned on the way. */
export function reachedNote(sparsity: number, rounds: number): Words {
  return {
    en: `${percent(sparsity)} % of the weights are zero, pruned in ${rounds} ${rounds === 1 ? 'step' : 'steps'} while training.`,
    zh: `${percent(sparsity)} % 的权重为零，在训练中分 ${rounds} 次剪去。`,
  };
}

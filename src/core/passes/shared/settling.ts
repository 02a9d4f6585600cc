/**
 * What follows a change of structure: nothing, fine-tuning on the labels, or distillation from the model as it was. The
 * parameters of that training, its form's conditions, and the run. Passes that simplify a network all end here.
 */
import { type Formula, lines } from '#core/formula';
import type { Model } from '#core/model/model';
import type { LossTerm } from '#core/objective';
import type { ChoiceParam, NumberParam, Words } from '#core/params';
import type { PassContext } from '#core/pass';
import {
  BATCH_SIZE,
  epochsParam,
  learningRateParam,
  OPTIMIZER,
  objectiveOf,
  SHIFT,
  type TrainingValues,
} from '#core/passes/shared/training';
import { tidy } from '#core/passes/shared/words';

type After = 'distil' | 'tune' | 'nothing';

const AFTER: ChoiceParam<After> = {
  kind: 'choice',
  default: 'distil',
  label: { en: 'Afterwards', zh: '之后' },
  help: {
    en: 'How the changed network wins its accuracy back: from the answers of the network it was made from, or from the labels.',
    zh: '改变后的网络如何找回准确率：向原来的网络学习，或从标签学习。',
  },
  options: [
    { value: 'distil', label: { en: 'Learn from the original (distillation)', zh: '向原模型学习（蒸馏）' } },
    { value: 'tune', label: { en: 'Train on the labels (fine-tuning)', zh: '用标签训练（微调）' } },
    { value: 'nothing', label: { en: 'Nothing', zh: '不训练' } },
  ],
};

/** Parameters of distillation's loss, for a pass that has them in force under `when`. */
export function softParams(when?: NumberParam['when']): { temperature: NumberParam; softWeight: NumberParam } {
  const shown = when ? { when } : {};
  return {
    temperature: {
      kind: 'number',
      min: 1,
      max: 20,
      step: 0.5,
      default: 4,
      ...shown,
      label: { en: 'Temperature', zh: '温度' },
      help: {
        en: "How much the teacher's answers are softened: the higher, the more its second and third guesses count.",
        zh: '教师的回答软化到什么程度：温度越高，它的第二、第三猜测就越受重视。',
      },
    },
    softWeight: {
      kind: 'number',
      min: 0,
      max: 1,
      step: 0.05,
      default: 0.7,
      ...shown,
      label: { en: 'Soft loss weight', zh: '软损失权重' },
      help: {
        en: "0: only the labels count. 1: only the teacher's answers count.",
        zh: '0：只看标签。1：只看教师的回答。',
      },
    },
  };
}

/** The parameters, with defaults for a pass whose change costs so many epochs to mend. */
export function settlingParams(epochs: number, rate = 0.002) {
  const when = { after: ['distil', 'tune'] };
  return {
    after: AFTER,
    ...softParams({ after: ['distil'] }),
    epochs: { ...epochsParam(epochs), when },
    learningRate: { ...learningRateParam(rate), when },
    batchSize: { ...BATCH_SIZE, when },
    optimizer: { ...OPTIMIZER, when },
    shift: { ...SHIFT, when },
  };
}

export interface SettlingValues extends TrainingValues {
  readonly after: After;
  readonly temperature: number;
  readonly softWeight: number;
}

/** The changed model trained as asked; the model itself where nothing is. `frozen` layers stay as they are. */
export async function settle(
  changed: Model,
  original: Model,
  values: SettlingValues,
  context: PassContext,
  frozen: readonly string[] = [],
): Promise<Model> {
  if (values.after === 'nothing') return changed;
  const loss = values.after === 'tune' ? LABELS : softLoss(values, original);
  const objective = objectiveOf(changed, loss, values, context.random);
  return context.train(frozen.length > 0 ? { ...objective, frozen } : objective);
}

const LABELS: readonly LossTerm[] = [{ kind: 'crossEntropy', weight: 1 }];

/** (1 - a) cross-entropy + a T^2 KL, with a model as the teacher; a part without weight is left out. */
export function softLoss(
  { temperature, softWeight }: Pick<SettlingValues, 'temperature' | 'softWeight'>,
  teacher: Model,
): readonly LossTerm[] {
  const soft: LossTerm = {
    kind: 'distillation',
    weight: softWeight,
    temperature,
    teacher: { kind: 'model', model: teacher },
  };
  if (softWeight === 0) return LABELS;
  return softWeight === 1 ? [soft] : [{ kind: 'crossEntropy', weight: 1 - softWeight }, soft];
}

/** The loss of the training afterwards; none where nothing is trained. */
export function settlingFormula({ after, temperature, softWeight }: SettlingValues): readonly Formula[] {
  if (after === 'nothing') return [];
  return [after === 'tune' ? LABEL_FORMULA : softFormula({ temperature, softWeight })];
}

/** Cross-entropy with the labels. */
export const LABEL_FORMULA: Words = {
  en: 'L = −log softmax(z)[y], y: the label',
  zh: 'L = −log softmax(z)[y]，y 为标签',
};

/** What the letters of a loss with a teacher are. */
export const SOFT_LETTERS: Words = {
  en: 'y: the label; zₛ, zₜ: logits of student and teacher',
  zh: 'y 为标签；zₛ、zₜ 为学生和教师的 logits',
};

/** The labels' part of a loss with a teacher. */
export const labelTerm = (softWeight: number): string => `L = ${tidy(1 - softWeight)} · CE(y, softmax(zₛ))`;

/** Hinton's loss with its numbers; `fallsTo`: the part of the teacher's weight that is left at the end. */
export function softTerms(temperature: number, softWeight: number, fallsTo = 1): string {
  const t = tidy(temperature);
  const a = fallsTo === 1 ? tidy(softWeight) : `(${tidy(softWeight)} → ${tidy(softWeight * fallsTo)})`;
  return `${labelTerm(softWeight)} + ${a} · ${t}² · KL(softmax(zₜ / ${t}) ‖ softmax(zₛ / ${t}))`;
}

/** What `softLoss` minimises. */
export function softFormula({ temperature, softWeight }: Pick<SettlingValues, 'temperature' | 'softWeight'>): Formula {
  return softWeight === 0 ? LABEL_FORMULA : lines(softTerms(temperature, softWeight), SOFT_LETTERS);
}

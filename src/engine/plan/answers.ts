/**
 * What terms ask of a teacher, and the same question found again, so that its answers are held once. A model answers alike
 * at every temperature; what an ensemble answers depends on it (`ensembles/scores`).
 */
import type { Predictor } from '#core/predictor';
import type { SlotId } from '#engine/backend';

export interface Asked {
  readonly teacher: Predictor;
  /** Softened at this temperature; null: the logits themselves. */
  readonly temperature: number | null;
}
/** Where the answers to a question are put. */
export interface AnswerSlot extends Asked {
  readonly slot: SlotId;
}

/** The same question, or undefined. */
export function findAsked<T extends Asked>(answers: readonly T[], { teacher, temperature }: Asked): T | undefined {
  return answers.find((one) =>
    teacher.kind === 'model'
      ? one.teacher.kind === 'model' && one.teacher.model === teacher.model
      : one.teacher === teacher && one.temperature === temperature,
  );
}

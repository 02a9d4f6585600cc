/** What the ways of making members share: parameters of their training, one member's run, and its part of the progress. */
import type { Given, MakingContext } from '#core/ensembles/making/making';
import type { Model } from '#core/model/model';
import type { Objective, TrainingData } from '#core/objective';
import type { NumberParam, Words } from '#core/params';
import { freshWeights } from '#core/passes/shared/fresh-weights';
import { BATCH_SIZE, epochsParam, learningRateParam, objectiveOf } from '#core/passes/shared/training';
import { within } from '#core/passes/shared/within';
import type { ModelPredictor, Predictor } from '#core/predictor';

export function memberTraining(epochs: number, rate: number) {
  return { epochs: epochsParam(epochs), learningRate: learningRateParam(rate), batchSize: BATCH_SIZE };
}
export interface MemberTraining {
  readonly epochs: number;
  readonly learningRate: number;
  readonly batchSize: number;
}

export function countParam(count: number, label: Words, most = 20): NumberParam {
  return { kind: 'number', min: 2, max: most, step: 1, default: count, control: 'field', label };
}
export const MEMBERS: Words = { en: 'Members', zh: '成员数' };

export const asPredictor = (model: Model): ModelPredictor => ({ kind: 'model', model });
/** The same of what may be another kind of predictor already. */
export const predictorOf = (given: Given): Predictor => ('kind' in given ? given : asPredictor(given));
export const givenOf = (predictor: Predictor): Given => (predictor.kind === 'model' ? predictor.model : predictor);

export function numbered(count: number, en: string, zh: string): readonly Words[] {
  return Array.from({ length: count }, (_, i) => ({ en: `${en} ${i + 1}`, zh: `${zh} ${i + 1}` }));
}

export const seedFrom = (random: () => number): number => Math.floor(random() * 2 ** 31);

/** The context of the `at`-th of `parts` equal parts of the work. */
export function partOf(context: MakingContext, at: number, parts: number): MakingContext {
  return within(context, at / parts, 1 / parts);
}

/** Trains on the labels from the model's weights; Adam, the learning rate falling to 0 along a cosine. */
export function trainMember(
  model: Model,
  values: MemberTraining,
  context: MakingContext,
  changes: Pick<Objective, 'sampleWeights'> & { readonly data?: TrainingData } = {},
): Promise<Model> {
  const loss = [{ kind: 'crossEntropy', weight: 1 }] as const;
  const objective = objectiveOf(model, loss, { ...values, optimizer: 'adam' }, context.random);
  return context.train({ ...objective, ...changes });
}

/** The same from fresh weights. */
export function trainAfresh(
  model: Model,
  values: MemberTraining,
  context: MakingContext,
  changes: Parameters<typeof trainMember>[3] = {},
): Promise<Model> {
  return trainMember(freshWeights(model, seedFrom(context.random)), values, context, changes);
}

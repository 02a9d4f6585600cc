/**
 * The ways to combine, in the order of the menu. Adding one is a file beside this one and a line here.
 */
import { accuracyWeights } from '#core/ensembles/accuracy-weights';
import { boosting } from '#core/ensembles/boosting';
import { cascade } from '#core/ensembles/cascade';
import type { Ensemble } from '#core/ensembles/ensemble';
import { handWeights } from '#core/ensembles/hand-weights';
import { learnedWeights } from '#core/ensembles/learned-weights';
import { majorityVote } from '#core/ensembles/majority-vote';
import { meanLogitsWay } from '#core/ensembles/mean-logits';
import { meanProbabilitiesWay } from '#core/ensembles/mean-probabilities';
import { softVote } from '#core/ensembles/soft-vote';
import { specialists } from '#core/ensembles/specialists';
import { stacking } from '#core/ensembles/stacking';
import { taskChain } from '#core/ensembles/task-chain';

export const ENSEMBLES: readonly Ensemble[] = [
  meanProbabilitiesWay,
  meanLogitsWay,
  accuracyWeights,
  learnedWeights,
  handWeights,
  majorityVote,
  softVote,
  stacking,
  boosting,
  cascade,
  specialists,
  taskChain,
];

/** Throws Error for an id that no way has. */
export function ensembleById(id: string): Ensemble {
  const way = ENSEMBLES.find((one) => one.id === id);
  if (!way) throw new Error(`no way of combining is called "${id}"`);
  return way;
}

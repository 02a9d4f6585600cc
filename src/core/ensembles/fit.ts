/** An ensemble from its members: the way's values made valid, its state fitted to what the members answered. */
import type { Ensemble, FitContext, MemberAnswers } from '#core/ensembles/ensemble';
import { ensembleById } from '#core/ensembles/index';
import { clampValues, type Values } from '#core/params';
import type { EnsemblePredictor, EnsembleState, Predictor } from '#core/predictor';

/**
 * `answers` are the members' (`ensembles/scores` for members that are ensembles) to validation images, or out of fold;
 * `state` stands instead of fitting where making the members gave one. Throws RangeError for too few or too many members.
 */
export async function fitEnsemble(
  id: string,
  values: Readonly<Record<string, unknown>>,
  members: readonly Predictor[],
  answers: MemberAnswers,
  context: FitContext,
  state?: EnsembleState,
): Promise<EnsemblePredictor> {
  const way = ensembleById(id);
  const { least, most = Number.POSITIVE_INFINITY } = way.members;
  if (members.length < least || members.length > most)
    throw new RangeError(
      `${way.words.title.en} takes ${least} members or more${way.members.most ? `, at most ${most}` : ''}`,
    );
  const valid = clampValues(way.params, values) as Values;
  const fitted = state ?? withReach(way, valid, answers, (await way.fit?.(answers, valid, context)) ?? {});
  return { kind: 'ensemble', way: id, values: valid, members, state: fitted };
}

/** With the share of these images for which each member has to be asked, as `reach`, where not all always are. */
function withReach(
  way: Ensemble,
  values: Values,
  { logits, classes }: MemberAnswers,
  state: EnsembleState,
): EnsembleState {
  const used = way.kind === 'serial' ? way.combine(logits, classes, values, state).used : undefined;
  if (!used) return state;
  return { ...state, reach: used.map((own) => own.reduce((sum, one) => sum + one, 0) / Math.max(1, own.length)) };
}

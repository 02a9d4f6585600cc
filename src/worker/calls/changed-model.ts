/**
 * A model after one step, as sliders ask for it: what `prepare` makes is kept between moves, and so is the last model made,
 * which more than one call looks at.
 */
import { checkEffects, lossesAhead } from '#core/effects';
import { modelId } from '#core/model/hash';
import type { Model } from '#core/model/model';
import type { Words } from '#core/params';
import { PASSES } from '#core/passes/index';
import { preparedKey, type RecipeStep, readyStep, stepSeed } from '#core/recipe';
import { contextMaker } from '#worker/calls/pass-context';
import type { DatasetId, ModelId } from '#worker/protocol';
import type { Changed, Session } from '#worker/session';

export interface Step {
  readonly dataset: DatasetId | null;
  readonly step: RecipeStep;
  readonly seed: number;
  readonly parents: Readonly<Record<string, ModelId>>;
}

/** For a pass that trains, its sketch, whose weights mean nothing. */
export async function changedModel(
  session: Session,
  question: Step,
  base: Model,
  ways: { readonly signal: AbortSignal; readonly between: () => Promise<void> },
): Promise<Changed> {
  const { dataset, step, seed, parents } = question;
  const key = JSON.stringify([modelId(base), dataset, step, seed, parents]);
  const known = session.changed.get(key);
  if (known) return known;
  const made = await make(session, question, base, ways);
  session.changed.set(key, made);
  return made;
}

async function make(
  session: Session,
  question: Step,
  base: Model,
  { signal, between }: { readonly signal: AbortSignal; readonly between: () => Promise<void> },
): Promise<Changed> {
  const { pass, values } = readyStep(question.step, PASSES);
  checkEffects(base, pass);
  const dataset = question.dataset ? await session.dataset(question.dataset) : null;
  const contextFor = await contextMaker(session, { dataset, signal, between, parents: question.parents });
  const context = contextFor(stepSeed(question.seed, 0, pass.id), () => undefined);
  const given = (model: Model, trains: boolean, unchanged: readonly Words[] | null): Changed => ({
    model,
    trains,
    lost: lossesAhead(base, model, pass.effects),
    unchanged,
  });
  const key = JSON.stringify([
    modelId(base),
    preparedKey(pass, values),
    question.dataset,
    question.seed,
    question.parents,
  ]);
  // What another call is still preparing is not waited for: it may be given up, and it may be waiting for this one.
  const known = session.prepared.get(key);
  const prepared = known ?? { value: (await pass.prepare?.(base, values, context)) as unknown };
  if (pass.prepare) session.prepared.set(key, prepared);
  if (pass.preview === 'structure') {
    const sketch = (await pass.sketch?.(base, values, context, prepared.value)) ?? base;
    const idle = pass.idle?.(base, values, sketch) ?? null;
    return given(idle ? base : sketch, true, idle);
  }
  const { model, report } = await pass.apply(base, values, context, prepared.value);
  return given(model, false, modelId(model) === modelId(base) ? report.notes : null);
}

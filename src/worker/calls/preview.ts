/**
 * What a slider's position would give: the pass is run on the model, its size counted, and, unless it trains, its accuracy
 * estimated on ever more validation images. What `prepare` makes is kept between moves, answers are kept by question.
 */
import { countMacs } from '#core/metrics/operations';
import { countValues, estimateBytes } from '#core/metrics/size';
import { type PreviewEstimate, previewAccuracy } from '#engine/preview';
import type { Handler } from '#worker/call';
import { changedModel } from '#worker/calls/changed-model';
import type { Calls, PreviewResult } from '#worker/protocol';
import type { Session } from '#worker/session';
import { writtenBytes } from '#worker/summary';

/** Parameters up to which a file is written at every move: some 10 ms. */
const quicklyWritten = 60_000;

type Question = Calls['preview']['request'];

export const preview: Handler<'preview'> = async (question, { session, signal, progress }) => {
  const latest = new AbortController();
  session.waitingPreview?.abort(new DOMException('a later one came', 'AbortError'));
  session.waitingPreview = latest;
  const either = AbortSignal.any([signal, latest.signal]);
  return session.scheduler.run(
    'slider',
    (between) => {
      // Once it computes it is no longer waiting: the page aborts it where it wants to.
      if (session.waitingPreview === latest) session.waitingPreview = null;
      return answer(session, question, { signal, between, progress });
    },
    { signal: either },
  );
};

export interface AnswerOptions {
  readonly signal: AbortSignal;
  readonly between: () => Promise<void>;
  readonly progress?: (result: PreviewResult) => void;
}

/** Answers one question, from memory where it was asked before. */
export async function answer(
  session: Session,
  question: Question,
  { signal, between, progress }: AnswerOptions,
): Promise<PreviewResult> {
  const backend = await session.backend();
  const key = JSON.stringify([
    question.model,
    question.dataset,
    question.step,
    question.seed,
    question.parents,
    backend.id,
  ]);
  const known = session.previews.get(key);
  if (known) return known;
  const base = await (await session.vault).get(question.model);
  const changed = await changedModel(session, question, base, { signal, between });
  const dataset = question.dataset ? await session.dataset(question.dataset) : null;
  const { parameters, nonZero } = countValues(changed.model);
  // A written file is measured, an estimate is not; but writing a large model takes longer than a slider may wait, and a
  // sketch has no weights to write.
  const isQuick = parameters <= quicklyWritten && !changed.trains;
  const bytes = isQuick ? await writtenBytes(changed.model) : estimateBytes(changed.model);
  let size = { parameters, nonZero, macs: countMacs(changed.model).total, bytes };
  await between();
  const result = (accuracy: PreviewEstimate | null): PreviewResult => ({ ...size, accuracy });
  if (changed.trains) return result(null);
  const measureSize = async (): Promise<void> => {
    if (question.rest && !isQuick) size = { ...size, bytes: await writtenBytes(changed.model) };
  };
  if (!dataset) {
    await measureSize();
    return result(null);
  }
  const estimate = await previewAccuracy(backend, base, changed.model, dataset, {
    signal,
    between,
    rest: question.rest,
    onEstimate: (accuracy) => progress?.(result(accuracy)),
  });
  await measureSize();
  if (question.rest && estimate.images === dataset.splits.validation.count) session.previews.set(key, result(estimate));
  return result(estimate);
}

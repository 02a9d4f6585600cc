/**
 * What a slider's position would give: the pass is run on the model, its size counted, and, unless it trains, its accuracy
 * estimated on ever more validation images. What `prepare` makes is kept between moves, answers are kept by question.
 *
 * While a slider moves no file is written: its bytes are an estimate, and marked as one. Deflating takes from as long as the
 * first estimate of accuracy to five times as long (many zeros, few values), for small models too. When the slider rests the
 * file is written, after everything else is known; and packed as well, where the file that was written holds grids as floats.
 */
import { countMacs } from '#core/metrics/operations';
import { countValues, estimateBytes } from '#core/metrics/size';
import { knownEvaluation } from '#engine/evaluations';
import { type PreviewEstimate, previewAccuracy } from '#engine/preview';
import type { Handler } from '#worker/call';
import { changedModel } from '#worker/calls/changed-model';
import type { Calls, PreviewResult } from '#worker/protocol';
import type { Session } from '#worker/session';
import { asFloats, packedBytes, writtenBytes } from '#worker/summary';

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
      return answer(session, question, {
        signal,
        between,
        progress,
        writeUpTo: question.rest ? Number.POSITIVE_INFINITY : 0,
      });
    },
    { signal: either },
  );
};

export interface AnswerOptions {
  readonly signal: AbortSignal;
  readonly between: () => Promise<void>;
  readonly progress?: (result: PreviewResult) => void;
  /** Parameters up to which the file is written, to count its bytes. */
  readonly writeUpTo: number;
}

/** Packing takes 2 µs a parameter, and nothing comes in between. */
const PACKED_AT_REST = 100_000;

/** Answers one question, from memory where it was asked before. */
export async function answer(
  session: Session,
  question: Question,
  { signal, between, progress, writeUpTo }: AnswerOptions,
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
  const { total: macs } = countMacs(changed.model);
  const floats = asFloats(changed.model);
  let bytes: Pick<PreviewResult, 'bytes' | 'isWritten' | 'packedBytes'> = {
    bytes: estimateBytes(changed.model),
    isWritten: false,
  };
  const result = (accuracy: PreviewEstimate | null): PreviewResult => ({
    parameters,
    nonZero,
    macs,
    ...bytes,
    ...floats,
    accuracy,
    ...(changed.lost.length > 0 ? { lost: changed.lost } : {}),
    ...(changed.unchanged ? { unchanged: changed.unchanged } : {}),
  });
  await between();
  // A sketch has no weights to write.
  if (changed.trains) return result(null);
  let accuracy: PreviewEstimate | null = null;
  if (dataset) {
    // Until all its validation images are seen there is no accuracy to compare with: the sizes do not wait for that.
    if (!knownEvaluation(backend, { kind: 'model', model: base }, dataset, 'validation')) progress?.(result(null));
    accuracy = await previewAccuracy(backend, base, changed.model, dataset, {
      signal,
      between,
      rest: question.rest,
      onEstimate: (estimate) => progress?.(result(estimate)),
    });
  }
  if (parameters <= writeUpTo) {
    if (!dataset) progress?.(result(null));
    bytes = { bytes: await writtenBytes(changed.model, between), isWritten: true };
    if (floats.asFloats && question.rest && parameters <= PACKED_AT_REST) {
      progress?.(result(accuracy));
      await between();
      bytes = { ...bytes, packedBytes: await packedBytes(changed.model) };
    }
  }
  if (question.rest && accuracy?.images === dataset?.splits.validation.count)
    session.previews.set(key, result(accuracy));
  return result(accuracy);
}

/**
 * What a slider's position would do to accuracy: the changed model is compared with the one it came from, image by
 * image, on ever more validation images. Paired, because the two agree on most images, so that a few hundred say more
 * about the difference than they do about either accuracy. The interval is Agresti and Min's (2005).
 */
import type { Model } from '#core/model/model';
import { agrestiMin } from '#core/numeric/intervals';
import type { Backend } from '#engine/backend';
import type { Dataset } from '#engine/datasets/dataset';
import { type Evaluation, evaluate } from '#engine/evaluate';
import { evaluateOnce, knownEvaluation, rememberEvaluation } from '#engine/evaluations';

/** Validation images after which an estimate is given while a slider moves. */
const STAGES = [512, 2000];

/** Accuracy on validation, all from 0 to 1: the base model's on the whole split plus the paired difference. */
export interface PreviewEstimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
  /** How many images the difference was seen on. */
  readonly images: number;
}
export interface PreviewOptions {
  readonly signal?: AbortSignal | undefined;
  /** The slider rests: go on to the whole split. */
  readonly rest?: boolean | undefined;
  /** Ever better estimates; the last one is also the result. */
  readonly onEstimate?: ((estimate: PreviewEstimate) => void) | undefined;
  readonly between?: (() => Promise<void>) | undefined;
}

/**
 * Compares `model` with `base`, whose right and wrong answers on validation are measured at its first use and kept.
 * Throws EngineError('data'), or the signal's reason between two batches.
 */
export async function previewAccuracy(
  backend: Backend,
  base: Model,
  model: Model,
  dataset: Dataset,
  options: PreviewOptions = {},
): Promise<PreviewEstimate> {
  const { signal, between } = options;
  const total = dataset.splits.validation.count;
  const before = await evaluateOnce(backend, base, dataset, 'validation', { signal, between });
  const known = knownEvaluation(backend, model, dataset, 'validation');
  if (known) return told(estimate(before, known.correct, total), options);
  const correct = new Uint8Array(total);
  let loss = 0;
  let seen = 0;
  let latest: PreviewEstimate | null = null;
  for (const stage of stages(total, options.rest === true)) {
    const part = await evaluate(backend, { kind: 'model', model }, dataset, 'validation', {
      signal,
      between,
      from: seen,
      images: stage - seen,
    });
    correct.set(part.correct, seen);
    loss += part.loss * part.images;
    seen = stage;
    latest = told(estimate(before, correct, seen), options);
  }
  if (seen === total && total > 0) {
    const right = correct.reduce((sum, one) => sum + one, 0);
    rememberEvaluation(backend, model, dataset, 'validation', {
      accuracy: right / total,
      loss: loss / total,
      correct,
      images: total,
    });
  }
  return latest ?? told(estimate(before, correct, 0), options);
}

function stages(total: number, rest: boolean): number[] {
  const steps = STAGES.filter((stage) => stage < total);
  if (rest || steps.length < STAGES.length) steps.push(total);
  return steps;
}

function estimate(before: Evaluation, correct: Uint8Array, images: number): PreviewEstimate {
  let gained = 0;
  let lost = 0;
  for (let i = 0; i < images; i++) {
    if (correct[i] === before.correct[i]) continue;
    if (correct[i]) gained++;
    else lost++;
  }
  const { value, low, high } = agrestiMin(gained, lost, images);
  const share = (difference: number): number => Math.min(1, Math.max(0, before.accuracy + difference));
  return { value: share(value), low: share(low), high: share(high), images };
}

function told(estimate: PreviewEstimate, options: PreviewOptions): PreviewEstimate {
  options.onEstimate?.(estimate);
  return estimate;
}

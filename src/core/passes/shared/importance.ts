/**
 * Importances that are measured on training images: how images are shown, and how scores become a ranking. The methods
 * themselves are in their own files.
 */
import type { Model } from '#core/model/model';
import { magnitudeKeys } from '#core/numeric/radix';
import type { NumberParam } from '#core/params';
import { type CapturedBatch, type CaptureRequest, type PassContext, PassError } from '#core/pass';
import { type Ranked, rankAll } from '#core/passes/shared/ranked-pruning';
import type { Selected } from '#core/passes/shared/selection';

/** How many training images an importance is measured on. */
export const CALIBRATION_IMAGES = {
  kind: 'number',
  min: 1,
  max: 10000,
  step: 1,
  default: 256,
  unit: 'images',
  control: 'field',
  scale: 'log',
  label: { en: 'Calibration images', zh: '校准图片数' },
  help: {
    en: 'How many training images are shown to the network to measure what matters. More are steadier and take longer.',
    zh: '用多少张训练图片来测量哪些部分重要。图片越多结果越稳定，也越慢。',
  },
} as const satisfies NumberParam;

/** Shows training images to the model, tells the progress, and returns how many were seen (fewer where there are fewer). */
export async function showImages(
  model: Model,
  request: CaptureRequest,
  { capture, progress, signal }: PassContext,
  visit: (batch: CapturedBatch) => void,
): Promise<number> {
  let seen = 0;
  await capture(model, request, (batch) => {
    signal.throwIfAborted();
    visit(batch);
    seen += batch.images;
    progress(Math.min(1, seen / request.images));
  });
  return seen;
}

/** Throws PassError where something measured is no finite number: what followed from it would follow from nothing. */
export function checkMeasured(measured: readonly Float64Array[]): void {
  if (measured.every((own) => own.every(Number.isFinite))) return;
  throw new PassError({
    en: 'On training images this model gives values that are not finite numbers, so nothing can be measured on them. Some of its weights or biases are broken or far too large: train it again from its start, with a lower learning rate.',
    zh: '该模型在训练图片上给出的数值不是有限的数，因此无法测量。它的某些权重或偏置已损坏或过大：请用更低的学习率从头重新训练。',
  });
}

/** A ranking by scores of 0 or more, one array for each selected tensor: all are compared on one scale. */
export function rankByScores(
  model: Model,
  selected: readonly Selected[],
  scores: readonly Float64Array[],
  scope: string,
  context: PassContext,
): Promise<Ranked> {
  const keys = scoreKeys(scores);
  return rankAll(model, selected, scope, (_one, i) => keys[i] as Uint32Array, context);
}

/**
 * Keys in the order of the scores: their float32 bits, after dividing by the largest of all so that none is out of range.
 * Throws PassError as `checkMeasured` does.
 */
export function scoreKeys(scores: readonly Float64Array[]): readonly Uint32Array[] {
  checkMeasured(scores);
  let largest = 0;
  for (const own of scores) for (let i = 0; i < own.length; i++) largest = Math.max(largest, own[i] as number);
  const unit = largest > 0 ? largest : 1;
  return scores.map((own) => magnitudeKeys(Float32Array.from(own, (score) => score / unit)));
}

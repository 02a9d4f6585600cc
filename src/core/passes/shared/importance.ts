/**
 * Importances that are measured on training images: how images are shown, and how scores become a ranking. The methods
 * themselves are in their own files.
 */
import type { Model } from '#core/model/model';
import { magnitudeKeys } from '#core/numeric/radix';
import type { NumberParam } from '#core/params';
import type { CapturedBatch, CaptureRequest, PassContext } from '#core/pass';
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
  label: { en: 'Calibration images', zh: '校准图像数' },
  help: {
    en: 'How many training images are shown to the network to measure what matters. More are steadier and take longer.',
    zh: '用多少张训练图像来测量哪些部分重要。图像越多结果越稳定，也越慢。',
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

/** Keys in the order of the scores: their float32 bits, after dividing by the largest of all so that none is out of range. */
export function scoreKeys(scores: readonly Float64Array[]): readonly Uint32Array[] {
  let largest = 0;
  for (const own of scores) for (let i = 0; i < own.length; i++) largest = Math.max(largest, own[i] as number);
  const unit = largest > 0 && Number.isFinite(largest) ? largest : 1;
  return scores.map((own) => magnitudeKeys(Float32Array.from(own, (score) => score / unit)));
}

/**
 * What a slider's position would do to accuracy: the changed model is compared with the one it came from, image by
 * image, on ever more validation images. Paired, because the two agree on most images, so that a few hundred say more
 * about the difference than they do about either accuracy. The change has Agresti and Min's interval (2005). The accuracy has
 * its own, Wilson's, as every model has; before all images are seen it is wider by what is unknown of the change, as in a
 * difference estimate from two samples (Cochran 1977, "Sampling Techniques", chapter 12).
 */
import { modelId } from '#core/model/hash';
import type { Model } from '#core/model/model';
import { agrestiMin, type Estimate, wilson } from '#core/numeric/intervals';
import { evaluateChanged } from '#engine/activations';
import type { Backend } from '#engine/backend';
import type { Dataset } from '#engine/datasets/dataset';
import type { Evaluation } from '#engine/evaluate';
import { knownEvaluation, rememberEvaluation } from '#engine/evaluations';

/** Validation images after which an estimate is given; when the slider rests the last one is on all of them. */
const STAGES = [256, 1024];
/** Images that are seen in one go; an answer that is broken off loses no more than these. A multiple of the batch. */
const CHUNK = 512;

/** Accuracy on validation, all from 0 to 1: the base model's on the whole split plus the change. */
export interface PreviewEstimate extends Estimate {
  /** How many images the change was seen on. */
  readonly images: number;
  /** How much the accuracy rises, image by image. */
  readonly change: Estimate;
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
 * Compares `model` with `base`, whose right and wrong answers on validation are measured at its first use and kept. What
 * was seen of a model is kept too: asked again, it goes on from there. Throws EngineError('data'), or the signal's reason
 * between two batches.
 */
export async function previewAccuracy(
  backend: Backend,
  base: Model,
  model: Model,
  dataset: Dataset,
  options: PreviewOptions = {},
): Promise<PreviewEstimate> {
  const total = dataset.splits.validation.count;
  const before = evaluationOf(await see(backend, base, base, dataset, total, options));
  let latest: PreviewEstimate | null = null;
  for (const stage of stages(total, options.rest === true)) {
    if (latest && latest.images >= stage) continue;
    const seen = await see(backend, base, model, dataset, stage, options);
    latest = told(estimate(before, seen.correct, seen.images), options);
  }
  return latest ?? told(estimate(before, new Uint8Array(total), 0), options);
}

function stages(total: number, rest: boolean): number[] {
  const steps = STAGES.filter((stage) => stage < total);
  if (rest || steps.length < STAGES.length) steps.push(total);
  return steps;
}

/** What was seen of a model on validation. */
interface Seen {
  /** 1 where the answer was right, for the first `images` of the split. */
  readonly correct: Uint8Array;
  images: number;
  /** Summed over the images. */
  loss: number;
}

/** Models of which a part is remembered, some 10 kB each. */
const KEPT = 200;
const parts = new WeakMap<Backend, Map<string, Seen>>();

/** Sees at least the first `images` of validation, going on from what was seen before. */
async function see(
  backend: Backend,
  base: Model,
  model: Model,
  dataset: Dataset,
  images: number,
  { signal, between }: PreviewOptions,
): Promise<Seen> {
  const total = dataset.splits.validation.count;
  const known = knownEvaluation(backend, { kind: 'model', model }, dataset, 'validation');
  if (known) return { correct: known.correct, images: total, loss: known.loss * total };
  const seen = remembered(backend, `${modelId(model)} ${dataset.id}`, total);
  while (seen.images < images) {
    const from = seen.images;
    const part = await evaluateChanged(backend, base, model, dataset, 'validation', {
      signal,
      between,
      from,
      images: Math.min(CHUNK, images - from),
    });
    // Somebody else may have seen the same meanwhile.
    if (seen.images !== from) continue;
    seen.correct.set(part.correct, from);
    seen.loss += part.loss * part.images;
    seen.images += part.images;
  }
  if (seen.images === total && total > 0)
    rememberEvaluation(backend, { kind: 'model', model }, dataset, 'validation', evaluationOf(seen));
  return seen;
}

function remembered(backend: Backend, key: string, total: number): Seen {
  const kept = parts.get(backend) ?? new Map<string, Seen>();
  parts.set(backend, kept);
  const seen = kept.get(key) ?? { correct: new Uint8Array(total), images: 0, loss: 0 };
  kept.delete(key);
  kept.set(key, seen);
  for (const oldest of kept.keys()) {
    if (kept.size <= KEPT) break;
    kept.delete(oldest);
  }
  return seen;
}

function evaluationOf({ correct, images, loss }: Seen): Evaluation {
  const right = correct.reduce((sum, one) => sum + one, 0);
  return { accuracy: images > 0 ? right / images : 0, loss: images > 0 ? loss / images : 0, correct, images };
}

function estimate(before: Evaluation, correct: Uint8Array, images: number): PreviewEstimate {
  const total = before.images;
  let right = 0;
  let gained = 0;
  let lost = 0;
  for (let i = 0; i < total; i++) {
    right += before.correct[i] as number;
    if (i >= images || correct[i] === before.correct[i]) continue;
    if (correct[i]) gained++;
    else lost++;
  }
  const change = agrestiMin(gained, lost, images);
  const rightAfter = images > 0 ? right + ((gained - lost) * total) / images : right;
  const own = wilson(Math.min(total, Math.max(0, rightAfter)), total);
  const unseen = total > 0 ? 1 - images / total : 1;
  const away = (side: 'low' | 'high'): number =>
    Math.sqrt((own[side] - own.value) ** 2 + unseen * (change[side] - change.value) ** 2);
  return {
    value: own.value,
    low: unseen > 0 ? Math.max(0, own.value - away('low')) : own.low,
    high: unseen > 0 ? Math.min(1, own.value + away('high')) : own.high,
    images,
    change,
  };
}

function told(estimate: PreviewEstimate, options: PreviewOptions): PreviewEstimate {
  options.onEstimate?.(estimate);
  return estimate;
}

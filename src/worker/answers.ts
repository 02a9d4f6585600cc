/**
 * What predictors answered to whole splits, kept by backend: asked for other figures, or as a member of an ensemble,
 * nothing is run again. Bounded: the longest unused go first.
 */
import { learnsFrom } from '#core/ensembles/ensemble';
import { heldOutAnswers } from '#core/ensembles/held-out';
import { ensembleById } from '#core/ensembles/index';
import { type Leaf, scoresOf } from '#core/ensembles/scores';
import type { EnsemblePredictor, Predictor, Split } from '#core/predictor';
import { predictorId } from '#core/predictor-id';
import type { Backend } from '#engine/backend';
import type { Dataset } from '#engine/datasets/dataset';
import { leafLogits } from '#engine/evaluate';
import { assertPredicts, leavesOf } from '#engine/predictors';
import { makeRecent, type Recent } from '#worker/recent';

/** Answers of one predictor to 10,000 images in ten classes are 400 kB. */
const KEPT = 64;

const caches = new WeakMap<Backend, Recent<Float32Array>>();

interface Ways {
  readonly signal?: AbortSignal;
  readonly between: () => Promise<void>;
  /** Share done, 0 to 1. */
  readonly onProgress?: (done: number) => void;
}

/**
 * [images, classes] of a predictor on all of a split, as `scoresOf` gives them. Throws EngineError('data') where they do
 * not fit.
 */
export async function answersOnce(
  backend: Backend,
  predictor: Predictor,
  dataset: Dataset,
  split: Split,
  { onProgress, ...ways }: Ways,
): Promise<Float32Array> {
  assertPredicts(predictor, dataset);
  const cache = caches.get(backend) ?? makeRecent<Float32Array>(KEPT);
  caches.set(backend, cache);
  const keyOf = (one: Predictor): string => `${predictorId(one)} ${dataset.id} ${split}`;
  const held = cache.get(keyOf(predictor));
  if (held) return held;
  const parts = leavesOf(predictor).length;
  let asked = 0;
  const ask = async (leaf: Leaf): Promise<Float32Array> => {
    const before = asked++;
    const known = cache.get(keyOf(leaf));
    if (known) return known;
    const answers = await leafLogits(backend, leaf, dataset, split, {
      ...ways,
      onProgress: onProgress && ((done) => onProgress((before + done) / parts)),
    });
    cache.set(keyOf(leaf), answers);
    return answers;
  };
  const scores = await scoresOf(predictor, ask, dataset.classes.length);
  cache.set(keyOf(predictor), scores);
  return scores;
}

/** Parts of the images, second levels: drawn alike whenever the same is fitted. */
export const FIT_SEED = 1;

/**
 * The same, but on validation no ensemble answers an image that its way of combining was fitted to: it is fitted anew
 * without that image's part. `fitted`: ids of those that were fitted to the validation images.
 */
export async function fairAnswers(
  backend: Backend,
  predictor: Predictor,
  dataset: Dataset,
  split: Split,
  { fitted = [], ...ways }: Ways & { readonly fitted?: readonly string[] | undefined },
): Promise<Float32Array> {
  const learned = split === 'validation' ? learnedIn(predictor, fitted) : [];
  const own = await answersOnce(backend, predictor, dataset, split, ways);
  if (learned.length === 0) return own;
  const cache = caches.get(backend);
  const key = `${predictorId(predictor)} ${dataset.id} held out ${learned.map(predictorId).join(' ')}`;
  const held = cache?.get(key);
  if (held) return held;
  const answers = await heldOut(backend, predictor, dataset, (one) => learned.includes(one), ways);
  cache?.set(key, answers);
  return answers;
}

/** What a predictor answers to the validation images where these of its ensembles are each fitted without the image's part. */
export function heldOut(
  backend: Backend,
  predictor: Predictor,
  dataset: Dataset,
  wasFitted: (one: EnsemblePredictor) => boolean,
  ways: Ways,
): Promise<Float32Array> {
  const question = {
    ask: (leaf: Leaf) => answersOnce(backend, leaf, dataset, 'validation', ways),
    labels: dataset.splits.validation.labels,
    classes: dataset.classes.length,
  };
  const between = async (): Promise<void> => {
    await ways.between();
    ways.signal?.throwIfAborted();
  };
  return heldOutAnswers(predictor, wasFitted, question, FIT_SEED, between);
}

/** The ensembles in a predictor whose way of combining learns and was fitted to validation images. */
export function learnedIn(predictor: Predictor, fitted: readonly string[]): readonly EnsemblePredictor[] {
  if (predictor.kind !== 'ensemble') return [];
  const { way, values } = predictor;
  const isOne = learnsFrom(ensembleById(way), values) && fitted.includes(predictorId(predictor));
  return [...(isOne ? [predictor] : []), ...predictor.members.flatMap((member) => learnedIn(member, fitted))];
}

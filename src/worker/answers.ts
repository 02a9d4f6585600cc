/**
 * What predictors answered to whole splits, kept by backend: asked for other figures, or as a member of an ensemble,
 * nothing is run again. Bounded: the longest unused go first.
 */
import { type Leaf, scoresOf } from '#core/ensembles/scores';
import type { Predictor, Split } from '#core/predictor';
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

/** Whole-split evaluations, kept by predictor, data set and backend: what was measured once is not measured again. */
import type { Predictor, Split } from '#core/predictor';
import { predictorId } from '#core/predictor-id';
import type { Backend } from '#engine/backend';
import type { Dataset } from '#engine/datasets/dataset';
import { type EvaluateOptions, type Evaluation, evaluate } from '#engine/evaluate';

/** Some 10 kB each. */
const KEPT = 200;

const caches = new WeakMap<Backend, Map<string, Evaluation>>();

/** The evaluation of a predictor on all of a split, measured now where it is not known yet. */
export async function evaluateOnce(
  backend: Backend,
  predictor: Predictor,
  dataset: Dataset,
  split: Split,
  options: Omit<EvaluateOptions, 'images' | 'from'> = {},
): Promise<Evaluation> {
  const known = knownEvaluation(backend, predictor, dataset, split);
  if (known) return known;
  const evaluation = await evaluate(backend, predictor, dataset, split, options);
  rememberEvaluation(backend, predictor, dataset, split, evaluation);
  return evaluation;
}

/** What is known about a predictor on all of a split. */
export function knownEvaluation(
  backend: Backend,
  predictor: Predictor,
  dataset: Dataset,
  split: Split,
): Evaluation | undefined {
  const cache = caches.get(backend);
  const key = keyOf(predictor, dataset, split);
  const known = cache?.get(key);
  if (cache && known) {
    cache.delete(key);
    cache.set(key, known);
  }
  return known;
}

/** Keeps an evaluation; those longest unused go first. */
export function rememberEvaluation(
  backend: Backend,
  predictor: Predictor,
  dataset: Dataset,
  split: Split,
  evaluation: Evaluation,
): void {
  const cache = caches.get(backend) ?? new Map<string, Evaluation>();
  caches.set(backend, cache);
  cache.set(keyOf(predictor, dataset, split), evaluation);
  for (const key of cache.keys()) {
    if (cache.size <= KEPT) break;
    cache.delete(key);
  }
}

const keyOf = (predictor: Predictor, dataset: Dataset, split: Split): string =>
  `${predictorId(predictor)} ${dataset.id} ${split}`;

/** Whole-split evaluations, kept by model, data set and backend: what was measured once is not measured again. */
import { modelId } from '#core/model/hash';
import type { Model } from '#core/model/model';
import type { Split } from '#core/predictor';
import type { Backend } from '#engine/backend';
import type { Dataset } from '#engine/datasets/dataset';
import { type EvaluateOptions, type Evaluation, evaluate } from '#engine/evaluate';

/** Some 10 kB each. */
const KEPT = 200;

const caches = new WeakMap<Backend, Map<string, Evaluation>>();

/** The evaluation of a model on all of a split, measured now where it is not known yet. */
export async function evaluateOnce(
  backend: Backend,
  model: Model,
  dataset: Dataset,
  split: Split,
  options: Omit<EvaluateOptions, 'images' | 'from'> = {},
): Promise<Evaluation> {
  const known = knownEvaluation(backend, model, dataset, split);
  if (known) return known;
  const evaluation = await evaluate(backend, { kind: 'model', model }, dataset, split, options);
  rememberEvaluation(backend, model, dataset, split, evaluation);
  return evaluation;
}

/** What is known about a model on all of a split. */
export function knownEvaluation(
  backend: Backend,
  model: Model,
  dataset: Dataset,
  split: Split,
): Evaluation | undefined {
  const cache = caches.get(backend);
  const key = keyOf(model, dataset, split);
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
  model: Model,
  dataset: Dataset,
  split: Split,
  evaluation: Evaluation,
): void {
  const cache = caches.get(backend) ?? new Map<string, Evaluation>();
  caches.set(backend, cache);
  cache.set(keyOf(model, dataset, split), evaluation);
  for (const key of cache.keys()) {
    if (cache.size <= KEPT) break;
    cache.delete(key);
  }
}

const keyOf = (model: Model, dataset: Dataset, split: Split): string => `${modelId(model)} ${dataset.id} ${split}`;

/**
 * What teachers answer to the training images: each model's logits are computed once for each data set and backend, then
 * kept while they live; what an ensemble makes of its members' is arithmetic.
 */

import type { Leaf } from '#core/ensembles/scores';
import { meanLogitsOf, softScoresOf } from '#core/ensembles/scores';
import type { Predictor } from '#core/predictor';
import type { Backend } from '#engine/backend';
import type { Dataset } from '#engine/datasets/dataset';
import { type EvaluateOptions, leafLogits } from '#engine/evaluate';
import type { Asked } from '#engine/plan/answers';
import { assertPredicts } from '#engine/predictors';

const known = new WeakMap<Backend, WeakMap<Dataset, WeakMap<object, Float32Array>>>();

/** Logits (of trees: log-probabilities) [training images, classes] of what answers by itself. */
export async function teacherLogits(
  backend: Backend,
  leaf: Leaf,
  dataset: Dataset,
  options: EvaluateOptions,
): Promise<Float32Array> {
  const datasets = known.get(backend) ?? new WeakMap<Dataset, WeakMap<object, Float32Array>>();
  known.set(backend, datasets);
  const leaves = datasets.get(dataset) ?? new WeakMap<object, Float32Array>();
  datasets.set(dataset, leaves);
  const key = leaf.kind === 'model' ? leaf.model : leaf;
  const held = leaves.get(key);
  if (held) return held;
  const logits = await leafLogits(backend, leaf, dataset, 'train', options);
  leaves.set(key, logits);
  return logits;
}

/** [training images, classes]: what stands for the teacher's logits where this is asked of it. */
export async function teacherAnswers(
  backend: Backend,
  { teacher, temperature }: Asked,
  dataset: Dataset,
  options: EvaluateOptions,
): Promise<Float32Array> {
  assertPredicts(teacher, dataset);
  const ask = (leaf: Leaf): Promise<Float32Array> => teacherLogits(backend, leaf, dataset, options);
  const classes = dataset.classes.length;
  return temperature === null
    ? meanLogitsOf(teacher as Predictor, ask)
    : softScoresOf(teacher, temperature, ask, classes);
}

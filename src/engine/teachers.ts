/** A teacher's logits on the training images: computed once for each teacher, data set and backend, then kept while they live. */
import type { Model } from '#core/model/model';
import type { Backend } from '#engine/backend';
import type { Dataset } from '#engine/datasets/dataset';
import { type EvaluateOptions, logitsOf } from '#engine/evaluate';

const known = new WeakMap<Backend, WeakMap<Dataset, WeakMap<Model, Float32Array>>>();

/** Logits [training images, classes]. */
export async function teacherLogits(
  backend: Backend,
  model: Model,
  dataset: Dataset,
  options: EvaluateOptions,
): Promise<Float32Array> {
  const datasets = known.get(backend) ?? new WeakMap<Dataset, WeakMap<Model, Float32Array>>();
  known.set(backend, datasets);
  const models = datasets.get(dataset) ?? new WeakMap<Model, Float32Array>();
  datasets.set(dataset, models);
  const held = models.get(model);
  if (held) return held;
  const logits = await logitsOf(backend, { kind: 'model', model }, dataset, 'train', options);
  models.set(model, logits);
  return logits;
}

/** Digits, and small predictors of every kind on them, for tests of what is written of ensembles. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { fitEnsemble } from '#core/ensembles/fit';
import { createModel } from '#core/model/create';
import { layerOf, replaceLayers } from '#core/model/edit';
import type { Layer } from '#core/model/layers';
import type { Model } from '#core/model/model';
import { seededRandom } from '#core/numeric/random';
import { defaultsOf } from '#core/params';
import type { EnsemblePredictor, Predictor, TreeFeatures, TreesPredictor } from '#core/predictor';
import { templateById } from '#core/templates';
import { treeMethodById } from '#core/trees/index';
import { makeWasmBackendWith } from '#engine/backends/wasm/backend';
import { readDigits } from '#engine/datasets/digits';
import { logitsOf } from '#engine/evaluate';
import { featuresOf } from '#engine/trees';

export const digits = readDigits(gunzipSync(readFileSync('public/data/digits/digits.csv.gz')).toString('utf8'));
export const backend = await makeWasmBackendWith(null);
const CLASSES = digits.classes.length;

/** Not trained: what it answers is not the point. */
export function network(template: string, seed: number): Model {
  const architecture = templateById(template)?.architecture(digits.shape, CLASSES);
  if (!architecture) throw new Error(`no template ${template}`);
  const model = createModel(architecture, seed);
  return { ...model, name: `${template} ${seed}` };
}

/** The same with a sigmoid, or nothing, where the softmax was. */
export function endingIn(model: Model, fn: 'sigmoid' | 'linear'): Model {
  const end = layerOf(model, model.outputs[0] as string) as Layer;
  const layers = model.layers.map(
    (layer): Layer => (layer === end ? ({ ...end, activation: { fn } } as Layer) : layer),
  );
  return { ...replaceLayers(model, layers), name: `${model.name} ${fn}` };
}

export const asPredictor = (model: Model): Predictor => ({ kind: 'model', model });

export async function trees(method: string, features: TreeFeatures, values: object): Promise<TreesPredictor> {
  const seen = await featuresOf(backend, features, digits, 'validation');
  const data = { features: seen, labels: digits.splits.validation.labels, classes: CLASSES };
  const way = treeMethodById(method);
  const forest = await way.grow(
    data,
    { ...defaultsOf(way.params), ...values },
    { random: seededRandom(5), signal: new AbortController().signal, progress() {} },
  );
  return { kind: 'trees', features, forest, classes: CLASSES, shape: digits.shape };
}

export async function ensemble(
  way: string,
  members: readonly Predictor[],
  values: Readonly<Record<string, unknown>> = {},
): Promise<EnsemblePredictor> {
  const logits: Float32Array[] = [];
  for (const member of members) logits.push(await logitsOf(backend, member, digits, 'validation'));
  const answers = { logits, labels: digits.splits.validation.labels, classes: CLASSES };
  return fitEnsemble(way, values, members, answers, { random: seededRandom(3) });
}

/**
 * Making a predictor anew as it was made, on some of the training images: what members need for answers to images that
 * they were not trained on. The data set itself is cut down, so whatever a step looks at (training, calibration, a teacher's
 * answers) it only sees those images; teachers are made anew on them as well.
 */
import { fitEnsemble } from '#core/ensembles/fit';
import type { Model } from '#core/model/model';
import { hash128, hashHex } from '#core/numeric/hash';
import { derivedSeed, seededRandom } from '#core/numeric/random';
import type { Words } from '#core/params';
import { type PassContext, PassError } from '#core/pass';
import { PASSES } from '#core/passes/index';
import { freshWeights } from '#core/passes/shared/fresh-weights';
import type { Predictor } from '#core/predictor';
import { runRecipe } from '#core/recipe';
import type { Backend } from '#engine/backend';
import { makeContext } from '#engine/context';
import type { Dataset } from '#engine/datasets/dataset';
import { pick } from '#engine/datasets/split';
import { logitsOf } from '#engine/evaluate';
import { train } from '#engine/train';
import { objectiveOf, trainedModel } from '#worker/calls/train';
import type { TrainProgress } from '#worker/protocol';
import type { Origin, OriginStep } from '#worker/protocol-ensembles';
import type { Vault } from '#worker/vault/vault';

export interface RefitOptions {
  readonly backend: Backend;
  readonly vault: Vault;
  readonly signal: AbortSignal;
  readonly between: () => Promise<void>;
  readonly onTrain: (progress: TrainProgress) => void;
  /** From 0 to 1, of all its steps; teachers are a part of theirs. */
  readonly progress: PassContext['progress'];
}
type ModelOrigin = Extract<Origin, { kind: 'model' }>;

/** A data set with these training images only, in their order. */
export function withRows(dataset: Dataset, rows: Uint32Array): Dataset {
  const { pixels, labels } = dataset.splits.train;
  const size = dataset.shape.reduce((product, side) => product * side, 1);
  return {
    ...dataset,
    // Nothing that is kept by data set is mistaken for the whole one's.
    id: `${dataset.id}, rows ${hashHex(hash128(rows))}`,
    splits: { ...dataset.splits, train: pick(pixels, labels, rows, size) },
  };
}

/** The model made anew on all training images of `dataset`. Throws PassError where a teacher cannot be made anew. */
export async function refitModel(
  { start, steps }: ModelOrigin,
  dataset: Dataset,
  seed: number,
  options: RefitOptions,
): Promise<Model> {
  let model = freshWeights(await options.vault.get(start), derivedSeed(seed, 'start'));
  for (const [at, step] of steps.entries()) {
    const progress: PassContext['progress'] = (done, point) => options.progress((at + done) / steps.length, point);
    model = await refitStep(model, step, dataset, derivedSeed(seed, `step ${at}`), { ...options, progress });
  }
  return model;
}

async function refitStep(
  model: Model,
  step: OriginStep,
  dataset: Dataset,
  seed: number,
  options: RefitOptions,
): Promise<Model> {
  const { backend, signal, between, onTrain, progress } = options;
  switch (step.kind) {
    case 'trained': {
      const objective = objectiveOf(model, { ...step.settings, seed: seed % 2 ** 31 });
      const onProgress = (one: TrainProgress): void => {
        progress(one.point.step / one.totalSteps, one.point);
        onTrain(one);
      };
      const ways = { signal, between, onProgress };
      return trainedModel(model, (await train(backend, objective, dataset, ways)).model, dataset);
    }
    case 'recipe': {
      const teachers = new Map<string, Promise<Predictor>>();
      const resolve = (node: string): Promise<Predictor> => {
        const known = teachers.get(node);
        if (known) return known;
        const origin = step.teachers[node];
        if (!origin) return Promise.reject(new PassError(NO_TEACHER));
        const made = refitPredictor(origin, dataset, derivedSeed(seed, node), {
          ...options,
          progress: () => undefined,
        });
        teachers.set(node, made);
        return made;
      };
      const context = (_index: number, stepSeed: number) =>
        makeContext({ backend, dataset, seed: stepSeed, signal, progress, resolve, between, onTrain });
      return (await runRecipe(model, step.recipe, context, PASSES)).model;
    }
    default:
      throw step satisfies never;
  }
}

async function refitPredictor(
  origin: Origin,
  dataset: Dataset,
  seed: number,
  options: RefitOptions,
): Promise<Predictor> {
  if (origin.kind === 'model') return { kind: 'model', model: await refitModel(origin, dataset, seed, options) };
  const { way, values } = origin;
  const { backend, signal, between } = options;
  const members: Predictor[] = [];
  const logits: Float32Array[] = [];
  for (const [m, one] of origin.members.entries()) {
    const member = await refitPredictor(one, dataset, derivedSeed(seed, `member ${m}`), options);
    members.push(member);
    logits.push(await logitsOf(backend, member, dataset, 'validation', { signal, between }));
  }
  const answers = { logits, labels: dataset.splits.validation.labels, classes: dataset.classes.length };
  return fitEnsemble(way, values, members, answers, { random: seededRandom(seed) });
}

const NO_TEACHER: Words = {
  en: 'Nobody knows which images its teacher was trained on, so it cannot be made again without some of them. Stack on validation images instead.',
  zh: '不知道它的教师用过哪些训练图片，无法在留出部分图片的情况下重新制作它。请改用验证图片堆叠。',
};

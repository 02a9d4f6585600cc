/**
 * Making a predictor anew as it was made, on some of the training images: what members need for answers to images that
 * they were not trained on. The data set itself is cut down, so whatever a step looks at (training, calibration, a teacher's
 * answers) it only sees those images; teachers are made anew on them as well.
 */
import { fitEnsemble } from '#core/ensembles/fit';
import { makingById } from '#core/ensembles/making/index';
import type { Made, MakingContext } from '#core/ensembles/making/making';
import type { Model } from '#core/model/model';
import { hash128, hashHex } from '#core/numeric/hash';
import { derivedSeed, seededRandom } from '#core/numeric/random';
import { clampValues, type Values, type Words } from '#core/params';
import { type PassContext, PassError } from '#core/pass';
import { PASSES } from '#core/passes/index';
import { freshWeights } from '#core/passes/shared/fresh-weights';
import type { EnsembleState, Predictor } from '#core/predictor';
import { runRecipe } from '#core/recipe';
import type { Backend } from '#engine/backend';
import type { Dataset } from '#engine/datasets/dataset';
import { pick } from '#engine/datasets/split';
import { logitsOf } from '#engine/evaluate';
import type { Journal } from '#worker/calls/journal';
import { remembering } from '#worker/calls/pass-context';
import { objectiveOf, trainedModel } from '#worker/calls/train';
import { treesOn } from '#worker/calls/trees';
import type { TrainProgress } from '#worker/protocol';
import type { MadeOrigin, Origin, OriginStep } from '#worker/protocol-ensembles';
import type { Vault } from '#worker/vault/vault';

export interface RefitOptions {
  readonly backend: Backend;
  readonly vault: Vault;
  readonly signal: AbortSignal;
  readonly between: () => Promise<void>;
  readonly onTrain: (progress: TrainProgress) => void;
  /** From 0 to 1, of all its steps; teachers are a part of theirs. */
  readonly progress: PassContext['progress'];
  /** What was made to go together, by origin and data set, so that its members are not each made with all the others. */
  readonly made: Map<string, Promise<Made>>;
  /** Remembers training runs. */
  readonly journal?: Journal | null;
  /** Milliseconds between two checkpoints; the engine's own where undefined. */
  readonly checkpointEvery?: number | undefined;
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
  const isMade = typeof start !== 'string';
  const [before, parts] = isMade ? [1, steps.length + 1] : [0, steps.length];
  const part = (at: number): RefitOptions => ({
    ...options,
    progress: (done, point) => options.progress((at + done) / parts, point),
  });
  let model = isMade
    ? modelIn(await refitMade(start, dataset, part(0)))
    : freshWeights(await options.vault.get(start), derivedSeed(seed, 'start'));
  for (const [at, step] of steps.entries())
    model = await refitStep(model, step, dataset, derivedSeed(seed, `step ${at}`), part(before + at));
  return model;
}

async function refitStep(
  model: Model,
  step: OriginStep,
  dataset: Dataset,
  seed: number,
  options: RefitOptions,
): Promise<Model> {
  switch (step.kind) {
    case 'trained': {
      const objective = objectiveOf(model, { ...step.settings, seed: seed % 2 ** 31 });
      return trainedModel(model, await contextOf(dataset, seed, options).train(objective), dataset);
    }
    case 'recipe': {
      const teachers = new Map<string, Promise<Predictor>>();
      const resolve = (node: string): Promise<Predictor> => {
        const known = teachers.get(node);
        if (known) return known;
        const origin = step.teachers[node];
        if (!origin) return Promise.reject(new PassError(NO_TEACHER));
        const quiet = { ...options, progress: () => undefined };
        const made = refitPredictor(origin, dataset, derivedSeed(seed, node), quiet);
        teachers.set(node, made);
        return made;
      };
      const context = (_index: number, stepSeed: number) => contextOf(dataset, stepSeed, options, resolve);
      return (await runRecipe(model, step.recipe, context, PASSES)).model;
    }
    default:
      throw step satisfies never;
  }
}

/** Whatever it is, made anew on all training images of `dataset`. Throws PassError where that cannot be done. */
export async function refitPredictor(
  origin: Origin,
  dataset: Dataset,
  seed: number,
  options: RefitOptions,
): Promise<Predictor> {
  switch (origin.kind) {
    case 'model':
      return { kind: 'model', model: await refitModel(origin, dataset, seed, options) };
    case 'combined': {
      const members: Predictor[] = [];
      for (const [m, one] of origin.members.entries())
        members.push(await refitPredictor(one, dataset, derivedSeed(seed, `member ${m}`), options));
      return together(origin, members, dataset, seed, options);
    }
    case 'made':
      return refitMade(origin, dataset, options);
    case 'trees': {
      const { looked, method, values } = origin;
      const features = looked
        ? ({
            kind: 'layer',
            model: modelIn(await refitPredictor(looked.at, dataset, derivedSeed(seed, 'looked'), options)),
            layer: looked.layer,
          } as const)
        : ({ kind: 'pixels' } as const);
      return treesOn({ method, values, features, seed }, dataset, options);
    }
    default:
      throw origin satisfies never;
  }
}

/** Its way is fitted anew as well, but where making the members says how they answer. */
async function together(
  { way, values, state }: { readonly way: string; readonly values: Values; readonly state?: EnsembleState },
  members: readonly Predictor[],
  dataset: Dataset,
  seed: number,
  { backend, signal, between }: RefitOptions,
): Promise<Predictor> {
  const logits: Float32Array[] = [];
  for (const member of members)
    logits.push(await logitsOf(backend, member, dataset, 'validation', { signal, between }));
  const answers = { logits, labels: dataset.splits.validation.labels, classes: dataset.classes.length };
  return fitEnsemble(way, values, members, answers, { random: seededRandom(seed) }, state);
}

/**
 * One of the members that were made to go together, or all of them as they answer together. The same on the same images
 * whoever asks: members of one making stay of one making.
 */
async function refitMade(origin: MadeOrigin, dataset: Dataset, options: RefitOptions): Promise<Predictor> {
  const { member, ...of } = origin;
  const making = makingById(of.making);
  const values = clampValues(making.params, of.values);
  const refusal = making.cannotAgain?.(member, of.models.length, values);
  if (refusal) throw new PassError(refusal);
  const seed = derivedSeed(of.seed, dataset.id);
  const models: Model[] = [];
  for (const one of of.models) models.push(modelIn(await refitPredictor(one, dataset, seed, options)));
  if (member !== null && making.again) {
    const context = contextOf(dataset, derivedSeed(seed, `member ${member}`), options);
    return { kind: 'model', model: await making.again(member, models, values, context) };
  }
  const key = JSON.stringify([of, dataset.id]);
  const made = options.made.get(key) ?? making.make(models, values, contextOf(dataset, seed, options));
  options.made.set(key, made);
  const { members, combined } = await made;
  if (member === null && combined) return together(combined, members, dataset, seed, options);
  const fresh = members.filter((one) => one.kind !== 'model' || !models.includes(one.model));
  const own = fresh[member ?? 0];
  if (!own) throw new PassError(endedBefore(making.words.title, (member ?? 0) + 1));
  return own;
}

function contextOf(
  dataset: Dataset,
  seed: number,
  { backend, signal, between, onTrain, progress, journal, checkpointEvery }: RefitOptions,
  resolve: PassContext['predictor'] = () => Promise.reject(new Error('nobody else is asked for')),
): MakingContext {
  const parts = { backend, dataset, seed, signal, between, onTrain, progress, resolve };
  return remembering(parts, journal, checkpointEvery);
}

function modelIn(predictor: Predictor): Model {
  if (predictor.kind === 'model') return predictor.model;
  throw new Error('only a network is trained on, or looked at by trees');
}

const endedBefore = ({ en, zh }: Words, member: number): Words => ({
  en: `Made again on a part of the images, ${en} ended before its member ${member}. Leave that member out, or stack on validation images instead.`,
  zh: `在部分图片上重新制作时，“${zh}”在第 ${member} 个成员之前就结束了。请去掉该成员，或改用验证图片堆叠。`,
});
const NO_TEACHER: Words = {
  en: 'Nobody knows which images its teacher was trained on, so it cannot be made again without some of them. Stack on validation images instead.',
  zh: '不知道它的教师用过哪些训练图片，无法在留出部分图片的情况下重新制作它。请改用验证图片堆叠。',
};

/** Grows trees on training images, on their pixels or on what a network's layer gives for them; then measures and keeps them. */

import { shapesOf } from '#core/model/shapes';
import { seededRandom } from '#core/numeric/random';
import { clampValues, type Values, type Words } from '#core/params';
import { PassError } from '#core/pass';
import type { TreeFeatures, TreesPredictor } from '#core/predictor';
import { treeMethodById } from '#core/trees/index';
import type { Backend } from '#engine/backend';
import type { Dataset } from '#engine/datasets/dataset';
import { featuresOf } from '#engine/trees';
import { type Handler, throttled } from '#worker/call';
import type { Calls } from '#worker/protocol';
import { summaryOfPredictor } from '#worker/summary-predictor';
import type { Vault } from '#worker/vault/vault';

/** Numbers that trees look at while they grow: 800 MB, and a quarter more as they are sorted into bins. */
const MOST = 200_000_000;
/** Share of the progress that growing takes, and of that, looking at the images; measuring takes the rest. */
const [GROWING, LOOKING] = [0.85, 0.12];

export const trees: Handler<'trees'> = async (request, { session, signal, progress }) => {
  const begun = performance.now();
  const { dataset: datasetId, name } = request;
  const { method, values, seed } = request;
  const vault = await session.vault;
  const dataset = await session.dataset(datasetId, { signal });
  const report = throttled((done: number) => progress({ done }));
  const features = await featuresFor(request.features, vault);
  const predictor = await session.scheduler.run(
    'training',
    async (between) => {
      const backend = await session.backend();
      const progress = (done: number): void => report(GROWING * done);
      return treesOn({ method, values, features, seed }, dataset, { backend, signal, between, progress });
    },
    { signal },
  );
  return session.scheduler.run(
    'evaluation',
    async (between) => {
      const measure = (split: 'validation' | 'test', from: number) =>
        session.measure(predictor, datasetId, split, {
          signal,
          between,
          onProgress: (done) => report(from + 0.07 * done),
        });
      const validation = await measure('validation', GROWING);
      const test = await measure('test', GROWING + 0.07);
      const model = await summaryOfPredictor(predictor, name);
      signal.throwIfAborted();
      await vault.putPredictor(predictor);
      const seconds = (performance.now() - begun) / 1000;
      return { model, validation, test, seconds, importance: importanceOf(predictor) };
    },
    { signal },
  );
};

async function featuresFor(asked: Calls['trees']['request']['features'], vault: Vault): Promise<TreeFeatures> {
  if (asked.kind === 'pixels') return asked;
  return { kind: 'layer', model: { ...(await vault.get(asked.id)), name: asked.name }, layer: asked.layer };
}

function widthOf(features: TreeFeatures, image: readonly number[]): number {
  const shape = features.kind === 'pixels' ? image : (shapesOf(features.model)[features.layer] ?? []);
  return shape.reduce((product, side) => product * side, 1);
}

/** Trees grown on all training images of `dataset`. Throws PassError where there is too much to look at. */
export async function treesOn(
  asked: {
    readonly method: string;
    readonly values: Values;
    readonly features: TreeFeatures;
    readonly seed: number;
  },
  dataset: Dataset,
  {
    backend,
    signal,
    between,
    progress,
  }: {
    readonly backend: Backend;
    readonly signal: AbortSignal;
    readonly between: () => Promise<void>;
    readonly progress: (done: number) => void;
  },
): Promise<TreesPredictor> {
  const { features, seed } = asked;
  const { shape } = dataset;
  const { count, labels } = dataset.splits.train;
  const classes = dataset.classes.length;
  const width = widthOf(features, shape);
  if (width * count > MOST) throw new PassError(tooMany(width));
  const { grow, params } = treeMethodById(asked.method);
  const onProgress = (done: number): void => progress(LOOKING * done);
  const looked = await featuresOf(backend, features, dataset, 'train', { signal, between, onProgress });
  const forest = await grow({ features: looked, labels, classes }, clampValues(params, asked.values), {
    random: seededRandom(seed),
    signal,
    pause: between,
    progress: (done) => progress(LOOKING + (1 - LOOKING) * done),
  });
  return { kind: 'trees', features, forest, classes, shape };
}

/** [features]: how often it is asked about, the most asked 1. */
function importanceOf({ features, forest, shape }: TreesPredictor): readonly number[] {
  const asked = new Array<number>(widthOf(features, shape)).fill(0);
  for (const { feature } of forest.trees) for (const f of feature) if (f >= 0) asked[f] = (asked[f] ?? 0) + 1;
  const most = Math.max(
    1,
    asked.reduce((top, count) => Math.max(top, count), 0),
  );
  return asked.map((count) => Number((count / most).toFixed(4)));
}

const tooMany = (width: number): Words => ({
  en: `The layer gives ${width.toLocaleString('en')} values for each image: too many to grow trees on. Choose a later layer.`,
  zh: `该层为每张图片给出 ${width.toLocaleString('en')} 个数值，太多，无法用来生成树。请选择更靠后的层。`,
});

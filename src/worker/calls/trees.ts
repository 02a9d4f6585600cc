/** Grows trees on training images, on their pixels or on what a network's layer gives for them; then measures and keeps them. */

import { shapesOf } from '#core/model/shapes';
import { seededRandom } from '#core/numeric/random';
import { clampValues, type Words } from '#core/params';
import { PassError } from '#core/pass';
import type { Forest, TreeFeatures, TreesPredictor } from '#core/predictor';
import { treeMethodById } from '#core/trees/index';
import { featuresOf } from '#engine/trees';
import { type Handler, throttled } from '#worker/call';
import type { Calls } from '#worker/protocol';
import { summaryOfPredictor } from '#worker/summary-predictor';
import type { Vault } from '#worker/vault/vault';

/** Numbers that trees look at while they grow: 800 MB, and a quarter more as they are sorted into bins. */
const MOST = 200_000_000;
/** Shares of the progress: what is looked at, growing, and measuring. */
const [LOOKING, GROWING] = [0.1, 0.75];

export const trees: Handler<'trees'> = async (request, { session, signal, progress }) => {
  const begun = performance.now();
  const { dataset: datasetId, name } = request;
  const method = treeMethodById(request.method);
  const vault = await session.vault;
  const dataset = await session.dataset(datasetId, { signal });
  const report = throttled((done: number) => progress({ done }));
  const features = await featuresFor(request.features, vault);
  const width = widthOf(features, dataset.shape);
  const { count, labels } = dataset.splits.train;
  if (width * count > MOST) throw new PassError(tooMany(width));
  const forest = await session.scheduler.run(
    'training',
    async (pause) => {
      const looked = await featuresOf(await session.backend(), features, dataset, 'train', {
        signal,
        between: pause,
        onProgress: (done) => report(LOOKING * done),
      });
      return method.grow(
        { features: looked, labels, classes: dataset.classes.length },
        clampValues(method.params, request.values),
        {
          random: seededRandom(request.seed),
          signal,
          pause,
          progress: (done) => report(LOOKING + GROWING * done),
        },
      );
    },
    { signal },
  );
  const predictor: TreesPredictor = {
    kind: 'trees',
    features,
    forest,
    classes: dataset.classes.length,
    shape: dataset.shape,
  };
  return session.scheduler.run(
    'evaluation',
    async (between) => {
      const measure = (split: 'validation' | 'test', from: number) =>
        session.measure(predictor, datasetId, split, {
          signal,
          between,
          onProgress: (done) => report(from + 0.07 * done),
        });
      const validation = await measure('validation', LOOKING + GROWING);
      const test = await measure('test', LOOKING + GROWING + 0.07);
      const model = await summaryOfPredictor(predictor, name);
      signal.throwIfAborted();
      await vault.putPredictor(predictor);
      const seconds = (performance.now() - begun) / 1000;
      return { model, validation, test, seconds, importance: importanceOf(forest, width) };
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

/** [features]: how often it is asked about, the most asked 1. */
function importanceOf({ trees: all }: Forest, width: number): readonly number[] {
  const asked = new Array<number>(width).fill(0);
  for (const { feature } of all) for (const f of feature) if (f >= 0) asked[f] = (asked[f] ?? 0) + 1;
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

/** Trees on the engine's data: what they look at (pixels, or a layer of a network), and what they answer. */
import { joined } from '#core/numeric/joined';
import type { Split, TreeFeatures, TreesPredictor } from '#core/predictor';
import { treeScores } from '#core/trees/answer';
import type { Backend } from '#engine/backend';
import { assertFits, fillBatch, imageSize } from '#engine/batches';
import { breathe } from '#engine/breathe';
import type { Dataset } from '#engine/datasets/dataset';
import type { EvaluateOptions } from '#engine/evaluate';
import { capturePlan } from '#engine/plan/capture';

/** Images looked at at once. */
const BATCH = 64;

type Options = Pick<EvaluateOptions, 'signal' | 'images' | 'from' | 'onProgress' | 'between'>;

/** Log-probabilities [images, classes] of the (first) images of a split. */
export async function treeLogits(
  backend: Backend,
  trees: TreesPredictor,
  dataset: Dataset,
  split: Split,
  options: Options = {},
): Promise<Float32Array> {
  const parts: Float32Array[] = [];
  await visitFeatures(backend, trees.features, dataset, split, options, (features, images) => {
    parts.push(treeScores(trees.forest, features, images, trees.classes));
  });
  return joined(parts, Float32Array);
}

/** What trees look at, [images, features], for the (first) images of a split. */
export async function featuresOf(
  backend: Backend,
  features: TreeFeatures,
  dataset: Dataset,
  split: Split,
  options: Options = {},
): Promise<Float32Array> {
  const parts: Float32Array[] = [];
  await visitFeatures(backend, features, dataset, split, options, (batch) => void parts.push(batch.slice()));
  return joined(parts, Float32Array);
}

/** Shows the features batch by batch; the array is valid only during the call. */
async function visitFeatures(
  backend: Backend,
  features: TreeFeatures,
  dataset: Dataset,
  split: Split,
  options: Options,
  visit: (features: Float32Array, images: number) => void,
): Promise<void> {
  const { signal, between = breathe } = options;
  const images = dataset.splits[split];
  const from = Math.min(options.from ?? 0, images.count);
  const count = Math.min(images.count - from, options.images ?? images.count);
  const size = imageSize(dataset);
  const pixels = new Float32Array(BATCH * size);
  if (features.kind === 'layer') assertFits(features.model, dataset);
  const inner = features.kind === 'layer' ? await startLayer(backend, features, BATCH) : null;
  try {
    for (let done = 0; done < count; done += BATCH) {
      signal?.throwIfAborted();
      const rows = Math.min(BATCH, count - done);
      fillBatch(dataset, images, (i) => from + done + i, rows, pixels);
      const seen = inner ? await inner.run(pixels) : pixels;
      visit(seen.subarray(0, (seen.length / BATCH) * rows), rows);
      options.onProgress?.((done + rows) / count);
      await between();
    }
    signal?.throwIfAborted();
  } finally {
    inner?.dispose();
  }
}

/** Trees that answer one image after another, for as long as they are held. */
export async function startTrees(
  backend: Backend,
  { features, forest, classes }: TreesPredictor,
): Promise<{ run(image: Float32Array): Promise<Float32Array>; release(): void }> {
  const inner = features.kind === 'layer' ? await startLayer(backend, features, 1) : null;
  return {
    run: async (image) => treeScores(forest, inner ? await inner.run(image) : image, 1, classes),
    release: () => inner?.dispose(),
  };
}

async function startLayer(
  backend: Backend,
  { model, layer }: Extract<TreeFeatures, { kind: 'layer' }>,
  batch: number,
): Promise<{ run(pixels: Float32Array): Promise<Float32Array>; dispose(): void }> {
  const { plan, input, values, writes } = capturePlan(model, batch, [{ layer, at: 'output' }], false);
  const program = await backend.compile(plan);
  for (const { slot, data } of writes) program.write(slot, data);
  return {
    run(pixels) {
      program.write(input, pixels);
      program.run();
      return program.read(values[0] as number);
    },
    dispose: () => program.dispose(),
  };
}

/**
 * Writes a model, an ensemble or trees as a file, reads that file back as anybody would, and measures what was read: the
 * accuracy shown is the file's own. Also how far the file's outputs are from the model's, over validation images.
 */
import type { Predictor } from '#core/predictor';
import { logitsOf } from '#engine/evaluate';
import { readPredictor } from '#formats/index';
import { writePredictor } from '#formats/predictors';
import { type Handler, throttled } from '#worker/call';

/** Images over which outputs are compared. */
const compared = 500;

export const exportModel: Handler<'export'> = async (
  { model: id, name, dataset: datasetId, format, unsupportedGrids },
  { session, signal, progress },
) => {
  const predictor = await (await session.vault).predictor(id);
  const { bundle, fileName, notes } = await writePredictor(predictor, name, format, { unsupportedGrids });
  const bytes = bundle.get(fileName) ?? [...bundle.values()][0];
  if (!bytes) throw new Error('nothing was written');
  progress({ done: 0.1 });
  // Reading may take its bytes over: the file that is handed out stays whole.
  const back = await readPredictor([{ name: fileName, bytes: bytes.slice() }]);
  signal.throwIfAborted();
  progress({ done: 0.2 });
  const result = { fileName, bytes, notes: [...notes, ...back.notes.filter(({ level }) => level === 'warning')] };
  if (!datasetId) return { ...result, validation: null, test: null, largestDifference: null };
  const dataset = await session.dataset(datasetId, { signal });
  const report = throttled((done: number) => progress({ done }));
  return session.scheduler.run(
    'evaluation',
    async (between) => {
      const measure = (split: 'validation' | 'test', from: number) =>
        session.measure(back.predictor, datasetId, split, {
          signal,
          between,
          onProgress: (done) => report(from + 0.35 * done),
        });
      const validation = await measure('validation', 0.2);
      const test = await measure('test', 0.55);
      const outputs = async (of: Predictor): Promise<Float32Array> =>
        softmaxRows(
          await logitsOf(await session.backend(), of, dataset, 'validation', {
            signal,
            between,
            images: compared,
          }),
          dataset.classes.length,
        );
      const largestDifference = largestGap(await outputs(predictor), await outputs(back.predictor));
      progress({ done: 1 });
      return { ...result, validation, test, largestDifference };
    },
    { signal },
  );
};

/** Probabilities of rows of logits: what the file gives out. */
function softmaxRows(logits: Float32Array, classes: number): Float32Array {
  const out = new Float32Array(logits.length);
  for (let row = 0; row < logits.length; row += classes) {
    const part = logits.subarray(row, row + classes);
    const top = part.reduce((most, x) => Math.max(most, x), Number.NEGATIVE_INFINITY);
    const sum = part.reduce((total, x) => total + Math.exp(x - top), 0);
    for (let k = 0; k < classes; k++) out[row + k] = Math.exp((part[k] as number) - top) / sum;
  }
  return out;
}
function largestGap(a: Float32Array, b: Float32Array): number {
  return a.reduce((most, x, i) => Math.max(most, Math.abs(x - (b[i] as number))), 0);
}

/**
 * Logits of a predictor over a split, and what follows from them: which answers were right, and the mean log loss.
 * Always in the same batches, so that the same model gives the same figures; can be aborted between batches.
 */
import { type Leaf, scoresOf } from '#core/ensembles/scores';
import type { Model } from '#core/model/model';
import type { Predictor, Split } from '#core/predictor';
import type { Backend } from '#engine/backend';
import { fillBatch, imageSize } from '#engine/batches';
import { breathe } from '#engine/breathe';
import type { Dataset } from '#engine/datasets/dataset';
import { borrowRunner } from '#engine/inference';
import { residentImages } from '#engine/plan/gather';
import { assertPredicts, leavesOf } from '#engine/predictors';
import { treeLogits } from '#engine/trees';

/** Images run at once. */
export const EVALUATION_BATCH = 128;
/** Batches asked for before the first answer is waited for, where the images lie on the device: answers are slow to come. */
const AHEAD = 8;

export interface EvaluateOptions {
  readonly signal?: AbortSignal | undefined;
  /** The first so many images of the split; all by default. */
  readonly images?: number | undefined;
  /** Images to leave out at the beginning. */
  readonly from?: number | undefined;
  /** Share done, 0 to 1. */
  readonly onProgress?: ((done: number) => void) | undefined;
  /** Awaited between batches, so that something more urgent can go first. */
  readonly between?: (() => Promise<void>) | undefined;
}

export interface Evaluation {
  /** 0 to 1. */
  readonly accuracy: number;
  /** Mean of -log p(label). */
  readonly loss: number;
  /** 1 where the answer was right, by image. */
  readonly correct: Uint8Array;
  readonly images: number;
}

/** Accuracy and loss on a split. Throws EngineError('data') where they do not fit, or the signal's reason. */
export async function evaluate(
  backend: Backend,
  predictor: Predictor,
  dataset: Dataset,
  split: Split,
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  const from = options.from ?? 0;
  const logits = await logitsOf(backend, predictor, dataset, split, options);
  return judge(logits, dataset.splits[split].labels.subarray(from), dataset.classes.length);
}

/**
 * What a predictor answers, [images, classes], to the (first) images of a split: a model's logits, else log-probabilities or
 * scores (`ensembles/ensemble`). Members are run once each.
 */
export async function logitsOf(
  backend: Backend,
  predictor: Predictor,
  dataset: Dataset,
  split: Split,
  options: EvaluateOptions = {},
): Promise<Float32Array> {
  assertPredicts(predictor, dataset);
  const parts = leavesOf(predictor).length;
  let asked = 0;
  const ask = (leaf: Leaf): Promise<Float32Array> => {
    const before = asked++;
    const onProgress = options.onProgress && ((done: number) => options.onProgress?.((before + done) / parts));
    return leafLogits(backend, leaf, dataset, split, { ...options, onProgress });
  };
  return scoresOf(predictor, ask, dataset.classes.length);
}

/** Logits of a model, or log-probabilities of trees. */
export function leafLogits(
  backend: Backend,
  leaf: Leaf,
  dataset: Dataset,
  split: Split,
  options: EvaluateOptions = {},
): Promise<Float32Array> {
  return leaf.kind === 'model'
    ? modelLogits(backend, leaf.model, dataset, split, options)
    : treeLogits(backend, leaf, dataset, split, options);
}

async function modelLogits(
  backend: Backend,
  model: Model,
  dataset: Dataset,
  split: Split,
  options: EvaluateOptions,
): Promise<Float32Array> {
  const images = dataset.splits[split];
  const from = Math.min(options.from ?? 0, images.count);
  const count = Math.min(images.count - from, options.images ?? images.count);
  const between = options.between ?? breathe;
  options.signal?.throwIfAborted();
  const resident = residentImages(backend, dataset, split);
  const runner = await borrowRunner(backend, model, EVALUATION_BATCH, resident);
  const asked: Promise<void>[] = [];
  try {
    const logits = new Float32Array(count * runner.classes);
    const input = new Float32Array(runner.batch * (resident ? 1 : imageSize(dataset)));
    for (let done = 0; done < count; done += runner.batch) {
      const rows = Math.min(runner.batch, count - done);
      const first = from + done;
      if (resident) for (let i = 0; i < input.length; i++) input[i] = first + Math.min(i, rows - 1);
      else fillBatch(dataset, images, (i) => first + i, rows, input);
      const answer = runner.run(input).then((output) => {
        logits.set(output.subarray(0, rows * runner.classes), done * runner.classes);
        options.onProgress?.(Math.min(1, (done + rows) / count));
      });
      // Whoever waits for it is told; until then a failure is nobody's.
      answer.catch(() => undefined);
      asked.push(answer);
      if (asked.length >= (resident ? AHEAD : 1)) await asked.shift();
      await between();
      options.signal?.throwIfAborted();
    }
    await Promise.all(asked);
    options.signal?.throwIfAborted();
    return logits;
  } finally {
    // What was asked for is over before the program goes to somebody else.
    await Promise.allSettled(asked);
    runner.release();
  }
}

/** Which of the logits [n, classes] answer the labels, and their mean log loss. The lowest of equal logits is the answer. */
export function judge(logits: Float32Array, labels: Uint8Array, classes: number): Evaluation {
  const count = logits.length / classes;
  const correct = new Uint8Array(count);
  let right = 0;
  let loss = 0;
  for (let i = 0; i < count; i++) {
    const row = logits.subarray(i * classes, (i + 1) * classes);
    let best = 0;
    for (let k = 1; k < classes; k++) if ((row[k] as number) > (row[best] as number)) best = k;
    const top = row[best] as number;
    let sum = 0;
    for (let k = 0; k < classes; k++) sum += Math.exp((row[k] as number) - top);
    const label = labels[i] as number;
    loss += Math.log(sum) + top - (row[label] as number);
    if (best === label && Number.isFinite(top)) {
      correct[i] = 1;
      right++;
    }
  }
  return { accuracy: count > 0 ? right / count : 0, loss: count > 0 ? loss / count : 0, correct, images: count };
}

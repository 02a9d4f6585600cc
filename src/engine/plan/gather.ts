/**
 * A plan that puts its batches together by itself: the data set lies where the arithmetic is done, and the host only says
 * which rows a step shows and gives the key from which shifts, noise and dropout follow (`#engine/noise`).
 */
import type { Objective } from '#core/objective';
import type { Split } from '#core/predictor';
import type { Backend, SlotId } from '#engine/backend';
import type { Dataset } from '#engine/datasets/dataset';
import type { AnswerSlot, Asked } from '#engine/plan/answers';
import type { Builder } from '#engine/plan/builder';

/** Images that lie where the arithmetic is done. */
export interface ResidentImages {
  /** Row-major [images, height, width, channels]: the plan's table. */
  readonly pixels: Uint8Array;
  /** [height, width, channels]. */
  readonly shape: readonly number[];
  readonly scale: number;
}

/** The images of a split, where the backend can hold them and put batches together by itself; null where it cannot. */
export function residentImages(
  backend: Backend,
  { shape, scale, splits }: Dataset,
  split: Split,
): ResidentImages | null {
  const { pixels } = splits[split];
  return pixels.length <= (backend.mostTableBytes ?? 0) ? { pixels, shape, scale } : null;
}

/** Appends images gathered by row; the rows and the key are written before every run. */
export function gatherImages(
  b: Builder,
  { shape, scale }: Omit<ResidentImages, 'pixels'>,
  batch: number,
  shift: number,
): { readonly rows: SlotId; readonly key: SlotId; readonly images: SlotId } {
  const rows = b.persistent([batch]);
  const key = b.persistent([4]);
  return { rows, key, images: b.push({ kind: 'gatherImages', scale, shift }, [rows, key], [batch, ...shape]) };
}

export interface GatheredBatch {
  /** [batch]: rows of the training images, or -1 for noise. Before every step. */
  readonly rows: SlotId;
  /** [4]: halves of the step's key. Before every step. */
  readonly key: SlotId;
  /** [images]: class indices. Once. */
  readonly labels: SlotId;
  /** [images, classes]: logits of each teacher that does not run along. Once. */
  readonly answers: readonly AnswerSlot[];
}

export interface GatherSource {
  /** [batch, height, width, channels]. */
  readonly images: SlotId;
  /** [batch]. */
  readonly labels: SlotId;
  /** [batch, classes]: what a teacher answers to the batch. */
  answers(asked: Asked, classes: number): SlotId;
  /** A dropout layer's mask. */
  keepMask(rate: number, shape: readonly number[]): SlotId;
  readonly gathered: GatheredBatch;
}

/** Appends the steps that make a batch; those for answers and masks follow as they are asked for. */
export function gatherSteps(b: Builder, objective: Objective, dataset: Dataset, batch: number): GatherSource {
  const { count } = dataset.splits.train;
  const { rows, key, images } = gatherImages(b, dataset, batch, Math.floor(objective.augment?.shift ?? 0));
  const known = b.persistent([count]);
  const labels = b.push({ kind: 'gatherRows', outside: dataset.classes.length }, [known, rows], [batch]);
  const answers: AnswerSlot[] = [];
  let masks = 0;
  return {
    images,
    labels,
    gathered: { rows, key, labels: known, answers },
    answers(asked, classes) {
      const slot = b.persistent([count, classes]);
      answers.push({ ...asked, slot });
      return b.push({ kind: 'gatherRows', outside: 0 }, [slot, rows], [batch, classes]);
    },
    keepMask: (rate, shape) => b.push({ kind: 'keepMask', number: masks++, rate }, [key], shape),
  };
}

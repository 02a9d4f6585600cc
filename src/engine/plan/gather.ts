/**
 * A plan that puts its batches together by itself: the data set lies where the arithmetic is done, and the host only says
 * which rows a step shows and gives the key from which shifts, noise and dropout follow (`#engine/noise`).
 */
import type { Model } from '#core/model/model';
import type { Objective } from '#core/objective';
import type { SlotId } from '#engine/backend';
import type { Dataset } from '#engine/datasets/dataset';
import type { Builder } from '#engine/plan/builder';

export interface GatheredBatch {
  /** [batch]: rows of the training images, or -1 for noise. Before every step. */
  readonly rows: SlotId;
  /** [4]: halves of the step's key. Before every step. */
  readonly key: SlotId;
  /** [images]: class indices. Once. */
  readonly labels: SlotId;
  /** [images, classes]: logits of each teacher that does not run along. Once. */
  readonly answers: readonly { readonly model: Model; readonly slot: SlotId }[];
}

export interface GatherSource {
  /** [batch, height, width, channels]. */
  readonly images: SlotId;
  /** [batch]. */
  readonly labels: SlotId;
  /** [batch, classes]: what a teacher answers to the batch. */
  answers(model: Model, classes: number): SlotId;
  /** A dropout layer's mask. */
  keepMask(rate: number, shape: readonly number[]): SlotId;
  readonly gathered: GatheredBatch;
}

/** Appends the steps that make a batch; those for answers and masks follow as they are asked for. */
export function gatherSteps(b: Builder, objective: Objective, dataset: Dataset, batch: number): GatherSource {
  const { count } = dataset.splits.train;
  const rows = b.persistent([batch]);
  const key = b.persistent([4]);
  const known = b.persistent([count]);
  const shift = Math.floor(objective.augment?.shift ?? 0);
  const images = b.push({ kind: 'gatherImages', scale: dataset.scale, shift }, [rows, key], [batch, ...dataset.shape]);
  const labels = b.push({ kind: 'gatherRows', outside: dataset.classes.length }, [known, rows], [batch]);
  const answers: { model: Model; slot: SlotId }[] = [];
  let masks = 0;
  return {
    images,
    labels,
    gathered: { rows, key, labels: known, answers },
    answers(model, classes) {
      const slot = b.persistent([count, classes]);
      answers.push({ model, slot });
      return b.push({ kind: 'gatherRows', outside: 0 }, [slot, rows], [batch, classes]);
    },
    keepMask: (rate, shape) => b.push({ kind: 'keepMask', number: masks++, rate }, [key], shape),
  };
}

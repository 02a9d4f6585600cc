/** What is shown of a data set: how many images of each class, and a few of them. */
import { seededRandom, shuffledIndices } from '#core/numeric/random';
import type { Split } from '#core/predictor';
import type { Dataset } from '#engine/datasets/dataset';

/** Images of each class, in label order. */
export function classCounts(dataset: Dataset, split: Split): readonly number[] {
  const counts = dataset.classes.map(() => 0);
  for (const label of dataset.splits[split].labels) counts[label] = (counts[label] as number) + 1;
  return counts;
}

export interface Sample {
  /** 8-bit grey, 0 black to 255 white, row-major. */
  readonly pixels: Uint8Array;
  readonly label: number;
}

/** `each` training images of every class, class by class; always the same ones. */
export function samplesOf(dataset: Dataset, each: number): readonly Sample[] {
  const { labels, count } = dataset.splits.train;
  const found: Sample[][] = dataset.classes.map(() => []);
  for (const index of shuffledIndices(count, seededRandom(1))) {
    const label = labels[index] as number;
    const own = found[label] as Sample[];
    if (own.length >= each) continue;
    own.push({ pixels: greyOf(dataset, 'train', index), label });
  }
  return found.flat();
}

/** An image as it is shown: 8-bit, 0 black to 255 white, row-major. */
export function greyOf(dataset: Dataset, split: Split, index: number): Uint8Array {
  const size = dataset.shape[0] * dataset.shape[1] * dataset.shape[2];
  const raw = dataset.splits[split].pixels.subarray(index * size, (index + 1) * size);
  return Uint8Array.from(raw, (value) => Math.round(value * dataset.scale * 255));
}

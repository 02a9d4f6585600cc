/**
 * Divides images into parts that each have the classes in the same proportion (stratified). The division depends on
 * the labels and one constant seed only, never on a training seed, so that everybody's validation images are the same.
 */
import { seededRandom, shuffledIndices } from '#core/numeric/random';
import type { Images } from '#engine/datasets/dataset';

/**
 * Indices of each part in ascending order. `sizes` are the images of each part and add up to `labels.length`; each class
 * is shared out by largest remainder, so that the parts have exactly these sizes.
 */
export function stratifiedParts(
  labels: Uint8Array,
  classes: number,
  sizes: readonly number[],
  seed: number,
): readonly Uint32Array[] {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (total !== labels.length) throw new Error(`the parts have ${total} images, the data set ${labels.length}`);
  const random = seededRandom(seed);
  const members = Array.from({ length: classes }, (_, label) => {
    const own: number[] = [];
    labels.forEach((value, index) => value === label && own.push(index));
    return Array.from(shuffledIndices(own.length, random), (at) => own[at] as number);
  });
  const parts: number[][] = sizes.map(() => []);
  // All parts but the last take their share of each class; the last one takes what is left.
  for (const [part, size] of sizes.slice(0, -1).entries()) {
    const quotas = members.map((own, label) => ({
      label,
      exact: (size * classSize(labels, label)) / total,
      left: own.length,
    }));
    const taken = quotas.map(({ exact }) => Math.floor(exact));
    const missing = size - taken.reduce((sum, count) => sum + count, 0);
    const byRemainder = [...quotas].sort((a, b) => (b.exact % 1) - (a.exact % 1) || a.label - b.label);
    for (const { label } of byRemainder.slice(0, missing)) taken[label] = (taken[label] as number) + 1;
    for (const [label, count] of taken.entries()) parts[part]?.push(...(members[label] as number[]).splice(0, count));
  }
  parts.at(-1)?.push(...members.flat());
  return parts.map((part) => Uint32Array.from(part).sort());
}

function classSize(labels: Uint8Array, label: number): number {
  let count = 0;
  for (const value of labels) if (value === label) count++;
  return count;
}

/** The images at `indices`, copied. `size` is the bytes of one image. */
export function pick(pixels: Uint8Array, labels: Uint8Array, indices: Uint32Array, size: number): Images {
  const picked = new Uint8Array(indices.length * size);
  const pickedLabels = new Uint8Array(indices.length);
  indices.forEach((from, to) => {
    picked.set(pixels.subarray(from * size, (from + 1) * size), to * size);
    pickedLabels[to] = labels[from] as number;
  });
  return { count: indices.length, pixels: picked, labels: pickedLabels };
}

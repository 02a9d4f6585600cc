/** What trees answer: every image goes down every tree, and the leaves' values are averaged or added up. */
import { logOf, logSoftmaxRows } from '#core/numeric/softmax';
import type { Forest, Tree } from '#core/predictor';

/** Log-probabilities [images, classes] for features [images, features] (row-major; not a number counts as above any threshold). */
export function treeScores(forest: Forest, features: Float32Array, images: number, classes: number): Float32Array {
  const width = images > 0 ? features.length / images : 0;
  const sums = new Float64Array(images * classes);
  for (let i = 0; i < images; i++) {
    const row = features.subarray(i * width, (i + 1) * width);
    for (const [t, tree] of forest.trees.entries()) {
      const leaf = leafOf(tree, row);
      if (forest.kind === 'sum') {
        const at = i * classes + (t % classes);
        sums[at] = (sums[at] as number) + (tree.value[leaf] as number);
        continue;
      }
      for (let c = 0; c < classes; c++) {
        const at = i * classes + c;
        sums[at] = (sums[at] as number) + (tree.value[leaf * classes + c] as number) / forest.trees.length;
      }
    }
  }
  if (forest.kind === 'mean') return logOf(sums);
  return logSoftmaxRows(
    sums.map((sum, i) => sum + (forest.start[i % classes] ?? 0)),
    classes,
  );
}

/** The node at which an image ends. */
export function leafOf({ feature, threshold, left, right }: Tree, row: ArrayLike<number>): number {
  let node = 0;
  for (let f = feature[node] as number; f >= 0; f = feature[node] as number)
    node = ((row[f] as number) <= (threshold[node] as number) ? left[node] : right[node]) as number;
  return node;
}

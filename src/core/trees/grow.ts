/**
 * Growing one tree. A split is the one that most raises the sum over both sides of |sum of targets|^2 / (weight + lambda):
 * with classes for targets that is the decrease of the Gini impurity (Breiman et al. 1984), with gradients and curvatures the
 * gain of gradient boosting (Friedman 2001; Chen and Guestrin 2016). Own code because the libraries at hand (ml-cart and
 * ml-random-forest) sort every feature at every node, cannot be interrupted, and have no boosting.
 */
import type { Tree } from '#core/predictor';
import type { Binned } from '#core/trees/bins';

/** What the leaves are to tell. */
export type Targets =
  /**
   * [rows]: class indices; a leaf's value is the weighted share of each class, `pseudo` images of every class added (0 by
   * default), so that a leaf of few images rules nothing out (Provost and Domingos 2003).
   */
  | { readonly kind: 'classes'; readonly labels: ArrayLike<number>; readonly classes: number; readonly pseudo?: number }
  /** [rows]: a leaf's value is the sum of these over the sum of weights plus lambda. */
  | { readonly kind: 'gradients'; readonly values: Float64Array };

export interface GrowOptions {
  readonly depth: number;
  /** A side with less weight is no side. */
  readonly leastWeight: number;
  /** Features looked at for each split, drawn anew; all where it is as many or more. */
  readonly features: number;
  readonly lambda: number;
  readonly random: () => number;
  /** Awaited now and then. */
  readonly pause: () => Promise<void>;
}

/** Bins counted between two pauses. */
const WORK = 2e7;

/** `weights` [rows]: 0 leaves a row out. */
export async function growTree(
  data: Binned,
  targets: Targets,
  weights: Float64Array,
  options: GrowOptions,
): Promise<Tree> {
  const outputs = targets.kind === 'classes' ? targets.classes : 1;
  const width = outputs + 1;
  const rows = Uint32Array.from(weights.keys()).filter((row) => (weights[row] as number) > 0);
  const tree: { feature: number[]; threshold: number[]; left: number[]; right: number[]; value: number[] } = {
    feature: [],
    threshold: [],
    left: [],
    right: [],
    value: [],
  };
  const add = (into: Float64Array, at: number, row: number): void => {
    const weight = weights[row] as number;
    const slot = targets.kind === 'classes' ? at + (targets.labels[row] as number) : at;
    into[slot] = (into[slot] as number) + (targets.kind === 'classes' ? weight : (targets.values[row] as number));
    into[at + outputs] = (into[at + outputs] as number) + weight;
  };
  const worth = (sums: Float64Array): number => {
    let squares = 0;
    for (let t = 0; t < outputs; t++) squares += (sums[t] as number) ** 2;
    const weight = (sums[outputs] as number) + options.lambda;
    return weight > 0 ? squares / weight : 0;
  };
  const leaf = (sums: Float64Array): number => {
    const pseudo = targets.kind === 'classes' ? (targets.pseudo ?? 0) : 0;
    const weight = (sums[outputs] as number) + (targets.kind === 'classes' ? outputs * pseudo : options.lambda);
    for (let t = 0; t < outputs; t++) tree.value.push(weight > 0 ? ((sums[t] as number) + pseudo) / weight : 0);
    tree.threshold.push(0);
    tree.left.push(0);
    tree.right.push(0);
    return tree.feature.push(-1) - 1;
  };
  let work = 0;
  const grow = async (begin: number, end: number, depth: number): Promise<number> => {
    const sums = new Float64Array(width);
    for (let i = begin; i < end; i++) add(sums, 0, rows[i] as number);
    const node = leaf(sums);
    if (depth >= options.depth || (sums[outputs] as number) < 2 * options.leastWeight) return node;
    const whole = worth(sums);
    let best = { gain: 1e-9 * Math.max(1, whole), feature: -1, bin: 0 };
    for (const f of drawn(data.features, options.features, options.random)) {
      const edges = (data.edges[f] as Float32Array).length;
      if (edges === 0) continue;
      const counts = new Float64Array((edges + 1) * width);
      for (let i = begin; i < end; i++) {
        const row = rows[i] as number;
        add(counts, (data.bins[f * data.rows + row] as number) * width, row);
      }
      const left = new Float64Array(width);
      for (let bin = 0; bin < edges; bin++) {
        for (let t = 0; t < width; t++) left[t] = (left[t] as number) + (counts[bin * width + t] as number);
        const right = sums.map((sum, t) => sum - (left[t] as number));
        if (Math.min(left[outputs] as number, right[outputs] as number) < options.leastWeight) continue;
        const gain = worth(left) + worth(right) - whole;
        if (gain > best.gain) best = { gain, feature: f, bin };
      }
      work += end - begin;
      if (work > WORK) {
        work = 0;
        await options.pause();
      }
    }
    if (best.feature < 0) return node;
    let middle = begin;
    for (let i = begin; i < end; i++) {
      const row = rows[i] as number;
      if ((data.bins[best.feature * data.rows + row] as number) > best.bin) continue;
      rows[i] = rows[middle] as number;
      rows[middle++] = row;
    }
    tree.feature[node] = best.feature;
    tree.threshold[node] = data.edges[best.feature]?.[best.bin] as number;
    tree.left[node] = await grow(begin, middle, depth + 1);
    tree.right[node] = await grow(middle, end, depth + 1);
    return node;
  };
  await grow(0, rows.length, 0);
  return tree;
}

/** `wanted` of 0 … count - 1, each once. */
function drawn(count: number, wanted: number, random: () => number): Uint32Array {
  const all = Uint32Array.from({ length: count }, (_, f) => f);
  if (wanted >= count) return all;
  for (let i = 0; i < wanted; i++) {
    const j = i + Math.floor(random() * (count - i));
    const swap = all[i] as number;
    all[i] = all[j] as number;
    all[j] = swap;
  }
  return all.subarray(0, wanted);
}

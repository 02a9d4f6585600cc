/**
 * Trees as bytes, little-endian, exact. A tree's nodes stand in the order in which somebody who always looks left first
 * meets them, so a left child is the next node; trees follow one another. In this order:
 *
 *   float64 [values]            every value that some leaf has, ascending
 *   int32   [nodes]             the feature that is asked about, -1 at a leaf
 *   float32 [inner nodes]       at most this: left, else right
 *   uint32  [inner nodes]       how many nodes further the right child stands
 *   uint32  [leaves * outputs]  the leaf's values, by their place among all
 */
import type { Forest, Tree } from '#core/predictor';
import type { ForestEntry } from '#formats/ensemble/manifest';

/** The bytes, and what has to be known to read them. */
export function writeForest({ kind, start, trees }: Forest): {
  readonly bytes: Uint8Array;
  readonly entry: Omit<ForestEntry, 'file'>;
} {
  const outputs = (trees[0]?.value.length ?? 0) / (trees[0]?.feature.length || 1);
  const features: number[] = [];
  const thresholds: number[] = [];
  const further: number[] = [];
  const leaves: number[] = [];
  const nodes = trees.map((tree) => {
    const begin = features.length;
    const visit = (node: number): void => {
      const feature = tree.feature[node] as number;
      features.push(feature);
      if (feature < 0) {
        for (let o = 0; o < outputs; o++) leaves.push(tree.value[node * outputs + o] as number);
        return;
      }
      const here = features.length - 1;
      const at = thresholds.push(tree.threshold[node] as number) - 1;
      further.push(0);
      visit(tree.left[node] as number);
      further[at] = features.length - here;
      visit(tree.right[node] as number);
    };
    visit(0);
    return features.length - begin;
  });
  const values = Float64Array.from(new Set(leaves)).sort();
  const places = new Map([...values].map((value, place) => [value, place]));
  const size = 8 * values.length + 4 * (features.length + thresholds.length + further.length + leaves.length);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  let at = 0;
  const put = (width: 4 | 8, write: (at: number, value: number) => void, list: Iterable<number>): void => {
    for (const value of list) {
      write(at, value);
      at += width;
    }
  };
  put(8, (to, value) => view.setFloat64(to, value, true), values);
  put(4, (to, value) => view.setInt32(to, value, true), features);
  put(4, (to, value) => view.setFloat32(to, value, true), thresholds);
  put(4, (to, value) => view.setUint32(to, value, true), further);
  put(
    4,
    (to, value) => view.setUint32(to, value, true),
    leaves.map((value) => places.get(value) as number),
  );
  return { bytes, entry: { kind, start, nodes, outputs, values: values.length } };
}

/** Throws RangeError where the bytes are not what the entry says. */
export function readForest(bytes: Uint8Array, entry: Omit<ForestEntry, 'file'>): Forest {
  const { kind, start, nodes, outputs } = entry;
  const count = nodes.reduce((sum, own) => sum + own, 0);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const take = (length: number, width: 4 | 8, read: (at: number) => number): number[] => {
    if (at + length * width > bytes.length) throw new RangeError('the trees are cut short');
    return Array.from({ length }, () => {
      at += width;
      return read(at - width);
    });
  };
  const values = take(entry.values, 8, (from) => view.getFloat64(from, true));
  const features = take(count, 4, (from) => view.getInt32(from, true));
  const inner = features.filter((feature) => feature >= 0).length;
  const thresholds = take(inner, 4, (from) => view.getFloat32(from, true));
  const further = take(inner, 4, (from) => view.getUint32(from, true));
  const leaves = take((count - inner) * outputs, 4, (from) => view.getUint32(from, true));
  if (at !== bytes.length) throw new RangeError('there are more bytes than the trees have');
  if (leaves.some((place) => place >= values.length)) throw new RangeError('a leaf has a value that is not there');
  let [node, question, leaf] = [0, 0, 0];
  const trees = nodes.map((length): Tree => {
    const tree = { feature: new Array<number>(length), threshold: [], left: [], right: [], value: [] } as {
      [key in keyof Tree]: number[];
    };
    for (let own = 0; own < length; own++) {
      const feature = features[node++] as number;
      tree.feature[own] = feature;
      const isLeaf = feature < 0;
      const right = isLeaf ? 0 : own + (further[question] as number);
      // Children come after their parent, so that every way down ends.
      if (!isLeaf && !(right > own + 1 && right < length))
        throw new RangeError('a tree has a branch that leads nowhere');
      tree.threshold.push(isLeaf ? 0 : (thresholds[question++] as number));
      tree.left.push(isLeaf ? 0 : own + 1);
      tree.right.push(right);
      for (let o = 0; o < outputs; o++) tree.value.push(isLeaf ? (values[leaves[leaf++] as number] as number) : 0);
    }
    return tree;
  });
  return { kind, start, trees };
}

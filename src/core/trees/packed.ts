/** A forest as one array of numbers and a few facts: how it is stored and hashed. A large forest as JSON would take seconds. */
import type { Forest, Tree } from '#core/predictor';

export interface PackedHead {
  readonly kind: Forest['kind'];
  readonly start: readonly number[];
  /** By tree: nodes, and values of its leaves. */
  readonly sizes: readonly (readonly [nodes: number, values: number])[];
}
export interface PackedForest {
  readonly head: PackedHead;
  /** By tree: features, thresholds, left, right, values. */
  readonly numbers: Float64Array;
}

/** Of which every tree has one number a node. */
const BY_NODE = ['feature', 'threshold', 'left', 'right'] as const;

export function packedForest({ kind, start, trees }: Forest): PackedForest {
  const sizes = trees.map(({ feature, value }) => [feature.length, value.length] as const);
  const numbers = new Float64Array(sizes.reduce((sum, [nodes, values]) => sum + BY_NODE.length * nodes + values, 0));
  let at = 0;
  const put = (values: readonly number[]): void => {
    numbers.set(values, at);
    at += values.length;
  };
  for (const tree of trees) {
    for (const key of BY_NODE) put(tree[key]);
    put(tree.value);
  }
  return { head: { kind, start, sizes }, numbers };
}

export function unpackedForest({ head: { kind, start, sizes }, numbers }: PackedForest): Forest {
  let at = 0;
  const take = (length: number): readonly number[] => {
    const values = Array.from(numbers.subarray(at, at + length));
    at += length;
    return values;
  };
  const trees = sizes.map(([nodes, values]): Tree => {
    const [feature, threshold, left, right] = BY_NODE.map(() => take(nodes)) as [
      number[],
      number[],
      number[],
      number[],
    ];
    return { feature, threshold, left, right, value: take(values) };
  });
  return { kind, start, trees };
}

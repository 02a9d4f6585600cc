/** Trees as bytes: every value comes back to the last bit, and bytes that are no trees are refused. */
import { describe, expect, it } from 'vitest';
import type { Forest } from '#core/predictor';
import { treeScores } from '#core/trees/answer';
import { readForest, writeForest } from '#formats/ensemble/forest';

/** The children stand in another order than the file's. */
const mixed: Forest = {
  kind: 'mean',
  start: [],
  trees: [
    {
      feature: [1, -1, 0, -1, -1],
      threshold: [0.5, 0, 0.25, 0, 0],
      left: [2, 0, 4, 0, 0],
      right: [1, 0, 3, 0, 0],
      value: [0.5, 0.5, 0.1, 0.9, 0.3, 0.7, 1 / 3, 2 / 3, 1, 0],
    },
    { feature: [-1], threshold: [0], left: [0], right: [0], value: [0.1, 0.9] },
  ],
};
const sum: Forest = {
  kind: 'sum',
  start: [0.1, -0.2],
  trees: [0, 1].map((t) => ({
    feature: [0, -1, -1],
    threshold: [0.75, 0, 0],
    left: [1, 0, 0],
    right: [2, 0, 0],
    value: [0, t + 0.1, -t - 0.3],
  })),
};

describe.each([
  ['a forest', mixed],
  ['boosted trees', sum],
] as const)('%s', (_, forest) => {
  const images = Float32Array.of(0, 0, 0.25, 0.5, 0.3, 0.5, 1, 1, 0.8, 0.2);
  it('comes back exactly', () => {
    const { bytes, entry } = writeForest(forest);
    const back = readForest(bytes, entry);
    expect(treeScores(back, images, 5, 2)).toEqual(treeScores(forest, images, 5, 2));
    expect(writeForest(back).bytes).toEqual(bytes);
    expect(back.start).toEqual(forest.start);
  });

  it('is as small as it says', () => {
    const { bytes, entry } = writeForest(forest);
    const nodes = entry.nodes.reduce((all, own) => all + own, 0);
    const leaves = forest.trees.flatMap(({ feature }) => feature).filter((feature) => feature < 0).length;
    expect(bytes).toHaveLength(8 * entry.values + 4 * nodes + 8 * (nodes - leaves) + 4 * leaves * entry.outputs);
  });
});

describe('refused', () => {
  const { bytes, entry } = writeForest(mixed);
  const changed = (at: number, value: number): Uint8Array => {
    const copy = bytes.slice();
    new DataView(copy.buffer).setUint32(at, value, true);
    return copy;
  };
  const features = 8 * entry.values;
  const further = features + 4 * 6 + 4 * 2;
  it.each([
    ['too few bytes', bytes.subarray(1), 'cut short'],
    ['too many bytes', Uint8Array.of(...bytes, 0, 0, 0, 0), 'more bytes'],
    ['a branch out of its tree', changed(further, 5), 'nowhere'],
    ['a branch back', changed(further, 0), 'nowhere'],
    ['a value that is not there', changed(bytes.length - 4, 99), 'not there'],
  ] as const)('%s', (_, broken, words) => {
    expect(() => readForest(broken, entry)).toThrow(words);
  });
});

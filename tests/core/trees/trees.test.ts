/** Trees: bins, a split worked by hand, and what each way of growing learns. */
import { describe, expect, it } from 'vitest';
import { answersIn } from '#core/ensembles/shared/answers';
import { logLoss } from '#core/metrics/classification';
import { seededRandom } from '#core/numeric/random';
import { defaultsOf } from '#core/params';
import { leafOf, treeScores } from '#core/trees/answer';
import { binned } from '#core/trees/bins';
import { growTree } from '#core/trees/grow';
import { TREE_METHODS, treeMethodById } from '#core/trees/index';
import type { GrowContext } from '#core/trees/method';

const context = (changes: Partial<GrowContext> = {}): GrowContext => ({
  random: seededRandom(4),
  signal: { aborted: false, throwIfAborted: () => {} },
  progress: () => {},
  ...changes,
});
const options = {
  depth: 5,
  leastWeight: 1,
  features: 99,
  lambda: 0,
  random: seededRandom(1),
  pause: async () => {},
};

describe('bins', () => {
  it('part every two values where they are few', () => {
    const { bins, edges } = binned(Float32Array.of(3, 1, 2, 2), 4);
    expect([...(edges[0] ?? [])]).toEqual([1.5, 2.5]);
    expect([...bins]).toEqual([2, 0, 1, 1]);
  });

  it('hold about as many each where they are many, and agree with what a tree asks', () => {
    const random = seededRandom(2);
    const values = Float32Array.from({ length: 3000 }, () => random() ** 3);
    const { bins, edges } = binned(values, 3000);
    const counts = new Array<number>(32).fill(0);
    for (const [i, bin] of bins.entries()) {
      counts[bin] = (counts[bin] as number) + 1;
      if (bin < 31) expect(values[i]).toBeLessThanOrEqual(edges[0]?.[bin] as number);
      if (bin > 0) expect(values[i]).toBeGreaterThan(edges[0]?.[bin - 1] as number);
    }
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThan(5);
  });
});

describe('growing', () => {
  it('splits where the Gini impurity falls most', async () => {
    // Feature 0 parts 3 of 4 rightly, feature 1 all of them at 4.
    const data = binned(Float32Array.of(1, 5, 1, 6, 2, 3, 2, 2), 4);
    const tree = await growTree(
      data,
      { kind: 'classes', labels: [1, 1, 0, 0], classes: 2 },
      new Float64Array(4).fill(1),
      options,
    );
    expect(tree).toEqual({
      feature: [0, -1, -1],
      threshold: [1.5, 0, 0],
      left: [1, 0, 0],
      right: [2, 0, 0],
      value: [0.5, 0.5, 0, 1, 1, 0],
    });
  });

  it('leaves out rows of weight 0, and counts those of 2 twice', async () => {
    const data = binned(Float32Array.of(1, 2, 3), 3);
    const weights = Float64Array.of(2, 1, 0);
    const tree = await growTree(data, { kind: 'classes', labels: [0, 1, 1], classes: 2 }, weights, {
      ...options,
      depth: 0,
    });
    expect(tree.value).toEqual([2 / 3, 1 / 3]);
    const targets = { kind: 'classes', labels: [0, 1, 1], classes: 3, pseudo: 1 } as const;
    expect((await growTree(data, targets, weights, { ...options, depth: 0 })).value).toEqual([3 / 6, 2 / 6, 1 / 6]);
  });

  it('gives a gradient tree its Newton steps', async () => {
    const data = binned(Float32Array.of(0, 0, 1, 1), 4);
    const values = Float64Array.of(0.5, 0.5, -0.5, -0.5);
    const weights = new Float64Array(4).fill(0.25);
    const tree = await growTree(data, { kind: 'gradients', values }, weights, {
      ...options,
      leastWeight: 0,
      lambda: 1,
    });
    // 1 / (0.5 + 1) on the left, its opposite on the right.
    expect(tree.value.map((value) => Number(value.toFixed(6)))).toEqual([0, 0.666667, -0.666667]);
  });

  it('finds a leaf, and sends what is not a number to the right', () => {
    const tree = { feature: [1, -1, -1], threshold: [2, 0, 0], left: [1, 0, 0], right: [2, 0, 0], value: [] };
    expect([leafOf(tree, [9, 2]), leafOf(tree, [0, 3]), leafOf(tree, [0, Number.NaN])]).toEqual([1, 2, 2]);
  });
});

describe.each(TREE_METHODS.map((method) => [method.id, method] as const))('%s', (id, method) => {
  // Three classes: which third of the circle a point lies in.
  const circle = (count: number, seed: number) => {
    const random = seededRandom(seed);
    const features = new Float32Array(2 * count);
    const labels = new Uint8Array(count);
    for (let i = 0; i < count; i++) {
      const angle = 2 * Math.PI * random();
      const radius = 0.2 + random();
      features[2 * i] = radius * Math.cos(angle);
      features[2 * i + 1] = radius * Math.sin(angle);
      labels[i] = Math.floor((3 * angle) / (2 * Math.PI));
    }
    return { features, labels, classes: 3 };
  };
  const small = {
    ...defaultsOf(method.params),
    ...('trees' in method.params ? { trees: 15 } : {}),
    ...('rounds' in method.params ? { rounds: 12 } : {}),
  };

  it('learns what a line cannot part, reports, and says the same twice', async () => {
    const done: number[] = [];
    const forest = await method.grow(circle(400, 1), small, context({ progress: (share) => done.push(share) }));
    const fresh = circle(200, 2);
    const scores = treeScores(forest, fresh.features, 200, 3);
    const right = answersIn(scores, 3).filter((answer, i) => answer === fresh.labels[i]).length / 200;
    expect(right).toBeGreaterThan(0.9);
    expect(logLoss(scores, fresh.labels, 3)).toBeLessThan(id === 'decision-tree' ? 2 : 0.6);
    expect(done.at(-1)).toBe(1);
    expect(await method.grow(circle(400, 1), small, context())).toEqual(forest);
    expect(JSON.parse(JSON.stringify(forest))).toEqual(forest);
    for (let i = 0; i < 200; i++) {
      const sum = scores.subarray(3 * i, 3 * i + 3).reduce((total, score) => total + Math.exp(score), 0);
      expect(sum).toBeCloseTo(1, 5);
    }
  });

  it('can be stopped, and has words in both languages', async () => {
    const signal = {
      aborted: true,
      throwIfAborted: () => {
        throw new Error('stopped');
      },
    };
    if (id !== 'decision-tree')
      await expect(method.grow(circle(50, 1), small, context({ signal }))).rejects.toThrow('stopped');
    const { title, help, cost, pays, paper } = method.words;
    for (const words of [title, help, cost, pays]) expect(words.zh).toMatch(/\p{Script=Han}/u);
    expect(paper).toMatch(/\d{4}/);
    expect(treeMethodById(id)).toBe(method);
  });
});

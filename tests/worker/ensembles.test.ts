/** Combining, making members and growing trees through the real dispatcher, on Digits. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Architecture } from '#core/architecture';
import type { TrainProgress, TrainResult, TrainSettings } from '#worker/protocol';
import type { CombineResult, Origin } from '#worker/protocol-ensembles';
import { memoryFiles } from '#worker/vault/files';
import { makeSetting, SETTINGS, type Setting } from './setting';

const settings: TrainSettings = { ...SETTINGS, epochs: 2 };
const network = (units: number): Architecture => ({
  name: `Dense ${units}`,
  input: [8, 8, 1],
  classes: 10,
  rows: [
    { kind: 'flatten' },
    { kind: 'dense', units, activation: 'relu', bias: true },
    { kind: 'dense', units: 10, activation: 'linear', bias: true },
  ],
});
const files = memoryFiles();
let it_: Setting;
let small: TrainResult;
let large: TrainResult;
let origin: Origin;

async function trained(units: number, seed: number): Promise<TrainResult> {
  const { id } = await it_.call('create', { architecture: network(units), seed });
  if (units === 8) origin = { kind: 'model', start: id, steps: [{ kind: 'trained', settings }] };
  return it_.call('train', { model: id, dataset: 'digits', settings, paused: false });
}
const named = (result: TrainResult, name: string) => ({ id: result.model.id, name });
const question = (way: string, values = {}) => ({
  way,
  values,
  members: [named(small, 'Small'), named(large, 'Large')],
  dataset: 'digits' as const,
});

beforeAll(async () => {
  it_ = makeSetting({ files });
  small = await trained(8, 1);
  large = await trained(32, 2);
}, 60_000);

describe('combine', () => {
  it('fits, measures and keeps an ensemble that every call takes', async () => {
    const done: number[] = [];
    const made = await it_.call(
      'combine',
      { ...question('mean-probabilities'), name: 'Both' },
      { onProgress: (told) => done.push(told.done) },
    );
    expect(done.every((share) => share >= 0 && share <= 1)).toBe(true);
    expect(made.model).toMatchObject({
      kind: 'ensemble',
      name: 'Both',
      inputShape: [8, 8, 1],
      classes: 10,
      layers: [],
      parameters: small.model.parameters + large.model.parameters,
      macs: small.model.macs + large.model.macs,
      ensemble: {
        way: 'mean-probabilities',
        members: [
          { id: small.model.id, name: 'Small', weight: 0.5, used: 1 },
          { id: large.model.id, name: 'Large', weight: 0.5, used: 1 },
        ],
      },
    });
    expect(made.model.bytes).toBeGreaterThan(0.9 * large.model.bytes);
    expect(made.members.map(({ validation }) => validation)).toEqual([small.validation, large.validation]);
    expect(made.members.map(({ test }) => test)).toEqual([small.test, large.test]);
    expect(made.notes).toEqual([]);
    // Another engine over the same files knows it.
    const later = makeSetting({ files });
    expect(await later.call('evaluate', { model: made.model.id, dataset: 'digits', split: 'test' })).toEqual(made.test);
    expect(await later.call('held', { models: [made.model.id] })).toEqual([made.model.id]);
    await expect(
      later.call('apply', {
        model: made.model.id,
        dataset: 'digits',
        recipe: { version: 1, seed: 1, steps: [] },
        name: 'x',
        parents: {},
      }),
    ).rejects.toMatchObject({ code: 'not-one-model' });
  });

  it('counts disagreement, Q and what only the ensemble gets right as they are defined', async () => {
    const made = await it_.call('combine', { ...question('mean-probabilities'), name: 'Both' });
    const answered = await it_.call('imagesAt', {
      dataset: 'digits',
      indices: Array.from({ length: 300 }, (_, i) => i),
      models: [made.model.id, small.model.id, large.model.id],
    });
    expect(answered.images).toHaveLength(300);
    const right = answered.images.map(({ truth, answers }) => answers.map(({ answer }) => answer === truth));
    const count = (of: (row: readonly boolean[]) => boolean): number => right.filter(of).length;
    const [one, two] = [count(([, a, b]) => a === true && !b), count(([, a, b]) => !a && b === true)];
    const [both, none] = [count(([, a, b]) => a === true && b === true), count(([, a, b]) => !a && !b)];
    expect(made.disagreement[0]?.[1]).toBeCloseTo((one + two) / 300, 9);
    expect(made.q[1]?.[0]).toBeCloseTo((both * none - one * two) / (both * none + one * two), 9);
    expect([made.disagreement[0]?.[0], made.q[0]?.[0]]).toEqual([0, null]);
    expect(made.onlyTogether).toEqual(right.flatMap(([e, a, b], i) => (e && !a && !b ? [i] : [])));
    expect(made.onlyApart).toEqual(right.flatMap(([e, a, b], i) => (!e && a && b ? [i] : [])));
    expect(made.validation.value).toBeCloseTo(count(([e]) => e === true) / 300, 9);
  });

  it('judges a way that learns by images that it did not learn from, and says so', async () => {
    const made = await it_.call('combine', { ...question('stacking'), name: 'Stack' });
    expect(made.notes[0]?.en).toContain('five parts');
    const own = await it_.call('evaluate', { model: made.model.id, dataset: 'digits', split: 'validation' });
    // 300 images and a second level of 210 weights: what it was fitted to flatters it.
    expect(own.value).toBeGreaterThan(made.validation.value);
  });

  it('takes ensembles as members, and counts a model that is there twice once', async () => {
    const inner: CombineResult = await it_.call('combine', { ...question('mean-logits'), name: 'Inner' });
    const members = [...question('').members, { id: inner.model.id, name: 'Inner' }];
    const outer = await it_.call('combine', { ...question('majority-vote'), members, name: 'Outer' });
    expect(outer.model.parameters).toBe(small.model.parameters + large.model.parameters);
    expect(outer.members).toHaveLength(3);
    const twice = [named(small, 'Small'), named(small, 'Small'), named(large, 'Large')];
    const again = await it_.call('combine', { ...question('majority-vote'), members: twice, name: 'Twice' });
    expect(again.notes.map(({ en }) => en)).toEqual([expect.stringContaining('more than once')]);
    expect(again.test.value).toBe(small.test.value);
  });

  it('refuses too many members in words', async () => {
    const members = Array.from({ length: 13 }, () => named(small, 'Small'));
    await expect(it_.call('combine', { ...question('hand-weights'), members, name: 'x' })).rejects.toMatchObject({
      code: 'pass',
      words: { en: expect.stringContaining('1 to 12') },
    });
  });
});

describe('combinePreview', () => {
  it('gives what combining gives, from what members answered', async () => {
    for (const way of ['hand-weights', 'stacking', 'cascade', 'accuracy-weights']) {
      const preview = await it_.call('combinePreview', question(way));
      const made = await it_.call('combine', { ...question(way), name: way });
      expect(preview.validation).toEqual(made.validation);
      expect(preview.macs).toBe(made.model.macs);
      expect(preview.used).toEqual(made.members.map(({ used }) => used));
      expect(preview.weights).toEqual(made.members.map(({ weight }) => weight));
    }
  });

  it('follows weights set by hand', async () => {
    const alone = await it_.call('combinePreview', question('hand-weights', { weight1: 0, weight2: 1 }));
    expect(alone.validation.value).toBe(large.validation.value);
    expect(alone.weights).toEqual([0, 1]);
  });

  it('shows a cascade over its threshold: cheaper where it is low, its mean work measured', async () => {
    const at = (threshold: number) => it_.call('combinePreview', question('cascade', { threshold }));
    const [low, middle, high] = [await at(0), await at(0.9), await at(1)];
    expect(low.macs).toBe(small.model.macs);
    expect(low.validation.value).toBe(small.validation.value);
    expect(high.macs).toBeGreaterThan(middle.macs);
    expect(middle.used[0]).toBe(1);
    expect(middle.macs).toBeCloseTo(small.model.macs + (middle.used[1] ?? 0) * large.model.macs, 6);
    const curve = middle.curve ?? [];
    expect(curve[0]).toMatchObject({ value: 0, macs: small.model.macs });
    expect(curve.map(({ macs }) => macs)).toEqual(curve.map(({ macs }) => macs).toSorted((a, b) => a - b));
  });

  it('answers the latest of several questions only', async () => {
    const asked = [0.5, 0.6, 0.7].map((threshold) => it_.call('combinePreview', question('cascade', { threshold })));
    const outcomes = await Promise.allSettled(asked);
    expect(outcomes.map(({ status }) => status).at(-1)).toBe('fulfilled');
    for (const outcome of outcomes.slice(0, -1))
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'aborted' });
  });
});

describe('an ensemble like a model', () => {
  it('is timed: a member that is never asked takes no time', async () => {
    const cascade = await it_.call('combine', { ...question('cascade', { threshold: 0 }), name: 'First only' });
    const timed = await it_.call('latency', { model: cascade.model.id });
    expect(timed.runs).toBe(30);
    expect(timed.medianMs).toBeGreaterThan(0);
  }, 30_000);

  it('teaches', async () => {
    const made = await it_.call('combine', { ...question('mean-probabilities'), name: 'Teacher' });
    const student = await it_.call('apply', {
      model: small.model.id,
      dataset: 'digits',
      recipe: {
        version: 1,
        seed: 1,
        steps: [{ pass: 'distillation', values: { teacher: 'node', student: 'same', epochs: 1 } }],
      },
      name: 'Student',
      parents: { node: made.model.id },
    });
    expect(student.model.parameters).toBe(small.model.parameters);
    expect(student.test?.value).toBeGreaterThan(0.7);
  }, 60_000);
});

describe('make', () => {
  const values = { members: 2, epochs: 1, learningRate: 0.01, batchSize: 32 };
  const models = () => [{ ...named(small, 'Small'), origin }];
  const ask = (making: string, some: Record<string, unknown> = {}) => ({
    making,
    values: values as Record<string, number>,
    models: models(),
    dataset: 'digits' as const,
    name: 'Small',
    seed: 1,
    ...some,
  });

  it('bags: members with names, and their mean', async () => {
    const seen: (TrainProgress | undefined)[] = [];
    const shares: number[] = [];
    const made = await it_.call('make', ask('bagging'), {
      onProgress: ({ done, train }) => {
        shares.push(done);
        seen.push(train);
      },
    });
    expect(made.members.map(({ model }) => model.name)).toEqual(['Small, bagged 1', 'Small, bagged 2']);
    expect(made.members[0]?.model).toMatchObject({ kind: 'model', parameters: small.model.parameters });
    expect(made.members[0]?.model.meta.dataset).toBe('digits');
    expect(made.combined?.model).toMatchObject({ kind: 'ensemble', name: 'Small, bagging' });
    expect(made.combined?.model.ensemble?.members.map(({ id }) => id)).toEqual(
      made.members.map(({ model }) => model.id),
    );
    expect(made.combined?.members.map(({ test }) => test)).toEqual(made.members.map(({ test }) => test));
    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
    expect(seen.some((train) => train !== undefined)).toBe(true);
    const held = await it_.call('held', { models: made.members.map(({ model }) => model.id) });
    expect(held).toHaveLength(2);
  }, 60_000);

  it('stacks out of fold: members made again for their answers, the second level fitted to training images alone', async () => {
    const made = await it_.call('make', ask('out-of-fold', { values: { ...values, folds: 2 } }));
    // It was made on all images already: only the folds are made, and thrown away.
    expect(made.members).toEqual([]);
    expect(made.combined?.members.map(({ id, name }) => [id, name])).toEqual([[small.model.id, 'Small']]);
    expect(made.combined?.model.ensemble?.way).toBe('stacking');
    // Nothing was learned from validation, so nothing is said of it.
    expect(made.combined?.notes).toEqual([]);
    const { combined } = made;
    expect(combined?.validation).toEqual(
      await it_.call('evaluate', { model: combined?.model.id ?? '', dataset: 'digits', split: 'validation' }),
    );
    const unknown = { ...ask('out-of-fold'), models: [{ ...named(small, 'Opened'), origin: null }] };
    await expect(it_.call('make', unknown)).rejects.toMatchObject({
      code: 'pass',
      words: { en: expect.stringContaining('Nobody knows which images Opened') },
    });
    const afresh = await it_.call('make', { ...unknown, values: { ...values, folds: 2, afresh: true } });
    expect(afresh.members.map(({ model }) => model.name)).toEqual(['Opened, trained afresh']);
  }, 60_000);

  it('stacks trees and members of a bag out of fold, made again with them', async () => {
    const features = { kind: 'pixels' } as const;
    const asked = { method: 'decision-tree', values: { depth: 6, least: 2 }, dataset: 'digits', seed: 1 } as const;
    const tree = await it_.call('trees', { ...asked, features, name: 'Tree' });
    const bag = await it_.call('make', ask('bagging'));
    const [member] = bag.members;
    const makings = { kind: 'made', making: 'bagging', values, seed: 1, models: [origin] } as const;
    const made = await it_.call(
      'make',
      ask('out-of-fold', {
        values: { folds: 2 },
        models: [
          { id: tree.model.id, name: 'Tree', origin: { kind: 'trees', ...asked, looked: null } },
          { id: member?.model.id, name: 'One', origin: { ...makings, member: 0 } },
          { id: bag.combined?.model.id, name: 'Bag', origin: { ...makings, member: null } },
        ],
      }),
    );
    expect(made.members).toEqual([]);
    expect(made.combined?.members.map(({ name }) => name)).toEqual(['Tree', 'One', 'Bag']);
    expect(made.combined?.validation.value).toBeGreaterThan(tree.validation.value);
    const onTrees = ask('bagging', { models: [{ id: tree.model.id, name: 'Tree', origin: null }] });
    await expect(it_.call('make', onTrees)).rejects.toMatchObject({
      words: { en: expect.stringContaining('Tree is not one network') },
    });
  }, 60_000);

  it('keeps the router of specialists as the model that it is', async () => {
    const made = await it_.call('make', ask('specialists', { values: { ...values, groups: 3 } }));
    expect(made.members.every(({ model }) => model.id !== small.model.id)).toBe(true);
    expect(made.combined?.model.ensemble?.members[0]).toMatchObject({ id: small.model.id, name: 'Small', used: 1 });
    const used = made.combined?.members.slice(1).reduce((sum, member) => sum + member.used, 0) ?? 0;
    expect(used).toBeLessThanOrEqual(1 + 1e-9);
  }, 60_000);

  it('gives one model for a soup, and no ensemble', async () => {
    const made = await it_.call('make', ask('soups', { values: { ...values, copies: 2 } }));
    expect(made.combined).toBeNull();
    expect(made.members).toHaveLength(1);
    expect(made.members[0]?.model).toMatchObject({ kind: 'model', name: 'Small, soup' });
    expect(made.notes[0]?.en).toContain('went into the soup');
  }, 60_000);

  it('stops when asked to, and refuses what it cannot start from', async () => {
    const stop = new AbortController();
    const run = it_.call('make', ask('bagging'), { signal: stop.signal, onProgress: () => stop.abort() });
    await expect(run).rejects.toMatchObject({ code: 'aborted' });
    await expect(it_.call('make', ask('bagging', { models: [] }))).rejects.toMatchObject({ code: 'pass' });
  }, 60_000);
});

describe('trees', () => {
  const values = { trees: 10, depth: 8, least: 1 };

  it('grow on pixels, and are members like any', async () => {
    const grown = await it_.call('trees', {
      method: 'random-forest',
      values,
      features: { kind: 'pixels' },
      dataset: 'digits',
      name: 'Forest',
      seed: 1,
    });
    expect(grown.test.value).toBeGreaterThan(0.8);
    expect(grown.model).toMatchObject({
      kind: 'trees',
      name: 'Forest',
      inputShape: [8, 8, 1],
      classes: 10,
      macs: 0,
      trees: { method: 'random-forest', trees: 10, features: 'pixels' },
    });
    expect(grown.model.trees?.depth).toBeLessThanOrEqual(8);
    expect(grown.importance).toHaveLength(64);
    expect(Math.max(...grown.importance)).toBe(1);
    // The corner of a digit is always dark: nobody asks about it.
    expect(grown.importance[0]).toBe(0);
    const later = makeSetting({ files });
    expect(await later.call('evaluate', { model: grown.model.id, dataset: 'digits', split: 'test' })).toEqual(
      grown.test,
    );
    const members = [named(small, 'Small'), { id: grown.model.id, name: 'Forest' }];
    const both = await later.call('combine', { ...question('mean-probabilities'), members, name: 'Both' });
    expect(both.members[1]?.validation).toEqual(grown.validation);
    expect(both.model.macs).toBe(small.model.macs);
    expect((await later.call('latency', { model: grown.model.id })).medianMs).toBeGreaterThan(0);
  }, 60_000);

  it('grow on what a layer gives', async () => {
    const layer = small.model.layers.find(({ kind }) => kind === 'dense')?.name ?? '';
    const grown = await it_.call('trees', {
      method: 'decision-tree',
      values: { depth: 6 },
      features: { kind: 'layer', layer, ...named(small, 'Small') },
      dataset: 'digits',
      name: 'Tree',
      seed: 1,
    });
    expect(grown.model.trees).toMatchObject({ method: 'decision-tree', trees: 1 });
    expect(grown.model.trees?.features).toEqual({ model: small.model.id, name: 'Small', layer });
    expect(grown.importance).toHaveLength(8);
    expect(grown.model.macs).toBe(small.model.macs);
  }, 60_000);
});

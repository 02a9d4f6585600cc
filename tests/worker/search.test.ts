/** Searches on real models: what is run and told, folds that share nothing, halving that goes on, and what is taken. */
import { describe, expect, it } from 'vitest';
import type { Architecture } from '#core/architecture';
import type { SearchPlan } from '#core/search/plan';
import { foldOf } from '#worker/calls/search-fold';
import type { Calls, ModelId } from '#worker/protocol';
import type { SearchResult } from '#worker/protocol-search';
import { makeSetting, SETTINGS, type Setting } from './setting';

const architecture: Architecture = {
  name: 'Tiny',
  input: [8, 8, 1],
  classes: 10,
  rows: [
    { kind: 'flatten' },
    { kind: 'dense', units: 12, activation: 'relu', bias: true },
    { kind: 'dense', units: 10, activation: 'linear', bias: true },
  ],
};
const training = { ...SETTINGS, schedule: { kind: 'cosine' }, epochs: 2, seed: 1 } as const;
const plan = (some: Partial<SearchPlan> = {}): SearchPlan => ({
  base: { start: { kind: 'fresh', architecture }, training, recipe: null },
  dimensions: [{ kind: 'list', target: { of: 'training', key: 'learningRate' }, values: [0.000001, 0.01] }],
  strategy: { kind: 'grid' },
  seed: 1,
  folds: 0,
  seeds: [1],
  limit: null,
  ...some,
});

type Told = Calls['search']['progress'];
function search(
  { call }: Setting,
  asked: SearchPlan,
  some: { results?: readonly SearchResult[]; test?: boolean; paused?: boolean; signal?: AbortSignal } = {},
  onProgress: (told: Told) => void = () => undefined,
) {
  const { results = [], paused = false, signal, test = false } = some;
  const request = { plan: asked, dataset: 'digits' as const, parents: {}, results, paused, test };
  return call('search', request, { onProgress, ...(signal ? { signal } : {}) });
}

describe('a search', () => {
  it('runs and tells every candidate, and the better one is better', async () => {
    const told: Told[] = [];
    const setting = makeSetting();
    const results = await search(setting, plan(), {}, (one) => told.push(one));
    expect(told.flatMap((one) => ('result' in one ? [one.result] : []))).toEqual(results);
    expect(told.flatMap((one) => ('begun' in one ? [one.begun.candidate] : []))).toEqual([0, 1]);
    const [slow, good] = results;
    expect(slow?.score?.images).toBe(300);
    expect(good?.score?.accuracy).toBeGreaterThan((slow?.score?.accuracy ?? 1) + 0.2);
    // 64 * 12 + 12 + 12 * 10 + 10.
    expect(good?.cost).toMatchObject({ parameters: 910, macs: 888 });
    expect(good?.curve.at(-1)?.epoch).toBe(2);
    expect(results.every((one) => !('test' in one))).toBe(true);
  }, 60_000);

  it('goes on from what is done, and does the same as without a break', async () => {
    const whole = await search(makeSetting(), plan());
    const rest = await search(makeSetting(), plan(), { results: whole.slice(0, 1) });
    expect(rest.map(({ candidate }) => candidate)).toEqual([1]);
    expect(rest[0]?.score).toEqual(whole[1]?.score);
  }, 60_000);

  it('makes a candidate that cannot be made a result, and goes on', async () => {
    const stuck: SearchPlan = plan({
      dimensions: [{ kind: 'list', target: { of: 'step', step: 0, key: 'k' }, values: [1] }],
      base: {
        start: { kind: 'fresh', architecture },
        training,
        recipe: { version: 1, seed: 1, steps: [{ pass: 'none', values: {} }] },
      },
    });
    const [failed] = await search(makeSetting(), stuck);
    expect(failed).toMatchObject({ score: null });
    expect(failed?.fault?.en).toContain('"none"');
  }, 60_000);

  it('does not train what costs more than the limit', async () => {
    const [one] = await search(makeSetting(), plan({ limit: { by: 'parameters', most: 909 } }));
    expect(one).toMatchObject({ score: null, cost: { parameters: 910 }, curve: [] });
    const [other] = await search(makeSetting(), plan({ limit: { by: 'parameters', most: 910 } }));
    expect(other?.score).not.toBeNull();
  }, 60_000);

  it('stands still while it is paused, lets others go first, and ends when it is stopped', async () => {
    const setting = makeSetting();
    const stop = new AbortController();
    const told: Told[] = [];
    const ended = search(setting, plan(), { paused: true, signal: stop.signal }, (one) => told.push(one)).catch(
      (fault) => fault,
    );
    await setting.call('loadDataset', { id: 'digits' });
    const made = await setting.call('create', { architecture, seed: 1 });
    await setting.call('evaluate', { model: made.id, dataset: 'digits', split: 'validation' });
    expect(told).toEqual([]);
    await setting.call('searchControl', { action: 'resume' });
    await expect.poll(() => told.some((one) => 'train' in one), { timeout: 20_000 }).toBe(true);
    await setting.call('searchControl', { action: 'pause' });
    const count = told.length;
    // Whoever comes meanwhile is served.
    await setting.call('evaluate', { model: made.id, dataset: 'digits', split: 'test' });
    expect(told.length - count).toBeLessThanOrEqual(1);
    stop.abort(new DOMException('aborted', 'AbortError'));
    expect(await ended).toMatchObject({ code: 'aborted' });
  }, 60_000);
});

it('waits while a person trains, and leaves nothing of it out of count', async () => {
  const setting = makeSetting();
  const made = await setting.call('create', { architecture, seed: 1 });
  const stop = new AbortController();
  const told: Told[] = [];
  const long = plan({
    base: { start: { kind: 'fresh', architecture }, training: { ...training, epochs: 500 }, recipe: null },
  });
  const ended = search(setting, long, { signal: stop.signal }, (one) => told.push(one)).catch((fault) => fault);
  await expect.poll(() => told.some((one) => 'train' in one), { timeout: 20_000 }).toBe(true);
  const before = told.length;
  const settings = { ...training, epochs: 5 };
  const { seconds } = await setting.call('train', { model: made.id, dataset: 'digits', settings, paused: false });
  // At ten a second it would have told a few times; a batch may have been on its way.
  expect(told.length - before).toBeLessThanOrEqual(1);
  expect(seconds).toBeGreaterThan(0);
  await expect.poll(() => told.length, { timeout: 20_000 }).toBeGreaterThan(before + 1);
  stop.abort(new DOMException('aborted', 'AbortError'));
  expect(await ended).toMatchObject({ code: 'aborted' });
}, 60_000);

describe('cross-validation', () => {
  it('divides training images only: folds share nothing, hold every class alike, and have no test', async () => {
    const setting = makeSetting();
    const dataset = await setting.session.dataset('digits');
    const folds = [0, 1, 2].map((fold) => foldOf(dataset, 3, fold, 1));
    const key = (images: { pixels: Uint8Array; labels: Uint8Array; count: number }) =>
      Array.from(
        { length: images.count },
        (_, i) => `${images.labels[i]}:${images.pixels.subarray(i * 64, i * 64 + 64)}`,
      );
    const all = key(dataset.splits.train).sort();
    expect(folds.flatMap(({ splits }) => key(splits.validation)).sort()).toEqual(all);
    for (const { splits } of folds) {
      expect([...key(splits.train), ...key(splits.validation)].sort()).toEqual(all);
      expect(splits.test.count).toBe(0);
      for (let label = 0; label < 10; label++) {
        const of = (labels: Uint8Array) => labels.filter((one) => one === label).length;
        expect(Math.abs(of(splits.validation.labels) - of(dataset.splits.train.labels) / 3)).toBeLessThan(1);
      }
    }
  });

  it('judges each fold on its own images', async () => {
    const asked = plan({ folds: 3, dimensions: [] });
    const results = await search(makeSetting(), asked);
    expect(results.map(({ fold }) => fold)).toEqual([0, 1, 2]);
    expect(results.map(({ score }) => score?.images).reduce((sum = 0, one = 0) => sum + one)).toBe(1197);
    expect(new Set(results.map(({ score }) => score?.loss)).size).toBe(3);
  }, 60_000);
});

describe('successive halving', () => {
  it('goes on where a round ended: as good as trained in one go, to the bit', async () => {
    const setting = makeSetting();
    const rates = {
      kind: 'list',
      target: { of: 'training', key: 'learningRate' },
      values: [0.01, 0.004, 0.000001, 0.0000001],
    } as const;
    const asked = plan({ dimensions: [rates], strategy: { kind: 'halving', trials: 4, budget: 8, eta: 2 } });
    const results = await search(setting, asked);
    // 2 rounds of 4: 1 epoch each, then 2 more for two.
    expect(results.map(({ round, epochs, of }) => [round, epochs, of])).toEqual([
      ...Array.from({ length: 4 }, () => [0, 1, 3]),
      [1, 3, 3],
      [1, 3, 3],
    ]);
    const last = results.at(-1) as SearchResult;
    // Started over instead: nothing is known of the first round but its result.
    const [again] = await search(makeSetting(), asked, { results: results.slice(0, -1) });
    expect(again?.score).toEqual(last.score);
    expect(last.curve.map(({ epoch }) => Math.round(epoch))).toContain(1);
    expect(last.seconds).toBeGreaterThan(0);
  }, 60_000);
});

describe('taking a candidate', () => {
  it('makes the model that was judged, measured on both splits, with the untrained one beside it', async () => {
    const setting = makeSetting();
    const asked = plan();
    const results = await search(setting, asked);
    const request = { plan: asked, dataset: 'digits' as const, parents: {}, results, candidate: 1, name: 'Best' };
    const taken = await setting.call('searchTake', request);
    expect(taken.validation.value).toBe(results[1]?.score?.accuracy);
    expect(taken.test.images).toBe(300);
    expect(taken.model.name).toBe('Best');
    expect(taken.fresh?.parameters).toBe(910);
    expect(taken.trace.at(-1)?.epoch).toBe(2);
    // Another worker knows nothing of it, and makes the same again.
    const again = await makeSetting().call('searchTake', request);
    expect(again.model.id).toBe(taken.model.id);
    await expect(setting.call('held', { models: [taken.model.id, taken.fresh?.id as ModelId] })).resolves.toHaveLength(
      2,
    );
  }, 60_000);

  it('takes a recipe on a model through its steps', async () => {
    const setting = makeSetting();
    const made = await setting.call('create', { architecture, seed: 1 });
    const { model } = await setting.call('train', {
      model: made.id,
      dataset: 'digits',
      settings: training,
      paused: false,
    });
    const steps = [
      { pass: 'magnitude-pruning', values: { amount: 'ratio', sparsity: 0.1, scope: 'global', layers: [] } },
    ];
    const asked = plan({
      base: { start: { kind: 'model', model: model.id }, training: null, recipe: { version: 1, seed: 1, steps } },
      dimensions: [{ kind: 'list', target: { of: 'step', step: 0, key: 'sparsity' }, values: [0.5, 0.99] }],
    });
    const results = await search(setting, asked);
    expect(results[0]?.score?.accuracy).toBeGreaterThan(results[1]?.score?.accuracy ?? 1);
    expect(results[0]).toMatchObject({ epochs: null, of: null });
    const taken = await setting.call('searchTake', {
      plan: asked,
      dataset: 'digits',
      parents: {},
      results,
      candidate: 0,
      name: 'Half',
    });
    expect(taken.reports).toHaveLength(1);
    expect(taken.reports[0]?.after.nonZero).toBeLessThan(taken.model.parameters);
    expect([taken.fresh, taken.trained]).toEqual([null, null]);
    expect(taken.validation.value).toBe(results[0]?.score?.accuracy);
  }, 60_000);
});

it('halves over a method: a round begins anew, and what is taken is what the last round judged', async () => {
  const setting = makeSetting();
  const { id } = await setting.call('create', { architecture, seed: 1 });
  const asked = plan({
    base: {
      start: { kind: 'model', model: id },
      training: null,
      recipe: { version: 1, seed: 1, steps: [{ pass: 'fine-tuning', values: { epochs: 9, batchSize: 32 } }] },
    },
    dimensions: [{ kind: 'list', target: { of: 'step', step: 0, key: 'learningRate' }, values: [0.000001, 0.01] }],
    strategy: { kind: 'halving', trials: 2, budget: 4, eta: 2, anew: { step: 0, most: 50 } },
  });
  const results = await search(setting, asked);
  expect(results.map(({ candidate, round, epochs }) => [candidate, round, epochs])).toEqual([
    [0, 0, 2],
    [1, 0, 2],
  ]);
  const more = { ...asked, strategy: { ...asked.strategy, trials: 4, budget: 12 } } as SearchPlan;
  const rates = [0.000001, 0.000002, 0.000003, 0.01];
  const wide = { ...more, dimensions: [{ ...asked.dimensions[0], values: rates }] } as SearchPlan;
  const rounds = await search(setting, wide);
  expect(rounds.map(({ round, epochs }) => [round, epochs])).toEqual(
    [0, 0, 0, 0, 1, 1].map((round) => [round, [1, 3][round]]),
  );
  const last = rounds.find(({ round, score }) => round === 1 && (score?.accuracy ?? 0) > 0.5);
  const { candidate = 0 } = last ?? {};
  const request = { plan: wide, dataset: 'digits' as const, parents: {}, results: rounds, candidate, name: 'Best' };
  // Another worker has not kept it, and makes the same.
  for (const where of [setting, makeSetting()]) {
    if (where !== setting) await where.call('create', { architecture, seed: 1 });
    const taken = await where.call('searchTake', request);
    expect(taken.validation.value).toBe(last?.score?.accuracy);
    expect(taken.reports[0]?.values).toMatchObject({ epochs: 3 });
  }
}, 60_000);

describe('repeating', () => {
  it('measures every run on test too, each with its own seed', async () => {
    const results = await search(makeSetting(), plan({ dimensions: [], seeds: [2, 3] }), { test: true });
    expect(results.map(({ seed }) => seed)).toEqual([2, 3]);
    expect(results.every(({ test }) => test?.images === 300)).toBe(true);
    expect(results[0]?.score?.loss).not.toBe(results[1]?.score?.loss);
  }, 60_000);
});

describe('choosing members', () => {
  it('finds an ensemble at least as good as the best alone, within the budget', async () => {
    const setting = makeSetting();
    const models: ModelId[] = [];
    for (const seed of [1, 2, 3]) {
      const made = await setting.call('create', { architecture, seed });
      const settings = { ...training, seed, epochs: 1 };
      models.push(
        (await setting.call('train', { model: made.id, dataset: 'digits', settings, paused: false })).model.id,
      );
    }
    const ask = (budget: Calls['chooseMembers']['request']['budget']) =>
      setting.call('chooseMembers', {
        models,
        dataset: 'digits',
        rules: ['mean-probabilities', 'selected-weights', 'cascade'],
        budget,
        seed: 1,
      });
    const free = await ask(null);
    expect(free.images).toBe(300);
    expect(free.choices[0]?.accuracy).toBeGreaterThanOrEqual(free.single?.accuracy ?? 1);
    const { way, values, members } = free.choices[0] ?? { way: '', values: {}, members: [] };
    if (members.length > 1) {
      const named = members.map((at) => ({ id: models[at] as ModelId, name: `${at}` }));
      const combined = await setting.call('combine', {
        way,
        values,
        members: named,
        dataset: 'digits',
        name: 'Together',
      });
      expect(combined.validation.value).toBeCloseTo(free.choices[0]?.accuracy ?? 0, 9);
    }
    // Two of three fit.
    const some = await ask({ by: 'macs', most: 2 * 888 });
    expect(Math.max(...some.choices.map(({ cost }) => cost))).toBeLessThanOrEqual(2 * 888);
    expect(some.choices.find(({ rule }) => rule === 'mean-probabilities')?.members.length).toBeLessThanOrEqual(2);
    // Trees on pixels multiply nothing: beside one network they cost no more than that.
    const grow = { method: 'random-forest', values: { trees: 10, depth: 8 }, features: { kind: 'pixels' } } as const;
    const forest = await setting.call('trees', { ...grow, dataset: 'digits', name: 'Forest', seed: 1 });
    const stacked = await setting.call('chooseMembers', {
      models: [...models, forest.model.id],
      dataset: 'digits',
      rules: ['stacking'],
      budget: { by: 'macs', most: 888 },
      seed: 1,
    });
    expect(stacked.choices).toHaveLength(1);
    expect(stacked.choices[0]).toMatchObject({ rule: 'stacking', way: 'stacking' });
    expect(stacked.choices[0]?.members).toContain(3);
    expect(stacked.choices[0]?.cost).toBeLessThanOrEqual(888);
  }, 60_000);
});

/** Searches as the page keeps them: set up, run, paused, taken up after a reload, and what becomes of their best. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { Run } from '#core/search/plan';
import type { SearchResult, SearchTaken } from '#worker/protocol-search';
import { accuracy, digits, freshStores, openedNode, type Stores, settle, summary } from './setting';

type Search = typeof import('#stores/search') &
  typeof import('#stores/search-setup') &
  typeof import('#stores/repeat') &
  typeof import('#stores/candidates') &
  typeof import('#stores/members');
let s: Stores;
let own: Search;

async function fresh(saved: 'saved' | 'other-tab' = 'saved'): Promise<void> {
  s = await freshStores();
  own = {
    ...(await import('#stores/search')),
    ...(await import('#stores/search-setup')),
    ...(await import('#stores/repeat')),
    ...(await import('#stores/members')),
    ...(await import('#stores/candidates')),
  };
  s.project.setState({ saved });
}

const result = (run: Run, worth: number): SearchResult => ({
  ...run,
  score: { accuracy: worth, loss: 0.1, images: 300 },
  cost: { parameters: 100, macs: 200, bytes: 300 },
  seconds: 3,
  curve: [],
});
const run = (candidate: number, some: Partial<Run> = {}): Run => ({
  candidate,
  round: 0,
  fold: null,
  seed: 1,
  epochs: 20,
  of: 20,
  ...some,
});
const taken: SearchTaken = {
  model: summary('best', { name: 'x' }),
  validation: accuracy(0.95),
  test: accuracy(0.94),
  seconds: 12,
  fresh: summary('fresh'),
  trained: null,
  reports: [],
  trace: [],
};

/** Three candidates, and the engine as it is asked. */
async function started() {
  own.setDraft('network', {
    dimensions: [{ kind: 'list', target: { of: 'training', key: 'batchSize' }, values: [16, 32, 64] }],
    strategy: 'grid',
  });
  void own.startSearch('network');
  (await s.next('loadDataset')).resolve(digits);
  return s.next('search');
}
const job = () => own.search.getState().job;

beforeEach(async () => {
  localStorage.clear();
  await fresh();
});

describe('setting up', () => {
  it('plans a network from the Build tab with the settings of the Train tab', () => {
    s.setSettings({ learningRate: 0.5, seed: 4 });
    own.setDraft('network', { seeds: 3, folds: 5 });
    expect(own.planOf('network')).toMatchObject({
      base: {
        start: { kind: 'fresh', architecture: { name: 'Small CNN' } },
        training: { learningRate: 0.5 },
        recipe: null,
      },
      seeds: [4, 5, 6],
      folds: 5,
      strategy: { kind: 'random', trials: 8 },
    });
    expect(own.planOf('recipe')).toBeNull();
  });

  it('searches the first slider of a method that is added, and forgets it with the method', () => {
    own.addSearchStep('recipe', 'magnitude-pruning');
    own.addSearchStep('recipe', 'weight-quantization');
    const targets = () => own.search.getState().drafts.recipe.dimensions.map(({ target }) => target);
    expect(targets()).toEqual([
      { of: 'step', step: 0, key: 'sparsity' },
      { of: 'step', step: 1, key: 'bits' },
    ]);
    own.removeSearchStep('recipe', 0);
    expect(targets()).toEqual([{ of: 'step', step: 0, key: 'bits' }]);
  });

  it('searches the slider that the values of a method leave in force', () => {
    s.setMethod('magnitude-pruning');
    s.setValue('amount', 'threshold', false);
    own.addSearchStep('recipe', 'magnitude-pruning');
    expect(own.search.getState().drafts.recipe.dimensions.map(({ target }) => target)).toEqual([
      { of: 'step', step: 0, key: 'threshold' },
    ]);
  });

  it('leaves folds to networks that have not seen the images, and epochs to halving', () => {
    s.addNode(openedNode('n', { name: 'Net', model: 'm', summary: summary('m') }));
    own.addSearchStep('recipe', 'magnitude-pruning');
    own.setDraft('recipe', { folds: 5, strategy: 'halving' });
    expect(own.planOf('recipe')).toMatchObject({
      base: { start: { kind: 'model', model: 'm' }, training: null },
      folds: 0,
      strategy: { kind: 'random' },
    });
    own.addDimension('network', { of: 'training', key: 'epochs' });
    own.setDraft('network', { strategy: 'halving', trials: 8, budget: 3 });
    const plan = own.planOf('network');
    expect(plan?.dimensions.some(({ target }) => target.key === 'epochs')).toBe(false);
    // Eight candidates need three rounds, an epoch each for all of them.
    expect(plan?.strategy).toEqual({ kind: 'halving', trials: 8, budget: 24, eta: 2 });
  });

  it('gives out the epochs of the last method that trains for some', () => {
    s.addNode(openedNode('n', { name: 'Net', model: 'm', summary: summary('m') }));
    own.addSearchStep('recipe', 'magnitude-pruning');
    own.addSearchStep('recipe', 'fine-tuning');
    own.addDimension('recipe', { of: 'step', step: 1, key: 'epochs' });
    const { steps } = own.search.getState().drafts.recipe;
    expect(own.halvingStep(steps)).toEqual({ step: 1, most: 50 });
    own.setDraft('recipe', { strategy: 'halving', trials: 4, budget: 1 });
    const plan = own.planOf('recipe');
    expect(plan?.strategy).toEqual({ kind: 'halving', trials: 4, budget: 8, eta: 2, anew: { step: 1, most: 50 } });
    expect(plan?.dimensions.map(({ target }) => target.key)).toEqual(['sparsity']);
    own.removeSearchStep('recipe', 1);
    expect(own.planOf('recipe')?.strategy).toMatchObject({ kind: 'random' });
  });
});

describe('a search', () => {
  it('keeps results as they come, and makes the best by validation a model, measured on test once', async () => {
    const call = await started();
    expect(call.request).toMatchObject({ dataset: 'digits', results: [], paused: false, test: false });
    call.progress({ begun: run(0) });
    expect(job()?.current?.run.candidate).toBe(0);
    const results = [result(run(0), 0.8), result(run(1), 0.95), result(run(2), 0.9)];
    for (const one of results) call.progress({ result: one });
    expect(job()?.results).toEqual(results);
    call.resolve(results);
    const take = await s.next('searchTake');
    expect(take.request).toMatchObject({ candidate: 1, results, name: 'Small CNN, best of 3' });
    expect(job()?.status).toBe('taking');
    take.resolve(taken);
    await settle();
    expect(job()?.status).toBe('done');
    const node = s.selectedNode();
    expect(node).toMatchObject({
      name: 'Small CNN, best of 3',
      model: 'best',
      validation: { value: 0.95 },
      test: { value: 0.94 },
      origin: { kind: 'trained', settings: { batchSize: 32 } },
      searched: { strategy: 'grid', trials: 3, folds: 0, isBest: true },
    });
    // The untrained network is its parent, out of sight.
    const { nodes, order } = s.project.getState();
    expect(nodes[node?.parent ?? '']).toMatchObject({ model: 'fresh', origin: { kind: 'template' } });
    expect(order).toEqual([node?.id]);
    s.undo();
    expect(s.project.getState().order).toEqual([]);
  });

  it('pauses, goes on, stops, and can be gone on with from what is done', async () => {
    const call = await started();
    const going = () => own.candidates.getState().going;
    expect(going()).toEqual({ kind: 'search', done: 0 });
    call.progress({ result: result(run(0), 0.8) });
    expect(going()?.done).toBeCloseTo(1 / 3);
    void own.pauseSearch();
    expect(going()?.kind).toBe('searchPaused');
    const pause = await s.next('searchControl');
    expect(pause.request).toEqual({ action: 'pause' });
    pause.resolve(null);
    expect(job()?.status).toBe('paused');
    void own.resumeSearch();
    expect((await s.next('searchControl')).request).toEqual({ action: 'resume' });
    own.stopSearch();
    expect(call.signal?.aborted).toBe(true);
    await settle();
    expect(job()).toMatchObject({ status: 'stopped', results: [{ candidate: 0 }] });
    expect(going()).toBeNull();
    expect(s.view.getState().announcement?.en).toMatch(/^The search was stopped\./);
    void own.resumeSearch();
    expect((await s.next('search')).request).toMatchObject({ results: [{ candidate: 0 }] });
  });

  it('goes on with the next engine when one dies, and says so when they keep dying', async () => {
    const lost = () => new s.FaultError({ code: 'worker-died', words: { en: 'It died.', zh: '' } });
    const first = await started();
    first.progress({ result: result(run(0), 0.8) });
    first.reject(lost());
    const second = await s.next('search');
    expect(second.request.results).toHaveLength(1);
    second.reject(lost());
    (await s.next('search')).reject(lost());
    await settle();
    await expect.poll(() => job()?.status).toBe('failed');
    expect(job()?.fault?.code).toBe('worker-died');
  });

  it('is alone: a second one is not begun', async () => {
    await started();
    void own.startSearch('network');
    await settle();
    expect(s.asked).toEqual([]);
  });

  it('makes another candidate a model when asked, not the best', async () => {
    const call = await started();
    const results = [result(run(0), 0.8), result(run(1), 0.95), result(run(2), 0.9)];
    for (const one of results) call.progress({ result: one });
    call.resolve(results);
    (await s.next('searchTake')).resolve(taken);
    await settle();
    void own.takeTrial(2);
    const take = await s.next('searchTake');
    expect(take.request).toMatchObject({ candidate: 2, name: 'Small CNN, trial 3 of 3' });
    take.resolve({ ...taken, model: summary('third') });
    await settle();
    expect(s.selectedNode()).toMatchObject({ model: 'third', searched: { isBest: false } });
    expect(Object.keys(job()?.made ?? {})).toEqual(['1', '2']);
  });
});

describe('after a reload', () => {
  /** As another visit finds it. */
  async function reload(): Promise<void> {
    await fresh();
    own.takeUpSearch();
  }

  it('a search that was going on goes on by itself, with what is left', async () => {
    const call = await started();
    call.progress({ result: result(run(0), 0.8) });
    await reload();
    expect(job()).toMatchObject({ status: 'running', results: [{ candidate: 0 }] });
    (await s.next('loadDataset')).resolve(digits);
    expect((await s.next('search')).request).toMatchObject({ results: [{ candidate: 0 }], paused: false });
  });

  it('a paused one waits', async () => {
    await started();
    void own.pauseSearch();
    await reload();
    await settle();
    expect(job()?.status).toBe('paused');
    expect(s.asked).toEqual([]);
  });

  it('one that has brought down every visit waits for a person', async () => {
    await started();
    for (let visit = 0; visit < 3; visit++) {
      await reload();
      expect(job()?.status).toBe('running');
    }
    await reload();
    expect(job()?.status).toBe('paused');
  });

  it('what cannot be read is left alone', async () => {
    localStorage.setItem('whittle.search', JSON.stringify({ job: { search: { dataset: 'none' }, results: 3 } }));
    await reload();
    expect(job()).toBeNull();
  });
});

describe('in a second tab', () => {
  /** What the first tab kept, and the copy of it that the second shows. */
  async function second(): Promise<void> {
    const call = await started();
    call.progress({ result: result(run(0), 0.8) });
    await fresh('other-tab');
    expect(job()).toMatchObject({ status: 'paused', results: [{ candidate: 0 }] });
  }
  const first = (patch: object) => {
    const kept = JSON.parse(localStorage.getItem('whittle.search') ?? '');
    localStorage.setItem('whittle.search', JSON.stringify({ ...kept, job: { ...kept.job, ...patch } }));
  };

  it('the search of the first goes on when that one is gone, with all that it had', async () => {
    await second();
    first({ results: [result(run(0), 0.8), result(run(1), 0.9)] });
    s.project.setState({ saved: 'saved' });
    expect(job()).toMatchObject({ status: 'running', results: [{ candidate: 0 }, { candidate: 1 }] });
  });

  it('the one that goes on there is kept instead, and that is said', async () => {
    await second();
    own.stopSearch();
    own.dismissSearch();
    own.setDraft('network', { trials: 3, strategy: 'random' });
    void own.startSearch('network');
    (await s.next('loadDataset')).resolve(digits);
    await s.next('search');
    s.project.setState({ saved: 'saved' });
    expect(job()).toMatchObject({ status: 'running', results: [] });
    expect(JSON.parse(localStorage.getItem('whittle.search') ?? '').job.results).toEqual([]);
    expect(s.view.getState().notices.map(({ words }) => words.en)).toEqual([
      'The search of the tab that is gone gives way to the one of this tab. Models that came of it stay.',
    ]);
  });
});

describe('repeating', () => {
  async function trained(seed = 1, stopped = false) {
    const model = summary('m');
    const template = {
      id: 't',
      name: 'Net',
      model: 'fresh',
      summary: summary('fresh'),
      parent: null,
      dataset: 'digits',
      origin: { kind: 'template', architecture: s.build.getState().architecture, seed: 1 },
      validation: null,
      test: null,
      latency: null,
      notes: [],
      made: 1,
    } as const;
    s.addNode(template);
    const settings = { ...s.training.getState().settings, seed };
    s.addNode(
      {
        ...template,
        id: 'n',
        model: 'm',
        summary: model,
        parent: 't',
        origin: { kind: 'trained', settings, seconds: 1, stopped, trace: [] },
        validation: accuracy(0.9),
        test: accuracy(0.88),
      },
      't',
    );
  }

  it('makes the network again with other seeds, and puts every run beside it', async () => {
    await trained();
    own.setRepeats(2);
    void own.repeatModel();
    (await s.next('loadDataset')).resolve(digits);
    const call = await s.next('search');
    expect(call.request).toMatchObject({
      test: true,
      plan: { seeds: [2, 3], dimensions: [], base: { start: { kind: 'fresh' }, training: { seed: 1 } } },
    });
    const results = [2, 3].map((seed) => ({ ...result(run(0, { seed }), 0.9 + seed / 100), test: accuracy(0.9) }));
    for (const one of results) call.progress({ result: one });
    const runs = () => s.project.getState().nodes['n']?.runs;
    expect(runs()?.map(({ seed, validation }) => [seed, validation.value])).toEqual([
      [2, 0.92],
      [3, 0.93],
    ]);
    call.resolve(results);
    await settle();
    // Nothing is chosen: no model is made.
    expect(s.asked).toEqual([]);
    expect(job()?.status).toBe('done');
    // Again: with seeds that were not used.
    void own.repeatModel();
    expect((await s.next('search')).request.plan.seeds).toEqual([4, 5]);
    expect(runs()).toHaveLength(2);
  });

  it('does not count the model among its runs where it was not trained alike', async () => {
    await trained(7, true);
    const node = s.selectedNode();
    expect(node && own.repeatable(node)?.own).toBeNull();
  });

  it('cannot repeat what it does not know the making of', async () => {
    await trained();
    const node = s.selectedNode();
    if (!node) throw new Error('nothing is selected');
    expect(own.repeatable({ ...node, origin: { kind: 'opened', file: 'x', format: 'keras-h5' } })).toBeNull();
    expect(own.repeatable({ ...node, dataset: null })).toBeNull();
  });
});

describe('choosing members', () => {
  it('asks about the single models and trees of the data set, and combines what was found', async () => {
    for (const id of ['a', 'b', 'c'])
      s.addNode(openedNode(id, id === 'c' ? { summary: summary(`m-${id}`, { kind: 'ensemble' }) } : {}));
    const trees = { method: 'decision-tree', trees: 1, depth: 3, comparisons: 3 };
    const features = { model: 'm-a', name: 'a', layer: 'dense_1' };
    s.addNode(openedNode('d', { summary: summary('m-d', { kind: 'trees', trees: { ...trees, features: 'pixels' } }) }));
    s.addNode(openedNode('e', { summary: summary('m-e', { kind: 'trees', trees: { ...trees, features } }) }));
    own.setChoosing({ budget: { by: 'macs', most: 9000 }, rules: ['cascade'] });
    void own.chooseNow();
    const call = await s.next('chooseMembers');
    expect(call.request).toEqual({
      models: ['m-a', 'm-b', 'm-d'],
      dataset: 'digits',
      rules: ['cascade'],
      budget: { by: 'macs', most: 9000 },
      seed: 1,
    });
    const choice = {
      rule: 'cascade',
      way: 'cascade',
      values: { threshold: 0.7 },
      members: [1, 0],
      accuracy: 0.95,
      cost: 6000,
      steps: [],
    } as const;
    call.resolve({ choices: [choice], single: null, images: 300, seconds: 1 });
    await settle();
    void own.combineChoice(choice);
    const combine = await s.next('combine');
    expect(combine.request).toMatchObject({
      way: 'cascade',
      values: { threshold: 0.7 },
      members: [{ id: 'm-b' }, { id: 'm-a' }],
    });
  });
});

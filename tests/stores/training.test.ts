import { beforeEach, describe, expect, it } from 'vitest';
import type { TrainProgress, TrainResult } from '#worker/protocol';
import { accuracy, digits, freshStores, type Stores, settle, summary } from './setting';

let s: Stores;
beforeEach(async () => {
  localStorage.clear();
  s = await freshStores();
});
const progress = (step: number, state: 'running' | 'paused' = 'running'): TrainProgress => ({
  point: { step, epoch: step / 18, trainLoss: 1 / step, trainAccuracy: 0.5 },
  totalSteps: 54,
  imagesPerSecond: 1000,
  secondsLeft: 1,
  state,
});
const result = (model: string): TrainResult => ({
  model: summary(model),
  validation: accuracy(0.95),
  test: accuracy(0.94),
  seconds: 2,
  stopped: false,
});

/** Answers what comes before the run itself. */
async function begin(model = 'untrained') {
  (await s.next('loadDataset')).resolve(digits);
  (await s.next('create')).resolve(summary(model));
  return s.next('train');
}

describe('training', () => {
  it('makes a model from the Build tab, trains it, and puts the trained one in its place', async () => {
    const done = s.train();
    const run = await begin();
    expect(run.request).toMatchObject({
      model: 'untrained',
      dataset: 'digits',
      paused: false,
      settings: { batchSize: 64, seed: 1 },
    });
    expect(s.training.getState().status).toBe('running');
    expect(s.project.getState().nodes[s.training.getState().node as string]?.name).toBe('Small CNN');
    run.progress({ compiling: { ready: 7, of: 24 } });
    expect(s.training.getState()).toMatchObject({ compiling: { ready: 7, of: 24 }, progress: null, trace: [] });
    run.progress({ compiling: { ready: 24, of: 24 } });
    expect(s.training.getState().compiling).toBeNull();
    run.progress(progress(1));
    run.progress(progress(54));
    expect(s.training.getState().trace).toHaveLength(2);
    run.resolve(result('trained'));
    await done;
    const { nodes, order } = s.project.getState();
    expect(order).toHaveLength(1);
    expect(nodes[order[0] as string]).toMatchObject({
      name: 'Small CNN',
      model: 'trained',
      dataset: 'digits',
      test: { value: 0.94 },
      origin: { kind: 'trained', stopped: false, trace: [{ step: 1 }, { step: 54 }] },
    });
    expect(s.training.getState()).toMatchObject({ status: 'idle', node: null });
    expect(s.view.getState().announcement?.en).toMatch(/finished.*94\.00 %/);
  });

  it('trains a trained model further into another one', async () => {
    const first = s.train();
    const run = await begin();
    run.progress(progress(54));
    run.resolve(result('trained'));
    await first;
    const parent = s.selectedNode()?.id;
    const second = s.train();
    const again = await s.next('train');
    expect(again.request.model).toBe('trained');
    again.progress(progress(54));
    again.resolve(result('further'));
    await second;
    expect(s.project.getState().order).toHaveLength(2);
    expect(s.selectedNode()).toMatchObject({ name: 'Small CNN, 3 more epochs', parent, model: 'further' });
  });

  it('starts afresh after an edit on the Build tab or another data set', async () => {
    const first = s.train();
    const run = await begin();
    run.progress(progress(54));
    run.resolve(result('trained'));
    await first;
    s.setTemplate('lenet-5');
    expect(s.project.getState().selected).toBeNull();
    const second = s.train();
    const create = await s.next('create');
    expect(create.request.architecture).toMatchObject({ name: 'LeNet-5', input: [8, 8, 1] });
    create.reject(new s.FaultError({ code: 'shape', words: { en: 'does not fit', zh: '' } }));
    await second;
    expect(s.training.getState()).toMatchObject({ status: 'idle', fault: { words: { en: 'does not fit' } } });
    s.select(s.project.getState().order[0] as string);
    void s.selectDataset('mnist');
    expect(s.project.getState().selected).toBeNull();
    expect(s.build.getState().architecture.input).toEqual([28, 28, 1]);
    void s.selectDataset('digits');
    expect(s.selectedNode()?.model).toBe('trained');
  });

  it('pauses, goes on, steps and stops', async () => {
    const done = s.train();
    const run = await begin();
    const controlled = async (action: string): Promise<void> => {
      const call = await s.next('trainControl');
      expect(call.request.action).toBe(action);
      call.resolve(null);
    };
    void s.pause();
    await controlled('pause');
    run.progress(progress(3, 'paused'));
    expect(s.training.getState().status).toBe('paused');
    void s.step();
    await controlled('step');
    void s.resume();
    await controlled('resume');
    expect(s.training.getState().status).toBe('running');
    void s.stop();
    await controlled('stop');
    expect(s.training.getState().status).toBe('finishing');
    run.progress(progress(4));
    expect(s.training.getState().status).toBe('finishing');
    run.resolve({ ...result('trained'), stopped: true });
    await done;
    expect(s.selectedNode()?.origin).toMatchObject({ kind: 'trained', stopped: true });
  });

  it('steps from nothing: a paused run is started and does one batch', async () => {
    void s.step();
    const run = await begin();
    expect(run.request.paused).toBe(true);
    const step = await s.next('trainControl');
    expect(step.request.action).toBe('step');
    expect(s.training.getState().status).toBe('paused');
  });

  it('does not start twice, and a stop before the first batch makes no model', async () => {
    const done = s.train();
    const run = await begin();
    await s.train();
    expect(s.asked.filter(({ name }) => name === 'train')).toHaveLength(0);
    run.resolve({ ...result('untrained'), stopped: true });
    await done;
    expect(s.selectedNode()).toMatchObject({ model: 'untrained', test: null });
  });

  it('says why it failed and can be started again', async () => {
    const done = s.train();
    (await begin()).reject(new s.FaultError({ code: 'engine-diverged', words: { en: 'ran away', zh: '' } }));
    await done;
    expect(s.training.getState()).toMatchObject({ status: 'idle', fault: { words: { en: 'ran away' } } });
    void s.train();
    expect((await s.next('train')).request.model).toBe('untrained');
  });

  it('keeps the settings for the next visit, and no nonsense', async () => {
    s.setSettings({ epochs: 7, optimizer: { kind: 'momentum', momentum: 0.9 }, dropout: 0.2 });
    s = await freshStores();
    expect(s.training.getState().settings).toMatchObject({ epochs: 7, optimizer: { kind: 'momentum' }, dropout: 0.2 });
    localStorage.setItem('whittle.training', '{"epochs":"many","optimizer":{"kind":"magic"},"dropout":3,"seed":null}');
    s = await freshStores();
    expect(s.training.getState().settings).toMatchObject({
      epochs: 3,
      optimizer: { kind: 'adam' },
      dropout: null,
      seed: 1,
    });
  });

  it('keeps a long trace light, with its first and last points', async () => {
    void s.train();
    const run = await begin();
    for (let step = 1; step <= 9000; step++) run.progress(progress(step));
    await settle();
    const { trace } = s.training.getState();
    expect(trace.length).toBeLessThanOrEqual(2000);
    expect(trace.at(-1)?.step).toBe(9000);
  });
});

describe('a run that was cut short', () => {
  const died = () => new s.FaultError({ code: 'worker-died', words: { en: 'died', zh: '' }, mayGoOn: true });
  const left = (model: string, step: number) => ({
    model,
    dataset: 'digits' as const,
    settings: { ...s.DEFAULT_SETTINGS, epochs: 9, seed: 5 },
    epoch: step / 18,
    trace: [progress(1).point, progress(step).point],
  });
  const said = (): string[] => s.view.getState().notices.map(({ words }) => words.en);

  it('goes on from its checkpoint in the next worker, and says so', async () => {
    const done = s.train();
    const run = await begin();
    for (const step of [9, 18, 27]) run.progress(progress(step));
    run.reject(died());
    (await s.next('interrupted')).resolve(left('untrained', 25));
    const again = await s.next('train');
    expect(again.request).toEqual({ ...run.request, resume: true });
    expect(said()).toEqual(['Training goes on from epoch 1.4.']);
    expect(s.training.getState().status).toBe('running');
    again.progress(progress(26));
    expect(s.training.getState().trace.map(({ step }) => step)).toEqual([9, 18, 26]);
    again.progress(progress(54));
    again.resolve(result('trained'));
    await done;
    expect(s.selectedNode()).toMatchObject({ model: 'trained', origin: { kind: 'trained' } });
    expect(s.training.getState()).toMatchObject({ status: 'idle', fault: null, interrupted: null });
    expect(localStorage.getItem('whittle.run')).toBe('{}');
  });

  it('stays paused where it was paused, and ends where it was to stop', async () => {
    const done = s.train();
    const run = await begin();
    run.progress(progress(9, 'paused'));
    run.reject(died());
    (await s.next('interrupted')).resolve(null);
    const second = await s.next('train');
    expect(second.request).toMatchObject({ paused: true, resume: true });
    expect(said()).toEqual(['Training has started over.']);
    void s.stop();
    expect((await s.next('trainControl')).request.action).toBe('stop');
    second.reject(died());
    (await s.next('interrupted')).resolve(left('untrained', 9));
    const third = await s.next('train');
    expect(third.request.paused).toBe(true);
    expect((await s.next('trainControl')).request.action).toBe('stop');
    third.resolve({ ...result('trained'), stopped: true });
    await done;
    expect(s.training.getState().status).toBe('idle');
  });

  it('is given up after the third engine, and can then be gone on with by hand', async () => {
    const done = s.train();
    (await begin()).reject(died());
    for (let life = 2; life <= 3; life++) {
      (await s.next('interrupted')).resolve(left('untrained', 18));
      (await s.next('train')).reject(died());
    }
    await done;
    expect(s.training.getState()).toMatchObject({ status: 'idle', fault: { words: { en: 'died' } } });
    (await s.next('interrupted')).resolve(left('untrained', 18));
    await settle();
    const { interrupted } = s.training.getState();
    expect(interrupted?.run.epoch).toBe(1);
    const going = s.continueRun();
    const run = await s.next('train');
    expect(run.request).toMatchObject({
      model: 'untrained',
      resume: true,
      paused: false,
      settings: { epochs: 9, seed: 5 },
    });
    expect(s.training.getState()).toMatchObject({ interrupted: null, status: 'running', settings: { seed: 5 } });
    expect(s.training.getState().trace.at(-1)?.step).toBe(18);
    run.resolve(result('trained'));
    await going;
    expect(s.selectedNode()?.model).toBe('trained');
  });

  it('by a reload is offered by the tab that owns the project, and forgotten when discarded', async () => {
    const making = s.createModel();
    (await s.next('create')).resolve(summary('untrained'));
    const node = (await making).id;
    localStorage.setItem('whittle.run', JSON.stringify({ node }));
    s.project.setState({ saved: 'restoring' });
    s.project.setState({ saved: 'other-tab' });
    await settle();
    expect(s.asked).toHaveLength(0);
    s.project.setState({ saved: 'restoring' });
    s.project.setState({ saved: 'saved' });
    (await s.next('interrupted')).resolve(left('untrained', 25));
    await settle();
    expect(s.training.getState().interrupted).toMatchObject({ node });
    const offer = 'A training run was interrupted. The Train tab offers to go on with it.';
    expect(said()).toEqual([offer]);
    // Neither going on nor a new run ends it where the data set cannot be had.
    const unread = () => new s.FaultError({ code: 'dataset-fetch', words: { en: 'not there', zh: '' }, mayGoOn: true });
    for (const again of [s.continueRun, s.train]) {
      const going = again();
      (await s.next('loadDataset')).reject(unread());
      await going;
      (await s.next('interrupted')).resolve(left('untrained', 25));
      await settle();
      expect(s.training.getState().interrupted).toMatchObject({ node });
    }
    const going = s.continueRun();
    (await s.next('loadDataset')).resolve(digits);
    (await s.next('train')).reject(unread());
    await going;
    (await s.next('interrupted')).resolve(left('untrained', 25));
    await settle();
    expect(s.training.getState().interrupted).toMatchObject({ node });
    expect(said()).toEqual(['not there', offer]);
    void s.discardRun();
    expect(said()).toEqual(['not there']);
    expect((await s.next('interrupted')).request).toEqual({ discard: true });
    expect(s.training.getState().interrupted).toBeNull();
    expect(localStorage.getItem('whittle.run')).toBe('{}');
  });

  it('of a model that is not there any more is forgotten', async () => {
    localStorage.setItem('whittle.run', JSON.stringify({ node: 'gone' }));
    s.project.setState({ saved: 'saved' });
    (await s.next('interrupted')).resolve(left('untrained', 25));
    expect((await s.next('interrupted')).request).toEqual({ discard: true });
    expect(s.training.getState().interrupted).toBeNull();
  });
});

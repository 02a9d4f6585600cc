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

/** What was being applied when the page was left, offered by the next visit. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { ModelNode } from '#stores/state';
import type { ApplyResult } from '#worker/protocol';
import { accuracy, freshStores, openedNode, type Stores, settle, summary } from './setting';

let s: Stores;
const result: ApplyResult = {
  model: summary('m-made'),
  validation: accuracy(0.8),
  test: accuracy(0.8),
  reports: [],
  notes: [],
  seconds: 1,
};
const tune = { pass: 'fine-tuning', values: { epochs: 7 } };
const quantized: ModelNode['origin'] = {
  kind: 'recipe',
  recipe: { version: 1, seed: 5, steps: [{ pass: 'weight-quantization', values: { bits: 4 } }] },
  seconds: 1,
};

/** The page is left, and comes back with its models. */
async function reload(without: readonly string[] = []): Promise<void> {
  const { nodes, order } = s.project.getState();
  s = await freshStores();
  for (const id of order) if (!without.includes(id)) s.addNode(nodes[id] as ModelNode);
  s.project.setState({ saved: 'restoring' });
  s.project.setState({ saved: 'saved' });
}
/** An Apply that the page is left in; how it was kept. The next visit hears that 2.5 epochs of it are done. */
async function cutShort(): Promise<string> {
  void s.apply();
  await s.next('apply');
  const asked = kept();
  await reload();
  (await s.next('interruptedRecipe')).resolve({ done: 0, epoch: 2.5 });
  await settle();
  return asked;
}
const offered = () => s.interruptedApplying.getState().application;
const told = () => s.view.getState().notices.map(({ words }) => words.en);
const kept = () => localStorage.getItem('whittle.applying') ?? '{}';

beforeEach(async () => {
  localStorage.clear();
  s = await freshStores();
  s.addNode(openedNode('a', { name: 'Model a' }));
  s.addNode(openedNode('b', { name: 'Model b', parent: 'a', origin: quantized }));
});

describe('a method that trains', () => {
  beforeEach(async () => {
    s.select('a');
    s.setMethod('fine-tuning');
    s.setValue('epochs', 7, false);
    s.setSeed(4);
  });

  it('is offered with how far it is, and asked for again as it was', async () => {
    void s.apply();
    const asked = await s.next('apply');
    await reload();
    (await s.next('interruptedRecipe')).resolve({ done: 0, epoch: 2.5 });
    await settle();
    expect(offered()).toMatchObject({ asked: { way: 'method', node: 'a' }, done: 0, epoch: 2.5 });
    expect(s.view.getState().notices.at(-1)?.words.en).toBe(
      'Fine-tuning was being applied to Model a and was interrupted. The Optimize tab offers to go on with it.',
    );
    expect(s.project.getState().selected).toBe('b');
    const going = s.continueApplication();
    const again = await s.next('apply');
    // The same question to the letter: the engine knows what it has kept by it.
    expect(JSON.stringify(again.request)).toBe(JSON.stringify({ ...(asked.request as object), resume: true }));
    expect(offered()).toBeNull();
    expect(told()).toEqual([]);
    expect(s.optimize.getState()).toMatchObject({ method: 'fine-tuning', seed: 4 });
    expect(s.optimize.getState().values['fine-tuning']).toMatchObject({ epochs: 7 });
    expect(s.view.getState()).toMatchObject({ tab: 'optimize', optimizeView: 'method' });
    // Where it goes on is told while it does.
    const words = { en: 'Fine-tuning goes on from epoch 2.5.', zh: '' };
    again.progress({ done: 0.3, step: 0, goesOn: words });
    expect(told()).toEqual([words.en]);
    again.resolve(result);
    await going;
    expect(told()).toEqual([]);
    expect(s.selectedNode()).toMatchObject({ model: 'm-made', parent: 'a' });
    expect(kept()).toBe('{}');
  });

  it('is not offered where it ended, was given up, or is let go', async () => {
    const done = s.apply();
    const call = await s.next('apply');
    expect(JSON.parse(kept())).toMatchObject({ way: 'method', node: 'a' });
    call.resolve(result);
    await done;
    expect(kept()).toBe('{}');
    const stopped = s.apply();
    await s.next('apply');
    s.cancelApply();
    await stopped;
    expect(kept()).toBe('{}');
    void s.apply();
    await s.next('apply');
    await reload();
    (await s.next('interruptedRecipe')).resolve({ done: 0, epoch: null });
    await settle();
    const gone = s.discardApplication();
    const discarded = await s.next('interruptedRecipe');
    expect(discarded.request).toEqual({ discard: true });
    discarded.resolve(null);
    await gone;
    expect(told()).toEqual([]);
    expect(s.view.getState().announcement).toBeNull();
    expect(offered()).toBeNull();
    expect(kept()).toBe('{}');
  });

  it('is not offered where its model is gone, where the engine kept nothing, or where other work has begun', async () => {
    void s.apply();
    await s.next('apply');
    const asked = kept();
    await reload(['a', 'b']);
    (await s.next('interruptedRecipe')).resolve({ done: 0, epoch: 1 });
    expect((await s.next('interruptedRecipe')).request).toEqual({ discard: true });
    expect(kept()).toBe('{}');

    s.addNode(openedNode('a'));
    for (const [left, other] of [
      [null, false],
      [{ done: 0, epoch: 1 }, true],
    ] as const) {
      localStorage.setItem('whittle.applying', asked);
      await reload();
      const question = await s.next('interruptedRecipe');
      s.setMethod('fine-tuning');
      if (other) void s.apply();
      question.resolve(left);
      await settle();
      expect(offered()).toBeNull();
    }
  });

  it('stays on offer where the data set or a backend could not be had', async () => {
    const asked = await cutShort();
    for (const code of ['dataset-fetch', 'engine-backend']) {
      const going = s.continueApplication();
      (await s.next('apply')).reject(new s.FaultError({ code, words: { en: 'not there', zh: '' }, mayGoOn: true }));
      await going;
      expect(kept()).toBe(asked);
      (await s.next('interruptedRecipe')).resolve({ done: 0, epoch: 2.5 });
      await settle();
      expect(offered()).toMatchObject({ asked: { way: 'method', node: 'a' }, epoch: 2.5 });
      // The tab is open, and shows it: nothing lies over that.
      expect(told()).toEqual(['not there']);
      expect(s.view.getState().announcement?.en).toMatch(/^Fine-tuning was being applied/);
    }
    const going = s.continueApplication();
    (await s.next('apply')).reject(new s.FaultError({ code: 'pass', words: { en: 'refused', zh: '' } }));
    await going;
    expect(offered()).toBeNull();
    expect(kept()).toBe('{}');
  });

  it('is still offered where something else was asked for and could not begin', async () => {
    const asked = await cutShort();
    s.select('a');
    s.setMethod('fine-tuning');
    s.setSeed(9);
    const other = s.apply();
    (await s.next('apply')).reject(
      new s.FaultError({ code: 'dataset-fetch', words: { en: 'not there', zh: '' }, mayGoOn: true }),
    );
    await other;
    expect(kept()).toBe(asked);
    (await s.next('interruptedRecipe')).resolve({ done: 0, epoch: 2.5 });
    await settle();
    expect(offered()).toMatchObject({ asked: { recipe: { seed: 4 } } });
  });

  it('is offered also where engine after engine failed', async () => {
    const died = () => new s.FaultError({ code: 'worker-died', words: { en: 'died', zh: '' }, mayGoOn: true });
    const done = s.apply();
    for (let life = 0; life < 3; life++) (await s.next('apply')).reject(died());
    await done;
    (await s.next('interruptedRecipe')).resolve({ done: 0, epoch: 3 });
    await settle();
    expect(offered()).toMatchObject({ epoch: 3 });
  });
});

it('a method that does not train is quickly done again, and leaves what could go on', async () => {
  localStorage.setItem('whittle.applying', '{"way":"method"}');
  const done = s.runFrom(0);
  (await s.next('apply')).resolve(result);
  await done;
  expect(kept()).toBe('{"way":"method"}');
});

it('a recipe goes on as it was edited', async () => {
  s.select('b');
  s.setStepValue(0, 'bits', 3);
  s.addStep(tune.pass);
  s.setStepValue(1, 'epochs', 7);
  void s.runFrom(0);
  const asked = await s.next('apply');
  const { drafts } = s.recipes.getState();
  await reload();
  expect(s.recipes.getState().drafts).toEqual({});
  (await s.next('interruptedRecipe')).resolve({ done: 1, epoch: 0.5 });
  await settle();
  expect(s.view.getState().notices.at(-1)?.words.en).toMatch(/^A recipe was being applied to Model b/);
  s.select('a');
  const going = s.continueApplication();
  const again = await s.next('apply');
  expect(JSON.stringify(again.request)).toBe(JSON.stringify({ ...(asked.request as object), resume: true }));
  expect(s.recipes.getState().drafts['b']?.steps.map(({ step }) => step)).toEqual(
    drafts['b']?.steps.map(({ step }) => step),
  );
  expect(s.view.getState()).toMatchObject({ tab: 'optimize', optimizeView: 'recipe' });
  again.resolve(result);
  await going;
  expect(s.selectedNode()).toMatchObject({ model: 'm-made' });
  expect(kept()).toBe('{}');
});

it('a recipe that was edited otherwise in the meantime is not written over', async () => {
  s.select('b');
  s.addStep(tune.pass);
  void s.runFrom(0);
  const asked = await s.next('apply');
  await reload();
  (await s.next('interruptedRecipe')).resolve({ done: 0, epoch: 0.5 });
  await settle();
  s.select('b');
  s.setStepValue(0, 'bits', 2);
  const { drafts } = s.recipes.getState();
  await s.continueApplication();
  expect(s.recipes.getState().drafts).toEqual(drafts);
  expect(s.asked.filter(({ name }) => name === 'apply')).toEqual([]);
  expect(offered()).not.toBeNull();
  expect(told().at(-1)).toMatch(/^This recipe has been changed since it was interrupted\. Undo the changes first/);
  s.resetDraft();
  const going = s.continueApplication();
  const again = await s.next('apply');
  expect(JSON.stringify(again.request)).toBe(JSON.stringify({ ...(asked.request as object), resume: true }));
  expect(told()).toEqual([]);
  // What it was asked for is its draft now: after a failure it can be asked for again.
  again.reject(new s.FaultError({ code: 'dataset-fetch', words: { en: 'not there', zh: '' }, mayGoOn: true }));
  await going;
  (await s.next('interruptedRecipe')).resolve({ done: 0, epoch: 0.5 });
  await settle();
  void s.continueApplication();
  expect((await s.next('apply')).request).toEqual(again.request);
});

/** A model's recipe: joined from its ancestors, edited, run again from a step on, and carried as text and link. */
import { beforeEach, describe, expect, it } from 'vitest';
import { stepSeed } from '#core/recipe';
import { lineOf, START } from '#stores/lineage';
import { readFragment, recipeFragment } from '#stores/recipe-link';
import { withoutLost } from '#stores/records';
import type { ModelNode } from '#stores/state';
import type { ApplyResult, StepOutcome } from '#worker/protocol';
import { accuracy, freshStores, type Stores, summary } from './setting';

let s: Stores;
const base = { dataset: 'digits', test: accuracy(0.9), latency: null, notes: [], made: 1 } as const;
const facts = { parameters: 1000, nonZero: 1000, distinct: 9, macs: 1 };
const outcome = (step: number, pass: string): StepOutcome => ({
  step,
  pass,
  values: {},
  notes: [],
  before: facts,
  after: facts,
  bytes: 10,
  validation: accuracy(0.9),
});
const node = (id: string, parent: string | null, origin: ModelNode['origin'], model = `m-${id}`): ModelNode => ({
  ...base,
  id,
  name: id,
  model,
  summary: summary(model),
  parent,
  origin,
  validation: accuracy(0.9),
});
const opened: ModelNode['origin'] = { kind: 'opened', file: 'x', format: 'keras-h5' };
const prune = { pass: 'magnitude-pruning', values: { sparsity: 0.9 } };
const tune = { pass: 'fine-tuning', values: { epochs: 1 } };
const distil = { pass: 'distillation', values: { teacher: 'root', student: 'same' } };
const made = (...steps: readonly { pass: string; values: object }[]): ModelNode['origin'] => ({
  kind: 'recipe',
  recipe: { version: 1, seed: 5, steps: steps as never },
  seconds: 1,
  reports: steps.map(({ pass }, at) => outcome(at, pass)),
});
const result = (model: string): ApplyResult => ({
  model: summary(model),
  validation: accuracy(0.8),
  test: accuracy(0.8),
  reports: [outcome(1, 'fine-tuning'), outcome(2, 'distillation')],
  notes: [],
  seconds: 1,
});

beforeEach(async () => {
  localStorage.clear();
  s = await freshStores();
  s.addNode(node('root', null, opened));
  s.addNode(node('a', 'root', made(prune)));
  s.addNode(node('b', 'a', made(tune, distil)));
});
const passes = () => s.recipes.getState().drafts['b']?.steps.map(({ step }) => step.pass);

describe('a line', () => {
  it('joins the steps of all ancestors, each with the seed it ran with, and names its start', () => {
    const line = lineOf(s.project.getState().nodes, 'b');
    expect(line?.start.id).toBe('root');
    expect(line?.steps.map(({ step }) => [step.pass, step.seed])).toEqual([
      ['magnitude-pruning', stepSeed(5, 0, 'magnitude-pruning')],
      ['fine-tuning', stepSeed(5, 0, 'fine-tuning')],
      ['distillation', stepSeed(5, 1, 'distillation')],
    ]);
    expect(line?.steps.map(({ node: held }) => held?.id ?? null)).toEqual(['a', null, 'b']);
    expect(line?.steps.map((one) => one.outcome?.pass)).toEqual(['magnitude-pruning', 'fine-tuning', 'distillation']);
    expect(line?.steps[2]?.step.values['teacher']).toBe(START);
  });

  it('of a model that no recipe made is only its start, and a loop ends', () => {
    expect(lineOf(s.project.getState().nodes, 'root')).toMatchObject({ start: { id: 'root' }, steps: [] });
    expect(lineOf(s.project.getState().nodes, 'gone')).toBeNull();
    const loop = { p: node('p', 'q', made(prune)), q: node('q', 'p', made(tune)) };
    expect(lineOf(loop, 'p')?.steps).toHaveLength(2);
  });
});

it('keeps the steps of models that were lost between others', () => {
  const { nodes, order } = s.project.getState();
  const stored = { nodes, order, selected: 'b', past: [], future: [], looks: {} };
  const { nodes: kept } = withoutLost(stored, Object.values(nodes), new Set(['a']));
  expect(kept['b']).toMatchObject({ parent: 'root' });
  const before = lineOf(nodes, 'b');
  const after = lineOf(kept, 'b');
  expect(after?.steps.map(({ step }) => step)).toEqual(before?.steps.map(({ step }) => step));
  expect(after?.steps.map((one) => one.outcome?.pass)).toEqual(before?.steps.map((one) => one.outcome?.pass));
});

describe('editing', () => {
  it('changes, moves, switches, adds and removes steps; what ends as it was is no change', () => {
    s.setStepValue(0, 'sparsity', 7);
    expect(s.recipes.getState().drafts['b']?.steps[0]?.step.values['sparsity']).toBe(0.99);
    s.setStepValue(0, 'sparsity', 0.9);
    s.resetDraft();
    expect(s.recipes.getState().drafts).toEqual({});
    s.moveStep(2, 0);
    expect(passes()).toEqual(['distillation', 'magnitude-pruning', 'fine-tuning']);
    s.moveStep(0, -1);
    s.moveStep(0, 2);
    expect(s.recipes.getState().drafts).toEqual({});
    s.switchStep(1);
    expect(s.recipes.getState().drafts['b']?.steps[1]?.step.off).toBe(true);
    s.switchStep(1);
    expect(s.recipes.getState().drafts).toEqual({});
    s.addStep('weight-quantization');
    s.addStep('no-such-method');
    expect(passes()).toEqual(['magnitude-pruning', 'fine-tuning', 'distillation', 'weight-quantization']);
    s.removeStep(0);
    expect(passes()).toEqual(['fine-tuning', 'distillation', 'weight-quantization']);
    // Each model has its own draft.
    s.select('a');
    s.removeStep(0);
    expect(Object.keys(s.recipes.getState().drafts)).toEqual(['b', 'a']);
  });
});

describe('running', () => {
  it('begins at the last model that is known before the first change, and adds a model beside the old one', async () => {
    s.setStepValue(2, 'temperature', 2);
    const run = s.runFrom(2);
    const call = await s.next('apply');
    // The model between fine-tuning and distillation was not kept: both run.
    expect(call.request).toMatchObject({ model: 'm-a', from: 1, parents: { root: 'm-root' } });
    expect(call.request.recipe.steps).toHaveLength(3);
    expect(call.request.recipe.steps[2]?.values).toMatchObject({ teacher: 'root', temperature: 2 });
    expect(call.request.name).toBe('a, fine-tuning, distillation');
    s.removeStep(0);
    expect(s.recipes.getState().drafts['b']?.steps).toHaveLength(3);
    call.progress({ done: 0.4, step: 2, outcome: outcome(1, 'fine-tuning') });
    expect(s.recipes.getState().running).toMatchObject({ node: 'b', step: 2, done: 0.4, outcomes: [{ step: 1 }] });
    call.resolve(result('m-new'));
    await run;
    const after = s.selectedNode();
    expect(after).toMatchObject({ parent: 'a', model: 'm-new', origin: { kind: 'recipe' } });
    expect(after?.origin.kind === 'recipe' && after.origin.reports?.map(({ step }) => step)).toEqual([0, 1]);
    expect(s.project.getState().order).toEqual(['root', 'a', 'b', after?.id]);
    expect(s.recipes.getState()).toMatchObject({ drafts: {}, running: null, made: { node: after?.id, same: null } });
    const line = lineOf(s.project.getState().nodes, after?.id ?? '');
    expect(line?.steps.map(({ step }) => step.values['temperature'])).toEqual([undefined, undefined, 2]);
    expect(line?.steps[2]?.step.values['teacher']).toBe(START);
  });

  it('begins inside a recipe where the model there was kept, and still tells of all steps since the node', async () => {
    const kept = made(tune, distil);
    if (kept.kind !== 'recipe') throw new Error('no recipe');
    const reports = kept.reports?.map((one) => ({ ...one, model: `m-step-${one.step}` })) ?? [];
    s.addNode(node('c', 'a', { ...kept, reports }));
    s.setStepValue(2, 'temperature', 2);
    const run = s.runFrom(2);
    const call = await s.next('apply');
    expect(call.request).toMatchObject({ model: 'm-step-0', from: 2, name: 'a, fine-tuning, distillation' });
    call.resolve({ ...result('m-new'), reports: [outcome(2, 'distillation')] });
    await run;
    const after = s.selectedNode();
    expect(after).toMatchObject({ parent: 'a', origin: { recipe: { steps: [tune, { values: { temperature: 2 } }] } } });
    expect(after?.origin.kind === 'recipe' && after.origin.reports?.map(({ step, pass }) => [step, pass])).toEqual([
      [0, 'fine-tuning'],
      [1, 'distillation'],
    ]);
  });

  it('says when the bytes are those of a model that is there', async () => {
    const run = s.runFrom(0);
    const call = await s.next('apply');
    expect(call.request).toMatchObject({ model: 'm-root', from: 0 });
    call.resolve(result('m-b'));
    await run;
    expect(s.recipes.getState().made).toMatchObject({ same: 'b' });
  });

  it('tells a failure once: in its place, or where that is out of sight until it runs anew', async () => {
    const words = { en: 'no images', zh: '' };
    const fails = async () => {
      const failed = s.runFrom(0);
      (await s.next('apply')).reject(new s.FaultError({ code: 'pass', words, step: 1 }));
      await failed;
    };
    const told = () => s.view.getState().notices.map((notice) => notice.words.en);
    s.setOptimizeView('recipe');
    await fails();
    expect(told()).toEqual([]);
    expect(s.recipes.getState().fault).toMatchObject({ words });
    s.setTab('export');
    await fails();
    expect(told()).toEqual(['no images']);
    const run = s.runFrom(0);
    const call = await s.next('apply');
    expect(told()).toEqual([]);
    // It is about a model that is no longer the one that is looked at.
    s.setOptimizeView('recipe');
    s.select('a');
    call.reject(new s.FaultError({ code: 'pass', words, step: 1 }));
    await run;
    expect(s.recipes.getState().fault).toBeNull();
    expect(told()).toEqual(['no images']);
  });

  it('names the step that failed, keeps the draft, and can be given up', async () => {
    s.setStepValue(0, 'sparsity', 0.5);
    const failed = s.runFrom(0);
    const words = { en: 'Step 2 (Fine-tuning): no images', zh: '' };
    (await s.next('apply')).reject(new s.FaultError({ code: 'pass', words, step: 1 }));
    await failed;
    expect(s.recipes.getState()).toMatchObject({ fault: { step: 1, words }, running: null });
    expect(s.recipes.getState().drafts['b']).toBeDefined();
    const run = s.runFrom(0);
    const call = await s.next('apply');
    s.cancelRun();
    expect(call.signal?.aborted).toBe(true);
    await run;
    expect(s.recipes.getState()).toMatchObject({ fault: null, running: null });
    expect(s.project.getState().order).toHaveLength(3);
    expect(s.view.getState().announcement?.en).toBe('Cancelled. Nothing was changed.');
  });
});

describe('a recipe from elsewhere', () => {
  const recipe = { version: 1, seed: 3, steps: [prune, { ...tune, off: true }] } as const;

  it('is offered, and starts from the selected model', async () => {
    s.openRecipe(JSON.stringify(recipe), 'small.json');
    expect(s.recipes.getState().offered).toEqual({ recipe, source: 'small.json' });
    expect(s.view.getState()).toMatchObject({ tab: 'optimize', optimizeView: 'recipe' });
    expect(s.view.getState().announcement?.en).toBe('A recipe was opened.');
    s.takeUpOffer();
    expect(s.recipes.getState()).toMatchObject({ offered: null, drafts: { b: { start: 'b' } } });
    expect(s.recipes.getState().drafts['b']?.steps.map(({ step }) => [step.seed, step.off])).toEqual([
      [stepSeed(3, 0, 'magnitude-pruning'), undefined],
      [stepSeed(3, 1, 'fine-tuning'), true],
    ]);
    const run = s.runFrom(0);
    const call = await s.next('apply');
    expect(call.request).toMatchObject({ model: 'm-b', from: 0, name: 'b, 90 % sparsity' });
    s.cancelRun();
    await run;
  });

  it('that cannot be read is told in words', () => {
    s.openRecipe('{"version": 1, "steps": []}');
    expect(s.recipes.getState()).toMatchObject({
      offered: null,
      openFault: { en: 'The recipe cannot be read: seed is not a whole number.' },
    });
    expect(s.looksLikeRecipe('{"version": 1, "steps": []}')).toBe(true);
    expect(s.looksLikeRecipe('{"modelTopology": {}}')).toBe(false);
  });

  it('fits in a link and comes back; a damaged link says so', async () => {
    const link = await recipeFragment(recipe);
    expect(link).toMatch(/^#recipe=[\w-]+$/);
    expect(await readFragment(link)).toEqual(recipe);
    expect(await readFragment('#elsewhere')).toBeNull();
    await expect(readFragment(link.slice(0, -8))).rejects.toThrow('The link holds no whole recipe');
    await expect(readFragment('#recipe=%%%')).rejects.toThrow('The link holds no whole recipe');
    expect(await s.openLink(link.slice(0, -8))).toBe(true);
    expect(s.recipes.getState().openFault?.en).toMatch(/no whole recipe/);
    expect(await s.openLink(link)).toBe(true);
    expect(s.recipes.getState()).toMatchObject({ offered: { recipe }, openFault: null });
    expect(await s.openLink('')).toBe(false);
  });
});

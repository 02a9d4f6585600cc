/** Examining the selected model: on validation by itself, on test when told, kept, and every look at test counted. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { ModelNode } from '#stores/state';
import type { CompareResult, ExamineResult } from '#worker/protocol-evaluation';
import { accuracy, freshStores, openedNode, type Stores, settle, summary } from './setting';

let s: Stores;
let e: typeof import('#stores/evaluate');
let l: typeof import('#stores/looks');
let leave: () => void;

const node = openedNode;
const examination = { images: 300 } as unknown as ExamineResult;
const comparison = { p: 1 } as unknown as CompareResult;

beforeEach(async () => {
  localStorage.clear();
  s = await freshStores();
  e = await import('#stores/evaluate');
  l = await import('#stores/looks');
  s.addNode(node('a'));
});

it('names the ensembles that were fitted to validation images, inside others too', () => {
  const combined = (id: string, parents: readonly string[], some = {}) =>
    node(id, {
      origin: { kind: 'combined', way: 'stacking', values: {}, parents, seconds: 1, result: {} as never, ...some },
    });
  const made = combined('made', ['a'], { making: 'boosting' });
  const inner = combined('inner', ['a', 'made']);
  const outer = combined('outer', ['inner', 'a', 'inner']);
  for (const one of [made, inner, outer]) s.addNode(one);
  const fittedOf = (one: ModelNode) => e.examineQuestion(one, 'validation')?.request;
  expect(fittedOf(outer)).toMatchObject({ fitted: ['m-outer', 'm-inner'] });
  expect(fittedOf(inner)).toMatchObject({ fitted: ['m-inner'] });
  expect(fittedOf(made)).not.toHaveProperty('fitted');
  expect(e.compareQuestion(made, inner, 'validation')?.request).toMatchObject({ fitted: ['m-inner'] });
});

describe('watching', () => {
  beforeEach(() => {
    leave = e.watchEvaluation();
  });

  it('examines the selected model on validation, once, and tells how far it is', async () => {
    const asked = await s.next('examine');
    expect(asked.request).toEqual({ model: 'm-a', dataset: 'digits', split: 'validation' });
    asked.progress({ done: 0.5 });
    expect(e.evaluate.getState().running?.done).toBe(0.5);
    asked.resolve(examination);
    await settle();
    expect(e.evaluate.getState().running).toBeNull();
    const shown = s.project.getState().nodes['a'] as ModelNode;
    expect(e.examinationOf(shown, 'validation')).toBe(examination);
    // Renaming, other views: nothing more is asked.
    s.rename('a', 'b');
    e.setEvaluateView('classes');
    expect(s.asked).toEqual([]);
    leave();
  });

  it('looks at test images only when the person says so', async () => {
    (await s.next('examine')).resolve(examination);
    await settle();
    e.setSplit('test');
    await settle();
    expect(s.asked).toEqual([]);
    const question = e.examineQuestion(node('a'), 'test');
    expect(question && e.mustAsk(question)).toBe(true);
    if (question) e.allow(question);
    const asked = await s.next('examine');
    expect(asked.request.split).toBe('test');
    asked.resolve(examination);
    await settle();
    e.setSplit('validation');
    e.setSplit('test');
    expect(s.asked).toEqual([]);
    leave();
  });

  it('gives up on a model that is no longer selected', async () => {
    const first = await s.next('examine');
    s.addNode(node('b'));
    const second = await s.next('examine');
    expect(first.signal?.aborted).toBe(true);
    expect(second.request.model).toBe('m-b');
    second.resolve(examination);
    await settle();
    expect(e.evaluate.getState()).toMatchObject({ running: null, fault: null });
    leave();
  });

  it('asks nothing of what was never trained or fits no data set, and nothing when nobody looks', async () => {
    (await s.next('examine')).resolve(examination);
    await settle();
    s.addNode(node('c', { dataset: null }));
    s.addNode(node('d', { summary: summary('m-d', { inputShape: [28, 28, 1] }) }));
    await settle();
    expect(s.asked).toEqual([]);
    leave();
    s.addNode(node('e'));
    await settle();
    expect(s.asked).toEqual([]);
  });

  it('shows a fault, and tries again when asked', async () => {
    (await s.next('examine')).reject(new s.FaultError({ code: 'memory', words: { en: 'full', zh: '' } }));
    await settle();
    expect(e.evaluate.getState().fault?.fault.words.en).toBe('full');
    expect(s.asked).toEqual([]);
    e.askAgain();
    (await s.next('examine')).resolve(examination);
    await settle();
    expect(e.evaluate.getState().fault).toBeNull();
    leave();
  });

  it('fetches the images of a chosen cell while errors are shown', async () => {
    (await s.next('examine')).resolve(examination);
    await settle();
    e.setEvaluateView('classes');
    e.setCell({ truth: 3, answer: 5 });
    await settle();
    expect(s.asked).toEqual([]);
    e.setEvaluateView('confusion');
    const asked = await s.next('cellImages');
    expect(asked.request).toMatchObject({ model: 'm-a', truth: 3, answer: 5, split: 'validation' });
    const images = { total: 0, images: [], shape: [8, 8, 1] };
    asked.resolve(images);
    await settle();
    expect(e.cellImagesOf(node('a'), 'validation', { truth: 3, answer: 5 })).toBe(images);
    leave();
  });

  it('compares with the parent, or what was chosen, of the same data set', async () => {
    (await s.next('examine')).resolve(examination);
    await settle();
    s.project.setState(({ nodes }) => ({
      nodes: { ...nodes, b: node('b', { parent: 'a' }), mnist: node('mnist', { dataset: 'mnist' }), c: node('c') },
      order: ['a', 'b', 'mnist', 'c'],
      selected: 'b',
    }));
    (await s.next('examine')).resolve(examination);
    await settle();
    const shown = s.project.getState().nodes['b'] as ModelNode;
    expect(e.othersOf(shown).map(({ id }) => id)).toEqual(['a', 'c']);
    e.setEvaluateView('compare');
    const asked = await s.next('compareTwo');
    expect(asked.request).toMatchObject({ a: 'm-b', b: 'm-a', split: 'validation' });
    asked.resolve(comparison);
    await settle();
    e.setOther('c');
    (await s.next('compareTwo')).resolve(comparison);
    await settle();
    expect(e.comparisonOf(shown, node('c'), 'validation')).toBeNull();
    expect(e.comparisonOf(shown, s.project.getState().nodes['c'] as ModelNode, 'validation')).toBe(comparison);
    // Test has to be allowed for the comparison as well.
    e.setSplit('test');
    await settle();
    expect(s.asked).toEqual([]);
    leave();
  });
});

describe('looks at test images', () => {
  it('count wherever they are measured, by data set, and stay', async () => {
    const end = l.countLooks();
    const { call } = await import('#stores/engine');
    const test = accuracy(0.9);
    const measured = call('evaluate', { model: 'm', dataset: 'digits', split: 'test' });
    (await s.next('evaluate')).resolve(test);
    await measured;
    const chosen = call('evaluate', { model: 'm', dataset: 'digits', split: 'validation' });
    (await s.next('evaluate')).resolve(test);
    await chosen;
    const trained = call('train', { model: 'm', dataset: 'mnist', paused: false } as never);
    (await s.next('train')).resolve({ validation: test, test } as never);
    await trained;
    const failed = call('examine', { model: 'm', dataset: 'digits', split: 'test' });
    (await s.next('examine')).reject(new Error('no'));
    await expect(failed).rejects.toThrow('no');
    expect(s.project.getState().looks).toEqual({ digits: 1, mnist: 1 });
    const searched = call('search', { dataset: 'mnist' } as never);
    const search = await s.next('search');
    search.progress({ begun: {} } as never);
    search.progress({ result: { test } } as never);
    search.progress({ result: {} } as never);
    search.resolve([{ test }, {}] as never);
    await searched;
    s.clearProject();
    s.undo();
    expect(s.project.getState().looks).toEqual({ digits: 1, mnist: 2 });
    end();
    const later = call('evaluate', { model: 'm', dataset: 'digits', split: 'test' });
    (await s.next('evaluate')).resolve(test);
    await later;
    expect(s.project.getState().looks).toEqual({ digits: 1, mnist: 2 });
  });

  it('are those of every model that an answer measures', () => {
    const test = accuracy(0.9);
    expect(l.looksIn('compareTwo', { split: 'test' } as never, comparison)).toBe(1);
    expect(l.looksIn('cellImages', { split: 'test' } as never, {} as never)).toBe(0);
    expect(l.looksIn('apply', {} as never, { test: null } as never)).toBe(0);
    expect(l.looksIn('make', {} as never, { members: [{ test }, { test }], combined: { test } } as never)).toBe(3);
    expect(l.looksIn('trainControl', {} as never, null)).toBe(0);
  });

  it('are kept with the project, and taken from its models where an earlier version did not count', async () => {
    const { openRecords } = await import('#stores/records');
    const name = `looks-${crypto.randomUUID()}`;
    const records = await openRecords(name);
    const lists = { order: ['a'], selected: 'a', past: [], future: [] };
    await records.write({ ...lists, looks: { digits: 7 } }, [node('a')], []);
    expect((await records.read())?.looks).toEqual({ digits: 7 });
    await records.write(lists as never, [node('b'), node('c', { test: null })], []);
    expect((await records.read())?.looks).toEqual({ digits: 2 });
  });
});

describe('seconds of training', () => {
  it('add up along the way: members that were made together once, and nothing that did not train', async () => {
    const { trainingSeconds } = await import('#stores/seconds');
    const recipe = (...passes: string[]) => ({
      version: 1 as const,
      seed: 1,
      steps: passes.map((pass) => ({ pass, values: {} })),
    });
    const made = { kind: 'made', making: 'bagging', values: {}, seed: 1, parents: [], seconds: 30 } as const;
    const nodes = Object.fromEntries(
      [
        node('a'),
        node('pruned', {
          parent: 'a',
          origin: { kind: 'recipe', recipe: recipe('magnitude-pruning'), seconds: 0.9 },
        }),
        node('b', { parent: 'pruned', origin: { kind: 'recipe', recipe: recipe('fine-tuning'), seconds: 5 } }),
        node('c', {
          parent: 'b',
          origin: { kind: 'recipe', recipe: recipe('weight-quantization', 'fine-tuning'), seconds: 2 },
        }),
        node('x', { origin: { ...made, member: 0 } }),
        node('y', { origin: { ...made, member: 1 } }),
        node('z', {
          origin: {
            kind: 'combined',
            way: 'soft-vote',
            values: {},
            parents: ['x', 'y', 'c', 'gone'],
            seconds: 1,
            result: {} as never,
          },
        }),
      ].map((one) => [one.id, one]),
    );
    const of = (id: string) => trainingSeconds(nodes, nodes[id] as ModelNode);
    expect(of('a')).toBeNull();
    expect(of('pruned')).toBeNull();
    expect(of('b')).toBe(5);
    expect(of('c')).toBe(7);
    expect(of('z')).toBe(37);
  });
});

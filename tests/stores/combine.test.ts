/** Choosing members, previews while sliders move, and what is made becoming nodes of the project. */
import { beforeEach, describe, expect, it } from 'vitest';
import { upToDate } from '#stores/records';
import type { ModelNode } from '#stores/state';
import type { CombinePreview, CombineResult } from '#worker/protocol-ensembles';
import { accuracy, freshStores, openedNode, type Stores, settle, summary } from './setting';

let s: Stores;
const node = (id: string, some: Partial<ModelNode> = {}): ModelNode => openedNode(id, { name: `Model ${id}`, ...some });
const preview = (value: number): CombinePreview => ({
  validation: accuracy(value),
  macs: 1,
  parameters: 1,
  used: [1, 1],
  weights: [0.5, 0.5],
  members: [accuracy(0.9), accuracy(0.9)],
});
const result = (id: string, members: readonly string[]): CombineResult => ({
  model: summary(id, {
    kind: 'ensemble',
    name: 'Whole',
    ensemble: {
      way: 'mean-probabilities',
      values: {},
      members: members.map((member) => ({ id: member, name: member, weight: 0.5, used: 1 })),
    },
  }),
  validation: accuracy(0.95),
  test: accuracy(0.94),
  members: [],
  disagreement: [],
  q: [],
  onlyTogether: [],
  onlyApart: [],
  seconds: 1,
  notes: [{ en: 'said', zh: '说明' }],
});

beforeEach(async () => {
  localStorage.clear();
  s = await freshStores();
  for (const id of ['a', 'b', 'c']) s.addNode(node(id));
});

describe('choosing members', () => {
  it('is among what was measured on one data set', () => {
    s.addNode(node('other', { dataset: 'mnist' }));
    s.addNode(node('fresh', { validation: null }));
    s.setMembers(['a']);
    expect(s.candidates().map(({ id }) => id)).toEqual(['a', 'b', 'c']);
  });

  it('says what is missing', () => {
    expect(s.combineObstacle()?.en).toBe('Choose 2 models or more.');
    s.setMembers(['a', 'b']);
    expect(s.combineObstacle()).toBeNull();
    s.addNode(node('other', { dataset: 'mnist' }));
    s.setMembers(['a', 'other']);
    expect(s.combineObstacle()?.en).toContain('one data set');
  });

  it('orders a cascade by what members cost, and lets them be moved', () => {
    s.patchNode('a', { summary: summary('m-a', { macs: 9 }) });
    s.patchNode('b', { summary: summary('m-b', { macs: 5 }) });
    s.setMembers(['a', 'b']);
    s.setWay('cascade');
    expect(s.combine.getState().members).toEqual(['b', 'a']);
    s.moveMember(0, 1);
    expect(s.combine.getState().members).toEqual(['a', 'b']);
    s.toggleMember('b');
    expect(s.combine.getState().members).toEqual(['a']);
  });

  it('lets go of what leaves the page', () => {
    s.setMembers(['a', 'b', 'c']);
    s.setMaking('soups');
    s.toggleSource('b');
    s.remove('b');
    expect(s.combine.getState()).toMatchObject({ members: ['a', 'c'], sources: [] });
  });

  it('takes it back when it comes back, where nothing else was chosen meanwhile', () => {
    s.setMembers(['c', 'b', 'a']);
    s.setMaking('soups');
    s.toggleSource('b');
    s.remove('b');
    s.remove('c');
    s.bringBack('b');
    expect(s.combine.getState()).toMatchObject({ members: ['b', 'a'], sources: ['b'] });
    s.bringBack('c');
    expect(s.combine.getState()).toMatchObject({ members: ['c', 'b', 'a'] });
    s.remove('b');
    s.toggleMember('c');
    s.undo();
    expect(s.combine.getState()).toMatchObject({ members: ['a'], sources: ['b'] });
  });
});

describe('a preview', () => {
  it('is asked for when members are chosen, about their models', async () => {
    s.setMembers(['a', 'b']);
    const asked = await s.next('combinePreview');
    expect(asked.request).toEqual({
      way: 'mean-probabilities',
      values: {},
      members: [
        { id: 'm-a', name: 'Model a' },
        { id: 'm-b', name: 'Model b' },
      ],
      dataset: 'digits',
    });
    expect(s.combine.getState().previewing).toBe(true);
    asked.resolve(preview(0.92));
    await settle();
    expect(s.combine.getState()).toMatchObject({ previewing: false, preview: { validation: { value: 0.92 } } });
  });

  it('follows a slider: one in flight, the latest value next', async () => {
    s.setMembers(['a', 'b']);
    (await s.next('combinePreview')).resolve(preview(0.9));
    await settle();
    s.setWay('cascade');
    (await s.next('combinePreview')).resolve(preview(0.9));
    await settle();
    for (const value of [0.5, 0.6, 0.7]) s.setWayValue('threshold', value, true);
    const first = await s.next('combinePreview');
    expect(first.request.values).toEqual({ threshold: 0.5 });
    expect(s.asked).toHaveLength(0);
    first.resolve(preview(0.91));
    const last = await s.next('combinePreview');
    expect(last.request.values).toEqual({ threshold: 0.7 });
    last.resolve(preview(0.93));
    await settle();
    expect(s.combine.getState().preview?.validation.value).toBe(0.93);
    expect(s.asked).toHaveLength(0);
  });

  it('of other members replaces the one in flight, and faults are told', async () => {
    s.setMembers(['a', 'b']);
    const first = await s.next('combinePreview');
    s.toggleMember('c');
    expect(first.signal?.aborted).toBe(true);
    const second = await s.next('combinePreview');
    expect(second.request.members).toHaveLength(3);
    second.reject(new s.FaultError({ code: 'x', words: { en: 'no', zh: '不' } }));
    await settle();
    expect(s.combine.getState()).toMatchObject({ preview: null, previewFault: { code: 'x' } });
    s.setMembers(['a']);
    await settle();
    expect(s.asked).toHaveLength(0);
    expect(s.combine.getState()).toMatchObject({ preview: null, previewFault: null, previewing: false });
  });
});

describe('combining', () => {
  it('adds a node that names its members', async () => {
    s.setMembers(['b', 'a']);
    (await s.next('combinePreview')).resolve(preview(0.9));
    const run = s.combineMembers();
    const asked = await s.next('combine');
    expect(asked.request).toMatchObject({ name: 'Mean of probabilities, 2 members', dataset: 'digits' });
    asked.progress({ done: 0.5 });
    expect(s.combine.getState().running).toMatchObject({ kind: 'combine', done: 0.5 });
    asked.resolve(result('p-1', ['m-b', 'm-a']));
    await run;
    const made = s.selectedNode();
    expect(made).toMatchObject({
      name: 'Mean of probabilities, 2 members',
      model: 'p-1',
      parent: null,
      dataset: 'digits',
      origin: {
        kind: 'combined',
        way: 'mean-probabilities',
        title: { en: 'Mean of probabilities' },
        parents: ['b', 'a'],
        seconds: 1,
      },
      validation: { value: 0.95 },
      summary: { name: 'Mean of probabilities, 2 members' },
    });
    expect(made?.origin.kind === 'combined' && 'model' in made.origin.result).toBe(false);
    expect(s.combine.getState()).toMatchObject({ running: null, made: { kind: 'combine', nodes: [made?.id] } });
  });

  it('changes nothing when it is given up, and tells what went wrong', async () => {
    s.setMembers(['a', 'b']);
    const run = s.combineMembers();
    await s.next('combine');
    s.cancelCombine();
    await run;
    expect(s.project.getState().order).toEqual(['a', 'b', 'c']);
    expect(s.combine.getState().fault).toBeNull();
    expect(s.view.getState().announcement?.en).toBe('Cancelled. Nothing was changed.');
    const again = s.combineMembers();
    (await s.next('combine')).reject(new s.FaultError({ code: 'pass', words: { en: 'no', zh: '不' } }));
    await again;
    expect(s.combine.getState()).toMatchObject({ running: null, fault: { code: 'pass' } });
  });

  it('is done again when the engine dies in the middle', async () => {
    s.setMembers(['a', 'b']);
    const run = s.combineMembers();
    (await s.next('combine')).reject(new s.FaultError({ code: 'worker-died', words: { en: 'died', zh: '已停' } }));
    (await s.next('combine')).resolve(result('p-1', ['m-a', 'm-b']));
    await run;
    expect(s.selectedNode()?.model).toBe('p-1');
  });
});

it('says which members were fitted to validation images', async () => {
  const origin = {
    kind: 'combined',
    way: 'stacking',
    values: {},
    parents: ['a', 'b'],
    seconds: 1,
    result: {} as never,
  } as const;
  s.addNode(node('e', { origin, summary: summary('p-e', { kind: 'ensemble' }), model: 'p-e' }));
  s.setMembers(['a', 'e']);
  expect((await s.next('combinePreview')).request.fitted).toEqual(['p-e']);
  s.setMaking('out-of-fold');
  s.setMakingValue('afresh', true);
  s.toggleSource('a');
  void s.makeMembers();
  expect((await s.next('make')).request).not.toHaveProperty('fitted');
});

describe('making members', () => {
  it('adds them and their ensemble in one step of undo', async () => {
    s.setMaking('bagging');
    s.setMakingValue('members', 2);
    s.toggleSource('a');
    s.toggleSource('b');
    // Bagging takes one model: the last one chosen.
    expect(s.combine.getState().sources).toEqual(['b']);
    const run = s.makeMembers();
    const asked = await s.next('make');
    expect(asked.request).toMatchObject({ making: 'bagging', name: 'Model b', values: { members: 2 }, seed: 1 });
    expect(asked.request.models).toEqual([{ id: 'm-b', name: 'Model b', origin: null }]);
    const member = (id: string) => ({
      model: summary(id, { name: 'Model b, bagged' }),
      validation: accuracy(0.9),
      test: accuracy(0.9),
      name: { en: 'Bagged', zh: '装袋' },
    });
    asked.resolve({
      members: [member('n-1'), member('n-2')],
      combined: result('p-2', ['m-b', 'n-1', 'n-2']),
      notes: [],
      seconds: 2,
    });
    await run;
    const { nodes, order } = s.project.getState();
    const made = order.slice(3).map((id) => nodes[id] as ModelNode);
    expect(made.map(({ name }) => name)).toEqual(['Model b, bagged', 'Model b, bagged 2', 'Whole']);
    expect(made[1]?.origin).toMatchObject({ kind: 'made', making: 'bagging', member: 1, parents: ['b'] });
    expect(made[2]?.origin).toMatchObject({
      kind: 'combined',
      making: 'bagging',
      parents: ['b', made[0]?.id, made[1]?.id],
    });
    s.undo();
    expect(s.project.getState().order).toEqual(['a', 'b', 'c']);
  });

  it('says why it cannot', () => {
    s.setMaking('out-of-fold');
    expect(s.makeObstacle()?.en).toBe('Choose 1 to 12 models to start from.');
    s.toggleSource('a');
    expect(s.makeObstacle()?.en).toContain('Nobody knows on which images Model a was trained');
    s.setMaking('soups');
    expect(s.makeObstacle()).toBeNull();
    const made = {
      kind: 'made',
      making: 'soups',
      values: {},
      seed: 1,
      member: 0,
      parents: ['a', 'b'],
      seconds: 1,
    } as const;
    s.addNode(node('soup', { origin: made }));
    s.setMaking('out-of-fold');
    s.toggleSource('a');
    s.toggleSource('soup');
    expect(s.makeObstacle()?.en).toMatch(/^Model soup cannot be made again .* common start.* Train it afresh, or/);
    s.setMakingValue('afresh', true);
    expect(s.makeObstacle()).toBeNull();
    // Trees cannot be trained from their structure: they are grown again, where what they look at is known.
    const grown = {
      kind: 'trees',
      method: 'decision-tree',
      values: {},
      seed: 1,
      parents: ['a'],
      seconds: 1,
      importance: [],
    } as const;
    const features = { model: 'm-a', name: 'Model a', layer: 'dense_1' };
    const trees = { method: 'decision-tree', trees: 1, depth: 1, comparisons: 1, features };
    s.addNode(node('g', { origin: grown, summary: summary('p-2', { kind: 'trees', trees }) }));
    s.toggleSource('g');
    expect(s.makeObstacle()?.en).toMatch(/images Model a, which Model g came of, was trained, .* Leave it out, or/);
    s.toggleSource('g');
    s.setMaking('soups');
    s.addNode(node('e', { summary: summary('p-1', { kind: 'ensemble' }) }));
    s.toggleSource('e');
    expect(s.makeObstacle()?.en).toContain('Model e is not one network');
  });
});

describe('growing trees', () => {
  it('looks at pixels, or at a layer of a node', async () => {
    const run = s.growTrees();
    const asked = await s.next('trees');
    expect(asked.request).toMatchObject({ features: { kind: 'pixels' }, dataset: 'digits', name: 'Decision tree' });
    asked.resolve({
      model: summary('p-t', { kind: 'trees' }),
      validation: accuracy(0.8),
      test: accuracy(0.8),
      seconds: 1,
      importance: [1, 0],
    });
    await run;
    expect(s.selectedNode()).toMatchObject({
      name: 'Decision tree',
      origin: { kind: 'trees', method: 'decision-tree', parents: [], importance: [1, 0] },
    });
    s.setTreeSource({ kind: 'layer', node: 'a', layer: 'dense_1' });
    expect(s.treesObstacle()?.en).toContain('Choose a model');
  });
});

describe('projects of earlier versions', () => {
  it('had models only', () => {
    const { kind: _, ...before } = summary('m');
    const old = node('old', { summary: before as ModelNode['summary'] });
    expect(upToDate(old).summary.kind).toBe('model');
    const known = node('e', { summary: summary('p', { kind: 'ensemble' }) });
    expect(upToDate(known)).toBe(known);
  });
});

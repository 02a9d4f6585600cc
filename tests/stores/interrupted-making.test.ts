/** What was being made when the page was left, taken up by the next visit. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { ModelNode } from '#stores/state';
import { freshStores, openedNode, type Stores } from './setting';

let s: Stores;
const node = (id: string): ModelNode => openedNode(id, { name: `Model ${id}` });

beforeEach(async () => {
  localStorage.clear();
  s = await freshStores();
  for (const id of ['a', 'b', 'c']) s.addNode(node(id));
});

describe('making members', () => {
  it('is taken up by the next visit where this one is left in the middle', async () => {
    s.setMaking('snapshots');
    s.setMakingValue('cycles', 3);
    s.toggleSource('b');
    s.setCombineSeed(4);
    void s.makeMembers();
    const asked = await s.next('make');
    const leave = async () => {
      const { nodes, order } = s.project.getState();
      s = await freshStores();
      for (const id of order) s.addNode(nodes[id] as ModelNode);
      // As when the project has been read.
      s.project.setState({ saved: 'restoring' });
      s.project.setState({ saved: 'memory' });
    };
    await leave();
    expect(s.combine.getState()).toMatchObject({
      view: 'make',
      making: 'snapshots',
      sources: ['b'],
      seed: 4,
      interrupted: true,
    });
    const failing = s.makeMembers();
    (await s.next('make')).reject(
      new s.FaultError({ code: 'dataset-fetch', words: { en: 'not there', zh: '' }, mayGoOn: true }),
    );
    await failing;
    expect(s.combine.getState()).toMatchObject({ interrupted: true, fault: { code: 'dataset-fetch' } });
    const run = s.makeMembers();
    expect(s.combine.getState().interrupted).toBe(false);
    const again = await s.next('make');
    // The same question: the engine goes on with what it has kept of it.
    expect(again.request).toEqual(asked.request);
    again.resolve({ members: [], combined: null, notes: [], seconds: 1 });
    await run;
    await leave();
    expect(s.combine.getState()).toMatchObject({ view: 'combine', interrupted: false });
  });

  it('is taken up also where the project was read long before somebody looks', async () => {
    s.setMaking('bagging');
    s.setMakingValue('members', 7);
    s.toggleSource('c');
    void s.makeMembers();
    await s.next('make');
    vi.resetModules();
    const { project } = await import('#stores/project');
    project.setState({ nodes: { c: node('c') }, order: ['c'], saved: 'memory' });
    await import('#stores/making');
    const { combine } = await import('#stores/combine-state');
    expect(combine.getState()).toMatchObject({ making: 'bagging', sources: ['c'], interrupted: true });
    expect(combine.getState().makingValues['bagging']).toMatchObject({ members: 7 });
    expect(combine.getState().makingValues['soups']).toBeDefined();
  });

  it('is not offered to go on where other members are wanted, or their model is gone', async () => {
    s.setMaking('snapshots');
    s.toggleSource('b');
    void s.makeMembers();
    await s.next('make');
    const kept = localStorage.getItem('whittle.making') ?? '';
    s = await freshStores();
    for (const id of ['a', 'b']) s.addNode(node(id));
    s.project.setState({ saved: 'restoring' });
    s.project.setState({ saved: 'memory' });
    expect(s.combine.getState().interrupted).toBe(true);
    s.setCombineSeed(9);
    expect(s.combine.getState().interrupted).toBe(false);
    expect(localStorage.getItem('whittle.making')).toBe('{}');
    localStorage.setItem('whittle.making', kept);
    s = await freshStores();
    s.addNode(node('a'));
    s.project.setState({ saved: 'restoring' });
    s.project.setState({ saved: 'memory' });
    expect(s.combine.getState().interrupted).toBe(false);
  });
});

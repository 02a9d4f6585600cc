import { beforeEach, describe, expect, it } from 'vitest';
import type { ModelNode } from '#stores/state';
import { freshStores, openedNode, type Stores } from './setting';

let s: Stores;
beforeEach(async () => {
  localStorage.clear();
  s = await freshStores();
});
const node = (id: string, some: Partial<ModelNode> = {}): ModelNode =>
  openedNode(id, { validation: null, test: null, made: Number(id.charCodeAt(0)), ...some });
const order = (): string => s.project.getState().order.join('');
const selected = (): string | null => s.project.getState().selected;

describe('the project', () => {
  it('adds and selects; undo and redo move through what was made', () => {
    s.addNode(node('a'));
    s.addNode(node('b', { parent: 'a' }));
    s.addNode(node('c', { parent: 'b' }));
    expect([order(), selected()]).toEqual(['abc', 'c']);
    s.undo();
    expect([order(), selected()]).toEqual(['ab', 'b']);
    s.undo();
    expect([order(), selected()]).toEqual(['a', 'a']);
    s.redo();
    expect([order(), selected()]).toEqual(['ab', 'b']);
    s.addNode(node('d'));
    expect(order()).toBe('abd');
    s.redo();
    expect(order()).toBe('abd');
    s.undo();
    s.undo();
    s.undo();
    s.undo();
    expect([order(), selected()]).toEqual(['', null]);
  });

  it('says what undo and redo took and brought', () => {
    const said = () => s.view.getState().announcement?.en;
    s.addNode(node('a', { name: 'First' }));
    s.addNode(node('b', { name: 'Second' }), 'a');
    s.undo();
    expect(said()).toBe('Removed again: Second. Brought back: First.');
    s.redo();
    expect(said()).toBe('Removed again: First. Brought back: Second.');
    s.remove('b');
    s.addNode(node('c', { name: 'Third' }));
    s.bringBack('b');
    expect(said()).toBe('Brought back: Second.');
    s.unannounce();
    s.redo();
    expect(said()).toBeUndefined();
  });

  it('undoes a removal, and selects the closest ancestor meanwhile', () => {
    s.addNode(node('a'));
    s.addNode(node('b', { parent: 'a' }));
    s.addNode(node('c', { parent: 'b' }));
    s.addNode(node('d'));
    s.remove('b');
    expect([order(), selected()]).toEqual(['acd', 'd']);
    s.select('c');
    s.remove('c');
    expect([order(), selected()]).toEqual(['ad', 'a']);
    s.undo();
    expect([order(), selected()]).toEqual(['acd', 'c']);
    s.remove('no-such');
    expect(order()).toBe('acd');
  });

  it('brings a removed node back where it stood, whatever was done since', () => {
    for (const id of ['a', 'b', 'c', 'd']) s.addNode(node(id));
    s.remove('b');
    s.bringBack('b');
    expect([order(), selected()]).toEqual(['abcd', 'b']);
    // That was undoing the removal: redo takes it away again.
    s.redo();
    expect(order()).toBe('acd');
    s.remove('c');
    s.addNode(node('e'));
    s.bringBack('b');
    expect([order(), selected()]).toEqual(['abde', 'b']);
    s.bringBack('c');
    expect(order()).toBe('abcde');
    s.undo();
    s.undo();
    expect(order()).toBe('ade');
    s.remove('a');
    s.select('e');
    s.bringBack('a');
    s.bringBack('a');
    s.bringBack('no-such');
    expect([order(), selected()]).toEqual(['ade', 'a']);
  });

  it('puts a trained model in the place of its untrained template, in one step', () => {
    s.addNode(node('a'));
    s.addNode(node('b', { parent: 'a' }), 'a');
    expect([order(), selected()]).toEqual(['b', 'b']);
    s.undo();
    expect([order(), selected()]).toEqual(['a', 'a']);
  });

  it('keeps names unique on the page', () => {
    s.addNode(node('a', { name: 'Net' }));
    expect(s.uniqueName('Net')).toBe('Net 2');
    s.addNode(node('b', { name: 'Net 2' }));
    expect(s.uniqueName('Net')).toBe('Net 3');
    s.rename('b', '  Net ');
    expect(s.project.getState().nodes['b']?.name).toBe('Net 2');
    s.rename('b', '   ');
    expect(s.project.getState().nodes['b']?.name).toBe('Net 2');
    s.rename('b', 'Other');
    expect(s.uniqueName('Net 2')).toBe('Net 2');
  });

  it('selects what is visible only, and takes up its data set', () => {
    s.addNode(node('a'));
    s.addNode(node('b', { dataset: 'mnist' }));
    expect(s.datasets.getState().selected).toBe('mnist');
    s.select('x');
    expect(selected()).toBe('b');
    s.select('a');
    expect(s.datasets.getState().selected).toBe('digits');
    s.clearProject();
    expect([order(), selected()]).toEqual(['', null]);
    s.undo();
    expect(order()).toBe('ab');
  });
});

describe('restoring', () => {
  it('brings back what the vault still has, says what is missing, and writes what comes after', async () => {
    const first = s;
    const restored = first.restoreProject();
    await restored;
    expect(first.project.getState().saved).toBe('saved');
    first.addNode(node('a', { name: 'First' }));
    first.addNode(node('b', { parent: 'a', name: 'Second' }));
    first.addNode(node('c', { parent: 'b', name: 'Third' }));
    first.addNode(node('d', { name: 'Fourth' }));
    first.undo();
    first.select('b');
    await new Promise((resolve) => setTimeout(resolve, 600));

    s = await freshStores();
    const again = s.restoreProject();
    const held = await s.next('held');
    expect(held.request).toEqual({ models: ['m-a', 'm-b', 'm-c', 'm-d'], keepOnly: true });
    held.resolve(['m-a', 'm-c', 'm-d']);
    await again;
    const { nodes, selected: chosen, saved } = s.project.getState();
    expect(order()).toBe('ac');
    expect(chosen).toBe('c');
    expect(saved).toBe('saved');
    // c came from b, which is lost, and b from a.
    expect(nodes['c']?.parent).toBe('a');
    expect(s.view.getState().notices[0]?.words.en).toMatch(/one model.*: Second\./);
    s.redo();
    expect(order()).toBe('acd');
    s.patchNode('a', { name: 'Renamed' });
    await new Promise((resolve) => setTimeout(resolve, 600));

    s = await freshStores();
    const third = s.restoreProject();
    (await s.next('held')).resolve(['m-a', 'm-c', 'm-d']);
    await third;
    expect(order()).toBe('acd');
    expect(s.project.getState().nodes['a']?.name).toBe('Renamed');
    expect(s.project.getState().nodes['b']).toBeUndefined();
    expect(s.view.getState().notices).toEqual([]);
  });

  it('keeps a model that was made while the vault was asked', async () => {
    const again = s.restoreProject();
    const held = await s.next('held');
    s.addNode(node('z'));
    held.resolve(['m-a', 'm-c', 'm-d']);
    await again;
    expect([order(), selected()]).toEqual(['acdz', 'z']);
    s.undo();
    expect(order()).toBe('acd');
  });

  it('says when nothing can be stored', async () => {
    const { indexedDB } = globalThis;
    Object.defineProperty(globalThis, 'indexedDB', {
      configurable: true,
      value: {
        open: () => {
          throw new DOMException('blocked', 'SecurityError');
        },
      },
    });
    try {
      await s.restoreProject();
      expect(s.project.getState().saved).toBe('memory');
    } finally {
      Object.defineProperty(globalThis, 'indexedDB', { configurable: true, value: indexedDB });
    }
  });

  it('shows but does not write in a second tab', async () => {
    const locks = { request: async (_name: string, _options: unknown, take: (lock: null) => unknown) => take(null) };
    Object.defineProperty(navigator, 'locks', { configurable: true, value: locks });
    try {
      const again = s.restoreProject();
      const held = await s.next('held');
      expect(held.request.keepOnly).toBe(false);
      held.resolve([...held.request.models]);
      await again;
      expect(s.project.getState().saved).toBe('other-tab');
      expect(order().startsWith('acd')).toBe(true);
    } finally {
      Object.defineProperty(navigator, 'locks', { configurable: true, value: undefined });
    }
  }, 10_000);

  it('says when the engine cannot keep models', async () => {
    const again = s.restoreProject();
    s.notSaved();
    const held = await s.next('held');
    held.resolve([...held.request.models]);
    await again;
    expect(s.project.getState().saved).toBe('memory');
  });
});

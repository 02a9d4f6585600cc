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

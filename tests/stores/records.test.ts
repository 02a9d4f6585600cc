/** When the project's records are written: at once where it matters, and nothing waits when the page is left. */
import { describe, expect, it, vi } from 'vitest';
import { createStore } from 'zustand/vanilla';
import { keepRecords } from '#stores/records';
import type { ModelNode, ProjectState } from '#stores/state';
import { openedNode } from './setting';

const project = (nodes: readonly ModelNode[]): ProjectState => ({
  nodes: Object.fromEntries(nodes.map((node) => [node.id, node])),
  order: nodes.map(({ id }) => id),
  selected: null,
  past: [],
  future: [],
  looks: {},
  saved: 'saved',
});

describe('records', () => {
  it('begin to be written when the page is left, even while an earlier writing goes on', async () => {
    const first = openedNode('a');
    const store = createStore<ProjectState>(() => project([]));
    const ends: (() => void)[] = [];
    const write = vi.fn(() => new Promise<void>((resolve) => ends.push(resolve)));
    const end = keepRecords(store, { read: async () => null, write }, () => {});
    store.setState(project([first]));
    expect(write).toHaveBeenCalledTimes(1);
    const renamed = { ...first, name: 'renamed' };
    store.setState({ nodes: { a: renamed } });
    expect(write).toHaveBeenCalledTimes(1);
    globalThis.dispatchEvent(new Event('pagehide'));
    expect(write).toHaveBeenCalledTimes(2);
    expect(write).toHaveBeenLastCalledWith(expect.anything(), [renamed], []);
    for (const one of ends) one();
    end();
  });

  it('write again what could not be written', async () => {
    const first = openedNode('a');
    const store = createStore<ProjectState>(() => project([]));
    const write = vi.fn(() => Promise.resolve()).mockRejectedValueOnce(new Error('full'));
    const failed = vi.fn();
    const end = keepRecords(store, { read: async () => null, write }, failed);
    store.setState(project([first]));
    await vi.waitFor(() => expect(failed).toHaveBeenCalledTimes(1));
    const second = openedNode('b');
    store.setState(project([first, second]));
    expect(write).toHaveBeenLastCalledWith(expect.anything(), [first, second], []);
    end();
  });
});

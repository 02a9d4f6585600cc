/** What an earlier visit left comes back, and who keeps what is made, where the project is open in one tab or in two. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { openRecords } from '#stores/records';
import type { ModelNode } from '#stores/state';
import { freshStores, openedNode, type Stores } from './setting';

let s: Stores;
beforeEach(async () => {
  localStorage.clear();
  s = await freshStores();
});
const node = (id: string, some: Partial<ModelNode> = {}): ModelNode =>
  openedNode(id, { validation: null, test: null, made: Number(id.charCodeAt(0)), ...some });
const order = (of = s): string => of.project.getState().order.join('');
const selected = (): string | null => s.project.getState().selected;

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

  it('says when the engine cannot keep models', async () => {
    const again = s.restoreProject();
    s.notSaved();
    const held = await s.next('held');
    held.resolve([...held.request.models]);
    await again;
    expect(s.project.getState().saved).toBe('memory');
  });
});

/** Locks as browsers have them, of several pages: one holder a name, the others in a queue; a page that is gone lets go. */
function sharedLocks() {
  let holder: object | null = null;
  const queue: { page: object; grant: () => void }[] = [];
  const next = () => queue.shift()?.grant();
  return () => {
    const page = {
      request: (_name: string, { ifAvailable = false }, take: (lock: object | null) => unknown) => {
        if (holder && ifAvailable) return Promise.resolve(take(null));
        return new Promise((resolve) => {
          const grant = () => {
            holder = page;
            void Promise.resolve(take({})).then((given) => {
              holder = null;
              resolve(given);
              next();
            });
          };
          if (holder) queue.push({ page, grant });
          else grant();
        });
      },
      close() {
        queue.splice(0, queue.length, ...queue.filter((one) => one.page !== page));
        if (holder !== page) return;
        holder = null;
        next();
      },
    };
    return page;
  };
}

describe('a second tab', () => {
  type Page = ReturnType<ReturnType<typeof sharedLocks>>;
  let open: () => Page;
  let first: Stores;
  let firstPage: Page;

  /** Opens the studio in a tab of its own; the engine has all models that are asked for. */
  async function visit(): Promise<[Stores, Page]> {
    const page = open();
    Object.defineProperty(navigator, 'locks', { configurable: true, value: page });
    const stores = await freshStores();
    const restored = stores.restoreProject();
    await answer(stores);
    await restored;
    return [stores, page];
  }
  async function answer(of: Stores) {
    const { request, resolve } = await of.next('held');
    resolve([...request.models]);
  }
  /** The first tab is closed, and the engine of the other has the files. */
  async function closeFirst({ saved = true } = {}) {
    firstPage.close();
    // A tab that has nothing to save waits for the first to come back.
    await vi.waitFor(() => expect(s.asked.map(({ name }) => name)).toContain('takeOver'), { timeout: 6000 });
    (await s.next('takeOver')).resolve({ saved });
    await answer(s);
    await vi.waitFor(() => expect(s.project.getState().saved).not.toBe('other-tab'));
  }
  const settled = () => new Promise((resolve) => setTimeout(resolve, 400));
  /** Whether the browser would ask before the page is left. */
  const asks = (): boolean => !window.dispatchEvent(new Event('beforeunload', { cancelable: true }));

  beforeEach(async () => {
    open = sharedLocks();
    await (await openRecords()).write({ order: [], selected: null, past: [], future: [], looks: {} }, [], []);
    [first, firstPage] = await visit();
    first.addNode(node('a', { name: 'A' }));
    first.addNode(node('b', { name: 'B' }));
    await settled();
    [s] = await visit();
    return () => {
      Object.defineProperty(navigator, 'locks', { configurable: true, value: undefined });
      // The window is the same in the next test.
      s.project.setState({ saved: 'saved' });
    };
  });

  it('shows the project and keeps nothing; the browser asks before it is left, once something was made in it', async () => {
    expect(s.project.getState().saved).toBe('other-tab');
    expect(order()).toBe('ab');
    s.select('a');
    s.patchNode('a', { latency: { ms: 1, backend: 'wasm' } as never });
    expect([s.unsaved.getState().isUnsaved, asks()]).toEqual([false, false]);
    s.addNode(node('c'));
    expect([s.unsaved.getState().isUnsaved, asks()]).toEqual([true, true]);
    await settled();
    expect((await (await openRecords()).read())?.order).toEqual(['a', 'b']);
    // Undone, but there to be done again.
    s.undo();
    expect(asks()).toBe(true);
  }, 10_000);

  it('takes over when the first is gone, with what was made in both beside each other', async () => {
    s.rename('a', 'A of the second');
    s.addNode(node('c', { name: 'New', made: 3 }));
    first.addNode(node('d', { name: 'New', made: 4 }));
    first.rename('a', 'A of the first');
    first.rename('d', 'New');
    first.remove('b');
    await settled();
    await closeFirst();
    expect(s.project.getState().saved).toBe('saved');
    expect([s.unsaved.getState().isUnsaved, asks()]).toEqual([false, false]);
    expect(order()).toBe('adc');
    expect(selected()).toBe('c');
    const names = (of: Stores) => of.project.getState().order.map((id) => of.project.getState().nodes[id]?.name);
    expect(names(s)).toEqual(['A of the second', 'New', 'New 2']);
    expect(s.view.getState().notices.at(-1)?.words.en).toMatch(/made in both/);
    const steps = ['adc', 'ad', 'abd', 'ab', 'a', ''];
    for (const step of steps) {
      expect(order()).toBe(step);
      s.undo();
    }
    for (const step of steps.slice(0, -1).reverse()) {
      s.redo();
      expect(order()).toBe(step);
    }
    await settled();
    const [third] = await visit();
    expect(order(third)).toBe('adc');
    expect(names(third)).toEqual(['A of the second', 'New', 'New 2']);
  }, 15_000);

  it('that only looked on shows what the first made last', async () => {
    s.select('a');
    first.addNode(node('c'));
    first.undo();
    first.remove('b');
    await settled();
    await closeFirst();
    expect([order(), selected()]).toEqual(['a', 'a']);
    s.undo();
    expect(order()).toBe('ab');
    expect(s.view.getState().notices.at(-1)?.words.en).not.toMatch(/made in both/);
  }, 15_000);

  it('says that nothing is kept where the engine cannot store what it had', async () => {
    s.addNode(node('c'));
    await closeFirst({ saved: false });
    expect(s.project.getState().saved).toBe('memory');
    expect(asks()).toBe(true);
  }, 10_000);

  it('lets the first come back where it is only loaded anew, as long as there is nothing to be saved', async () => {
    firstPage.close();
    const [again] = await visit();
    expect(again.project.getState().saved).toBe('saved');
    expect(s.project.getState().saved).toBe('other-tab');
  }, 10_000);
});

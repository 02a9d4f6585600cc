/**
 * The project's records in IndexedDB: node summaries, their order, and undo and redo. Weights are in the engine's vault.
 * One tab writes (Web Locks); records are written shortly after a change, and at once when the page is hidden.
 */
import { type DBSchema, openDB } from 'idb';
import type { StoreApi } from 'zustand/vanilla';
import { seedOf } from '#core/recipe';
import type { ModelNode, ProjectState } from '#stores/state';

type Lists = Pick<ProjectState, 'order' | 'selected' | 'past' | 'future' | 'looks'>;
export interface StoredProject extends Lists {
  readonly nodes: Readonly<Record<string, ModelNode>>;
}
interface Schema extends DBSchema {
  nodes: { key: string; value: ModelNode };
  project: { key: string; value: Lists };
}
export interface Records {
  /** Null where there is nothing yet. */
  read(): Promise<StoredProject | null>;
  /** Writes all of it or nothing: changed nodes, and removed ones by id. */
  write(lists: Lists, changed: readonly ModelNode[], gone: readonly string[]): Promise<void>;
}

const currentKey = 'current';

/** Rejects where IndexedDB is missing or blocked. */
export async function openRecords(name = 'whittle'): Promise<Records> {
  const database = await openDB<Schema>(name, 1, {
    upgrade(fresh) {
      fresh.createObjectStore('nodes', { keyPath: 'id' });
      fresh.createObjectStore('project');
    },
    // A newer version of the studio opened in another tab may change the records: let go of them.
    blocking: (_current, _blocked, event) => (event.target as IDBDatabase).close(),
  });
  return {
    async read() {
      const transaction = database.transaction(['nodes', 'project']);
      const [lists, nodes] = await Promise.all([
        transaction.objectStore('project').get(currentKey),
        transaction.objectStore('nodes').getAll(),
      ]);
      await transaction.done;
      return isLists(lists)
        ? {
            ...lists,
            looks: lists.looks ?? looksOf(nodes),
            nodes: Object.fromEntries(nodes.map((node) => [node.id, node])),
          }
        : null;
    },
    async write(lists, changed, gone) {
      const transaction = database.transaction(['nodes', 'project'], 'readwrite');
      const nodes = transaction.objectStore('nodes');
      await Promise.all([
        ...changed.map((node) => nodes.put(node)),
        ...gone.map((id) => nodes.delete(id)),
        transaction.objectStore('project').put(lists, currentKey),
        transaction.done,
      ]);
    },
  };
}

/** Projects of earlier versions did not count looks at test images: each model that was measured on them is one. */
function looksOf(nodes: readonly ModelNode[]): Lists['looks'] {
  const looks: { -readonly [D in keyof Lists['looks']]: Lists['looks'][D] } = {};
  for (const { dataset, test } of nodes) if (dataset && test) looks[dataset] = (looks[dataset] ?? 0) + 1;
  return looks;
}

/** A node as this version writes it: earlier ones knew of models only. */
export function upToDate(node: ModelNode): ModelNode {
  return (node.summary.kind as unknown) ? node : { ...node, summary: { ...node.summary, kind: 'model' } };
}

function isLists(value: Lists | undefined): value is Lists {
  return value !== undefined && Array.isArray(value.order) && Array.isArray(value.past) && Array.isArray(value.future);
}

/** Nodes that can still come into sight (by undo and redo too), and the ancestors that they name. */
export function reachable({ nodes, order, past, future }: StoredProject): readonly ModelNode[] {
  const found = new Map<string, ModelNode>();
  const waiting = [...new Set([order, ...past, ...future].flat())];
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    const node = nodes[id];
    if (!node || found.has(id)) continue;
    found.set(id, node);
    waiting.push(...ancestorsNamed(node));
  }
  return [...found.values()].sort((a, b) => a.made - b.made);
}

/** The node that it came from, or the several. */
function ancestorsNamed({ parent, origin }: ModelNode): readonly string[] {
  return [...(parent === null ? [] : [parent]), ...('parents' in origin ? origin.parents : [])];
}

/** The project with only `wanted` nodes that are not `lost`; children of a lost node belong to its closest ancestor that is there. */
export function withoutLost(
  stored: StoredProject,
  wanted: readonly ModelNode[],
  lost: ReadonlySet<string>,
): StoredProject {
  const kept = new Map(wanted.filter(({ id }) => !lost.has(id)).map((node) => [node.id, node]));
  const ancestor = (id: string | null): string | null => {
    for (let at = id; at !== null; at = stored.nodes[at]?.parent ?? null) if (kept.has(at)) return at;
    return null;
  };
  /** With the steps of the lost nodes in between, so that its recipe still begins where its new parent ends. */
  const adopted = (node: ModelNode): ModelNode => {
    const parent = ancestor(node.parent);
    let { origin } = node;
    for (let at = node.parent; at !== parent && at !== null; at = stored.nodes[at]?.parent ?? null)
      origin = joined(stored.nodes[at]?.origin, origin);
    return { ...node, parent, origin };
  };
  const only = (ids: readonly string[]): readonly string[] => ids.filter((id) => kept.has(id));
  const order = only(stored.order);
  const steps = (lists: readonly (readonly string[])[]): readonly (readonly string[])[] => lists.map(only);
  return {
    nodes: Object.fromEntries([...kept].map(([id, node]) => [id, adopted(node)])),
    order,
    selected: stored.selected !== null && order.includes(stored.selected) ? stored.selected : (order.at(-1) ?? null),
    past: steps(stored.past),
    future: steps(stored.future),
    looks: stored.looks,
  };
}

/** Two recipes that follow each other as one, each step with the seed that it ran with. */
function joined(first: ModelNode['origin'] | undefined, then: ModelNode['origin']): ModelNode['origin'] {
  if (first?.kind !== 'recipe' || then.kind !== 'recipe') return then;
  const seeded = ({ recipe }: typeof then) =>
    recipe.steps.map((step, at) => ({ ...step, seed: seedOf(recipe, at, step) }));
  const { steps } = first.recipe;
  return {
    ...then,
    recipe: { ...then.recipe, steps: [...seeded(first), ...seeded(then)] },
    reports: [
      ...(first.reports ?? []),
      ...(then.reports ?? []).map((report) => ({ ...report, step: report.step + steps.length })),
    ],
  };
}

/**
 * Writes every change from now on: what is made and removed at once, the rest after `delay` milliseconds. `stored` are
 * the nodes that the records have already. Returns a function that ends it.
 */
export function keepRecords(
  store: StoreApi<ProjectState>,
  records: Records,
  onFailure: (error: unknown) => void,
  stored: Readonly<Record<string, ModelNode>> = {},
  delay = 300,
): () => void {
  let written = stored;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    const { nodes, order, selected, past, future, looks } = store.getState();
    const changed = Object.values(nodes).filter((node) => written[node.id] !== node);
    const gone = Object.keys(written).filter((id) => !nodes[id]);
    if (changed.length) void globalThis.navigator?.storage?.persist?.().catch(() => false);
    const before = written;
    written = nodes;
    // Begun at once: a page that is being left has no later. Transactions end in the order in which they began.
    records.write({ order, selected, past, future, looks }, changed, gone).catch((error: unknown) => {
      written = before;
      onFailure(error);
    });
  }
  const onHidden = (): void => {
    if (timer !== undefined) flush();
  };
  const leave = store.subscribe((state, before) => {
    if (state.order !== before.order) flush();
    else timer ??= setTimeout(flush, delay);
  });
  globalThis.document?.addEventListener('visibilitychange', onHidden);
  globalThis.addEventListener?.('pagehide', onHidden);
  if (store.getState().order.length) flush();
  return () => {
    leave();
    clearTimeout(timer);
    globalThis.document?.removeEventListener('visibilitychange', onHidden);
    globalThis.removeEventListener?.('pagehide', onHidden);
  };
}

const lockName = 'whittle.project';

/** True when this tab is the one that writes. A tab that is just being closed may still hold the lock: ask for a while. */
export async function holdProjectLock(
  locks: LockManager | undefined = globalThis.navigator?.locks,
  attempts = 5,
): Promise<boolean> {
  if (!locks) return true;
  for (let attempt = 0; attempt < attempts; attempt++) {
    if (await granted(locks, { ifAvailable: true }, () => true).catch(() => true)) return true;
    if (attempt < attempts - 1) await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return false;
}

/**
 * Resolves when the tab that writes is gone and this one does. A tab that has nothing to be saved lets that one come back
 * first, which may only be loaded anew: for `grace` milliseconds.
 */
export async function inheritProjectLock(
  hasUnsaved: () => boolean,
  locks: LockManager | undefined = globalThis.navigator?.locks,
  grace = 3000,
): Promise<void> {
  while (locks && !(await granted(locks, {}, hasUnsaved).catch(() => false))) {
    await new Promise((resolve) => setTimeout(resolve, grace));
    if (await holdProjectLock(locks, 1)) return;
  }
}

/** Whether the lock was given and is wanted: then it is held as long as this page lives. */
function granted(locks: LockManager, options: LockOptions, isWanted: () => boolean): Promise<boolean> {
  return new Promise((resolve, reject) => {
    locks
      .request(lockName, options, (lock) => {
        const isHeld = lock !== null && isWanted();
        resolve(isHeld);
        return isHeld ? new Promise(() => undefined) : undefined;
      })
      .catch(reject);
  });
}

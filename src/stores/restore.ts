/**
 * Bringing back what an earlier visit left, and who keeps what is made: one tab at a time. A second tab shows the project
 * and keeps nothing, which stands on its page; when the first one is gone it takes its place, with what it made itself put
 * beside what the first one stored (see merged.ts), so that nothing of either is lost. Until then the browser asks before
 * a tab is left that has made something.
 */
import { createStore } from 'zustand/vanilla';
import { call, isLost } from '#stores/engine';
import { hasOwn, merged } from '#stores/merged';
import { project, rename } from '#stores/project';
import {
  holdProjectLock,
  inheritProjectLock,
  keepRecords,
  openRecords,
  type Records,
  reachable,
  type StoredProject,
  withoutLost,
} from '#stores/records';
import type { ModelNode } from '#stores/state';
import { notify } from '#stores/view';

const { saved: _, ...nothing } = project.getInitialState();
/** What a reload would bring back, as this tab knows it. */
let known: StoredProject = nothing;

/** Whether something was made here that a reload would lose. */
export const unsaved = createStore<{ readonly isUnsaved: boolean }>()(() => ({ isUnsaved: false }));

let vaultSaves = true;
/** The engine cannot store models beyond this page: said on the page. */
export function notSaved(): void {
  vaultSaves = false;
  if (project.getState().saved === 'saved') project.setState({ saved: 'memory' });
}

/** Asked once, at start. */
export async function restoreProject(): Promise<void> {
  const records = await openRecords().catch(() => null);
  if (!records) {
    project.setState({ saved: 'memory' });
    return;
  }
  const isWriter = await holdProjectLock();
  const stored = await takeUp(records, isWriter);
  if (isWriter) write(records, stored);
  else {
    project.setState({ saved: 'other-tab' });
    void inherit(records);
  }
}

/** Keeps what is made from now on. */
function write(records: Records, stored: StoredProject | null): void {
  project.setState({ saved: vaultSaves ? 'saved' : 'memory' });
  keepRecords(project, records, () => notSaved(), stored?.nodes);
}

/** Waits until this tab may write, and goes on where the other one ended. */
async function inherit(records: Records): Promise<void> {
  await inheritProjectLock(() => unsaved.getState().isUnsaved);
  vaultSaves = await takeOver();
  const had = unsaved.getState().isUnsaved;
  // Not before the models are stored: until then there is nothing that the records could name.
  write(records, await takeUp(records, false));
  if (!vaultSaves) return;
  notify({
    level: 'info',
    words: had
      ? {
          en: 'The tab that stored this project is gone. This one stores it now, with what was made in both.',
          zh: '原先保存此项目的标签页已关闭，现在由本页保存，两页的成果都已保留。',
        }
      : {
          en: 'The tab that stored this project is gone. This one stores it now.',
          zh: '原先保存此项目的标签页已关闭，现在由本页保存。',
        },
  });
}

/** Engines that the vault's change of hands may outlive. */
const LIVES = 3;

/** Has the engine store what it kept in memory; resolves with whether it could. */
async function takeOver(): Promise<boolean> {
  for (let life = 1; ; life++) {
    try {
      return (await call('takeOver', {})).saved;
    } catch (error) {
      if (!isLost(error) || life === LIVES) return false;
    }
  }
}

function modelsBetween({ origin }: ModelNode): readonly string[] {
  return origin.kind === 'recipe' ? (origin.reports ?? []).flatMap(({ model }) => model ?? []) : [];
}

/** Puts what is stored on the page, what was made here meanwhile beside it. What the vault has not any more is told. */
async function takeUp(records: Records, isFirst: boolean): Promise<StoredProject | null> {
  const stored = await records.read().catch(() => null);
  if (!stored) return null;
  const wanted = reachable(stored);
  // The models between the steps of a recipe are worth keeping, and can be made again.
  const models = [...new Set(wanted.flatMap((node) => [node.model, ...modelsBetween(node)]))];
  const held = new Set(await call('held', { models, keepOnly: isFirst }).catch(() => models));
  const lost = wanted.filter(({ model }) => !held.has(model));
  const theirs = withoutLost(stored, wanted, new Set(lost.map(({ id }) => id)));
  const before = known;
  known = theirs;
  project.setState((state) => merged(before, theirs, state));
  nameApart(project.getState().order.filter((id) => !theirs.order.includes(id)));
  tellLost(lost.filter(({ id }) => stored.order.includes(id)));
  return stored;
}

/** Gives models of here another name where one of there has it. */
function nameApart(ids: readonly string[]): void {
  for (const id of ids) rename(id, project.getState().nodes[id]?.name ?? '');
}

function tellLost(lost: readonly ModelNode[]): void {
  if (lost.length === 0) return;
  const names = lost.map(({ name }) => name).join(', ');
  notify({
    level: 'error',
    words: {
      en: `The weights of ${lost.length === 1 ? 'one model' : `${lost.length} models`} are no longer stored in this browser: ${names}.`,
      zh: `以下 ${lost.length} 个模型的权重已不在本浏览器的存储中：${names}。`,
    },
  });
}

/** The browser asks in its own words. */
function ask(event: BeforeUnloadEvent): void {
  event.preventDefault();
}

project.subscribe((state) => {
  const isKept = state.saved === 'saved' || state.saved === 'restoring';
  const isUnsaved = !isKept && hasOwn(known, state);
  if (isUnsaved === unsaved.getState().isUnsaved) return;
  unsaved.setState({ isUnsaved });
  if (isUnsaved) globalThis.addEventListener?.('beforeunload', ask);
  else globalThis.removeEventListener?.('beforeunload', ask);
});

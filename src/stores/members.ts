/** Choosing members: which of the page's models to combine, and how, within a budget; and combining what was found. */
import type { Choice } from '#core/search/members';
import { candidates, combineMembers, setMembers as setCombined, setWay, setWayValue } from '#stores/combine';
import { datasets } from '#stores/datasets';
import { call, faultOf, isAbort } from '#stores/engine';
import { project, select } from '#stores/project';
import { search } from '#stores/search-setup';
import type { MembersState } from '#stores/search-state';
import type { ModelNode } from '#stores/state';
import { announce, CANCELLED } from '#stores/view';

export function setChoosing(patch: Partial<Pick<MembersState, 'without' | 'rules' | 'budget'>>): void {
  patchMembers(patch);
}
function patchMembers(patch: Partial<MembersState>): void {
  search.setState(({ members }) => ({ members: { ...members, ...patch } }));
}

/**
 * What can be chosen: single models and trees, measured on the data set that is worked on. What shares a network with
 * others (ensembles, trees on a layer) would be counted twice.
 */
export function choosable(): readonly ModelNode[] {
  return candidates(datasets.getState().selected).filter(
    ({ summary: { kind, trees } }) => kind === 'model' || trees?.features === 'pixels',
  );
}

let stop: AbortController | null = null;

/** Looks for the best ensemble under each rule. */
export async function chooseNow(): Promise<void> {
  const { without, rules, budget, running } = search.getState().members;
  const nodes = choosable().filter(({ id }) => !without.includes(id));
  if (running !== null || nodes.length < 2 || rules.length === 0) return;
  const own = new AbortController();
  stop = own;
  patchMembers({ running: 0, found: null, fault: null });
  try {
    const chosen = await call(
      'chooseMembers',
      { models: nodes.map(({ model }) => model), dataset: datasets.getState().selected, rules, budget, seed: 1 },
      { signal: own.signal, onProgress: ({ done }) => patchMembers({ running: done }) },
    );
    patchMembers({ found: { nodes: nodes.map(({ id }) => id), budget, chosen } });
  } catch (error) {
    if (isAbort(error)) announce(CANCELLED);
    else patchMembers({ fault: faultOf(error) });
  } finally {
    stop = null;
    patchMembers({ running: null });
  }
}
export function stopChoosing(): void {
  stop?.abort();
}

/** Makes an ensemble of what was found, as the Combine tab does; a single model is selected. */
export async function combineChoice({ way, values, members }: Choice): Promise<void> {
  const { found } = search.getState().members;
  const ids = members.flatMap((member) => found?.nodes[member] ?? []);
  if (ids.length !== members.length || ids.some((id) => !project.getState().order.includes(id))) return;
  if (ids.length === 1) return select(ids[0] ?? null);
  setCombined(ids);
  setWay(way);
  for (const [key, value] of Object.entries(values)) setWayValue(key, value, true);
  // A cascade's order is that in which they were chosen: from the smaller to the larger.
  setCombined(ids);
  await combineMembers();
}

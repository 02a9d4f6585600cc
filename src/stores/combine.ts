/**
 * Several models as one: which members in which way, and what that would give. While a slider moves at most one preview is in
 * flight and the latest value wins. What is made becomes a node. Members that are made to go together: stores/making.ts;
 * trees: stores/growing.ts.
 */
import type { Ensemble } from '#core/ensembles/ensemble';
import { ENSEMBLES, ensembleById } from '#core/ensembles/index';
import { clampValues, defaultsById, type Values, type Words } from '#core/params';
import { runCombine } from '#stores/combine-run';
import { combine } from '#stores/combine-state';
import { datasets } from '#stores/datasets';
import { call, faultOf, isAbort } from '#stores/engine';
import { fittedIn } from '#stores/fitted';
// Members that were being made when the page was left are taken up with whatever first looks at this.
import '#stores/making';
import { nodesOnPage, project } from '#stores/project';
import type { CombineView, ModelNode } from '#stores/state';
import { addCombination } from '#stores/together';
import type { DatasetId } from '#worker/protocol';
import type { Combination } from '#worker/protocol-ensembles';

export { combine } from '#stores/combine-state';

combine.setState({ values: defaultsById(ENSEMBLES) });

export function setCombineView(view: CombineView): void {
  combine.setState({ view, fault: null });
}
export function setCombineSeed(seed: number): void {
  combine.setState({ seed });
}

/** The data set that everything is about: that of the first one chosen, else the selected one. */
export function combineDataset(chosen: readonly string[] = combine.getState().members): DatasetId {
  return nodesOnPage(chosen)[0]?.dataset ?? datasets.getState().selected;
}

/** What can be chosen: everything on the page that was measured on this data set. */
export function candidates(dataset: DatasetId = combineDataset()): readonly ModelNode[] {
  return nodesOnPage(project.getState().order).filter((node) => node.dataset === dataset && node.validation !== null);
}

// Members and the way.

export function setMembers(members: readonly string[]): void {
  combine.setState({ members: [...new Set(members)], fault: null });
  ask(false);
}
export function toggleMember(node: string): void {
  const { members } = combine.getState();
  setMembers(members.includes(node) ? members.filter((id) => id !== node) : [...members, node]);
}
/** Serial ways ask members in their order. */
export function moveMember(from: number, to: number): void {
  setMembers(moved(combine.getState().members, from, to));
}
function moved<T>(list: readonly T[], from: number, to: number): readonly T[] {
  const rest = list.filter((_, index) => index !== from);
  return from in list ? [...rest.slice(0, to), list[from] as T, ...rest.slice(to)] : list;
}

export function setWay(way: string): void {
  const { way: before, members } = combine.getState();
  if (way === before || !ENSEMBLES.some(({ id }) => id === way)) return;
  combine.setState({ way, fault: null });
  // A cascade asks the cheapest first; whoever wants it otherwise moves them.
  if (way === 'cascade') {
    const macs = (id: string): number => project.getState().nodes[id]?.summary.macs ?? 0;
    combine.setState({ members: members.toSorted((a, b) => macs(a) - macs(b)) });
  }
  ask(false);
}
/** `moving` while a slider is being dragged. */
export function setWayValue(key: string, value: Values[string], moving: boolean): void {
  const { way, values } = combine.getState();
  const next = clampValues(ensembleById(way).params, { ...values[way], [key]: value }) as Values;
  combine.setState({ values: { ...values, [way]: next }, fault: null });
  ask(moving);
}

/** Why these members cannot be combined in this way, or null. */
export function combineObstacle(): Words | null {
  const { members, way } = combine.getState();
  return obstacleOf(nodesOnPage(members), ensembleById(way));
}

function obstacleOf(members: readonly ModelNode[], { words, members: takes }: Ensemble): Words | null {
  const least = Math.max(2, takes.least);
  if (members.length < least) return { en: `Choose ${least} models or more.`, zh: `请选择至少 ${least} 个模型。` };
  if (takes.most !== undefined && members.length > takes.most)
    return {
      en: `${words.title.en} takes at most ${takes.most} members.`,
      zh: `“${words.title.zh}”最多 ${takes.most} 个成员。`,
    };
  return new Set(members.map(({ dataset }) => dataset)).size > 1
    ? { en: 'All members have to be of one data set.', zh: '所有成员必须使用同一个数据集。' }
    : null;
}

/** What is asked of the engine; null while it cannot be combined. */
function combination(): Combination | null {
  const { members: ids, way, values } = combine.getState();
  const members = nodesOnPage(ids);
  const dataset = members[0]?.dataset;
  if (!dataset || obstacleOf(members, ensembleById(way))) return null;
  const fitted = fittedIn(project.getState().nodes, members);
  return { way, values: values[way] ?? {}, members: members.map(named), dataset, ...fitted };
}
const named = ({ model, name }: ModelNode) => ({ id: model, name });

let flight: AbortController | null = null;
let isWaiting = false;

function ask(moving: boolean): void {
  isWaiting = true;
  // While a slider moves, every value that is asked about gets its answer; other changes ask something else.
  if (!moving) {
    flight?.abort();
    combine.setState({ preview: null });
  }
  if (!flight) void fly();
}

async function fly(): Promise<void> {
  combine.setState({ previewing: true });
  while (isWaiting) {
    isWaiting = false;
    const asked = combination();
    if (!asked) {
      combine.setState({ preview: null, previewFault: null });
      continue;
    }
    const stop = new AbortController();
    flight = stop;
    try {
      const preview = await call('combinePreview', asked, { signal: stop.signal });
      if (!stop.signal.aborted) combine.setState({ preview, previewFault: null });
    } catch (error) {
      if (!isAbort(error)) combine.setState({ preview: null, previewFault: faultOf(error) });
    } finally {
      flight = null;
    }
  }
  combine.setState({ previewing: false });
}

/** The choice before a model of it left the page, and after; another choice since makes it void. */
const parted: {
  [Key in 'members' | 'sources']?: { readonly whole: readonly string[]; readonly rest: readonly string[] };
} = {};

/** What leaves the page is no member any more; when it comes back and the choice is as it left it, it is one again. */
project.subscribe((state, before) => {
  if (state.order === before.order) return;
  for (const key of ['sources', 'members'] as const) {
    const now = combine.getState()[key];
    const was = parted[key];
    const whole = was?.rest === now ? was.whole : now;
    const there = whole.filter((id) => state.order.includes(id));
    if (`${there}` === `${now}`) continue;
    if (key === 'members') setMembers(there);
    else combine.setState({ sources: there });
    parted[key] = { whole, rest: combine.getState()[key] };
  }
});

/** Combines the members as chosen, and selects what came of it. */
export async function combineMembers(): Promise<void> {
  const asked = combination();
  if (!asked) return;
  const parents = nodesOnPage(combine.getState().members).map(({ id }) => id);
  await runCombine('combine', async (ways) => [await addCombination(asked, parents, ways)]);
}

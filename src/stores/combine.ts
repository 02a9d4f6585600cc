/**
 * Several models as one: which members in which way, and what that would give; members that are made to go together; and
 * trees. While a slider moves at most one preview is in flight and the latest value wins. What is made becomes a node.
 */
import type { Ensemble } from '#core/ensembles/ensemble';
import { ENSEMBLES, ensembleById } from '#core/ensembles/index';
import { MAKINGS, makingById } from '#core/ensembles/making/index';
import { clampValues, defaultsOf, type Values, type Words } from '#core/params';
import { TREE_METHODS, treeMethodById } from '#core/trees/index';
import { combine } from '#stores/combine-state';
import { datasets } from '#stores/datasets';
import { call, faultOf, isAbort, mayGoOn } from '#stores/engine';
import { fittedIn } from '#stores/fitted';
import { forgetMaking, keepMaking, takeUpMaking } from '#stores/interrupted-making';
import { type Unknown, whyUnknown } from '#stores/origins';
import { project } from '#stores/project';
import type { CombineView, ModelNode, TreeSource } from '#stores/state';
import { addCombination, addMade, addTrees, overLives } from '#stores/together';
import { notify } from '#stores/view';
import type { DatasetId } from '#worker/protocol';
import type { Combination } from '#worker/protocol-ensembles';

export { combine } from '#stores/combine-state';

const defaultsById = (list: readonly { readonly id: string; readonly params: Parameters<typeof defaultsOf>[0] }[]) =>
  Object.fromEntries(list.map(({ id, params }) => [id, defaultsOf(params) as Values]));

combine.setState({
  values: defaultsById(ENSEMBLES),
  makingValues: defaultsById(MAKINGS),
  treeValues: defaultsById(TREE_METHODS),
});
takeUpMaking();

export function setCombineView(view: CombineView): void {
  combine.setState({ view, fault: null });
}
export function setCombineSeed(seed: number): void {
  combine.setState({ seed });
}

/** The nodes with these ids that are on the page, in this order. */
export function nodesOnPage(ids: readonly string[]): readonly ModelNode[] {
  const { nodes, order } = project.getState();
  return ids.flatMap((id) => (order.includes(id) ? (nodes[id] ?? []) : []));
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

// Making members.

export function setMaking(making: string): void {
  if (MAKINGS.some(({ id }) => id === making)) combine.setState({ making, fault: null });
}
export function setMakingValue(key: string, value: Values[string]): void {
  const { making, makingValues } = combine.getState();
  const next = clampValues(makingById(making).params, { ...makingValues[making], [key]: value }) as Values;
  combine.setState({ makingValues: { ...makingValues, [making]: next }, fault: null });
}
/** What members are made from; the same choice changes nothing. */
export function setSources(wanted: readonly string[]): void {
  const sources = [...new Set(wanted)];
  if (`${sources}` !== `${combine.getState().sources}`) combine.setState({ sources, fault: null });
}
/** Where only one model is taken, another one takes its place. */
export function toggleSource(node: string): void {
  const { sources, making } = combine.getState();
  const kept = makingById(making).models.most === 1 ? [] : sources;
  setSources(sources.includes(node) ? sources.filter((id) => id !== node) : [...kept, node]);
}

/** Why these models cannot be made into members in this way, or null. */
export function makeObstacle(): Words | null {
  const { sources, making, makingValues } = combine.getState();
  const { least, most, anyKind = false } = makingById(making).models;
  const nodes = nodesOnPage(sources);
  if (nodes.length < least || nodes.length > most)
    return least === most
      ? {
          en: `Choose ${least === 1 ? 'one model' : `${least} models`} to start from.`,
          zh: `请选择 ${least} 个起始模型。`,
        }
      : { en: `Choose ${least} to ${most} models to start from.`, zh: `请选择 ${least} 到 ${most} 个起始模型。` };
  const several = nodes.find(({ summary }) => summary.kind !== 'model');
  if (several && !anyKind)
    return {
      en: `${several.name} is not one network: members are made from networks.`,
      zh: `${several.name} 不是单个网络：成员由网络制作。`,
    };
  if (making === 'out-of-fold') {
    const isAfresh = makingValues[making]?.['afresh'] === true;
    const known = project.getState().nodes;
    for (const node of nodes) {
      const lost = isAfresh && node.summary.kind === 'model' ? null : whyUnknown(known, node.id);
      if (lost) return cannotBeMadeAgain(node, lost);
    }
  }
  return new Set(nodes.map(({ dataset }) => dataset)).size > 1
    ? { en: 'All models have to be of one data set.', zh: '所有模型必须使用同一个数据集。' }
    : null;
}

function cannotBeMadeAgain({ name, summary }: ModelNode, { name: what, why }: Unknown): Words {
  const isItself = what === name || what === '';
  const came = isItself ? { en: '', zh: '' } : { en: `It came of ${what}. `, zh: `它来自 ${what}。` };
  const from = isItself
    ? { en: name, zh: name }
    : { en: `${what}, which ${name} came of,`, zh: `${name} 的来源 ${what} ` };
  const cannot = why
    ? {
        en: `${name} cannot be made again without some of the images. ${came.en}${why.en}`,
        zh: `${name} 无法在留出部分图片的情况下重新制作。${came.zh}${why.zh}`,
      }
    : {
        en: `Nobody knows on which images ${from.en} was trained, so it cannot be made again without some of the images.`,
        zh: `不知道 ${from.zh}用哪些图片训练，因此无法在留出部分图片的情况下重新制作。`,
      };
  const isNetwork = summary.kind === 'model';
  return {
    en: `${cannot.en} ${isNetwork ? 'Train it afresh' : 'Leave it out'}, or combine it by stacking, which learns from validation images.`,
    zh: `${cannot.zh}请${isNetwork ? '从头训练' : '去掉它'}，或改用“堆叠”组合，它从验证图片学习。`,
  };
}

// Trees.

export function setTreeMethod(treeMethod: string): void {
  if (TREE_METHODS.some(({ id }) => id === treeMethod)) combine.setState({ treeMethod, fault: null });
}
export function setTreeValue(key: string, value: Values[string]): void {
  const { treeMethod, treeValues } = combine.getState();
  const next = clampValues(treeMethodById(treeMethod).params, { ...treeValues[treeMethod], [key]: value }) as Values;
  combine.setState({ treeValues: { ...treeValues, [treeMethod]: next }, fault: null });
}
export function setTreeSource(treeSource: TreeSource): void {
  combine.setState({ treeSource, fault: null });
}
/** Why trees cannot be grown on this, or null. */
export function treesObstacle(): Words | null {
  const { treeSource } = combine.getState();
  if (treeSource.kind === 'pixels') return null;
  const [node] = nodesOnPage([treeSource.node]);
  return node?.dataset && node.summary.layers.some(({ name }) => name === treeSource.layer)
    ? null
    : { en: 'Choose a model and one of its layers.', zh: '请选择一个模型及其中的一层。' };
}

// Doing it.

let stopRun: AbortController | null = null;

/** Gives up what is going on; nothing is changed. */
export function cancelCombine(): void {
  stopRun?.abort();
}

/** Combines the members as chosen, and selects what came of it. */
export async function combineMembers(): Promise<void> {
  const asked = combination();
  if (!asked) return;
  const parents = nodesOnPage(combine.getState().members).map(({ id }) => id);
  await run('combine', async (ways) => [await addCombination(asked, parents, ways)]);
}
/** Makes members of the chosen models, and their ensemble where they have one. */
export async function makeMembers(): Promise<void> {
  const { making, makingValues, sources, seed } = combine.getState();
  if (makeObstacle()) return;
  const nodes = nodesOnPage(sources);
  const values = makingValues[making] ?? {};
  if (combine.getState().running) return;
  const { interrupted } = combine.getState();
  keepMaking({ making, values, sources, seed });
  const isLeft = await run('make', (ways) => addMade({ making, values, nodes, seed }, ways));
  if (isLeft && interrupted) takeUpMaking();
  else forgetMaking();
}
/** Grows trees as chosen. */
export async function growTrees(): Promise<void> {
  const { treeMethod: method, treeValues, treeSource: source, seed } = combine.getState();
  if (treesObstacle()) return;
  const node = source.kind === 'layer' ? nodesOnPage([source.node])[0] : undefined;
  const dataset = node?.dataset ?? datasets.getState().selected;
  const looked = source.kind === 'layer' && node ? { node, layer: source.layer } : null;
  await run('trees', async (ways) => [
    await addTrees({ method, values: treeValues[method] ?? {}, looked, dataset, seed }, ways),
  ]);
}

/** True where it failed and what the engine has kept of it is still there. */
async function run(
  kind: CombineView,
  work: (ways: Parameters<typeof addCombination>[2]) => Promise<readonly ModelNode[]>,
): Promise<boolean> {
  if (combine.getState().running) return false;
  const stop = new AbortController();
  stopRun = stop;
  const begin = (): void => combine.setState({ running: { kind, done: 0, train: null } });
  begin();
  combine.setState({ fault: null, made: null });
  try {
    const made = await overLives(stop.signal, begin, () =>
      work({
        signal: stop.signal,
        onProgress: ({ done, train }) =>
          combine.setState(({ running }) =>
            running ? { running: { ...running, done, train: train ?? running.train } } : {},
          ),
      }),
    );
    combine.setState({ made: { kind, nodes: made.map(({ id }) => id), notes: made.at(-1)?.notes ?? [] } });
    return false;
  } catch (error) {
    if (isAbort(error)) return false;
    const fault = faultOf(error);
    combine.setState({ fault });
    notify({ level: 'error', words: fault.words, hint: fault.hint });
    return mayGoOn(error);
  } finally {
    stopRun = null;
    combine.setState({ running: null });
  }
}

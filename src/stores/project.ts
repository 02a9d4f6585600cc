/**
 * The models of the project: which there are, what came from what, which one is selected, and undo and redo of making
 * and removing. Nodes are small records; undo moves a list of ids, so nothing is ever copied or lost.
 */
import { createStore } from 'zustand/vanilla';
import type { ModelNode, ProjectState } from '#stores/state';
import { announce } from '#stores/view';

const empty: ProjectState = {
  nodes: {},
  order: [],
  selected: null,
  past: [],
  future: [],
  looks: {},
  saved: 'restoring',
};
const keptSteps = 100;

export const project = createStore<ProjectState>()(() => empty);

/** The selected node, or null. */
export function selectedNode(): ModelNode | null {
  const { nodes, selected } = project.getState();
  return selected === null ? null : (nodes[selected] ?? null);
}

/** The nodes with these ids that are on the page, in this order. */
export function nodesOnPage(ids: readonly string[]): readonly ModelNode[] {
  const { nodes, order } = project.getState();
  return ids.flatMap((id) => (order.includes(id) ? (nodes[id] ?? []) : []));
}

/** `wanted`, or `wanted 2`, `wanted 3` … where a visible model has that name already. */
export function uniqueName(wanted: string, except?: string): string {
  const { nodes, order } = project.getState();
  const taken = new Set(order.filter((id) => id !== except).map((id) => nodes[id]?.name));
  if (!taken.has(wanted)) return wanted;
  let number = 2;
  while (taken.has(`${wanted} ${number}`)) number++;
  return `${wanted} ${number}`;
}

/** Selects a visible node, or none. */
export function select(id: string | null): void {
  if (id !== null && !project.getState().order.includes(id)) return;
  project.setState({ selected: id });
}

/** Gives a node another name; it stays unique on the page. */
export function rename(id: string, name: string): void {
  const wanted = name.trim().slice(0, 120);
  if (wanted) patchNode(id, { name: uniqueName(wanted, id) });
}

function setOrder(state: ProjectState, order: readonly string[], selected: string | null): Partial<ProjectState> {
  return { order, selected, past: [...state.past, state.order].slice(-keptSteps), future: [] };
}

/**
 * Adds a node and selects it, in one step of undo. `instead` leaves the page in the same step (an untrained template);
 * `hidden` are ancestors that never stood on it.
 */
export function addNode(node: ModelNode, instead?: string, hidden: readonly ModelNode[] = []): void {
  const added = Object.fromEntries([...hidden, node].map((one) => [one.id, one]));
  project.setState((state) => ({
    nodes: { ...state.nodes, ...added },
    ...setOrder(state, [...state.order.filter((id) => id !== instead), node.id], node.id),
  }));
}

/** Adds nodes and selects the last of them, in one step of undo. */
export function addNodes(nodes: readonly ModelNode[]): void {
  const last = nodes.at(-1);
  if (!last) return;
  project.setState((state) => ({
    nodes: { ...state.nodes, ...Object.fromEntries(nodes.map((node) => [node.id, node])) },
    ...setOrder(state, [...state.order, ...nodes.map(({ id }) => id)], last.id),
  }));
}

export function patchNode(id: string, patch: Partial<Omit<ModelNode, 'id'>>): void {
  project.setState((state) => {
    const node = state.nodes[id];
    return node ? { nodes: { ...state.nodes, [id]: { ...node, ...patch } } } : {};
  });
}

/** Takes a node off the page; undo brings it back. */
export function remove(id: string): void {
  project.setState((state) => {
    if (!state.order.includes(id)) return {};
    const order = state.order.filter((other) => other !== id);
    return setOrder(state, order, state.selected === id ? nearest(state, order, id) : state.selected);
  });
}

/** The visible node to select when `id` has gone: its closest visible ancestor, else the last made. */
function nearest(state: ProjectState, order: readonly string[], id: string | null): string | null {
  let parent = id === null ? null : (state.nodes[id]?.parent ?? null);
  while (parent !== null && !order.includes(parent)) parent = state.nodes[parent]?.parent ?? null;
  return parent ?? order.at(-1) ?? null;
}

function step(state: ProjectState, order: readonly string[]): Pick<ProjectState, 'order' | 'selected'> {
  const back = order.find((id) => !state.order.includes(id));
  const selected =
    back ??
    (state.selected !== null && order.includes(state.selected)
      ? state.selected
      : nearest(state, order, state.selected));
  return { order, selected };
}

export function undo(): void {
  const { order: before } = project.getState();
  project.setState((state) => {
    const order = state.past.at(-1);
    return order
      ? { ...step(state, order), past: state.past.slice(0, -1), future: [state.order, ...state.future] }
      : {};
  });
  tellSince(before);
}
export function redo(): void {
  const { order: before } = project.getState();
  project.setState((state) => {
    const order = state.future[0];
    return order ? { ...step(state, order), past: [...state.past, state.order], future: state.future.slice(1) } : {};
  });
  tellSince(before);
}

/** Says which models went and which came, by undo and redo. */
function tellSince(before: ProjectState['order']): void {
  const { nodes, order } = project.getState();
  const names = (ids: readonly string[], without: readonly string[]): string =>
    ids.flatMap((id) => (without.includes(id) ? [] : (nodes[id]?.name ?? []))).join(', ');
  const [gone, back] = [names(before, order), names(order, before)];
  const said = [
    ...(gone ? [{ en: `Removed again: ${gone}.`, zh: `又移除了：${gone}。` }] : []),
    ...(back ? [{ en: `Brought back: ${back}.`, zh: `已恢复：${back}。` }] : []),
  ];
  if (said.length > 0) announce({ en: said.map(({ en }) => en).join(' '), zh: said.map(({ zh }) => zh).join('') });
}

/** Whether a node that is not on the page has been there, and can be brought back. */
export function hasLeft({ nodes, order, past, future }: ProjectState, id: string): boolean {
  const isGone = id in nodes && !order.includes(id);
  return isGone && [...past, ...future].some((then) => then.includes(id));
}

/**
 * Puts a removed node back where it stood, and selects it. Where nothing was done since, that is undoing its removal;
 * else it is a step of its own, and what was done stays.
 */
export function bringBack(id: string): void {
  const { nodes, order, past } = project.getState();
  const node = nodes[id];
  if (!node || order.includes(id)) return;
  const before = past.at(-1) ?? [];
  if (before.includes(id) && `${before.filter((other) => other !== id)}` === `${order}`) {
    undo();
    return;
  }
  const later = order.findIndex((other) => (nodes[other]?.made ?? 0) > node.made);
  const grown = order.toSpliced(later < 0 ? order.length : later, 0, id);
  project.setState((state) => setOrder(state, grown, id));
  tellSince(order);
}

/** Takes every model off the page, in one step of undo. */
export function clearProject(): void {
  project.setState((state) => (state.order.length ? setOrder(state, [], null) : {}));
}

/**
 * Two states of the project that came of the same one, as one: what was stored (by another tab, or in an earlier visit) and
 * what was made here meanwhile. Nothing that was made is left out: models of both stand on the page, those of here last; of
 * a model that both have, what was changed here counts, else what was changed there. What either took off the page is off it,
 * and undo, which goes back through the steps of here and then those of there, brings it back.
 */
import type { StoredProject } from '#stores/records';
import type { ModelNode, ProjectState } from '#stores/state';

type Order = ProjectState['order'];
type Looks = ProjectState['looks'];

/** `base`: what both came of. `ours` wins where both changed the same. */
export function merged(base: StoredProject, theirs: StoredProject, ours: StoredProject): StoredProject {
  const nodes: Record<string, ModelNode> = { ...theirs.nodes };
  for (const [id, node] of Object.entries(ours.nodes)) {
    const [was, there] = [base.nodes[id], theirs.nodes[id]];
    nodes[id] = was && there ? { ...there, ...changes(was, node) } : node;
  }
  const beside = (order: Order): Order => both(base.order, theirs.order, order);
  const order = beside(ours.order);
  const steps = ours.past.filter((before) => !base.past.includes(before));
  return {
    nodes,
    order,
    selected: [ours.selected, theirs.selected].find((id) => id !== null && order.includes(id)) ?? order.at(-1) ?? null,
    past: [...theirs.past, ...steps.map(beside)],
    future: ours.future === base.future ? theirs.future : ours.future.map(beside),
    looks: added(base.looks, theirs.looks, ours.looks),
  };
}

/** Whether a person made or changed anything since `base`; what is measured by itself does not count. */
export function hasOwn(base: StoredProject, { nodes, order }: Pick<StoredProject, 'nodes' | 'order'>): boolean {
  if (`${order}` !== `${base.order}`) return true;
  return Object.values(nodes).some((node) => {
    const was = base.nodes[node.id];
    return !was || (['name', 'runs', 'layersAlone'] as const).some((key) => node[key] !== was[key]);
  });
}

/** What is in both, and what is new in either. */
function both(base: Order, theirs: Order, ours: Order): Order {
  return [
    ...theirs.filter((id) => ours.includes(id) || !base.includes(id)),
    ...ours.filter((id) => !theirs.includes(id) && !base.includes(id)),
  ];
}

function changes(was: ModelNode, now: ModelNode): Partial<ModelNode> {
  return Object.fromEntries(Object.entries(now).filter(([key, value]) => value !== was[key as keyof ModelNode]));
}

/** Looks of both, those that both know of counted once. */
function added(base: Looks, theirs: Looks, ours: Looks): Looks {
  const sum = { ...theirs };
  for (const id of Object.keys(ours) as (keyof Looks)[]) sum[id] = (sum[id] ?? 0) + (ours[id] ?? 0) - (base[id] ?? 0);
  return sum;
}

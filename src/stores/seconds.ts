/** How long it took to come to a model: training, passes, combining, by this computer's clock. */
import type { ModelNode } from '#stores/state';

type Nodes = Readonly<Record<string, ModelNode>>;

/** Seconds of the last step, and of all that led to the node; null where nothing is known (a file, a new template). */
export function secondsOf(nodes: Nodes, node: ModelNode): { readonly own: number; readonly total: number } | null {
  const { origin } = node;
  if (!('seconds' in origin)) return null;
  const counted = new Set<string>();
  const visited = new Set<string>();
  const sum = (one: ModelNode | undefined): number => {
    if (!one || visited.has(one.id)) return 0;
    visited.add(one.id);
    const { origin: from, parent } = one;
    const before = [...('parents' in from ? from.parents : []), ...(parent === null ? [] : [parent])];
    return own(one, counted) + before.reduce((seconds, id) => seconds + sum(nodes[id]), 0);
  };
  return { own: origin.seconds, total: sum(node) };
}

/** Members that were made together tell the seconds of all of them: they count once. */
function own({ origin }: ModelNode, counted: Set<string>): number {
  if (!('seconds' in origin)) return 0;
  if (origin.kind !== 'made') return origin.seconds;
  const { making, values, seed, parents, seconds } = origin;
  const key = JSON.stringify([making, values, seed, parents, seconds]);
  if (counted.has(key)) return 0;
  counted.add(key);
  return seconds;
}

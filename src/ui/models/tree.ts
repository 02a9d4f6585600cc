/** The visible models as a tree: what came from what, each under its nearest visible ancestor. */
import type { ModelNode, ProjectState } from '#stores/state';

export interface TreeRow {
  readonly node: ModelNode;
  /** 0 for a root. */
  readonly depth: number;
  /** The nearest visible ancestor. */
  readonly parent: ModelNode | null;
}

export function visibleParent(
  { nodes, order }: Pick<ProjectState, 'nodes' | 'order'>,
  node: ModelNode,
): ModelNode | null {
  const seen = new Set([node.id]);
  for (let id = node.parent; id !== null && !seen.has(id); id = nodes[id]?.parent ?? null) {
    seen.add(id);
    const parent = nodes[id];
    if (parent && order.includes(id)) return parent;
  }
  return null;
}

/** Every visible node once, children right after their parent, both in order of making. */
export function treeRows(state: Pick<ProjectState, 'nodes' | 'order'>): readonly TreeRow[] {
  const children = new Map<string | null, { node: ModelNode; parent: ModelNode | null }[]>();
  for (const id of state.order) {
    const node = state.nodes[id];
    if (!node) continue;
    const parent = visibleParent(state, node);
    const under = parent?.id ?? null;
    children.set(under, [...(children.get(under) ?? []), { node, parent }]);
  }
  const rows: TreeRow[] = [];
  const walk = (under: string | null, depth: number): void => {
    for (const { node, parent } of children.get(under) ?? []) {
      rows.push({ node, depth, parent });
      walk(node.id, depth + 1);
    }
  };
  walk(null, 0);
  return rows;
}

/** Members, the ensemble and its students as lines of one table, worked out from the models on the page. */
import type { ModelNode, ProjectState } from '#stores/state';
import type { Line } from '#ui/combine/SideBySide.tsx';
import { markOf } from '#ui/predictor/mark.ts';

export type CombinedOrigin = Extract<ModelNode['origin'], { kind: 'combined' }>;
type Nodes = ProjectState['nodes'];

/** Single models that learned from this node, in order of making: a step of their recipe names it. */
export function studentsOf(
  { nodes, order }: Pick<ProjectState, 'nodes' | 'order'>,
  teacher: string,
): readonly ModelNode[] {
  return order.flatMap((id) => {
    const node = nodes[id];
    if (node?.origin.kind !== 'recipe') return [];
    return node.origin.recipe.steps.some((step) => !step.off && step.values['teacher'] === teacher) ? [node] : [];
  });
}

/** A node as a line. */
export function lineOf(node: ModelNode, role: Line['role']): Line {
  const { id, name, test, validation, summary, latency } = node;
  return { id, role, name, mark: markOf(node), test, validation, size: summary, latency, node: id };
}

/** The node of a member: the one that it was, or any with the same model. */
function memberNode(nodes: Nodes, parent: string | undefined, model: string): ModelNode | undefined {
  const own = parent === undefined ? undefined : nodes[parent];
  return own?.model === model ? own : Object.values(nodes).find((node) => node.model === model);
}

export function linesOf(
  state: Pick<ProjectState, 'nodes' | 'order'>,
  node: ModelNode,
  { parents, result }: CombinedOrigin,
): readonly Line[] {
  const members = result.members.map(({ id, name, test, validation }, at): Line => {
    const known = memberNode(state.nodes, parents[at], id);
    if (known) return { ...lineOf(known, 'member'), id: `${at} ${id}`, test, validation };
    return {
      id: `${at} ${id}`,
      role: 'member',
      name,
      mark: 'training',
      test,
      validation,
      size: null,
      latency: null,
      node: null,
    };
  });
  return [...members, lineOf(node, 'ensemble'), ...studentsOf(state, node.id).map((one) => lineOf(one, 'student'))];
}

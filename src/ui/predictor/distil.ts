/** From many to one: sets up a distillation with an ensemble or trees for its teacher. */
import { takeStep } from '#stores/optimize';
import { project, select } from '#stores/project';
import type { ModelNode, ProjectState } from '#stores/state';
import { setOptimizeView, setTab } from '#stores/view';

/**
 * The node whose network the student gets: the member that is right most often on validation, or the last model on the
 * page with the same data set. Null where there is none.
 */
export function studentFor(
  { nodes, order }: Pick<ProjectState, 'nodes' | 'order'>,
  teacher: ModelNode,
): ModelNode | null {
  const models = order.flatMap((id) => {
    const node = nodes[id];
    return node && node.summary.kind === 'model' && node.dataset === teacher.dataset ? [node] : [];
  });
  const inside = new Set(teacher.summary.ensemble?.members.map(({ id }) => id));
  const right = (node: ModelNode) => node.validation?.value ?? 0;
  const members = models.filter(({ model }) => inside.has(model));
  return members.sort((a, b) => right(b) - right(a))[0] ?? models.at(-1) ?? null;
}

/** Shows the method with its values set: the same network as the student, started afresh, and compared with itself alone. */
export function distil(teacher: ModelNode): void {
  const student = studentFor(project.getState(), teacher);
  if (!student) {
    setTab('train');
    return;
  }
  select(student.id);
  takeStep({
    pass: 'distillation',
    values: { teacher: teacher.id, student: 'fresh', width: 1, depth: 1, alone: true },
  });
  setOptimizeView('method');
}

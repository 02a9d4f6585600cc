/** The networks on the page that a training can start from. */
import type { ModelNode, ProjectState } from '#stores/state';
import type { DatasetId } from '#worker/protocol';

/** Visible single models of a data set, trained or not; or everything there that is of it. */
export function networksIn(
  { nodes, order }: Pick<ProjectState, 'nodes' | 'order'>,
  dataset: DatasetId,
  anyKind = false,
): readonly ModelNode[] {
  return order.flatMap((id) => {
    const node = nodes[id];
    return node && (anyKind || node.summary.kind === 'model') && node.dataset === dataset ? [node] : [];
  });
}

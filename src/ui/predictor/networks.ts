/** The networks on the page that a training can start from. */
import { nodeFits } from '#stores/datasets';
import type { ModelNode, ProjectState } from '#stores/state';
import type { DatasetId } from '#worker/protocol';

/** Visible single models, trained or not, that fit the images of a data set. */
export function networksIn(
  { nodes, order }: Pick<ProjectState, 'nodes' | 'order'>,
  dataset: DatasetId,
): readonly ModelNode[] {
  return order.flatMap((id) => {
    const node = nodes[id];
    return node && node.summary.kind === 'model' && nodeFits(node, dataset) ? [node] : [];
  });
}

/**
 * Measures nodes in the background: validation and test of a model opened from a file, and, when nothing else is going
 * on, how long one image takes. One at a time; what fails is left unmeasured.
 */
import { call } from '#stores/engine';
import { patchNode, project } from '#stores/project';

/** Measures a node's validation and test accuracy on its data set. Test is measured once for each model and data set. */
export async function measureNode(id: string): Promise<void> {
  const node = project.getState().nodes[id];
  if (!node?.dataset) return;
  const { model, dataset } = node;
  const stillWanted = (): boolean => project.getState().nodes[id]?.dataset === dataset;
  const validation = await call('evaluate', { model, dataset, split: 'validation' });
  if (stillWanted()) patchNode(id, { validation });
  const test = await call('evaluate', { model, dataset, split: 'test' });
  if (stillWanted()) patchNode(id, { test });
}

/** Nodes whose time could not be measured; not tried again until the next visit. */
const given = new Set<string>();
let measuring = false;

/** Measures the time of every trained or opened model that has none, while `isIdle` holds. */
export async function measureLatencies(isIdle: () => boolean): Promise<void> {
  if (measuring) return;
  measuring = true;
  try {
    for (;;) {
      const { nodes, order } = project.getState();
      const next = order
        .map((id) => nodes[id])
        .find((node) => node && !node.latency && node.origin.kind !== 'template' && !given.has(node.id));
      if (!next || !isIdle()) return;
      await call('latency', { model: next.model }).then(
        (latency) => patchNode(next.id, { latency }),
        () => given.add(next.id),
      );
    }
  } finally {
    measuring = false;
  }
}

/** Images on which an ensemble and its members differ, fetched when somebody wants to see them. */
import { call } from '#stores/engine';
import { fittedIn } from '#stores/fitted';
import { project } from '#stores/project';
import type { ModelNode } from '#stores/state';
import type { ImagesAt } from '#worker/protocol-ensembles';

/** Images that are fetched at once, at most. */
export const MOST_IMAGES = 12;

/**
 * The first of these validation images, with the answers of the ensemble first and its members' in order. Rejects as `call`
 * does; an Error for a node that is no ensemble.
 */
export async function imagesOf(node: ModelNode, indices: readonly number[]): Promise<ImagesAt> {
  const { ensemble } = node.summary;
  if (!ensemble || !node.dataset) throw new Error(`${node.name} is no ensemble`);
  const models = [node.model, ...ensemble.members.map(({ id }) => id)];
  const shown = indices.slice(0, MOST_IMAGES);
  const fitted = fittedIn(project.getState().nodes, [node]);
  return call('imagesAt', { dataset: node.dataset, indices: shown, models, ...fitted });
}

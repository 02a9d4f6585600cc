/** What the menus say of a method, which layers it may be kept to, and whether it lacks the images that it looks at. */
import { isPrunable } from '#core/model/layers';
import type { Pass } from '#core/pass';
import { nodeFits } from '#stores/datasets';
import type { ModelNode } from '#stores/state';
import type { ModelSummary } from '#worker/protocol';

/** Names of the layers that have weights to prune, share or quantize. */
export function layersToChoose({ layers }: ModelSummary): readonly string[] {
  return layers.filter(({ kind }) => isPrunable({ kind }, 'kernel')).map(({ name }) => name);
}

/** The first sentence of a text in either language. */
export function firstSentence(text: string): string {
  return /^.*?(?:[.!?](?=\s|$)|[。！？])/s.exec(text)?.[0] ?? text;
}

/** Whether the method looks at images, and the model has no data set that fits it. */
export function lacksImages({ needs }: Pass, node: ModelNode): boolean {
  const looks = needs.includes('data') || needs.includes('training');
  return looks && (node.dataset === null || !nodeFits(node, node.dataset));
}

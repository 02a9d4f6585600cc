/** What the menus say of a method, and which layers it may be kept to. */
import { isPrunable } from '#core/model/layers';
import type { ModelSummary } from '#worker/protocol';

/** Names of the layers that have weights to prune, share or quantize. */
export function layersToChoose({ layers }: ModelSummary): readonly string[] {
  return layers.filter(({ kind }) => isPrunable({ kind }, 'kernel')).map(({ name }) => name);
}

/** The first sentence of a text in either language. */
export function firstSentence(text: string): string {
  return /^.*?(?:[.!?](?=\s|$)|[。！？])/s.exec(text)?.[0] ?? text;
}

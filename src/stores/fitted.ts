/**
 * Which ensembles were fitted to the validation images: those whose members were chosen one by one. Members that were made
 * to go together bring what their way of combining has learned, from training images or none.
 */
import type { ModelNode } from '#stores/state';
import type { ModelId } from '#worker/protocol';

/** Of these nodes and of what they are made of, as part of a question about them; nothing where there is none. */
export function fittedIn(
  nodes: Readonly<Record<string, ModelNode>>,
  about: readonly ModelNode[],
): { readonly fitted?: readonly ModelId[] } {
  const idsIn = ({ origin, model }: ModelNode): readonly ModelId[] => {
    if (origin.kind !== 'combined') return [];
    const inside = origin.parents.flatMap((parent) => nodes[parent] ?? []).flatMap(idsIn);
    return origin.making === undefined ? [model, ...inside] : inside;
  };
  const fitted = [...new Set(about.flatMap(idsIn))];
  return fitted.length > 0 ? { fitted } : {};
}

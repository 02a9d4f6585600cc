/**
 * Ensembles and trees as the vault keeps them: one small file each, with its members by their ids. Members are stored as
 * whatever they are, so that a model in three ensembles is there once.
 */

import type { EnsemblePredictor, Predictor, TreesPredictor } from '#core/predictor';
import { isOfSeveral, predictorId } from '#core/predictor-id';
import { type PackedHead, packedForest, unpackedForest } from '#core/trees/packed';
import { readNumbers, writeNumbers } from '#worker/vault/blob';

type Head =
  | (Omit<EnsemblePredictor, 'members'> & { readonly members: readonly string[] })
  | {
      readonly kind: 'trees';
      readonly features:
        | { readonly kind: 'pixels' }
        | { readonly kind: 'layer'; readonly model: string; readonly layer: string };
      readonly forest: PackedHead;
      readonly classes: number;
      readonly shape: readonly number[];
    };

/** The file of a predictor that is not a model; its name is the predictor's id. */
export function writePredictor(predictor: EnsemblePredictor | TreesPredictor): Uint8Array {
  if (predictor.kind === 'ensemble') {
    const { way, values, state, members } = predictor;
    return writeNumbers({ kind: 'ensemble', way, values, state, members: members.map(predictorId) } satisfies Head);
  }
  const { features, forest, classes, shape } = predictor;
  const { head, numbers } = packedForest(forest);
  const looked =
    features.kind === 'pixels'
      ? features
      : ({
          kind: 'layer',
          model: predictorId({ kind: 'model', model: features.model }),
          layer: features.layer,
        } as const);
  return writeNumbers({ kind: 'trees', features: looked, forest: head, classes, shape } satisfies Head, numbers);
}

/** What the file names, by id; null when its bytes are damaged. */
export function namedIn(bytes: Uint8Array): readonly string[] | null {
  const head = readNumbers(bytes)?.head as Head | undefined;
  if (!head) return null;
  if (head.kind === 'ensemble') return head.members;
  return head.features.kind === 'layer' ? [head.features.model] : [];
}

/** The predictor, with what `find` gives for the ids it names; null when the bytes are damaged. */
export async function readPredictor(
  bytes: Uint8Array,
  find: (id: string) => Promise<Predictor>,
): Promise<EnsemblePredictor | TreesPredictor | null> {
  const read = readNumbers(bytes);
  if (!read) return null;
  const head = read.head as Head;
  if (head.kind === 'ensemble') {
    const members: Predictor[] = [];
    for (const id of head.members) members.push(await find(id));
    return { ...head, members };
  }
  const { forest, features, classes, shape } = head;
  const looked = features.kind === 'layer' ? await find(features.model) : null;
  return {
    kind: 'trees',
    features:
      features.kind === 'layer' && looked?.kind === 'model'
        ? { kind: 'layer', model: looked.model, layer: features.layer }
        : { kind: 'pixels' },
    forest: unpackedForest({ head: forest, numbers: read.numbers }),
    classes,
    shape,
  };
}

/** Everything that `ids` need, themselves included: members of members, and networks that trees look at. */
export async function closureOf(
  ids: readonly string[],
  bytesOf: (id: string) => Promise<Uint8Array | null>,
): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  const visit = async (id: string): Promise<void> => {
    if (found.has(id)) return;
    found.add(id);
    if (!isOfSeveral(id)) return;
    const bytes = await bytesOf(id);
    for (const named of (bytes && namedIn(bytes)) ?? []) await visit(named);
  };
  for (const id of ids) await visit(id);
  return found;
}

/** The id of any predictor: a model's own, else `p-` and a hash of what it is made of, its members by their ids. */
import { canonicalJson, modelId } from '#core/model/hash';
import { hash128, hashHex, hashText } from '#core/numeric/hash';
import type { Predictor, TreesPredictor } from '#core/predictor';
import { packedForest } from '#core/trees/packed';

const PREFIX = 'p-';

/** Equal content: equal id, whatever it is called. */
export function predictorId(predictor: Predictor): string {
  switch (predictor.kind) {
    case 'model':
      return modelId(predictor.model);
    case 'ensemble': {
      const { way, values, state, members } = predictor;
      return prefixed(canonicalJson({ way, values, state, members: members.map(predictorId) }));
    }
    case 'trees':
      return treesId(predictor);
    default:
      throw predictor satisfies never;
  }
}

/** Whether an id is that of something else than a model. */
export const isOfSeveral = (id: string): boolean => id.startsWith(PREFIX);

/** Hashing a forest of a million numbers takes some 10 ms. */
const known = new WeakMap<TreesPredictor, string>();

function treesId(trees: TreesPredictor): string {
  const held = known.get(trees);
  if (held) return held;
  const { features, forest, classes, shape } = trees;
  const { head, numbers } = packedForest(forest);
  const looked = features.kind === 'layer' ? { layer: features.layer, model: modelId(features.model) } : {};
  const id = prefixed(canonicalJson({ head, looked, classes, shape, numbers: hashHex(hash128(numbers)) }));
  known.set(trees, id);
  return id;
}

const prefixed = (text: string): string => `${PREFIX}${hashHex(hashText(text))}`;

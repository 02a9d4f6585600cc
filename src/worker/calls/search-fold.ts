/** A data set as a fold of a cross-validation sees it: the fold is what it is judged on, and there is no test. */
import { rowsOf, stratifiedFolds } from '#core/numeric/folds';
import { derivedSeed, seededRandom } from '#core/numeric/random';
import type { Dataset } from '#engine/datasets/dataset';
import { pick } from '#engine/datasets/split';

/** Training images only: those outside the fold train, those in it judge. Every class alike; the same for the same seed. */
export function foldOf(dataset: Dataset, folds: number, fold: number, seed: number): Dataset {
  const { pixels, labels } = dataset.splits.train;
  const size = dataset.shape.reduce((product, side) => product * side, 1);
  const divided = stratifiedFolds(labels, folds, seededRandom(derivedSeed(seed, 'folds')));
  const part = (inside: boolean) => pick(pixels, labels, rowsOf(divided, fold, inside), size);
  const none = { count: 0, pixels: new Uint8Array(0), labels: new Uint8Array(0) };
  // Nothing that is kept by data set is mistaken for the whole one's.
  return {
    ...dataset,
    id: `${dataset.id}, fold ${fold + 1} of ${folds}`,
    splits: { train: part(false), validation: part(true), test: none },
  };
}

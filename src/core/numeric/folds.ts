/** Dividing rows into folds, every class alike, by seed; and drawing rows with replacement. */
import { shuffledIndices } from '#core/numeric/random';

/**
 * By row its fold, 0 to folds - 1. Every class is dealt out in turn in a random order, going on where the class before it
 * stopped, so that folds differ by one row at most, in size and in each class.
 */
export function stratifiedFolds(labels: ArrayLike<number>, folds: number, random: () => number): Uint8Array {
  const byClass = new Map<number, number[]>();
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i] as number;
    const own = byClass.get(label);
    if (own) own.push(i);
    else byClass.set(label, [i]);
  }
  const foldOf = new Uint8Array(labels.length);
  let next = 0;
  for (const [, rows] of [...byClass].sort(([a], [b]) => a - b)) {
    for (const place of shuffledIndices(rows.length, random)) foldOf[rows[place] as number] = next++ % folds;
  }
  return foldOf;
}

/** The rows in a fold, or outside it, ascending. */
export function rowsOf(foldOf: Uint8Array, fold: number, inside: boolean): Uint32Array {
  return Uint32Array.from(foldOf.keys()).filter((row) => (foldOf[row] === fold) === inside);
}

/** `count` rows of as many, drawn with replacement (Efron 1979). */
export function bootstrapRows(count: number, random: () => number): Uint32Array {
  return Uint32Array.from({ length: count }, () => Math.floor(random() * count));
}

/**
 * Precision, recall and F1 of each class and over all, from a confusion matrix. As scikit-learn with zero_division = 0:
 * a class that is never answered has precision 0, one without images recall 0; classes that are neither leave the means.
 */

export interface ClassScore {
  /** Of the images answered with this class, the share that are of it. */
  readonly precision: number;
  /** Of the images of this class, the share answered with it. */
  readonly recall: number;
  /** 2 * precision * recall / (precision + recall), 0 where both are. */
  readonly f1: number;
  /** Images of this class. */
  readonly images: number;
  /** Images answered with this class. */
  readonly answered: number;
}
export interface Scores {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}
export interface ClassScores {
  /** In label order. */
  readonly classes: readonly ClassScore[];
  /** Means over the classes. */
  readonly macro: Scores;
  /** Means over the classes, each counted as often as it has images. */
  readonly weighted: Scores;
  /** Over all answers together; with one answer an image all three are the accuracy. */
  readonly micro: Scores;
  /** Classes with images that are never answered: their precision is 0 because there is nothing to divide. */
  readonly neverAnswered: readonly number[];
  /** Classes without images. */
  readonly absent: readonly number[];
}

/** `confusion` is [label * classes + answer] of counts. */
export function classScores(confusion: ArrayLike<number>, classes: number): ClassScores {
  const at = (label: number, answer: number): number => confusion[label * classes + answer] as number;
  const all = Array.from({ length: classes }, (_, k) => k);
  const sum = (of: (k: number) => number): number => all.reduce((total, k) => total + of(k), 0);
  const rows = all.map((k): ClassScore => {
    const right = at(k, k);
    const images = sum((other) => at(k, other));
    const answered = sum((other) => at(other, k));
    return {
      precision: over(right, answered),
      recall: over(right, images),
      f1: over(2 * right, images + answered),
      images,
      answered,
    };
  });
  const counted = rows.filter(({ images, answered }) => images + answered > 0);
  const mean = (of: keyof Scores): number =>
    over(
      counted.reduce((total, row) => total + row[of], 0),
      counted.length,
    );
  const images = sum((k) => (rows[k] as ClassScore).images);
  const weigh = (of: keyof Scores): number =>
    over(
      rows.reduce((total, row) => total + row.images * row[of], 0),
      images,
    );
  const share = over(
    sum((k) => at(k, k)),
    images,
  );
  return {
    classes: rows,
    macro: { precision: mean('precision'), recall: mean('recall'), f1: mean('f1') },
    weighted: { precision: weigh('precision'), recall: weigh('recall'), f1: weigh('f1') },
    micro: { precision: share, recall: share, f1: share },
    neverAnswered: all.filter((k) => rows[k]?.answered === 0 && (rows[k] as ClassScore).images > 0),
    absent: all.filter((k) => rows[k]?.images === 0),
  };
}

const over = (a: number, b: number): number => (b === 0 ? 0 : a / b);

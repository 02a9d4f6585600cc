/** All figures of one classifier, and two side by side, worked by hand. */
import { describe, expect, it } from 'vitest';
import { classScores } from '#core/metrics/class-scores';
import { answersAndConfidence, compared, imagesOfCell } from '#core/metrics/comparison';
import { examined, soundRows } from '#core/metrics/examination';
import { rocOf, thinned } from '#core/metrics/roc';
import { agrestiMin, wilson } from '#core/numeric/intervals';

/** Logits whose softmax are these probabilities. */
const logOf = (...probabilities: number[]) => Float32Array.from(probabilities, Math.log);

// Three classes, five images: 0, 0 right; 1 taken for 0; 1 right; 2 taken for 1.
const labels = Uint8Array.of(0, 0, 1, 1, 2);
const logits = logOf(0.8, 0.1, 0.1, 0.6, 0.3, 0.1, 0.7, 0.2, 0.1, 0.2, 0.5, 0.3, 0.1, 0.6, 0.3);

describe('an examination', () => {
  const found = examined({ logits, labels }, { logits, labels }, 3);

  it('counts which class is taken for which', () => {
    expect(found.confusion).toEqual([
      [2, 0, 0],
      [1, 1, 0],
      [0, 1, 0],
    ]);
    expect(found).toMatchObject({ images: 5, unanswered: 0, accuracy: wilson(3, 5) });
    expect(found.scores.neverAnswered).toEqual([2]);
  });

  it('weighs classes by their images', () => {
    // Precision 2/3, 1/2, 0 and F1 4/5, 1/2, 0 of 2, 2 and 1 images.
    expect(found.scores.weighted.precision).toBeCloseTo((2 * (2 / 3) + 2 * 0.5) / 5, 12);
    expect(found.scores.weighted.recall).toBeCloseTo(3 / 5, 12);
    expect(found.scores.weighted.f1).toBeCloseTo((2 * 0.8 + 2 * 0.5) / 5, 12);
    expect(classScores([0, 0, 0, 0], 2).weighted.f1).toBe(0);
  });

  it('has the first answers for fewer than all classes', () => {
    // Among the first two: all but none; 2 is second to 1 at the last, 1 second to 0 at the third.
    expect(found.topK.map(({ k, accuracy }) => [k, accuracy])).toEqual([
      [1, wilson(3, 5)],
      [2, wilson(5, 5)],
    ]);
  });

  it('has curves and areas', () => {
    expect(found.roc.classes.map(({ class: label }) => label)).toEqual([0, 1, 2]);
    // Scores for class 0: 0.8 and 0.6 of it, 0.7, 0.2 and 0.1 of others: 5 of 6 pairs are in order.
    expect(found.roc.classes[0]?.auc).toBeCloseTo(5 / 6, 12);
    expect(found.roc.classes[0]?.points.at(0)).toEqual([0, 0]);
    expect(found.roc.classes[0]?.points.at(-1)).toEqual([1, 1]);
  });

  it('weighs confidence before and after the temperature that validation asks for', () => {
    const loss = -(Math.log(0.8) + Math.log(0.6) + Math.log(0.2) + Math.log(0.5) + Math.log(0.3)) / 5;
    expect(found.confidence.logLoss).toBeCloseTo(loss, 6);
    // Tops 0.8, 0.6, 0.7, 0.5, 0.6 in 15 bins: (0.46, 0.53] right, (0.53, 0.6] two of which one is right, ...
    const gaps = Math.abs(1 - 0.5) + Math.abs(1 - 1.2) + Math.abs(0 - 0.7) + Math.abs(1 - 0.8);
    expect(found.confidence.error).toBeCloseTo(gaps / 5, 6);
    expect(found.scaled.logLoss).toBeLessThanOrEqual(found.confidence.logLoss);
    // Margins of 6 with three of four right, as calibration has it: 6 / ln 3, here from other images than are examined.
    const chosen = { logits: Float32Array.of(6, 0, 6, 0, 0, 6, 6, 0), labels: Uint8Array.of(0, 0, 1, 1) };
    const other = examined({ logits: Float32Array.of(2, 0), labels: Uint8Array.of(0) }, chosen, 2);
    expect(other.scaled.value).toBeCloseTo(6 / Math.log(3), 6);
    expect(other.topK.map(({ k }) => k)).toEqual([1]);
    expect(other.roc).toEqual({ classes: [], macro: null });
  });

  it('takes answers that are no numbers for wrong, and ends', () => {
    const broken = examined(
      { logits: Float32Array.of(Number.NaN, 1, 3, 0, Number.POSITIVE_INFINITY, 0), labels: Uint8Array.of(0, 0, 0) },
      { logits: Float32Array.of(Number.NaN, Number.NaN), labels: Uint8Array.of(0) },
      2,
    );
    expect(broken).toMatchObject({ unanswered: 2, accuracy: wilson(1, 3) });
    expect(broken.confusion).toEqual([
      [1, 0],
      [0, 0],
    ]);
    expect(rocOf([Number.NaN, 0.5, 0.5, 0.5], [0, 1], 2).classes[0]?.auc).toBe(0);
    expect(soundRows(logits, 3).logits).toBe(logits);
  });
});

describe('a thinned curve', () => {
  it('keeps both ends and points evenly along the way', () => {
    const points = Array.from({ length: 1001 }, (_, i) => ({
      falsePositives: i / 1000,
      truePositives: i / 1000,
      threshold: 0,
    }));
    const few = thinned(points, 50);
    expect(few.length).toBeLessThanOrEqual(50);
    expect(few.length).toBeGreaterThan(40);
    expect([few[0], few.at(-1)]).toEqual([
      [0, 0],
      [1, 1],
    ]);
    expect(thinned(points.slice(0, 5), 50)).toHaveLength(5);
  });
});

describe('two classifiers', () => {
  // Right: A on 0, 1, 3; B on 0, 2, 3. Image 4: A says 1, B says 0.
  const b = logOf(0.5, 0.4, 0.1, 0.3, 0.6, 0.1, 0.1, 0.8, 0.1, 0.2, 0.5, 0.3, 0.6, 0.2, 0.2);

  it('are counted against each other, with the images on which they differ', () => {
    const found = compared(logits, b, labels, 3);
    expect(found.counts).toEqual({ both: 2, onlyA: 1, onlyB: 1, neither: 1 });
    expect(found.differing).toEqual({ onlyA: [1], onlyB: [2], bothWrong: [4] });
    expect(found.agreement).toBeCloseTo(2 / 5, 12);
    expect(found.p).toBe(1);
    expect(found.difference).toEqual(agrestiMin(1, 1, 5));
  });

  it('of which one is always right', () => {
    const right = Float32Array.from({ length: 15 }, (_, at) => (at % 3 === labels[Math.floor(at / 3)] ? 5 : 0));
    const found = compared(right, logits, labels, 3);
    expect(found.counts).toEqual({ both: 3, onlyA: 2, onlyB: 0, neither: 0 });
    // Two coins alike: 2 * (1/2)^2.
    expect(found.p).toBeCloseTo(0.5, 12);
    expect(found.difference.value).toBeCloseTo(0.4, 12);
  });

  it('puts the images first of which one is surest', () => {
    const a = logOf(0.6, 0.4, 0.9, 0.1, 0.7, 0.3);
    const other = logOf(0.4, 0.6, 0.4, 0.6, 0.1, 0.9);
    const { differing } = compared(a, other, Uint8Array.of(0, 0, 0), 2);
    // Surest of either: 0.6, 0.9, 0.9.
    expect(differing.onlyA).toEqual([1, 2, 0]);
  });
});

describe('the images of a cell', () => {
  it('begin with the surest error, and with the least sure of right ones', () => {
    const answers = answersAndConfidence(logOf(0.6, 0.4, 0.9, 0.1, 0.7, 0.3, 0.2, 0.8), 2);
    expect(imagesOfCell(answers, Uint8Array.of(1, 1, 1, 1), 2, 1, 0)).toEqual([1, 2, 0]);
    expect(imagesOfCell(answers, Uint8Array.of(0, 0, 0, 0), 2, 0, 0)).toEqual([0, 2, 1]);
    expect(imagesOfCell(answers, Uint8Array.of(0, 0, 0, 0), 2, 1, 1)).toEqual([]);
  });
});

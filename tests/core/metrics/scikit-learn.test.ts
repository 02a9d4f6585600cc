/** Figures agree with scikit-learn's on the same answers; `reference/scikit-learn.py` made the expected values. */
import { describe, expect, it } from 'vitest';
import { fitTemperature } from '#core/metrics/calibration';
import { classScores } from '#core/metrics/class-scores';
import { accuracyOf, answersOf, confusionMatrix, correctOf, logLoss } from '#core/metrics/classification';
import { rocOf } from '#core/metrics/roc';
import { topK } from '#core/metrics/top-k';
import { softmaxRows } from '#core/numeric/softmax';
import expected from './reference/scikit-learn.json' with { type: 'json' };

const { classes, labels } = expected;
const logits = Float32Array.from(expected.logits);
const probabilities = softmaxRows(logits, classes);
const answers = answersOf(logits, classes);

const close = (own: readonly number[], theirs: readonly number[] | undefined): void => {
  expect(own).toHaveLength(theirs?.length ?? -1);
  for (const [i, value] of own.entries()) expect(value).toBeCloseTo(theirs?.[i] as number, 12);
};

describe('as scikit-learn', () => {
  it('accuracy and log loss', () => {
    expect(accuracyOf(correctOf(logits, labels, classes)).value).toBeCloseTo(expected.accuracy, 12);
    expect(logLoss(logits, labels, classes)).toBeCloseTo(expected.logLoss, 6);
  });

  it('precision, recall and F1 by class and over all, a class without images among them', () => {
    const scores = classScores(confusionMatrix(answers, labels, classes), classes);
    const { classes: each, macro, weighted, micro, absent } = scores;
    for (const [i, of] of (['precision', 'recall', 'f1'] as const).entries()) {
      close(
        each.map((row) => row[of]),
        expected.each[i],
      );
      expect(macro[of]).toBeCloseTo(expected.macro[i] as number, 12);
      expect(weighted[of]).toBeCloseTo(expected.weighted[i] as number, 12);
      expect(micro[of]).toBeCloseTo(expected.micro[i] as number, 12);
    }
    expect(absent).toEqual([3]);
  });

  it('a class that is never answered', () => {
    const never = answers.map((answer) => (answer === 1 ? 0 : answer));
    const scores = classScores(confusionMatrix(never, labels, classes), classes);
    for (const [i, of] of (['precision', 'recall', 'f1'] as const).entries()) {
      close(
        scores.classes.map((row) => row[of]),
        expected.eachNeverOne[i],
      );
      expect(scores.macro[of]).toBeCloseTo(expected.macroNeverOne[i] as number, 12);
      expect(scores.weighted[of]).toBeCloseTo(expected.weightedNeverOne[i] as number, 12);
    }
    expect(scores.neverAnswered).toEqual([1]);
  });

  it('areas under the curve, with and without ties, and their mean', () => {
    const roc = rocOf(probabilities, labels, classes);
    expect(roc.absent).toEqual([3]);
    close(
      roc.classes.map(({ auc }) => auc),
      expected.auc,
    );
    expect(roc.macro).toBeCloseTo(expected.auc.reduce((a, b) => a + b) / 3, 12);
    // numpy rounds halves to even; no probability here lies on one.
    const coarse = probabilities.map((p) => Math.round(p * 10) / 10);
    close(
      rocOf(coarse, labels, classes).classes.map(({ auc }) => auc),
      expected.aucCoarse,
    );
    const three = Float64Array.from({ length: labels.length * 3 }, (_, i) => {
      const row = Math.floor(i / 3) * classes;
      const [a, b, c] = probabilities.slice(row, row + 3) as unknown as [number, number, number];
      return (probabilities[row + (i % 3)] as number) / (a + b + c);
    });
    expect(rocOf(three, labels, 3).macro).toBeCloseTo(expected.aucMacroThree, 12);
  });

  it('a curve whose corners are all among its points, and that encloses the area', () => {
    const [curve] = rocOf(probabilities, labels, classes).classes;
    const [x, y] = expected.curve as [number[], number[]];
    const theirs = x.map((value, i) => `${value.toFixed(9)} ${(y[i] as number).toFixed(9)}`);
    const points = curve?.points ?? [];
    for (const { falsePositives, truePositives } of points)
      expect(theirs).toContain(`${falsePositives.toFixed(9)} ${truePositives.toFixed(9)}`);
    const area = points.slice(1).reduce((sum, point, i) => {
      const before = points[i] as (typeof points)[0];
      return sum + ((point.falsePositives - before.falsePositives) * (point.truePositives + before.truePositives)) / 2;
    }, 0);
    expect(area).toBeCloseTo(expected.auc[0] as number, 12);
    expect(points.at(-1)).toMatchObject({ falsePositives: 1, truePositives: 1 });
  });

  it('the first two answers', () => {
    expect(topK(logits, labels, classes, 2)).toBeCloseTo(expected.top2, 12);
    expect(topK(logits, labels, classes, 1)).toBeCloseTo(expected.accuracy, 12);
    expect(topK(logits, labels, classes, classes)).toBe(1);
  });

  it('and the fitted temperature has less log loss than those beside it', () => {
    const fitted = fitTemperature(logits, labels, classes);
    const loss = (T: number) =>
      logLoss(
        logits.map((z) => z / T),
        labels,
        classes,
      );
    expect(loss(fitted)).toBeLessThan(loss(fitted * 1.02));
    expect(loss(fitted)).toBeLessThan(loss(fitted * 0.98));
  });
});

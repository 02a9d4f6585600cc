/** Accuracy, log loss and confusion worked by hand (log loss as scikit-learn's log_loss gives it). */
import { describe, expect, it } from 'vitest';
import { accuracyOf, answersOf, confusionMatrix, correctOf, EPSILON, logLoss } from '#core/metrics/classification';

const LOGITS = Float32Array.from([2, 1, 0, 0, 0, 0, -1, 5, 5]);

describe('classification', () => {
  it('answers with the lowest of equal logits, and never with NaN', () => {
    expect([...answersOf(LOGITS, 3)]).toEqual([0, 0, 1]);
    expect([...answersOf(Float32Array.from([Number.NaN, -3]), 2)]).toEqual([1]);
  });

  it('counts what is right with an interval', () => {
    const correct = correctOf(LOGITS, [0, 2, 1], 3);
    expect([...correct]).toEqual([1, 0, 1]);
    const { value, low, high, images } = accuracyOf(correct);
    expect([value, images]).toEqual([2 / 3, 3]);
    expect(low).toBeCloseTo(0.2077, 4);
    expect(high).toBeCloseTo(0.9385, 4);
  });

  it('averages -log p of the label', () => {
    // softmax(2, 1, 0)[0] = 0.6652409558, a third, softmax(0, 0 | e^-6)[1] = 1 / (2 + e^-6).
    const expected = -(Math.log(0.6652409557748219) + Math.log(1 / 3) + Math.log(1 / (2 + Math.exp(-6)))) / 3;
    expect(logLoss(LOGITS, [0, 2, 1], 3)).toBeCloseTo(expected, 12);
  });

  it('clips at the epsilon of float32 at both ends', () => {
    const sure = Float32Array.from([0, 1000]);
    expect(logLoss(sure, [0], 2)).toBeCloseTo(-Math.log(EPSILON), 12);
    expect(logLoss(sure, [1], 2)).toBeCloseTo(EPSILON, 12);
    expect(EPSILON).toBe(1.1920928955078125e-7);
  });

  it('counts confusions with the true class in the row', () => {
    expect([...confusionMatrix([0, 1, 1, 0], [0, 0, 1, 1], 2)]).toEqual([1, 1, 1, 1]);
    expect([...confusionMatrix([2, 2], [0, 2], 3)]).toEqual([0, 0, 1, 0, 0, 0, 0, 0, 1]);
  });
});

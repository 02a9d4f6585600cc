/** Calibration, temperature, diversity, rankings and repeated runs, worked by hand. */
import { describe, expect, it } from 'vitest';
import { fitTemperature, reliabilityOf } from '#core/metrics/calibration';
import { classScores } from '#core/metrics/class-scores';
import { diversityOf, onlyTogether } from '#core/metrics/diversity';
import { rocOf } from '#core/metrics/roc';
import { pooledChange, repeated } from '#core/metrics/seeds';
import { topK } from '#core/metrics/top-k';
import { seededRandom } from '#core/numeric/random';

describe('scores of classes', () => {
  it('of a matrix by hand', () => {
    // Rows are labels: two of class 0 right, one taken for 1; class 1 one right; class 2 one, taken for 0.
    const { classes, macro, micro, neverAnswered, absent } = classScores([2, 1, 0, 0, 1, 0, 1, 0, 0], 3);
    expect(classes[0]).toMatchObject({ precision: 2 / 3, recall: 2 / 3, images: 3, answered: 3 });
    expect(classes[1]).toMatchObject({ precision: 0.5, recall: 1, f1: 2 / 3 });
    expect(classes[2]).toMatchObject({ precision: 0, recall: 0, f1: 0 });
    expect(macro.f1).toBeCloseTo(4 / 9, 12);
    expect(micro.f1).toBeCloseTo(3 / 5, 12);
    expect([neverAnswered, absent]).toEqual([[2], []]);
  });
});

describe('the curve of a class', () => {
  it('counts a tie one half and names classes without images', () => {
    // Class 1 has images 0 and 1 with scores 0.9 and 0.5; the other scores 0.5 too: (1 + 1/2) / 2.
    const roc = rocOf([0.1, 0.9, 0, 0.5, 0.5, 0, 0.5, 0.5, 0], [1, 1, 0], 3);
    expect(roc.classes.map(({ auc }) => auc)).toEqual([0.75, 0.75]);
    expect(roc.absent).toEqual([2]);
    expect(rocOf([0.4, 0.6], [1], 2).macro).toBeNaN();
  });
});

describe('reliability', () => {
  it('puts tops into bins and weighs their gaps', () => {
    // 4 bins: tops 0.6 (right), 0.7 (wrong) in (0.5, 0.75]; 1 (right) in the last. Gaps |1 - 1.3| and |1 - 1|.
    const { bins, error } = reliabilityOf([0.6, 0.4, 0.3, 0.7, 1, 0], [0, 0, 0], 2, 4);
    expect(bins.map(({ images }) => images)).toEqual([0, 0, 2, 1]);
    expect(bins[2]?.confidence).toBeCloseTo(0.65, 12);
    expect(bins[2]?.accuracy).toBe(0.5);
    expect(bins[0]?.accuracy).toBeNaN();
    expect(error).toBeCloseTo(0.3 / 3, 12);
  });

  it('keeps a top on a border in the lower bin', () => {
    expect(reliabilityOf([0.5, 0.5], [0], 2, 4).bins.map(({ images }) => images)).toEqual([0, 1, 0, 0]);
  });
});

describe('temperature', () => {
  it('makes certainty as large as the share that is right', () => {
    // Three of four are right with a margin of m: sigmoid(m / T) = 3 / 4, T = m / ln 3.
    const logits = Float32Array.from([6, 0, 6, 0, 0, 6, 6, 0]);
    expect(fitTemperature(logits, [0, 0, 1, 1], 2)).toBeCloseTo(6 / Math.log(3), 6);
  });

  it('ends at its borders where nothing is wrong, and where nothing is right', () => {
    expect(fitTemperature([1, 0], [0], 2)).toBe(0.05);
    expect(fitTemperature([1, 0], [1], 2)).toBe(20);
    expect(fitTemperature([], [], 2)).toBe(1);
  });
});

describe('ranking', () => {
  it('puts the lower of equal classes first', () => {
    expect(topK([1, 1, 1], [1], 3, 1)).toBe(0);
    expect(topK([1, 1, 1], [1], 3, 2)).toBe(1);
  });
});

describe('diversity', () => {
  it('of two members by hand', () => {
    // Both right 3, first alone 1, second alone 2, none 2: Q = (3 * 2 - 1 * 2) / (3 * 2 + 1 * 2), disagreement 3 / 8.
    const first = Uint8Array.of(1, 1, 1, 1, 0, 0, 0, 0);
    const second = Uint8Array.of(1, 1, 1, 0, 1, 1, 0, 0);
    const { pairs, q, disagreement } = diversityOf([first, second]);
    expect(pairs).toEqual([{ first: 0, second: 1, disagreement: 3 / 8, q: 0.5 }]);
    expect([q, disagreement]).toEqual([0.5, 3 / 8]);
    expect(diversityOf([first, first.map((one) => 1 - one)]).q).toBe(-1);
    expect(diversityOf([first, new Uint8Array(8).fill(1)]).q).toBeNaN();
  });

  it('names what only the ensemble gets right, and what it alone gets wrong', () => {
    const members = [Uint8Array.of(0, 1, 0, 1), Uint8Array.of(0, 1, 1, 0)];
    expect(onlyTogether(Uint8Array.of(1, 0, 1, 0), members)).toEqual({ gained: [0], lost: [1] });
  });
});

describe('repeated runs', () => {
  it('have a mean and a sample standard deviation', () => {
    expect(repeated([1, 2, 3, 4])).toEqual({ mean: 2.5, deviation: Math.sqrt(5 / 3), runs: 4 });
    expect(repeated([7]).deviation).toBeNaN();
  });

  it('keep the seeds of an image together', () => {
    const before = [Uint8Array.of(0, 1, 0, 1), Uint8Array.of(0, 1, 1, 1)];
    const after = [Uint8Array.of(1, 1, 1, 1), Uint8Array.of(1, 1, 1, 1)];
    const { value, low, high } = pooledChange(before, after, seededRandom(1));
    expect(value).toBe(3 / 8);
    expect(low).toBeGreaterThanOrEqual(0);
    expect(high).toBeLessThanOrEqual(1);
    expect(high - low).toBeGreaterThan(0.4);
    expect(pooledChange(before, before, seededRandom(1))).toEqual({ value: 0, low: 0, high: 0 });
  });
});

/** The bench's arithmetic on numbers worked by hand: nothing that it prints is worth more than this. */
import { describe, expect, test } from 'vitest';
import { median, quantile, ratioByRound } from './statistics';

describe('a quantile', () => {
  test('lies between the two nearest values, whatever their order', () => {
    expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5);
    expect(quantile([10, 20, 30, 40, 50], 0.25)).toBe(20);
    expect(quantile([10, 20, 30, 40, 50], 0.95)).toBeCloseTo(48, 10);
    expect(quantile([3, 1, 2], 0)).toBe(1);
    expect(quantile([3, 1, 2], 1)).toBe(3);
    expect(quantile([7], 0.95)).toBe(7);
  });
  test('of nothing is no number', () => expect(quantile([], 0.5)).toBeNaN());
  test('leaves its values as they were', () => {
    const values = [3, 1, 2];
    expect(median(values)).toBe(2);
    expect(values).toEqual([3, 1, 2]);
  });
});

const rounds = (...values: number[]): Map<number, number> => new Map(values.map((value, i) => [i + 1, value]));

describe('a ratio round by round', () => {
  test('is the median of the ratios, not the ratio of the medians', () => {
    // 10 / 1, 2 / 2, 9 / 3: the middle one is 3; the medians alone would say 9 / 2.
    expect(ratioByRound(rounds(10, 2, 9), rounds(1, 2, 3))).toMatchObject({ value: 3, rounds: 3 });
  });
  test('takes only rounds that both took part in', () => {
    const slow = new Map([
      [2, 5],
      [4, 5],
    ]);
    expect(ratioByRound(rounds(10, 20, 30, 40), slow)).toMatchObject({ value: 6, rounds: 2 });
    expect(ratioByRound(rounds(1, 2), new Map())).toMatchObject({ rounds: 0 });
    expect(ratioByRound(rounds(1, 2), new Map()).value).toBeNaN();
  });
  test('has an interval from the lowest to the highest ratio at most, that closes where all agree', () => {
    const { value, low, high } = ratioByRound(rounds(2, 3, 4, 5, 6, 7, 8), rounds(1, 1, 1, 1, 1, 1, 1));
    expect(value).toBe(5);
    expect(low).toBeGreaterThanOrEqual(2);
    expect(low).toBeLessThan(5);
    expect(high).toBeGreaterThan(5);
    expect(high).toBeLessThanOrEqual(8);
    expect(ratioByRound(rounds(4, 4, 4), rounds(2, 2, 2))).toEqual({ value: 2, low: 2, high: 2, rounds: 3 });
  });
  test('covers the truth about as often as it says', () => {
    // Ratios drawn around 1: of 200 experiments of 9 rounds the interval should miss 1 in a few only.
    let state = 12345;
    const uniform = (): number => {
      state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
      return state / 0x7fffffff;
    };
    let covered = 0;
    for (let experiment = 0; experiment < 200; experiment++) {
      const noisy = Array.from({ length: 9 }, () => Math.exp((uniform() - 0.5) * 0.6));
      const { low, high } = ratioByRound(rounds(...noisy), rounds(...noisy.map(() => 1)));
      if (low <= 1 && high >= 1) covered++;
    }
    expect(covered).toBeGreaterThan(174);
    expect(covered).toBeLessThan(200);
  });
  test('gives the same interval for the same measurements', () => {
    const [a, b] = [rounds(1, 5, 2, 8, 3), rounds(2, 2, 2, 2, 2)];
    expect(ratioByRound(a, b)).toEqual(ratioByRound(a, b));
  });
});

/** Quantiles by hand: type 7, the one that NumPy's default gives. */
import { expect, it } from 'vitest';
import { quantile } from '#core/numeric/quantile';

it('interpolates between neighbours', () => {
  expect(quantile([1, 2, 3, 4], 0.5)).toBe(2.5);
  expect(quantile([1, 2, 3, 4], 0.95)).toBeCloseTo(3.85, 12);
  expect(quantile([10], 0.3)).toBe(10);
  expect([quantile([1, 5], -1), quantile([1, 5], 2)]).toEqual([1, 5]);
});

it('refuses an empty sample', () => {
  expect(() => quantile([], 0.5)).toThrow(RangeError);
});

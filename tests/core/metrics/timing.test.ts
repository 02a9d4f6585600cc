/** Median and 95th percentile by hand. */
import { expect, it } from 'vitest';
import { timingOf } from '#core/metrics/timing';

it('sorts before it looks, and by number', () => {
  const { median, p95, runs } = timingOf([100, 9, 10]);
  expect([median, runs]).toEqual([10, 3]);
  expect(p95).toBeCloseTo(91, 9);
  expect(timingOf([3])).toEqual({ median: 3, p95: 3, runs: 1 });
  expect(() => timingOf([])).toThrow(RangeError);
});

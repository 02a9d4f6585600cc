import { describe, expect, test } from 'vitest';
import { linearAxis, logAxis, roundStep } from '#ui/kit/ticks.ts';

describe('round ticks', () => {
  test('steps are 1, 2 or 5 times a power of ten', () => {
    expect([0.03, 0.1, 0.7, 1, 3.2, 12].map(roundStep)).toEqual([0.05, 0.1, 1, 1, 5, 20]);
  });

  test('a linear axis ends on ticks and contains its data', () => {
    expect(linearAxis(95.2, 99.1, 5)).toEqual({ domain: [95, 100], ticks: [95, 96, 97, 98, 99, 100] });
  });

  test('bounds are not crossed', () => {
    expect(linearAxis(98.9, 100.4, 5, [0, 100]).domain[1]).toBe(100);
    expect(linearAxis(-3, 40, 5, [0, 100]).domain[0]).toBe(0);
  });

  test('equal values still make an axis', () => {
    const { domain, ticks } = linearAxis(50, 50, 5);
    expect(domain[0]).toBeLessThanOrEqual(50);
    expect(domain[1]).toBeGreaterThan(domain[0]);
    expect(ticks.length).toBeGreaterThanOrEqual(2);
  });

  test('a logarithmic axis leaves air and shows 1, 2 and 5', () => {
    const { domain, ticks } = logAxis(9800, 1_204_000);
    expect(domain[0]).toBeLessThan(9800);
    expect(domain[1]).toBeGreaterThan(1_204_000);
    expect(ticks).toEqual([10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000]);
  });

  test('many decades show fewer ticks, one value still shows two', () => {
    expect(logAxis(1, 1e12, 5).ticks.length).toBeLessThanOrEqual(5);
    expect(logAxis(20_490, 20_490).ticks.length).toBeGreaterThanOrEqual(2);
  });
});

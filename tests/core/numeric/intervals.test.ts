/** Wilson and Agresti-Min against published and hand-worked values. */
import { describe, expect, it } from 'vitest';
import { agrestiMin, wilson } from '#core/numeric/intervals';

describe('Wilson', () => {
  it('gives the published interval for 15 of 148 (Newcombe 1998: 0.0624 to 0.1605)', () => {
    const { value, low, high } = wilson(15, 148);
    expect(value).toBeCloseTo(15 / 148, 12);
    expect(low).toBeCloseTo(0.0624, 4);
    expect(high).toBeCloseTo(0.1605, 4);
  });

  it('keeps a width at 0 and at 1: z^2 / (n + z^2)', () => {
    expect(wilson(0, 20)).toMatchObject({ value: 0, low: 0 });
    expect(wilson(0, 20).high).toBeCloseTo(3.8414588 / 23.8414588, 8);
    expect(wilson(100, 100)).toMatchObject({ value: 1, high: 1 });
    expect(wilson(100, 100).low).toBeCloseTo(100 / 103.8414588, 8);
  });

  it('knows nothing without images', () => {
    expect(wilson(0, 0)).toEqual({ value: 0, low: 0, high: 1 });
  });
});

describe('Agresti and Min', () => {
  it('has a width where nothing flipped: z / (n + 2) either side', () => {
    const { value, low, high } = agrestiMin(0, 0, 512);
    expect(value).toBe(0);
    expect(high).toBeCloseTo(1.959963984540054 / 514, 12);
    expect(low).toBeCloseTo(-1.959963984540054 / 514, 12);
  });

  it('agrees with the hand calculation for 10 gained, 4 lost of 100', () => {
    // centre 6 / 102, spread z sqrt(15 - 36 / 102) / 102.
    const { value, low, high } = agrestiMin(10, 4, 100);
    const half = (1.959963984540054 * Math.sqrt(15 - 36 / 102)) / 102;
    expect(value).toBe(0.06);
    expect(low).toBeCloseTo(6 / 102 - half, 12);
    expect(high).toBeCloseTo(6 / 102 + half, 12);
  });

  it('changes sign with its arguments and contains the value even at the ends', () => {
    const up = agrestiMin(7, 2, 50);
    const down = agrestiMin(2, 7, 50);
    expect(down.low).toBeCloseTo(-up.high, 12);
    const all = agrestiMin(5, 0, 5);
    expect(all.low).toBeLessThanOrEqual(all.value);
    expect(all.high).toBe(1);
    expect(agrestiMin(0, 0, 0)).toEqual({ value: 0, low: -1, high: 1 });
  });
});

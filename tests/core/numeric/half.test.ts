/** Half precision against IEEE 754's own examples, and every half there and back. */
import { describe, expect, it } from 'vitest';
import { fromHalf, isHalf, toHalf } from '#core/numeric/half';

describe('half precision', () => {
  it('knows the numbers of the standard', () => {
    expect(fromHalf(0x3c00)).toBe(1);
    expect(fromHalf(0xc000)).toBe(-2);
    expect(fromHalf(0x7bff)).toBe(65_504);
    expect(fromHalf(0x0400)).toBe(2 ** -14);
    expect(fromHalf(0x0001)).toBe(2 ** -24);
    expect(fromHalf(0x03ff)).toBe(2 ** -14 - 2 ** -24);
    expect(fromHalf(0x7c00)).toBe(Number.POSITIVE_INFINITY);
  });

  it('gives back every half, subnormal ones and both zeros too', () => {
    for (let half = 0; half < 65_536; half++) {
      const value = fromHalf(half);
      if (Number.isNaN(value)) continue;
      if (toHalf(value) !== half) expect(`${half} -> ${toHalf(value)}`).toBe(String(half));
      if (!isHalf(value)) expect(value).toBe('a half');
    }
  });

  it('rounds ties to even, on either side of the smallest normal number', () => {
    expect(toHalf(1 + 2 ** -11)).toBe(0x3c00);
    expect(toHalf(1 + 3 * 2 ** -11)).toBe(0x3c02);
    expect(toHalf(1.5 * 2 ** -24)).toBe(0x0002);
    expect(toHalf(2.5 * 2 ** -24)).toBe(0x0002);
    expect(toHalf(2 ** -14 - 2 ** -26)).toBe(0x0400);
    expect(toHalf(2 ** -25)).toBe(0);
    expect(toHalf(65_519)).toBe(0x7bff);
    expect(toHalf(65_520)).toBe(0x7c00);
  });
});

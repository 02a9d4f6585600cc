/** Requantization by hand: ties, multipliers and the two roundings. */
import { describe, expect, it } from 'vitest';
import { seededRandom } from '#core/numeric/random';
import { fixedMultiplier, requantizeFixed, requantizeFloat } from '#core/numeric/requantize';

describe('as ONNX Runtime does it', () => {
  it('rounds half to even', () => {
    expect([1, 3, 5, -1, -3].map((sum) => requantizeFloat(sum, 0.5))).toEqual([0, 2, 2, 0, -2]);
    expect(requantizeFloat(1000, 0.0123)).toBe(12);
  });
});

describe('as TensorFlow Lite does it', () => {
  it('writes a multiplier as 31 bits and a shift', () => {
    expect(fixedMultiplier(0.5)).toEqual({ mantissa: 2 ** 30, shift: 0 });
    expect(fixedMultiplier(0.25)).toEqual({ mantissa: 2 ** 30, shift: -1 });
    expect(fixedMultiplier(1)).toEqual({ mantissa: 2 ** 30, shift: 1 });
    expect(fixedMultiplier(0.75)).toEqual({ mantissa: 0.75 * 2 ** 31, shift: 0 });
    // Just below a power of two the mantissa would be 2^31: it carries.
    expect(fixedMultiplier(1 - 2 ** -40)).toEqual({ mantissa: 2 ** 30, shift: 1 });
  });

  it('rounds half away from zero below zero and above', () => {
    const quarter = fixedMultiplier(0.25);
    expect([2, 6, 10, -2, -6].map((sum) => requantizeFixed(sum, quarter))).toEqual([1, 2, 3, -1, -2]);
    // Both of its steps round: 1 becomes a half, 1, and then a half of that, 1 again.
    expect([3, -3, 1, -1].map((sum) => requantizeFixed(sum, quarter))).toEqual([1, -1, 1, 0]);
  });

  it('is within one of the exact product, up to 31 bits', () => {
    const random = seededRandom(2);
    for (let i = 0; i < 3000; i++) {
      const multiplier = 2 ** (-20 * random());
      const sum = Math.round((random() * 2 - 1) * 2 ** 30);
      const exact = sum * multiplier;
      expect(Math.abs(requantizeFixed(sum, fixedMultiplier(multiplier)) - exact)).toBeLessThan(
        1.01 + Math.abs(exact) * 2 ** -30,
      );
    }
  });
});

/** Flips, McNemar's exact test, agreement and divergence worked by hand. */
import { describe, expect, it } from 'vitest';
import { accuracyChange, agreementOf, divergenceOf, flipsOf, mcNemar } from '#core/metrics/agreement';

describe('agreement', () => {
  it('counts what was gained and lost', () => {
    const before = Uint8Array.from([1, 1, 0, 0, 1]);
    const after = Uint8Array.from([1, 0, 1, 1, 1]);
    expect(flipsOf(before, after)).toEqual({ gained: 2, lost: 1, images: 5 });
    expect(accuracyChange(flipsOf(before, after)).value).toBeCloseTo(0.2, 12);
    expect(() => flipsOf(before, after.subarray(1))).toThrow(RangeError);
  });

  it('is exact: no flips p = 1; 5 of 5 p = 2 / 32; 9 of 10 p = 2 (1 + 10) / 1024', () => {
    expect(mcNemar({ gained: 0, lost: 0 })).toBe(1);
    expect(mcNemar({ gained: 5, lost: 0 })).toBeCloseTo(1 / 16, 12);
    expect(mcNemar({ gained: 1, lost: 9 })).toBeCloseTo(22 / 1024, 12);
    expect(mcNemar({ gained: 3, lost: 3 })).toBe(1);
  });

  it('stays finite for thousands of flips', () => {
    const p = mcNemar({ gained: 4000, lost: 4200 });
    expect(p).toBeGreaterThan(0.02);
    expect(p).toBeLessThan(0.04);
  });
});

describe('answers', () => {
  it('agree where the largest logit is the same; of equal ones the first counts', () => {
    expect(agreementOf([1, 2, 3, 0, 5, 5], [0, 9, 1, 0, 7, 6], 2)).toBe(1);
    expect(agreementOf([1, 2, 3, 0], [2, 1, 3, 0], 2)).toBe(0.5);
    expect(() => agreementOf([1, 2], [1, 2, 3], 2)).toThrow(RangeError);
    expect(() => agreementOf([], [], 2)).toThrow(RangeError);
  });

  it('diverge by sum p log(p / q)', () => {
    // p = (3/4, 1/4), q = (1/2, 1/2): 3/4 ln 3/2 + 1/4 ln 1/2.
    const byHand = 0.75 * Math.log(1.5) + 0.25 * Math.log(0.5);
    expect(divergenceOf([Math.log(3), 0], [0, 0], 2)).toBeCloseTo(byHand, 12);
    // Mean with an image on which they are the same; adding to all logits changes nothing.
    expect(divergenceOf([Math.log(3), 0, 7, 9], [5, 5, 0, 2], 2)).toBeCloseTo(byHand / 2, 12);
    expect(divergenceOf([2 * Math.log(3), 0], [0, 0], 2, 2)).toBeCloseTo(byHand, 12);
    expect(divergenceOf([800, 0], [0, 0], 2)).toBeCloseTo(Math.LN2, 12);
  });

  it('as T grows, T^2 KL tends to the squared difference of centred logits over 2K', () => {
    const [teacher, student] = [
      [3, -1, 0.5, 2],
      [1, 1, -2, 0],
    ];
    const centred = (logits: readonly number[]) => {
      const mean = logits.reduce((sum, z) => sum + z, 0) / logits.length;
      return logits.map((z) => z - mean);
    };
    const limit = centred(teacher).reduce((sum, z, i) => sum + (z - (centred(student)[i] as number)) ** 2, 0) / 8;
    const distance = (T: number): number => Math.abs(T * T * divergenceOf(teacher, student, 4, T) - limit);
    expect(distance(1000)).toBeLessThan(1e-2 * limit);
    // What is left falls as 1 / T.
    expect(distance(2000) / distance(1000)).toBeCloseTo(0.5, 2);
  });
});

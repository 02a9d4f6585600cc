/** Flips and McNemar's exact test worked by hand. */
import { describe, expect, it } from 'vitest';
import { accuracyChange, flipsOf, mcNemar } from '#core/metrics/agreement';

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

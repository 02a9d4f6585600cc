/** Moments by hand, and the same whatever the parts. */

import { describe, expect, it } from 'vitest';
import { channelMoments, type Moments } from '#core/numeric/moments';
import fc from '../../properties';

describe('moments', () => {
  it('are the mean and the mean squared distance to it, column by column', () => {
    // 1, 3, 5: mean 3, variance 8 / 3. 10, 10, 40: mean 20, variance 200.
    const { count, mean, variance } = channelMoments(Float32Array.of(1, 10, 3, 10, 5, 40), 2, null);
    expect(count).toBe(3);
    expect([...mean].map((x) => x.toFixed(9))).toEqual(['3.000000000', '20.000000000']);
    expect([...variance].map((x) => x.toFixed(9))).toEqual(['2.666666667', '200.000000000']);
  });

  it('are those of the whole when they come in parts, far from 0 too', () => {
    const part = fc.array(fc.float({ min: 1000, max: 1001, noNaN: true }), { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), (parts) => {
        let joined: Moments | null = null;
        for (const values of parts) joined = channelMoments(Float32Array.from(values), 1, joined);
        const whole = channelMoments(Float32Array.from(parts.flat()), 1, null);
        expect(joined?.count).toBe(whole.count);
        expect(joined?.mean[0]).toBeCloseTo(whole.mean[0] as number, 9);
        expect(joined?.variance[0]).toBeCloseTo(whole.variance[0] as number, 9);
      }),
    );
  });
});

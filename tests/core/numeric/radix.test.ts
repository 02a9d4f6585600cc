/** Radix sort against the language's own sort, and the order of odd values. */

import { describe, expect, it } from 'vitest';
import { countBelow, magnitudeKeys, radixOrder, radixSort, sortFloats } from '#core/numeric/radix';
import fc from '../../properties';

describe('radix sort', () => {
  it('agrees with the built-in sort on any keys', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 2 ** 32 - 1 })), (keys) => {
        expect([...radixSort(Uint32Array.from(keys))]).toEqual([...Uint32Array.from(keys).sort()]);
      }),
    );
  });

  it('orders indices as a stable sort does', () => {
    expect([...radixOrder(Uint32Array.from([7, 2, 7, 2 ** 32 - 1, 0, 2]))]).toEqual([4, 1, 5, 0, 2, 3]);
    const few = fc.constantFrom(0, 1, 2048, 2 ** 22, 2 ** 32 - 1);
    fc.assert(
      fc.property(fc.array(fc.oneof(few, fc.integer({ min: 0, max: 2 ** 32 - 1 }))), (keys) => {
        const stable = [...keys.keys()].sort((a, b) => (keys[a] as number) - (keys[b] as number));
        expect([...radixOrder(Uint32Array.from(keys))]).toEqual(stable);
      }),
    );
  });

  it('sorts floats of both signs and leaves its input alone', () => {
    fc.assert(
      fc.property(fc.array(fc.float({ noNaN: true })), (values) => {
        const input = Float32Array.from(values);
        const sorted = sortFloats(input);
        expect([...input]).toEqual(values);
        expect([...sorted]).toEqual([...Float32Array.from(values).sort()]);
      }),
    );
  });

  it('works on a view that starts inside a buffer', () => {
    const whole = Float32Array.from([9, 3, -2, 5]);
    expect([...sortFloats(whole.subarray(1, 3))]).toEqual([-2, 3]);
    expect([...magnitudeKeys(whole.subarray(2, 3))]).toEqual([0x40000000]);
  });

  it('orders magnitudes by their bits, NaN last', () => {
    const keys = magnitudeKeys(Float32Array.from([-1, 0.5, -0, Number.NaN, Number.NEGATIVE_INFINITY]));
    expect([...radixSort(keys)]).toEqual([0, 0x3f000000, 0x3f800000, 0x7f800000, 0x7fc00000]);
  });

  it('counts entries strictly below a value', () => {
    const sorted = Uint32Array.from([1, 2, 2, 2, 7]);
    expect([0, 1, 2, 3, 7, 8].map((x) => countBelow(sorted, x))).toEqual([0, 0, 1, 4, 4, 5]);
  });
});

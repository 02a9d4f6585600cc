/** Streams of kept places: by hand, and there and back. */

import { describe, expect, it } from 'vitest';
import { bitReader, bitWriter, putGamma, takeGamma, widthOf } from '#core/coding/bits';
import { CodingError } from '#core/coding/fault';
import { gapClass, gapsFromRelative, gapsOf, maskFromGaps, relativeFrom } from '#core/coding/indices';
import fc from '../../properties';
import { stream } from './support';

describe('kept places', () => {
  it('as gaps, and as relative indices of 3 bits with a bridge, by hand', () => {
    const mask = Uint8Array.of(0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0);
    expect([...gapsOf(mask)]).toEqual([2, 0, 9]);
    expect([...relativeFrom([2, 0, 9], 3)]).toEqual([2, 0, 7, 2]);
    // A gap of just the bridge's size needs a bridge and a 0.
    expect([...relativeFrom([7, 14], 3)]).toEqual([7, 0, 7, 7, 0]);
    expect([...gapsFromRelative([7, 0, 7, 7, 0], 3)]).toEqual([7, 14]);
    expect([0, 1, 2, 3, 6, 7].map(gapClass)).toEqual([0, 1, 1, 2, 2, 3]);
  });

  it('come back, also a million of them', () => {
    const there = (mask: Uint8Array, width: number): void => {
      const gaps = gapsOf(mask);
      const back = maskFromGaps(gapsFromRelative(relativeFrom(gaps, width), width), mask.length);
      expect(back.findIndex((bit, i) => bit !== mask[i])).toBe(-1);
    };
    fc.assert(
      fc.property(fc.array(fc.nat(1)), fc.integer({ min: 1, max: 10 }), (bits, width) =>
        there(Uint8Array.from(bits), width),
      ),
    );
    const random = stream(2);
    there(
      Uint8Array.from({ length: 1_500_000 }, () => (random() < 0.7 ? 1 : 0)),
      5,
    );
  });

  it('are refused where they lead past the end or stop on a bridge', () => {
    expect(() => maskFromGaps([3, 1], 5)).toThrow(CodingError);
    expect(() => gapsFromRelative([1, 7], 3)).toThrow(CodingError);
  });
});

describe('bits', () => {
  it('are written highest first', () => {
    const writer = bitWriter();
    writer.put(0b101, 3);
    writer.put(0, 4);
    writer.put(0b11, 2);
    expect([...writer.bytes()]).toEqual([0b1010_0001, 0b1000_0000]);
  });

  it('hold numbers of any width, and gamma codes', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(2 ** 31 - 2), fc.integer({ min: 0, max: 32 }))), (list) => {
        const writer = bitWriter();
        for (const [value, width] of list) {
          putGamma(writer, value);
          writer.put(value, width);
        }
        const reader = bitReader(writer.bytes());
        for (const [value, width] of list) {
          expect(takeGamma(reader)).toBe(value);
          expect(reader.take(width)).toBe(width === 32 ? value : value % 2 ** width);
        }
      }),
    );
    expect([1, 2, 3, 8, 9].map(widthOf)).toEqual([0, 1, 2, 3, 4]);
  });

  it('are refused past the end', () => {
    const reader = bitReader(Uint8Array.of(255));
    reader.take(5);
    expect(() => reader.take(4)).toThrow(CodingError);
    expect(() => takeGamma(bitReader(new Uint8Array(9)))).toThrow(CodingError);
  });
});

/** The range coder and what models it: bits come back, cost what they should, and bytes that lie are refused. */

import { describe, expect, it } from 'vitest';
import { numbers, probability } from '#core/coding/adaptive';
import { codeCodes, codeFloats, codeMask, type Geometry } from '#core/coding/contexts';
import { CodingError } from '#core/coding/fault';
import { type Coder, decoder, encoder } from '#core/coding/range';
import fc from '../../properties';
import { stream } from './support';

/** Encodes with `code`, then decodes with it. */
function bothWays<T>(code: (coder: Coder) => T, decode: (coder: Coder) => T = code): { bytes: Uint8Array; back: T } {
  const writing = encoder();
  code(writing);
  const bytes = writing.end();
  return { bytes, back: decode(decoder(bytes)) };
}

describe('the range coder', () => {
  it('gives back bits under any probabilities, however wrong', () => {
    const pairs = fc.array(fc.tuple(fc.integer({ min: 1, max: 65_535 }), fc.nat(1)), { maxLength: 300 });
    fc.assert(
      fc.property(pairs, (bits) => {
        const { back } = bothWays((coder) => bits.map(([p, bit]) => coder.bit(p, bit)));
        expect(back).toEqual(bits.map(([, bit]) => bit));
      }),
      { numRuns: 500 },
    );
  });

  it('carries through long runs of 255', () => {
    // The unlikely bit each time, then the likely one: low creeps up to the next byte again and again.
    for (const [p, turn] of [
      [65_535, 0],
      [1, 1],
      [65_535, 1],
      [32_768, 0],
    ] as const) {
      const bits = Array.from({ length: 5000 }, (_, i) => (i % 997 === 0 ? 1 - turn : turn));
      const { back } = bothWays((coder) => bits.map((bit) => coder.bit(p, bit)));
      expect(back).toEqual(bits);
    }
  });

  it('gives back over a million bits, and takes what they weigh', () => {
    const random = stream(3);
    const count = 1_200_000;
    const shares = Float64Array.from({ length: count }, () => random() ** 3);
    const bits = Uint8Array.from(shares, (share) => (random() < share ? 1 : 0));
    const writing = encoder();
    let weight = 0;
    for (let i = 0; i < count; i++) {
      const p = probability(shares[i] as number);
      writing.bit(p, bits[i] as number);
      weight -= Math.log2(bits[i] ? p / 65_536 : 1 - p / 65_536);
    }
    const bytes = writing.end();
    expect(bytes.length).toBeLessThan(weight / 8 + 8);
    expect(bytes.length).toBeGreaterThan(weight / 8 - 8);
    const reading = decoder(bytes);
    let wrong = 0;
    for (let i = 0; i < count; i++) if (reading.bit(probability(shares[i] as number), 0) !== bits[i]) wrong++;
    expect(wrong).toBe(0);
  });

  it('takes no byte for nothing, and refuses to read on and on', () => {
    expect(encoder().end()).toHaveLength(0);
    const reading = decoder(Uint8Array.of(1, 2, 3));
    expect(() => {
      for (let i = 0; i < 1000; i++) reading.bit(32_768, 0);
    }).toThrow(CodingError);
  });
});

describe('adaptive numbers', () => {
  it('give back flags, whole and signed numbers and plain bits', () => {
    const facts = fc.array(
      fc.oneof(
        fc.record({ kind: fc.constant('flag' as const), value: fc.nat(1) }),
        fc.record({ kind: fc.constant('whole' as const), value: fc.nat(2 ** 31 - 2) }),
        fc.record({ kind: fc.constant('signed' as const), value: fc.integer({ min: -70_000, max: 70_000 }) }),
        fc.record({ kind: fc.constant('plain' as const), value: fc.nat(2 ** 31 - 1) }),
      ),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(facts, (list) => {
        const code = (values: readonly number[]) => (coder: Coder) => {
          const n = numbers(coder);
          return list.map(({ kind }, i) =>
            Number(kind === 'plain' ? n.plain(31, values[i]) : n[kind](kind, values[i])),
          );
        };
        const given = list.map(({ value }) => value);
        expect(bothWays(code(given), code([])).back).toEqual(given);
      }),
    );
  });

  it('learn: the hundredth zero costs next to nothing', () => {
    const { bytes } = bothWays((coder) => {
      const n = numbers(coder);
      return Array.from({ length: 400 }, () => n.whole('x', 0));
    });
    expect(bytes.length).toBeLessThan(4 + 400 / 40);
  });

  it('refuse more than was asked for', () => {
    const writing = encoder();
    numbers(writing).whole('x', 1000);
    const bytes = writing.end();
    expect(() => numbers(decoder(bytes)).whole('x', 0, 999)).toThrow(CodingError);
  });
});

const geometries: fc.Arbitrary<Geometry> = fc.record({
  rows: fc.integer({ min: 0, max: 40 }),
  columns: fc.integer({ min: 1, max: 20 }),
  period: fc.nat(12),
});

describe('masks by contexts', () => {
  it('come back, empty, full and in between', () => {
    fc.assert(
      fc.property(geometries, fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(), (geometry, density, seed) => {
        const random = stream(seed);
        const mask = Uint8Array.from({ length: geometry.rows * geometry.columns }, () => (random() < density ? 1 : 0));
        const back = new Uint8Array(mask.length);
        const { bytes } = bothWays(
          (coder) => codeMask(coder, mask.slice(), geometry),
          (coder) => codeMask(coder, back, geometry),
        );
        expect(back).toEqual(mask);
        if (!mask.includes(1)) expect(bytes.length).toBeLessThan(4);
      }),
      { numRuns: 200 },
    );
  });

  it('come back at over a million places, and use that some columns are empty', () => {
    const geometry = { rows: 2200, columns: 500, period: 50 };
    const random = stream(9);
    const full = Float64Array.from({ length: 500 }, () => (random() < 0.5 ? 0 : 0.02));
    const mask = Uint8Array.from({ length: 1_100_000 }, (_, i) => (random() < (full[i % 500] as number) ? 1 : 0));
    const kept = mask.reduce((sum, bit) => sum + bit, 0);
    const back = new Uint8Array(mask.length);
    const { bytes } = bothWays(
      (coder) => codeMask(coder, mask.slice(), geometry),
      (coder) => codeMask(coder, back, geometry),
    );
    expect(back.findIndex((bit, i) => bit !== mask[i])).toBe(-1);
    const share = kept / mask.length;
    const blind = (mask.length * (-share * Math.log2(share) - (1 - share) * Math.log2(1 - share))) / 8;
    // Knowing which columns are empty is worth most of a bit for each kept place.
    expect(bytes.length).toBeLessThan(blind - 0.85 * (kept / 8));
  });
});

describe('codes by contexts', () => {
  it.each(['tree', 'signed'] as const)('come back (%s), at kept places alone', (kind) => {
    fc.assert(
      fc.property(
        geometries,
        fc.integer({ min: 0, max: 9 }),
        fc.nat(),
        fc.boolean(),
        (geometry, width, seed, masked) => {
          const random = stream(seed);
          const size = geometry.rows * geometry.columns;
          const kept = masked ? Uint8Array.from({ length: size }, () => (random() < 0.5 ? 1 : 0)) : null;
          const largest = kind === 'tree' ? 2 ** width - 1 : 2 ** (2 * width - 1) - 1;
          const codes = Int32Array.from({ length: size }, (_, i) => {
            const size_ = Math.floor(random() * (largest + 1));
            return kept && !kept[i] ? 0 : kind === 'tree' ? size_ : random() < 0.5 ? -size_ : size_;
          });
          const alphabet = kind === 'tree' ? ({ kind, width } as const) : ({ kind } as const);
          const back = new Int32Array(size);
          bothWays(
            (coder) => codeCodes(coder, codes.slice(), kept, geometry, alphabet),
            (coder) => codeCodes(coder, back, kept, geometry, alphabet),
          );
          expect(Array.from(back, (code) => code + 0)).toEqual(Array.from(codes, (code) => code + 0));
        },
      ),
      { numRuns: 200 },
    );
  });

  it('hold up to 131,071 of either sign, and refuse what is larger instead of writing something else', () => {
    const geometry = { rows: 1, columns: 4, period: 0 };
    const codes = Int32Array.of(131_071, -131_071, 65_536, -1);
    const back = new Int32Array(4);
    bothWays(
      (coder) => codeCodes(coder, codes.slice(), null, geometry, { kind: 'signed' }),
      (coder) => codeCodes(coder, back, null, geometry, { kind: 'signed' }),
    );
    expect(back).toEqual(codes);
    for (const code of [131_072, -131_072, 2 ** 31 - 1, -(2 ** 31)]) {
      const write = (): void => codeCodes(encoder(), Int32Array.of(code, 0, 0, 0), null, geometry, { kind: 'signed' });
      expect(write, `${code}`).toThrow(new CodingError('too-large'));
    }
  });

  it('come back at over a million places, at the entropy of a bell curve', () => {
    const random = stream(5);
    const geometry = { rows: 1100, columns: 1000, period: 0 };
    const codes = Int32Array.from({ length: 1_100_000 }, () =>
      Math.round(20 * (random() + random() + random() + random() - 2)),
    );
    const back = new Int32Array(codes.length);
    const { bytes } = bothWays(
      (coder) => codeCodes(coder, codes.slice(), null, geometry, { kind: 'signed' }),
      (coder) => codeCodes(coder, back, null, geometry, { kind: 'signed' }),
    );
    expect(back.findIndex((code, i) => code !== codes[i])).toBe(-1);
    // Variance 20^2 / 3: half of log2(2 pi e variance) bits.
    const bits = 0.5 * Math.log2(2 * Math.PI * Math.E * (400 / 3));
    expect((8 * bytes.length) / codes.length).toBeLessThan(bits * 1.02);
  });

  it('hold every pattern of floats', () => {
    fc.assert(
      fc.property(fc.constantFrom(16 as const, 32 as const), fc.array(fc.nat(2 ** 32 - 1)), (width, list) => {
        const bits = Uint32Array.from(list, (pattern) => (width === 16 ? pattern & 0xffff : pattern));
        const back = new Uint32Array(bits.length);
        bothWays(
          (coder) => codeFloats(coder, bits.slice(), width),
          (coder) => codeFloats(coder, back, width),
        );
        expect(back).toEqual(bits);
      }),
    );
  });
});

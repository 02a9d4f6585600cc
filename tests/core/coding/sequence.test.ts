/** The coders of symbol sequences: nothing is lost, little is wasted, and strange bytes are refused. */

import { describe, expect, it } from 'vitest';
import { CodingError } from '#core/coding/fault';
import { codeLengths } from '#core/coding/huffman';
import { scaledFrequencies } from '#core/coding/rans';
import { decodeSequence, encodeSequence, SEQUENCE_CODERS } from '#core/coding/sequence';
import fc from '../../properties';
import { entropyBits, sequences, skewed } from './support';

const MANY = 1_100_000;

describe.each(SEQUENCE_CODERS)('%s', (coder) => {
  it('gives back every sequence', () => {
    fc.assert(
      fc.property(sequences, ({ alphabet, symbols }) => {
        const bytes = encodeSequence(symbols, alphabet, coder) as Uint8Array;
        expect(Array.from(decodeSequence(bytes, symbols.length, alphabet, coder))).toEqual(symbols);
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ['skewed', 0.5, 16],
    ['nearly all alike', 0.002, 16],
    ['of many', 0.9, 256],
  ] as const)('gives back over a million symbols, %s', (_, share, alphabet) => {
    const symbols = skewed(MANY, alphabet, share);
    const bytes = encodeSequence(symbols, alphabet, coder) as Uint8Array;
    const back = decodeSequence(bytes, MANY, alphabet, coder);
    expect(back.findIndex((symbol, i) => symbol !== symbols[i])).toBe(-1);
  });

  it('gives back over a million symbols, whatever their number, alphabet and frequencies', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: MANY, max: MANY + 100_000 }),
        fc.integer({ min: 2, max: 512 }),
        fc.double({ min: 0.001, max: 0.9, noNaN: true }),
        (count, alphabet, share) => {
          const symbols = skewed(count, alphabet, share);
          const bytes = encodeSequence(symbols, alphabet, coder) as Uint8Array;
          const back = decodeSequence(bytes, count, alphabet, coder);
          expect(back.findIndex((symbol, i) => symbol !== symbols[i])).toBe(-1);
        },
      ),
      { numRuns: 2 },
    );
  }, 60_000);

  it('gives a sequence or a CodingError for any bytes', () => {
    let refused = 0;
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 60 }),
        fc.nat(100),
        fc.integer({ min: 1, max: 40 }),
        (bytes, count, alphabet) => {
          try {
            const symbols = decodeSequence(bytes, count, alphabet, coder);
            expect(symbols.every((symbol) => symbol >= 0 && symbol < alphabet)).toBe(true);
          } catch (error) {
            if (!(error instanceof CodingError)) throw error;
            refused++;
          }
        },
      ),
      { numRuns: 1000 },
    );
    expect(refused).toBeGreaterThan(50);
  });

  it('refuses a sequence that is cut short', () => {
    const symbols = skewed(400, 8, 0.6);
    const bytes = encodeSequence(symbols, 8, coder) as Uint8Array;
    expect(() => decodeSequence(bytes.slice(0, bytes.length - 2), 400, 8, coder)).toThrow(CodingError);
  });
});

describe('Huffman codes', () => {
  it('have the lengths of the textbook', () => {
    // Frequencies 5 9 12 13 16 45: the codes 1100 1101 100 101 111 0 (Cormen et al.).
    expect([...codeLengths([5, 9, 12, 13, 16, 45])]).toEqual([4, 4, 3, 3, 3, 1]);
    expect([...codeLengths([0, 7, 0])]).toEqual([0, 1, 0]);
    expect([...codeLengths([0, 0])]).toEqual([0, 0]);
  });

  it('keep to 15 bits where Fibonacci numbers would need 29, and still fill the tree', () => {
    const counts = [1, 1];
    while (counts.length < 30) counts.push((counts.at(-1) as number) + (counts.at(-2) as number));
    const lengths = codeLengths(counts);
    expect(Math.max(...lengths)).toBe(15);
    expect(lengths.reduce((sum, length) => sum + 2 ** -length, 0)).toBe(1);
  });

  it('take no bit a symbol where all are alike, and stay within a bit of the entropy', () => {
    expect(encodeSequence(new Int32Array(1000).fill(5), 8, 'huffman')).toHaveLength(1);
    const symbols = skewed(20_000, 16, 0.5);
    const bits = 8 * (encodeSequence(symbols, 16, 'huffman') as Uint8Array).length;
    expect(bits).toBeGreaterThanOrEqual(entropyBits(symbols, 16));
    expect(bits).toBeLessThan(entropyBits(symbols, 16) + 20_000);
  });
});

describe('rANS', () => {
  it('scales frequencies to 4,096 and loses none', () => {
    expect([...(scaledFrequencies([1, 1, 2]) as Uint16Array)]).toEqual([1024, 1024, 2048]);
    const rare = scaledFrequencies([1, 1_000_000, 0, 1]) as Uint16Array;
    expect([...rare]).toEqual([1, 4094, 0, 1]);
    expect(scaledFrequencies(new Uint32Array(4097).fill(1))).toBeNull();
  });

  it('comes within half a percent of the entropy, where Huffman cannot', () => {
    const symbols = skewed(50_000, 4, 0.05);
    const entropy = entropyBits(symbols, 4) / 8;
    expect((encodeSequence(symbols, 4, 'rans') as Uint8Array).length).toBeLessThan(entropy * 1.005 + 12);
    expect((encodeSequence(symbols, 4, 'huffman') as Uint8Array).length).toBeGreaterThan(entropy * 2);
  });
});

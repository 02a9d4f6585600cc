import { describe, expect, it } from 'vitest';
import { hash128, hashHex, hashText } from '#core/numeric/hash';

describe('hash128', () => {
  it('passes the verification of SMHasher for MurmurHash3_x86_128', () => {
    // Keys {}, {0}, {0, 1}, … with the seeds 256, 255, …; their hashes are hashed again.
    const key = Uint8Array.from({ length: 256 }, (_, i) => i);
    const words = new Uint32Array(256 * 4);
    for (let i = 0; i < 256; i++) words.set(hash128(key.subarray(0, i), 256 - i), i * 4);
    expect(hash128(words)[0]).toBe(0xb3ece62a);
  });

  it('gives the known answers', () => {
    const bytes = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
    expect(hashHex(hash128(bytes('')))).toBe('0'.repeat(32));
    expect(hashHex(hash128(bytes('The quick brown fox jumps over the lazy dog')))).toBe(
      '2f1583c3ecee2c675d7bf66ce5e91d2c',
    );
  });

  it('does not depend on where in a buffer the bytes lie', () => {
    const padded = new Uint8Array(41);
    for (let i = 0; i < 41; i++) padded[i] = i * 7;
    for (const start of [0, 1, 2, 3, 4])
      expect(hash128(padded.subarray(start, start + 37))).toEqual(hash128(padded.slice(start, start + 37)));
  });

  it('tells apart what differs in one bit, in length or in order', () => {
    const data = Float32Array.from({ length: 1000 }, (_, i) => i);
    const seen = new Set([
      hashHex(hash128(data)),
      hashHex(hash128(data.subarray(1))),
      hashHex(hash128(new Float32Array(1000))),
      hashHex(hash128(new Float32Array(1001))),
      hashHex(hash128(data.toReversed())),
    ]);
    for (let i = 0; i < 1000; i += 9)
      seen.add(hashHex(hash128(data.map((value, at) => (at === i ? value + 0.5 : value)))));
    expect(seen.size).toBe(5 + 112);
  });

  it('takes 4 MB in a moment', () => {
    const data = new Float32Array(1 << 20).fill(1.5);
    hash128(data);
    const start = performance.now();
    hash128(data);
    // A few ms; the limit leaves room for a busy machine and still fails for a byte-by-byte hash.
    expect(performance.now() - start).toBeLessThan(60);
  });

  it('tells texts apart by every letter, whatever its script', () => {
    expect(new Set(['', 'a', 'b', 'ab', '剪枝', '剪技'].map((text) => hashHex(hashText(text)))).size).toBe(6);
  });
});

/**
 * A fast 128-bit hash for content ids: equal bytes give equal ids, unequal bytes practically never do. It guards
 * against accidents, not against an adversary. Algorithm: MurmurHash3_x86_128 (Austin Appleby, public domain, from
 * SMHasher), read as little-endian words, which is what every machine with a browser has. About 1 ns a byte.
 */

/** Four unsigned 32-bit words. */
export type Hash128 = readonly [number, number, number, number];

/** The hash of a view's bytes. A view that does not start on a 4-byte border is copied first. */
export function hash128(view: ArrayBufferView, seed = 0): Hash128 {
  const length = view.byteLength;
  const words = wordsOf(view);
  let h1 = seed | 0;
  let h2 = seed | 0;
  let h3 = seed | 0;
  let h4 = seed | 0;
  const blocks = (length >>> 4) << 2;
  for (let i = 0; i < blocks; i += 4) {
    let k = Math.imul(words[i] as number, 0x239b961b);
    h1 ^= Math.imul((k << 15) | (k >>> 17), 0xab0e9789);
    h1 = (h1 << 19) | (h1 >>> 13);
    h1 = (Math.imul((h1 + h2) | 0, 5) + 0x561ccd1b) | 0;
    k = Math.imul(words[i + 1] as number, 0xab0e9789);
    h2 ^= Math.imul((k << 16) | (k >>> 16), 0x38b34ae5);
    h2 = (h2 << 17) | (h2 >>> 15);
    h2 = (Math.imul((h2 + h3) | 0, 5) + 0x0bcaa747) | 0;
    k = Math.imul(words[i + 2] as number, 0x38b34ae5);
    h3 ^= Math.imul((k << 17) | (k >>> 15), 0xa1e38b93);
    h3 = (h3 << 15) | (h3 >>> 17);
    h3 = (Math.imul((h3 + h4) | 0, 5) + 0x96cd1c35) | 0;
    k = Math.imul(words[i + 3] as number, 0xa1e38b93);
    h4 ^= Math.imul((k << 18) | (k >>> 14), 0x239b961b);
    h4 = (h4 << 13) | (h4 >>> 19);
    h4 = (Math.imul((h4 + h1) | 0, 5) + 0x32ac3b17) | 0;
  }
  // The last 0 to 15 bytes, padded with zeros: a zero word changes nothing, as in the original.
  const tail = tailWords(view, blocks << 2);
  let k = Math.imul(tail[3] as number, 0xa1e38b93);
  h4 ^= Math.imul((k << 18) | (k >>> 14), 0x239b961b);
  k = Math.imul(tail[2] as number, 0x38b34ae5);
  h3 ^= Math.imul((k << 17) | (k >>> 15), 0xa1e38b93);
  k = Math.imul(tail[1] as number, 0xab0e9789);
  h2 ^= Math.imul((k << 16) | (k >>> 16), 0x38b34ae5);
  k = Math.imul(tail[0] as number, 0x239b961b);
  h1 ^= Math.imul((k << 15) | (k >>> 17), 0xab0e9789);

  h1 ^= length;
  h2 ^= length;
  h3 ^= length;
  h4 ^= length;
  h1 = (h1 + h2 + h3 + h4) | 0;
  h2 = (h2 + h1) | 0;
  h3 = (h3 + h1) | 0;
  h4 = (h4 + h1) | 0;
  h1 = finish(h1);
  h2 = finish(h2);
  h3 = finish(h3);
  h4 = finish(h4);
  h1 = (h1 + h2 + h3 + h4) | 0;
  h2 = (h2 + h1) | 0;
  h3 = (h3 + h1) | 0;
  h4 = (h4 + h1) | 0;
  return [h1 >>> 0, h2 >>> 0, h3 >>> 0, h4 >>> 0];
}

/** The hash of a text's UTF-16 code units. */
export function hashText(text: string): Hash128 {
  const units = new Uint16Array(text.length);
  for (let i = 0; i < text.length; i++) units[i] = text.charCodeAt(i);
  return hash128(units);
}

/** 32 hexadecimal digits. */
export function hashHex(hash: Hash128): string {
  return hash.map((word) => word.toString(16).padStart(8, '0')).join('');
}

function wordsOf(view: ArrayBufferView): Int32Array {
  const length = view.byteLength >>> 2;
  if (view.byteOffset % 4 === 0) return new Int32Array(view.buffer, view.byteOffset, length);
  const start = view.byteOffset;
  return new Int32Array(view.buffer.slice(start, start + (length << 2)));
}

function tailWords(view: ArrayBufferView, from: number): Int32Array {
  const tail = new Int32Array(4);
  new Uint8Array(tail.buffer).set(new Uint8Array(view.buffer, view.byteOffset + from, view.byteLength - from));
  return tail;
}

function finish(word: number): number {
  let h = word ^ (word >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}

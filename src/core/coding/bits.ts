/** A stream of bits, the highest of each byte first, and whole numbers in it. */
import { CodingError } from '#core/coding/fault';

export interface BitWriter {
  /** The lowest `count` bits of `value`, the highest of them first; `count` 0 to 32. */
  readonly put: (value: number, count: number) => void;
  /** The bytes so far; the last one is filled with zeros. */
  readonly bytes: () => Uint8Array;
}

export function bitWriter(): BitWriter {
  let buffer = new Uint8Array(64);
  let at = 0;
  return {
    put(value, count) {
      const needed = (at + count + 7) >> 3;
      if (needed > buffer.length) {
        const larger = new Uint8Array(Math.max(needed, 2 * buffer.length));
        larger.set(buffer);
        buffer = larger;
      }
      for (let bit = count - 1; bit >= 0; bit--, at++) {
        if ((value >>> bit) & 1) buffer[at >> 3] = (buffer[at >> 3] as number) | (0x80 >> (at & 7));
      }
    },
    bytes: () => buffer.slice(0, (at + 7) >> 3),
  };
}

export interface BitReader {
  /** The next `count` bits (0 to 32) as a number from 0. Throws CodingError('cut-short'). */
  readonly take: (count: number) => number;
  /** The first byte of which no bit has been taken. */
  readonly place: () => number;
}

export function bitReader(bytes: Uint8Array): BitReader {
  let at = 0;
  return {
    take(count) {
      if (at + count > 8 * bytes.length) throw new CodingError('cut-short');
      let value = 0;
      for (let i = 0; i < count; i++, at++) value = (value << 1) | (((bytes[at >> 3] as number) >> (7 - (at & 7))) & 1);
      return value >>> 0;
    },
    place: () => (at + 7) >> 3,
  };
}

/**
 * A whole number from 0 to 2^31 - 2 in Elias' gamma code of value + 1: small numbers take few bits (0: one, 1 and 2: three).
 */
export function putGamma(writer: BitWriter, value: number): void {
  const width = 32 - Math.clz32(value + 1);
  writer.put(0, width - 1);
  writer.put(value + 1, width);
}

export function takeGamma(reader: BitReader): number {
  let zeros = 0;
  while (reader.take(1) === 0) if (++zeros > 30) throw new CodingError('damaged');
  return 2 ** zeros + reader.take(zeros) - 1;
}

/** Bits that tell `count` things apart: 0 for one, 1 for two, 3 for eight, 4 for nine. */
export function widthOf(count: number): number {
  return count <= 1 ? 0 : 32 - Math.clz32(count - 1);
}

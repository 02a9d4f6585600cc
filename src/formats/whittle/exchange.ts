/**
 * The two parts of a .whittle file and what writes or reads them. Everything small goes through one adaptive range coder, the
 * main stream; what is coded by itself (bitmaps, Huffman and rANS streams, long tensors) stands behind it in blocks whose lengths
 * are in the main stream.
 *
 *   3 bytes "Wtl", 1 byte version, 4 bytes CRC-32 (low byte first) of all that follows,
 *   the bytes of all blocks together (7 bits a byte, low first, the highest bit set but in the last), the main stream, the blocks.
 *
 * One description serves both directions: each `code…` function takes what is to be written, or nothing when reading, and
 * gives what was written or read.
 */
import { type Numbers, numbers } from '#core/coding/adaptive';
import { CodingError } from '#core/coding/fault';
import { type Coder, decoder, encoder } from '#core/coding/range';

export interface Exchange {
  readonly coder: Coder;
  readonly numbers: Numbers;
  /** A block: the bytes given, or the next one. */
  readonly block: (bytes?: Uint8Array) => Uint8Array;
  /** Counts values that are about to take memory; throws CodingError where they are too many for the file. */
  readonly spend: (values: number) => void;
}

export const MAGIC = [0x57, 0x74, 0x6c] as const;
export const VERSION = 1;
const HEAD = 8;

/**
 * What a file may unpack to: this many values, and beyond it so many for each of its bytes. LeNet-5 with one weight in 200 left has
 * 150 values a byte. What takes longer to read than a value counts as several.
 */
const VALUES_FLOOR = 10_000_000;
const VALUES_A_BYTE = 256;
/** Letters, names and numbers for each channel count as so many values. */
export const DEAR = 50;

/** CRC-32 as in zip and PNG, of bytes[from…]. */
function checksum(bytes: Uint8Array, from: number): number {
  let crc = -1;
  for (let i = from; i < bytes.length; i++) {
    crc ^= bytes[i] as number;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

/** The file that `code` writes. */
export function writeExchange(code: (exchange: Exchange) => void): Uint8Array {
  const coder = encoder();
  const named = numbers(coder);
  const blocks: Uint8Array[] = [];
  let behind = 0;
  let spent = 0;
  code({
    coder,
    numbers: named,
    block(bytes = new Uint8Array(0)) {
      named.whole('block', bytes.length);
      blocks.push(bytes);
      behind += bytes.length;
      return bytes;
    },
    spend(values) {
      spent += values;
    },
  });
  const main = coder.end();
  // A file that holds next to nothing of something enormous is made long enough to be believed.
  const least = spent > VALUES_FLOOR ? Math.ceil(spent / VALUES_A_BYTE) : 0;
  const idle = new Uint8Array(Math.max(0, least - HEAD - main.length - behind));
  blocks.push(idle);
  behind += idle.length;
  const lengths: number[] = [];
  for (let left = behind; ; left = Math.floor(left / 128)) {
    lengths.push(left >= 128 ? (left % 128) + 128 : left);
    if (left < 128) break;
  }
  const file = new Uint8Array(HEAD + lengths.length + main.length + behind);
  file.set([...MAGIC, VERSION]);
  let at = HEAD;
  for (const part of [Uint8Array.from(lengths), main, ...blocks]) {
    file.set(part, at);
    at += part.length;
  }
  new DataView(file.buffer).setUint32(4, checksum(file, HEAD), true);
  return file;
}

/** What `code` reads from a file. Throws CodingError: 'damaged' also where the checksum is not that of the bytes. */
export function readExchange<T>(file: Uint8Array, code: (exchange: Exchange) => T): T {
  if (file.length <= HEAD) throw new CodingError('cut-short');
  if (MAGIC.some((byte, i) => file[i] !== byte)) throw new CodingError('damaged', 'no .whittle file');
  if (file[3] !== VERSION) throw new CodingError('damaged', `version ${file[3]}`);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (view.getUint32(4, true) !== checksum(file, HEAD)) throw new CodingError('damaged', 'checksum');
  let at = HEAD;
  let behind = 0;
  for (let unit = 1; ; unit *= 128, at++) {
    const byte = file[at] ?? 0;
    behind += (byte % 128) * unit;
    if (byte < 128) break;
    if (unit > 2 ** 35) throw new CodingError('damaged');
  }
  let next = file.length - behind;
  if (next <= at) throw new CodingError('cut-short');
  const coder = decoder(file, at + 1, next);
  const named = numbers(coder);
  let left = Math.max(VALUES_FLOOR, VALUES_A_BYTE * file.length);
  return code({
    coder,
    numbers: named,
    block() {
      const length = named.whole('block');
      if (length > file.length - next) throw new CodingError('cut-short');
      next += length;
      return file.subarray(next - length, next);
    },
    spend(values) {
      left -= values;
      if (!(left >= 0)) throw new CodingError('too-large');
    },
  });
}

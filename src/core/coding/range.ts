/**
 * A binary range coder with carry, as in LZMA: every bit is coded with the probability that a model gives it, and takes
 * -log2 of that probability. Both directions have one face, so that a model is written once: `bit(p, value)` codes
 * `value` and gives it back; when decoding it ignores `value` and gives what was coded. All arithmetic is whole numbers
 * below 2^53, so every machine computes the same.
 * Source: G. N. N. Martin 1979, "Range encoding"; the carry as in Igor Pavlov's LZMA.
 */
import { CodingError } from '#core/coding/fault';

export interface Coder {
  /** `p`: 1 to 65,535, the probability that the bit is 1 times 65,536. Gives the bit, 0 or 1. */
  readonly bit: (p: number, value: number) => number;
}
export interface Encoder extends Coder {
  /** Ends the stream and gives its bytes; call once. */
  readonly end: () => Uint8Array;
}

const TOP = 2 ** 24;
const WHOLE = 2 ** 32;
/** Zeros that may be left out at the end, and that a decoder may read past it. */
const SPARE = 4;

export function encoder(): Encoder {
  let buffer = new Uint8Array(256);
  let length = 0;
  let low = 0;
  let range = WHOLE - 1;
  /** The byte that a carry may still reach (-1: the very first, which is always 0 and not written), and 255s behind it. */
  let held = -1;
  let full = 0;
  const push = (byte: number): void => {
    if (length === buffer.length) {
      const larger = new Uint8Array(2 * length);
      larger.set(buffer);
      buffer = larger;
    }
    buffer[length++] = byte;
  };
  const shift = (): void => {
    if (low < 0xff00_0000 || low >= WHOLE) {
      const carry = low >= WHOLE ? 1 : 0;
      if (held >= 0) push((held + carry) & 255);
      for (; full > 0; full--) push((255 + carry) & 255);
      held = Math.floor(low / TOP) & 255;
    } else full++;
    low = (low % TOP) * 256;
  };
  return {
    bit(p, value) {
      const bound = Math.floor((range * p) / 65_536);
      if (value) range = bound;
      else {
        low += bound;
        range -= bound;
      }
      while (range < TOP) {
        range *= 256;
        shift();
      }
      return value;
    },
    end() {
      // The number in the last interval that ends in the most zeros.
      for (let unit = WHOLE; ; unit /= 256) {
        const round = Math.ceil(low / unit) * unit;
        if (round < low + range) {
          low = round;
          break;
        }
      }
      for (let i = 0; i < 5; i++) shift();
      for (let i = 0; i < SPARE && length > 0 && buffer[length - 1] === 0; i++) length--;
      return buffer.slice(0, length);
    },
  };
}

/** Decodes from `bytes[from..to)`. Reading on and on past the end throws CodingError('cut-short'). */
export function decoder(bytes: Uint8Array, from = 0, to = bytes.length): Coder {
  let at = from;
  let range = WHOLE - 1;
  const next = (): number => {
    if (at >= to + SPARE + 1) throw new CodingError('cut-short');
    const byte = at < to ? (bytes[at] as number) : 0;
    at++;
    return byte;
  };
  let code = 0;
  for (let i = 0; i < 4; i++) code = code * 256 + next();
  return {
    bit(p) {
      const bound = Math.floor((range * p) / 65_536);
      let value = 0;
      if (code < bound) {
        range = bound;
        value = 1;
      } else {
        code -= bound;
        range -= bound;
      }
      while (range < TOP) {
        range *= 256;
        code = code * 256 + next();
      }
      return value;
    },
  };
}

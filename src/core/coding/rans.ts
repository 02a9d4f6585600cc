/**
 * rANS: codes symbols by their frequencies to a fraction of a bit, with one multiplication or division each. The
 * frequencies, rounded to parts of 4,096, are stored in front. Symbols are coded last to first, so that they come out first to last.
 * Source: Jarek Duda 2013, "Asymmetric numeral systems"; 32-bit state renormalised by bytes, as in Fabian Giesen's ryg_rans.
 */
import { type BitReader, type BitWriter, bitReader, bitWriter, putGamma, takeGamma } from '#core/coding/bits';
import { CodingError } from '#core/coding/fault';

const SCALE_BITS = 12;
const SCALE = 2 ** SCALE_BITS;
/** The state is kept from here to 256 times as much. */
const LOW = 2 ** 23;

/** Frequencies that add up to 4,096, none that occurs below 1; null where more than 4,096 symbols occur. */
export function scaledFrequencies(counts: ArrayLike<number>): Uint16Array | null {
  let total = 0;
  let used = 0;
  for (let s = 0; s < counts.length; s++) {
    total += counts[s] as number;
    if ((counts[s] as number) > 0) used++;
  }
  if (used > SCALE) return null;
  const scaled = new Uint16Array(counts.length);
  let left = total === 0 ? 0 : SCALE;
  for (let s = 0; s < counts.length; s++) {
    if ((counts[s] as number) === 0) continue;
    scaled[s] = Math.max(1, Math.round(((counts[s] as number) * SCALE) / total));
    left -= scaled[s] as number;
  }
  // What rounding left over or overdrew goes where it costs least: to the symbols that lose or gain the fewest bits.
  while (left !== 0) {
    const step = Math.sign(left);
    let best = -1;
    let least = Number.POSITIVE_INFINITY;
    for (let s = 0; s < counts.length; s++) {
      const now = scaled[s] as number;
      if (now === 0 || now + step < 1) continue;
      const cost = (counts[s] as number) * Math.log2(now / (now + step));
      if (cost < least) {
        least = cost;
        best = s;
      }
    }
    scaled[best] = (scaled[best] as number) + step;
    left -= step;
  }
  return scaled;
}

/** Each frequency in gamma code; 0 is followed by how many more symbols are unused. */
function putFrequencies(writer: BitWriter, frequencies: Uint16Array): void {
  for (let at = 0; at < frequencies.length; at++) {
    putGamma(writer, frequencies[at] as number);
    if (frequencies[at] !== 0) continue;
    const from = at;
    while (frequencies[at + 1] === 0) at++;
    putGamma(writer, at - from);
  }
}

function takeFrequencies(reader: BitReader, alphabet: number): Uint16Array {
  const frequencies = new Uint16Array(alphabet);
  let total = 0;
  for (let at = 0; at < alphabet; at++) {
    const frequency = takeGamma(reader);
    total += frequency;
    if (total > SCALE) throw new CodingError('damaged');
    frequencies[at] = frequency;
    if (frequency === 0) at += takeGamma(reader);
    if (at >= alphabet) throw new CodingError('damaged');
  }
  if (total !== SCALE) throw new CodingError('damaged');
  return frequencies;
}

function startsOf(frequencies: Uint16Array): Uint16Array {
  const starts = new Uint16Array(frequencies.length);
  for (let s = 1; s < starts.length; s++) starts[s] = (starts[s - 1] as number) + (frequencies[s - 1] as number);
  return starts;
}

/** Codes symbols from 0 to alphabet - 1; null where more than 4,096 different ones occur. */
export function encodeRans(symbols: ArrayLike<number>, alphabet: number): Uint8Array | null {
  if (symbols.length === 0) return new Uint8Array(0);
  const counts = new Uint32Array(alphabet);
  for (let i = 0; i < symbols.length; i++) counts[symbols[i] as number] = (counts[symbols[i] as number] as number) + 1;
  const frequencies = scaledFrequencies(counts);
  if (!frequencies) return null;
  const starts = startsOf(frequencies);
  // Written backwards.
  let buffer = new Uint8Array(256);
  let length = 0;
  const push = (byte: number): void => {
    if (length === buffer.length) {
      const larger = new Uint8Array(2 * length);
      larger.set(buffer);
      buffer = larger;
    }
    buffer[length++] = byte;
  };
  let state = LOW;
  for (let i = symbols.length - 1; i >= 0; i--) {
    const symbol = symbols[i] as number;
    const frequency = frequencies[symbol] as number;
    const most = (LOW / SCALE) * 256 * frequency;
    for (; state >= most; state = Math.floor(state / 256)) push(state & 255);
    state = Math.floor(state / frequency) * SCALE + (state % frequency) + (starts[symbol] as number);
  }
  for (let i = 0; i < 4; i++, state = Math.floor(state / 256)) push(state & 255);
  const writer = bitWriter();
  putFrequencies(writer, frequencies);
  const table = writer.bytes();
  const bytes = new Uint8Array(table.length + length);
  bytes.set(table);
  for (let i = 0; i < length; i++) bytes[table.length + i] = buffer[length - 1 - i] as number;
  return bytes;
}

/** Throws CodingError, also where the state does not end where coding began. */
export function decodeRans(bytes: Uint8Array, count: number, alphabet: number): Int32Array {
  const symbols = new Int32Array(count);
  if (count === 0) return symbols;
  const reader = bitReader(bytes);
  const frequencies = takeFrequencies(reader, alphabet);
  const starts = startsOf(frequencies);
  const symbolAt = new Uint16Array(SCALE);
  for (const [symbol, frequency] of frequencies.entries())
    symbolAt.fill(symbol, starts[symbol], (starts[symbol] as number) + frequency);
  let at = reader.place();
  const next = (): number => {
    if (at >= bytes.length) throw new CodingError('cut-short');
    return bytes[at++] as number;
  };
  let state = 0;
  for (let i = 0; i < 4; i++) state = state * 256 + next();
  for (let i = 0; i < count; i++) {
    const slot = state % SCALE;
    const symbol = symbolAt[slot] as number;
    symbols[i] = symbol;
    state = (frequencies[symbol] as number) * Math.floor(state / SCALE) + slot - (starts[symbol] as number);
    while (state < LOW) state = state * 256 + next();
  }
  if (state !== LOW) throw new CodingError('damaged');
  return symbols;
}

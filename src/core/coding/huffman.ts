/**
 * Canonical Huffman codes of at most 15 bits. Only the lengths of the codes are stored, in a few bits a symbol; the codes
 * follow from them. Lengths are the best under the limit (package-merge: Larmore and Hirschberg 1990).
 */
import { type BitReader, type BitWriter, bitReader, bitWriter, putGamma, takeGamma, widthOf } from '#core/coding/bits';
import { CodingError } from '#core/coding/fault';

const LONGEST = 15;

/** Code length of each symbol, 0 for those that never occur; `counts` has at most 32,768 that do. A lone symbol gets 1 bit. */
export function codeLengths(counts: ArrayLike<number>): Uint8Array {
  const lengths = new Uint8Array(counts.length);
  const used = Array.from({ length: counts.length }, (_, symbol) => symbol).filter((s) => (counts[s] as number) > 0);
  if (used.length === 0) return lengths;
  if (used.length === 1) {
    lengths[used[0] as number] = 1;
    return lengths;
  }
  used.sort((a, b) => (counts[a] as number) - (counts[b] as number) || a - b);
  // An item is a symbol, or a package of two items of the level below; how often a symbol is taken is its length.
  type Item = { readonly weight: number; readonly symbol: number; readonly pair: readonly [Item, Item] | null };
  const coins: Item[] = used.map((symbol) => ({ weight: counts[symbol] as number, symbol, pair: null }));
  let level = coins;
  for (let depth = 1; depth < LONGEST; depth++) {
    const merged: Item[] = [];
    let next = 0;
    for (let i = 0; i + 1 < level.length; i += 2) {
      const pair = [level[i] as Item, level[i + 1] as Item] as const;
      const weight = pair[0].weight + pair[1].weight;
      while (next < coins.length && (coins[next] as Item).weight <= weight) merged.push(coins[next++] as Item);
      merged.push({ weight, symbol: -1, pair });
    }
    while (next < coins.length) merged.push(coins[next++] as Item);
    level = merged;
  }
  const open: Item[] = level.slice(0, 2 * used.length - 2);
  for (let item = open.pop(); item; item = open.pop()) {
    if (item.pair) open.push(...item.pair);
    else lengths[item.symbol] = (lengths[item.symbol] as number) + 1;
  }
  return lengths;
}

/** The first code of each length, and where that length's symbols begin in `sorted`. */
interface Codes {
  readonly first: Int32Array;
  readonly begin: Int32Array;
  readonly many: Int32Array;
  /** Symbols by length, then by number. */
  readonly sorted: Int32Array;
}

function codesFrom(lengths: Uint8Array): Codes {
  const many = new Int32Array(LONGEST + 1);
  for (const length of lengths) if (length > 0) many[length] = (many[length] as number) + 1;
  const first = new Int32Array(LONGEST + 1);
  const begin = new Int32Array(LONGEST + 2);
  for (let length = 1; length <= LONGEST; length++) {
    first[length] = ((first[length - 1] as number) + (many[length - 1] as number)) * 2;
    begin[length + 1] = (begin[length] as number) + (many[length] as number);
    if ((first[length] as number) + (many[length] as number) > 2 ** length) throw new CodingError('damaged');
  }
  const sorted = new Int32Array(begin[LONGEST + 1] as number);
  const next = begin.slice();
  for (const [symbol, length] of lengths.entries()) {
    if (length === 0) continue;
    sorted[next[length] as number] = symbol;
    next[length] = (next[length] as number) + 1;
  }
  return { first, begin, many, sorted };
}

/** A length in 4 bits; 0 is followed by how many more symbols are unused. */
function putLengths(writer: BitWriter, lengths: Uint8Array): void {
  for (let at = 0; at < lengths.length; at++) {
    writer.put(lengths[at] as number, 4);
    if (lengths[at] !== 0) continue;
    const from = at;
    while (lengths[at + 1] === 0) at++;
    putGamma(writer, at - from);
  }
}

function takeLengths(reader: BitReader, alphabet: number): Uint8Array {
  const lengths = new Uint8Array(alphabet);
  for (let at = 0; at < alphabet; at++) {
    const length = reader.take(4);
    lengths[at] = length;
    if (length === 0) at += takeGamma(reader);
    if (at >= alphabet) throw new CodingError('damaged');
  }
  return lengths;
}

/** Codes symbols from 0 to alphabet - 1. A single symbol that occurs alone takes no bit at all. */
export function encodeHuffman(symbols: ArrayLike<number>, alphabet: number): Uint8Array {
  const writer = bitWriter();
  const counts = new Uint32Array(alphabet);
  for (let i = 0; i < symbols.length; i++) counts[symbols[i] as number] = (counts[symbols[i] as number] as number) + 1;
  const alone = symbols.length > 0 && counts[symbols[0] as number] === symbols.length;
  writer.put(alone ? 1 : 0, 1);
  if (alone) {
    writer.put(symbols[0] as number, widthOf(alphabet));
    return writer.bytes();
  }
  const lengths = codeLengths(counts);
  putLengths(writer, lengths);
  const { first, begin, sorted } = codesFrom(lengths);
  const codes = new Int32Array(alphabet);
  for (const [at, symbol] of sorted.entries()) {
    const length = lengths[symbol] as number;
    codes[symbol] = (first[length] as number) + at - (begin[length] as number);
  }
  for (let i = 0; i < symbols.length; i++) {
    const symbol = symbols[i] as number;
    writer.put(codes[symbol] as number, lengths[symbol] as number);
  }
  return writer.bytes();
}

/** Throws CodingError. */
export function decodeHuffman(bytes: Uint8Array, count: number, alphabet: number): Int32Array {
  const symbols = new Int32Array(count);
  if (count === 0) return symbols;
  const reader = bitReader(bytes);
  if (reader.take(1)) {
    const symbol = reader.take(widthOf(alphabet));
    if (symbol >= alphabet) throw new CodingError('damaged');
    return symbols.fill(symbol);
  }
  const { first, begin, many, sorted } = codesFrom(takeLengths(reader, alphabet));
  for (let i = 0; i < count; i++) {
    let code = 0;
    let length = 0;
    do {
      if (++length > LONGEST) throw new CodingError('damaged');
      code = code * 2 + reader.take(1);
    } while (code - (first[length] as number) >= (many[length] as number));
    symbols[i] = sorted[(begin[length] as number) + code - (first[length] as number)] as number;
  }
  return symbols;
}

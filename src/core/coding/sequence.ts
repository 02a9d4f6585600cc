/** A sequence of symbols as bytes of its own, by one of three coders. */
import { bitReader, bitWriter, widthOf } from '#core/coding/bits';
import { CodingError } from '#core/coding/fault';
import { decodeHuffman, encodeHuffman } from '#core/coding/huffman';
import { decodeRans, encodeRans } from '#core/coding/rans';

/** 'fixed': as many bits for each as the alphabet needs. The order is that of the numbers in files. */
export const SEQUENCE_CODERS = ['fixed', 'huffman', 'rans'] as const;
export type SequenceCoder = (typeof SEQUENCE_CODERS)[number];

/** Symbols from 0 to alphabet - 1 (alphabet up to 65,536); null where this coder cannot. */
export function encodeSequence(symbols: ArrayLike<number>, alphabet: number, coder: SequenceCoder): Uint8Array | null {
  if (symbols.length === 0) return new Uint8Array(0);
  if (coder === 'rans') return encodeRans(symbols, alphabet);
  if (coder === 'huffman') return alphabet > 32_768 ? null : encodeHuffman(symbols, alphabet);
  const writer = bitWriter();
  const width = widthOf(alphabet);
  for (let i = 0; i < symbols.length; i++) writer.put(symbols[i] as number, width);
  return writer.bytes();
}

/** Throws CodingError. */
export function decodeSequence(bytes: Uint8Array, count: number, alphabet: number, coder: SequenceCoder): Int32Array {
  if (coder === 'rans') return decodeRans(bytes, count, alphabet);
  if (coder === 'huffman') return decodeHuffman(bytes, count, alphabet);
  const reader = bitReader(bytes);
  const width = widthOf(alphabet);
  if (width * count > 8 * bytes.length) throw new CodingError('cut-short');
  return new Int32Array(count).map(() => {
    const symbol = reader.take(width);
    if (symbol >= alphabet) throw new CodingError('damaged');
    return symbol;
  });
}

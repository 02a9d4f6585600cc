/** A tensor as streams: where its kept places are, and what stands there. How is chosen by the plan when writing, and recorded. */
import { bitReader, bitWriter, widthOf } from '#core/coding/bits';
import { codeCodes, codeFloats, codeMask, type Geometry } from '#core/coding/contexts';
import { CodingError } from '#core/coding/fault';
import { GAP_CLASSES, gapClass, gapsFromRelative, gapsOf, maskFromGaps, relativeFrom } from '#core/coding/indices';
import { type Coder, decoder, encoder } from '#core/coding/range';
import { decodeSequence, encodeSequence, SEQUENCE_CODERS, type SequenceCoder } from '#core/coding/sequence';
import type { TensorValues } from '#core/model/encoding';
import type { Exchange } from '#formats/whittle/exchange';
import { WRITES } from '#formats/whittle/side';
import { bitsOf } from '#formats/whittle/values';

/** In the order of their numbers in files. */
const PLACE_STREAMS = ['contexts', 'bitmap', 'gaps', 'relative'] as const;
const VALUE_STREAMS = ['contexts', ...SEQUENCE_CODERS] as const;

export interface Plan {
  readonly places: (typeof PLACE_STREAMS)[number];
  readonly placesCoder: SequenceCoder;
  /** Bits of a relative index. */
  readonly width: number;
  readonly values: (typeof VALUE_STREAMS)[number];
  /** Rows from one position of an image to the next; 0 where there are none. */
  readonly period: number;
  /** Long streams that go through contexts, where they were coded already to be compared. */
  readonly ready?: { readonly places?: Uint8Array | undefined; readonly values?: Uint8Array | undefined };
}

/** Streams of so many places are blocks of their own. */
const LONG = 2 ** 14;

/** What one stream takes that goes through contexts: in the main stream, or in a block where it is long. */
function codeLong(
  exchange: Exchange,
  size: number,
  code: (coder: Coder) => void,
  isWriting: boolean,
  ready?: Uint8Array,
): void {
  if (size < LONG) code(exchange.coder);
  else if (WRITES && isWriting) exchange.block(ready ?? ownStream(code));
  else code(decoder(exchange.block()));
}

function ownStream(code: (coder: Coder) => void): Uint8Array {
  const own = encoder();
  code(own);
  return own.end();
}

/** Codes which places are kept. */
export function codePlaces(exchange: Exchange, geometry: Geometry, given?: Uint8Array, plan?: Plan): Uint8Array {
  const size = geometry.rows * geometry.columns;
  const { numbers } = exchange;
  const isWriting = !!given;
  const stream = PLACE_STREAMS[numbers.whole('places', PLACE_STREAMS.indexOf(plan?.places ?? 'contexts'), 3)];
  switch (stream) {
    case 'bitmap': {
      const bits = decodeSequence(sequence(exchange, given ?? [], 2, 'fixed', isWriting), size, 2, 'fixed');
      return Uint8Array.from(bits);
    }
    case 'gaps':
    case 'relative': {
      const coder =
        SEQUENCE_CODERS[numbers.whole('places by', SEQUENCE_CODERS.indexOf(plan?.placesCoder ?? 'fixed'), 2)];
      const gaps = WRITES && given ? gapsOf(given) : undefined;
      const code = stream === 'gaps' ? codeGaps : codeRelative;
      return maskFromGaps(code(exchange, size, coder as SequenceCoder, gaps, plan?.width), size);
    }
    default: {
      const mask = given?.slice() ?? new Uint8Array(size);
      codeLong(exchange, size, (coder) => codeMask(coder, mask, geometry), isWriting, plan?.ready?.places);
      return mask;
    }
  }
}

/** The bytes of a block of symbols. */
function sequence(
  exchange: Exchange,
  symbols: ArrayLike<number>,
  alphabet: number,
  coder: SequenceCoder,
  isWriting: boolean,
): Uint8Array {
  return exchange.block(WRITES && isWriting ? encoded(symbols, alphabet, coder) : undefined);
}

function encoded(symbols: ArrayLike<number>, alphabet: number, coder: SequenceCoder): Uint8Array {
  const bytes = encodeSequence(symbols, alphabet, coder);
  if (!bytes) throw new CodingError('too-large');
  return bytes;
}

function codeGaps(exchange: Exchange, size: number, coder: SequenceCoder, gaps?: Int32Array): Int32Array {
  const count = exchange.numbers.whole('kept', gaps?.length, size);
  const classes = decodeSequence(
    sequence(exchange, gaps?.map(gapClass) ?? [], GAP_CLASSES, coder, !!gaps),
    count,
    GAP_CLASSES,
    coder,
  );
  const reader = bitReader(exchange.block(WRITES && gaps ? gapBits(gaps) : undefined));
  return classes.map((width) => 2 ** width + reader.take(width) - 1);
}

/** The bits of each gap behind its first one. */
function gapBits(gaps: Int32Array): Uint8Array {
  const writer = bitWriter();
  gaps.forEach((gap) => {
    writer.put(gap + 1, gapClass(gap));
  });
  return writer.bytes();
}

function codeRelative(exchange: Exchange, size: number, coder: SequenceCoder, gaps?: Int32Array, bits = 0): Int32Array {
  const { numbers } = exchange;
  const width = numbers.whole('index bits', bits, 16);
  const symbols = WRITES && gaps ? relativeFrom(gaps, width) : new Int32Array(0);
  const count = numbers.whole('indices', symbols.length, 2 * size);
  const bytes = sequence(exchange, symbols, 2 ** width, coder, !!gaps);
  return gapsFromRelative(decodeSequence(bytes, count, 2 ** width, coder), width);
}

/** The lowest code of an encoding and how many there are: its alphabet where codes are symbols. */
export function alphabetOf(values: TensorValues): readonly [least: number, alphabet: number] {
  switch (values.kind) {
    case 'grid':
      return [values.qMin, values.qMax - values.qMin + 1];
    case 'binary':
      return [0, 2];
    case 'codebook': {
      const { offsets } = values.books ?? {};
      const sizes = offsets ? Array.from(offsets.subarray(1), (end, c) => end - (offsets[c] as number)) : [];
      return [0, offsets ? sizes.reduce((most, size) => Math.max(most, size), 1) : values.centroids.length];
    }
    case 'half':
    case 'dense':
      return [0, 65_536];
    default:
      throw values satisfies never;
  }
}

/** The codes as contexts take them: those of grids around their zero, others as they are. */
function codeByContexts(
  coder: Coder,
  values: TensorValues,
  codes: Int32Array,
  kept: Uint8Array | null,
  geometry: Geometry,
): void {
  const [least, alphabet] = alphabetOf(values);
  const isSigned = values.kind === 'grid';
  const origin = isSigned ? Math.min(values.qMax, Math.max(values.qMin, values.zeroPoint[0] ?? 0)) : least;
  for (let i = 0; i < codes.length; i++) codes[i] = (codes[i] as number) - origin;
  codeCodes(coder, codes, kept, geometry, isSigned ? { kind: 'signed' } : { kind: 'tree', width: widthOf(alphabet) });
  for (let i = 0; i < codes.length; i++) codes[i] = (codes[i] as number) + origin;
}

/** Codes the codes at kept places, or fills them in. Throws CodingError for codes that the encoding does not have. */
export function codeCodesOf(
  exchange: Exchange,
  values: TensorValues,
  codes: Int32Array,
  kept: Uint8Array | null,
  geometry: Geometry,
  plan?: Plan,
): void {
  const { numbers } = exchange;
  const [least, alphabet] = alphabetOf(values);
  const stream = VALUE_STREAMS[numbers.whole('codes by', VALUE_STREAMS.indexOf(plan?.values ?? 'contexts'), 3)];
  if (stream === 'contexts' || stream === undefined) {
    const code = (coder: Coder): void => codeByContexts(coder, values, codes, kept, geometry);
    if (values.kind === 'half') codeHalves(exchange, codes, kept, plan);
    else codeLong(exchange, codes.length, code, !!plan, plan?.ready?.values);
  } else {
    const places = placesIn(kept, codes.length);
    const symbols = plan ? places.map((place) => (codes[place] as number) - least) : new Int32Array(0);
    const read = decodeSequence(sequence(exchange, symbols, alphabet, stream, !!plan), places.length, alphabet, stream);
    for (let i = 0; i < places.length; i++) codes[places[i] as number] = (read[i] as number) + least;
  }
  for (let i = 0; i < codes.length; i++) {
    if (kept && !kept[i]) continue;
    const symbol = (codes[i] as number) - least;
    if (symbol < 0 || symbol >= alphabet) throw new CodingError('damaged');
  }
}

function codeHalves(exchange: Exchange, codes: Int32Array, kept: Uint8Array | null, plan?: Plan): void {
  const places = placesIn(kept, codes.length);
  const bits = Uint32Array.from(places, (place) => codes[place] as number);
  codeLong(exchange, places.length, (coder) => codeFloats(coder, bits, 16), !!plan, plan?.ready?.values);
  for (let i = 0; i < places.length; i++) codes[places[i] as number] = bits[i] as number;
}

/** The places that are kept, in order. */
function placesIn(kept: Uint8Array | null, size: number): Int32Array {
  const places = new Int32Array(size);
  let count = 0;
  for (let i = 0; i < size; i++) if (!kept || kept[i]) places[count++] = i;
  return places.slice(0, count);
}

/** Floats as they are; one where they are all the same. */
export function codeFloatsOf(
  exchange: Exchange,
  kept: Uint8Array | null,
  data: Float32Array,
  given?: Float32Array,
  plan?: Plan,
): void {
  const { numbers } = exchange;
  const places = placesIn(kept, data.length);
  const all = given ? bitsOf(given) : new Uint32Array(0);
  const bits = given ? Uint32Array.from(places, (place) => all[place] as number) : new Uint32Array(places.length);
  if (numbers.flag('all alike', !!given && bits.length > 0 && bits.every((word) => word === bits[0])))
    bits.fill(numbers.plain(32, bits[0]));
  else if (numbers.flag('learned', plan?.values === 'contexts'))
    codeLong(exchange, places.length, (coder) => codeFloats(coder, bits, 32), !!given, plan?.ready?.values);
  else readWords(exchange.block(WRITES && given ? wordBytes(bits) : undefined), bits);
  const floats = new Float32Array(bits.buffer);
  for (let i = 0; i < places.length; i++) data[places[i] as number] = floats[i] as number;
}

function wordBytes(words: Uint32Array): Uint8Array {
  const bytes = new Uint8Array(4 * words.length);
  const view = new DataView(bytes.buffer);
  words.forEach((word, i) => {
    view.setUint32(4 * i, word, true);
  });
  return bytes;
}

function readWords(bytes: Uint8Array, words: Uint32Array): void {
  if (bytes.length !== 4 * words.length) throw new CodingError('cut-short');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let i = 0; i < words.length; i++) words[i] = view.getUint32(4 * i, true);
}

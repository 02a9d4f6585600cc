/** Texts, floats, grids and codebooks, as the main stream has them. Exact: what is read is what was written, to the bit. */
import { codeFloats } from '#core/coding/contexts';
import { CodingError } from '#core/coding/fault';
import type { BinaryValues, CodebookValues, GridValues } from '#core/model/encoding';
import { fromHalf, toHalf } from '#core/numeric/half';
import { DEAR, type Exchange } from '#formats/whittle/exchange';
import { WRITES } from '#formats/whittle/side';

const LONGEST_TEXT = 2_000;
/** Beyond so many numbers it pays to learn how they begin. */
const FEW = 64;

/** A text as UTF-16 code units; letters are learned given the one before. */
export function codeText({ numbers, spend }: Exchange, text = ''): string {
  const length = numbers.whole('text', text.length, LONGEST_TEXT);
  spend(DEAR * length);
  const units: number[] = [];
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i);
    if (numbers.flag('wide', unit > 127)) {
      units.push(numbers.plain(16, unit));
      continue;
    }
    let node = 1;
    for (let bit = 6; bit >= 0; bit--)
      node = node * 2 + Number(numbers.flag(`text${units.at(-1) ?? 0}:${node}`, (unit >> bit) & 1));
    units.push(node - 128);
  }
  return String.fromCharCode(...units);
}

/** Doubles that networks are described with; others take their 64 bits. */
const USUAL = [
  0,
  1,
  0.5,
  0.25,
  0.1,
  0.2,
  0.3,
  0.4,
  0.05,
  0.75,
  0.001,
  1e-5,
  0.0001,
  1e-6,
  0.9,
  0.95,
  0.99,
  0.997,
  0.999,
  6,
  2,
  -1,
  1 / 255,
  1 / 127.5,
  127.5,
  -0.5,
] as const;

export function codeDouble({ numbers }: Exchange, name: string, value = 0): number {
  const found = USUAL.findIndex((usual) => Object.is(usual, value));
  const place = numbers.whole(name, found + 1, USUAL.length);
  if (place > 0) return USUAL[place - 1] as number;
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const words = [view.getUint32(0), view.getUint32(4)].map((word) => numbers.plain(32, word));
  words.forEach((word, i) => {
    view.setUint32(4 * i, word);
  });
  return view.getFloat64(0);
}

/** The bits of float32 numbers. */
export function bitsOf(floats: Float32Array): Uint32Array {
  return new Uint32Array(floats.slice().buffer);
}

/** A few float32 numbers, as halves where all of them are. */
export function codeReals({ numbers, coder, spend }: Exchange, count: number, given?: Float32Array): Float32Array {
  spend(count);
  const bits = given ? bitsOf(given) : new Uint32Array(count);
  const halves = WRITES && given ? Uint32Array.from(given, toHalf) : new Uint32Array(count);
  const isHalf = numbers.flag(
    'half',
    WRITES && !!given && bits.every((word, i) => word === halfBits(halves[i] as number)),
  );
  const width = isHalf ? 16 : 32;
  const patterns = isHalf ? halves : bits;
  if (count > FEW) codeFloats(coder, patterns, width);
  else for (let i = 0; i < count; i++) patterns[i] = numbers.plain(width, patterns[i]);
  return isHalf ? Float32Array.from(patterns, fromHalf) : new Float32Array(patterns.buffer);
}

const one = new Float32Array(1);
const oneBits = new Uint32Array(one.buffer);

/** The float32 bits of a half. */
function halfBits(half: number): number {
  one[0] = fromHalf(half);
  return oneBits[0] as number;
}

/** An axis of the shape, or null; most often the last. */
function codeAxis({ numbers }: Exchange, rank: number, given?: number | null): number | null {
  if (!numbers.flag('channels', given !== undefined && given !== null)) return null;
  if (rank === 0) throw new CodingError('damaged');
  return numbers.flag('other axis', given !== rank - 1) ? numbers.whole('axis', given ?? 0, rank - 1) : rank - 1;
}

function channelsOf(shape: readonly number[], axis: number | null): number {
  return axis === null ? 1 : (shape[axis] as number);
}

/** Symmetric, learned steps, from zero: the usual ranges of codes; others are written out. */
const RANGES: readonly ((bits: number) => readonly [min: number, max: number])[] = [
  (bits) => [1 - 2 ** (bits - 1), 2 ** (bits - 1) - 1],
  (bits) => [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1],
  (bits) => [0, 2 ** bits - 1],
];

export function codeGrid(exchange: Exchange, shape: readonly number[], given?: GridValues): GridValues {
  const { numbers } = exchange;
  const bits = numbers.whole('bits', given?.bits, 32);
  const usual = RANGES.findIndex((range) => {
    const [min, max] = range(bits);
    return given?.qMin === min && given.qMax === max;
  });
  const range = RANGES[numbers.whole('range', usual < 0 ? RANGES.length : usual, RANGES.length)]?.(bits);
  const qMin = range ? range[0] : numbers.signed('least', given?.qMin);
  const qMax = range ? range[1] : qMin + numbers.whole('span', (given?.qMax ?? 0) - qMin, 65_535);
  const symmetric = numbers.flag('symmetric', given?.symmetric);
  const axis = codeAxis(exchange, shape.length, given?.axis);
  const count = channelsOf(shape, axis);
  const scale = codeReals(exchange, count, given?.scale);
  const zeroPoint = new Int32Array(count);
  exchange.spend(DEAR * count);
  const hasZero = numbers.flag(
    'zero points',
    given?.zeroPoint.some((zero) => zero !== 0),
  );
  if (hasZero) for (let c = 0; c < count; c++) zeroPoint[c] = numbers.signed('zero point', given?.zeroPoint[c]);
  return { kind: 'grid', bits, qMin, qMax, scale, zeroPoint, axis, symmetric };
}

export function codeBinary(exchange: Exchange, shape: readonly number[], given?: BinaryValues): BinaryValues {
  const axis = codeAxis(exchange, shape.length, given?.axis);
  return { kind: 'binary', axis, scale: codeReals(exchange, channelsOf(shape, axis), given?.scale) };
}

export function codeCodebook(exchange: Exchange, shape: readonly number[], given?: CodebookValues): CodebookValues {
  const { numbers } = exchange;
  const axis = codeAxis(exchange, shape.length, given?.books ? given.books.axis : null);
  if (axis === null) {
    const count = numbers.whole('centroids', given?.centroids.length, 65_536);
    return { kind: 'codebook', centroids: codeReals(exchange, count, given?.centroids) };
  }
  const channels = channelsOf(shape, axis);
  exchange.spend(DEAR * channels);
  const offsets = new Int32Array(channels + 1);
  for (let c = 0; c < channels; c++) {
    const size = given?.books ? (given.books.offsets[c + 1] as number) - (given.books.offsets[c] as number) : 0;
    offsets[c + 1] = (offsets[c] as number) + numbers.whole('book', size, 65_536);
  }
  const count = offsets[channels] as number;
  if (count > 65_536) throw new CodingError('damaged');
  return { kind: 'codebook', centroids: codeReals(exchange, count, given?.centroids), books: { axis, offsets } };
}

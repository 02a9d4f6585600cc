/**
 * What deflate makes of a tensor as a TensorFlow.js file stores it: an estimate, in a few milliseconds for a million
 * values, for use while a slider moves. It is the entropy of what is stored, split into "is it zero" and "which value is
 * it", each times what deflate was measured to need for it (zlib level 9 on 400,000 seeded Gaussian values; uniform ones
 * agree). Tested to stay within 25 % of zlib, mostly within 10 %; what is shown as a size on Apply and Export is the real file.
 *
 * Tried and left: order-0 entropy alone (up to a third too low on sparse codes, since runs of zeros cost more than their
 * entropy), and deflating a sample (asynchronous everywhere, and runs across the sample's ends are lost).
 */
import { type CodebookValues, codesOf, innerStride, signGrid } from '#core/model/encoding';
import type { Tensor } from '#core/model/model';

/** Deflate on float32 weights, and on halves: the mantissas do not shrink, sign and exponent do. Bytes a value. */
const FLOAT = 3.7;
const HALF = 1.85;
/**
 * float32 values that repeat: bytes a value by bits of entropy of which value it is. From about 15 bits on repeats lie
 * further apart than deflate looks back.
 */
const REPEATED: readonly (readonly [bits: number, bytes: number])[] = [
  [0, 0.02],
  [1, 0.19],
  [2, 0.37],
  [3, 0.54],
  [4, 0.71],
  [5, 0.89],
  [6, 1.06],
  [7, 1.43],
  [8, 1.69],
  [10, 1.87],
  [12, 2.31],
  [14, 3.2],
  [16, FLOAT],
];

/** Estimated bytes of one tensor in a deflated TensorFlow.js weight file. */
export function deflatedBytes(tensor: Tensor): number {
  const { data, shape, encoding } = tensor;
  const { values } = encoding;
  // Fresh biases and batch normalisation: one long run.
  if (data.every((value) => value === data[0])) return 4 + data.length / 250;
  if (values.kind === 'dense') {
    const zeros = shareOfZeros(data);
    return data.length * ((1 - zeros) * FLOAT + zeroBytes(zeros, 3));
  }
  if (values.kind === 'half') {
    const zeros = shareOfZeros(data);
    return data.length * ((1 - zeros) * HALF + zeroBytes(zeros, 2));
  }
  const held = values.kind === 'binary' ? signGrid(values) : values;
  const books = held.kind === 'codebook' ? held.books : undefined;
  const codes = books
    ? codesInBooks(tensor, held as CodebookValues, books)
    : codesOf(data, shape, { ...encoding, values: held });
  if (held.kind === 'grid' && held.axis === null)
    return held.qMax - held.qMin <= 255 ? byteCodes(codes, held.qMin) : wordCodes(codes, held.qMin);
  // Codebooks and per-channel grids are stored as float32.
  const zeros = shareOfZeros(data);
  const channels = held.kind === 'grid' ? held.scale.length : books ? books.offsets.length - 1 : 1;
  const bits = entropyOf(codes, data);
  const spread = channels > 1 ? acrossChannels(bits, channels, zeros, values.kind === 'grid') : bits;
  return data.length * ((1 - zeros) * repeated(apart(spread, zeros)) + zeroBytes(zeros, 2.5));
}

/** Which value of its channel's book each is; 0 for pruned ones, which are zeros. */
function codesInBooks(
  { data, shape }: Tensor,
  { centroids }: CodebookValues,
  { axis, offsets }: NonNullable<CodebookValues['books']>,
): Int32Array {
  const codes = new Int32Array(data.length);
  const stride = innerStride(shape, axis);
  const channels = offsets.length - 1;
  for (let begin = 0, c = 0; begin < data.length; begin += stride, c = (c + 1) % channels) {
    const [first, end] = [offsets[c] as number, offsets[c + 1] as number];
    for (let i = begin; i < begin + stride; i++) {
      const value = data[i] as number;
      // Every value is one of the book's, so the last that is no larger is it.
      let [low, high] = [first, end - 1];
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if ((centroids[middle] as number) <= value) low = middle;
        else high = middle - 1;
      }
      codes[i] = low - first;
    }
  }
  return codes;
}

/**
 * Each channel's own grid or book makes as many values more, but deflate finds a channel again a row further on: of the
 * log2(channels) bits it pays for a fifth where values are few (less where they do not even have 0 in common), and for nearly
 * all where they are many or rare.
 */
function acrossChannels(bits: number, channels: number, zeros: number, common: boolean): number {
  const more = Math.log2(channels);
  const few = bits + more - 6;
  const paid = zeros > 0.8 ? 0.9 : Math.min(0.92, Math.max(0.12, common ? 0.2 + 0.1 * few : 0.03 + 0.15 * few));
  return bits + paid * more;
}

/** Values that come again only after thousands of others are as dear as new ones. */
function apart(bits: number, zeros: number): number {
  const spacing = bits - Math.log2(1 - zeros);
  return spacing > 11.5 ? spacing : bits;
}

/** One byte a code. The commonest code, zero in a pruned tensor, is what runs are made of. */
function byteCodes(codes: Int32Array, qMin: number): number {
  const counts = new Float64Array(256);
  for (let i = 0; i < codes.length; i++)
    counts[(codes[i] as number) - qMin] = (counts[(codes[i] as number) - qMin] as number) + 1;
  const common = counts.indexOf(Math.max(...counts));
  const share = (counts[common] as number) / codes.length;
  counts[common] = 0;
  return codes.length * (((1 - share) * entropy(counts)) / 8 + zeroBytes(share, 1 + Math.min(0.6, 1.1 * share)));
}

/** Two bytes a code, which deflate sees as bytes of one kind. */
function wordCodes(codes: Int32Array, qMin: number): number {
  const all = new Map<number, number>();
  for (let i = 0; i < codes.length; i++) all.set(codes[i] as number, (all.get(codes[i] as number) ?? 0) + 1);
  let [common, most] = [0, 0];
  for (const [code, count] of all) if (count > most) [common, most] = [code, count];
  const share = most / codes.length;
  const counts = new Float64Array(256);
  for (const [code, count] of all) {
    if (code === common) continue;
    const stored = code - qMin;
    counts[stored & 255] = (counts[stored & 255] as number) + count;
    counts[stored >> 8] = (counts[stored >> 8] as number) + count;
  }
  return codes.length * (((1 - share) * 2 * entropy(counts)) / 8 + zeroBytes(share, 1 + Math.min(1.4, 2 * share)));
}

/** Bytes a value for telling zeros from the rest: their entropy times what deflate needs for it. */
function zeroBytes(share: number, factor: number): number {
  if (share <= 0 || share >= 1) return 0;
  return (-factor * (share * Math.log2(share) + (1 - share) * Math.log2(1 - share))) / 8;
}

function repeated(bits: number): number {
  for (const [i, [to, high]] of REPEATED.entries()) {
    const before = REPEATED[i - 1];
    if (bits > to) continue;
    if (!before) return high;
    const [from, low] = before;
    return low + ((bits - from) / (to - from)) * (high - low);
  }
  return FLOAT;
}

/** Bits a code, over those of values that are not 0. Codes span 65,536 numbers at most, so they are counted in a table. */
function entropyOf(codes: Int32Array, data: Float32Array): number {
  let [least, most] = [0, 0];
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i] as number;
    if (code < least) least = code;
    if (code > most) most = code;
  }
  const counts = new Uint32Array(most - least + 1);
  for (let i = 0; i < codes.length; i++) {
    const at = (codes[i] as number) - least;
    if (data[i] !== 0) counts[at] = (counts[at] as number) + 1;
  }
  return entropy(counts);
}

/** Bits a symbol. */
function entropy(counts: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < counts.length; i++) total += counts[i] as number;
  let bits = 0;
  for (let i = 0; i < counts.length; i++) {
    const share = (counts[i] as number) / total;
    if (share > 0) bits -= share * Math.log2(share);
  }
  return bits;
}

function shareOfZeros(data: Float32Array): number {
  let zeros = 0;
  for (let i = 0; i < data.length; i++) if (data[i] === 0) zeros++;
  return zeros / data.length;
}

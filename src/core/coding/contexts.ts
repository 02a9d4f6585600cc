/**
 * Masks and codes of a weight tensor, coded by what is known of each place: its output (column), its input (row), and in
 * kernels and dense layers behind a flattened image also the channel and the position that the row belongs to. Rows and
 * columns of pruned networks differ in how full they are, which gaps and bitmaps cannot use.
 * Works in both directions: arrays that are given are coded; when decoding they are filled.
 */
import { CodingError } from '#core/coding/fault';
import { type Mixer, mixer } from '#core/coding/mixing';
import type { Coder } from '#core/coding/range';

/** A tensor as a matrix: `columns` is its last axis, all others are rows; every `period` rows a new position begins (0: no such thing). */
export interface Geometry {
  readonly rows: number;
  readonly columns: number;
  readonly period: number;
}

/** Slots that a context may have, over all kinds of bit: beyond it the context is left out, so that memory stays small. */
const MOST_SLOTS = 2 ** 22;

/** A context: how many slots it has; the slot of a place is that of its row, and its column more where columns count. */
interface Context {
  readonly size: number;
  readonly slotOf: (row: number) => number;
  readonly byColumn: boolean;
}

function contextsOf({ rows, columns, period }: Geometry, nodes: number): readonly Context[] {
  const isPeriodic = period > 1 && period < rows;
  const channels = isPeriodic ? period : 0;
  const positions = isPeriodic ? Math.ceil(rows / period) : 0;
  const channelOf = (row: number): number => row % period;
  const positionOf = (row: number): number => Math.floor(row / period);
  const all: readonly Context[] = [
    { size: rows > 1 ? columns : 0, slotOf: () => 0, byColumn: true },
    { size: columns > 1 ? rows : 0, slotOf: (row) => row, byColumn: false },
    { size: channels, slotOf: channelOf, byColumn: false },
    { size: positions, slotOf: positionOf, byColumn: false },
    { size: channels * columns, slotOf: (row) => channelOf(row) * columns, byColumn: true },
    { size: positions * columns, slotOf: (row) => positionOf(row) * columns, byColumn: true },
  ];
  return all.filter(({ size }) => size > 0 && size * nodes <= MOST_SLOTS);
}

/** Visits every place in order with its slots in `slots`. */
function walk(
  { rows, columns }: Geometry,
  contexts: readonly Context[],
  slots: Int32Array,
  visit: (index: number) => void,
): void {
  const count = contexts.length;
  const begin = new Int32Array(count);
  const step = Int32Array.from(contexts, ({ byColumn }) => (byColumn ? 1 : 0));
  for (let row = 0, index = 0; row < rows; row++) {
    for (let k = 0; k < count; k++) begin[k] = (contexts[k] as Context).slotOf(row);
    for (let column = 0; column < columns; column++, index++) {
      for (let k = 0; k < count; k++) slots[k] = (begin[k] as number) + column * (step[k] as number);
      visit(index);
    }
  }
}

/** Codes `mask` (0 or 1 for each place), or fills it. */
export function codeMask(coder: Coder, mask: Uint8Array, geometry: Geometry): void {
  const contexts = contextsOf(geometry, 1);
  const slots = new Int32Array(contexts.length);
  const mixed = mixer(
    coder,
    1,
    contexts.map(({ size }) => size),
  );
  walk(geometry, contexts, slots, (index) => {
    mask[index] = mixed.bit(0, slots, mask[index] as number);
  });
}

/**
 * Codes the codes at the places where `kept` is 1 (everywhere where it is null), or fills them: `tree` for numbers from 0 to
 * 2^width - 1 that have no order, `signed` for whole numbers from -131,071 to 131,071. Throws CodingError('too-large') for
 * larger ones.
 */
export function codeCodes(
  coder: Coder,
  codes: Int32Array,
  kept: Uint8Array | null,
  geometry: Geometry,
  alphabet: { readonly kind: 'tree'; readonly width: number } | { readonly kind: 'signed' },
): void {
  const nodes = alphabet.kind === 'tree' ? 2 ** alphabet.width : SIGNED_NODES;
  const contexts = contextsOf(geometry, nodes);
  const slots = new Int32Array(contexts.length);
  const mixed = mixer(
    coder,
    nodes,
    contexts.map(({ size }) => size),
  );
  walk(geometry, contexts, slots, (index) => {
    if (kept && !kept[index]) return;
    const code = codes[index] as number;
    codes[index] =
      alphabet.kind === 'tree' ? codeInTree(mixed, slots, code, alphabet.width) : codeSigned(coder, mixed, slots, code);
  });
}

function codeInTree(mixed: Mixer, slots: Int32Array, code: number, width: number): number {
  let node = 1;
  for (let i = width - 1; i >= 0; i--) node = node * 2 + mixed.bit(node, slots, (code >> i) & 1);
  return node - 2 ** width;
}

/** Zero or not, the sign, the width of the size in unary, and the two highest bits behind its first for each width. */
const SIGNED_NODES = 2 + 17 + 17 * 4;
/** The largest size that 17 bits hold. */
const MOST = 2 ** 17 - 1;

function codeSigned(coder: Coder, mixed: Mixer, slots: Int32Array, code: number): number {
  if (!mixed.bit(0, slots, code === 0 ? 0 : 1)) return 0;
  const sign = mixed.bit(1, slots, code < 0 ? 1 : 0);
  const size = Math.abs(code);
  if (size > MOST) throw new CodingError('too-large');
  const wanted = 31 - Math.clz32(size);
  let width = 0;
  while (width < 16 && mixed.bit(2 + width, slots, width < wanted ? 1 : 0)) width++;
  let result = 1;
  for (let i = width - 1; i >= 0; i--) {
    const bit = (size >> i) & 1;
    const isModelled = i >= width - 2;
    result =
      result * 2 +
      (isModelled
        ? mixed.bit(19 + width * 4 + (i === width - 1 ? 0 : result - 1), slots, bit)
        : coder.bit(32_768, bit));
  }
  return sign ? -result : result;
}

/**
 * Codes the bit patterns of floats (16 bits for halves, 32 for float32), or fills them: the upper two bytes by what has been
 * seen, the second given the first; the rest as it is.
 */
export function codeFloats(coder: Coder, bits: Uint32Array, width: 16 | 32): void {
  const upper = mixer(coder, 256, []);
  const lower = mixer(coder, 256, [256]);
  const slot = new Int32Array(1);
  for (let index = 0; index < bits.length; index++) {
    const pattern = bits[index] as number;
    const high = codeInTree(upper, slot, pattern >>> (width - 8), 8);
    slot[0] = high;
    let result = high * 256 + codeInTree(lower, slot, (pattern >>> (width - 16)) & 255, 8);
    for (let i = width - 17; i >= 0; i--) result = result * 2 + coder.bit(32_768, (pattern >>> i) & 1);
    bits[index] = result;
  }
}

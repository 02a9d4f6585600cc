/**
 * Where the kept weights of a pruned tensor lie, as symbols to be coded: one of several streams, each best at some density.
 * A bitmap has a bit for each place. Gaps are the numbers of pruned places in front of each kept one, split into a class
 * (their width in bits) and the bits behind its first one. Relative indices are gaps of a fixed width as in Deep Compression
 * (Han, Mao and Dally 2016), where a gap that does not fit is bridged: there by kept zeros, here by an escape, which spares their values.
 */
import { CodingError } from '#core/coding/fault';

/** The number of pruned places in front of each kept one. */
export function gapsOf(mask: Uint8Array): Int32Array {
  const gaps: number[] = [];
  let last = -1;
  for (let i = 0; i < mask.length; i++) {
    if (!mask[i]) continue;
    gaps.push(i - last - 1);
    last = i;
  }
  return Int32Array.from(gaps);
}

/** The mask of `size` places again. Throws CodingError where the gaps lead past its end. */
export function maskFromGaps(gaps: ArrayLike<number>, size: number): Uint8Array {
  const mask = new Uint8Array(size);
  let at = -1;
  for (let i = 0; i < gaps.length; i++) {
    at += (gaps[i] as number) + 1;
    if (at >= size) throw new CodingError('damaged');
    mask[at] = 1;
  }
  return mask;
}

/** The class of a gap: the width of gap + 1 in bits, less one; as many bits follow. */
export function gapClass(gap: number): number {
  return 31 - Math.clz32(gap + 1);
}
/** One class for each width that a gap of up to 2^31 - 2 may have. */
export const GAP_CLASSES = 31;

/**
 * Relative indices of `width` bits: symbol 2^width - 1 means that so many places are pruned and none kept yet, any smaller
 * symbol that a kept place follows after so many.
 */
export function relativeFrom(gaps: ArrayLike<number>, width: number): Int32Array {
  const bridge = 2 ** width - 1;
  const symbols: number[] = [];
  for (let i = 0; i < gaps.length; i++) {
    let gap = gaps[i] as number;
    for (; gap >= bridge; gap -= bridge) symbols.push(bridge);
    symbols.push(gap);
  }
  return Int32Array.from(symbols);
}

export function gapsFromRelative(symbols: ArrayLike<number>, width: number): Int32Array {
  const bridge = 2 ** width - 1;
  const gaps: number[] = [];
  let open = 0;
  for (let i = 0; i < symbols.length; i++) {
    open += symbols[i] as number;
    if (symbols[i] === bridge) continue;
    gaps.push(open);
    open = 0;
  }
  if (open > 0) throw new CodingError('damaged');
  return Int32Array.from(gaps);
}

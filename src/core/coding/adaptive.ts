/**
 * Adaptive models over the range coder: each learns from the bits it has seen, so no table is stored. Every function
 * here works in both directions: what it is given is coded, or ignored when decoding, and what was coded comes back.
 * Only sums, products and quotients of doubles are used, which are the same everywhere.
 */
import { CodingError } from '#core/coding/fault';
import type { Coder } from '#core/coding/range';

/** `share` (0 to 1) as a probability that the coder takes. */
export function probability(share: number): number {
  return Math.min(65_535, Math.max(1, Math.floor(share * 65_536)));
}

/** A model of small numbers under names: each name learns by itself. */
export interface Numbers {
  /** 0 or 1. */
  readonly flag: (name: string, value?: number | boolean) => boolean;
  /** A whole number from 0 to `most` (2^31 - 1 by default). Throws CodingError where more comes back. */
  readonly whole: (name: string, value?: number, most?: number) => number;
  /** A whole number of either sign. */
  readonly signed: (name: string, value?: number) => number;
  /** `width` bits that are not worth modelling. */
  readonly plain: (width: number, value?: number) => number;
}

/** Bits seen count for no more than this many, so that a model can change its mind. */
const MEMORY = 60;

export function numbers(coder: Coder): Numbers {
  const shares = new Map<string, { share: number; seen: number }>();
  const flag = (name: string, value: number | boolean = 0): boolean => {
    let model = shares.get(name);
    if (!model) {
      model = { share: 0.5, seen: 0 };
      shares.set(name, model);
    }
    const bit = coder.bit(probability(model.share), value ? 1 : 0);
    model.seen = Math.min(MEMORY, model.seen + 1);
    model.share += (bit - model.share) / (model.seen + 1.6);
    return bit === 1;
  };
  const plain = (width: number, value = 0): number => {
    let result = 0;
    for (let i = width - 1; i >= 0; i--) result = result * 2 + coder.bit(32_768, Math.floor(value / 2 ** i) % 2);
    return result;
  };
  /** Exponential Golomb: the width of value + 1 in unary, then its bits, the highest two of them modelled. */
  const whole = (name: string, value = 0, most = 2 ** 31 - 1): number => {
    const wanted = 31 - Math.clz32(value + 1);
    let width = 0;
    while (flag(`${name}<${width}`, width < wanted)) if (++width > 30) throw new CodingError('damaged');
    let result = 1;
    for (let i = width - 1; i >= 0; i--) {
      const bit = ((value + 1) >>> i) & 1;
      result = result * 2 + (i > width - 3 ? Number(flag(`${name}${width}:${result}`, bit)) : plain(1, bit));
    }
    if (result - 1 > most) throw new CodingError('too-large');
    return result - 1;
  };
  return {
    flag,
    plain,
    whole,
    signed(name, value = 0) {
      const size = whole(name, Math.abs(value));
      return size > 0 && flag(`${name}-`, value < 0) ? -size : size;
    },
  };
}

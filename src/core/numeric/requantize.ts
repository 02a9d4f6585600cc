/**
 * From an exact 32-bit sum of products back to a few bits, as two families of runtimes do it: with a float multiplication and
 * rounding half to even (ONNX Runtime), and with integers alone, a 31-bit multiplier and a shift, rounding half away from zero
 * (TensorFlow Lite; Jacob et al. 2018, section 2.2, and gemmlowp's fixedpoint.h). The zero point is added by the caller.
 */
import { roundHalfEven } from '#core/model/encoding';

/** round(sum * multiplier) in single precision, ties to even. */
export function requantizeFloat(sum: number, multiplier: number): number {
  return roundHalfEven(Math.fround(Math.fround(sum) * Math.fround(multiplier)));
}

/** multiplier = mantissa * 2^(shift - 31), mantissa an integer in [2^30, 2^31). */
export interface FixedMultiplier {
  readonly mantissa: number;
  /** Positive to the left. */
  readonly shift: number;
}

/** `multiplier` is above 0. */
export function fixedMultiplier(multiplier: number): FixedMultiplier {
  let shift = Math.floor(Math.log2(multiplier)) + 1;
  let mantissa = Math.round((multiplier / 2 ** shift) * 2 ** 31);
  // The logarithm may be off by one, and rounding may carry.
  while (mantissa >= 2 ** 31) {
    shift++;
    mantissa = Math.round((multiplier / 2 ** shift) * 2 ** 31);
  }
  while (mantissa < 2 ** 30) {
    shift--;
    mantissa = Math.round((multiplier / 2 ** shift) * 2 ** 31);
  }
  return { mantissa, shift };
}

/** sum * multiplier by a doubling high multiplication and a rounding shift, each of which rounds. */
export function requantizeFixed(sum: number, { mantissa, shift }: FixedMultiplier): number {
  const scaled = sum * 2 ** Math.max(0, shift);
  const high = doublingHigh(Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, scaled)), mantissa);
  return shift < 0 ? roundingShift(high, -shift) : high;
}

/** The upper half of 2 a b, rounded to nearest, ties away from zero below it and towards it above as gemmlowp's nudge has it. */
function doublingHigh(a: number, b: number): number {
  // a b needs up to 62 bits: b in two halves keeps every product exact in a double.
  const low = b % 65_536;
  const top = (b - low) / 65_536;
  const product = BigInt(a * top) * 65_536n + BigInt(a * low);
  const nudge = product >= 0n ? 1n << 30n : 1n - (1n << 30n);
  return Number((product + nudge) / (1n << 31n));
}

/** x / 2^by, ties away from zero. */
function roundingShift(x: number, by: number): number {
  const size = Math.abs(x);
  return Math.sign(x) * Math.floor(size / 2 ** by + 0.5);
}

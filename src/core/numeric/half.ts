/** IEEE 754 half precision: 1 sign bit, 5 of exponent, 10 of fraction. The largest is 65,504; below 2^-24 all is 0. */

/** The 16 bits of a half as a number, exactly. */
export function fromHalf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The 16 bits of the half nearest to `x`, ties to even. From 65,520 on it is infinity. */
export function toHalf(x: number): number {
  if (Number.isNaN(x)) return 0x7e00;
  const sign = x < 0 || Object.is(x, -0) ? 0x8000 : 0;
  const size = Math.abs(x);
  if (size >= 65_520) return sign | 0x7c00;
  // Below the smallest normal number all steps are 2^-24; above, a step is 2^-10 of the power of two below.
  const exponent = size < 2 ** -14 ? -14 : Math.floor(Math.log2(size));
  const power = Math.max(
    -14,
    size < 2 ** exponent ? exponent - 1 : size >= 2 ** (exponent + 1) ? exponent + 1 : exponent,
  );
  const steps = roundEven(size / 2 ** (power - 10));
  // Subnormals count from 0; a fraction that rounds up to 1,024 steps carries into the exponent by itself.
  return sign | (size < 2 ** -14 ? steps : ((power + 14) << 10) + steps);
}

/** Whether `x` is a half exactly. */
export function isHalf(x: number): boolean {
  return fromHalf(toHalf(x)) === x;
}

function roundEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

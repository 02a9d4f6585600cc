/**
 * Weights bounded to [-1, 1] and rounded to 2^b even steps: 2 round(n x) / n - 1 with n = 2^b - 1 and x = tanh(w) / (2 max |tanh w|) + 1/2. The outermost
 * steps are -1 and 1, and 0 is none of them: in units of 1 / n they are the odd numbers from -n to n.
 * Source: Zhou, Wu, Ni, Zhou, Wen, Zou 2016, "DoReFa-Net", section 2.3. The largest |tanh w| is held fixed where gradients are taken.
 */
import { roundHalfEven } from '#core/model/encoding';

/** Each weight in units of 1 / n: an odd number from -n to n. Weights of 0 alone are all -1 or 1. */
export function boundedCodes(weights: Float32Array, n: number): Int32Array {
  const bounded = weights.map(Math.tanh);
  let largest = 0;
  for (const x of bounded) largest = Math.max(largest, Math.abs(x));
  const half = largest > 0 ? 0.5 / largest : 0;
  // As the engine divides by its step, which decides where a weight of 0 goes.
  const step = Math.fround(1 / n);
  return Int32Array.from(bounded, (x) => 2 * roundHalfEven(Math.fround(Math.fround(x * half + 0.5) / step)) - n);
}

/**
 * What every kernel shares: the thread's share of the work, fused multiply-add, and vectorised exp, log and tanh.
 *
 * Work is divided by output elements only, never by the terms of a sum, so the bytes that come out are the same
 * whatever the number of threads. Slots are padded to whole vectors: flat kernels run over the padding without harm.
 * The polynomials are those of Cephes (expf, logf, tanhf), about 1e-7 relative error.
 */

/** This thread's number and how many there are. */
export let part: i32 = 0;
export let parts: i32 = 1;
/** 256 bytes of this thread's own, where ragged tiles are put before they are copied out. */
export let spill: usize = 0;

export function setThread(index: i32, count: i32, spillAddress: usize): void {
  part = index;
  parts = count;
  spill = spillAddress;
}

/** First unit of this thread's share of `units`; the share ends where the next thread's begins. */
// @ts-ignore: decorator
@inline
export function shareStart(units: i32): i32 {
  return <i32>(<i64>units * part / parts);
}
// @ts-ignore: decorator
@inline
export function shareEnd(units: i32): i32 {
  return <i32>(<i64>units * (part + 1) / parts);
}

/** a * b + c, with one rounding where the build has relaxed SIMD. */
// @ts-ignore: decorator
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/** Sum of the four lanes, in a fixed order. */
// @ts-ignore: decorator
@inline
export function sumLanes(a: v128): f32 {
  return f32x4.extract_lane(a, 0) + f32x4.extract_lane(a, 1) + (f32x4.extract_lane(a, 2) + f32x4.extract_lane(a, 3));
}

/** 1 + r + r^2 P(r) without the 1: exp(r) - 1 for |r| <= 0.35. */
// @ts-ignore: decorator
@inline
function expm1Small(r: v128): v128 {
  let p = f32x4.splat(1.9875691500e-4);
  p = madd(p, r, f32x4.splat(1.3981999507e-3));
  p = madd(p, r, f32x4.splat(8.3334519073e-3));
  p = madd(p, r, f32x4.splat(4.1665795894e-2));
  p = madd(p, r, f32x4.splat(1.6666665459e-1));
  p = madd(p, r, f32x4.splat(5.0000001201e-1));
  return madd(f32x4.mul(r, r), p, r);
}

/** exp, with overflow to infinity, underflow through the denormals to 0, and NaN kept. */
export function exp4(x: v128): v128 {
  x = f32x4.pmin(f32x4.pmax(x, f32x4.splat(-110)), f32x4.splat(100));
  const n = f32x4.nearest(f32x4.mul(x, f32x4.splat(1.44269504088896341)));
  let r = f32x4.sub(x, f32x4.mul(n, f32x4.splat(0.693359375)));
  r = f32x4.sub(r, f32x4.mul(n, f32x4.splat(-2.12194440e-4)));
  const mantissa = f32x4.add(expm1Small(r), f32x4.splat(1));
  // 2^n in two factors, as n may lie outside the exponents of normal numbers.
  const exponent = i32x4.trunc_sat_f32x4_s(n);
  const half = i32x4.shr_s(exponent, 1);
  const first = i32x4.shl(i32x4.add(half, i32x4.splat(127)), 23);
  const second = i32x4.shl(i32x4.add(i32x4.sub(exponent, half), i32x4.splat(127)), 23);
  return f32x4.mul(f32x4.mul(mantissa, first), second);
}

/** exp(x) - 1, exact to about 1e-7 near 0 as well. */
export function expm1x4(x: v128): v128 {
  const small = f32x4.lt(f32x4.abs(x), f32x4.splat(0.34));
  return v128.bitselect(expm1Small(x), f32x4.sub(exp4(x), f32x4.splat(1)), small);
}

/** Natural logarithm of normal positive numbers. */
export function log4(x: v128): v128 {
  const exponentBits = i32x4.sub(i32x4.shr_u(x, 23), i32x4.splat(126));
  let m = v128.or(v128.and(x, i32x4.splat(0x007fffff)), i32x4.splat(0x3f000000));
  const below = f32x4.lt(m, f32x4.splat(0.707106781186547524));
  const e = f32x4.sub(f32x4.convert_i32x4_s(exponentBits), v128.and(below, f32x4.splat(1)));
  m = f32x4.sub(f32x4.add(m, v128.and(below, m)), f32x4.splat(1));
  const z = f32x4.mul(m, m);
  let p = f32x4.splat(7.0376836292e-2);
  p = madd(p, m, f32x4.splat(-1.1514610310e-1));
  p = madd(p, m, f32x4.splat(1.1676998740e-1));
  p = madd(p, m, f32x4.splat(-1.2420140846e-1));
  p = madd(p, m, f32x4.splat(1.4249322787e-1));
  p = madd(p, m, f32x4.splat(-1.6668057665e-1));
  p = madd(p, m, f32x4.splat(2.0000714765e-1));
  p = madd(p, m, f32x4.splat(-2.4999993993e-1));
  p = madd(p, m, f32x4.splat(3.3333331174e-1));
  let y = f32x4.mul(f32x4.mul(p, m), z);
  y = madd(e, f32x4.splat(-2.12194440e-4), y);
  y = madd(z, f32x4.splat(-0.5), y);
  return madd(e, f32x4.splat(0.693359375), f32x4.add(m, y));
}

/** tanh. */
export function tanh4(x: v128): v128 {
  const size = f32x4.abs(x);
  const z = f32x4.mul(x, x);
  let p = f32x4.splat(-5.70498872745e-3);
  p = madd(p, z, f32x4.splat(2.06390887954e-2));
  p = madd(p, z, f32x4.splat(-5.37397155531e-2));
  p = madd(p, z, f32x4.splat(1.33314422036e-1));
  p = madd(p, z, f32x4.splat(-3.33332819422e-1));
  const near = madd(f32x4.mul(p, z), x, x);
  const e = exp4(f32x4.add(size, size));
  const far = f32x4.sub(f32x4.splat(1), f32x4.div(f32x4.splat(2), f32x4.add(e, f32x4.splat(1))));
  const sign = v128.and(x, i32x4.splat(0x80000000));
  return v128.bitselect(near, v128.or(far, sign), f32x4.lt(size, f32x4.splat(0.625)));
}

/** 1 / (1 + exp(-x)). */
// @ts-ignore: decorator
@inline
export function sigmoid4(x: v128): v128 {
  return f32x4.div(f32x4.splat(1), f32x4.add(f32x4.splat(1), exp4(f32x4.neg(x))));
}

/** log(1 + exp(x)) without overflow. */
export function softplus4(x: v128): v128 {
  const u = exp4(f32x4.neg(f32x4.abs(x)));
  const w = f32x4.add(u, f32x4.splat(1));
  const d = f32x4.sub(w, f32x4.splat(1));
  const tiny = f32x4.eq(d, f32x4.splat(0));
  const log1p = v128.bitselect(u, f32x4.div(f32x4.mul(log4(w), u), v128.bitselect(f32x4.splat(1), d, tiny)), tiny);
  return f32x4.add(f32x4.max(x, f32x4.splat(0)), log1p);
}

/** The error function, by the rational function that Eigen uses (|error| below 5e-7). */
export function erf4(x: v128): v128 {
  x = f32x4.pmin(f32x4.pmax(x, f32x4.splat(-4)), f32x4.splat(4));
  const z = f32x4.mul(x, x);
  let p = f32x4.splat(-2.72614225801306e-10);
  p = madd(p, z, f32x4.splat(2.77068142495902e-8));
  p = madd(p, z, f32x4.splat(-2.10102402082508e-6));
  p = madd(p, z, f32x4.splat(-5.69250639462346e-5));
  p = madd(p, z, f32x4.splat(-7.34990630326855e-4));
  p = madd(p, z, f32x4.splat(-2.95459980854025e-3));
  p = madd(p, z, f32x4.splat(-1.60960333262415e-2));
  let q = f32x4.splat(-1.45660718464996e-5);
  q = madd(q, z, f32x4.splat(-2.13374055278905e-4));
  q = madd(q, z, f32x4.splat(-1.68282697438203e-3));
  q = madd(q, z, f32x4.splat(-7.37332916720468e-3));
  q = madd(q, z, f32x4.splat(-1.42647390514189e-2));
  return f32x4.div(f32x4.mul(p, x), q);
}

/** One exp and one log, for the ends of rows. */
export function exp1(x: f32): f32 {
  return f32x4.extract_lane(exp4(f32x4.splat(x)), 0);
}
export function log1(x: f32): f32 {
  return f32x4.extract_lane(log4(f32x4.splat(x)), 0);
}

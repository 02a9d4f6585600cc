/**
 * Activations, their derivatives, and arithmetic between tensors. Flat kernels take a count of floats and run over
 * whole vectors, each thread over its own stretch. The numbers of the functions are those of `ids.ts`.
 */
import {
  ADD, ELU, EXPONENTIAL, GELU, HARD_SIGMOID, LEAKY_RELU, MAXIMUM, MINIMUM, MULTIPLY, RELU, SELU, SIGMOID, SIGN, SOFTPLUS, SOFTSIGN,
  SUBTRACT, SWISH, TANH,
} from './ids';
import { storePart } from './memory';
import { erf4, exp4, expm1x4, madd, shareEnd, shareStart, sigmoid4, softplus4, sumLanes, tanh4 } from './simd';

const SELU_SCALE: f32 = 1.0507009873554805;
const SELU_ALPHA: f32 = 1.6732632423543772;

// @ts-ignore: decorator
@inline
function splat(x: f32): v128 {
  return f32x4.splat(x);
}
// @ts-ignore: decorator
@inline
function from(count: i32): usize {
  return (<usize>shareStart((count + 3) >> 2)) << 4;
}
// @ts-ignore: decorator
@inline
function until(count: i32): usize {
  return (<usize>shareEnd((count + 3) >> 2)) << 4;
}

function apply(fn: i32, x: v128, alpha: v128, limit: v128): v128 {
  const zero = splat(0);
  switch (fn) {
    case RELU:
      return f32x4.pmin(f32x4.pmax(x, zero), limit);
    case LEAKY_RELU:
      return v128.bitselect(x, f32x4.mul(x, alpha), f32x4.gt(x, zero));
    case SIGMOID:
      return sigmoid4(x);
    case TANH:
      return tanh4(x);
    case EXPONENTIAL:
      return exp4(x);
    case ELU:
      return v128.bitselect(x, f32x4.mul(expm1x4(x), alpha), f32x4.gt(x, zero));
    case SELU:
      return f32x4.mul(v128.bitselect(x, f32x4.mul(expm1x4(x), splat(SELU_ALPHA)), f32x4.gt(x, zero)), splat(SELU_SCALE));
    case SOFTPLUS:
      return softplus4(x);
    case SOFTSIGN:
      return f32x4.div(x, f32x4.add(f32x4.abs(x), splat(1)));
    case HARD_SIGMOID:
      return f32x4.pmin(f32x4.pmax(madd(x, splat(0.2), splat(0.5)), zero), splat(1));
    case SWISH:
      return f32x4.mul(x, sigmoid4(x));
    case GELU:
      return f32x4.mul(f32x4.mul(x, splat(0.5)), f32x4.add(erf4(f32x4.mul(x, splat(0.7071067811865476))), splat(1)));
    case SIGN:
      return v128.bitselect(splat(1), splat(-1), f32x4.ge(x, zero));
    default:
      return x;
  }
}

/** The derivative at the output y, or for swish, gelu and sign at the input. */
function slope(fn: i32, y: v128, alpha: v128, limit: v128): v128 {
  const zero = splat(0);
  const one = splat(1);
  switch (fn) {
    case RELU:
      return v128.and(v128.and(f32x4.gt(y, zero), f32x4.lt(y, limit)), one);
    case LEAKY_RELU:
      return v128.bitselect(one, alpha, f32x4.gt(y, zero));
    case SIGMOID:
      return f32x4.mul(y, f32x4.sub(one, y));
    case TANH:
      return f32x4.sub(one, f32x4.mul(y, y));
    case EXPONENTIAL:
      return y;
    case ELU:
      return v128.bitselect(one, f32x4.add(y, alpha), f32x4.gt(y, zero));
    case SELU:
      return v128.bitselect(splat(SELU_SCALE), f32x4.add(y, splat(SELU_SCALE * SELU_ALPHA)), f32x4.gt(y, zero));
    case SOFTPLUS:
      return f32x4.neg(expm1x4(f32x4.neg(y)));
    case SOFTSIGN: {
      const t = f32x4.sub(one, f32x4.abs(y));
      return f32x4.mul(t, t);
    }
    case HARD_SIGMOID:
      return v128.and(v128.and(f32x4.gt(y, zero), f32x4.lt(y, one)), splat(0.2));
    case SWISH: {
      const s = sigmoid4(y);
      return f32x4.mul(s, f32x4.add(one, f32x4.mul(y, f32x4.sub(one, s))));
    }
    case GELU: {
      const phi = f32x4.mul(splat(0.5), f32x4.add(erf4(f32x4.mul(y, splat(0.7071067811865476))), one));
      const density = f32x4.mul(exp4(f32x4.mul(f32x4.mul(y, y), splat(-0.5))), splat(0.3989422804014327));
      return madd(y, density, phi);
    }
    case SIGN:
      return v128.and(f32x4.le(f32x4.abs(y), one), one);
    default:
      return one;
  }
}

/** y = fn(x); x and y may be one. */
export function activation(x: usize, y: usize, count: i32, fn: i32, alpha: f32, limit: f32): void {
  const a = splat(alpha);
  const l = splat(limit);
  const end = until(count);
  for (let i = from(count); i < end; i += 16) v128.store(y + i, apply(fn, v128.load(x + i), a, l));
}

/** dx = dy * fn'; dy and dx may be one. */
export function activationGrad(dy: usize, y: usize, dx: usize, count: i32, fn: i32, alpha: f32, limit: f32): void {
  const end = until(count);
  if (fn == RELU) {
    const zero = splat(0);
    const l = splat(limit);
    for (let i = from(count); i < end; i += 16) {
      const at = v128.load(y + i);
      v128.store(dx + i, v128.and(v128.load(dy + i), v128.and(f32x4.gt(at, zero), f32x4.lt(at, l))));
    }
    return;
  }
  const a = splat(alpha);
  const l = splat(limit);
  for (let i = from(count); i < end; i += 16) v128.store(dx + i, f32x4.mul(v128.load(dy + i), slope(fn, v128.load(y + i), a, l)));
}

/** x [rows, n], alpha [n] -> y. */
export function prelu(x: usize, alpha: usize, y: usize, rows: i32, n: i32): void {
  const end = shareEnd(rows);
  const bytes: usize = <usize>n << 2;
  for (let row = shareStart(rows); row < end; row++) {
    const at: usize = <usize>row * bytes;
    for (let i = 0; i < n; i += 4) {
      const lane: usize = <usize>i << 2;
      const v = v128.load(x + at + lane);
      storePart(y + at + lane, v128.bitselect(v, f32x4.mul(v, v128.load(alpha + lane)), f32x4.gt(v, splat(0))), n - i);
    }
  }
}

/** x, alpha, dy [rows, n] -> dx, dAlpha [n]. Each thread has its own columns. */
export function preluGrad(x: usize, alpha: usize, dy: usize, dx: usize, dAlpha: usize, rows: i32, n: i32): void {
  const bytes: usize = <usize>n << 2;
  const groups = (n + 3) >> 2;
  const end = shareEnd(groups);
  for (let group = shareStart(groups); group < end; group++) {
    const lane: usize = <usize>group << 4;
    const lanes = n - (group << 2);
    const a = v128.load(alpha + lane);
    let sum = splat(0);
    let at = lane;
    for (let row = 0; row < rows; row++) {
      const v = v128.load(x + at);
      const g = v128.load(dy + at);
      const positive = f32x4.gt(v, splat(0));
      storePart(dx + at, v128.bitselect(g, f32x4.mul(g, a), positive), lanes);
      sum = f32x4.add(sum, v128.andnot(f32x4.mul(g, v), positive));
      at += bytes;
    }
    storePart(dAlpha + lane, sum, lanes);
  }
}

// @ts-ignore: decorator
@inline
function combine(fn: i32, a: v128, b: v128): v128 {
  if (fn == ADD) return f32x4.add(a, b);
  if (fn == SUBTRACT) return f32x4.sub(a, b);
  if (fn == MULTIPLY) return f32x4.mul(a, b);
  if (fn == MAXIMUM) return f32x4.max(a, b);
  return f32x4.min(a, b);
}

/** y = a fn b, same shape. */
export function binary(a: usize, b: usize, y: usize, count: i32, fn: i32): void {
  const end = until(count);
  for (let i = from(count); i < end; i += 16) v128.store(y + i, combine(fn, v128.load(a + i), v128.load(b + i)));
}

/** a [d0,d1,d2,d3,n] fn b, whose strides (in floats) are s0 to s3 and 1, or 0 where `each` is 0: b is broadcast. */
export function binaryBroadcast(a: usize, b: usize, y: usize, fn: i32, d0: i32, d1: i32, d2: i32, d3: i32, n: i32, s0: i32, s1: i32, s2: i32, s3: i32, each: i32): void {
  const rows = d0 * d1 * d2 * d3;
  const end = shareEnd(rows);
  for (let row = shareStart(rows); row < end; row++) {
    const at: usize = <usize>(row * n) << 2;
    const line = row / d3;
    const plane = line / d2;
    const other = b + (<usize>(plane / d1 * s0 + plane % d1 * s1 + line % d2 * s2 + row % d3 * s3) << 2);
    const single = v128.load_splat<f32>(other);
    for (let i = 0; i < n; i += 4) {
      const lane: usize = <usize>i << 2;
      storePart(y + at + lane, combine(fn, v128.load(a + at + lane), each ? v128.load(other + lane) : single), n - i);
    }
  }
}

/** Sums of x [d0,d1,d2,d3,n] into y, whose strides (in floats) are s0 to s3, and 1 or (each 0) 0. One thread. */
export function sumTo(x: usize, y: usize, total: i32, d0: i32, d1: i32, d2: i32, d3: i32, n: i32, s0: i32, s1: i32, s2: i32, s3: i32, each: i32): void {
  if (shareStart(1) == shareEnd(1)) return;
  for (let i = 0; i < total; i++) store<f32>(y + (<usize>i << 2), 0);
  const rows = d0 * d1 * d2 * d3;
  for (let row = 0; row < rows; row++) {
    const line = row / d3;
    const plane = line / d2;
    const to = y + (<usize>(plane / d1 * s0 + plane % d1 * s1 + line % d2 * s2 + row % d3 * s3) << 2);
    const at = x + (<usize>(row * n) << 2);
    if (each) {
      for (let i = 0; i < n; i += 4) {
        const lane: usize = <usize>i << 2;
        storePart(to + lane, f32x4.add(v128.load(to + lane), v128.load(at + lane)), n - i);
      }
    } else {
      let sum = splat(0);
      let i = 0;
      for (; i + 4 <= n; i += 4) sum = f32x4.add(sum, v128.load(at + (<usize>i << 2)));
      let rest = sumLanes(sum);
      for (; i < n; i++) rest += load<f32>(at + (<usize>i << 2));
      store<f32>(to, load<f32>(to) + rest);
    }
  }
}

/** dx = dy where a wins (`first`) or does not, 0 elsewhere. */
export function selectGrad(a: usize, b: usize, dy: usize, dx: usize, count: i32, fn: i32, first: i32): void {
  const end = until(count);
  for (let i = from(count); i < end; i += 16) {
    const va = v128.load(a + i);
    const vb = v128.load(b + i);
    const wins = fn == MAXIMUM ? f32x4.ge(va, vb) : f32x4.le(va, vb);
    const g = v128.load(dy + i);
    v128.store(dx + i, first ? v128.and(g, wins) : v128.andnot(g, wins));
  }
}

/** y = x * scale + offset. */
export function scale(x: usize, y: usize, count: i32, factor: f32, offset: f32): void {
  const end = until(count);
  const f = splat(factor);
  const o = splat(offset);
  for (let i = from(count); i < end; i += 16) v128.store(y + i, f32x4.add(f32x4.mul(v128.load(x + i), f), o));
}

/** moving = momentum * moving + (1 - momentum) * batch. */
export function movingAverage(moving: usize, batch: usize, count: i32, momentum: f32, rest: f32): void {
  const end = until(count);
  const m = splat(momentum);
  const r = splat(rest);
  for (let i = from(count); i < end; i += 16) {
    v128.store(moving + i, f32x4.add(f32x4.mul(v128.load(moving + i), m), f32x4.mul(v128.load(batch + i), r)));
  }
}

/** dw + l1 * sign(w) + 2 * l2 * w -> out; `twice` is 2 * l2. */
export function penalty(w: usize, dw: usize, out: usize, count: i32, l1: f32, twice: f32): void {
  const end = until(count);
  const one = splat(l1);
  const two = splat(twice);
  for (let i = from(count); i < end; i += 16) {
    const v = v128.load(w + i);
    const sign = f32x4.sub(v128.and(f32x4.gt(v, splat(0)), one), v128.and(f32x4.lt(v, splat(0)), one));
    v128.store(out + i, f32x4.add(v128.load(dw + i), f32x4.add(sign, f32x4.mul(v, two))));
  }
}

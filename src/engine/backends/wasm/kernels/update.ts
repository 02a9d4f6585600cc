/**
 * What happens to the weights themselves: the optimiser's update over a stretch of flat memory, fake quantization
 * with its straight-through gradient, and codebooks.
 */
import { ADAM, MOMENTUM } from './ids';
import { storePart } from './memory';
import { shareEnd, shareStart } from './simd';

/**
 * `count` values from p, g, m, v (moments 0 where the optimiser has none), mask 0 or the address of a mask.
 * a: momentum or beta1, b: beta2; a1, b1: 1 - a, 1 - b, rounded once on the host.
 */
export function optimize(kind: i32, rate: usize, p: usize, g: usize, m: usize, v: usize, mask: usize, count: i32, a: f32, a1: f32, b: f32, b1: f32, epsilon: f32): void {
  const vectors = (count + 3) >> 2;
  const end: usize = (<usize>shareEnd(vectors)) << 4;
  const step = v128.load_splat<f32>(rate);
  const va = f32x4.splat(a), va1 = f32x4.splat(a1), vb = f32x4.splat(b), vb1 = f32x4.splat(b1), eps = f32x4.splat(epsilon);
  const none = f32x4.splat(0);
  for (let i: usize = (<usize>shareStart(vectors)) << 4; i < end; i += 16) {
    let grad = v128.load(g + i);
    const keep = mask ? f32x4.ne(v128.load(mask + i), none) : i32x4.splat(-1);
    grad = v128.and(grad, keep);
    if (kind == ADAM) {
      const first = v128.and(f32x4.add(f32x4.mul(v128.load(m + i), va), f32x4.mul(grad, va1)), keep);
      const second = v128.and(f32x4.add(f32x4.mul(v128.load(v + i), vb), f32x4.mul(f32x4.mul(grad, grad), vb1)), keep);
      v128.store(m + i, first);
      v128.store(v + i, second);
      v128.store(p + i, f32x4.sub(v128.load(p + i), f32x4.div(f32x4.mul(step, first), f32x4.add(f32x4.sqrt(second), eps))));
    } else if (kind == MOMENTUM) {
      const velocity = v128.and(f32x4.add(f32x4.mul(v128.load(m + i), va), grad), keep);
      v128.store(m + i, velocity);
      v128.store(p + i, f32x4.sub(v128.load(p + i), f32x4.mul(step, velocity)));
    } else v128.store(p + i, f32x4.sub(v128.load(p + i), f32x4.mul(step, grad)));
  }
}

// @ts-ignore: decorator
@inline
function grid(w: v128, s: v128, z: v128): v128 {
  return f32x4.add(f32x4.nearest(f32x4.div(w, s)), z);
}

/** The derivative of a rounded value by its scale: u = w / scale is how many scales the value is. */
// @ts-ignore: decorator
@inline
function byScale(u: v128, z: v128, lo: v128, hi: v128): v128 {
  const code = f32x4.add(u, z);
  const between = f32x4.sub(f32x4.nearest(u), u);
  return v128.bitselect(f32x4.sub(hi, z), v128.bitselect(f32x4.sub(lo, z), between, f32x4.le(code, lo)), f32x4.ge(code, hi));
}

/** What is wanted of values on a grid: themselves, their gradient, or that of the scale. */
// @ts-ignore: decorator
@inline
const VALUES = 0;
// @ts-ignore: decorator
@inline
const GRADIENT = 1;
// @ts-ignore: decorator
@inline
const SCALE_GRADIENT = 2;

/** Of four values; `dy` is the address of what comes back to them. */
// @ts-ignore: decorator
@inline
function onGrid(wanted: i32, w: v128, dy: usize, s: v128, z: v128, lo: v128, hi: v128): v128 {
  if (wanted == SCALE_GRADIENT) return f32x4.mul(v128.load(dy), byScale(f32x4.div(w, s), z, lo, hi));
  const q = grid(w, s, z);
  if (wanted == GRADIENT) return v128.and(v128.load(dy), v128.and(f32x4.ge(q, lo), f32x4.le(q, hi)));
  return f32x4.mul(s, f32x4.sub(f32x4.pmin(f32x4.pmax(q, lo), hi), z));
}

/** w [outer, channels, inner]; one scale and zero point a channel. */
// @ts-ignore: decorator
@inline
function byChannel(wanted: i32, w: usize, scale: usize, zero: usize, dy: usize, y: usize, outer: i32, channels: i32, inner: i32, low: f32, high: f32): void {
  const rows = outer * channels;
  const end = shareEnd(rows);
  const lo = f32x4.splat(low), hi = f32x4.splat(high);
  for (let row = shareStart(rows); row < end; row++) {
    const channel: usize = <usize>(row % channels) << 2;
    const s = v128.load_splat<f32>(scale + channel);
    const z = v128.load_splat<f32>(zero + channel);
    const at: usize = <usize>(row * inner) << 2;
    for (let i = 0; i < inner; i += 4) {
      const lane: usize = at + (<usize>i << 2);
      storePart(y + lane, onGrid(wanted, v128.load(w + lane), dy + lane, s, z, lo, hi), inner - i);
    }
  }
}

/** The same with the channels last: w [rows, channels]. */
// @ts-ignore: decorator
@inline
function byLast(wanted: i32, w: usize, scale: usize, zero: usize, dy: usize, y: usize, rows: i32, channels: i32, low: f32, high: f32): void {
  const end = shareEnd(rows);
  const lo = f32x4.splat(low), hi = f32x4.splat(high);
  for (let row = shareStart(rows); row < end; row++) {
    const at: usize = <usize>(row * channels) << 2;
    for (let i = 0; i < channels; i += 4) {
      const lane: usize = <usize>i << 2;
      const s = v128.load(scale + lane);
      const z = v128.load(zero + lane);
      storePart(y + at + lane, onGrid(wanted, v128.load(w + at + lane), dy + at + lane, s, z, lo, hi), channels - i);
    }
  }
}

/** scale * (clamp(round(w / scale) + z) - z). */
export function fakeQuantize(w: usize, scale: usize, zero: usize, y: usize, outer: i32, channels: i32, inner: i32, low: f32, high: f32): void {
  byChannel(VALUES, w, scale, zero, 0, y, outer, channels, inner, low, high);
}
export function fakeQuantizeLast(w: usize, scale: usize, zero: usize, y: usize, rows: i32, channels: i32, low: f32, high: f32): void {
  byLast(VALUES, w, scale, zero, 0, y, rows, channels, low, high);
}

/** dy where w lies inside the range, 0 outside. */
export function fakeQuantizeGrad(w: usize, scale: usize, zero: usize, dy: usize, dx: usize, outer: i32, channels: i32, inner: i32, low: f32, high: f32): void {
  byChannel(GRADIENT, w, scale, zero, dy, dx, outer, channels, inner, low, high);
}
export function fakeQuantizeGradLast(w: usize, scale: usize, zero: usize, dy: usize, dx: usize, rows: i32, channels: i32, low: f32, high: f32): void {
  byLast(GRADIENT, w, scale, zero, dy, dx, rows, channels, low, high);
}

/** dy times the derivative by the scale. */
export function scaleGrad(w: usize, scale: usize, zero: usize, dy: usize, y: usize, outer: i32, channels: i32, inner: i32, low: f32, high: f32): void {
  byChannel(SCALE_GRADIENT, w, scale, zero, dy, y, outer, channels, inner, low, high);
}
export function scaleGradLast(w: usize, scale: usize, zero: usize, dy: usize, y: usize, rows: i32, channels: i32, low: f32, high: f32): void {
  byLast(SCALE_GRADIENT, w, scale, zero, dy, y, rows, channels, low, high);
}

/** values[i] = centroids[indices[i]], 0 where the index is negative. */
export function lookup(centroids: usize, indices: usize, y: usize, count: i32, k: i32): void {
  const end = shareEnd(count);
  for (let i = shareStart(count); i < end; i++) {
    const at: usize = <usize>i << 2;
    const index = <i32>load<f32>(indices + at);
    store<f32>(y + at, index < 0 || index >= k ? 0 : load<f32>(centroids + (<usize>index << 2)));
  }
}

/** sums[index] += dy, in float64 in `scratch` (8 bytes a centroid), then rounded. One thread. */
export function lookupGrad(indices: usize, dy: usize, out: usize, scratch: usize, count: i32, k: i32): void {
  if (shareStart(1) == shareEnd(1)) return;
  memory.fill(scratch, 0, <usize>k << 3);
  for (let i = 0; i < count; i++) {
    const index = <i32>load<f32>(indices + (<usize>i << 2));
    if (index < 0 || index >= k) continue;
    const at = scratch + (<usize>index << 3);
    store<f64>(at, load<f64>(at) + load<f32>(dy + (<usize>i << 2)));
  }
  for (let i = 0; i < k; i++) store<f32>(out + (<usize>i << 2), <f32>load<f64>(scratch + (<usize>i << 3)));
}

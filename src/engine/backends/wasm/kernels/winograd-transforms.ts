/**
 * The one-dimensional transforms of Winograd's convolution with six points (0, 1, -1, 2, -2 and infinity), each on
 * vectors of four channels, from memory to memory: `from` and `to` step by `in` and `out` bytes. With r taps there are
 * m = 7 - r outputs: m = 2 for r = 5, m = 4 for r = 3. Each has its adjoint, which is what the gradients need.
 *
 * Lavin and Gray 2016, "Fast Algorithms for Convolutional Neural Networks"; B for six points is theirs of F(4, 3).
 */

// @ts-ignore: decorator
@inline
function twice(x: v128): v128 {
  return f32x4.add(x, x);
}
// @ts-ignore: decorator
@inline
function times(x: v128, factor: f32): v128 {
  return f32x4.mul(x, f32x4.splat(factor));
}

/** B^T: six values to six points. */
// @ts-ignore: decorator
@inline
export function image6(from: usize, step: usize, to: usize, out: usize): void {
  const d0 = v128.load(from);
  const d1 = v128.load(from + step);
  const d2 = v128.load(from + 2 * step);
  const d3 = v128.load(from + 3 * step);
  const d4 = v128.load(from + 4 * step);
  const d5 = v128.load(from + 5 * step);
  const a = f32x4.sub(d4, times(d2, 4));
  const b = f32x4.sub(d3, times(d1, 4));
  const c = f32x4.sub(d4, d2);
  const d = twice(f32x4.sub(d3, d1));
  v128.store(to, f32x4.add(f32x4.sub(times(d0, 4), times(d2, 5)), d4));
  v128.store(to + out, f32x4.add(a, b));
  v128.store(to + 2 * out, f32x4.sub(a, b));
  v128.store(to + 3 * out, f32x4.add(c, d));
  v128.store(to + 4 * out, f32x4.sub(c, d));
  v128.store(to + 5 * out, f32x4.add(f32x4.sub(times(d1, 4), times(d3, 5)), d5));
}

/** B: the adjoint of `image6`. */
// @ts-ignore: decorator
@inline
export function imageBack6(from: usize, step: usize, to: usize, out: usize): void {
  const v0 = v128.load(from);
  const v1 = v128.load(from + step);
  const v2 = v128.load(from + 2 * step);
  const v3 = v128.load(from + 3 * step);
  const v4 = v128.load(from + 4 * step);
  const v5 = v128.load(from + 5 * step);
  const s = f32x4.add(v1, v2);
  const d = f32x4.sub(v1, v2);
  const t = f32x4.add(v3, v4);
  const e = twice(f32x4.sub(v3, v4));
  v128.store(to, times(v0, 4));
  v128.store(to + out, f32x4.sub(times(f32x4.sub(v5, d), 4), e));
  v128.store(to + 2 * out, f32x4.neg(f32x4.add(f32x4.add(times(v0, 5), times(s, 4)), t)));
  v128.store(to + 3 * out, f32x4.sub(f32x4.add(d, e), times(v5, 5)));
  v128.store(to + 4 * out, f32x4.add(v0, f32x4.add(s, t)));
  v128.store(to + 5 * out, v5);
}

/** A^T: six points to m outputs. */
// @ts-ignore: decorator
@inline
export function result6(m: i32, from: usize, step: usize, to: usize, out: usize): void {
  const v0 = v128.load(from);
  const v1 = v128.load(from + step);
  const v2 = v128.load(from + 2 * step);
  const v3 = v128.load(from + 3 * step);
  const v4 = v128.load(from + 4 * step);
  const v5 = v128.load(from + 5 * step);
  const s = f32x4.add(v1, v2);
  const d = f32x4.sub(v1, v2);
  const t = f32x4.add(v3, v4);
  const e = twice(f32x4.sub(v3, v4));
  v128.store(to, f32x4.add(v0, f32x4.add(s, t)));
  if (m == 2) v128.store(to + out, f32x4.add(f32x4.add(d, e), v5));
  else {
    v128.store(to + out, f32x4.add(d, e));
    v128.store(to + 2 * out, f32x4.add(s, times(t, 4)));
    v128.store(to + 3 * out, f32x4.add(f32x4.add(d, times(e, 4)), v5));
  }
}

/** A: the adjoint of `result6`. */
// @ts-ignore: decorator
@inline
export function resultBack6(m: i32, from: usize, step: usize, to: usize, out: usize): void {
  const y0 = v128.load(from);
  const y1 = v128.load(from + step);
  let even = y0;
  let odd = y1;
  let even2 = y0;
  let odd2 = twice(y1);
  let last = y1;
  if (m == 4) {
    const y2 = v128.load(from + 2 * step);
    const y3 = v128.load(from + 3 * step);
    even = f32x4.add(y0, y2);
    odd = f32x4.add(y1, y3);
    even2 = f32x4.add(y0, times(y2, 4));
    odd2 = f32x4.add(odd2, times(y3, 8));
    last = y3;
  }
  v128.store(to, y0);
  v128.store(to + out, f32x4.add(even, odd));
  v128.store(to + 2 * out, f32x4.sub(even, odd));
  v128.store(to + 3 * out, f32x4.add(even2, odd2));
  v128.store(to + 4 * out, f32x4.sub(even2, odd2));
  v128.store(to + 5 * out, last);
}

/** G: r taps to six points. */
export function taps6(r: i32, from: usize, step: usize, to: usize, out: usize): void {
  const g0 = v128.load(from);
  const g1 = v128.load(from + step);
  const g2 = v128.load(from + 2 * step);
  let even = f32x4.add(g0, g2);
  let odd = g1;
  let even2 = f32x4.add(g0, times(g2, 4));
  let odd2 = twice(g1);
  let last = g2;
  if (r == 5) {
    const g3 = v128.load(from + 3 * step);
    const g4 = v128.load(from + 4 * step);
    even = f32x4.add(even, g4);
    odd = f32x4.add(odd, g3);
    even2 = f32x4.add(even2, times(g4, 16));
    odd2 = f32x4.add(odd2, times(g3, 8));
    last = g4;
  }
  v128.store(to, times(g0, 0.25));
  v128.store(to + out, times(f32x4.add(even, odd), -1.0 / 6.0));
  v128.store(to + 2 * out, times(f32x4.sub(even, odd), -1.0 / 6.0));
  v128.store(to + 3 * out, times(f32x4.add(even2, odd2), 1.0 / 24.0));
  v128.store(to + 4 * out, times(f32x4.sub(even2, odd2), 1.0 / 24.0));
  v128.store(to + 5 * out, last);
}

/** G^T: the adjoint of `taps6`. */
export function tapsBack6(r: i32, from: usize, step: usize, to: usize, out: usize): void {
  const v0 = v128.load(from);
  const v1 = v128.load(from + step);
  const v2 = v128.load(from + 2 * step);
  const v3 = v128.load(from + 3 * step);
  const v4 = v128.load(from + 4 * step);
  const v5 = v128.load(from + 5 * step);
  const s = times(f32x4.add(v1, v2), -1.0 / 6.0);
  const d = times(f32x4.sub(v1, v2), -1.0 / 6.0);
  const t = times(f32x4.add(v3, v4), 1.0 / 24.0);
  const e = times(f32x4.sub(v3, v4), 1.0 / 24.0);
  const second = f32x4.add(s, times(t, 4));
  v128.store(to, f32x4.add(times(v0, 0.25), f32x4.add(s, t)));
  v128.store(to + out, f32x4.add(d, twice(e)));
  if (r == 3) v128.store(to + 2 * out, f32x4.add(second, v5));
  else {
    v128.store(to + 2 * out, second);
    v128.store(to + 3 * out, f32x4.add(d, times(e, 8)));
    v128.store(to + 4 * out, f32x4.add(f32x4.add(s, times(t, 16)), v5));
  }
}

/**
 * Matrix product by register tiles: 6 rows by 8 columns (12 of the 15 vector registers hold sums), 6 by 4 for the last
 * columns. Rows are given by six addresses and a list of jumps, so one kernel serves a plain matrix and a convolution
 * read straight from its (padded) image: each kernel row is a contiguous run of pixels, and no im2col matrix is made.
 * Columns come packed: panels of 8 (the last of 4 where 4 suffice), each panel its k-th row after the other.
 *
 * Tried (Chromium 156, one thread of an EPYC with 128-bit lanes, products of LeNet-5's shapes): inner loop unrolled by
 * 2 or 4: 40 to 50 GFLOP/s with relaxed SIMD, as the compiler then keeps sums on the stack; not unrolled, as here: 58
 * to 66 (plain SIMD: 29 to 33). No vector register is to spare: a zero or a bound of the clamp that lives through the
 * inner loop halves the speed (28), which is why sums start from the bias in memory and the bounds are read at the end.
 */
import { storePart } from './memory';
import { madd, parts, shareEnd, shareStart, spill } from './simd';

/** Where in the spill the clamp's two vectors wait, and eight zeros for products without a bias. */
const LOW: usize = 192;
const HIGH: usize = 208;
const ZEROS: usize = 224;

/** Copies a ragged tile from the spill to its place. */
function copyTile(out: usize, ldc: usize, rows: i32, cols: i32): void {
  let from = spill;
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < cols; c++) store<f32>(out + (<usize>c << 2), load<f32>(from + (<usize>c << 2)));
    from += 32;
    out += ldc;
  }
}

/**
 * out[6][8] = clamp(bias + rows * panel, lo, hi). Every run of `length` floats is followed by the next of the jumps
 * (bytes), which all rows share.
 */
function tile8(p0: usize, p1: usize, p2: usize, p3: usize, p4: usize, p5: usize, b: usize, jumps: usize, runs: i32, length: i32, bias: usize, out: usize, ldc: usize, rows: i32, cols: i32): void {
  const start = bias ? bias : spill + ZEROS;
  const left = v128.load(start);
  const right = v128.load(start, 16);
  let a: v128;
  let l0 = left;
  let r0 = right;
  let l1 = left;
  let r1 = right;
  let l2 = left;
  let r2 = right;
  let l3 = left;
  let r3 = right;
  let l4 = left;
  let r4 = right;
  let l5 = left;
  let r5 = right;
  for (;;) {
    let n = length;
    do {
      const x = v128.load(b);
      const y = v128.load(b, 16);
      a = v128.load_splat<f32>(p0);
      l0 = madd(a, x, l0);
      r0 = madd(a, y, r0);
      a = v128.load_splat<f32>(p1);
      l1 = madd(a, x, l1);
      r1 = madd(a, y, r1);
      a = v128.load_splat<f32>(p2);
      l2 = madd(a, x, l2);
      r2 = madd(a, y, r2);
      a = v128.load_splat<f32>(p3);
      l3 = madd(a, x, l3);
      r3 = madd(a, y, r3);
      a = v128.load_splat<f32>(p4);
      l4 = madd(a, x, l4);
      r4 = madd(a, y, r4);
      a = v128.load_splat<f32>(p5);
      l5 = madd(a, x, l5);
      r5 = madd(a, y, r5);
      p0 += 4;
      p1 += 4;
      p2 += 4;
      p3 += 4;
      p4 += 4;
      p5 += 4;
      b += 32;
      n--;
    } while (n > 0);
    if (--runs == 0) break;
    const jump = load<u32>(jumps);
    jumps += 4;
    p0 += jump;
    p1 += jump;
    p2 += jump;
    p3 += jump;
    p4 += jump;
    p5 += jump;
  }
  const low = v128.load(spill, LOW);
  const high = v128.load(spill, HIGH);
  const whole = rows == 6 && cols == 8;
  let to = whole ? out : spill;
  const step: usize = whole ? ldc : 32;
  v128.store(to, f32x4.pmin(f32x4.pmax(l0, low), high));
  v128.store(to, f32x4.pmin(f32x4.pmax(r0, low), high), 16);
  to += step;
  v128.store(to, f32x4.pmin(f32x4.pmax(l1, low), high));
  v128.store(to, f32x4.pmin(f32x4.pmax(r1, low), high), 16);
  to += step;
  v128.store(to, f32x4.pmin(f32x4.pmax(l2, low), high));
  v128.store(to, f32x4.pmin(f32x4.pmax(r2, low), high), 16);
  to += step;
  v128.store(to, f32x4.pmin(f32x4.pmax(l3, low), high));
  v128.store(to, f32x4.pmin(f32x4.pmax(r3, low), high), 16);
  to += step;
  v128.store(to, f32x4.pmin(f32x4.pmax(l4, low), high));
  v128.store(to, f32x4.pmin(f32x4.pmax(r4, low), high), 16);
  to += step;
  v128.store(to, f32x4.pmin(f32x4.pmax(l5, low), high));
  v128.store(to, f32x4.pmin(f32x4.pmax(r5, low), high), 16);
  if (!whole) copyTile(out, ldc, rows, cols);
}

/** The same for up to 4 columns. */
function tile4(p0: usize, p1: usize, p2: usize, p3: usize, p4: usize, p5: usize, b: usize, jumps: usize, runs: i32, length: i32, bias: usize, out: usize, ldc: usize, rows: i32, cols: i32): void {
  const left = v128.load(bias ? bias : spill + ZEROS);
  let l0 = left;
  let l1 = left;
  let l2 = left;
  let l3 = left;
  let l4 = left;
  let l5 = left;
  for (;;) {
    let n = length;
    do {
      const x = v128.load(b);
      l0 = madd(v128.load_splat<f32>(p0), x, l0);
      l1 = madd(v128.load_splat<f32>(p1), x, l1);
      l2 = madd(v128.load_splat<f32>(p2), x, l2);
      l3 = madd(v128.load_splat<f32>(p3), x, l3);
      l4 = madd(v128.load_splat<f32>(p4), x, l4);
      l5 = madd(v128.load_splat<f32>(p5), x, l5);
      p0 += 4;
      p1 += 4;
      p2 += 4;
      p3 += 4;
      p4 += 4;
      p5 += 4;
      b += 16;
      n--;
    } while (n > 0);
    if (--runs == 0) break;
    const jump = load<u32>(jumps);
    jumps += 4;
    p0 += jump;
    p1 += jump;
    p2 += jump;
    p3 += jump;
    p4 += jump;
    p5 += jump;
  }
  const low = v128.load(spill, LOW);
  const high = v128.load(spill, HIGH);
  const whole = rows == 6 && cols == 4;
  let to = whole ? out : spill;
  const step: usize = whole ? ldc : 32;
  v128.store(to, f32x4.pmin(f32x4.pmax(l0, low), high));
  to += step;
  v128.store(to, f32x4.pmin(f32x4.pmax(l1, low), high));
  to += step;
  v128.store(to, f32x4.pmin(f32x4.pmax(l2, low), high));
  to += step;
  v128.store(to, f32x4.pmin(f32x4.pmax(l3, low), high));
  to += step;
  v128.store(to, f32x4.pmin(f32x4.pmax(l4, low), high));
  to += step;
  v128.store(to, f32x4.pmin(f32x4.pmax(l5, low), high));
  if (!whole) copyTile(out, ldc, rows, cols);
}

/** Bytes of packed panels that stay in the cache while all rows pass over them. */
const PANEL_BYTES: i32 = 131072;

/**
 * Rows [first, last) of y [m, n] (rows ldc bytes apart) = clamp(bias + x * packed, lo, hi), all columns. Row i is the
 * output pixel i of [images, oh, ow], whose window begins at x + image * stepN + oy * stepY + ox * stepX.
 */
export function productRows(x: usize, first: i32, last: i32, oh: i32, ow: i32, stepX: usize, stepY: usize, stepN: usize, packed: usize, jumps: usize, runs: i32, length: i32, bias: usize, lo: f32, hi: f32, y: usize, n: i32, ldc: usize, firstPanel: i32, lastPanel: i32): void {
  v128.store(spill, f32x4.splat(lo), LOW);
  v128.store(spill, f32x4.splat(hi), HIGH);
  const k = runs * length;
  const panelBytes: usize = <usize>k << 5;
  const group = max(1, PANEL_BYTES / <i32>panelBytes);
  // From the last pixel of a row to the first of the next, and from the last row of an image to the next image.
  const turnY: usize = stepY - <usize>ow * stepX;
  const turnN: usize = stepN - <usize>oh * stepY;
  for (let from = firstPanel; from < lastPanel; from += group) {
    const to = min(lastPanel, from + group);
    let ox = first % ow;
    const line = first / ow;
    let oy = line % oh;
    let p = x + <usize>(line / oh) * stepN + <usize>oy * stepY + <usize>ox * stepX;
    for (let i = first; i < last; i += 6) {
      const rows = min(6, last - i);
      const p0 = p;
      if (rows > 1) {
        p += stepX;
        if (++ox == ow) {
          ox = 0;
          p += turnY;
          if (++oy == oh) {
            oy = 0;
            p += turnN;
          }
        }
      }
      const p1 = p;
      if (rows > 2) {
        p += stepX;
        if (++ox == ow) {
          ox = 0;
          p += turnY;
          if (++oy == oh) {
            oy = 0;
            p += turnN;
          }
        }
      }
      const p2 = p;
      if (rows > 3) {
        p += stepX;
        if (++ox == ow) {
          ox = 0;
          p += turnY;
          if (++oy == oh) {
            oy = 0;
            p += turnN;
          }
        }
      }
      const p3 = p;
      if (rows > 4) {
        p += stepX;
        if (++ox == ow) {
          ox = 0;
          p += turnY;
          if (++oy == oh) {
            oy = 0;
            p += turnN;
          }
        }
      }
      const p4 = p;
      if (rows > 5) {
        p += stepX;
        if (++ox == ow) {
          ox = 0;
          p += turnY;
          if (++oy == oh) {
            oy = 0;
            p += turnN;
          }
        }
      }
      const p5 = p;
      p += stepX;
      if (++ox == ow) {
        ox = 0;
        p += turnY;
        if (++oy == oh) {
          oy = 0;
          p += turnN;
        }
      }
      const out = y + <usize>i * ldc;
      for (let panel = from; panel < to; panel++) {
        const column = panel << 3;
        const cols = min(8, n - column);
        const b = packed + <usize>panel * panelBytes;
        const at = out + (<usize>column << 2);
        const c = bias ? bias + (<usize>column << 2) : 0;
        if (cols > 4) tile8(p0, p1, p2, p3, p4, p5, b, jumps, runs, length, c, at, ldc, rows, cols);
        else tile4(p0, p1, p2, p3, p4, p5, b, jumps, runs, length, c, at, ldc, rows, cols);
      }
    }
  }
}

/** The whole product, this thread's share of it: panels where there are enough for every thread, else rows. */
export function product(x: usize, y: usize, packed: usize, bias: usize, lo: f32, hi: f32, m: i32, oh: i32, ow: i32, stepX: usize, stepY: usize, stepN: usize, jumps: usize, runs: i32, length: i32, n: i32, ldc: usize): void {
  const panels = (n + 7) >> 3;
  const tiles = (m + 5) / 6;
  if (panels >= 4 * parts) {
    productRows(x, 0, m, oh, ow, stepX, stepY, stepN, packed, jumps, runs, length, bias, lo, hi, y, n, ldc, shareStart(panels), shareEnd(panels));
    return;
  }
  const last = min(m, shareEnd(tiles) * 6);
  productRows(x, shareStart(tiles) * 6, last, oh, ow, stepX, stepY, stepN, packed, jumps, runs, length, bias, lo, hi, y, n, ldc, 0, panels);
}

/**
 * Packs columns into panels. `taps` matrices of [kPer, n] lie one below the other; source[k * ld + n], or
 * source[n * ld + k] where transposed. ld in floats, tapStep in bytes (negative: a flipped kernel).
 */
export function pack(source: usize, target: usize, taps: i32, tapStep: i32, kPer: i32, n: i32, ld: i32, transposed: i32): void {
  const panels = (n + 7) >> 3;
  const k = taps * kPer;
  const ldBytes: usize = <usize>ld << 2;
  const end = shareEnd(panels);
  for (let panel = shareStart(panels); panel < end; panel++) {
    const column = panel << 3;
    const cols = min(8, n - column);
    const width: usize = cols > 4 ? 32 : 16;
    let to = target + ((<usize>panel * <usize>k) << 5);
    for (let tap = 0; tap < taps; tap++) {
      const from = source + <usize>(tap * tapStep);
      if (transposed) packAcross(from + <usize>column * ldBytes, to, kPer, cols, ldBytes, width);
      else {
        let at = from + (<usize>column << 2);
        let put = to;
        // Lanes beyond the last column hold what lies there: they are never copied out.
        if (width == 32) {
          for (let i = 0; i < kPer; i++) {
            v128.store(put, v128.load(at));
            v128.store(put, v128.load(at, 16), 16);
            at += ldBytes;
            put += 32;
          }
        } else {
          for (let i = 0; i < kPer; i++) {
            v128.store(put, v128.load(at));
            at += ldBytes;
            put += 16;
          }
        }
      }
      to += <usize>kPer * width;
    }
  }
}

/** Columns that are contiguous in k, four by four. */
function packAcross(from: usize, to: usize, k: i32, cols: i32, ldBytes: usize, width: usize): void {
  for (let half: i32 = 0; half < cols; half += 4) {
    const s0 = from + <usize>half * ldBytes;
    const s1 = half + 1 < cols ? s0 + ldBytes : s0;
    const s2 = half + 2 < cols ? s1 + ldBytes : s0;
    const s3 = half + 3 < cols ? s2 + ldBytes : s0;
    let put = to + (<usize>half << 2);
    let i: usize = 0;
    const whole: usize = <usize>(k & ~3) << 2;
    const all: usize = <usize>k << 2;
    for (; i < whole; i += 16) {
      const a = v128.load(s0 + i);
      const b = v128.load(s1 + i);
      const c = v128.load(s2 + i);
      const d = v128.load(s3 + i);
      const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
      const cd = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
      const ab2 = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
      const cd2 = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
      v128.store(put, v128.shuffle<i64>(ab, cd, 0, 2));
      v128.store(put + width, v128.shuffle<i64>(ab, cd, 1, 3));
      v128.store(put + 2 * width, v128.shuffle<i64>(ab2, cd2, 0, 2));
      v128.store(put + 3 * width, v128.shuffle<i64>(ab2, cd2, 1, 3));
      put += 4 * width;
    }
    for (; i < all; i += 4) {
      store<f32>(put, load<f32>(s0 + i));
      store<f32>(put, load<f32>(s1 + i), 4);
      store<f32>(put, load<f32>(s2 + i), 8);
      store<f32>(put, load<f32>(s3 + i), 12);
      put += width;
    }
  }
}

/** y [m, n] = clamp(bias + x [m, k] * w [k, n], lo, hi) for few rows: w is read in place, 16 columns at a time. */
export function rowProduct(x: usize, w: usize, bias: usize, y: usize, lo: f32, hi: f32, m: i32, n: i32, k: i32): void {
  const blocks = (n + 15) >> 4;
  const end = shareEnd(blocks);
  const row: usize = <usize>n << 2;
  const low = f32x4.splat(lo);
  const high = f32x4.splat(hi);
  for (let block = shareStart(blocks); block < end; block++) {
    const at: usize = <usize>block << 6;
    const cols = n - (block << 4);
    for (let i = 0; i < m; i++) {
      let c0 = f32x4.splat(0), c1 = c0, c2 = c0, c3 = c0;
      let p = x + (<usize>(i * k) << 2);
      let q = w + at;
      for (let j = 0; j < k; j++) {
        const a = v128.load_splat<f32>(p);
        c0 = madd(a, v128.load(q), c0);
        c1 = madd(a, v128.load(q, 16), c1);
        c2 = madd(a, v128.load(q, 32), c2);
        c3 = madd(a, v128.load(q, 48), c3);
        p += 4;
        q += row;
      }
      if (bias) {
        c0 = f32x4.add(c0, v128.load(bias + at));
        c1 = f32x4.add(c1, v128.load(bias + at, 16));
        c2 = f32x4.add(c2, v128.load(bias + at, 32));
        c3 = f32x4.add(c3, v128.load(bias + at, 48));
      }
      const to = y + <usize>i * row + at;
      storePart(to, f32x4.pmin(f32x4.pmax(c0, low), high), cols);
      if (cols > 4) storePart(to + 16, f32x4.pmin(f32x4.pmax(c1, low), high), cols - 4);
      if (cols > 8) storePart(to + 32, f32x4.pmin(f32x4.pmax(c2, low), high), cols - 8);
      if (cols > 12) storePart(to + 48, f32x4.pmin(f32x4.pmax(c3, low), high), cols - 12);
    }
  }
}

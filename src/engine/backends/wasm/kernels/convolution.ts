/**
 * What a convolution needs beside the products: its input gradient by columns, and the depthwise forms.
 *
 * The input gradient of a convolution that shrinks the image (no padding, strides) is a product dy * kernel^T into a
 * scratch matrix [pixels, kh*kw*c], then added to where each column came from, a few images at a time so that the
 * scratch stays in the cache. Where little is cut off, the host instead runs the forward product on padded dy with the
 * flipped kernel. Depthwise kernels run over channels in vectors; a multiplier is turned into repeated channels first.
 */
import { addBytes, storePart, zeroBytes } from './memory';
import { productRows } from './product';
import { madd, part, parts, shareEnd, shareStart } from './simd';

/** Smallest t >= 0 with t * stride + begin >= 0. */
// @ts-ignore: decorator
@inline
export function firstInside(begin: i32, stride: i32): i32 {
  return begin >= 0 ? 0 : (stride - 1 - begin) / stride;
}
/** One past the last t < count with t * stride + begin < size. */
// @ts-ignore: decorator
@inline
export function lastInside(begin: i32, stride: i32, size: i32, count: i32): i32 {
  return begin >= size ? 0 : min(count, (size - 1 - begin) / stride + 1);
}

/**
 * dy [n,oh,ow,o] (from this group's first channel), packed kernel^T [og, kh*kw*cg] -> dx [n,h,w,c] (from this group's
 * first channel), added to it. `chunk` images at a time; `scratch` holds chunk * oh * ow * kh * kw * cg floats a thread.
 */
export function columnsToImage(dy: usize, dx: usize, packed: usize, scratch: usize, scratchBytes: usize, chunk: i32, n: i32, h: i32, w: i32, c: i32, cg: i32, oh: i32, ow: i32, o: i32, og: i32, kh: i32, kw: i32, sy: i32, sx: i32, top: i32, left: i32, dy0: i32, dx0: i32, clear: i32): void {
  const columns = scratch + <usize>part * scratchBytes;
  const taps = kh * kw * cg;
  const panels = (taps + 7) >> 3;
  const stepQ: usize = <usize>o << 2;
  const pixel: usize = <usize>c << 2;
  const slice: usize = <usize>cg << 2;
  const imageBytes: usize = <usize>(h * w) * pixel;
  const joined = dx0 == 1 && cg == c;
  const chunks = (n + chunk - 1) / chunk;
  for (let block = part; block < chunks; block += parts) {
    const first = block * chunk;
    const count = min(chunk, n - first);
    const rows = count * oh * ow;
    const q = dy + <usize>(first * oh * ow) * stepQ;
    productRows(q, 0, rows, 1, rows, stepQ, 0, 0, packed, 0, 1, og, 0, -Infinity, Infinity, columns, taps, <usize>taps << 2, 0, panels);
    let from = columns;
    for (let image = first; image < first + count; image++) {
      const base = dx + <usize>image * imageBytes;
      if (clear) zeroBytes(base, imageBytes);
      for (let oy = 0; oy < oh; oy++) {
        const iy0 = oy * sy - top;
        const ky0 = firstInside(iy0, dy0);
        const ky1 = lastInside(iy0, dy0, h, kh);
        for (let ox = 0; ox < ow; ox++) {
          const ix0 = ox * sx - left;
          const kx0 = firstInside(ix0, dx0);
          const kx1 = lastInside(ix0, dx0, w, kw);
          if (kx1 > kx0) {
            for (let ky = ky0; ky < ky1; ky++) {
              const line = base + <usize>((iy0 + ky * dy0) * w) * pixel;
              const row = from + <usize>(ky * kw) * slice;
              if (joined) addBytes(line + <usize>(ix0 + kx0) * pixel, row + <usize>kx0 * slice, <usize>(kx1 - kx0) * slice);
              else for (let kx = kx0; kx < kx1; kx++) addBytes(line + <usize>(ix0 + kx * dx0) * pixel, row + <usize>kx * slice, slice);
            }
          }
          from += <usize>taps << 2;
        }
      }
    }
  }
}

/** x [n,h,w,c], kernel [kh,kw,c] -> y [n,oh,ow,c] = clamp(bias + ..., lo, hi). */
export function depthwise(x: usize, kernel: usize, bias: usize, y: usize, lo: f32, hi: f32, n: i32, h: i32, w: i32, c: i32, oh: i32, ow: i32, kh: i32, kw: i32, sy: i32, sx: i32, top: i32, left: i32, dy0: i32, dx0: i32): void {
  const lines = n * oh;
  const end = shareEnd(lines);
  const pixel: usize = <usize>c << 2;
  const low = f32x4.splat(lo);
  const high = f32x4.splat(hi);
  const across: usize = <usize>dx0 * pixel;
  for (let line = shareStart(lines); line < end; line++) {
    const iy0 = line % oh * sy - top;
    const ky0 = firstInside(iy0, dy0);
    const ky1 = lastInside(iy0, dy0, h, kh);
    const image = x + <usize>(line / oh * h * w) * pixel;
    let to = y + <usize>(line * ow) * pixel;
    for (let ox = 0; ox < ow; ox++) {
      const ix0 = ox * sx - left;
      const kx0 = firstInside(ix0, dx0);
      const kx1 = lastInside(ix0, dx0, w, kw);
      let at: usize = 0;
      for (let i = 0; i < c; i += 8) {
        let a = f32x4.splat(0);
        let b = a;
        if (bias) {
          a = v128.load(bias + at);
          b = v128.load(bias + at, 16);
        }
        for (let ky = ky0; ky < ky1; ky++) {
          let p = image + <usize>((iy0 + ky * dy0) * w + ix0 + kx0 * dx0) * pixel + at;
          let k = kernel + <usize>(ky * kw + kx0) * pixel + at;
          for (let kx = kx0; kx < kx1; kx++) {
            a = madd(v128.load(p), v128.load(k), a);
            b = madd(v128.load(p, 16), v128.load(k, 16), b);
            p += across;
            k += pixel;
          }
        }
        storePart(to + at, f32x4.pmin(f32x4.pmax(a, low), high), c - i);
        if (c - i > 4) storePart(to + at + 16, f32x4.pmin(f32x4.pmax(b, low), high), c - i - 4);
        at += 32;
      }
      to += pixel;
    }
  }
}

/** dy [n,oh,ow,c], kernel [kh,kw,c] -> dx [n,h,w,c]: every input pixel gathers from the windows that hold it. */
export function depthwiseGradInput(dy: usize, kernel: usize, dx: usize, n: i32, h: i32, w: i32, c: i32, oh: i32, ow: i32, kh: i32, kw: i32, sy: i32, sx: i32, top: i32, left: i32, dy0: i32, dx0: i32): void {
  const lines = n * h;
  const end = shareEnd(lines);
  const pixel: usize = <usize>c << 2;
  for (let line = shareStart(lines); line < end; line++) {
    const iy = line % h + top;
    const image = dy + <usize>(line / h * oh * ow) * pixel;
    let to = dx + <usize>(line * w) * pixel;
    for (let ix = left; ix < w + left; ix++) {
      let at: usize = 0;
      for (let i = 0; i < c; i += 8) {
        let a = f32x4.splat(0);
        let b = a;
        for (let ky = 0; ky < kh; ky++) {
          const ty = iy - ky * dy0;
          if (ty < 0) break;
          const oy = sy == 1 ? ty : ty / sy;
          if (oy >= oh || oy * sy != ty) continue;
          for (let kx = 0; kx < kw; kx++) {
            const tx = ix - kx * dx0;
            if (tx < 0) break;
            const ox = sx == 1 ? tx : tx / sx;
            if (ox >= ow || ox * sx != tx) continue;
            const q = image + <usize>(oy * ow + ox) * pixel + at;
            const k = kernel + <usize>(ky * kw + kx) * pixel + at;
            a = madd(v128.load(q), v128.load(k), a);
            b = madd(v128.load(q, 16), v128.load(k, 16), b);
          }
        }
        storePart(to + at, a, c - i);
        if (c - i > 4) storePart(to + at + 16, b, c - i - 4);
        at += 32;
      }
      to += pixel;
    }
  }
}

/** x [n,h,w,c], dy [n,oh,ow,c] -> dKernel [kh,kw,c]. Each thread has its own taps and channels. */
export function depthwiseGradKernel(x: usize, dy: usize, dk: usize, n: i32, h: i32, w: i32, c: i32, oh: i32, ow: i32, kh: i32, kw: i32, sy: i32, sx: i32, top: i32, left: i32, dy0: i32, dx0: i32): void {
  const pixel: usize = <usize>c << 2;
  const blocks = (c + 7) >> 3;
  const units = blocks * kh * kw;
  const end = shareEnd(units);
  const across: usize = <usize>sx * pixel;
  for (let unit = shareStart(units); unit < end; unit++) {
    const tap = unit / blocks;
    const i = (unit % blocks) << 3;
    const at: usize = <usize>i << 2;
    const beginX = tap % kw * dx0 - left;
    const beginY = tap / kw * dy0 - top;
    const ox0 = firstInside(beginX, sx);
    const ox1 = lastInside(beginX, sx, w, ow);
    const oy0 = firstInside(beginY, sy);
    const oy1 = lastInside(beginY, sy, h, oh);
    let a = f32x4.splat(0);
    let b = a;
    for (let image = 0; image < n; image++) {
      let imageA = f32x4.splat(0);
      let imageB = imageA;
      for (let oy = oy0; oy < oy1; oy++) {
        let p = x + <usize>((image * h + oy * sy + beginY) * w + ox0 * sx + beginX) * pixel + at;
        let q = dy + <usize>((image * oh + oy) * ow + ox0) * pixel + at;
        for (let ox = ox0; ox < ox1; ox++) {
          imageA = madd(v128.load(p), v128.load(q), imageA);
          imageB = madd(v128.load(p, 16), v128.load(q, 16), imageB);
          p += across;
          q += pixel;
        }
      }
      a = f32x4.add(a, imageA);
      b = f32x4.add(b, imageB);
    }
    const to = dk + <usize>tap * pixel + at;
    storePart(to, a, c - i);
    if (c - i > 4) storePart(to + 16, b, c - i - 4);
  }
}

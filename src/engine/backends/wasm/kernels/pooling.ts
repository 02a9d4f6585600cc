/**
 * Maximum and average pooling and their gradients, in vectors over channels. Global pooling is a window as large as
 * the image.
 *
 * Tried (Chromium 156, one thread, LeNet-5's inference, microseconds an image): windows of 2 by 2 without loops make the first
 * convolution with its pooling 13.2 instead of 14.3; both in one pass, each image pooled while it is in the cache, 12.8,
 * of 61 in all, which is not worth a kernel of its own.
 */
import { firstInside, lastInside } from './convolution';
import { storePart, zeroBytes } from './memory';
import { shareEnd, shareStart } from './simd';

/** x [n,h,w,c] -> y [n,oh,ow,c]; padded pixels never win. */
export function maxPool(x: usize, y: usize, n: i32, h: i32, w: i32, c: i32, oh: i32, ow: i32, kh: i32, kw: i32, sy: i32, sx: i32, top: i32, left: i32): void {
  const lines = n * oh;
  const end = shareEnd(lines);
  const pixel: usize = <usize>c << 2;
  const row: usize = <usize>w * pixel;
  for (let line = shareStart(lines); line < end; line++) {
    const iy = line % oh * sy - top;
    const y0 = max(0, iy);
    const rows = min(h, iy + kh) - y0;
    const image = x + <usize>(line / oh * h + y0) * row;
    let to = y + <usize>(line * ow) * pixel;
    for (let ox = 0; ox < ow; ox++) {
      const ix = ox * sx - left;
      const x0 = max(0, ix);
      const cols = min(w, ix + kw) - x0;
      const corner = image + <usize>x0 * pixel;
      if (rows == 2 && cols == 2) {
        const below = corner + row;
        for (let i = 0; i < c; i += 4) {
          const lane: usize = <usize>i << 2;
          const upper = f32x4.pmax(v128.load(corner + lane), v128.load(corner + pixel + lane));
          storePart(to + lane, f32x4.pmax(f32x4.pmax(upper, v128.load(below + lane)), v128.load(below + pixel + lane)), c - i);
        }
        to += pixel;
        continue;
      }
      for (let i = 0; i < c; i += 4) {
        let p = corner + (<usize>i << 2);
        let best = v128.load(p);
        for (let ky = 0; ky < rows; ky++) {
          let at = p;
          for (let kx = 0; kx < cols; kx++) {
            best = f32x4.pmax(best, v128.load(at));
            at += pixel;
          }
          p += row;
        }
        storePart(to + (<usize>i << 2), best, c - i);
      }
      to += pixel;
    }
  }
}

/** x, y, dy -> dx: the first maximum of a window in row-major order takes its gradient. Each thread has its own images. */
export function maxPoolGrad(x: usize, y: usize, dy: usize, dx: usize, n: i32, h: i32, w: i32, c: i32, oh: i32, ow: i32, kh: i32, kw: i32, sy: i32, sx: i32, top: i32, left: i32): void {
  const pixel: usize = <usize>c << 2;
  const row: usize = <usize>w * pixel;
  const end = shareEnd(n);
  // Windows that neither overlap nor leave pixels out write every pixel once.
  const apart = sy >= kh && sx >= kw;
  const tiled = sy == kh && sx == kw && top == 0 && left == 0 && oh * sy == h && ow * sx == w;
  for (let image = shareStart(n); image < end; image++) {
    if (!tiled) zeroBytes(dx + <usize>(image * h) * row, <usize>h * row);
    for (let oy = 0; oy < oh; oy++) {
      const iy = oy * sy - top;
      const y0 = max(0, iy);
      const rows = min(h, iy + kh) - y0;
      const line: usize = <usize>(image * h + y0) * row;
      for (let ox = 0; ox < ow; ox++) {
        const ix = ox * sx - left;
        const x0 = max(0, ix);
        const cols = min(w, ix + kw) - x0;
        const corner: usize = line + <usize>x0 * pixel;
        const out: usize = <usize>((image * oh + oy) * ow + ox) * pixel;
        for (let i = 0; i < c; i += 4) {
          const lane: usize = <usize>i << 2;
          const best = v128.load(y + out + lane);
          let left4 = v128.load(dy + out + lane);
          let p: usize = corner + lane;
          for (let ky = 0; ky < rows; ky++) {
            let at = p;
            for (let kx = 0; kx < cols; kx++) {
              const won = f32x4.eq(v128.load(x + at), best);
              let g = v128.and(left4, won);
              left4 = v128.andnot(left4, won);
              if (!apart) g = f32x4.add(g, v128.load(dx + at));
              storePart(dx + at, g, c - i);
              at += pixel;
            }
            p += row;
          }
        }
      }
    }
  }
}

/** x [n,h,w,c] -> y [n,oh,ow,c]; padded pixels are not counted. */
export function averagePool(x: usize, y: usize, n: i32, h: i32, w: i32, c: i32, oh: i32, ow: i32, kh: i32, kw: i32, sy: i32, sx: i32, top: i32, left: i32): void {
  const lines = n * oh;
  const end = shareEnd(lines);
  const pixel: usize = <usize>c << 2;
  const row: usize = <usize>w * pixel;
  for (let line = shareStart(lines); line < end; line++) {
    const iy = line % oh * sy - top;
    const y0 = max(0, iy);
    const rows = min(h, iy + kh) - y0;
    const image = x + <usize>(line / oh * h + y0) * row;
    let to = y + <usize>(line * ow) * pixel;
    for (let ox = 0; ox < ow; ox++) {
      const ix = ox * sx - left;
      const x0 = max(0, ix);
      const cols = min(w, ix + kw) - x0;
      const corner = image + <usize>x0 * pixel;
      const count = f32x4.splat(<f32>(rows * cols));
      for (let i = 0; i < c; i += 4) {
        let p = corner + (<usize>i << 2);
        let sum = f32x4.splat(0);
        for (let ky = 0; ky < rows; ky++) {
          let at = p;
          for (let kx = 0; kx < cols; kx++) {
            sum = f32x4.add(sum, v128.load(at));
            at += pixel;
          }
          p += row;
        }
        storePart(to + (<usize>i << 2), f32x4.div(sum, count), c - i);
      }
      to += pixel;
    }
  }
}

/** dy [n,oh,ow,c] -> dx [n,h,w,c]. Each thread has its own images. */
export function averagePoolGrad(dy: usize, dx: usize, n: i32, h: i32, w: i32, c: i32, oh: i32, ow: i32, kh: i32, kw: i32, sy: i32, sx: i32, top: i32, left: i32): void {
  const pixel: usize = <usize>c << 2;
  const row: usize = <usize>w * pixel;
  const end = shareEnd(n);
  for (let image = shareStart(n); image < end; image++) {
    zeroBytes(dx + <usize>(image * h) * row, <usize>h * row);
    for (let oy = 0; oy < oh; oy++) {
      const iy = oy * sy - top;
      const y0 = max(0, iy);
      const rows = min(h, iy + kh) - y0;
      for (let ox = 0; ox < ow; ox++) {
        const ix = ox * sx - left;
        const x0 = max(0, ix);
        const cols = min(w, ix + kw) - x0;
        const corner = dx + <usize>(image * h + y0) * row + <usize>x0 * pixel;
        const from = dy + <usize>((image * oh + oy) * ow + ox) * pixel;
        const count = f32x4.splat(<f32>(rows * cols));
        for (let i = 0; i < c; i += 4) {
          const g = f32x4.div(v128.load(from + (<usize>i << 2)), count);
          let p = corner + (<usize>i << 2);
          for (let ky = 0; ky < rows; ky++) {
            let at = p;
            for (let kx = 0; kx < cols; kx++) {
              storePart(at, f32x4.add(g, v128.load(at)), c - i);
              at += pixel;
            }
            p += row;
          }
        }
      }
    }
  }
}

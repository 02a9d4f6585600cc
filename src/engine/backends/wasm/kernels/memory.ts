/**
 * Moving floats: copies, fills, zero padding and cropping, joining and slicing the last axis, transposition. Reading
 * past the end of a row is harmless (the arena has room at its end), so loads are whole vectors; stores are exact.
 */
import { shareEnd, shareStart } from './simd';

/** Stores the first `lanes` (1 to 4) of a vector. */
// @ts-ignore: decorator
@inline
export function storePart(to: usize, v: v128, lanes: i32): void {
  if (lanes >= 4) v128.store(to, v);
  else storeFew(to, v, lanes);
}
function storeFew(to: usize, v: v128, lanes: i32): void {
  store<f32>(to, f32x4.extract_lane(v, 0));
  if (lanes > 1) store<f32>(to, f32x4.extract_lane(v, 1), 4);
  if (lanes > 2) store<f32>(to, f32x4.extract_lane(v, 2), 8);
}

/** Copies bytes (a multiple of 4), which may end inside a vector. */
export function copyBytes(to: usize, from: usize, bytes: usize): void {
  if (bytes >= 512) {
    memory.copy(to, from, bytes);
    return;
  }
  const end = to + bytes;
  while (to + 16 <= end) {
    v128.store(to, v128.load(from));
    to += 16;
    from += 16;
  }
  while (to < end) {
    store<f32>(to, load<f32>(from));
    to += 4;
    from += 4;
  }
}

/** to += from, `bytes` of floats. */
export function addBytes(to: usize, from: usize, bytes: usize): void {
  const end = to + bytes;
  while (to + 16 <= end) {
    v128.store(to, f32x4.add(v128.load(to), v128.load(from)));
    to += 16;
    from += 16;
  }
  while (to < end) {
    store<f32>(to, load<f32>(to) + load<f32>(from));
    to += 4;
    from += 4;
  }
}

/** y = value, `count` floats. */
export function fill(y: usize, count: i32, value: f32): void {
  const vectors = (count + 3) >> 2;
  const end = y + ((<usize>shareEnd(vectors)) << 4);
  const v = f32x4.splat(value);
  for (let at = y + ((<usize>shareStart(vectors)) << 4); at < end; at += 16) v128.store(at, v);
}

/** y = x, `count` floats, whole vectors. */
export function copy(x: usize, y: usize, count: i32): void {
  const vectors = (count + 3) >> 2;
  const from: usize = (<usize>shareStart(vectors)) << 4;
  memory.copy(y + from, x + from, ((<usize>shareEnd(vectors)) << 4) - from);
}

/** Rows of `bytes`, from rows `stepX` apart to rows `stepY` apart. */
export function copyRows(x: usize, y: usize, rows: i32, bytes: i32, stepX: i32, stepY: i32): void {
  const end = shareEnd(rows);
  for (let row = shareStart(rows); row < end; row++) copyBytes(y + <usize>row * <usize>stepY, x + <usize>row * <usize>stepX, <usize>bytes);
}

/** x [n,h,w,pixel bytes] -> y [n,oh,ow,pixel]: y[oy, ox] = x[oy - top, ox - left], 0 outside. top and left may be negative. */
export function padImage(x: usize, y: usize, n: i32, h: i32, w: i32, pixel: i32, top: i32, left: i32, oh: i32, ow: i32): void {
  const lines = n * oh;
  const end = shareEnd(lines);
  const first = max(0, left);
  const last = max(first, min(ow, w + left));
  for (let line = shareStart(lines); line < end; line++) {
    const iy = line % oh - top;
    const to = y + <usize>(line * ow * pixel);
    if (iy < 0 || iy >= h) {
      zeroBytes(to, <usize>(ow * pixel));
      continue;
    }
    const from = x + <usize>(((line / oh * h + iy) * w + first - left) * pixel);
    zeroBytes(to, <usize>(first * pixel));
    copyBytes(to + <usize>(first * pixel), from, <usize>((last - first) * pixel));
    zeroBytes(to + <usize>(last * pixel), <usize>((ow - last) * pixel));
  }
}

/** Zeroes bytes (a multiple of 4). */
export function zeroBytes(to: usize, bytes: usize): void {
  const end = to + bytes;
  const zero = f32x4.splat(0);
  while (to + 16 <= end) {
    v128.store(to, zero);
    to += 16;
  }
  while (to < end) {
    store<f32>(to, 0);
    to += 4;
  }
}

/** x [rows, cols] -> y [cols, rows]. */
export function transpose(x: usize, y: usize, rows: i32, cols: i32): void {
  const end = shareEnd(cols);
  for (let c = shareStart(cols); c < end; c++) {
    let from = x + (<usize>c << 2);
    let to = y + ((<usize>c * <usize>rows) << 2);
    for (let r = 0; r < rows; r++) {
      store<f32>(to, load<f32>(from));
      from += <usize>cols << 2;
      to += 4;
    }
  }
}

/** x [rows, c] -> y [rows, c * times], every value `times` times running. */
export function repeat(x: usize, y: usize, values: i32, times: i32): void {
  const end = shareEnd(values);
  for (let i = shareStart(values); i < end; i++) {
    const value = load<f32>(x + (<usize>i << 2));
    const to = y + (<usize>(i * times) << 2);
    for (let t = 0; t < times; t++) store<f32>(to + (<usize>t << 2), value);
  }
}

/** The reverse of `repeat`: sums of `times` neighbours. */
export function sumRuns(x: usize, y: usize, values: i32, times: i32): void {
  const end = shareEnd(values);
  for (let i = shareStart(values); i < end; i++) {
    const from = x + (<usize>(i * times) << 2);
    let sum: f32 = 0;
    for (let t = 0; t < times; t++) sum += load<f32>(from + (<usize>t << 2));
    store<f32>(y + (<usize>i << 2), sum);
  }
}

/** x [n,h,w,c] -> y [n,h*sy,w*sx,c], nearest. */
export function upsampleNearest(x: usize, y: usize, n: i32, h: i32, w: i32, pixel: i32, sy: i32, sx: i32): void {
  const lines = n * h * sy;
  const end = shareEnd(lines);
  for (let line = shareStart(lines); line < end; line++) {
    let from = x + <usize>(line / sy * w * pixel);
    let to = y + <usize>(line * w * sx * pixel);
    for (let ix = 0; ix < w; ix++) {
      for (let t = 0; t < sx; t++) {
        copyBytes(to, from, <usize>pixel);
        to += <usize>pixel;
      }
      from += <usize>pixel;
    }
  }
}

/** dy [n,h*sy,w*sx,c] -> dx [n,h,w,c]. */
export function upsampleNearestGrad(dy: usize, dx: usize, n: i32, h: i32, w: i32, pixel: i32, sy: i32, sx: i32): void {
  const lines = n * h;
  const end = shareEnd(lines);
  const row: usize = <usize>(w * sx * pixel);
  for (let line = shareStart(lines); line < end; line++) {
    for (let ix = 0; ix < w; ix++) {
      const to = dx + <usize>((line * w + ix) * pixel);
      zeroBytes(to, <usize>pixel);
      for (let a = 0; a < sy; a++) {
        const from = dy + <usize>(line * sy + a) * row + <usize>(ix * sx * pixel);
        for (let b = 0; b < sx; b++) addBytes(to, from + <usize>(b * pixel), <usize>pixel);
      }
    }
  }
}

/** x [n,h,w,c] -> y [n,h*sy,w*sx,c], bilinear with half-pixel centres, held at the edges. */
export function upsampleBilinear(x: usize, y: usize, n: i32, h: i32, w: i32, c: i32, sy: i32, sx: i32): void {
  const oh = h * sy;
  const ow = w * sx;
  const lines = n * oh;
  const end = shareEnd(lines);
  for (let line = shareStart(lines); line < end; line++) {
    const fy = max<f32>(0, (<f32>(line % oh) + 0.5) / <f32>sy - 0.5);
    const y0 = min(h - 1, <i32>fy);
    const y1 = min(h - 1, y0 + 1);
    const ty = fy - <f32>y0;
    const image = x + (<usize>(line / oh * h * w * c) << 2);
    const upper = image + (<usize>(y0 * w * c) << 2);
    const lower = image + (<usize>(y1 * w * c) << 2);
    let to = y + (<usize>(line * ow * c) << 2);
    for (let ox = 0; ox < ow; ox++) {
      const fx = max<f32>(0, (<f32>ox + 0.5) / <f32>sx - 0.5);
      const x0 = min(w - 1, <i32>fx);
      const x1 = min(w - 1, x0 + 1);
      const tx = fx - <f32>x0;
      const left: usize = <usize>(x0 * c) << 2;
      const right: usize = <usize>(x1 * c) << 2;
      for (let i: usize = 0; i < (<usize>c << 2); i += 4) {
        const a = load<f32>(upper + left + i);
        const b = load<f32>(lower + left + i);
        const above = a + tx * (load<f32>(upper + right + i) - a);
        const below = b + tx * (load<f32>(lower + right + i) - b);
        store<f32>(to, above + ty * (below - above));
        to += 4;
      }
    }
  }
}

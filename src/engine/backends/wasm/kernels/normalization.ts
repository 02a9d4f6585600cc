/**
 * Sums over rows (bias gradients) and batch normalisation over the last axis. Each thread has its own channels. Sums
 * go by blocks of 128 rows, so that a mean over 50,000 rows keeps float32's accuracy; the variance is a second pass.
 */
import { storePart } from './memory';
import { madd, shareEnd, shareStart } from './simd';

const BLOCK: i32 = 128;

/** Channels [i, i + 16) of [rows, c] summed; the caller has checked that at least 13 remain. */
function sums16(x: usize, y: usize, rows: i32, pixel: usize, lanes: i32): void {
  let t0 = f32x4.splat(0), t1 = t0, t2 = t0, t3 = t0;
  for (let row = 0; row < rows; row += BLOCK) {
    let a = f32x4.splat(0), b = a, c = a, d = a;
    for (let n = min(BLOCK, rows - row); n > 0; n--) {
      a = f32x4.add(a, v128.load(x));
      b = f32x4.add(b, v128.load(x, 16));
      c = f32x4.add(c, v128.load(x, 32));
      d = f32x4.add(d, v128.load(x, 48));
      x += pixel;
    }
    t0 = f32x4.add(t0, a);
    t1 = f32x4.add(t1, b);
    t2 = f32x4.add(t2, c);
    t3 = f32x4.add(t3, d);
  }
  v128.store(y, t0);
  v128.store(y, t1, 16);
  v128.store(y, t2, 32);
  storePart(y + 48, t3, lanes - 12);
}

function sums4(x: usize, y: usize, rows: i32, pixel: usize, lanes: i32): void {
  let total = f32x4.splat(0);
  for (let row = 0; row < rows; row += BLOCK) {
    let a = f32x4.splat(0);
    for (let n = min(BLOCK, rows - row); n > 0; n--) {
      a = f32x4.add(a, v128.load(x));
      x += pixel;
    }
    total = f32x4.add(total, a);
  }
  storePart(y, total, lanes);
}

/** x [rows, c] -> y [c]. */
export function columnSums(x: usize, y: usize, rows: i32, c: i32): void {
  const pixel: usize = <usize>c << 2;
  const groups = (c + 3) >> 2;
  const last = min(c, shareEnd(groups) << 2);
  let i = shareStart(groups) << 2;
  while (i < last) {
    const at: usize = <usize>i << 2;
    if (last - i > 12) {
      sums16(x + at, y + at, rows, pixel, min(16, last - i));
      i += 16;
    } else {
      sums4(x + at, y + at, rows, pixel, last - i);
      i += 4;
    }
  }
}

/** x [rows, c], gamma, beta [c] (0: none) -> y, mean [c], variance [c]. */
export function batchNormTrain(x: usize, gamma: usize, beta: usize, y: usize, mean: usize, variance: usize, rows: i32, c: i32, epsilon: f32): void {
  const pixel: usize = <usize>c << 2;
  const groups = (c + 3) >> 2;
  const end = shareEnd(groups);
  const count = f32x4.splat(<f32>rows);
  for (let group = shareStart(groups); group < end; group++) {
    const lane: usize = <usize>group << 4;
    const lanes = c - (group << 2);
    let total = f32x4.splat(0);
    let p = x + lane;
    for (let row = 0; row < rows; row += BLOCK) {
      let a = f32x4.splat(0);
      for (let n = min(BLOCK, rows - row); n > 0; n--) {
        a = f32x4.add(a, v128.load(p));
        p += pixel;
      }
      total = f32x4.add(total, a);
    }
    const m = f32x4.div(total, count);
    total = f32x4.splat(0);
    p = x + lane;
    for (let row = 0; row < rows; row += BLOCK) {
      let a = f32x4.splat(0);
      for (let n = min(BLOCK, rows - row); n > 0; n--) {
        const d = f32x4.sub(v128.load(p), m);
        a = madd(d, d, a);
        p += pixel;
      }
      total = f32x4.add(total, a);
    }
    const v = f32x4.div(total, count);
    storePart(mean + lane, m, lanes);
    storePart(variance + lane, v, lanes);
    normalise(x + lane, y + lane, rows, pixel, lanes, gamma ? v128.load(gamma + lane) : f32x4.splat(1), beta ? v128.load(beta + lane) : f32x4.splat(0), m, v, epsilon);
  }
}

/** (x - mean) * gamma / sqrt(variance + epsilon) + beta for up to four channels. */
function normalise(x: usize, y: usize, rows: i32, pixel: usize, lanes: i32, gamma: v128, beta: v128, mean: v128, variance: v128, epsilon: f32): void {
  const factor = f32x4.div(gamma, f32x4.sqrt(f32x4.add(variance, f32x4.splat(epsilon))));
  for (let row = 0; row < rows; row++) {
    storePart(y, madd(f32x4.sub(v128.load(x), mean), factor, beta), lanes);
    x += pixel;
    y += pixel;
  }
}

/** The same with given statistics. */
export function batchNorm(x: usize, gamma: usize, beta: usize, mean: usize, variance: usize, y: usize, rows: i32, c: i32, epsilon: f32): void {
  const pixel: usize = <usize>c << 2;
  const groups = (c + 3) >> 2;
  const end = shareEnd(groups);
  for (let group = shareStart(groups); group < end; group++) {
    const lane: usize = <usize>group << 4;
    normalise(x + lane, y + lane, rows, pixel, c - (group << 2), v128.load(gamma + lane), v128.load(beta + lane), v128.load(mean + lane), v128.load(variance + lane), epsilon);
  }
}

/** x, gamma, mean, variance, dy -> dx, dGamma, dBeta, with the batch's own statistics. */
export function batchNormTrainGrad(x: usize, gamma: usize, mean: usize, variance: usize, dy: usize, dx: usize, dGamma: usize, dBeta: usize, rows: i32, c: i32, epsilon: f32): void {
  const pixel: usize = <usize>c << 2;
  const groups = (c + 3) >> 2;
  const end = shareEnd(groups);
  const count = f32x4.splat(<f32>rows);
  for (let group = shareStart(groups); group < end; group++) {
    const lane: usize = <usize>group << 4;
    const lanes = c - (group << 2);
    const m = v128.load(mean + lane);
    const inverse = f32x4.div(f32x4.splat(1), f32x4.sqrt(f32x4.add(v128.load(variance + lane), f32x4.splat(epsilon))));
    let sumG = f32x4.splat(0);
    let sumGx = sumG;
    let p = x + lane;
    let q = dy + lane;
    for (let row = 0; row < rows; row += BLOCK) {
      let a = f32x4.splat(0), b = a;
      for (let n = min(BLOCK, rows - row); n > 0; n--) {
        const g = v128.load(q);
        a = f32x4.add(a, g);
        b = madd(g, f32x4.mul(f32x4.sub(v128.load(p), m), inverse), b);
        p += pixel;
        q += pixel;
      }
      sumG = f32x4.add(sumG, a);
      sumGx = f32x4.add(sumGx, b);
    }
    storePart(dBeta + lane, sumG, lanes);
    storePart(dGamma + lane, sumGx, lanes);
    const meanG = f32x4.div(sumG, count);
    const meanGx = f32x4.div(sumGx, count);
    const factor = f32x4.mul(v128.load(gamma + lane), inverse);
    p = x + lane;
    q = dy + lane;
    let to = dx + lane;
    for (let row = 0; row < rows; row++) {
      const normal = f32x4.mul(f32x4.sub(v128.load(p), m), inverse);
      const g = f32x4.sub(f32x4.sub(v128.load(q), meanG), f32x4.mul(normal, meanGx));
      storePart(to, f32x4.mul(g, factor), lanes);
      p += pixel;
      q += pixel;
      to += pixel;
    }
  }
}

/** gamma, variance, dy -> dx with frozen statistics. */
export function batchNormGrad(gamma: usize, variance: usize, dy: usize, dx: usize, rows: i32, c: i32, epsilon: f32): void {
  const pixel: usize = <usize>c << 2;
  const groups = (c + 3) >> 2;
  const end = shareEnd(groups);
  for (let group = shareStart(groups); group < end; group++) {
    const lane: usize = <usize>group << 4;
    const factor = f32x4.div(v128.load(gamma + lane), f32x4.sqrt(f32x4.add(v128.load(variance + lane), f32x4.splat(epsilon))));
    let at = lane;
    for (let row = 0; row < rows; row++) {
      storePart(dx + at, f32x4.mul(v128.load(dy + at), factor), c - (group << 2));
      at += pixel;
    }
  }
}

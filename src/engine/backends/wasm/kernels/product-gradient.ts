/**
 * The transposed product out[k, n] = sum over pixels of x[pixel + offset(k)] * dy[pixel, n]: a convolution's kernel
 * gradient and a dense layer's. Tiles of 6 rows of k by 8 columns of n stay in registers while the pixels go by; both
 * operands are read in place, nothing is packed.
 *
 * Each thread has its own tiles, so no sum is divided. Images go by in blocks that fit the nearest cache.
 */
import { madd, shareEnd, shareStart, spill } from './simd';

/** Adds the spilled tile to, or puts it in, its place. */
function copyTile(out: usize, ldo: usize, rows: i32, cols: i32, add: bool): void {
  let from = spill;
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < cols; c++) {
      const at = out + (<usize>c << 2);
      const value = load<f32>(from + (<usize>c << 2));
      store<f32>(at, add ? load<f32>(at) + value : value);
    }
    from += 32;
    out += ldo;
  }
}

function gradient8(p0: usize, p1: usize, p2: usize, p3: usize, p4: usize, p5: usize, q: usize, images: i32, oh: i32, ow: i32, stepX: usize, turnY: usize, turnN: usize, stepQ: usize, out: usize, ldo: usize, rows: i32, cols: i32, add: bool): void {
  let a: v128;
  let l0 = f32x4.splat(0);
  let r0 = l0;
  let l1 = f32x4.splat(0);
  let r1 = l1;
  let l2 = f32x4.splat(0);
  let r2 = l2;
  let l3 = f32x4.splat(0);
  let r3 = l3;
  let l4 = f32x4.splat(0);
  let r4 = l4;
  let l5 = f32x4.splat(0);
  let r5 = l5;
  for (let image = 0; image < images; image++) {
    for (let oy = 0; oy < oh; oy++) {
      let n = ow;
      do {
        const x = v128.load(q);
        const y = v128.load(q, 16);
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
        p0 += stepX;
        p1 += stepX;
        p2 += stepX;
        p3 += stepX;
        p4 += stepX;
        p5 += stepX;
        q += stepQ;
        n--;
      } while (n > 0);
      p0 += turnY;
      p1 += turnY;
      p2 += turnY;
      p3 += turnY;
      p4 += turnY;
      p5 += turnY;
    }
    p0 += turnN;
    p1 += turnN;
    p2 += turnN;
    p3 += turnN;
    p4 += turnN;
    p5 += turnN;
  }
  if (rows == 6 && cols == 8) {
    if (add) {
      v128.store(out, f32x4.add(v128.load(out), l0));
      v128.store(out, f32x4.add(v128.load(out, 16), r0), 16);
      out += ldo;
      v128.store(out, f32x4.add(v128.load(out), l1));
      v128.store(out, f32x4.add(v128.load(out, 16), r1), 16);
      out += ldo;
      v128.store(out, f32x4.add(v128.load(out), l2));
      v128.store(out, f32x4.add(v128.load(out, 16), r2), 16);
      out += ldo;
      v128.store(out, f32x4.add(v128.load(out), l3));
      v128.store(out, f32x4.add(v128.load(out, 16), r3), 16);
      out += ldo;
      v128.store(out, f32x4.add(v128.load(out), l4));
      v128.store(out, f32x4.add(v128.load(out, 16), r4), 16);
      out += ldo;
      v128.store(out, f32x4.add(v128.load(out), l5));
      v128.store(out, f32x4.add(v128.load(out, 16), r5), 16);
    } else {
      v128.store(out, l0);
      v128.store(out, r0, 16);
      out += ldo;
      v128.store(out, l1);
      v128.store(out, r1, 16);
      out += ldo;
      v128.store(out, l2);
      v128.store(out, r2, 16);
      out += ldo;
      v128.store(out, l3);
      v128.store(out, r3, 16);
      out += ldo;
      v128.store(out, l4);
      v128.store(out, r4, 16);
      out += ldo;
      v128.store(out, l5);
      v128.store(out, r5, 16);
    }
    return;
  }
  v128.store(spill, l0, 0);
  v128.store(spill, r0, 16);
  v128.store(spill, l1, 32);
  v128.store(spill, r1, 48);
  v128.store(spill, l2, 64);
  v128.store(spill, r2, 80);
  v128.store(spill, l3, 96);
  v128.store(spill, r3, 112);
  v128.store(spill, l4, 128);
  v128.store(spill, r4, 144);
  v128.store(spill, l5, 160);
  v128.store(spill, r5, 176);
  copyTile(out, ldo, rows, cols, add);
}

function gradient4(p0: usize, p1: usize, p2: usize, p3: usize, p4: usize, p5: usize, q: usize, images: i32, oh: i32, ow: i32, stepX: usize, turnY: usize, turnN: usize, stepQ: usize, out: usize, ldo: usize, rows: i32, cols: i32, add: bool): void {
  let l0 = f32x4.splat(0);
  let l1 = f32x4.splat(0);
  let l2 = f32x4.splat(0);
  let l3 = f32x4.splat(0);
  let l4 = f32x4.splat(0);
  let l5 = f32x4.splat(0);
  for (let image = 0; image < images; image++) {
    for (let oy = 0; oy < oh; oy++) {
      let n = ow;
      do {
        const x = v128.load(q);
        l0 = madd(v128.load_splat<f32>(p0), x, l0);
        l1 = madd(v128.load_splat<f32>(p1), x, l1);
        l2 = madd(v128.load_splat<f32>(p2), x, l2);
        l3 = madd(v128.load_splat<f32>(p3), x, l3);
        l4 = madd(v128.load_splat<f32>(p4), x, l4);
        l5 = madd(v128.load_splat<f32>(p5), x, l5);
        p0 += stepX;
        p1 += stepX;
        p2 += stepX;
        p3 += stepX;
        p4 += stepX;
        p5 += stepX;
        q += stepQ;
        n--;
      } while (n > 0);
      p0 += turnY;
      p1 += turnY;
      p2 += turnY;
      p3 += turnY;
      p4 += turnY;
      p5 += turnY;
    }
    p0 += turnN;
    p1 += turnN;
    p2 += turnN;
    p3 += turnN;
    p4 += turnN;
    p5 += turnN;
  }
  v128.store(spill, l0, 0);
  v128.store(spill, l1, 32);
  v128.store(spill, l2, 64);
  v128.store(spill, l3, 96);
  v128.store(spill, l4, 128);
  v128.store(spill, l5, 160);
  copyTile(out, ldo, rows, cols, add);
}

/**
 * out[k, n] (rows ldo bytes apart). offsets: k byte offsets into an image; an image's pixels are oh rows of ow, stepX
 * bytes apart, rows stepY apart, images stepN apart; dy rows are stepQ bytes apart. `block` images are done at a time.
 * add: whether to add to what is there.
 */
export function productGradient(x: usize, dy: usize, out: usize, offsets: usize, k: i32, n: i32, images: i32, oh: i32, ow: i32, stepX: usize, stepY: usize, stepN: usize, stepQ: usize, ldo: usize, block: i32, add: i32): void {
  const turnY: usize = stepY - <usize>ow * stepX;
  const turnN: usize = stepN - <usize>oh * stepY;
  const panels = (n + 7) >> 3;
  const units = (k + 5) / 6 * panels;
  const end = shareEnd(units);
  const imageQ: usize = <usize>(oh * ow) * stepQ;
  for (let image = 0; image < images; image += block) {
    const count = min(block, images - image);
    const adding: bool = add != 0 || image > 0;
    const base = x + <usize>image * stepN;
    const q = dy + <usize>image * imageQ;
    for (let unit = shareStart(units); unit < end; unit++) {
      const row = unit / panels * 6;
      const column = unit % panels << 3;
      const rows = min(6, k - row);
      const cols = min(8, n - column);
      const at = offsets + (<usize>row << 2);
      const p0 = base + load<u32>(at);
      const p1 = rows > 1 ? base + load<u32>(at, 4) : p0;
      const p2 = rows > 2 ? base + load<u32>(at, 8) : p0;
      const p3 = rows > 3 ? base + load<u32>(at, 12) : p0;
      const p4 = rows > 4 ? base + load<u32>(at, 16) : p0;
      const p5 = rows > 5 ? base + load<u32>(at, 20) : p0;
      const shift: usize = <usize>column << 2;
      const to = out + <usize>row * ldo + shift;
      if (cols > 4) gradient8(p0, p1, p2, p3, p4, p5, q + shift, count, oh, ow, stepX, turnY, turnN, stepQ, to, ldo, rows, cols, adding);
      else gradient4(p0, p1, p2, p3, p4, p5, q + shift, count, oh, ow, stepX, turnY, turnN, stepQ, to, ldo, rows, cols, adding);
    }
  }
}

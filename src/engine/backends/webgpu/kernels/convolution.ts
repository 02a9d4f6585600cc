/** Convolutions as tiled products over windows that are read in place (implicit GEMM): forward, and both gradients. */

import { BackendError } from '#engine/backend';
import type { Fields, Kernels } from '#engine/backends/webgpu/kernel';
import type { Window } from '#engine/ops';
import { LINEAR } from '#engine/ops';
import { type Known, product } from './product';

/** Rows and columns share a 32-bit number. */
const LONGEST = 32_767;

/** Sizes of image, kernel and output as fields; channels of one group as `cg` and `og`. */
function geometry(
  image: readonly number[],
  kernel: readonly number[],
  out: readonly number[],
  window: Window,
): { readonly fields: Fields; readonly groups: number } {
  const [, h = 1, width = 1, c = 1] = image;
  const [kh = 1, kw = 1, cg = 1, o = 1] = kernel;
  const [, oh = 1, ow = 1] = out;
  if (Math.max(h, width, oh, ow) > LONGEST)
    throw new BackendError('unsupported', `images longer than ${LONGEST} pixels`);
  const groups = c / cg;
  const [sy, sx] = window.strides;
  const [dy, dx] = window.dilation;
  return {
    groups,
    fields: {
      h,
      w: width,
      c,
      cg,
      kh,
      kw,
      o,
      og: o / groups,
      oh,
      ow,
      sy,
      sx,
      dy,
      dx,
      top: window.pads[0],
      left: window.pads[2],
    },
  };
}

/** Where the window of an output pixel begins: an address, with its row and column where windows reach over the edge. */
const windowBegin = (of: 'm' | 'k', inside: boolean): Known => {
  const start = `let ox = ${of} % p.ow; let q = ${of} / p.ow; let n = q / p.oh;`;
  return inside
    ? { type: 'u32', body: `${start} return ((n * p.h + q % p.oh * p.sy) * p.w + ox * p.sx) * p.c;` }
    : {
        type: 'vec2<i32>',
        body: `${start} let y = i32(q % p.oh * p.sy) - i32(p.top); let x = i32(ox * p.sx) - i32(p.left);
  return vec2<i32>(((i32(n * p.h) + y) * i32(p.w) + x) * i32(p.c), y * 65536 + x);`,
      };
};
/** How far a tap lies from its window's beginning, in floats, with its row and column. */
const windowTap = (of: 'm' | 'k', inside: boolean): Known => {
  const start = `let q = ${of} / p.cg; let y = q / p.kw * p.dy; let x = q % p.kw * p.dx;
  let away = (y * p.w + x) * p.c + ${of} % p.cg + g * p.cg;`;
  return inside
    ? { type: 'u32', body: `${start} return away;` }
    : { type: 'vec2<i32>', body: `${start} return vec2<i32>(i32(away), i32(y * 65536u + x));` };
};

/** The value under a tap of a window. Row and column share a number: where one is negative, its half is too large. */
const PIXEL = `fn pixel(begin: vec2<i32>, tap: vec2<i32>) -> f32 {
  let at = u32(begin.y + tap.y);
  return select(0.0, A[p.x + u32(begin.x + tap.x)], (at >> 16u) < p.h && (at & 65535u) < p.w);
}`;
/** Without padding every tap is inside the image. */
const isInside = (window: Window): boolean => window.pads.every((pad) => pad === 0);

/** The output pixel whose window has an image pixel under a tap, where there is one. */
const REACHED = `fn reached(at: vec2<i32>, tap: vec2<i32>) -> f32 {
  let place = u32(at.y - tap.y);
  return select(0.0, A[p.dout + u32(at.x - tap.x)], (place >> 16u) < p.oh && (place & 65535u) < p.ow);
}`;
const REACHED_STRIDED = `fn reached(at: vec3<i32>, tap: vec3<i32>) -> f32 {
  let y = at.y - tap.y;
  let x = at.z - tap.z;
  if (y < 0 || x < 0 || y % i32(p.sy) != 0 || x % i32(p.sx) != 0) { return 0.0; }
  let row = u32(y) / p.sy;
  let column = u32(x) / p.sx;
  if (row >= p.oh || column >= p.ow) { return 0.0; }
  return A[p.dout + ((u32(at.x) + row) * p.ow + column) * p.o + u32(tap.x)];
}`;
/** An image pixel as windows see it; with strides `x` is only the image's first row of outputs. */
const imagePixel = (strided: boolean): Known => {
  const start = 'let q = m / p.w; let y = q % p.h + p.top; let x = m % p.w + p.left; let n = q / p.h * p.oh;';
  return strided
    ? { type: 'vec3<i32>', body: `${start} return vec3<i32>(i32(n), i32(y), i32(x));` }
    : { type: 'vec2<i32>', body: `${start} return vec2<i32>(i32(((n + y) * p.ow + x) * p.o), i32(y * 65536u + x));` };
};
/** A tap as the gradient sees it. With strides `x` is only the channel. */
const gradientTap = (strided: boolean): Known => {
  const start =
    'let q = k / p.og; let y = q / p.kw * p.dy; let x = q % p.kw * p.dx; let channel = k % p.og + g * p.og;';
  return strided
    ? { type: 'vec3<i32>', body: `${start} return vec3<i32>(i32(channel), i32(y), i32(x));` }
    : {
        type: 'vec2<i32>',
        body: `${start} return vec2<i32>(i32((y * p.ow + x) * p.o) - i32(channel), i32(y * 65536u + x));`,
      };
};
/** Where a tap's weights begin. */
const TAP_PLACE: Known = { type: 'u32', body: 'return k / p.og * p.cg * p.o + k % p.og + g * p.og;' };

export const convolutionKernels: Kernels<'conv2d' | 'conv2dGradInput' | 'conv2dGradKernel'> = {
  conv2d(w, { op, inputs: [x, kernel, bias], outputs: [y] }) {
    const { fields, groups } = geometry(w.shape(x), w.shape(kernel), w.shape(y), op.window);
    const inside = isInside(op.window);
    const [n = 1, oh = 1, ow = 1, o = 1] = w.shape(y);
    const [kh = 1, kw = 1, cg = 1] = w.shape(kernel);
    product(w, inside ? 'conv2d' : 'conv2d padded', {
      m: n * oh * ow,
      n: o / groups,
      k: kh * kw * cg,
      groups,
      fields: { x: w.at(x), kernel: w.at(kernel), ...fields },
      head: inside ? '' : PIXEL,
      row: windowBegin('m', inside),
      depth: windowTap('k', inside),
      a: inside ? 'A[p.x + rows[mm] + depths[kk]]' : 'pixel(rows[mm], depths[kk])',
      b: 'A[p.kernel + k * p.o + g * p.og + n]',
      aFast: 'k',
      bFast: 'n',
      y: w.at(y),
      bias: bias === undefined ? null : w.at(bias),
      act: op.act,
    });
  },
  conv2dGradInput(w, { op, inputs: [dy, kernel], outputs: [dx] }) {
    const { fields, groups } = geometry(w.shape(dx), w.shape(kernel), w.shape(dy), op.window);
    const [n = 1, h = 1, width = 1, c = 1] = w.shape(dx);
    const [kh = 1, kw = 1, , o = 1] = w.shape(kernel);
    const strided = op.window.strides.some((stride) => stride > 1);
    product(w, `conv2dGradInput${strided ? ' strided' : ''}`, {
      m: n * h * width,
      n: c / groups,
      k: kh * kw * (o / groups),
      groups,
      fields: { dout: w.at(dy), kernel: w.at(kernel), ...fields },
      head: strided ? REACHED_STRIDED : REACHED,
      row: imagePixel(strided),
      depth: gradientTap(strided),
      place: TAP_PLACE,
      a: 'reached(rows[mm], depths[kk])',
      b: 'A[p.kernel + places[kk] + n * p.o]',
      aFast: 'k',
      bFast: 'k',
      y: w.at(dx),
      bias: null,
      act: LINEAR,
    });
  },
  conv2dGradKernel(w, { op, inputs: [x, dy], outputs: [dKernel] }) {
    const { fields, groups } = geometry(w.shape(x), w.shape(dKernel), w.shape(dy), op.window);
    const [kh = 1, kw = 1, cg = 1, o = 1] = w.shape(dKernel);
    const inside = isInside(op.window);
    const [n = 1, oh = 1, ow = 1] = w.shape(dy);
    product(w, inside ? 'conv2dGradKernel' : 'conv2dGradKernel padded', {
      m: kh * kw * cg,
      n: o / groups,
      k: n * oh * ow,
      groups,
      fields: { x: w.at(x), dout: w.at(dy), ...fields },
      head: inside ? '' : PIXEL,
      row: windowTap('m', inside),
      depth: windowBegin('k', inside),
      a: inside ? 'A[p.x + rows[mm] + depths[kk]]' : 'pixel(depths[kk], rows[mm])',
      b: 'A[p.dout + k * p.o + g * p.og + n]',
      aFast: 'm',
      bFast: 'n',
      y: w.at(dKernel),
      bias: null,
      act: LINEAR,
    });
  },
};

/** Convolutions as tiled products over windows that are read in place (implicit GEMM): forward, and both gradients. */

import type { Fields, Kernels } from '#engine/backends/webgpu/kernel';
import type { Window } from '#engine/ops';
import { LINEAR } from '#engine/ops';
import { product } from './product';

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

/** Image n's first pixel, and where the window of an output pixel begins. */
const windowBegin = (of: string): string => `let ox = ${of} % p.ow; let q = ${of} / p.ow;
  return vec4<i32>(i32(q / p.oh * p.h * p.w), i32(q % p.oh * p.sy) - i32(p.top), i32(ox * p.sx) - i32(p.left), 0);`;
/** Where a tap lies in a window, its channel, and its number among the taps. */
const tap = (of: string, channels: 'cg' | 'og'): string => `let q = ${of} / p.${channels};
  return vec4<i32>(i32(q / p.kw * p.dy), i32(q % p.kw * p.dx), i32(${of} % p.${channels} + g * p.${channels}), i32(q));`;

const PIXEL = `fn pixel(begin: vec4<i32>, tap: vec4<i32>) -> f32 {
  let y = begin.y + tap.x;
  let x = begin.z + tap.y;
  if (y < 0 || x < 0 || y >= i32(p.h) || x >= i32(p.w)) { return 0.0; }
  return A[p.x + u32(begin.x + y * i32(p.w) + x) * p.c + u32(tap.z)];
}`;
/** The output pixel whose window has image pixel `at` under a tap, if there is one. */
const reached = (strided: boolean): string => `fn reached(at: vec4<i32>, tap: vec4<i32>) -> f32 {
  ${strided ? 'var' : 'let'} y = at.y - tap.x;
  ${strided ? 'var' : 'let'} x = at.z - tap.y;
  if (y < 0 || x < 0) { return 0.0; }
${strided ? '  if (y % i32(p.sy) != 0 || x % i32(p.sx) != 0) { return 0.0; }\n  y /= i32(p.sy);\n  x /= i32(p.sx);' : ''}
  if (y >= i32(p.oh) || x >= i32(p.ow)) { return 0.0; }
  return A[p.dout + u32(at.x + y * i32(p.ow) + x) * p.o + u32(tap.z)];
}`;

export const convolutionKernels: Kernels<'conv2d' | 'conv2dGradInput' | 'conv2dGradKernel'> = {
  conv2d(w, { op, inputs: [x, kernel, bias], outputs: [y] }) {
    const { fields, groups } = geometry(w.shape(x), w.shape(kernel), w.shape(y), op.window);
    const [n = 1, oh = 1, ow = 1, o = 1] = w.shape(y);
    const [kh = 1, kw = 1, cg = 1] = w.shape(kernel);
    product(w, 'conv2d', {
      m: n * oh * ow,
      n: o / groups,
      k: kh * kw * cg,
      groups,
      fields: { x: w.at(x), kernel: w.at(kernel), ...fields },
      head: PIXEL,
      rowOf: windowBegin('m'),
      depthOf: tap('k', 'cg'),
      a: 'pixel(rows[mm], depths[kk])',
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
      head: reached(strided),
      rowOf: `let ix = m % p.w; let q = m / p.w;
  return vec4<i32>(i32(q / p.h * p.oh * p.ow), i32(q % p.h + p.top), i32(ix + p.left), 0);`,
      depthOf: tap('k', 'og'),
      a: 'reached(rows[mm], depths[kk])',
      b: 'A[p.kernel + (u32(depths[kk].w) * p.cg + n) * p.o + u32(depths[kk].z)]',
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
    const [n = 1, oh = 1, ow = 1] = w.shape(dy);
    product(w, 'conv2dGradKernel', {
      m: kh * kw * cg,
      n: o / groups,
      k: n * oh * ow,
      groups,
      fields: { x: w.at(x), dout: w.at(dy), ...fields },
      head: PIXEL,
      rowOf: tap('m', 'cg'),
      depthOf: windowBegin('k'),
      a: 'pixel(depths[kk], rows[mm])',
      b: 'A[p.dout + k * p.o + g * p.og + n]',
      aFast: 'm',
      bFast: 'n',
      y: w.at(dKernel),
      bias: null,
      act: LINEAR,
    });
  },
};

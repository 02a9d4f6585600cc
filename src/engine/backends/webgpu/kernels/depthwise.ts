/** Depthwise convolutions: a thread for each output value, and column sums for the kernel's gradient. */

import { sizeOf } from '#core/model/tensor';
import type { Fields, Kernels } from '#engine/backends/webgpu/kernel';
import type { Window } from '#engine/ops';
import { actText } from './functions';
import { columnSums } from './reduce';

function geometry(image: readonly number[], kernel: readonly number[], out: readonly number[], window: Window): Fields {
  const [, h = 1, width = 1, c = 1] = image;
  const [kh = 1, kw = 1, , mult = 1] = kernel;
  const [, oh = 1, ow = 1] = out;
  const [sy, sx] = window.strides;
  const [dy, dx] = window.dilation;
  return { h, w: width, c, kh, kw, mult, oh, ow, sy, sx, dy, dx, top: window.pads[0], left: window.pads[2] };
}

export const depthwiseKernels: Kernels<'depthwiseConv2d' | 'depthwiseConv2dGradInput' | 'depthwiseConv2dGradKernel'> = {
  depthwiseConv2d(w, { op, inputs: [x, kernel, bias], outputs: [y] }) {
    const fields = geometry(w.shape(x), w.shape(kernel), w.shape(y), op.window);
    const start = bias === undefined ? '0.0' : 'A[p.bias + o]';
    const body = `  let o = i % (p.c * p.mult);
  let channel = o / p.mult;
  let q = i / (p.c * p.mult);
  let y0 = i32(q / p.ow % p.oh * p.sy) - i32(p.top);
  let x0 = i32(q % p.ow * p.sx) - i32(p.left);
  let image = q / p.ow / p.oh * p.h;
  var sum = ${start};
  for (var ky = 0u; ky < p.kh; ky++) {
    let row = y0 + i32(ky * p.dy);
    if (row < 0 || row >= i32(p.h)) { continue; }
    for (var kx = 0u; kx < p.kw; kx++) {
      let column = x0 + i32(kx * p.dx);
      if (column < 0 || column >= i32(p.w)) { continue; }
      sum += A[p.x + ((image + u32(row)) * p.w + u32(column)) * p.c + channel] * A[p.kernel + (ky * p.kw + kx) * p.c * p.mult + o];
    }
  }
  A[p.y + i] = act(sum);`;
    const at = { x: w.at(x), kernel: w.at(kernel), bias: bias === undefined ? 0 : w.at(bias), y: w.at(y) };
    w.map('depthwise', sizeOf(w.shape(y)), { ...at, ...fields }, body, actText(op.act));
  },
  depthwiseConv2dGradInput(w, { op, inputs: [dy, kernel], outputs: [dx] }) {
    const fields = geometry(w.shape(dx), w.shape(kernel), w.shape(dy), op.window);
    const body = `  let channel = i % p.c;
  let q = i / p.c;
  let y0 = i32(q / p.w % p.h + p.top);
  let x0 = i32(q % p.w + p.left);
  let image = q / p.w / p.h * p.oh;
  let wide = p.c * p.mult;
  var sum = 0.0;
  for (var ky = 0u; ky < p.kh; ky++) {
    let row = y0 - i32(ky * p.dy);
    if (row < 0 || row % i32(p.sy) != 0 || row / i32(p.sy) >= i32(p.oh)) { continue; }
    for (var kx = 0u; kx < p.kw; kx++) {
      let column = x0 - i32(kx * p.dx);
      if (column < 0 || column % i32(p.sx) != 0 || column / i32(p.sx) >= i32(p.ow)) { continue; }
      let at = p.dout + ((image + u32(row) / p.sy) * p.ow + u32(column) / p.sx) * wide + channel * p.mult;
      let tap = p.kernel + (ky * p.kw + kx) * wide + channel * p.mult;
      for (var j = 0u; j < p.mult; j++) { sum += A[at + j] * A[tap + j]; }
    }
  }
  A[p.y + i] = sum;`;
    const at = { dout: w.at(dy), kernel: w.at(kernel), y: w.at(dx) };
    w.map('depthwiseGradInput', sizeOf(w.shape(dx)), { ...at, ...fields }, body);
  },
  depthwiseConv2dGradKernel(w, { op, inputs: [x, dy], outputs: [dKernel] }) {
    const [kh = 1, kw = 1, c = 1, mult = 1] = w.shape(dKernel);
    const columns = c * mult;
    columnSums(w, 'depthwiseGradKernel', {
      rows: sizeOf(w.shape(dy)) / columns,
      columns,
      layers: kh * kw,
      outputs: [w.at(dKernel)],
      fields: { x: w.at(x), dout: w.at(dy), ...geometry(w.shape(x), w.shape(dKernel), w.shape(dy), op.window) },
      term: `let y = i32(row / p.ow % p.oh * p.sy + layer / p.kw * p.dy) - i32(p.top);
  let x = i32(row % p.ow * p.sx + layer % p.kw * p.dx) - i32(p.left);
  if (y < 0 || x < 0 || y >= i32(p.h) || x >= i32(p.w)) { return 0.0; }
  let image = row / p.ow / p.oh * p.h;
  return A[p.x + ((image + u32(y)) * p.w + u32(x)) * p.c + column / p.mult] * A[p.dout + row * p.columns + column];`,
    });
  },
};

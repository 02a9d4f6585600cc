/** Pools with their gradients, each a thread for a value: gradients gather from the windows that hold a pixel. */

import type { Pair } from '#core/model/layers';
import { sizeOf } from '#core/model/tensor';
import type { Fields, Kernels } from '#engine/backends/webgpu/kernel';
import type { Window } from '#engine/ops';

function geometry(image: readonly number[], out: readonly number[], size: Pair, window: Window): Fields {
  const [, h = 1, width = 1, c = 1] = image;
  // A pool of the whole image may have its two image axes left out.
  const [oh, ow] = out.length === 4 ? [out[1] ?? 1, out[2] ?? 1] : [1, 1];
  const [kh, kw] = size;
  const [sy, sx] = window.strides;
  return { h, w: width, c, oh, ow, kh, kw, sy, sx, top: window.pads[0], left: window.pads[2] };
}

/** Where the window of output pixel (oy, ox) begins and ends, cut at the image's edges. */
const SPAN = `struct Span { y0: i32, y1: i32, x0: i32, x1: i32 }
fn spanOf(oy: i32, ox: i32) -> Span {
  let y = oy * i32(p.sy) - i32(p.top);
  let x = ox * i32(p.sx) - i32(p.left);
  return Span(max(y, 0), min(y + i32(p.kh), i32(p.h)), max(x, 0), min(x + i32(p.kw), i32(p.w)));
}`;
const OUTPUT = `  let channel = i % p.c;
  let q = i / p.c;
  let span = spanOf(i32(q / p.ow % p.oh), i32(q % p.ow));
  let image = p.x + q / p.ow / p.oh * p.h * p.w * p.c + channel;`;
/** Walks the windows that hold input pixel (iy, ix). */
const overWindows = (body: string): string => `  let channel = i % p.c;
  let q = i / p.c;
  let iy = i32(q / p.w % p.h);
  let ix = i32(q % p.w);
  let n = q / p.w / p.h;
  let sy = i32(p.sy);
  let sx = i32(p.sx);
  let y = iy + i32(p.top);
  let x = ix + i32(p.left);
  var sum = 0.0;
  for (var oy = max(0, (y - i32(p.kh) + sy) / sy); oy <= min(y / sy, i32(p.oh) - 1); oy++) {
    for (var ox = max(0, (x - i32(p.kw) + sx) / sx); ox <= min(x / sx, i32(p.ow) - 1); ox++) {
      let at = ((n * p.oh + u32(oy)) * p.ow + u32(ox)) * p.c + channel;
      let span = spanOf(oy, ox);
${body}
    }
  }
  A[p.dx + i] = sum;`;

export const poolingKernels: Kernels<'maxPool2d' | 'maxPool2dGrad' | 'averagePool2d' | 'averagePool2dGrad'> = {
  maxPool2d(w, { op, inputs: [x], outputs: [y] }) {
    const fields = { x: w.at(x), y: w.at(y), ...geometry(w.shape(x), w.shape(y), op.size, op.window) };
    const body = `${OUTPUT}
  var best = A[image + u32(span.y0 * i32(p.w) + span.x0) * p.c];
  for (var r = span.y0; r < span.y1; r++) {
    for (var s = span.x0; s < span.x1; s++) {
      let value = A[image + u32(r * i32(p.w) + s) * p.c];
      best = select(value, best, best >= value);
    }
  }
  A[p.y + i] = best;`;
    w.map('maxPool', sizeOf(w.shape(y)), fields, body, SPAN);
  },
  maxPool2dGrad(w, { op, inputs: [x, y, dy], outputs: [dx] }) {
    const at = { x: w.at(x), y: w.at(y), dout: w.at(dy), dx: w.at(dx) };
    const fields = { ...at, ...geometry(w.shape(x), w.shape(y), op.size, op.window) };
    // This pixel takes the gradient where it is the maximum and none before it in the window is.
    const body = overWindows(`      let top = A[p.y + at];
      if (own != top) { continue; }
      var first = true;
      for (var r = span.y0; r <= iy && first; r++) {
        let stop = select(span.x1, ix, r == iy);
        for (var s = span.x0; s < stop; s++) {
          if (A[image + u32(r * i32(p.w) + s) * p.c] == top) { first = false; break; }
        }
      }
      if (first) { sum += A[p.dout + at]; }`).replace(
      '  var sum = 0.0;',
      '  var sum = 0.0;\n  let own = A[p.x + i];\n  let image = p.x + n * p.h * p.w * p.c + channel;',
    );
    w.map('maxPoolGrad', sizeOf(w.shape(dx)), fields, body, SPAN);
  },
  averagePool2d(w, { op, inputs: [x], outputs: [y] }) {
    const fields = { x: w.at(x), y: w.at(y), ...geometry(w.shape(x), w.shape(y), op.size, op.window) };
    const body = `${OUTPUT}
  var sum = 0.0;
  for (var r = span.y0; r < span.y1; r++) {
    for (var s = span.x0; s < span.x1; s++) { sum += A[image + u32(r * i32(p.w) + s) * p.c]; }
  }
  A[p.y + i] = sum / f32((span.y1 - span.y0) * (span.x1 - span.x0));`;
    w.map('averagePool', sizeOf(w.shape(y)), fields, body, SPAN);
  },
  averagePool2dGrad(w, { op, inputs: [dy], outputs: [dx] }) {
    const fields = { dout: w.at(dy), dx: w.at(dx), ...geometry(w.shape(dx), w.shape(dy), op.size, op.window) };
    const body = overWindows('      sum += A[p.dout + at] / f32((span.y1 - span.y0) * (span.x1 - span.x0));');
    w.map('averagePoolGrad', sizeOf(w.shape(dx)), fields, body, SPAN);
  },
};

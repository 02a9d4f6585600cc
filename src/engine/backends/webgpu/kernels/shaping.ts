/** Operations that move values about: joining, slicing, padding, enlarging, other shapes. A thread for each value written. */
import { sizeOf } from '#core/model/tensor';
import { type Fields, int, type Kernels, lastOf } from '#engine/backends/webgpu/kernel';

/** Sizes of the image read and the one written. */
function geometry(image: readonly number[], out: readonly number[]): Fields {
  const [, h = 1, width = 1, c = 1] = image;
  const [, oh = 1, ow = 1] = out;
  return { h, w: width, c, oh, ow };
}
/** Channel, column, row and image of the value written. */
const PLACE = `  let channel = i % p.c;
  let q = i / p.c;
  let ox = q % p.ow;
  let oy = q / p.ow % p.oh;
  let image = q / p.ow / p.oh * p.h;`;

export const shapingKernels: Kernels<'concat' | 'sliceLast' | 'pad2d' | 'upsample2d' | 'upsample2dGrad' | 'reshape'> = {
  concat(w, { inputs, outputs: [y] }) {
    const wide = lastOf(w.shape(y));
    let begin = 0;
    for (const x of inputs) {
      const own = lastOf(w.shape(x));
      const fields = { x: w.at(x), y: w.at(y) + begin, own, wide };
      w.map('concat', sizeOf(w.shape(x)), fields, '  A[p.y + i / p.own * p.wide + i % p.own] = A[p.x + i];');
      begin += own;
    }
  },
  sliceLast(w, { op, inputs: [x], outputs: [y] }) {
    const fields = { x: w.at(x) + op.begin, y: w.at(y), own: op.size, wide: lastOf(w.shape(x)) };
    w.map('slice', sizeOf(w.shape(y)), fields, '  A[p.y + i] = A[p.x + i / p.own * p.wide + i % p.own];');
  },
  pad2d(w, { op, inputs: [x], outputs: [y] }) {
    const at = { x: w.at(x), y: w.at(y), top: int(op.pads[0]), left: int(op.pads[2]) };
    const body = `${PLACE}
  let row = i32(oy) - p.top;
  let column = i32(ox) - p.left;
  var value = 0.0;
  if (row >= 0 && column >= 0 && row < i32(p.h) && column < i32(p.w)) {
    value = A[p.x + ((image + u32(row)) * p.w + u32(column)) * p.c + channel];
  }
  A[p.y + i] = value;`;
    w.map('pad', sizeOf(w.shape(y)), { ...at, ...geometry(w.shape(x), w.shape(y)) }, body);
  },
  upsample2d(w, { op, inputs: [x], outputs: [y] }) {
    const [fy, fx] = op.size;
    const fields = { x: w.at(x), y: w.at(y), fy, fx, ...geometry(w.shape(x), w.shape(y)) };
    const nearest = `  A[p.y + i] = A[p.x + ((image + oy / p.fy) * p.w + ox / p.fx) * p.c + channel];`;
    const bilinear = `  let sy = clamp((f32(oy) + 0.5) / f32(p.fy) - 0.5, 0.0, f32(p.h - 1u));
  let sx = clamp((f32(ox) + 0.5) / f32(p.fx) - 0.5, 0.0, f32(p.w - 1u));
  let y0 = u32(sy);
  let x0 = u32(sx);
  let y1 = min(y0 + 1u, p.h - 1u);
  let x1 = min(x0 + 1u, p.w - 1u);
  let above = mix(pick(image + y0, x0, channel), pick(image + y0, x1, channel), sx - f32(x0));
  let below = mix(pick(image + y1, x0, channel), pick(image + y1, x1, channel), sx - f32(x0));
  A[p.y + i] = mix(above, below, sy - f32(y0));`;
    const head =
      'fn pick(row: u32, column: u32, channel: u32) -> f32 { return A[p.x + (row * p.w + column) * p.c + channel]; }';
    const smooth = op.interpolation === 'bilinear';
    w.map(
      `upsample ${op.interpolation}`,
      sizeOf(w.shape(y)),
      fields,
      `${PLACE}\n${smooth ? bilinear : nearest}`,
      smooth ? head : undefined,
    );
  },
  upsample2dGrad(w, { op, inputs: [dy], outputs: [dx] }) {
    const [fy, fx] = op.size;
    // Here the image read is the large one.
    const fields = { x: w.at(dy), y: w.at(dx), fy, fx, ...geometry(w.shape(dy), w.shape(dx)) };
    const body = `${PLACE}
  var sum = 0.0;
  for (var r = 0u; r < p.fy; r++) {
    for (var s = 0u; s < p.fx; s++) {
      sum += A[p.x + ((image + oy * p.fy + r) * p.w + ox * p.fx + s) * p.c + channel];
    }
  }
  A[p.y + i] = sum;`;
    w.map('upsampleGrad', sizeOf(w.shape(dx)), fields, body);
  },
  reshape(w, { inputs: [x], outputs: [y] }) {
    const count = sizeOf(w.shape(x));
    if (count !== sizeOf(w.shape(y))) throw new RangeError(`[${w.shape(x)}] cannot be reshaped to [${w.shape(y)}]`);
    if (w.at(x) !== w.at(y)) w.map('copy', count, { x: w.at(x), y: w.at(y) }, '  A[p.y + i] = A[p.x + i];');
  },
};

/**
 * Batches put together on the graphics card: images gathered from the data set that lies there as bytes, moved or noise;
 * labels and answers by row; dropout masks. The random bits are those of `#engine/noise`, made by the same integers.
 */
import { sizeOf } from '#core/model/tensor';
import { float, type Kernels, lastOf } from '#engine/backends/webgpu/kernel';
import { dropThreshold, STREAM } from '#engine/noise';
import type { BatchOpKind } from '#engine/ops';

const BITS = `fn mixed(word: u32) -> u32 {
  var x = word;
  x = (x ^ (x >> 16u)) * 0x7feb352du;
  x = (x ^ (x >> 15u)) * 0x846ca68bu;
  return x ^ (x >> 16u);
}
fn half(i: u32) -> u32 { return u32(A[p.key + i]); }
fn bits(stream: u32, i: u32) -> u32 {
  let first = (half(0u) << 16u) | half(1u);
  let second = (half(2u) << 16u) | half(3u);
  return mixed(mixed(i + first) ^ (second + stream * 0x9e3779b9u));
}`;

export const batchKernels: Kernels<BatchOpKind> = {
  gatherImages(w, { op, inputs: [rows, key], outputs: [y] }) {
    const shape = w.shape(y);
    const [, h = 1, width = 1] = shape;
    const c = lastOf(shape);
    const at = { rows: w.at(rows), key: w.at(key), y: w.at(y) };
    const body = `  let size = p.h * p.w * p.c;
  let image = i / size;
  let row = A[p.rows + image];
  if (row < 0.0) {
    A[p.y + i] = f32(bits(${STREAM.pixels}u, i) >> 8u) / 16777216.0;
    return;
  }
  let channel = i % p.c;
  var x = i32(i / p.c % p.w);
  var y = i32(i / p.c / p.w % p.h);
  if (p.shift > 0u) {
    let moved = bits(${STREAM.shift}u, image);
    let steps = 2u * p.shift + 1u;
    y -= i32(((moved >> 16u) * steps) >> 16u) - i32(p.shift);
    x -= i32(((moved & 0xffffu) * steps) >> 16u) - i32(p.shift);
  }
  var value = 0.0;
  if (x >= 0 && y >= 0 && x < i32(p.w) && y < i32(p.h)) {
    let place = u32(row) * size + (u32(y) * p.w + u32(x)) * p.c + channel;
    value = f32((T[place / 4u] >> (place % 4u * 8u)) & 0xffu) * p.scale;
  }
  A[p.y + i] = value;`;
    const fields = { ...at, h, w: width, c, scale: float(op.scale), shift: op.shift };
    const table = '@group(0) @binding(2) var<storage, read> T: array<u32>;';
    w.map('gatherImages', sizeOf(shape), fields, body, `${table}\n${BITS}`);
  },
  gatherRows(w, { op, inputs: [table, rows], outputs: [y] }) {
    const n = sizeOf(w.shape(rows));
    const fields = { x: w.at(table), rows: w.at(rows), y: w.at(y), outside: float(op.outside) };
    const body = `  let row = A[p.rows + i / p.k];
  if (row < 0.0) { A[p.y + i] = p.outside; } else { A[p.y + i] = A[p.x + u32(row) * p.k + i % p.k]; }`;
    w.map('gatherRows', sizeOf(w.shape(y)), { ...fields, k: sizeOf(w.shape(y)) / n }, body);
  },
  keepMask(w, { op, inputs: [key], outputs: [y] }) {
    const fields = {
      key: w.at(key),
      y: w.at(y),
      stream: STREAM.dropout + op.number,
      threshold: dropThreshold(op.rate),
      kept: float(1 / (1 - op.rate)),
    };
    const body = '  A[p.y + i] = select(p.kept, 0.0, bits(p.stream, i) < p.threshold);';
    w.map('keepMask', sizeOf(w.shape(y)), fields, body, BITS);
  },
};

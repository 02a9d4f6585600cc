/** What masks, grids and codebooks need in training: rounding with its straight-through gradient, lookups, penalties. */
import { sizeOf } from '#core/model/tensor';
import { type Fields, float, type Kernels } from '#engine/backends/webgpu/kernel';
import { sumParts } from './reduce';

/** A grid's limits, and how a place gives its channel: i / inner % channels. */
function gridFields(
  op: { readonly qMin: number; readonly qMax: number; readonly axis: number | null },
  shape: readonly number[],
  scales: number,
): Fields {
  const single = op.axis === null || scales === 1;
  const inner = single ? 1 : sizeOf(shape.slice((op.axis ?? 0) + 1));
  return { channels: single ? 1 : (shape[op.axis ?? 0] ?? 1), inner, low: float(op.qMin), high: float(op.qMax) };
}
/** The code of A[w + i] before clamping. The quotient is corrected once: a shader's division may be off, and halves matter. */
const CODE = `fn steps(value: f32, s: f32) -> f32 {
  let q = value / s;
  return q + fma(-q, s, value) / s;
}
fn code(value: f32, s: f32, z: f32) -> f32 { return round(steps(value, s)) + z; }`;
const GRID = `  let c = i / p.inner % p.channels;
  let s = A[p.scale + c];
  let z = A[p.zero + c];
  let q = code(A[p.x + i], s, z);`;

/** Members that one group adds up by centroid, at least; how many it holds at a time. */
const MEMBERS = 1024;
const HELD = 64;
const MOST_PARTS = 256;

export const encodingKernels: Kernels<
  'fakeQuantize' | 'fakeQuantizeGrad' | 'fakeQuantizeScaleGrad' | 'lookup' | 'lookupGrad' | 'penaltyGrad'
> = {
  fakeQuantize(w, { op, inputs: [x, scale, zero], outputs: [y] }) {
    const at = { x: w.at(x), scale: w.at(scale), zero: w.at(zero), y: w.at(y) };
    const fields = { ...at, ...gridFields(op, w.shape(x), sizeOf(w.shape(scale))) };
    w.map(
      'fakeQuantize',
      sizeOf(w.shape(x)),
      fields,
      `${GRID}\n  A[p.y + i] = s * (clamp(q, p.low, p.high) - z);`,
      CODE,
    );
  },
  fakeQuantizeGrad(w, { op, inputs: [x, scale, zero, dy], outputs: [dx] }) {
    const at = { x: w.at(x), scale: w.at(scale), zero: w.at(zero), dy: w.at(dy), dx: w.at(dx) };
    const fields = { ...at, ...gridFields(op, w.shape(x), sizeOf(w.shape(scale))) };
    const body = `${GRID}\n  A[p.dx + i] = select(0.0, A[p.dy + i], q >= p.low && q <= p.high);`;
    w.map('fakeQuantizeGrad', sizeOf(w.shape(x)), fields, body, CODE);
  },
  fakeQuantizeScaleGrad(w, { op, inputs: [x, scale, zero, dy], outputs: [y] }) {
    const at = { x: w.at(x), scale: w.at(scale), zero: w.at(zero), dy: w.at(dy), y: w.at(y) };
    const fields = { ...at, ...gridFields(op, w.shape(x), sizeOf(w.shape(scale))) };
    const body = `  let c = i / p.inner % p.channels;
  let z = A[p.zero + c];
  let u = steps(A[p.x + i], A[p.scale + c]);
  let slope = select(select(round(u) - u, p.low - z, u + z <= p.low), p.high - z, u + z >= p.high);
  A[p.y + i] = A[p.dy + i] * slope;`;
    w.map('fakeQuantizeScaleGrad', sizeOf(w.shape(x)), fields, body, CODE);
  },
  lookup(w, { inputs: [centroids, indices], outputs: [y] }) {
    const fields = { x: w.at(centroids), codes: w.at(indices), y: w.at(y), k: sizeOf(w.shape(centroids)) };
    const body = `  let code = i32(A[p.codes + i]);
  var value = 0.0;
  if (code >= 0 && code < i32(p.k)) { value = A[p.x + u32(code)]; }
  A[p.y + i] = value;`;
    w.map('lookup', sizeOf(w.shape(indices)), fields, body);
  },
  lookupGrad(w, { inputs: [indices, dy], outputs: [out] }) {
    const n = sizeOf(w.shape(indices));
    const k = sizeOf(w.shape(out));
    const wanted = Math.min(MOST_PARTS, Math.ceil(n / MEMBERS));
    const chunk = Math.ceil(Math.ceil(n / wanted) / HELD) * HELD;
    const parts = Math.ceil(n / chunk);
    const y = parts > 1 ? w.scratch(parts * k) : w.at(out);
    const fields = { codes: w.at(indices), dy: w.at(dy), y, n, k, chunk };
    // Each thread has a centroid and walks all members of the stretch, which the group reads together.
    w.groups('lookupGrad', parts, Math.ceil(k / HELD), fields, {
      threads: HELD,
      head: `var<workgroup> codes: array<f32, ${HELD}>;\nvar<workgroup> values: array<f32, ${HELD}>;`,
      body: `  let centroid = wid.z * ${HELD}u + t;
  let end = min(p.n, (group + 1u) * p.chunk);
  var sum = 0.0;
  for (var begin = group * p.chunk; begin < end; begin += ${HELD}u) {
    let own = min(begin + t, p.n - 1u);
    workgroupBarrier();
    codes[t] = select(-1.0, A[p.codes + own], begin + t < end);
    values[t] = A[p.dy + own];
    workgroupBarrier();
    for (var j = 0u; j < ${HELD}u; j++) { sum += select(0.0, values[j], codes[j] == f32(centroid)); }
  }
  if (centroid < p.k) { A[p.y + group * p.k + centroid] = sum; }`,
    });
    if (parts > 1) sumParts(w, 'lookupGrad parts', y, parts, k, [w.at(out)]);
  },
  penaltyGrad(w, { op, inputs: [x, dw], outputs: [out] }) {
    const fields = { x: w.at(x), dw: w.at(dw), y: w.at(out), l1: float(op.l1), l2: float(2 * op.l2) };
    const body = '  let v = A[p.x + i];\n  A[p.y + i] = A[p.dw + i] + p.l1 * sign(v) + p.l2 * v;';
    w.map('penaltyGrad', sizeOf(w.shape(x)), fields, body);
  },
};

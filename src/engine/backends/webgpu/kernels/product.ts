/**
 * The tiled matrix product behind dense layers and convolutions: C[m, n] = sum over k of A(m, k) B(k, n). How A and B
 * are read is given as text, so that a convolution multiplies windows that are never written out. Where there are few
 * tiles and many terms, k is split over groups and the parts are added in their order: the same input, the same bytes.
 */

import type { Fields, Kernels, Writer } from '#engine/backends/webgpu/kernel';
import type { ElementFn } from '#engine/ops';
import { LINEAR } from '#engine/ops';
import { actText } from './functions';
import { sumParts } from './reduce';

/** Terms that a tile takes in at a time. */
const DEPTH = 16;
/** Groups that keep a graphics card busy. */
const BUSY = 256;
const LEAST_TERMS = 256;
const MOST_SPLITS = 64;

export interface Product {
  readonly m: number;
  /** Of one group of channels. */
  readonly n: number;
  readonly k: number;
  /** Groups of channels (1 for a plain product), in `g`. */
  readonly groups?: number;
  readonly fields: Fields;
  /** Functions used below. */
  readonly head?: string;
  /** Body of `fn rowOf(m) -> vec4<i32>`: what is to be known of a row; `rows[mm]` holds it. */
  readonly rowOf?: string;
  /** The same for a term: `fn depthOf(k)`, `depths[kk]`. */
  readonly depthOf?: string;
  /** Expressions of m, k (numbers), mm, kk (places in the tile); read only where `m < p.m && k < last`. */
  readonly a: string;
  /** Expressions of n, k, nn, kk. */
  readonly b: string;
  /** Which of its two sides lies next to itself in memory. */
  readonly aFast: 'm' | 'k';
  readonly bFast: 'n' | 'k';
  readonly y: number;
  /** Address of a bias [groups * n], or null. */
  readonly bias: number | null;
  readonly act: ElementFn;
}

/** Side of a tile: large ones where that leaves enough of them and wastes little. */
function tileSide({ m, n }: Product, layers: number): 32 | 64 {
  const count = (side: number): number => Math.ceil(m / side) * Math.ceil(n / side);
  return count(64) * layers >= BUSY && 4 * count(64) <= 1.4 * count(32) ? 64 : 32;
}

/** Into how many stretches the terms are cut. */
export function splitsOf(tiles: number, k: number): number {
  if (k < 2 * LEAST_TERMS || tiles >= BUSY / 2) return 1;
  return Math.min(MOST_SPLITS, Math.floor(k / LEAST_TERMS), Math.ceil(BUSY / tiles));
}

/** Appends the product: one dispatch, or two where the terms are split. */
export function product(w: Writer, label: string, spec: Product): void {
  const { m, n, k, groups = 1, fields, bias, act } = spec;
  const side = tileSide(spec, groups);
  const tilesN = Math.ceil(n / side);
  const tiles = Math.ceil(m / side) * tilesN;
  const plain = bias === null && act.fn === 'linear';
  const wanted = plain ? splitsOf(tiles * groups, k) : 1;
  const chunk = Math.ceil(Math.ceil(k / wanted) / DEPTH) * DEPTH;
  const splits = Math.max(1, Math.ceil(k / chunk));
  const each = m * n * groups;
  const part = splits > 1 ? each : 0;
  const y = splits > 1 ? w.scratch(splits * each) : spec.y;
  const numbers = { m, n, k, tiles, tilesN, chunk, splits, part, y, width: n * groups, bias: bias ?? 0 };
  w.groups(
    label,
    tiles,
    groups * splits,
    { ...numbers, ...fields },
    {
      threads: (side * side) / 16,
      head: headText(spec, side),
      body: bodyText(spec, side),
    },
  );
  if (splits > 1) sumParts(w, `${label} parts`, y, splits, each, [spec.y]);
}

function headText({ head = '', rowOf, depthOf, a, b, act }: Product, side: number): string {
  return `const SIDE = ${side}u;
const DEPTH = ${DEPTH}u;
const LINE = ${side + 1}u;
const THREADS = ${(side * side) / 16}u;
var<workgroup> left: array<f32, ${DEPTH * (side + 1)}>;
var<workgroup> right: array<f32, ${DEPTH * (side + 1)}>;
${rowOf ? `var<workgroup> rows: array<vec4<i32>, ${side}>;` : ''}
${depthOf ? `var<workgroup> depths: array<vec4<i32>, ${DEPTH}>;` : ''}
var<private> g: u32;
${head}
${rowOf ? `fn rowOf(m: u32) -> vec4<i32> { ${rowOf} }` : ''}
${depthOf ? `fn depthOf(k: u32) -> vec4<i32> { ${depthOf} }` : ''}
fn readA(m: u32, k: u32, mm: u32, kk: u32) -> f32 { return ${a}; }
fn readB(n: u32, k: u32, nn: u32, kk: u32) -> f32 { return ${b}; }
${actText(act)}
fn store(at: u32, m: u32, n: u32, value: f32, bias: f32) {
  if (m < p.m && n < p.n) { A[at + m * p.width + n] = act(value + bias); }
}`;
}

function bodyText({ rowOf, depthOf, aFast, bFast, bias }: Product, side: number): string {
  const place = (other: string, fast: boolean): string =>
    fast ? `let kk = e % DEPTH; let ${other} = e / DEPTH;` : `let ${other} = e % SIDE; let kk = e / SIDE;`;
  const lanes = ['x', 'y', 'z', 'w'];
  return `  if (group >= p.tiles) { return; }
  g = wid.z / p.splits;
  let split = wid.z % p.splits;
  let m0 = (group / p.tilesN) * SIDE;
  let n0 = (group % p.tilesN) * SIDE;
  let last = min(p.k, (split + 1u) * p.chunk);
  let tm = (t / ${side / 4}u) * 4u;
  let tn = (t % ${side / 4}u) * 4u;
  var c0 = vec4<f32>();
  var c1 = vec4<f32>();
  var c2 = vec4<f32>();
  var c3 = vec4<f32>();
  ${rowOf ? 'if (t < SIDE) { rows[t] = rowOf(min(m0 + t, p.m - 1u)); }' : ''}
  for (var k0 = split * p.chunk; k0 < last; k0 += DEPTH) {
    ${depthOf ? 'if (t < DEPTH) { depths[t] = depthOf(min(k0 + t, p.k - 1u)); }' : ''}
    workgroupBarrier();
    for (var e = t; e < SIDE * DEPTH; e += THREADS) {
      ${place('mm', aFast === 'k')}
      let m = m0 + mm;
      let k = k0 + kk;
      var value = 0.0;
      if (m < p.m && k < last) { value = readA(m, k, mm, kk); }
      left[kk * LINE + mm] = value;
    }
    for (var e = t; e < SIDE * DEPTH; e += THREADS) {
      ${place('nn', bFast === 'k')}
      let n = n0 + nn;
      let k = k0 + kk;
      var value = 0.0;
      if (n < p.n && k < last) { value = readB(n, k, nn, kk); }
      right[kk * LINE + nn] = value;
    }
    workgroupBarrier();
    for (var kk = 0u; kk < DEPTH; kk++) {
      let at = kk * LINE + tm;
      let bt = kk * LINE + tn;
      let b = vec4<f32>(right[bt], right[bt + 1u], right[bt + 2u], right[bt + 3u]);
      c0 += left[at] * b;
      c1 += left[at + 1u] * b;
      c2 += left[at + 2u] * b;
      c3 += left[at + 3u] * b;
    }
  }
  let to = p.y + split * p.part + g * p.n;
${lanes
  .map((lane, j) => {
    const n = `n0 + tn + ${j}u`;
    const add = bias === null ? '0.0' : `b${j}`;
    const load = bias === null ? '' : `  let b${j} = A[p.bias + g * p.n + min(${n}, p.n - 1u)];\n`;
    return load + [0, 1, 2, 3].map((i) => `  store(to, m0 + tm + ${i}u, ${n}, c${i}.${lane}, ${add});`).join('\n');
  })
  .join('\n')}`;
}

export const productKernels: Kernels<'matmul'> = {
  matmul(w, { op, inputs: [a, b, bias], outputs: [y] }) {
    const { transposeA, transposeB, act } = op;
    const [m = 1, n = 1] = w.shape(y);
    const k = w.shape(a)[transposeA ? 0 : 1] ?? 1;
    product(w, `matmul${transposeA ? ' aT' : ''}${transposeB ? ' bT' : ''}`, {
      m,
      n,
      k,
      fields: { a: w.at(a), b: w.at(b) },
      a: transposeA ? 'A[p.a + k * p.m + m]' : 'A[p.a + m * p.k + k]',
      b: transposeB ? 'A[p.b + n * p.k + k]' : 'A[p.b + k * p.n + n]',
      aFast: transposeA ? 'm' : 'k',
      bFast: transposeB ? 'k' : 'n',
      y: w.at(y),
      bias: bias === undefined ? null : w.at(bias),
      act: act ?? LINEAR,
    });
  },
};

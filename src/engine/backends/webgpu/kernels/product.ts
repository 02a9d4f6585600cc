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

export interface Known {
  readonly type: 'u32' | 'vec2<i32>' | 'vec3<i32>';
  /** Body of a function of `m` or `k`. */
  readonly body: string;
}

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
  /** What is to be known of a row m, worked out once a tile: `rows[mm]` holds it. */
  readonly row?: Known;
  /** The same for a term k: `depths[kk]`. */
  readonly depth?: Known;
  /** What B alone has to know of a term: `places[kk]`. */
  readonly place?: Known;
  /** Expressions of m, k (numbers), mm, kk (places in the tile). Where a row or term is beyond the end, anything will do. */
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

function headText({ head = '', row, depth, place, a, b, act }: Product, side: number): string {
  return `const SIDE = ${side}u;
const DEPTH = ${DEPTH}u;
const LINE = ${side + 1}u;
const THREADS = ${(side * side) / 16}u;
var<workgroup> left: array<f32, ${DEPTH * (side + 1)}>;
var<workgroup> right: array<f32, ${DEPTH * (side + 1)}>;
${row ? `var<workgroup> rows: array<${row.type}, ${side}>;` : ''}
${depth ? `var<workgroup> depths: array<${depth.type}, ${DEPTH}>;` : ''}
${place ? `var<workgroup> places: array<${place.type}, ${DEPTH}>;` : ''}
var<private> g: u32;
${head}
${row ? `fn rowOf(m: u32) -> ${row.type} { ${row.body} }` : ''}
${depth ? `fn depthOf(k: u32) -> ${depth.type} { ${depth.body} }` : ''}
${place ? `fn placeOf(k: u32) -> ${place.type} { ${place.body} }` : ''}
fn readA(m: u32, k: u32, mm: u32, kk: u32) -> f32 { return ${a}; }
fn readB(n: u32, k: u32, nn: u32, kk: u32) -> f32 { return ${b}; }
${actText(act)}
fn store(at: u32, m: u32, n: u32, value: f32, bias: f32) {
  if (m < p.m && n < p.n) { A[at + m * p.width + n] = act(value + bias); }
}`;
}

/** Fills one tile: threads side by side read what lies side by side. Beyond the last term there are zeros. */
function tileText(name: 'left' | 'right', read: string, at: string, place: string, alongTerms: boolean): string {
  const [kk, other] = alongTerms ? ['e % DEPTH', 'e / DEPTH'] : ['e / SIDE', 'e % SIDE'];
  return `    for (var j = 0u; j < SIDE * DEPTH / THREADS; j++) {
      let e = t + j * THREADS;
      let kk = ${kk};
      let ${place} = ${other};
      ${name}[kk * LINE + ${place}] = select(0.0, ${read}(${at} + ${place}, k0 + kk, ${place}, kk), k0 + kk < last);
    }`;
}

function bodyText({ row, depth, place, aFast, bFast, bias }: Product, side: number): string {
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
  ${row ? 'if (t < SIDE) { rows[t] = rowOf(min(m0 + t, p.m - 1u)); }' : ''}
  for (var k0 = split * p.chunk; k0 < last; k0 += DEPTH) {
    ${depth ? 'if (t < DEPTH) { depths[t] = depthOf(min(k0 + t, p.k - 1u)); }' : ''}
    ${place ? 'if (t < DEPTH) { places[t] = placeOf(min(k0 + t, p.k - 1u)); }' : ''}
    workgroupBarrier();
${tileText('left', 'readA', 'm0', 'mm', aFast === 'k')}
${tileText('right', 'readB', 'n0', 'nn', bFast === 'k')}
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

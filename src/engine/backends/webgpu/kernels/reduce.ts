/**
 * Sums over many values without atomics: each group sums a stretch, a second kernel adds the stretches in their order.
 * The same input gives the same bytes.
 */
import type { Fields, Writer } from '#engine/backends/webgpu/kernel';

/** Columns and rows that a group of threads goes over at a time. */
const SIDE = 16;
export const REDUCE_THREADS = SIDE * SIDE;
const ROWS_PER_PART = 512;
const MOST_PARTS = 64;

/** Into how many stretches that many rows are cut, and how long each is. */
export function partsOf(rows: number): { parts: number; chunk: number } {
  const wanted = Math.min(MOST_PARTS, Math.max(1, Math.ceil(rows / ROWS_PER_PART)));
  const chunk = Math.max(1, Math.ceil(rows / wanted));
  return { parts: Math.max(1, Math.ceil(rows / chunk)), chunk };
}

/** The beginning of a kernel over [rows, columns]: `column`, `line`, `begin`, `end`, `part`; 16 columns by 16 lines of threads. */
export const COLUMN_SETUP = `  let part = group / p.blocks;
  let column = (group % p.blocks) * ${SIDE}u + t % ${SIDE}u;
  let line = t / ${SIDE}u;
  let begin = part * p.chunk;
  let end = min(begin + p.chunk, p.rows);
  let used = column < p.columns;`;
/** `total(t % 16)` after a barrier: the sum of what the lines of a column have put into `held`. */
export const COLUMN_TOTAL = `var<workgroup> held: array<f32, ${REDUCE_THREADS}>;
fn total(lane: u32) -> f32 {
  var sum = 0.0;
  for (var j = 0u; j < ${SIDE}u; j++) { sum += held[j * ${SIDE}u + lane]; }
  return sum;
}`;
export const columnBlocks = (columns: number): number => Math.ceil(columns / SIDE);

export interface ColumnSums {
  readonly rows: number;
  readonly columns: number;
  /** How often everything is done, with `wid.z` as `layer` (1 where left out); outputs are [layers, columns]. */
  readonly layers?: number;
  readonly outputs: readonly [number] | readonly [number, number];
  readonly fields: Fields;
  /** Body of `fn term(row, column, layer) -> f32`, or -> vec2<f32> for two outputs. */
  readonly term: string;
  readonly head?: string;
}

/** Sums a term over all rows, for each column: one dispatch for few rows, two for many. */
export function columnSums(w: Writer, label: string, sums: ColumnSums): void {
  const { rows, columns, layers = 1, outputs, fields, term, head = '' } = sums;
  const { parts, chunk } = partsOf(rows);
  const each = layers * columns;
  const two = outputs.length === 2;
  const part = parts === 1 ? 0 : each * outputs.length;
  const first = parts === 1 ? outputs[0] : w.scratch(parts * each * outputs.length);
  const second = two ? (parts === 1 ? outputs[1] : first + each) : 0;
  const type = two ? 'vec2<f32>' : 'f32';
  const write = (to: string, value: string): string => `  held[t] = ${value};
  workgroupBarrier();
  if (line == 0u && used) { A[p.${to} + part * p.part + wid.z * p.columns + column] = total(t); }`;
  w.groups(
    label,
    parts * columnBlocks(columns),
    layers,
    { rows, columns, blocks: columnBlocks(columns), chunk, part, first, second, ...fields },
    {
      threads: REDUCE_THREADS,
      head: `${COLUMN_TOTAL}\n${head}\nfn term(row: u32, column: u32, layer: u32) -> ${type} { ${term} }`,
      body: `${COLUMN_SETUP}
  var sum = ${type}();
  if (used) { for (var row = begin + line; row < end; row += ${SIDE}u) { sum += term(row, column, wid.z); } }
${two ? `${write('first', 'sum.x')}\n  workgroupBarrier();\n${write('second', 'sum.y')}` : write('first', 'sum')}`,
    },
  );
  if (parts > 1) sumParts(w, `${label} parts`, first, parts, each, outputs);
}

/** Adds `parts` stretches of values, one behind the other, in their order; two outputs take a half of each stretch. */
export function sumParts(
  w: Writer,
  label: string,
  from: number,
  parts: number,
  each: number,
  outputs: readonly [number] | readonly [number, number],
): void {
  const fields = { source: from, parts, each, y: outputs[0], other: outputs[1] ?? 0 };
  const body = `  var sum = 0.0;
  for (var part = 0u; part < p.parts; part++) { sum += A[p.source + part * p.count + i]; }
  if (i < p.each) { A[p.y + i] = sum; } else { A[p.other + i - p.each] = sum; }`;
  w.map(label, each * outputs.length, fields, body);
}

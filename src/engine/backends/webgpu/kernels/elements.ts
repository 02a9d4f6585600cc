/** One value at a time: activations, sums and products with broadcasting, and what goes back through them. */

import { sizeOf } from '#core/model/tensor';
import { type Fields, float, type Kernels, lastOf, type Writer } from '#engine/backends/webgpu/kernel';
import { AXES, axisGroups } from '#engine/broadcast';
import { actText, slopeText } from './functions';
import { columnSums } from './reduce';

const BINARY = {
  add: 'a + b',
  subtract: 'a - b',
  multiply: 'a * b',
  maximum: 'select(b, a, a >= b)',
  minimum: 'select(b, a, a <= b)',
} as const;

/** Sizes of the joined axes from the last to the first, and their strides in the small operand (0 where it has none). */
function broadcastFields(big: readonly number[], small: readonly number[]): Fields {
  const fields: Record<string, number> = {};
  const groups = axisGroups(big, small).reverse();
  let stride = 1;
  for (let axis = 0; axis < AXES; axis++) {
    const { size, own } = groups[axis] ?? { size: 1, own: false };
    fields[`d${axis}`] = size;
    fields[`s${axis}`] = own ? stride : 0;
    if (own) stride *= size;
  }
  return fields;
}
/** `fn place(i)`: where the small operand keeps the value for the big one's value i. */
const PLACE = `fn place(i: u32) -> u32 {
  var rest = i;
  var at = 0u;
${[0, 1, 2, 3, 4].map((axis) => `  at += (rest % p.d${axis}) * p.s${axis}; rest /= p.d${axis};`).join('\n')}
  return at;
}`;

export const elementKernels: Kernels<
  'activation' | 'activationGrad' | 'prelu' | 'preluGrad' | 'binary' | 'selectGrad' | 'sumTo' | 'scale' | 'biasGrad'
> = {
  activation(w, { op: { act }, inputs: [x], outputs: [y] }) {
    const fields = { x: w.at(x), y: w.at(y) };
    w.map(`activation ${act.fn}`, sizeOf(w.shape(x)), fields, '  A[p.y + i] = act(A[p.x + i]);', actText(act));
  },
  activationGrad(w, { op: { act }, inputs: [dy, v], outputs: [dx] }) {
    const fields = { dy: w.at(dy), v: w.at(v), dx: w.at(dx) };
    const body = '  A[p.dx + i] = A[p.dy + i] * slope(A[p.v + i]);';
    w.map(`activationGrad ${act.fn}`, sizeOf(w.shape(dy)), fields, body, slopeText(act));
  },
  prelu(w, { inputs: [x, alpha], outputs: [y] }) {
    const fields = { x: w.at(x), alpha: w.at(alpha), y: w.at(y), n: sizeOf(w.shape(alpha)) };
    const body = '  let v = A[p.x + i];\n  A[p.y + i] = select(v, v * A[p.alpha + i % p.n], v <= 0.0);';
    w.map('prelu', sizeOf(w.shape(x)), fields, body);
  },
  preluGrad(w, { inputs: [x, alpha, dy], outputs: [dx, dAlpha] }) {
    const n = sizeOf(w.shape(alpha));
    const count = sizeOf(w.shape(x));
    const fields = { x: w.at(x), alpha: w.at(alpha), dy: w.at(dy), dx: w.at(dx), n };
    const body = '  let g = A[p.dy + i];\n  A[p.dx + i] = select(g, g * A[p.alpha + i % p.n], A[p.x + i] <= 0.0);';
    w.map('preluGrad', count, fields, body);
    columnSums(w, 'preluGrad alpha', {
      rows: count / n,
      columns: n,
      outputs: [w.at(dAlpha)],
      fields: { x: w.at(x), dy: w.at(dy) },
      term: 'let at = row * p.columns + column; let v = A[p.x + at]; return select(0.0, v * A[p.dy + at], v <= 0.0);',
    });
  },
  binary(w, { op, inputs: [a, b], outputs: [y] }) {
    const fields = { a: w.at(a), b: w.at(b), y: w.at(y) };
    const [big, small] = [w.shape(a), w.shape(b)];
    const count = sizeOf(big);
    const store = (at: string): string =>
      `  let a = A[p.a + i];\n  let b = A[p.b + ${at}];\n  A[p.y + i] = ${BINARY[op.fn]};`;
    if (count === sizeOf(small)) w.map(op.fn, count, fields, store('i'));
    else w.map(`${op.fn} broadcast`, count, { ...fields, ...broadcastFields(big, small) }, store('place(i)'), PLACE);
  },
  selectGrad(w, { op, inputs: [a, b, dy], outputs: [dx] }) {
    const wins = op.fn === 'maximum' ? '>=' : '<=';
    const [lost, won] = op.of === 'first' ? ['0.0', 'g'] : ['g', '0.0'];
    const body = `  let g = A[p.dy + i];\n  A[p.dx + i] = select(${lost}, ${won}, A[p.a + i] ${wins} A[p.b + i]);`;
    const fields = { a: w.at(a), b: w.at(b), dy: w.at(dy), dx: w.at(dx) };
    w.map(`selectGrad ${op.fn} ${op.of}`, sizeOf(w.shape(a)), fields, body);
  },
  sumTo(w, { inputs: [x], outputs: [y] }) {
    const [big, small] = [w.shape(x), w.shape(y)];
    const groups = axisGroups(big, small);
    const [outer, inner] = groups;
    if (groups.length === 2 && outer && inner?.own) {
      sumColumns(w, 'sumTo columns', w.at(x), w.at(y), outer.size, inner.size);
      return;
    }
    sumAxes(w, w.at(x), w.at(y), sizeOf(small), groups);
  },
  scale(w, { op, inputs: [x], outputs: [y] }) {
    const fields = { x: w.at(x), y: w.at(y), scale: float(op.scale), offset: float(op.offset) };
    w.map('scale', sizeOf(w.shape(x)), fields, '  A[p.y + i] = A[p.x + i] * p.scale + p.offset;');
  },
  biasGrad(w, { inputs: [dy], outputs: [db] }) {
    const c = lastOf(w.shape(dy));
    sumColumns(w, 'biasGrad', w.at(dy), w.at(db), sizeOf(w.shape(dy)) / c, c);
  },
};

function sumColumns(w: Writer, label: string, x: number, y: number, rows: number, columns: number): void {
  columnSums(w, label, {
    rows,
    columns,
    outputs: [y],
    fields: { x },
    term: 'return A[p.x + row * p.columns + column];',
  });
}

/** One thread for each sum: the axes that stay give its place, those that go are walked in order. */
function sumAxes(
  w: Writer,
  x: number,
  y: number,
  count: number,
  groups: readonly { size: number; own: boolean }[],
): void {
  const fields: Record<string, number> = { x, y, terms: 1 };
  let stride = 1;
  const axes = [...groups].reverse();
  for (let axis = 0; axis < AXES; axis++) {
    const { size, own } = axes[axis] ?? { size: 1, own: true };
    fields[`k${axis}`] = own ? size : 1;
    fields[`r${axis}`] = own ? 1 : size;
    fields[`s${axis}`] = stride;
    stride *= size;
    if (!own) fields['terms'] = (fields['terms'] ?? 1) * size;
  }
  const walk = (of: string, sides: string): string =>
    [0, 1, 2, 3, 4].map((a) => `at += (${of} % p.${sides}${a}) * p.s${a}; ${of} /= p.${sides}${a};`).join(' ');
  const body = `  var kept = i;
  var at = p.x;
  ${walk('kept', 'k')}
  let first = at;
  var sum = 0.0;
  for (var j = 0u; j < p.terms; j++) {
    at = first;
    var gone = j;
    ${walk('gone', 'r')}
    sum += A[at];
  }
  A[p.y + i] = sum;`;
  w.map('sumTo', count, fields, body);
}

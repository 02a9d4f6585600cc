/**
 * Batch normalisation (Ioffe and Szegedy 2015). Mean and variance come from stretches, each with its own mean, put
 * together by the formula of Chan, Golub and LeVeque (1979): no difference of large squares.
 */
import { sizeOf } from '#core/model/tensor';
import { float, type Kernels, lastOf, type Writer } from '#engine/backends/webgpu/kernel';
import { COLUMN_SETUP, COLUMN_TOTAL, columnBlocks, columnSums, partsOf, REDUCE_THREADS } from './reduce';

/** Writes the mean and the biased variance of every column of x [rows, columns]. */
function moments(w: Writer, x: number, mean: number, variance: number, rows: number, columns: number): void {
  const { parts, chunk } = partsOf(rows);
  const held = w.scratch(2 * parts * columns);
  const fields = {
    x,
    rows,
    columns,
    blocks: columnBlocks(columns),
    chunk,
    means: held,
    squares: held + parts * columns,
  };
  w.groups('batchNorm moments', parts * columnBlocks(columns), 1, fields, {
    threads: REDUCE_THREADS,
    head: COLUMN_TOTAL,
    body: `${COLUMN_SETUP}
  var sum = 0.0;
  if (used) { for (var row = begin + line; row < end; row += 16u) { sum += A[p.x + row * p.columns + column]; } }
  held[t] = sum;
  workgroupBarrier();
  let mean = total(t % 16u) / f32(end - begin);
  workgroupBarrier();
  var square = 0.0;
  if (used) {
    for (var row = begin + line; row < end; row += 16u) {
      let d = A[p.x + row * p.columns + column] - mean;
      square += d * d;
    }
  }
  held[t] = square;
  workgroupBarrier();
  if (line == 0u && used) {
    A[p.means + part * p.columns + column] = mean;
    A[p.squares + part * p.columns + column] = total(t);
  }`,
  });
  const put = { means: fields.means, squares: fields.squares, rows, parts, chunk, mean, variance };
  w.map(
    'batchNorm join',
    columns,
    put,
    `  let rows = f32(p.rows);
  var mean = 0.0;
  for (var part = 0u; part < p.parts; part++) {
    mean += A[p.means + part * p.count + i] * (f32(min(p.chunk, p.rows - part * p.chunk)) / rows);
  }
  var sum = 0.0;
  for (var part = 0u; part < p.parts; part++) {
    let d = A[p.means + part * p.count + i] - mean;
    sum += A[p.squares + part * p.count + i] + d * d * f32(min(p.chunk, p.rows - part * p.chunk));
  }
  A[p.mean + i] = mean;
  A[p.variance + i] = sum / rows;`,
  );
}

interface Normal {
  readonly x: number;
  readonly gamma: number;
  readonly beta: number;
  readonly mean: number;
  readonly variance: number;
  readonly y: number;
}
function normalise(w: Writer, at: Normal, count: number, channels: number, epsilon: number): void {
  const body = `  let c = i % p.channels;
  let factor = A[p.gamma + c] / sqrt(A[p.variance + c] + p.epsilon);
  A[p.y + i] = (A[p.x + i] - A[p.mean + c]) * factor + A[p.beta + c];`;
  w.map('batchNorm', count, { ...at, channels, epsilon: float(epsilon) }, body);
}

export const normalizationKernels: Kernels<
  'batchNormTrain' | 'batchNormTrainGrad' | 'batchNorm' | 'batchNormGrad' | 'movingAverage'
> = {
  batchNormTrain(w, { op, inputs: [x, gamma, beta], outputs: [y, mean, variance] }) {
    const channels = lastOf(w.shape(x));
    const count = sizeOf(w.shape(x));
    moments(w, w.at(x), w.at(mean), w.at(variance), count / channels, channels);
    const at = {
      x: w.at(x),
      gamma: w.at(gamma),
      beta: w.at(beta),
      mean: w.at(mean),
      variance: w.at(variance),
      y: w.at(y),
    };
    normalise(w, at, count, channels, op.epsilon);
  },
  batchNormTrainGrad(w, { op, inputs: [x, gamma, mean, variance, dy], outputs: [dx, dGamma, dBeta] }) {
    const channels = lastOf(w.shape(x));
    const count = sizeOf(w.shape(x));
    const at = { x: w.at(x), mean: w.at(mean), variance: w.at(variance), dy: w.at(dy), epsilon: float(op.epsilon) };
    columnSums(w, 'batchNormGrad sums', {
      rows: count / channels,
      columns: channels,
      outputs: [w.at(dGamma), w.at(dBeta)],
      fields: at,
      term: `let at = row * p.columns + column;
  let g = A[p.dy + at];
  return vec2<f32>(g * (A[p.x + at] - A[p.mean + column]) / sqrt(A[p.variance + column] + p.epsilon), g);`,
    });
    const fields = { ...at, gamma: w.at(gamma), dGamma: w.at(dGamma), dBeta: w.at(dBeta), dx: w.at(dx), channels };
    const body = `  let c = i % p.channels;
  let rows = f32(p.count / p.channels);
  let inverse = 1.0 / sqrt(A[p.variance + c] + p.epsilon);
  let normal = (A[p.x + i] - A[p.mean + c]) * inverse;
  let rest = A[p.dBeta + c] / rows + normal * (A[p.dGamma + c] / rows);
  A[p.dx + i] = (A[p.dy + i] - rest) * A[p.gamma + c] * inverse;`;
    w.map('batchNormTrainGrad', count, fields, body);
  },
  batchNorm(w, { op, inputs: [x, gamma, beta, mean, variance], outputs: [y] }) {
    const at = {
      x: w.at(x),
      gamma: w.at(gamma),
      beta: w.at(beta),
      mean: w.at(mean),
      variance: w.at(variance),
      y: w.at(y),
    };
    normalise(w, at, sizeOf(w.shape(x)), lastOf(w.shape(x)), op.epsilon);
  },
  batchNormGrad(w, { op, inputs: [gamma, variance, dy], outputs: [dx] }) {
    const at = { gamma: w.at(gamma), variance: w.at(variance), dy: w.at(dy), dx: w.at(dx) };
    const fields = { ...at, channels: lastOf(w.shape(dy)), epsilon: float(op.epsilon) };
    const body = `  let c = i % p.channels;
  A[p.dx + i] = A[p.dy + i] * A[p.gamma + c] / sqrt(A[p.variance + c] + p.epsilon);`;
    w.map('batchNormGrad', sizeOf(w.shape(dy)), fields, body);
  },
  movingAverage(w, { op, inputs: [moving, batch], outputs: [out] }) {
    const at = { moving: w.at(moving), batch: w.at(batch), y: w.at(out ?? moving) };
    const fields = { ...at, kept: float(op.momentum), added: float(1 - op.momentum) };
    const body = '  A[p.y + i] = p.kept * A[p.moving + i] + p.added * A[p.batch + i];';
    w.map('movingAverage', sizeOf(w.shape(moving)), fields, body);
  },
};

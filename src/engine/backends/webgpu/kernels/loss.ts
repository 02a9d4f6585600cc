/** Softmax, cross-entropy with its gradient, labels and the running sums. A thread has a row, as long as there are classes. */
import { sizeOf } from '#core/model/tensor';
import { float, type Kernels, lastOf } from '#engine/backends/webgpu/kernel';

/** `scan(row)`: the largest value of a row, and the sum of exp((x - largest) * factor). */
const SCAN = `struct Scan { top: f32, sum: f32 }
fn scan(row: u32) -> Scan {
  var top = A[row];
  for (var j = 1u; j < p.k; j++) { let v = A[row + j]; top = select(v, top, top >= v); }
  var sum = 0.0;
  for (var j = 0u; j < p.k; j++) { sum += exp((A[row + j] - top) * p.factor); }
  return Scan(top, sum);
}`;
/** Threads of the one group that adds up the figures. */
const METRIC_THREADS = 64;

export const lossKernels: Kernels<
  'softmax' | 'softmaxGrad' | 'oneHot' | 'softmaxCrossEntropy' | 'softmaxCrossEntropyGrad' | 'accumulateMetrics'
> = {
  softmax(w, { op, inputs: [x], outputs: [y] }) {
    const k = lastOf(w.shape(x));
    const fields = { x: w.at(x), y: w.at(y), k, factor: float(1 / op.temperature) };
    const body = `  let row = p.x + i * p.k;
  let s = scan(row);
  for (var j = 0u; j < p.k; j++) { A[p.y + i * p.k + j] = exp((A[row + j] - s.top) * p.factor) / s.sum; }`;
    w.map('softmax', sizeOf(w.shape(x)) / k, fields, body, SCAN);
  },
  softmaxGrad(w, { inputs: [y, dy], outputs: [dx] }) {
    const k = lastOf(w.shape(y));
    const body = `  let row = i * p.k;
  var sum = 0.0;
  for (var j = 0u; j < p.k; j++) { sum += A[p.y + row + j] * A[p.dy + row + j]; }
  for (var j = 0u; j < p.k; j++) { A[p.dx + row + j] = A[p.y + row + j] * (A[p.dy + row + j] - sum); }`;
    w.map('softmaxGrad', sizeOf(w.shape(y)) / k, { y: w.at(y), dy: w.at(dy), dx: w.at(dx), k }, body);
  },
  oneHot(w, { op, inputs: [labels], outputs: [y] }) {
    const k = lastOf(w.shape(y));
    const low = op.smoothing / k;
    const fields = { labels: w.at(labels), y: w.at(y), k, high: float(1 - op.smoothing + low), low: float(low) };
    const body = '  A[p.y + i] = select(p.low, p.high, A[p.labels + i / p.k] == f32(i % p.k));';
    w.map('oneHot', sizeOf(w.shape(y)), fields, body);
  },
  softmaxCrossEntropy(w, { op, inputs: [logits, target], outputs: [loss] }) {
    const k = lastOf(w.shape(logits));
    const fields = { x: w.at(logits), target_: w.at(target), y: w.at(loss), k, factor: float(1 / op.temperature) };
    // The smallest normal number: below it logarithms may fail.
    const own = op.relative ? ' + log(max(q, 1.17549435e-38))' : '';
    const body = `  let row = p.x + i * p.k;
  let s = scan(row);
  let logSum = log(s.sum);
  var loss = 0.0;
  for (var j = 0u; j < p.k; j++) {
    let q = A[p.target_ + i * p.k + j];
    if (q != 0.0) { loss += q * (logSum - (A[row + j] - s.top) * p.factor${own}); }
  }
  A[p.y + i] = loss;`;
    w.map(`crossEntropy${op.relative ? ' relative' : ''}`, sizeOf(w.shape(logits)) / k, fields, body, SCAN);
  },
  softmaxCrossEntropyGrad(w, { op, inputs: [logits, target, weight], outputs: [dx] }) {
    const k = lastOf(w.shape(logits));
    const at = { x: w.at(logits), target_: w.at(target), weight: w.at(weight), dx: w.at(dx), k };
    const fields = { ...at, factor: float(1 / op.temperature), scale: float(op.scale / op.temperature) };
    const body = `  let row = p.x + i * p.k;
  let s = scan(row);
  let scale = p.scale * A[p.weight + i];
  for (var j = 0u; j < p.k; j++) {
    let q = exp((A[row + j] - s.top) * p.factor) / s.sum;
    A[p.dx + i * p.k + j] = scale * (q - A[p.target_ + i * p.k + j]);
  }`;
    w.map('crossEntropyGrad', sizeOf(w.shape(logits)) / k, fields, body, SCAN);
  },
  accumulateMetrics(w, { inputs: [logits, labels, loss, weight, sums] }) {
    const k = lastOf(w.shape(logits));
    const at = { x: w.at(logits), labels: w.at(labels), loss: w.at(loss), weight: w.at(weight), sums: w.at(sums) };
    w.groups(
      'metrics',
      1,
      1,
      { ...at, n: sizeOf(w.shape(logits)) / k, k },
      {
        threads: METRIC_THREADS,
        head: `var<workgroup> seen: array<vec3<f32>, ${METRIC_THREADS}>;`,
        // A weight of 0 marks a row that fills up the batch: whatever it holds does not count.
        body: `  var mine = vec3<f32>();
  for (var row = t; row < p.n; row += ${METRIC_THREADS}u) {
    let weight = A[p.weight + row];
    if (weight == 0.0) { continue; }
    let begin = p.x + row * p.k;
    var best = A[begin];
    var answer = 0u;
    for (var j = 1u; j < p.k; j++) {
      if (A[begin + j] > best) { best = A[begin + j]; answer = j; }
    }
    let hit = select(0.0, weight, f32(answer) == A[p.labels + row]);
    mine += vec3<f32>(weight * A[p.loss + row], hit, weight);
  }
  seen[t] = mine;
  workgroupBarrier();
  if (t < 3u) {
    var sum = A[p.sums + t];
    for (var j = 0u; j < ${METRIC_THREADS}u; j++) { sum += seen[j][t]; }
    A[p.sums + t] = sum;
  }`,
      },
    );
  },
};

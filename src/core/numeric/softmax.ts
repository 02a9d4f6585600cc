/** Rows of numbers to probabilities, in float64 and without overflow. Equal infinities share the whole. */

/** Row-major [n, classes]: softmax(values / temperature) of every row. */
export function softmaxRows(values: ArrayLike<number>, classes: number, temperature = 1): Float64Array {
  const p = new Float64Array(values.length);
  for (let at = 0; at < p.length; at += classes) {
    let top = Number.NEGATIVE_INFINITY;
    for (let c = 0; c < classes; c++) top = Math.max(top, values[at + c] as number);
    let sum = 0;
    for (let c = 0; c < classes; c++) {
      const z = values[at + c] as number;
      const e = z === top ? 1 : Math.exp((z - top) / temperature);
      p[at + c] = e;
      sum += e;
    }
    for (let c = 0; c < classes; c++) p[at + c] = (p[at + c] as number) / sum;
  }
  return p;
}

/** The smallest probability of which a logarithm is taken, so that scores stay finite. */
const LEAST = 1e-30;

/** Natural logarithms of probabilities, as float32; 0 counts as 1e-30. */
export function logOf(probabilities: Float64Array): Float32Array {
  return Float32Array.from(probabilities, (p) => Math.log(Math.max(p, LEAST)));
}

/** Row-major [n, classes]: log softmax(values) of every row, as float32. */
export function logSoftmaxRows(values: ArrayLike<number>, classes: number): Float32Array {
  const logs = new Float32Array(values.length);
  for (let at = 0; at < logs.length; at += classes) {
    let top = Number.NEGATIVE_INFINITY;
    for (let c = 0; c < classes; c++) top = Math.max(top, values[at + c] as number);
    let sum = 0;
    for (let c = 0; c < classes; c++) sum += Math.exp((values[at + c] as number) - top);
    const log = Math.log(sum) + top;
    for (let c = 0; c < classes; c++) logs[at + c] = (values[at + c] as number) - log;
  }
  return logs;
}

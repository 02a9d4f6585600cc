/**
 * Softmax, cross-entropy with its gradient, metrics and labels. Rows are short (as many values as classes); each
 * thread has its own rows, the running sums have one thread.
 */
import { exp1, exp4, log1, shareEnd, shareStart, sumLanes } from './simd';

function rowMax(x: usize, k: i32): f32 {
  let best = load<f32>(x);
  for (let j = 1; j < k; j++) best = max(best, load<f32>(x + (<usize>j << 2)));
  return best;
}

/** y = exp((x - top) * factor), and their sum. Without y (0) only the sum. */
function exponentials(x: usize, y: usize, k: i32, top: f32, factor: f32): f32 {
  const t = f32x4.splat(top);
  const f = f32x4.splat(factor);
  let sum = f32x4.splat(0);
  let j = 0;
  for (; j + 4 <= k; j += 4) {
    const e = exp4(f32x4.mul(f32x4.sub(v128.load(x + (<usize>j << 2)), t), f));
    sum = f32x4.add(sum, e);
    if (y) v128.store(y + (<usize>j << 2), e);
  }
  let total = sumLanes(sum);
  for (; j < k; j++) {
    const e = exp1((load<f32>(x + (<usize>j << 2)) - top) * factor);
    total += e;
    if (y) store<f32>(y + (<usize>j << 2), e);
  }
  return total;
}

/** x [n,k] -> softmax(x / temperature); `factor` is 1 / temperature. */
export function softmax(x: usize, y: usize, n: i32, k: i32, factor: f32): void {
  const end = shareEnd(n);
  for (let i = shareStart(n); i < end; i++) {
    const at: usize = <usize>(i * k) << 2;
    const inverse: f32 = 1 / exponentials(x + at, y + at, k, rowMax(x + at, k), factor);
    for (let j: usize = 0; j < (<usize>k << 2); j += 4) store<f32>(y + at + j, load<f32>(y + at + j) * inverse);
  }
}

/** dx = y * (dy - sum(y dy)). */
export function softmaxGrad(y: usize, dy: usize, dx: usize, n: i32, k: i32): void {
  const end = shareEnd(n);
  const bytes: usize = <usize>k << 2;
  for (let i = shareStart(n); i < end; i++) {
    const at: usize = <usize>i * bytes;
    let dot: f32 = 0;
    for (let j: usize = at; j < at + bytes; j += 4) dot += load<f32>(y + j) * load<f32>(dy + j);
    for (let j: usize = at; j < at + bytes; j += 4) store<f32>(dx + j, load<f32>(y + j) * (load<f32>(dy + j) - dot));
  }
}

/** loss[i] = sum p (log p, where relative, - log softmax(x / T)). */
export function crossEntropy(x: usize, target: usize, loss: usize, n: i32, k: i32, factor: f32, relative: i32): void {
  const end = shareEnd(n);
  const bytes: usize = <usize>k << 2;
  for (let i = shareStart(n); i < end; i++) {
    const at: usize = <usize>i * bytes;
    const top = rowMax(x + at, k);
    const logSum = log1(exponentials(x + at, 0, k, top, factor));
    let sum: f32 = 0;
    for (let j: usize = at; j < at + bytes; j += 4) {
      const p = load<f32>(target + j);
      if (p == 0) continue;
      let term = logSum - (load<f32>(x + j) - top) * factor;
      // The logarithm takes normal numbers: smaller ones count as the smallest.
      if (relative) term += log1(max<f32>(p, 1.17549435e-38));
      sum += p * term;
    }
    store<f32>(loss + (<usize>i << 2), sum);
  }
}

/** dx = scale * weight_i * (softmax(x_i / T) - p_i) / T; `scale` comes divided by T. */
export function crossEntropyGrad(x: usize, target: usize, weight: usize, dx: usize, n: i32, k: i32, factor: f32, scale: f32): void {
  const end = shareEnd(n);
  const bytes: usize = <usize>k << 2;
  for (let i = shareStart(n); i < end; i++) {
    const at: usize = <usize>i * bytes;
    const inverse: f32 = 1 / exponentials(x + at, dx + at, k, rowMax(x + at, k), factor);
    const s = scale * load<f32>(weight + (<usize>i << 2));
    for (let j: usize = at; j < at + bytes; j += 4) store<f32>(dx + j, s * (load<f32>(dx + j) * inverse - load<f32>(target + j)));
  }
}

/** sums += [sum w loss, sum w correct, sum w]. The lowest of equal logits counts as the answer. */
export function accumulateMetrics(x: usize, labels: usize, loss: usize, weight: usize, sums: usize, n: i32, k: i32): void {
  if (shareStart(1) == shareEnd(1)) return;
  let total: f64 = 0, correct: f64 = 0, seen: f64 = 0;
  for (let i = 0; i < n; i++) {
    const row = x + (<usize>(i * k) << 2);
    let answer = 0;
    let best = load<f32>(row);
    for (let j = 1; j < k; j++) {
      const value = load<f32>(row + (<usize>j << 2));
      if (value > best) {
        best = value;
        answer = j;
      }
    }
    const at: usize = <usize>i << 2;
    const w: f64 = load<f32>(weight + at);
    // A weight of 0 marks a row that fills up the batch: whatever it holds does not count.
    if (w == 0) continue;
    total += w * load<f32>(loss + at);
    if (<f32>answer == load<f32>(labels + at)) correct += w;
    seen += w;
  }
  store<f32>(sums, <f32>(load<f32>(sums) + total));
  store<f32>(sums, <f32>(load<f32>(sums, 4) + correct), 4);
  store<f32>(sums, <f32>(load<f32>(sums, 8) + seen), 8);
}

/** labels [n] -> [n,k]: `on` at the label, `off` elsewhere. */
export function oneHot(labels: usize, y: usize, n: i32, k: i32, on: f32, off: f32): void {
  const end = shareEnd(n);
  for (let i = shareStart(n); i < end; i++) {
    const label = <i32>load<f32>(labels + (<usize>i << 2));
    const row = y + (<usize>(i * k) << 2);
    for (let j = 0; j < k; j++) store<f32>(row + (<usize>j << 2), j == label ? on : off);
  }
}

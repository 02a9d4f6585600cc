/**
 * Choosing for every weight whether it is rounded down or up so that a layer's outputs, not its weights, come out nearest to
 * what they were: a relaxed choice h(V) in [0, 1] for each weight is trained by Adam on batches of rows, and pushed to 0 or 1.
 *
 * y' = x (s clamp(floor(w / s) + h(V), low, high)); least: mean over rows of |f(y') - f(y)|^2, over what nearest rounding leaves, plus a
 * regulariser 1 - |2 h - 1|^beta a weight whose beta falls from 20 to 2. h is a sigmoid stretched to [-0.1, 1.1] and clipped (a rectified sigmoid).
 * Source: Nagel, Amjad, van Baalen, Louizos, Blankevoort 2020, "Up or Down? Adaptive Rounding for Post-Training Quantization". Theirs takes 10,000
 * steps of 32 rows; here a larger learning rate settles in 500. A choice that has reached 0 or 1 has no gradient any more and is settled:
 * only the others are worked on, which makes the second half of a run several times as fast.
 */

export interface RoundingProblem {
  /** [rows, inputs]: what the layer reads once earlier layers are rounded. */
  readonly x: Float32Array;
  /** [rows, outputs]: what it gave, before its activation, without its bias. */
  readonly y: Float32Array;
  readonly inputs: number;
  readonly outputs: number;
  /** [inputs, outputs]: weights in steps of the grid, w / s. */
  readonly steps: Float32Array;
  /** The step s of each output. */
  readonly scale: Float32Array;
  /** Whole steps from zero that the grid reaches. */
  readonly low: number;
  readonly high: number;
  /** 0 where the weight is pruned; null where none is. */
  readonly mask: Uint8Array | null;
  /** What is added before a ReLU, one for each output; null where no ReLU follows. */
  readonly bias: Float32Array | null;
}
export interface RoundingResult {
  /** Whole steps. */
  readonly steps: Float32Array;
  /** Mean squared error of an output after rounding to nearest, and with these steps. */
  readonly nearest: number;
  readonly chosen: number;
}

const ROWS = 32;
const RATE = 0.03;
const STRETCH = { low: -0.1, high: 1.1 };
/** Share of the run without the regulariser. */
const WARM = 0.2;
/**
 * Of the regulariser beside the error that nearest rounding leaves, over the root of the inputs, by which the error's pull on a weight grows.
 * LeNet-5's second convolution at 2 bits: 77.6 % less error at 0.0005, 87.4 % at 0.05, 91.5 % at 0.5, 91.1 % at 2.
 */
const WEIGHT = 0.45;
const BETA = { from: 20, to: 2 };
/** Places at which the regulariser's gradient is worked out. */
const PULLS = 1024;

/**
 * Solves it in `iterations` steps; `pause` is awaited about every 20 million multiplications with the share done. An output for which the choice
 * turns out no better than rounding to nearest is rounded to nearest. `random` draws the rows.
 */
export async function adaptiveRounding(
  problem: RoundingProblem,
  iterations: number,
  random: () => number,
  pause: (done: number) => Promise<void>,
): Promise<RoundingResult> {
  const { x, inputs, outputs, steps, low, high, mask } = problem;
  const rows = Math.floor(x.length / inputs);
  const size = inputs * outputs;
  const down = new Float32Array(size);
  const v = new Float32Array(size);
  /** Weights that have a choice (not pruned, with both neighbours on the grid), and of them those not settled yet: active[0 … left - 1]. */
  const free = new Uint8Array(size);
  const active = new Int32Array(size);
  let left = 0;
  for (let i = 0; i < size; i++) {
    const w = steps[i] as number;
    const floor = Math.floor(w);
    const rest = w - floor;
    down[i] = Math.min(high, Math.max(low, floor));
    if ((mask && !mask[i]) || floor < low || floor >= high || rest === 0) continue;
    free[i] = 1;
    active[left++] = i;
    v[i] = -Math.log((STRETCH.high - STRETCH.low) / (rest - STRETCH.low) - 1);
  }
  const nearestSteps = down.map((floor, i) => (free[i] && (steps[i] as number) - floor > 0.5 ? floor + 1 : floor));
  const nearestErrors = meanErrors(problem, nearestSteps);
  const nearest = mean(nearestErrors);
  if (nearest === 0 || rows === 0) return { steps: nearestSteps, nearest, chosen: nearest };
  const state: State = { v, m: new Float32Array(size), n: new Float32Array(size), soft: down.slice(), down, active };
  const gradient = new Float32Array(size);
  const batch = Math.min(ROWS, rows);
  const residual = new Float32Array(batch * outputs);
  const picked = new Int32Array(batch);
  const often = Math.max(1, Math.floor(2e7 / (2 * batch * size + 20 * size)));
  // Of what nearest rounding leaves, a weight's share: the regulariser then weighs alike in every layer.
  const share = (2 * size) / (nearest * outputs * batch);
  for (let t = 0; t < iterations && left > 0; t++) {
    if (t % often === 0) await pause(t / iterations);
    const done = t / Math.max(1, iterations - 1);
    left = settle(state, left);
    for (let b = 0; b < batch; b++) picked[b] = Math.floor(random() * rows);
    reconstruct(problem, state.soft, picked, residual);
    // Dense sums run along memory; below a quarter of the weights picking them out is faster.
    if (left > size / 4) backward(problem, picked, residual, gradient);
    else backwardAt(problem, picked, residual, gradient, active, left);
    descend(state, left, gradient, betaAt(done), share, WEIGHT * Math.sqrt(inputs), t + 1);
  }
  settle(state, left);
  const chosenSteps = down.map((floor, i) => (free[i] && (state.soft[i] as number) - floor >= 0.5 ? floor + 1 : floor));
  // Outputs do not share weights, so each has the better of the two.
  const errors = meanErrors(problem, chosenSteps);
  const worse = errors.map((error, o) => (error < (nearestErrors[o] as number) ? 0 : 1));
  for (let i = 0; i < size; i++) if (worse[i % outputs]) chosenSteps[i] = nearestSteps[i] as number;
  return {
    steps: chosenSteps,
    nearest,
    chosen: mean(errors.map((error, o) => Math.min(error, nearestErrors[o] as number))),
  };
}

interface State {
  readonly v: Float32Array;
  /** Adam's moments. */
  readonly m: Float32Array;
  readonly n: Float32Array;
  /** Steps between down and up as they stand. */
  readonly soft: Float32Array;
  readonly down: Float32Array;
  readonly active: Int32Array;
}

/** 0 while there is no regulariser. */
function betaAt(done: number): number {
  if (done < WARM) return 0;
  return BETA.to + (BETA.from - BETA.to) * 0.5 * (1 + Math.cos((Math.PI * (done - WARM)) / (1 - WARM)));
}

/** Brings `soft` up to date and drops the weights that have reached an end; returns how many are left. */
function settle({ v, soft, down, active }: State, count: number): number {
  const width = STRETCH.high - STRETCH.low;
  let left = 0;
  for (let j = 0; j < count; j++) {
    const i = active[j] as number;
    const h = width / (1 + Math.exp(-(v[i] as number))) + STRETCH.low;
    soft[i] = (down[i] as number) + Math.min(1, Math.max(0, h));
    if (h > 0 && h < 1) active[left++] = i;
  }
  return left;
}

/** f(x soft) - f(y) of the picked rows, times the step; 0 where a ReLU lets nothing through. */
function reconstruct(
  { x, y, inputs, outputs, scale, bias }: RoundingProblem,
  soft: Float32Array,
  picked: Int32Array,
  residual: Float32Array,
): void {
  residual.fill(0);
  for (let b = 0; b < picked.length; b++) {
    const row = residual.subarray(b * outputs, (b + 1) * outputs);
    product(x, (picked[b] as number) * inputs, soft, row);
    const at = (picked[b] as number) * outputs;
    for (let o = 0; o < outputs; o++) {
      const s = scale[o] as number;
      const [now, then] = [(row[o] as number) * s, y[at + o] as number];
      row[o] = bias ? rectified(now, then, bias[o] as number) * s : (now - then) * s;
    }
  }
}

/** The difference behind a ReLU, where its gradient is not 0. */
function rectified(now: number, then: number, bias: number): number {
  return now + bias > 0 ? now + bias - Math.max(0, then + bias) : 0;
}

/** row += x[from …] w, for inputs that are not 0. */
function product(x: Float32Array, from: number, w: Float32Array, row: Float32Array): void {
  const outputs = row.length;
  const inputs = w.length / outputs;
  for (let k = 0; k < inputs; k++) {
    const value = x[from + k] as number;
    if (value === 0) continue;
    const at = k * outputs;
    for (let o = 0; o < outputs; o++) row[o] = (row[o] as number) + value * (w[at + o] as number);
  }
}

function backward(
  { x, inputs, outputs }: RoundingProblem,
  picked: Int32Array,
  residual: Float32Array,
  gradient: Float32Array,
): void {
  gradient.fill(0);
  for (let b = 0; b < picked.length; b++) {
    const from = (picked[b] as number) * inputs;
    const row = residual.subarray(b * outputs, (b + 1) * outputs);
    for (let k = 0; k < inputs; k++) {
      const value = x[from + k] as number;
      if (value === 0) continue;
      const at = k * outputs;
      for (let o = 0; o < outputs; o++) gradient[at + o] = (gradient[at + o] as number) + value * (row[o] as number);
    }
  }
}

/** The same for some of the weights only. */
function backwardAt(
  { x, inputs, outputs }: RoundingProblem,
  picked: Int32Array,
  residual: Float32Array,
  gradient: Float32Array,
  active: Int32Array,
  count: number,
): void {
  for (let j = 0; j < count; j++) {
    const i = active[j] as number;
    const k = Math.floor(i / outputs);
    const o = i - k * outputs;
    let sum = 0;
    for (let b = 0; b < picked.length; b++)
      sum += (x[(picked[b] as number) * inputs + k] as number) * (residual[b * outputs + o] as number);
    gradient[i] = sum;
  }
}

/** One step of Adam on v. `beta` 0: no regulariser. */
function descend(
  { v, m, n, soft, down, active }: State,
  count: number,
  gradient: Float32Array,
  beta: number,
  share: number,
  weight: number,
  t: number,
): void {
  // The regulariser's gradient is looked up: a power for every weight would take longer than all else.
  const pull = Float64Array.from({ length: PULLS + 1 }, (_, i) => {
    const u = (2 * i) / PULLS - 1;
    return beta > 0 ? weight * 2 * beta * Math.sign(u) * Math.abs(u) ** (beta - 1) : 0;
  });
  const width = STRETCH.high - STRETCH.low;
  const rate = RATE / (1 - 0.9 ** t);
  const second = 1 / (1 - 0.999 ** t);
  for (let j = 0; j < count; j++) {
    const i = active[j] as number;
    const h = (soft[i] as number) - (down[i] as number);
    let g = (gradient[i] as number) * share;
    g -= pull[Math.round(h * PULLS)] as number;
    // The stretched sigmoid's slope, from its value.
    const sigmoid = (h - STRETCH.low) / width;
    g *= width * sigmoid * (1 - sigmoid);
    const mi = 0.9 * (m[i] as number) + 0.1 * g;
    const ni = 0.999 * (n[i] as number) + 0.001 * g * g;
    m[i] = mi;
    n[i] = ni;
    v[i] = (v[i] as number) - (rate * mi) / (Math.sqrt(ni * second) + 1e-8);
  }
}

/** Mean squared error of each output over all rows. */
function meanErrors(problem: RoundingProblem, steps: Float32Array): Float64Array {
  const { x, y, inputs, outputs, scale, bias } = problem;
  const rows = Math.floor(x.length / inputs);
  const row = new Float32Array(outputs);
  const sums = new Float64Array(outputs);
  for (let r = 0; r < rows; r++) {
    row.fill(0);
    product(x, r * inputs, steps, row);
    for (let o = 0; o < outputs; o++) {
      const [now, then] = [(row[o] as number) * (scale[o] as number), y[r * outputs + o] as number];
      const shift = bias?.[o] ?? 0;
      const error = bias ? Math.max(0, now + shift) - Math.max(0, then + shift) : now - then;
      sums[o] = (sums[o] as number) + error * error;
    }
  }
  return sums.map((sum) => sum / Math.max(1, rows));
}

function mean(values: Float64Array): number {
  return values.reduce((sum, one) => sum + one, 0) / values.length;
}

/** Activation grids, trained scales, halves and signs, and the group lasso: one step on numbers worked by hand. */
import { describe, expect, it } from 'vitest';
import { type Encoding, type GridValues, roundHalfEven } from '#core/model/encoding';
import type { Layer } from '#core/model/layers';
import type { Model, Tensor } from '#core/model/model';
import { makeTensor } from '#core/model/tensor';
import { fromHalf, toHalf } from '#core/numeric/half';
import { ADAM, type Objective } from '#core/objective';
import { makeCpuBackend } from '#engine/backends/cpu';
import { inferencePlan, trainingPlan } from '#engine/plan';
import { collectedSlots, collectModel } from '#engine/plan/collect';
import { objectiveOf } from './sketch';

const linear = { fn: 'linear' } as const;
const gridOf = (qMin: number, qMax: number, scale: number[], axis: number | null = null, zero = 0): GridValues => ({
  kind: 'grid',
  bits: 4,
  qMin,
  qMax,
  scale: Float32Array.from(scale),
  zeroPoint: new Int32Array(scale.length).fill(zero),
  axis,
  symmetric: zero === 0,
});

/** [2] -> dense [2, 2] (a) -> dense [2, 3] (out, a softmax at the end). */
function chain(first: Tensor, grids: Model['activationGrids'] = {}): Model {
  const last = makeTensor([2, 3], Float32Array.of(1, -0.5, 0.25, 0.5, 2, -1));
  const layers: Layer[] = [
    { kind: 'input', name: 'in', inputs: [], shape: [2] },
    { kind: 'dense', name: 'a', inputs: ['in'], kernel: first.id, activation: linear },
    { kind: 'dense', name: 'out', inputs: ['a'], kernel: last.id, activation: { fn: 'softmax' } },
  ];
  const tensors = { [first.id]: first, [last.id]: last };
  const rest = { name: 'chain', layers, inputs: ['in'], outputs: ['out'], tensors, layout: 'nhwc' } as const;
  return { ...rest, meta: { source: 'test' }, activationGrids: grids };
}
const X = [1, 2];
const TARGET = [0.5, 0.75, -2];
const LAST = [
  [1, -0.5, 0.25],
  [0.5, 2, -1],
];
const dense = (values: number[], encoding?: Encoding): Tensor =>
  makeTensor([2, 2], Float32Array.from(values), encoding);

/** One step on the image X with the teacher's logits TARGET; only the squared error counts. Gives the plan and what its slots hold. */
async function stepped(model: Model, change: Partial<Objective>) {
  const teacher = { kind: 'model', model } as const;
  const objective = { ...objectiveOf(model, [{ kind: 'logitError', weight: 1, teacher }]), frozen: ['out'], ...change };
  const plan = trainingPlan(objective, 1);
  const program = await (await makeCpuBackend()).compile(plan.plan);
  for (const { slot, data } of plan.writes) program.write(slot, data);
  program.write(plan.input, Float32Array.from(X));
  for (const { slot } of plan.teachers) program.write(slot, Float32Array.from(TARGET));
  program.write(plan.rate, Float32Array.of(objective.learningRate));
  program.run();
  const contents = new Map<number, Float32Array>();
  for (const slot of collectedSlots(plan)) contents.set(slot, await program.read(slot));
  program.dispose();
  return { plan, contents };
}
/** The model after such a step. */
async function step(model: Model, change: Partial<Objective> = {}): Promise<Model> {
  const { plan, contents } = await stepped(model, change);
  return collectModel(model, plan, contents, makeTensor);
}
/** The float copies behind the first layer's weights after such a step. */
async function copiesAfter(model: Model, change: Partial<Objective>): Promise<Float32Array> {
  const { plan, contents } = await stepped(model, change);
  return contents.get(plan.trained.find(({ layer }) => layer === 'a')?.slot as number) as Float32Array;
}
const kernelOf = (model: Model): Tensor => {
  const layer = model.layers.find(({ name }) => name === 'a') as Layer & { kernel: string };
  return model.tensors[layer.kernel] as Tensor;
};
async function logits(model: Model): Promise<Float32Array> {
  const plan = inferencePlan(model, 1);
  const program = await (await makeCpuBackend()).compile(plan.plan);
  for (const { slot, data } of plan.writes) program.write(slot, data);
  program.write(plan.input, Float32Array.from(X));
  program.run();
  return program.read(plan.output);
}
const near = (actual: Iterable<number>, expected: readonly number[], digits = 5): void => {
  const all = [...actual];
  expect(all).toHaveLength(expected.length);
  for (const [i, one] of expected.entries()) expect(all[i], `value ${i}`).toBeCloseTo(one, digits);
};
/** The gradient of the mean squared error by the hidden values h. */
function hiddenGradient(h: readonly number[]): number[] {
  const z = TARGET.map((_, k) => h.reduce((sum, one, j) => sum + one * (LAST[j]?.[k] as number), 0));
  return h.map((_, j) =>
    z.reduce((sum, one, k) => sum + (2 / 3) * (one - (TARGET[k] as number)) * (LAST[j]?.[k] as number), 0),
  );
}
/** Weights a training step starts from: h = (0.5 + 2 * 0.3, -0.2 + 2 * 0.35) = (1.1, 0.5). */
const WEIGHTS = [0.5, -0.2, 0.3, 0.35];

describe('weights bounded before they are rounded (DoReFa)', () => {
  // Two bits: n = 3. tanh is 0.46212, -0.19738, 0.29131, 0.33638; 3 (tanh / (2 * 0.46212) + 1/2) is 3, 0.859, 2.446, 2.592: rounded 3, 1, 2, 3.
  const grid: GridValues = { ...gridOf(-3, 3, [1 / 3]), bits: 3 };
  const ON = [1, -1 / 3, 1 / 3, 1];

  it('run on their even steps from -1 to 1, and train through tanh over its largest value', async () => {
    const start = chain(dense(WEIGHTS, { values: grid }));
    const after = kernelOf(await step(start, { bounded: ['a'], learningRate: 0 }));
    near(after.data, ON, 6);
    expect(after.encoding.values).toEqual(grid);
    const dh = hiddenGradient([1 + 2 / 3, -1 / 3 + 2]);
    const copies = await copiesAfter(start, { bounded: ['a'], learningRate: 0.1 });
    for (const [i, w] of WEIGHTS.entries()) {
      const slope = (1 - Math.tanh(w) ** 2) / Math.tanh(0.5);
      const gradient = (X[Math.floor(i / 2)] as number) * (dh[i % 2] as number) * slope;
      expect(copies[i], `weight ${i}`).toBeCloseTo(w - 0.1 * gradient, 5);
    }
  });

  it('leave pruned weights at 0', async () => {
    const mask = Uint8Array.of(1, 0, 1, 1);
    const start = chain(dense([0.5, 0, 0.3, 0.35], { mask, values: grid }));
    near(kernelOf(await step(start, { bounded: ['a'], learningRate: 0 })).data, [1, 0, 1 / 3, 1], 6);
    const dh = hiddenGradient([1 + 2 / 3, 2]);
    const copies = await copiesAfter(start, { bounded: ['a'], learningRate: 0.1 });
    expect(copies[1]).toBe(0);
    const slope = (1 - Math.tanh(0.35) ** 2) / Math.tanh(0.5);
    expect(copies[3]).toBeCloseTo(0.35 - 0.1 * 2 * (dh[1] as number) * slope, 5);
  });
});

describe('activation grids', () => {
  it('round what a layer gives, images too, and not the logits', async () => {
    const grid = gridOf(-7, 7, [0.4]);
    // h / 0.4 = 2.75 and 1.25.
    const rounded = [1.2, 0.4];
    near(await logits(chain(dense(WEIGHTS), { a: grid, out: gridOf(0, 255, [1 / 256]) })), [
      (rounded[0] as number) + 0.5 * 0.4,
      -0.6 + 0.8,
      0.3 - 0.4,
    ]);
    // Images to multiples of 0.75: 0.75 and 1.5 (2 / 0.75 = 2.67 is cut to 2).
    const images = [0.75 * 0.5 + 1.5 * 0.3, 0.75 * -0.2 + 1.5 * 0.35];
    near(await logits(chain(dense(WEIGHTS), { in: gridOf(-2, 2, [0.75]) })), [
      (images[0] as number) + 0.5 * (images[1] as number),
      -0.5 * (images[0] as number) + 2 * (images[1] as number),
      0.25 * (images[0] as number) - (images[1] as number),
    ]);
  });

  it('pass gradients straight through inside the range, none outside', async () => {
    // Codes 3 and 1: the first is cut to 2.
    const model = chain(dense(WEIGHTS), { a: gridOf(-2, 2, [0.4]) });
    const dh = hiddenGradient([0.8, 0.4]);
    near(kernelOf(await step(model)).data, [
      0.5,
      -0.2 - (X[0] as number) * (dh[1] as number),
      0.3,
      0.35 - (X[1] as number) * (dh[1] as number),
    ]);
  });
});

describe('trained scales', () => {
  const grid = gridOf(-4, 3, [0.4]);

  it('of activations move by the derivative over sqrt(features * Qp)', async () => {
    const start = chain(dense(WEIGHTS), { a: gridOf(-2, 2, [0.4]) });
    const after = await step(start, { learnSteps: true, learningRate: 0.1 });
    const dh = hiddenGradient([0.8, 0.4]);
    // h1 / 0.4 = 2.75 is beyond 2, which is its slope; h2 / 0.4 = 1.25 lost 0.25.
    const ds = 2 * (dh[0] as number) - 0.25 * (dh[1] as number);
    near(after.activationGrids?.['a']?.scale ?? [], [0.4 - (0.1 * ds) / Math.sqrt(2 * 2)], 6);
    expect(after.activationGrids?.['a']?.zeroPoint).toEqual(Int32Array.of(0));
    expect(start.activationGrids?.['a']?.scale).toEqual(Float32Array.of(0.4));
  });

  it('of a kernel move alike, and its weights lie on the new grid', async () => {
    const on = [0.4, -0.4, 0.4, 0.4];
    const start = chain(dense(on, { values: grid }));
    const after = kernelOf(await step(start, { learnSteps: true, learningRate: 0.1 }));
    // All weights are multiples of the scale: rounding moved none, so nothing pulls on the scale, but on the weights.
    const dh = hiddenGradient([1.2, 0.4]);
    near((after.encoding.values as GridValues).scale, [0.4]);
    const copy = on.map((w, i) => w - 0.1 * (X[i >> 1] as number) * (dh[i % 2] as number));
    near(
      after.data,
      copy.map((w) => 0.4 * Math.min(3, Math.max(-4, roundHalfEven(w / 0.4)))),
    );
  });

  it('have a slope for each channel', async () => {
    // Codes beyond the range, as an earlier clip may leave them: 1.6 / 0.4 = 4 is cut to 3.
    const start = chain(dense([1.6, 0.4, 0.4, -0.4], { values: gridOf(-4, 3, [0.4, 0.2], 1) }));
    const h = [1.2 + 2 * 0.4, 0.4 - 2 * 0.4];
    const dh = hiddenGradient(h);
    const after = kernelOf(await step(start, { learnSteps: true, learningRate: 0.01 }));
    const factor = 1 / Math.sqrt(2 * 3);
    // First channel: slopes 3 (cut) and 0; second: multiples, 0.
    near((after.encoding.values as GridValues).scale, [0.4 - 0.01 * factor * 3 * (dh[0] as number), 0.2], 6);
  });

  it('move by the same share of themselves with Adam', async () => {
    const start = chain(dense(WEIGHTS), { a: gridOf(-2, 2, [0.4]) });
    const after = await step(start, { learnSteps: true, optimizer: ADAM, learningRate: 0.1 });
    const dh = hiddenGradient([0.8, 0.4]);
    const down = Math.sign(2 * (dh[0] as number) - 0.25 * (dh[1] as number));
    // A first step of Adam without bias correction in the rate: 0.1 * 0.1 g / (sqrt(0.001 g^2) + e).
    near(after.activationGrids?.['a']?.scale ?? [], [0.4 * (1 - (down * 0.01) / Math.sqrt(0.001))], 4);
  });

  it('stay above 0', async () => {
    const start = chain(dense(WEIGHTS), { a: gridOf(-2, 2, [0.4]) });
    const dh = hiddenGradient([0.8, 0.4]);
    const rate = 1000 * Math.sign(2 * (dh[0] as number) - 0.25 * (dh[1] as number));
    near(
      (await step(start, { learnSteps: true, learningRate: rate })).activationGrids?.['a']?.scale ?? [],
      [0.0004],
      8,
    );
  });

  it('stay as they are in frozen layers, and without learnSteps', async () => {
    const start = chain(dense(WEIGHTS), { a: gridOf(-2, 2, [0.4]), in: gridOf(-2, 2, [0.7]) });
    expect((await step(start)).activationGrids).toEqual(start.activationGrids);
    const after = await step(start, { learnSteps: true, frozen: ['out', 'in'] });
    expect(after.activationGrids?.['in']).toEqual(start.activationGrids?.['in']);
    expect(after.activationGrids?.['a']).not.toEqual(start.activationGrids?.['a']);
  });
});

describe('other encodings', () => {
  it('halves train as floats and are halves again', async () => {
    const halves = WEIGHTS.map((w) => fromHalf(toHalf(w)));
    const plain = kernelOf(await step(chain(dense(halves)), { learningRate: 0.01 }));
    const after = kernelOf(await step(chain(dense(halves, { values: { kind: 'half' } })), { learningRate: 0.01 }));
    expect([...after.data]).toEqual([...plain.data].map((w) => fromHalf(toHalf(w))));
    expect(after.encoding.values.kind).toBe('half');
    expect([...after.data]).not.toEqual([...plain.data]);
  });

  it('two signs train a float copy: signs times the mean size of each channel', async () => {
    const binary: Encoding = { values: { kind: 'binary', scale: Float32Array.of(0.5, 1.5), axis: 1 } };
    const start = chain(dense([0.5, -1.5, 0.5, 1.5], binary));
    const dh = hiddenGradient([0.5 + 1, -1.5 + 3]);
    const rate = 0.7;
    const after = kernelOf(await step(start, { learningRate: rate }));
    const copy = [0.5 - rate * (dh[0] as number), 0.5 - 2 * rate * (dh[0] as number)];
    // Both signs turn in the first channel; in the second, copies beyond 1 get no gradient.
    expect(copy.every((w) => w < 0)).toBe(true);
    const size = (Math.abs(copy[0] as number) + Math.abs(copy[1] as number)) / 2;
    near(after.data, [-size, -1.5, -size, 1.5]);
    expect(after.encoding.values).toMatchObject({ kind: 'binary', axis: 1 });
    near((after.encoding.values as { scale: Float32Array }).scale, [size, 1.5]);
  });

  it('one scale for all signs: what the layer sees is the mean size', async () => {
    const binary: Encoding = { values: { kind: 'binary', scale: Float32Array.of(0.5), axis: null } };
    const start = chain(dense([0.5, -0.5, 0.5, 0.5], binary));
    const dh = hiddenGradient([1.5, 0.5]);
    const copy = [0.5, -0.5, 0.5, 0.5].map((w, i) => w - 0.01 * (X[i >> 1] as number) * (dh[i % 2] as number));
    const size = copy.reduce((sum, w) => sum + Math.abs(w), 0) / 4;
    near(
      kernelOf(await step(start, { learningRate: 0.01 })).data,
      copy.map((w) => Math.sign(w) * size),
    );
  });
});

describe('group lasso', () => {
  const still = { loss: [{ kind: 'crossEntropy', weight: 0 }] } as const;

  it('pulls each output channel by sqrt(size) along itself, and leaves zeros alone', async () => {
    const after = kernelOf(await step(chain(dense([3, 0, 4, 0])), { ...still, groupLasso: 0.1 }));
    near(after.data, [3 - 0.1 * Math.SQRT2 * 0.6, 0, 4 - 0.1 * Math.SQRT2 * 0.8, 0]);
  });

  it('comes beside l1 and l2', async () => {
    const after = kernelOf(await step(chain(dense([3, 0, 4, 1])), { ...still, groupLasso: 0.1, l1: 0.01, l2: 0.02 }));
    const pulled = (w: number, share: number): number => w - 0.1 * Math.SQRT2 * share - 0.01 * Math.sign(w) - 0.04 * w;
    near(after.data, [pulled(3, 0.6), 0, pulled(4, 0.8), pulled(1, 1)]);
  });
});

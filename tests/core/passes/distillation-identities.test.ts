/**
 * What must hold of the loss that a student is given, whatever the networks: measured on single steps of plain gradient descent through the engine, where the step
 * is the gradient.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { divergenceOf } from '#core/metrics/agreement';
import { tensorOf } from '#core/model/edit';
import type { Layer } from '#core/model/layers';
import type { Model } from '#core/model/model';
import { seededRandom } from '#core/numeric/random';
import type { TrainPoint } from '#core/objective';
import { defaultsOf, type Values } from '#core/params';
import { distillation } from '#core/passes/distillation';
import type { Backend } from '#engine/backend';
import { makeCpuBackend } from '#engine/backends/cpu';
import { makeWasmBackendWith } from '#engine/backends/wasm/backend';
import { makeContext } from '#engine/context';
import type { Dataset } from '#engine/datasets/dataset';
import { outputOf } from '../support/reference-forward';
import { applyPass, modelOf, tensor } from './helpers';

const CLASSES = 3;
const IMAGES = 6;
let backend: Backend;
beforeAll(async () => {
  backend = await makeCpuBackend();
});
afterAll(() => backend.dispose());

/** Images of four pixels from 0 to 1, and labels. */
const random = seededRandom(8);
const pixels = Uint8Array.from({ length: IMAGES * 4 }, () => Math.floor(random() * 256));
const labels = Uint8Array.from({ length: IMAGES }, (_, i) => i % CLASSES);
const part = { count: IMAGES, pixels, labels };
const dataset: Dataset = {
  id: 'four',
  shape: [2, 2, 1],
  classes: ['a', 'b', 'c'].map((en) => ({ en, zh: en })),
  scale: 1 / 255,
  splits: { train: part, validation: part, test: part },
};

/** A network of one layer: four pixels to three logits. */
function linear(seed: number): Model {
  const draw = seededRandom(seed);
  return withWeights(Array.from({ length: 12 }, () => 4 * draw() - 2));
}
function withWeights(weights: readonly number[]): Model {
  const kernel = tensor([4, CLASSES], weights);
  return modelOf(
    [
      { kind: 'input', name: 'in', inputs: [], shape: [2, 2, 1] },
      { kind: 'flatten', name: 'flat', inputs: ['in'] },
      { kind: 'dense', name: 'out', inputs: ['flat'], kernel: kernel.id, activation: { fn: 'softmax' } },
    ],
    [kernel],
  );
}
const teacher = linear(1);
const student = linear(2);
const weightsOf = (model: Model): Float32Array =>
  tensorOf(model, model.layers[2] as Layer, 'kernel')?.data as Float32Array;
const image = (i: number): number[] => Array.from(pixels.subarray(i * 4, i * 4 + 4), (p) => p / 255);
const probabilities = (model: Model, i: number): readonly number[] => [...outputOf(model, image(i))];
const logits = (model: Model, i: number): readonly number[] => probabilities(model, i).map(Math.log);

/** What one step of rate 1 over all images takes away from each weight: the gradient; and the loss before it. Of two epochs, both steps. */
async function step(
  values: Values,
  on: Backend = backend,
): Promise<{ readonly gradient: readonly number[]; readonly loss: number }> {
  const points: TrainPoint[] = [];
  const context = makeContext({
    backend: on,
    dataset,
    seed: 1,
    signal: new AbortController().signal,
    progress: (_done, point) => {
      if (point) points.push(point);
    },
    resolve: async () => ({ kind: 'model', model: teacher }),
  });
  const plain = {
    student: 'same',
    teacher: 'teacher',
    epochs: 1,
    batchSize: IMAGES,
    learningRate: 1,
    optimizer: 'sgd',
  };
  const { model } = await applyPass(distillation, student, { ...plain, ...values }, context);
  const [before, after] = [weightsOf(student), weightsOf(model)];
  return { gradient: Array.from(before, (w, k) => w - (after[k] as number)), loss: points.at(-1)?.trainLoss as number };
}

/** The gradient of the kernel from that of the logits: x^T g, mean over the images. */
function ofKernel(ofLogits: (i: number) => readonly number[]): readonly number[] {
  const sums = new Array<number>(12).fill(0);
  for (let i = 0; i < IMAGES; i++)
    for (let k = 0; k < 12; k++)
      sums[k] =
        (sums[k] as number) + ((image(i)[Math.floor(k / 3)] as number) * (ofLogits(i)[k % 3] as number)) / IMAGES;
  return sums;
}
function expectClose(actual: readonly number[], expected: readonly number[], digits = 5): void {
  expect(actual).toHaveLength(expected.length);
  for (const [k, value] of expected.entries()) expect(actual[k]).toBeCloseTo(value, digits);
}
const softened = (z: readonly number[], T: number): readonly number[] => {
  const parts = z.map((one) => Math.exp(one / T));
  const sum = parts.reduce((total, one) => total + one, 0);
  return parts.map((one) => one / sum);
};

describe("the student's gradient", () => {
  it('at T = 1, a = 1 is that of the cross-entropy with the teacher’s probabilities for labels: q - p', async () => {
    const { gradient } = await step({ temperature: 1, softWeight: 1 });
    expectClose(
      gradient,
      ofKernel((i) => probabilities(student, i).map((q, c) => q - (probabilities(teacher, i)[c] as number))),
    );
  });

  it('at a = 0 is that of the labels, whatever the teacher', async () => {
    const { gradient } = await step({ softWeight: 0, temperature: 7 });
    expectClose(
      gradient,
      ofKernel((i) => probabilities(student, i).map((q, c) => q - (labels[i] === c ? 1 : 0))),
    );
  });

  it('at any T is T (q - p), both softened, and a weighs it', async () => {
    const T = 5;
    const { gradient } = await step({ temperature: T, softWeight: 0.4 });
    expectClose(
      gradient,
      ofKernel((i) =>
        probabilities(student, i).map((q, c) => {
          const soft = (softened(logits(student, i), T)[c] as number) - (softened(logits(teacher, i), T)[c] as number);
          return 0.6 * (q - (labels[i] === c ? 1 : 0)) + 0.4 * T * soft;
        }),
      ),
    );
  });

  it('of the logits’ mean squared error is 2 (z_s - z_t) / K', async () => {
    // A softmax hides what is common to all logits, so the networks' own are worked out here.
    const own = (model: Model, i: number): readonly number[] =>
      Array.from({ length: CLASSES }, (_, c) =>
        image(i).reduce((sum, x, p) => sum + x * (weightsOf(model)[p * 3 + c] as number), 0),
      );
    const { gradient } = await step({ lesson: 'logits', softWeight: 1 });
    expectClose(
      gradient,
      ofKernel((i) => own(student, i).map((z, c) => (2 * (z - (own(teacher, i)[c] as number))) / CLASSES)),
    );
  });
});

describe('a weight of the teacher that falls', () => {
  /** T (q - p) of a student, softened, and that of the labels, each as the kernel's gradient. */
  const soft = (model: Model, T: number) =>
    ofKernel((i) => {
      const [p, q] = [softened(logits(teacher, i), T), softened(logits(model, i), T)];
      return q.map((one, c) => T * (one - (p[c] as number)));
    });
  const hard = (model: Model) => ofKernel((i) => probabilities(model, i).map((q, c) => q - (c === labels[i] ? 1 : 0)));

  it.each([
    ['on the cpu', async () => backend],
    ['on wasm', () => makeWasmBackendWith(null)],
  ] as const)(
    'is 0.8 in the first of two steps and 0.5 in the second, on its way to a quarter: %s',
    async (_, make) => {
      const on = await make();
      // The rate is 1, then half of it along a cosine; labels count 0.2 all along.
      const values = { temperature: 2, softWeight: 0.8, course: 'falling', epochs: 2 };
      const { gradient: both } = await step(values, on);
      if (on !== backend) on.dispose();
      const at = (model: Model, weight: number) =>
        soft(model, 2).map((g, k) => weight * g + 0.2 * (hard(model)[k] as number));
      const first = at(student, 0.8);
      const moved = withWeights(Array.from(weightsOf(student), (w, k) => w - (first[k] as number)));
      // 0.8 (1 - 0.75 / 2) = 0.5.
      const second = at(moved, 0.5);
      expectClose(
        both,
        first.map((g, k) => g + (second[k] as number) / 2),
        4,
      );
    },
  );

  it('is told by the loss too, and by the formula', async () => {
    const values = { temperature: 3, softWeight: 0.8, epochs: 2 };
    const [steady, falling] = [await step(values), await step({ ...values, course: 'falling' })];
    expect(falling.loss).toBeLessThan(steady.loss);
    const complete = { ...defaultsOf(distillation.params), softWeight: 0.8 } as const;
    expect(distillation.formula({ ...complete, course: 'falling' })).toMatchObject({
      en: expect.stringContaining('+ (0.8 → 0.2) · 4² · KL'),
    });
    expect(distillation.formula(complete)).toMatchObject({ en: expect.stringContaining('+ 0.8 · 4² · KL') });
  });
});

describe("the student's loss", () => {
  const mean = (of: (i: number) => number): number =>
    Array.from({ length: IMAGES }, (_, i) => of(i)).reduce((sum, x) => sum + x, 0) / IMAGES;

  it('is (1 - a) CE + a T^2 KL', async () => {
    const { loss } = await step({ temperature: 3, softWeight: 0.3 });
    const [all, others] = [teacher, student].map((model) =>
      Array.from({ length: IMAGES }, (_, i) => logits(model, i)).flat(),
    );
    const soft = 9 * divergenceOf(all as number[], others as number[], CLASSES, 3);
    const hard = mean((i) => -(logits(student, i)[labels[i] as number] as number));
    expect(loss).toBeCloseTo(0.7 * hard + 0.3 * soft, 4);
  });

  it('tends, as T grows, to the squared difference of centred logits over 2K', async () => {
    const centred = (model: Model, i: number): readonly number[] => {
      const own = logits(model, i);
      const middle = own.reduce((sum, z) => sum + z, 0) / CLASSES;
      return own.map((z) => z - middle);
    };
    const limit = mean((i) =>
      centred(student, i).reduce((sum, z, c) => sum + (z - (centred(teacher, i)[c] as number)) ** 2 / (2 * CLASSES), 0),
    );
    const far = async (temperature: number): Promise<number> =>
      Math.abs((await step({ temperature, softWeight: 1 })).loss - limit) / limit;
    const [near, far20] = [await far(5), await far(20)];
    expect(far20).toBeLessThan(near / 3);
    expect(far20).toBeLessThan(0.05);
  });
});

/** Batches of two parts: labels count only in the one, teachers only in the other, and each as much as a whole batch. */
import { describe, expect, it } from 'vitest';
import { createModel } from '#core/model/create';
import type { LossTerm } from '#core/objective';
import { makeWasmBackend } from '#engine/backends/wasm/backend';
import { trainingPlan } from '#engine/plan';
import { train } from '#engine/train';
import { NETWORKS, objectiveFor, tinyBars } from './suite/cases-training';

const wasm = await makeWasmBackend();
const teacher = { kind: 'model', model: createModel(NETWORKS.residual, 2) } as const;
const loss: LossTerm[] = [
  { kind: 'crossEntropy', weight: 0.4 },
  { kind: 'distillation', weight: 0.6, temperature: 2, teacher },
];
const objective = objectiveFor(createModel(NETWORKS.plain, 1), { loss, optimizer: { kind: 'sgd' }, l2: 0 });

interface Fed {
  readonly labels?: readonly number[];
  readonly answers?: readonly number[];
  readonly images?: readonly number[];
}
/** The trained values after one step, and the loss. */
async function step(
  transfer: number | null,
  { labels = [0, 1, 2, 0], answers = [], images = [0, 1, 2, 3] }: Fed = {},
): Promise<{ values: Float32Array[]; loss: number }> {
  const plan = trainingPlan(objective, 4, { transfer });
  const program = await wasm.compile(plan.plan);
  for (const { slot, data } of plan.writes) program.write(slot, data);
  program.write(
    plan.input,
    Float32Array.from(images.flatMap((n) => Array.from({ length: 64 }, (_, i) => ((i * (n + 3)) % 7) / 7))),
  );
  program.write(plan.labels, Float32Array.from(labels));
  const [answer] = plan.teachers;
  program.write(
    answer?.slot as number,
    Float32Array.from({ length: 12 }, (_, i) => answers[i] ?? (i % 5) - 2),
  );
  program.write(plan.rate, Float32Array.of(0.1));
  program.run();
  const values = [];
  for (const { slot } of plan.trained) values.push(await program.read(slot));
  const [sum, , weight] = (await program.read(plan.sums)) as unknown as [number, number, number];
  program.dispose();
  return { values, loss: sum / weight };
}

describe('a mixed batch', () => {
  it('looks at labels in its second part only', async () => {
    const first = await step(2);
    expect(await step(2, { labels: [2, 3, 2, 0] })).toEqual(first);
    expect((await step(2, { labels: [0, 1, 1, 0] })).values).not.toEqual(first.values);
  });

  it('looks at the teacher in its first part only', async () => {
    const first = await step(2);
    const same = [0, 1, 2, 3, 4, 5].map((i) => (i % 5) - 2);
    expect(await step(2, { answers: [...same, 9, 9, 0, 1, 2, 3] })).toEqual(first);
    expect((await step(2, { answers: [5, 0, 0] })).values).not.toEqual(first.values);
  });

  it('is what a whole batch is, where both parts are the same images', async () => {
    const images = [0, 1, 0, 1];
    const labels = [0, 1, 0, 1];
    const answers = [0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5];
    const mixed = await step(2, { images, labels, answers });
    const whole = await step(null, { images, labels, answers });
    expect(mixed.loss).toBeCloseTo(whole.loss, 5);
    mixed.values.forEach((one, i) => {
      one.forEach((value, k) => {
        expect(value).toBeCloseTo(whole.values[i]?.[k] as number, 5);
      });
    });
  });
});

describe('figures of a run', () => {
  const last = async (data: { transfer: 'all' | 'noise' }, terms: LossTerm[]): Promise<number> => {
    let accuracy = 0;
    await train(wasm, { ...objective, loss: terms, data }, tinyBars, {
      validate: false,
      onProgress: ({ point }) => {
        accuracy = point.trainAccuracy;
      },
    });
    return accuracy;
  };
  it('are right about images, never about noise', async () => {
    expect(await last({ transfer: 'noise' }, [loss[1] as LossTerm])).toBeNaN();
    const mixed = await last({ transfer: 'noise' }, loss);
    expect(mixed).toBeGreaterThan(0.2);
    expect(mixed).toBeLessThanOrEqual(1);
  });
});

describe('a teacher that runs along', () => {
  it('answers as it does when it is asked beforehand', async () => {
    const losses = async (terms: LossTerm[]): Promise<number[]> => {
      const all: number[] = [];
      await train(wasm, { ...objective, loss: terms }, tinyBars, {
        validate: false,
        reportEvery: 0,
        onProgress: ({ point }) => all.push(point.trainLoss),
      });
      return all;
    };
    const looked = await losses(loss);
    // An imitation that counts for nothing makes the teacher run along.
    const [layer] = teacher.model.layers.filter(({ kind }) => kind === 'conv2d');
    const [own] = objective.model.layers.filter(({ kind }) => kind === 'conv2d');
    const pairs = [{ teacherLayer: layer?.name as string, studentLayer: own?.name as string }];
    const along = await losses([...loss, { kind: 'attention', weight: 0, teacher, pairs }]);
    expect(along).toHaveLength(looked.length);
    along.forEach((one, i) => {
      expect(one).toBeCloseTo(looked[i] as number, 4);
    });
  });
});

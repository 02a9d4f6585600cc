/** The PassContext: a pass trains, distils, measures and stops through it. */
import { describe, expect, it } from 'vitest';
import { createModel } from '#core/model/create';
import { ADAM, type Objective } from '#core/objective';
import { PassError } from '#core/pass';
import { makeCpuBackend } from '#engine/backends/cpu';
import { makeContext } from '#engine/context';
import { forgetPrograms } from '#engine/inference';
import { teacherLogits } from '#engine/teachers';
import { makeBars } from './bars';
import { NETWORKS } from './suite/cases-training';

const bars = makeBars({ train: 96, validation: 30, test: 30 });
const student = createModel(NETWORKS.plain, 1);
const teacher = createModel(NETWORKS.residual, 2);

async function context(signal = new AbortController().signal, dataset: typeof bars | null = bars) {
  const done: number[] = [];
  const made = makeContext({
    backend: await makeCpuBackend(),
    dataset,
    seed: 5,
    signal,
    progress: (share) => done.push(share),
    resolve: async (id) => {
      if (id === 'teacher') return { kind: 'model', model: teacher };
      throw new PassError({ en: 'gone', zh: '已不存在' });
    },
  });
  return { made, done };
}
const distil = async (made: Awaited<ReturnType<typeof context>>['made']): Promise<Objective> => ({
  model: student,
  optimizer: ADAM,
  learningRate: 0.01,
  schedule: { kind: 'constant' },
  epochs: 2,
  batchSize: 32,
  seed: 1,
  l1: 0,
  l2: 0,
  loss: [
    { kind: 'crossEntropy', weight: 0.5 },
    { kind: 'distillation', weight: 0.5, temperature: 4, teacher: await made.predictor('teacher') },
  ],
});

describe('makeContext', () => {
  it('trains with a teacher and reports its progress to the end', async () => {
    const { made, done } = await context();
    const trained = await made.train(await distil(made));
    expect(trained.layers.map((layer) => layer.name)).toEqual(student.layers.map((layer) => layer.name));
    expect(Object.keys(trained.tensors)).not.toEqual(Object.keys(student.tensors));
    expect(done.at(-1)).toBe(1);
    expect(done.every((share, i) => i === 0 || share >= (done[i - 1] as number))).toBe(true);
  });

  it('asks a teacher once for each data set', async () => {
    const backend = await makeCpuBackend();
    forgetPrograms(backend);
    const fresh = { ...bars };
    const first = await teacherLogits(backend, { kind: 'model', model: teacher }, fresh, {});
    const { uploads } = backend.counts();
    expect(await teacherLogits(backend, { kind: 'model', model: teacher }, fresh, {})).toBe(first);
    expect(backend.counts().uploads).toBe(uploads);
    expect(first).toHaveLength(96 * 3);
  });

  it('measures on what may be chosen by, and hands on a seeded stream', async () => {
    const { made } = await context();
    const accuracy = await made.accuracy({ kind: 'model', model: student }, 'validation', 20);
    expect(accuracy * 20).toBe(Math.round(accuracy * 20));
    expect([made.random(), made.random()]).toEqual(
      await context().then(({ made: other }) => [other.random(), other.random()]),
    );
    await expect(made.predictor('other')).rejects.toThrow(PassError);
  });

  it('shows the same training images at every call, and no others', async () => {
    const { made } = await context();
    const seen = async (images: number): Promise<Float32Array> => {
      const all: number[] = [];
      const taps = [{ layer: student.layers[1]?.name as string, at: 'input' }] as const;
      await made.capture(student, { taps, images, batch: 10 }, ({ values }) => {
        all.push(...(values[0] as Float32Array));
      });
      return Float32Array.from(all);
    };
    const some = await seen(24);
    expect(some).toHaveLength(24 * 64);
    expect(await seen(24)).toEqual(some);
    expect(await seen(1000)).toHaveLength(96 * 64);
    const known = new Set(
      Array.from({ length: 96 }, (_, i) => bars.splits.train.pixels.subarray(64 * i, 64 * i + 64).join()),
    );
    for (let i = 0; i < 24; i++)
      expect(known).toContain([...some.subarray(64 * i, 64 * i + 64)].map((value) => Math.round(255 * value)).join());
    const abort = new AbortController();
    const { made: stopped } = await context(abort.signal);
    const request = { taps: [], images: 96, batch: 10 };
    await expect(stopped.capture(student, request, () => abort.abort())).rejects.toThrow(/abort/i);
  });

  it('lets a hook revise what it trains', async () => {
    const { made } = await context();
    const seen: number[] = [];
    const revise = (model: typeof student, done: number) => {
      seen.push(done);
      return model;
    };
    await made.train(await distil(made), { every: 1, revise });
    expect(seen).toEqual([0, 0.5]);
  });

  it('stops when aborted, and says when there is no data', async () => {
    const abort = new AbortController();
    abort.abort();
    const { made } = await context(abort.signal);
    await expect(distil(made).then((objective) => made.train(objective))).rejects.toThrow(/abort/i);
    const { made: bare } = await context(undefined, null);
    await expect(bare.accuracy({ kind: 'model', model: student }, 'train')).rejects.toThrow(/data set/);
  });
});

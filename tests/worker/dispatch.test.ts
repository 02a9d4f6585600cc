import { beforeAll, describe, expect, it } from 'vitest';
import type { Architecture } from '#core/architecture';
import { createModel } from '#core/model/create';
import type { Values } from '#core/params';
import type { Recipe } from '#core/recipe';
import type { ModelId, PreviewResult, TrainProgress, TrainSettings } from '#worker/protocol';
import { memoryFiles } from '#worker/vault/files';
import { makeSetting, type Setting, SETTINGS as settings } from './setting';

/** Small enough for the slowest backend. */
const architecture: Architecture = {
  name: 'Tiny',
  input: [8, 8, 1],
  classes: 10,
  rows: [
    { kind: 'conv2d', filters: 4, kernel: 3, stride: 2, padding: 'same', activation: 'relu', bias: true },
    { kind: 'flatten' },
    { kind: 'dense', units: 16, activation: 'relu', bias: true },
    { kind: 'dense', units: 10, activation: 'linear', bias: true },
  ],
};
const step = (sparsity: number) => ({ pass: 'magnitude-pruning', values: { sparsity } });

let it_: Setting;
let untrained: ModelId;
let trained: Awaited<ReturnType<typeof train>>;
const train = (
  paused = false,
  onProgress: (progress: TrainProgress) => void = () => undefined,
  some: Partial<TrainSettings> = {},
) =>
  it_.call(
    'train',
    { model: untrained, dataset: 'digits', settings: { ...settings, ...some }, paused },
    {
      onProgress: (told) => {
        if (!('compiling' in told)) onProgress(told);
      },
    },
  );
const question = (sparsity: number, rest = true) => ({
  model: trained.model.id,
  dataset: 'digits' as const,
  step: step(sparsity),
  seed: 1,
  parents: {},
  rest,
});

beforeAll(async () => {
  it_ = makeSetting();
  untrained = (await it_.call('create', { architecture, seed: 1 })).id;
  trained = await train();
}, 120_000);

describe('calls of the engine', () => {
  it('start tells the backend and whether models outlive the page', async () => {
    const seen: unknown[] = [];
    const started = await it_.call('start', { backend: 'auto' }, { onProgress: (report) => seen.push(report) });
    expect(started).toMatchObject({ chosen: 'cpu', saved: false, backends: [{ name: 'cpu', available: true }] });
    expect(seen).toHaveLength(1);
  });

  it('loadDataset tells what is in it', async () => {
    const digits = await it_.call('loadDataset', { id: 'digits' });
    expect(digits.sizes).toEqual({ train: 1197, validation: 300, test: 300 });
    expect(digits.counts.test.reduce((sum, count) => sum + count, 0)).toBe(300);
    expect(digits.samples[0]?.pixels).toHaveLength(64);
    await expect(it_.call('loadDataset', { id: 'mnist' })).rejects.toMatchObject({ code: 'dataset-fetch' });
  });

  it('create sums a model up', async () => {
    const summary = await it_.call('create', { architecture, seed: 1 });
    expect(summary.id).toBe(untrained);
    expect(summary).toMatchObject({ inputShape: [8, 8, 1], classes: 10, name: 'Tiny' });
    expect(summary.parameters).toBe(summary.layers.reduce((sum, layer) => sum + layer.parameters, 0));
    expect(summary.macs).toBe(summary.layers.reduce((sum, layer) => sum + layer.macs, 0));
    expect(summary.bytes).toBeGreaterThan(summary.parameters);
    const bad: Architecture = { ...architecture, rows: [{ kind: 'dense', units: -1, activation: 'relu', bias: true }] };
    await expect(it_.call('create', { architecture: bad, seed: 1 })).rejects.toMatchObject({ code: 'shape' });
  });

  it('train learns, and measures with intervals', () => {
    expect(trained.stopped).toBe(false);
    expect(trained.test.images).toBe(300);
    expect(trained.validation.images).toBe(300);
    expect(trained.test.value).toBeGreaterThan(0.8);
    expect(trained.test.low).toBeLessThan(trained.test.value);
    expect(trained.test.high).toBeGreaterThan(trained.test.value);
    expect(trained.model.meta).toMatchObject({
      dataset: 'digits',
      classes: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
    });
    expect(trained.model.id).not.toBe(untrained);
  });

  it('train gives the same model for the same seed, another one for another', async () => {
    expect((await train()).model.id).toBe(trained.model.id);
    expect((await train(false, undefined, { seed: 4 })).model.id).not.toBe(trained.model.id);
  }, 60_000);

  it('train can be paused, stepped and stopped; sliders and sweeps work meanwhile', async () => {
    const seen: TrainProgress[] = [];
    const run = train(true, (progress) => seen.push(progress));
    const until = async (condition: () => boolean): Promise<void> => {
      while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
    };
    await until(() => it_.session.training !== null);
    await it_.call('trainControl', { action: 'step' });
    await until(() => seen.length === 1);
    expect(seen[0]).toMatchObject({ state: 'paused', point: { step: 1 } });
    // A paused run holds nobody up.
    await it_.call('sweep', { ...question(0.5), param: 'sparsity', values: [0.4] });
    await it_.call('trainControl', { action: 'step' });
    await until(() => seen.at(-1)?.point.step === 2);
    await it_.call('trainControl', { action: 'resume' });
    const preview = await it_.call('preview', question(0.55));
    expect(preview.accuracy?.images).toBe(300);
    expect(it_.session.training).not.toBeNull();
    await it_.call('trainControl', { action: 'stop' });
    const result = await run;
    expect(result.stopped).toBe(true);
    expect(it_.session.training).toBeNull();
  }, 60_000);

  it('train with a regulariser or augmentation gives another model, and with none of it the same', async () => {
    const one = { epochs: 1 };
    const plain = await train(false, undefined, one);
    const nothing = await train(false, undefined, { ...one, labelSmoothing: 0, groupLasso: 0, shift: 0 });
    expect(nothing.model.id).toBe(plain.model.id);
    for (const some of [{ labelSmoothing: 0.1 }, { shift: 1 }, { groupLasso: 0.001 }])
      expect((await train(false, undefined, { ...one, ...some })).model.id, JSON.stringify(some)).not.toBe(
        plain.model.id,
      );
  }, 60_000);

  it('train that is aborted leaves nothing', async () => {
    const stop = new AbortController();
    const run = it_.call(
      'train',
      { model: untrained, dataset: 'digits', settings, paused: false },
      { signal: stop.signal, onProgress: () => stop.abort() },
    );
    await expect(run).rejects.toMatchObject({ code: 'aborted' });
    expect(it_.session.training).toBeNull();
  });

  it('train with another dropout rate keeps the model’s own', async () => {
    const rows = [
      ...architecture.rows.slice(0, -1),
      { kind: 'dropout', rate: 0.5 } as const,
      ...architecture.rows.slice(-1),
    ];
    const model = await it_.call('create', { architecture: { ...architecture, rows }, seed: 1 });
    const result = await it_.call('train', {
      model: model.id,
      dataset: 'digits',
      settings: { ...settings, epochs: 1, dropout: 0 },
      paused: false,
    });
    const kept = await (await it_.session.vault).get(result.model.id);
    expect(kept.layers.find(({ kind }) => kind === 'dropout')).toMatchObject({ rate: 0.5 });
  }, 60_000);

  it('evaluate agrees with what training measured', async () => {
    const test = await it_.call('evaluate', { model: trained.model.id, dataset: 'digits', split: 'test' });
    expect(test).toEqual(trained.test);
    await expect(it_.call('evaluate', { model: 'gone', dataset: 'digits', split: 'test' })).rejects.toMatchObject({
      code: 'model-gone',
    });
  });

  it('a method that changes nothing leaves the model in the vault as it was, its name too', async () => {
    const vault = await it_.session.vault;
    const { name } = await vault.get(trained.model.id);
    const applied = await it_.call('apply', {
      model: trained.model.id,
      dataset: 'digits',
      recipe: { version: 1, seed: 1, steps: [{ pass: 'bias-correction', values: {} }] },
      name: 'Another',
      parents: {},
    });
    expect(applied.model.id).toBe(trained.model.id);
    expect((await vault.get(trained.model.id)).name).toBe(name);
  });

  it('preview counts at once and estimates accuracy; what it says is what Apply makes', async () => {
    const progress: PreviewResult[] = [];
    const preview = await it_.call('preview', question(0.8), { onProgress: (one) => progress.push(one) });
    expect(progress.length).toBeGreaterThan(0);
    const applied = await it_.call('apply', {
      model: trained.model.id,
      dataset: 'digits',
      recipe: { version: 1, seed: 1, steps: [step(0.8)] },
      name: 'pruned',
      parents: {},
    });
    expect(applied.model).toMatchObject({
      name: 'pruned',
      nonZero: preview.nonZero,
      parameters: preview.parameters,
      macs: preview.macs,
    });
    expect(preview.bytes).toBe(applied.model.bytes);
    expect(preview.accuracy?.value).toBeCloseTo(applied.validation?.value as number, 12);
    expect(applied.model.layers.find(({ kind }) => kind === 'conv2d')?.encoding.sparsity).toBeGreaterThan(0);
    // Zero flips still have a width.
    const same = await it_.call('preview', question(0));
    expect(same.accuracy?.value).toBeCloseTo(trained.validation.value, 12);
    expect((same.accuracy?.high as number) - (same.accuracy?.low as number)).toBeGreaterThan(0);
  });

  it('preview: the latest of those that wait wins', async () => {
    const outcomes = await Promise.allSettled(
      [0.1, 0.2, 0.3, 0.4].map((sparsity) => it_.call('preview', question(sparsity, false))),
    );
    expect(outcomes.at(-1)?.status).toBe('fulfilled');
    const rejected = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(rejected.length).toBeGreaterThan(0);
    for (const outcome of rejected) expect(outcome.reason).toMatchObject({ code: 'aborted' });
  });

  it('preview of a pass that trains shows size without accuracy', async () => {
    const values = { student: 'channels', width: 0.5 };
    const preview = await it_.call('preview', { ...question(0), step: { pass: 'distillation', values } });
    expect(preview.accuracy).toBeNull();
    expect(preview.parameters).toBeLessThan(trained.model.parameters);
    const tuned = await it_.call('preview', { ...question(0), step: { pass: 'fine-tuning', values: {} } });
    expect(tuned).toMatchObject({ accuracy: null, parameters: trained.model.parameters });
  });

  it('preview tells what a pass would give up of what earlier steps achieved, and the summary what that is', async () => {
    const steps = [step(0.5), { pass: 'weight-quantization', values: { bits: 4 } }];
    const { model } = await it_.call('apply', {
      model: trained.model.id,
      dataset: 'digits',
      recipe: { version: 1, seed: 1, steps },
      name: 'small',
      parents: {},
    });
    const held = model.layers.flatMap(({ encoding }) => (encoding.kind === 'grid' ? [encoding] : []));
    expect(held).toHaveLength(3);
    for (const encoding of held) expect(encoding).toMatchObject({ bits: 4, masked: true });
    const ahead = async (pass: string, values: object) => {
      const asked = { ...question(0), model: model.id, step: { pass, values: values as Values } };
      return (await it_.call('preview', asked)).lost?.map(({ en }) => en);
    };
    expect(await ahead('distillation', { student: 'fresh' })).toEqual([
      'After this step this model is no longer pruned and no longer quantized to 4 bits.',
    ]);
    expect(await ahead('distillation', { student: 'same' })).toBeUndefined();
    expect(await ahead('weight-sharing', { clusters: 4, layers: ['dense_1'] })).toEqual([
      'After this step dense_1 is no longer quantized to 4 bits.',
    ]);
    expect(await ahead('fine-tuning', {})).toBeUndefined();
  });

  it('sweep gives a point for each value and can be aborted', async () => {
    const seen: number[] = [];
    const points = await it_.call(
      'sweep',
      { ...question(0.5), param: 'sparsity', values: [0, 0.5, 0.95] },
      { onProgress: ({ value }) => seen.push(value) },
    );
    expect(points.map(({ value }) => value)).toEqual([0, 0.5, 0.95]);
    expect(seen).toEqual([0, 0.5, 0.95]);
    expect((points[0]?.nonZero as number) > (points[2]?.nonZero as number)).toBe(true);
    const stop = new AbortController();
    const aborted = it_.call(
      'sweep',
      { ...question(0.5), param: 'sparsity', values: [0.11, 0.12, 0.13] },
      { signal: stop.signal, onProgress: () => stop.abort() },
    );
    await expect(aborted).rejects.toMatchObject({ code: 'aborted' });
  });

  it('apply runs a whole recipe, with training and another model as teacher', async () => {
    const steps = [
      { pass: 'magnitude-pruning', values: { sparsity: 0.5 } },
      { pass: 'fine-tuning', values: { epochs: 1 } },
      { pass: 'weight-quantization', values: { bits: 8 } },
    ];
    const runs: TrainProgress[] = [];
    const told: number[] = [];
    const asked = { model: trained.model.id, dataset: 'digits' as const, name: 'small', parents: {} };
    const recipe: Recipe = { version: 1, seed: 1, steps };
    const applied = await it_.call(
      'apply',
      { ...asked, recipe },
      {
        onProgress({ train, outcome }) {
          if (train) runs.push(train);
          if (outcome) told.push(outcome.step);
        },
      },
    );
    expect(told).toEqual([0, 1, 2]);
    expect(applied.reports.map(({ pass }) => pass)).toEqual(steps.map(({ pass }) => pass));
    const [pruned, , quantized] = applied.reports;
    expect(pruned?.before.nonZero).toBe(trained.model.nonZero);
    expect(pruned?.after.nonZero).toBeLessThan(trained.model.nonZero * 0.6);
    expect(quantized).toMatchObject({ validation: applied.validation, bytes: applied.model.bytes });
    // The same from any step on: what the first one gave, and then the others where they stand.
    const first = await it_.call('apply', { ...asked, recipe: { ...recipe, steps: steps.slice(0, 1) } });
    expect(first.validation).toEqual(pruned?.validation);
    const rest = await it_.call('apply', { ...asked, model: first.model.id, recipe, from: 1 });
    expect(rest.model.id).toBe(applied.model.id);
    expect(rest.reports).toEqual(applied.reports.slice(1));
    const failing = { ...recipe, steps: [...steps, { pass: 'distillation', values: { teacher: 'node-9' } }] };
    await expect(it_.call('apply', { ...asked, recipe: failing, from: 2 })).rejects.toMatchObject({
      code: 'pass',
      step: 3,
      words: { en: expect.stringMatching(/^Step 4 \(Distillation\): /) },
    });
    const encodings = applied.model.layers.flatMap(({ encoding }) => (encoding.kind === 'grid' ? [encoding] : []));
    expect(encodings.length).toBeGreaterThan(0);
    expect(encodings[0]).toMatchObject({ bits: 8 });
    const zeros = applied.model.layers.filter(({ encoding }) => encoding.sparsity > 0).length;
    expect(zeros).toBeGreaterThan(0);
    expect(runs.length).toBeGreaterThan(0);
    expect(applied.test?.value).toBeGreaterThan(0.5);
    const distilled = await it_.call('apply', {
      model: applied.model.id,
      dataset: 'digits',
      recipe: {
        version: 1,
        seed: 1,
        steps: [{ pass: 'distillation', values: { teacher: 'node-1', student: 'same', epochs: 1 } }],
      },
      name: 'student',
      parents: { 'node-1': trained.model.id },
    });
    expect(distilled.model.name).toBe('student');
    const gone = it_.call('apply', {
      model: trained.model.id,
      dataset: 'digits',
      recipe: { version: 1, seed: 1, steps: [{ pass: 'distillation', values: { teacher: 'node-9', epochs: 1 } }] },
      name: 'student',
      parents: {},
    });
    await expect(gone).rejects.toMatchObject({ code: 'pass', step: 0 });
  }, 120_000);

  it('latency is the median of 30 runs', async () => {
    const latency = await it_.call('latency', { model: trained.model.id });
    expect(latency).toMatchObject({ backend: 'cpu', runs: 30 });
    expect(latency.medianMs).toBeGreaterThan(0);
    expect(latency.p95Ms).toBeGreaterThanOrEqual(latency.medianMs);
  });

  for (const format of ['tfjs-layers', 'keras-h5'] as const) {
    it(`export writes, reads back and measures (${format})`, async () => {
      const file = await it_.call('export', {
        model: trained.model.id,
        name: trained.model.name,
        dataset: 'digits',
        format,
        unsupportedGrids: 'float',
      });
      expect(file.bytes.length).toBeGreaterThan(1000);
      expect(file.validation).toEqual(trained.validation);
      expect(file.test).toEqual(trained.test);
      expect(file.largestDifference).toBe(0);
      if (format === 'tfjs-layers') expect(file.bytes.length).toBe(trained.model.bytes);
    });
  }

  it('open takes a model from a channel, checks it, and finds data sets that fit', async () => {
    const send = (model: unknown) => {
      const { port1, port2 } = new MessageChannel();
      port1.postMessage({ predictor: { kind: 'model', model }, name: 'dropped', format: 'keras-h5', notes: [] });
      return it_.call('open', { port: port2 } as never).finally(() => port1.close());
    };
    const model = { ...createModel(architecture, 7), name: 'dropped' };
    const opened = await send(model);
    expect(opened).toMatchObject({ format: 'keras-h5', fits: ['digits'], model: { name: 'dropped' } });
    expect(await it_.call('held', { models: [opened.model.id] })).toEqual([opened.model.id]);
    await expect(send({ ...model, outputs: ['nowhere'] })).rejects.toMatchObject({
      code: 'model-unknown-output',
      where: 'nowhere',
    });
  });

  it('a call that fails leaves the worker answering', async () => {
    await expect(it_.call('preview', { ...question(0.5), model: 'gone' })).rejects.toMatchObject({
      code: 'model-gone',
    });
    await expect(
      it_.call('preview', { ...question(0.5), step: { pass: 'no-such', values: {} } }),
    ).rejects.toMatchObject({ code: 'pass' });
    expect((await it_.call('preview', question(0.5))).accuracy).not.toBeNull();
  });
});

describe('a worker that died', () => {
  it('is replaced without losing a model', async () => {
    const files = { ...memoryFiles(), persistent: true };
    const first = makeSetting({ files });
    const summary = await first.call('create', { architecture, seed: 9 });
    const second = makeSetting({ files });
    expect(await second.call('held', { models: [summary.id, 'x'] })).toEqual([summary.id]);
    const measured = await second.call('evaluate', { model: summary.id, dataset: 'digits', split: 'validation' });
    expect(measured.images).toBe(300);
    expect(await second.call('held', { models: [], keepOnly: true })).toEqual([]);
    expect(await makeSetting({ files }).call('held', { models: [summary.id] })).toEqual([]);
  });
});

/** A run that goes on from a checkpoint ends in the same bytes as one that nothing disturbed. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Architecture } from '#core/architecture';
import { createModel } from '#core/model/create';
import { mapPrunable } from '#core/model/edit';
import { modelId } from '#core/model/hash';
import type { Model } from '#core/model/model';
import { makeTensor } from '#core/model/tensor';
import { ADAM, type Objective } from '#core/objective';
import { magnitudePruning } from '#core/passes/magnitude-pruning';
import { weightQuantization } from '#core/passes/weight-quantization';
import { weightSharing } from '#core/passes/weight-sharing';
import { type Backend, BackendError, type Program } from '#engine/backend';
import { makeCpuBackend } from '#engine/backends/cpu';
import { makeWasmBackend } from '#engine/backends/wasm/backend';
import type { Checkpoint } from '#engine/checkpoint';
import { type TrainOptions, train } from '#engine/train';
import { makeBars } from './bars';

/** Batch normalisation has moving statistics, dropout needs noise, Adam has moments: all of it must come back. */
const ARCHITECTURE: Architecture = {
  name: 'Tiny',
  input: [8, 8, 1],
  classes: 3,
  rows: [
    { kind: 'conv2d', filters: 4, kernel: 3, stride: 2, padding: 'same', activation: 'relu', bias: true },
    { kind: 'batchNorm' },
    { kind: 'flatten' },
    { kind: 'dropout', rate: 0.2 },
    { kind: 'dense', units: 3, activation: 'linear', bias: true },
  ],
};
const bars = makeBars({ train: 320, validation: 90, test: 90 });
const objective = (model: Model = createModel(ARCHITECTURE, 1), change: Partial<Objective> = {}): Objective => ({
  model,
  loss: [{ kind: 'crossEntropy', weight: 1 }],
  optimizer: ADAM,
  learningRate: 0.01,
  schedule: { kind: 'cosine' },
  epochs: 3,
  batchSize: 32,
  seed: 7,
  l1: 0,
  l2: 1e-4,
  ...change,
});

/** Trains with a checkpoint after every step; they are copied as they come, as writing them to a disk does. */
async function recorded(backend: Backend, of: Objective, options: TrainOptions = {}) {
  const checkpoints: Checkpoint[] = [];
  const outcome = await train(backend, of, bars, {
    validate: false,
    checkpointEvery: 0,
    onCheckpoint: (one) => checkpoints.push({ ...one, values: one.values.map((values) => values.slice()) }),
    ...options,
  });
  return { checkpoints, outcome };
}

const backends: [string, () => Promise<Backend>][] = [
  ['cpu', makeCpuBackend],
  ['wasm', makeWasmBackend],
];
describe.each(backends)('a checkpoint on %s', (_name, make) => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await make();
  });

  it('holds all that a run needs to end in the same bytes, wherever it was taken', async () => {
    const straight = await train(backend, objective(), bars, { validate: false });
    const { checkpoints, outcome } = await recorded(backend, objective());
    expect(modelId(outcome.model)).toBe(modelId(straight.model));
    expect(checkpoints.map(({ step }) => step)).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
    // In an epoch, at its end, and before the last batch.
    for (const at of [4, 10, 29]) {
      const from = checkpoints[at - 1] as Checkpoint;
      expect(from).toMatchObject({ step: at, epoch: at / 10 });
      const rest = await train(backend, objective(), bars, { from, validate: false });
      expect(rest.steps).toBe(30);
      expect(modelId(rest.model)).toBe(modelId(straight.model));
    }
    // Each part counts: with the moments at 0 the end is another.
    const from = checkpoints[9] as Checkpoint;
    const halved = {
      ...from,
      values: from.values.map((values, i) => (i % 2 ? new Float32Array(values.length) : values)),
    };
    const other = await train(backend, objective(), bars, { from: halved, validate: false });
    expect(modelId(other.model)).not.toBe(modelId(straight.model));
  });

  it('goes on with the same images, moved alike, the same noise, and copies behind masks', async () => {
    const teacher = { kind: 'model', model: createModel(ARCHITECTURE, 2) } as const;
    const pruned = mapPrunable(createModel(ARCHITECTURE, 1), [], (_layer, { shape, data, encoding }) => {
      const mask = Uint8Array.from(data, (_, i) => i % 2);
      return makeTensor(
        shape,
        data.map((value, i) => value * (i % 2)),
        { ...encoding, mask },
      );
    });
    const change: Partial<Objective> = {
      augment: { shift: 2 },
      regrow: true,
      epochs: 1,
      loss: [
        { kind: 'crossEntropy', weight: 0.5 },
        { kind: 'distillation', weight: 0.5, temperature: 2, teacher },
      ],
    };
    for (const data of [{ transfer: 'noise' }, { transfer: 'all', labelled: 40 }] as const) {
      const of = objective(pruned, { ...change, data });
      const { checkpoints, outcome } = await recorded(backend, of);
      expect(checkpoints).toHaveLength(20);
      const from = checkpoints[6] as Checkpoint;
      const rest = await train(backend, of, bars, { from, validate: false });
      expect(modelId(rest.model)).toBe(modelId(outcome.model));
    }
  });

  it('keeps masks, grids and codebooks', async () => {
    const base = createModel(ARCHITECTURE, 1);
    const context = { random: () => 0.5, signal: new AbortController().signal, progress: () => undefined } as never;
    for (const [pass, values] of [
      [magnitudePruning, { sparsity: 0.5, scope: 'global', layers: [] }],
      [weightQuantization, { bits: 4, layers: [] }],
      [weightSharing, { clusters: 4, layers: [] }],
    ] as const) {
      const full = { ...defaults(pass.params), ...values } as never;
      const prepared = await pass.prepare?.(base, full, context);
      const { model } = await pass.apply(base, full, context, prepared as never);
      const { checkpoints, outcome } = await recorded(backend, objective(model, { epochs: 1 }));
      const from = checkpoints[4] as Checkpoint;
      const rest = await train(backend, objective(model, { epochs: 1 }), bars, { from, validate: false });
      expect(modelId(rest.model)).toBe(modelId(outcome.model));
    }
  });

  it('goes on after the device was lost', async () => {
    const straight = await train(backend, objective(), bars, { validate: false });
    const checkpoints: Checkpoint[] = [];
    const lost = losing(backend, 17);
    const broken = train(lost, objective(), bars, {
      validate: false,
      checkpointEvery: 0,
      onCheckpoint: (one) => checkpoints.push(one),
    });
    await expect(broken).rejects.toMatchObject({ code: 'lost' });
    expect(checkpoints.at(-1)?.step).toBe(16);
    const rest = await train(backend, objective(), bars, { from: checkpoints.at(-1), validate: false });
    expect(modelId(rest.model)).toBe(modelId(straight.model));
  });

  it('starts over where the checkpoint is another plan’s', async () => {
    const from: Checkpoint = { step: 5, epoch: 0.5, seconds: 1, values: [new Float32Array(3)] };
    const straight = await train(backend, objective(), bars, { validate: false });
    const again = await train(backend, objective(), bars, { from, validate: false });
    expect(modelId(again.model)).toBe(modelId(straight.model));
  });
});

function defaults(params: Readonly<Record<string, { readonly default: unknown }>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(params).map(([key, param]) => [key, param.default]));
}

/** The backend, whose device is lost at the run of this number. */
function losing(backend: Backend, at: number): Backend {
  let runs = 0;
  return {
    ...backend,
    async compile(plan) {
      const program = await backend.compile(plan);
      return {
        ...program,
        run() {
          if (++runs >= at) throw new BackendError('lost', 'unplugged');
          program.run();
        },
      } satisfies Program;
    },
  };
}

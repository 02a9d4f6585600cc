/** A model that changes its form while it is trained: what hooks see, what goes on, and that it is the same every time. */
import { describe, expect, it } from 'vitest';
import { createModel } from '#core/model/create';
import { mapPrunable, tensorOf, withActivationGrids } from '#core/model/edit';
import type { GridValues, Mask } from '#core/model/encoding';
import { modelId } from '#core/model/hash';
import type { Layer } from '#core/model/layers';
import type { Model, Tensor } from '#core/model/model';
import { makeTensor } from '#core/model/tensor';
import type { TrainHooks } from '#core/pass';
import { makeCpuBackend } from '#engine/backends/cpu';
import { makeWasmBackend } from '#engine/backends/wasm/backend';
import { train } from '#engine/train';
import { encoded, NETWORKS, objectiveFor, tinyBars } from './suite/cases-training';

const model = createModel(NETWORKS.plain, 5);
const cpu = await makeCpuBackend();
const wasm = await makeWasmBackend();
const run = (hooks: TrainHooks, change: Parameters<typeof objectiveFor>[1] = {}, backend = wasm) =>
  train(backend, objectiveFor(model, change), tinyBars, { hooks, validate: false });
const kernel = (of: Model): Tensor => {
  const layer = of.layers.find(({ kind }) => kind === 'conv2d') as Layer;
  return tensorOf(of, layer, 'kernel') as Tensor;
};
const name = model.layers.find(({ kind }) => kind === 'conv2d')?.name as string;
const GRID: GridValues = {
  kind: 'grid',
  bits: 4,
  qMin: 0,
  qMax: 15,
  scale: Float32Array.of(0.09),
  zeroPoint: Int32Array.of(0),
  axis: null,
  symmetric: false,
};
const same: TrainHooks['revise'] = (now) => now;

/** Every kernel with the weights pruned that the rule names. */
const pruned = (of: Model, isKept: (i: number) => boolean, values?: (layer: string) => Float32Array): Model =>
  mapPrunable(of, [], (layer, tensor) => {
    const mask: Mask = Uint8Array.from(tensor.data, (_, i) => (isKept(i) ? 1 : 0));
    const from = values?.(layer.name) ?? tensor.data;
    return makeTensor(
      tensor.shape,
      from.map((value, i) => (mask[i] ? value : 0)),
      { ...tensor.encoding, mask },
    );
  });

describe.each([
  ['cpu', cpu],
  ['wasm', wasm],
] as const)('hooks on %s', (_, backend) => {
  it('are asked before the first step and at every interval, and change nothing by looking', async () => {
    const seen: number[] = [];
    const plain = await train(backend, objectiveFor(model), tinyBars, { validate: false });
    const revise: TrainHooks['revise'] = (now, done) => {
      seen.push(done);
      return now;
    };
    const watched = await run({ every: 0.25, revise }, {}, backend);
    expect(seen).toEqual([0, 0.25, 0.5, 0.75]);
    expect(modelId(watched.model)).toBe(modelId(plain.model));
  });

  it('may put the same model in its place without a trace', async () => {
    const plain = await train(backend, objectiveFor(model), tinyBars, { validate: false });
    const again = await run({ every: 0.25, revise: (now) => ({ ...now }) }, {}, backend);
    expect(modelId(again.model)).toBe(modelId(plain.model));
  });

  it('go on from scales as they were trained', async () => {
    const onGrids = withActivationGrids(encoded(model, 'channels'), { [name]: GRID });
    const change = { model: onGrids, learnSteps: true, learningRate: 0.002 } as const;
    const plain = await train(backend, objectiveFor(model, change), tinyBars, { validate: false });
    const again = await run({ every: 0.25, revise: (now) => ({ ...now }) }, change, backend);
    const scalesOf = (of: Model): number[] => [
      ...(kernel(of).encoding.values as GridValues).scale,
      ...(of.activationGrids?.[name]?.scale ?? []),
    ];
    const [expected, before] = [scalesOf(plain.model), scalesOf(onGrids)];
    for (const [i, scale] of scalesOf(again.model).entries()) {
      const moved = (expected[i] as number) / (before[i] as number) - 1;
      expect(Math.abs(moved)).toBeGreaterThan(1e-3);
      // What is moved is counted from where the hook looked: a share of a share is the only difference.
      expect(Math.abs(scale / (expected[i] as number) - 1)).toBeLessThan(0.2 * Math.abs(moved));
    }
  });

  it('may prune more and more, and what is pruned stays pruned', async () => {
    const shares = [1, 0.75, 0.5, 0.25];
    const { model: after } = await run(
      { every: 0.25, revise: (now, done) => pruned(now, (i) => (i * 7) % 4 < 4 * (shares[done * 4] as number)) },
      {},
      backend,
    );
    const { data, encoding } = kernel(after);
    data.forEach((value, i) => {
      expect(value === 0).toBe((i * 7) % 4 >= 1);
    });
    expect(encoding.mask).toEqual(Uint8Array.from(data, (_v, i) => ((i * 7) % 4 < 1 ? 1 : 0)));
    const again = await run(
      { every: 0.25, revise: (now, done) => pruned(now, (i) => (i * 7) % 4 < 4 * (shares[done * 4] as number)) },
      {},
      backend,
    );
    expect(modelId(again.model)).toBe(modelId(after));
  });

  it('let pruned weights train on behind their mask and come back', async () => {
    const shadows: Float32Array[] = [];
    const seen: Float32Array[] = [];
    const { model: after } = await run(
      {
        every: 0.25,
        revise(now, done, shadow) {
          shadows.push(shadow(name));
          seen.push(kernel(now).data);
          if (done === 0) return pruned(now, (i) => i % 2 === 0);
          if (done === 0.5) return pruned(now, () => true, shadow);
          return now;
        },
      },
      { regrow: true, l2: 0 },
      backend,
    );
    const [start, second, third] = shadows as [Float32Array, Float32Array, Float32Array];
    expect(start).toEqual(kernel(model).data);
    for (let i = 0; i < start.length; i++) {
      // Masked in the model, moving in the copy.
      expect((seen[1] as Float32Array)[i] === 0).toBe(i % 2 === 1);
      expect(second[i]).not.toBe(start[i]);
      expect(third[i]).not.toBe(second[i]);
      if (i % 2 === 0) expect((seen[1] as Float32Array)[i]).toBe(second[i]);
    }
    expect(kernel(after).data.every((value) => value !== 0)).toBe(true);
  });

  it('keep the float copy behind a grid that stays, and behind one that is put on', async () => {
    const shadows: Float32Array[] = [];
    const start = encoded(model, 'channels');
    const { model: after } = await train(backend, objectiveFor(start, { learningRate: 1e-4 }), tinyBars, {
      validate: false,
      hooks: {
        every: 0.5,
        revise(now, done, shadow) {
          shadows.push(shadow(name));
          // Another object of the same content, so that everything is put in again.
          return done === 0 ? now : { ...now };
        },
      },
    });
    const plain = await train(backend, objectiveFor(start, { learningRate: 1e-4 }), tinyBars, { validate: false });
    // Ten steps of 1e-4 are far from the next place on the grid, and yet they are there.
    expect(shadows[1]).not.toEqual(shadows[0]);
    expect(modelId(after)).toBe(modelId(plain.model));
  });

  it('may put a grid on half-way, and get it back', async () => {
    const { model: after } = await run(
      { every: 0.5, revise: (now, done) => (done === 0 ? now : encoded(now, 'grid')) },
      {},
      backend,
    );
    const { encoding, data } = kernel(after);
    expect(encoding.values.kind).toBe('grid');
    const { scale } = encoding.values as { scale: Float32Array };
    for (const value of data)
      expect(value / (scale[0] as number)).toBeCloseTo(Math.round(value / (scale[0] as number)), 4);
  });

  it('leave nothing over when a hook fails', async () => {
    const live = backend.counts().live;
    const failing: TrainHooks = {
      every: 0.5,
      revise: (now, done) => {
        if (done > 0) throw new Error('no more');
        return encoded(now, 'grid');
      },
    };
    await expect(run(failing, {}, backend)).rejects.toThrow('no more');
    expect(backend.counts().live).toBe(live);
  });
});

describe('moments', () => {
  it('go on where shapes agree: momentum carries a weight over a change of form', async () => {
    // One step with a gradient, then none: with momentum the weight moves on in the same direction.
    const optimizer = { kind: 'momentum', momentum: 0.9 } as const;
    const still = await run({ every: 0.05, revise: same }, { optimizer, learningRate: 0.01 });
    const changing = await run(
      { every: 0.05, revise: (now, done) => (done === 0.5 ? pruned(now, () => true) : now) },
      { optimizer, learningRate: 0.01 },
    );
    // A mask that prunes nothing changes the plan, and nothing else.
    expect(kernel(changing.model).data).toEqual(kernel(still.model).data);
    expect(kernel(changing.model).encoding.mask).toBeDefined();
  });
});

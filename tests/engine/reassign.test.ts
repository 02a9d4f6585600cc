/** Training behind codebooks that stay as they are: the float copies, the gradient that reaches them, and how they are gathered anew. */
import { describe, expect, it } from 'vitest';
import { createModel } from '#core/model/create';
import { mapPrunable, tensorOf } from '#core/model/edit';
import type { Layer } from '#core/model/layers';
import type { Model, Tensor } from '#core/model/model';
import { makeTensor } from '#core/model/tensor';
import type { Objective } from '#core/objective';
import { makeCpuBackend } from '#engine/backends/cpu';
import { makeWasmBackend } from '#engine/backends/wasm/backend';
import { train } from '#engine/train';
import { NETWORKS, objectiveFor, tinyBars } from './suite/cases-training';

const model = createModel(NETWORKS.plain, 5);
const cpu = await makeCpuBackend();
const wasm = await makeWasmBackend();
const name = model.layers.find(({ kind }) => kind === 'conv2d')?.name as string;
const kernel = (of: Model): Tensor =>
  tensorOf(of, of.layers.find((layer) => layer.name === name) as Layer, 'kernel') as Tensor;
const names = model.layers.map((layer) => layer.name);
const sgd: Partial<Objective> = {
  optimizer: { kind: 'sgd' },
  learningRate: 0.1,
  schedule: { kind: 'constant' },
  l2: 0,
};

/** Every kept weight becomes the nearest of three shared values. */
const gathered = (of: Model, values: (layer: string) => Float32Array, pruned = false): Model =>
  mapPrunable(of, [], (layer, tensor) => {
    const centroids = Float32Array.from([-0.2, 0, 0.2]);
    const mask = pruned ? Uint8Array.from(tensor.data, (_, i) => (i % 3 === 0 ? 0 : 1)) : undefined;
    const data = values(layer.name).map((w, i) =>
      mask?.[i] === 0 ? 0 : (centroids[w < -0.1 ? 0 : w > 0.1 ? 2 : 1] as number),
    );
    return makeTensor(tensor.shape, data, { ...(mask ? { mask } : {}), values: { kind: 'codebook', centroids } });
  });
/** The same values without their codebook. */
const plain = (of: Model): Model =>
  mapPrunable(of, [], (_layer, { shape, data, encoding: { mask } }) =>
    makeTensor(shape, data, { ...(mask ? { mask } : {}), values: { kind: 'dense' } }),
  );

describe.each([
  ['cpu', cpu],
  ['wasm', wasm],
] as const)('codebooks that stay, on %s', (_, backend) => {
  it.each([false, true])('hand the gradient at the shared values to the float copies (pruned: %s)', async (pruned) => {
    const steps = 20;
    const shadows: Float32Array[] = [];
    const start = gathered(model, (layer) => weightsOf(layer), pruned);
    const { model: after } = await train(backend, objectiveFor(model, { ...sgd, reassign: names }), tinyBars, {
      validate: false,
      hooks: {
        every: 1 / steps,
        revise(now, done, shadow) {
          shadows.push(shadow(name));
          return done === 0 ? start : now;
        },
      },
    });
    // One step from the shared values themselves, where the gradient is the same.
    const looks: Float32Array[] = [];
    await train(backend, objectiveFor(plain(start), sgd), tinyBars, {
      validate: false,
      hooks: {
        every: 1 / steps,
        revise(now, _done, shadow) {
          looks.push(shadow(name));
          return now;
        },
      },
    });
    const [before, behind] = [shadows[0] as Float32Array, shadows[1] as Float32Array];
    const [from, to] = [looks[0] as Float32Array, looks[1] as Float32Array];
    expect(before).toEqual(kernel(model).data);
    let moved = 0;
    for (let i = 0; i < before.length; i++) {
      const kept = !pruned || i % 3 !== 0;
      const step = (to[i] as number) - (from[i] as number);
      expect((behind[i] as number) - (kept ? (before[i] as number) : 0)).toBeCloseTo(step, 6);
      if (step !== 0) moved++;
    }
    expect(moved).toBeGreaterThan(before.length / 2);
    // Nobody gathered the copies anew, so the model is the one that was put in.
    expect(kernel(after)).toBe(kernel(start));
  });

  it('are trained as ever in the layers that are not named', async () => {
    const start = gathered(model, weightsOf);
    const run = (change: Partial<Objective>) =>
      train(backend, objectiveFor(start, { ...sgd, ...change }), tinyBars, { validate: false });
    const others = names.filter((one) => one !== name);
    const [{ model: all }, { model: mixed }] = [await run({}), await run({ reassign: others })];
    // The named layers stand still, nobody gathering them; the convolution's three values have moved.
    expect(kernel(mixed).encoding.values).not.toEqual(kernel(start).encoding.values);
    expect(new Set(kernel(mixed).data).size).toBeLessThanOrEqual(3);
    const last = (of: Model): Tensor => tensorOf(of, of.layers.at(-1) as Layer, 'kernel') as Tensor;
    expect(last(mixed)).toBe(last(start));
    expect(last(all)).not.toBe(last(start));
  });

  it('take another centroid when the copy has come nearer to it', async () => {
    const codes: Float32Array[] = [];
    const { model: after } = await train(
      backend,
      objectiveFor(model, { ...sgd, learningRate: 0.5, reassign: names }),
      tinyBars,
      {
        validate: false,
        hooks: {
          every: 0.1,
          revise(now, _done, shadow) {
            const next = gathered(now, shadow);
            codes.push(kernel(next).data);
            return next;
          },
        },
      },
    );
    const [first, last] = [codes[0] as Float32Array, codes.at(-1) as Float32Array];
    expect(first.some((value, i) => value !== last[i])).toBe(true);
    expect(new Set(kernel(after).data).size).toBeLessThanOrEqual(3);
    expect(kernel(after).data).toEqual(last);
  });
});

function weightsOf(layer: string): Float32Array {
  const own = model.layers.find((one) => one.name === layer) as Layer;
  return (tensorOf(model, own, 'kernel') as Tensor).data;
}

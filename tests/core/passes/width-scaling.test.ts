/** Width multiplier: what stays when narrower, and that wider networks compute the same on every structure. */
import { describe, expect, it } from 'vitest';
import type { Model } from '#core/model/model';
import { shapesOf } from '#core/model/shapes';
import { validateModel } from '#core/model/validate';
import { seededRandom } from '#core/numeric/random';
import type { Objective } from '#core/objective';
import type { Values } from '#core/params';
import { magnitudePruning } from '#core/passes/magnitude-pruning';
import { widthScaling } from '#core/passes/width-scaling';
import { outputOf } from '../support/reference-forward';
import { applyPass, denseModel, kernelOf, plainContext, tensor } from './helpers';
import { MODELS } from './models';

const scale = (model: Parameters<typeof applyPass>[1], values: Values, seed = 1) =>
  applyPass(widthScaling, model, { after: 'nothing', ...values }, plainContext(seed));
const noise = (size: number, seed: number): Float32Array => {
  const random = seededRandom(seed);
  return Float32Array.from({ length: size }, () => 2 * random() - 1);
};

describe('narrower', () => {
  it('keeps the largest filters, with what reads them', async () => {
    const model = denseModel(tensor([1, 4], [1, -9, 3, 5]), tensor([4, 2], [1, 2, 3, 4, 5, 6, 7, 8]));
    const { model: narrow, report } = await scale(model, { width: 0.5 });
    expect([...kernelOf(narrow, 'd1').data]).toEqual([-9, 5]);
    expect([...kernelOf(narrow, 'd2').data]).toEqual([3, 4, 7, 8]);
    expect(report.notes[0]?.en).toBe('Channels: d1 4 → 2.');
  });

  it('refuses a network without a layer whose width may change', async () => {
    await expect(scale(denseModel(tensor([2, 2], [1, 2, 3, 4])), { width: 0.5 })).rejects.toThrow(
      'no layer whose width may change. d1: These are the outputs of the model',
    );
  });

  it('trains nothing where no width changes, unless it starts afresh', async () => {
    const model = denseModel(tensor([1, 4], [1, -9, 3, 5]), tensor([4, 2], [1, 2, 3, 4, 5, 6, 7, 8]));
    const trained: Model[] = [];
    const train = async (objective: Objective): Promise<Model> => {
      trained.push(objective.model);
      return objective.model;
    };
    const whole = await applyPass(widthScaling, model, { width: 1 }, plainContext(1, { train }));
    expect(whole.model).toBe(model);
    expect(whole.report.notes[0]?.en).toMatch(/^Nothing was changed or trained/);
    expect(trained).toHaveLength(0);
    const fresh = await applyPass(widthScaling, model, { width: 1, start: 'fresh' }, plainContext(1, { train }));
    expect(fresh.report.notes[0]?.en).toContain('Its weights are fresh');
    expect(trained).toHaveLength(1);
  });
});

describe('wider', () => {
  it('shares the weights that read a channel among its copies', async () => {
    const model = denseModel(tensor([1, 2], [3, 5]), tensor([2, 1], [10, 100]));
    const { model: wide } = await scale(model, { width: 2 });
    const [first, second] = [kernelOf(wide, 'd1').data, kernelOf(wide, 'd2').data];
    expect(first).toHaveLength(4);
    const sums = new Map<number, number>();
    first.forEach((w, i) => sums.set(w, (sums.get(w) ?? 0) + (second[i] as number)));
    expect(sums.get(3)).toBeCloseTo(10, 5);
    expect(sums.get(5)).toBeCloseTo(100, 4);
    // Uneven shares, so that copies grow apart when trained.
    expect(new Set(second).size).toBe(4);
  });

  it.each(Object.entries(MODELS))('computes the same on the %s model, at any width', async (name, model) => {
    for (const width of [1.25, 1.5, 2, 3]) {
      const { model: wide } = await scale(model, { width }, width * 100);
      validateModel(wide);
      const [old, now] = [shapesOf(model), shapesOf(wide)];
      for (const { name: layer, kind } of model.layers) {
        if (kind !== 'conv2d') continue;
        expect(now[layer]?.at(-1)).toBe(Math.round((old[layer]?.at(-1) as number) * width));
      }
      for (let seed = 0; seed < 3; seed++) {
        const image = noise(36, seed);
        const [before, after] = [outputOf(model, image), outputOf(wide, image)];
        before.forEach((p, i) => expect(after[i], `${name} ${width}`).toBeCloseTo(p, 5));
      }
    }
  });

  it('keeps masks, copied with their weights', async () => {
    const { model } = await applyPass(magnitudePruning, MODELS['convolution'] as never, { sparsity: 0.5 });
    const { model: wide } = await scale(model, { width: 2 });
    validateModel(wide);
    for (const { data, encoding } of Object.values(wide.tensors))
      if (encoding.mask) expect(data.every((w, i) => w === 0 || encoding.mask?.[i] === 1)).toBe(true);
    expect(outputOf(wide, noise(36, 4))[0]).toBeCloseTo(outputOf(model, noise(36, 4))[0] as number, 5);
  });
});

it('learns afterwards as asked: from the original, from the labels, or not at all', async () => {
  const model = MODELS['dense'] as never;
  const seen: Objective[] = [];
  const context = plainContext(1, {
    train: async (objective) => {
      seen.push(objective);
      return objective.model;
    },
  });
  await applyPass(widthScaling, model, { softWeight: 0.25, temperature: 3, shift: 1 }, context);
  await applyPass(widthScaling, model, { after: 'tune' }, context);
  await applyPass(widthScaling, model, { after: 'nothing' }, context);
  expect(seen.map(({ loss }) => loss)).toEqual([
    [
      { kind: 'crossEntropy', weight: 0.75 },
      { kind: 'distillation', weight: 0.25, temperature: 3, teacher: { kind: 'model', model } },
    ],
    [{ kind: 'crossEntropy', weight: 1 }],
  ]);
  expect(seen[0]?.augment).toEqual({ shift: 1 });
  expect(seen[1]?.augment).toBeUndefined();
});

/** What quantization-aware training hands to the engine: first grids, the loss, and grids that follow the weights. */
import { describe, expect, it } from 'vitest';
import { type BinaryValues, codesOf, type GridValues } from '#core/model/encoding';
import type { Model } from '#core/model/model';
import { validateModel } from '#core/model/validate';
import { boundedCodes } from '#core/numeric/bounded';
import type { Objective } from '#core/objective';
import type { PassContext, TrainHooks } from '#core/pass';
import { magnitudePruning } from '#core/passes/magnitude-pruning';
import { quantizationAwareTraining } from '#core/passes/quantization-aware-training';
import { read } from '#formats/whittle/read';
import { packed } from '#formats/whittle/write';
import { captureContext } from './captures';
import { applyPass, denseModel, kernelOf, sketchPass, tensor } from './helpers';

const WEIGHTS = [1, -2, 0.5, 0.5, 3, -1];
const MODEL = denseModel(tensor([2, 3], WEIGHTS), tensor([3, 1], [1, 2, 3]));
const VALUES = {
  'in output': [0, 1, 1, 0],
  'd1 input': [0, 1, 1, 0],
  'd1 output': [0, 1, 2, 0, 0, 3],
  'd2 input': [0, 1, 2, 0, 0, 3],
  'd2 output': [-1, 3],
};

/** Trains nothing, and keeps what it was asked. */
function noting(): { context: PassContext; asked: { objective: Objective; hooks: TrainHooks | undefined }[] } {
  const asked: { objective: Objective; hooks: TrainHooks | undefined }[] = [];
  const { context } = captureContext([{ images: 2, values: VALUES }], {
    train: async (objective, hooks) => {
      asked.push({ objective, hooks });
      return objective.model;
    },
  });
  return { context, asked };
}
async function train(values: Record<string, string | number>, model: Model = MODEL) {
  const { context, asked } = noting();
  const result = await applyPass(quantizationAwareTraining, model, { outer: 'same', ...values }, context);
  const [first] = asked;
  return { ...result, objective: first?.objective as Objective, hooks: first?.hooks };
}
const valuesOf = (model: Model, name: string) => kernelOf(model, name).encoding.values;

describe('with learned steps', () => {
  it('weights start on [-2^(b-1), 2^(b-1) - 1] with a step of 2 mean|w| / sqrt(Qp), from their float values', async () => {
    const { objective } = await train({ weightBits: 3, activationBits: 2 });
    const grid = valuesOf(objective.model, 'd1') as GridValues;
    expect(grid).toMatchObject({ bits: 3, qMin: -4, qMax: 3, axis: null, symmetric: false });
    // Mean |w| is 8 / 6.
    expect(grid.scale[0]).toBeCloseTo((2 * (8 / 6)) / Math.sqrt(3), 6);
    expect([...kernelOf(objective.model, 'd1').data]).toEqual(WEIGHTS);
    expect(objective.learnSteps).toBe(true);
  });

  it('activations that are never negative lie on 0 to 2^b - 1; the image and the answer have 8 bits', async () => {
    const { objective } = await train({ weightBits: 3, activationBits: 2 });
    const grids = objective.model.activationGrids ?? {};
    expect(grids['d1']).toMatchObject({ bits: 2, qMin: 0, qMax: 3, zeroPoint: Int32Array.of(0) });
    expect(grids['in']?.bits).toBe(8);
    expect(grids['d2']).toMatchObject({ bits: 8, qMax: 255 });
    expect(grids['d2']?.zeroPoint[0]).toBeGreaterThan(0);
    const none = await train({ activations: 'float' });
    expect(none.objective.model).not.toHaveProperty('activationGrids');
  });

  it('learns from the original by default, or from the labels', async () => {
    const { objective } = await train({});
    expect(objective.loss.map(({ kind }) => kind)).toEqual(['crossEntropy', 'distillation']);
    expect((await train({ after: 'tune' })).objective.loss).toEqual([{ kind: 'crossEntropy', weight: 1 }]);
  });

  it('learns from any other model for the same data where one is chosen', async () => {
    const teacher = denseModel(tensor([2, 1], [5, 6]));
    const { context, asked } = noting();
    const chosen = { ...context, predictor: async () => ({ kind: 'model', model: teacher }) as const };
    await applyPass(quantizationAwareTraining, MODEL, { outer: 'same', teacher: 'other' }, chosen);
    expect(asked[0]?.objective.loss[1]).toMatchObject({ kind: 'distillation', teacher: { model: teacher } });
    const wide = {
      ...context,
      predictor: async () => ({ kind: 'model', model: denseModel(tensor([3, 1], [1, 2, 3])) }) as const,
    };
    await expect(applyPass(quantizationAwareTraining, MODEL, { teacher: 'other' }, wide)).rejects.toThrow(
      'other shapes',
    );
  });
});

describe('one bit', () => {
  it('is a sign times the mean size, from the float values', async () => {
    const { objective } = await train({ weightBits: 1, activations: 'float' });
    const values = valuesOf(objective.model, 'd1') as BinaryValues;
    expect(values.kind).toBe('binary');
    expect(values.scale[0]).toBeCloseTo(8 / 6, 6);
    expect([...kernelOf(objective.model, 'd1').data]).toEqual(WEIGHTS);
  });

  it('becomes three values where weights are pruned, and says so', async () => {
    const { model } = await applyPass(magnitudePruning, MODEL, { sparsity: 0.4 });
    const { objective, report } = await train({ weightBits: 1, activations: 'float' }, model);
    expect(valuesOf(objective.model, 'd1')).toMatchObject({ kind: 'grid', bits: 2, qMin: -1, qMax: 1 });
    expect(report.notes[0]?.en).toContain('need a zero');
  });
});

describe('with steps that follow the weights', () => {
  it('chooses new grids for the float copies, on which the model lies', async () => {
    const { objective, hooks } = await train({ weightBits: 4, steps: 'following', activations: 'float' });
    expect(objective.learnSteps).toBeUndefined();
    const copies: Record<string, Float32Array> = {
      d1: Float32Array.from(WEIGHTS, (w) => 2 * w),
      d2: Float32Array.of(1, 2, 3),
    };
    const revised = (await hooks?.revise(objective.model, 0.5, (name) => copies[name] as Float32Array)) as Model;
    validateModel(revised);
    const before = valuesOf(objective.model, 'd1') as GridValues;
    const after = valuesOf(revised, 'd1') as GridValues;
    expect(after.scale[0]).toBeCloseTo(2 * (before.scale[0] as number), 6);
    expect((valuesOf(revised, 'd2') as GridValues).scale).toEqual(
      (valuesOf(objective.model, 'd2') as GridValues).scale,
    );
  });
});

describe('with fixed steps (DoReFa)', () => {
  // Two bits, n = 3. tanh of the weights: 0.76159, -0.96403, 0.46212 twice, 0.99505, -0.76159. 3 (tanh / (2 * 0.99505) + 1/2): 2.648, 0.047, 2.197, 2.197, 3, 0.352.
  const BOUNDED = [1, -1, 1 / 3, 1 / 3, 1, -1];

  it('weights are 2 round(n x) / n - 1 of x = tanh w / (2 max |tanh w|) + 1/2, on a grid that comes back the same', async () => {
    expect([...boundedCodes(Float32Array.from(WEIGHTS), 3)]).toEqual(BOUNDED.map((w) => 3 * w));
    const { model, report } = await train({ steps: 'bounded', weightBits: 2, after: 'nothing' });
    const kernel = kernelOf(model, 'd1');
    expect([...kernel.data]).toEqual(BOUNDED.map((w) => Math.fround(3 * w * Math.fround(1 / 3))));
    expect(kernel.encoding.values).toMatchObject({ kind: 'grid', bits: 3, qMin: -3, qMax: 3, axis: null });
    expect([...codesOf(kernel.data, kernel.shape, kernel.encoding)]).toEqual([3, -3, 1, 1, 3, -3]);
    expect(report.notes.some(({ en }) => en.includes('4 values from −1 to 1'))).toBe(true);
    validateModel(model);
    const { model: back } = await read(new Map([['m.whittle', packed(model)]]));
    expect(kernelOf(back, 'd1')).toEqual(kernel);
  });

  it('activations are cut to 0 to 1 and rounded to 2^b - 1 steps; the image and the answer have 8 bits', async () => {
    const { objective, hooks } = await train({ steps: 'bounded', weightBits: 2, activationBits: 2 });
    expect(objective.bounded).toEqual(['d1', 'd2']);
    expect(objective.learnSteps).toBeUndefined();
    expect(objective.model.activationGrids?.['d1']).toMatchObject({ bits: 2, qMin: 0, qMax: 3 });
    expect(objective.model.activationGrids?.['d1']?.scale[0]).toBeCloseTo(1 / 3, 7);
    expect(objective.model.activationGrids?.['d2']).toMatchObject({ bits: 8, qMax: 255 });
    // There is nothing that follows the weights.
    expect(await hooks?.revise(objective.model, 0.5, () => new Float32Array(0))).toBe(objective.model);
  });

  it('first and last layer have 8 bits unless told otherwise, and one bit is the mean size of the layer', async () => {
    const three = denseModel(tensor([2, 3], WEIGHTS), tensor([3, 2], [1, 2, 3, 4, 5, 6]), tensor([2, 1], [1, -3]));
    const values = { steps: 'bounded', weightBits: 2, activations: 'float', outer: 'eight' };
    const { objective } = await train(values, three);
    expect(objective.bounded).toEqual(['d2']);
    expect(valuesOf(objective.model, 'd1')).toMatchObject({ bits: 8, qMin: -127, qMax: 127 });
    const { objective: one } = await train({ ...values, weightBits: 1, granularity: 'channel' }, three);
    expect(valuesOf(one.model, 'd2')).toMatchObject({ kind: 'binary', scale: Float32Array.of(3.5), axis: null });
    expect(one.bounded).toBeUndefined();
  });
});

describe('without training', () => {
  it('is only rounded: a whole model', async () => {
    for (const weightBits of [1, 2, 5]) {
      const { model } = await train({ weightBits, after: 'nothing' });
      validateModel(model);
      validateModel(
        await sketchPass(
          quantizationAwareTraining,
          MODEL,
          { weightBits, activations: 'round', activationBits: 4 },
          noting().context,
        ),
      );
    }
  });
});

/** Distillation: the student's structure and start, the loss it is given, and teachers that do not fit. */
import { describe, expect, it } from 'vitest';
import { createModel } from '#core/model/create';
import { modelId } from '#core/model/hash';
import type { Model } from '#core/model/model';
import type { Objective } from '#core/objective';
import type { Values } from '#core/params';
import { distillation } from '#core/passes/distillation';
import { magnitudePruning } from '#core/passes/magnitude-pruning';
import { freshWeights } from '#core/passes/shared/fresh-weights';
import { TEMPLATES } from '#core/templates';
import { applyPass, denseModel, kernelOf, plainContext, tensor } from './helpers';

const template = (id: string): Model => {
  const found = TEMPLATES.find((one) => one.id === id);
  if (!found) throw new Error(`no template ${id}`);
  return createModel(found.architecture([8, 8, 1], 10), 1);
};

async function run(
  model: Model,
  values: Values,
  teacher?: Model,
): Promise<{ student: Model; objective: Objective; notes: readonly string[] }> {
  const seen: Objective[] = [];
  const context = plainContext(2, {
    train: async (objective) => {
      seen.push(objective);
      return objective.model;
    },
    predictor: async () => ({ kind: 'model', model: teacher as Model }),
  });
  const { model: student, report } = await applyPass(distillation, model, values, context);
  return { student, objective: seen[0] as Objective, notes: report.notes.map((note) => note.en) };
}

/** Output widths of the layers with kernels. */
const widths = (model: Model): Record<string, number> =>
  Object.fromEntries(
    model.layers
      .filter((layer) => 'kernel' in layer)
      .map((layer) => [layer.name, kernelOf(model, layer.name).shape.at(-1) as number]),
  );

describe('the student', () => {
  it('has the share of channels asked for, and all outputs', async () => {
    const model = template('small-cnn');
    const names = Object.keys(widths(model));
    const { student } = await run(model, { width: 0.5 });
    expect(names.map((name) => widths(student)[name])).toEqual([4, 8, 32, 10]);
    const thin = await run(model, { width: 0.1 });
    expect(names.map((name) => widths(thin.student)[name])).toEqual([1, 2, 6, 10]);
  });

  it('starts afresh by its seed, like a new model: at full width it is one', async () => {
    const model = template('small-resnet');
    const { student } = await run(model, { width: 1 });
    expect(student.layers.map(({ name }) => name)).toEqual(model.layers.map(({ name }) => name));
    expect(modelId(student)).toBe(modelId((await run(model, { width: 1 })).student));
    expect(modelId(student)).not.toBe(modelId(model));
    const kernel = Object.keys(widths(model))[0] as string;
    const bound = Math.max(...kernelOf(freshWeights(model, 9), kernel).data.map(Math.abs));
    expect(Math.max(...kernelOf(student, kernel).data.map(Math.abs))).toBeGreaterThan(0.8 * bound);
  });

  it("can start from the most important channels: their weights are this model's", async () => {
    const model = denseModel(tensor([1, 4], [1, -9, 3, 5]), tensor([4, 2], [1, 2, 3, 4, 5, 6, 7, 8]));
    const { student } = await run(model, { student: 'channels', width: 0.5 });
    expect([...kernelOf(student, 'd1').data]).toEqual([-9, 5]);
    expect([...kernelOf(student, 'd2').data]).toEqual([3, 4, 7, 8]);
  });

  it('can be this model itself, encodings and all', async () => {
    const { model } = await applyPass(magnitudePruning, template('lenet-300-100'), { sparsity: 0.9 });
    const { student, notes } = await run(model, { student: 'same', width: 0.5 });
    expect(student).toBe(model);
    expect(notes[0]).toContain('Teacher and student were the same model');
    expect((await run(model, { student: 'same', teacher: 'before' }, template('lenet-300-100'))).notes).toEqual([]);
    expect((await run(model, {})).notes).toEqual([
      'The student started afresh: what was pruned, quantized or shared in this model is not in it.',
    ]);
  });
});

describe('the loss', () => {
  const model = template('small-cnn');
  it('weighs labels by 1 - a and the teacher by a at temperature T', async () => {
    const { objective } = await run(model, {
      softWeight: 0.25,
      temperature: 2.5,
      epochs: 7,
      learningRate: 0.01,
      batchSize: 32,
      optimizer: 'sgd',
    });
    expect(objective.loss).toEqual([
      { kind: 'crossEntropy', weight: 0.75 },
      { kind: 'distillation', weight: 0.25, temperature: 2.5, teacher: { kind: 'model', model } },
    ]);
    expect(objective).toMatchObject({
      epochs: 7,
      learningRate: 0.01,
      batchSize: 32,
      optimizer: { kind: 'sgd' },
      l1: 0,
      l2: 0,
    });
  });

  it('leaves out the part that has no weight', async () => {
    expect((await run(model, { softWeight: 0 })).objective.loss).toEqual([{ kind: 'crossEntropy', weight: 1 }]);
    expect((await run(model, { softWeight: 1 })).objective.loss.map(({ kind, weight }) => [kind, weight])).toEqual([
      ['distillation', 1],
    ]);
  });
});

describe('the teacher', () => {
  it('may be another model for the same data', async () => {
    const teacher = template('lenet-5');
    const { objective } = await run(template('small-cnn'), { teacher: 'node-7' }, teacher);
    expect(objective.loss[1]).toMatchObject({ teacher: { kind: 'model', model: teacher } });
  });

  it('is refused where its shapes differ', async () => {
    const teacher = createModel(TEMPLATES[0]?.architecture([28, 28, 1], 10) as Parameters<typeof createModel>[0], 1);
    await expect(run(template('small-cnn'), { teacher: 'node-7' }, teacher)).rejects.toThrow(
      'takes and gives other shapes ([28 x 28 x 1] -> [10]) than this model ([8 x 8 x 1] -> [10]). Choose a teacher for the same data.',
    );
  });
});

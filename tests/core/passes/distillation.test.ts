/** Distillation: the student's structure and start, the loss it is given, and teachers that do not fit. */
import { describe, expect, it } from 'vitest';
import { createModel } from '#core/model/create';
import { layerOf, tensorOf } from '#core/model/edit';
import { modelId } from '#core/model/hash';
import type { Layer } from '#core/model/layers';
import type { Model } from '#core/model/model';
import type { Objective } from '#core/objective';
import type { Values } from '#core/params';
import type { Report } from '#core/pass';
import { distillation } from '#core/passes/distillation';
import { magnitudePruning } from '#core/passes/magnitude-pruning';
import { freshWeights } from '#core/passes/shared/fresh-weights';
import { modelsOf } from '#core/predictor';
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
): Promise<{
  student: Model;
  objective: Objective;
  objectives: readonly Objective[];
  notes: readonly string[];
  report: Report;
}> {
  const seen: Objective[] = [];
  const context = plainContext(2, {
    train: async (objective) => {
      seen.push(objective);
      return objective.model;
    },
    predictor: async () => ({ kind: 'model', model: teacher as Model }),
    // Whatever the model, the first answer is right; logits are those of the first three images.
    accuracy: async (one) => (one.kind === 'model' && one.model === teacher ? 0.9 : 0.5),
    capture: async (one, { images }, visit) => {
      expect(images).toBe(1000);
      const values = Float32Array.from({ length: 30 }, (_, i) => (i % 10 === (one === teacher ? 1 : i % 3) ? 5 : 0));
      await visit({ images: 3, labels: new Float32Array(3), values: [values], gradients: [], weights: new Map() });
    },
  });
  const { model: student, report } = await applyPass(distillation, model, values, context);
  const notes = report.notes.map((note) => note.en);
  return { student, objective: seen[0] as Objective, objectives: seen, notes, report };
}

/** Output widths of the layers with kernels. */
const widths = (model: Model): Record<string, number> =>
  Object.fromEntries(
    model.layers
      .filter((layer) => 'kernel' in layer)
      .map((layer) => [layer.name, kernelOf(model, layer.name).shape.at(-1) as number]),
  );

it('tells the progress of hints, teaching and the student alone as one', async () => {
  const model = template('small-cnn');
  const told: number[] = [];
  const progress = (done: number): void => {
    told.push(done);
  };
  const context = plainContext(2, {
    progress,
    train: async (objective, _hooks, own = progress) => {
      own(0);
      own(1);
      return objective.model;
    },
    predictor: async () => ({ kind: 'model', model }),
    accuracy: async () => 0.5,
    capture: (_model, _request, visit) =>
      Promise.resolve(
        visit({
          images: 1,
          labels: new Float32Array(1),
          values: [new Float32Array(10)],
          gradients: [],
          weights: new Map(),
        }),
      ),
  });
  const values = { student: 'same', lesson: 'hints', hintEpochs: 1, epochs: 3, alone: true };
  await applyPass(distillation, model, values, context);
  expect(told).toEqual([0, 0.125, 0.125, 0.5, 0.5, 1]);
});

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
    expect((await run(model, {})).notes).toEqual([]);
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

describe('other students', () => {
  const resnet = template('small-resnet');
  it('may be shallower, narrower and afresh at once', async () => {
    const { student, notes } = await run(resnet, { width: 0.5, depth: 0.5 });
    expect(student.layers.filter(({ kind }) => kind === 'add')).toHaveLength(1);
    expect(Object.values(widths(student))[0]).toBe(8);
    expect(notes[0]).toContain('1 of 2 blocks was left out');
    const kept = await run(resnet, { student: 'channels', width: 1, depth: 0.5 });
    const first = Object.keys(widths(kept.student))[0] as string;
    expect(kernelOf(kept.student, first)).toBe(kernelOf(resnet, first));
  });

  it('may be a template for the same images and classes', async () => {
    const { student } = await run(resnet, { student: 'template', template: 'lenet-300-100' });
    expect(Object.values(widths(student))).toEqual([300, 100, 10]);
    expect(kernelOf(student, 'dense_1').shape[0]).toBe(64);
    const vector = denseModel(tensor([2, 3], [1, 2, 3, 4, 5, 6]));
    await expect(run(vector, { student: 'template' })).rejects.toThrow('needs images of height, width and channels');
  });

  it('may be another model of the project, as it is or afresh', async () => {
    const other = template('small-cnn');
    expect((await run(resnet, { student: 'model', studentModel: 'node-2' }, other)).student).toBe(other);
    const { student } = await run(resnet, { student: 'modelFresh', studentModel: 'node-2' }, other);
    expect(widths(student)).toEqual(widths(other));
    expect(modelId(student)).not.toBe(modelId(other));
    const larger = createModel(TEMPLATES[0]?.architecture([28, 28, 1], 10) as Parameters<typeof createModel>[0], 1);
    await expect(run(resnet, { student: 'model', studentModel: 'node-2' }, larger)).rejects.toThrow(
      'Choose a student for the same data.',
    );
  });
});

describe('the lesson', () => {
  const [small, resnet] = [template('small-cnn'), template('small-resnet')];
  it('of logits has their mean squared error in the place of the softened answers', async () => {
    const { objective } = await run(small, { lesson: 'logits', softWeight: 0.9 });
    expect(objective.loss).toEqual([
      { kind: 'crossEntropy', weight: expect.closeTo(0.1, 9) },
      { kind: 'logitError', weight: 0.9, teacher: { kind: 'model', model: small } },
    ]);
  });

  it('of hints comes in two stages: a middle layer, then the answers', async () => {
    const { objectives, notes } = await run(
      small,
      { lesson: 'hints', hintEpochs: 2, epochs: 6, width: 0.5, teacher: 'node-1' },
      resnet,
    );
    expect(objectives.map(({ epochs, loss }) => [epochs, loss.map(({ kind }) => kind)])).toEqual([
      [2, ['hint']],
      [6, ['crossEntropy', 'distillation']],
    ]);
    // Both have 4 x 4 images in the middle: behind the teacher's stride, and behind the student's pooling.
    expect(objectives[0]?.loss[0]).toMatchObject({ weight: 1, teacherLayer: 'activation_4', studentLayer: 'conv2d_2' });
    expect(notes[0]).toBe(
      'The hint: conv2d_2 of the student learned to tell the values of activation_4 of the teacher.',
    );
  });

  it('of attention pairs the last images of each size', async () => {
    const { objective } = await run(resnet, { lesson: 'attention', attention: 20, width: 0.5 });
    expect(objective.loss.map(({ kind }) => kind)).toEqual(['crossEntropy', 'distillation', 'attention']);
    expect(objective.loss[2]).toMatchObject({
      weight: 20,
      pairs: [
        { teacherLayer: 'activation_3', studentLayer: 'activation_3' },
        { teacherLayer: 'activation_6', studentLayer: 'activation_6' },
      ],
    });
    const dense = template('lenet-300-100');
    const none = await run(dense, { lesson: 'attention' });
    expect(none.objective.loss.map(({ kind }) => kind)).toEqual(['crossEntropy', 'distillation']);
    expect(none.notes[0]).toContain('no images of equal size inside');
  });
});

describe('the images', () => {
  const model = template('small-cnn');
  it('are all, with their labels, unless told otherwise', async () => {
    expect((await run(model, {})).objective.data).toBeUndefined();
    const { objective } = await run(model, { labelled: 100, transfer: 'all', without: 3, shift: 2 });
    expect(objective.data).toEqual({ labelled: 100, transfer: 'all', without: [3] });
    expect(objective.augment).toEqual({ shift: 2 });
  });

  it('keep their labels in every stage: one seed for all', async () => {
    const { objectives } = await run(model, { lesson: 'hints', labelled: 10, alone: true });
    expect(objectives).toHaveLength(3);
    expect(new Set(objectives.map(({ seed }) => seed)).size).toBe(1);
  });
});

describe('a class left out', () => {
  it('gets the bias that is best on validation, the least such', async () => {
    const model = template('small-cnn');
    const tried: number[] = [];
    const context = plainContext(1, {
      train: async ({ model: student }) => student,
      accuracy: async (predictor) => {
        const [one] = modelsOf(predictor) as [Model];
        const bias = tensorOf(one, layerOf(one, 'dense_2') as Layer, 'bias')?.data as Float32Array;
        const own = bias[3] as number;
        expect(bias.every((b, c) => b === 0 || c === 3)).toBe(true);
        tried.push(own);
        return 1 - Math.abs(own - 2.75) / 100;
      },
    });
    const { model: student, report } = await applyPass(
      distillation,
      model,
      { student: 'same', without: 3, raiseBias: true },
      context,
    );
    expect(tensorOf(student, layerOf(student, 'dense_2') as Layer, 'bias')?.data[3]).toBe(2.75);
    expect(report.notes.at(-1)?.en).toBe(
      'The bias of class 3, which the student never saw, was raised by 2.75: the best on validation.',
    );
    expect(tried.length).toBeLessThan(20);
    const unknown = await applyPass(distillation, model, { student: 'same', without: 11, raiseBias: true }, context);
    expect(unknown.report.notes.at(-1)?.en).toContain('the last layer has none for class 11');
  });
});

describe('the student trained alone', () => {
  it('has the same start, seed and epochs, the labels alone, and is laid beside the others', async () => {
    const teacher = template('lenet-5');
    const { objectives, report } = await run(
      template('small-cnn'),
      { teacher: 'node-1', alone: true, lesson: 'hints', hintEpochs: 2, epochs: 5 },
      teacher,
    );
    const [hint, , alone] = objectives as [Objective, Objective, Objective];
    expect(alone.model).toBe(hint.model);
    expect(alone.loss).toEqual([{ kind: 'crossEntropy', weight: 1 }]);
    expect(alone.epochs).toBe(7);
    expect(report.comparison?.map(({ label, accuracy }) => [label.en, accuracy])).toEqual([
      ['Teacher', 0.9],
      ['Student, taught', 0.5],
      ['The same student, trained alone', 0.5],
    ]);
    // 5 * 5 * 20 + 20, 5 * 5 * 20 * 50 + 50, 200 * 500 + 500 and 500 * 10 + 10.
    expect(report.comparison?.[0]).toMatchObject({ parameters: 131_080 });
    expect(report.comparison?.[0]?.agreement).toBeUndefined();
    // Of three images the student's answers are 0, 1 and 2; the teacher's always 1.
    expect(report.comparison?.[1]?.agreement).toBeCloseTo(0, 12);
    expect(report.comparison?.[1]?.divergence).toBeGreaterThan(1);
  });

  it('sees the labels as often where the teacher speaks on more images', async () => {
    const { objectives } = await run(template('small-cnn'), { alone: true, transfer: 'all', labelled: 50 });
    expect(objectives[1]?.data).toEqual(objectives[0]?.data);
    expect(objectives[1]?.loss).toMatchObject([
      { kind: 'crossEntropy', weight: 1 },
      { kind: 'distillation', weight: 1e-9 },
    ]);
  });
});

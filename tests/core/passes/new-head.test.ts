/** New heads: the structure, what is frozen and for how long, and networks without a head. */
import { describe, expect, it } from 'vitest';
import type { Architecture, Row } from '#core/architecture';
import { createModel } from '#core/model/create';
import { tensorOf } from '#core/model/edit';
import type { DenseLayer, Layer } from '#core/model/layers';
import type { Model } from '#core/model/model';
import { validateModel } from '#core/model/validate';
import type { Objective } from '#core/objective';
import type { Values } from '#core/params';
import { newHead } from '#core/passes/new-head';
import { TEMPLATES } from '#core/templates';
import { applyPass, denseModel, kernelOf, plainContext, tensor } from './helpers';
import { MODELS } from './models';

const template = (id: string): Model =>
  createModel(TEMPLATES.find((one) => one.id === id)?.architecture([8, 8, 1], 10) as Architecture, 1);

describe('a new head', () => {
  async function run(
    model: Model,
    values: Values,
  ): Promise<{ model: Model; objectives: readonly Objective[]; notes: readonly string[] }> {
    const objectives: Objective[] = [];
    const context = plainContext(3, {
      train: async (objective) => {
        objectives.push(objective);
        return objective.model;
      },
    });
    const result = await applyPass(newHead, model, values, context);
    validateModel(result.model);
    return { model: result.model, objectives, notes: result.report.notes.map(({ en }) => en) };
  }

  it('takes the place of all dense layers at the end, and is all that learns', async () => {
    const lenet = template('lenet-5');
    const { model, objectives } = await run(lenet, {});
    expect(model.layers.filter(({ kind }) => kind === 'dense').map(({ name }) => name)).toEqual(['dense_2']);
    expect(kernelOf(model, 'dense_2').shape).toEqual([200, 10]);
    expect(objectives).toHaveLength(1);
    expect(objectives[0]?.frozen).toEqual(
      lenet.layers.map(({ name }) => name).filter((name) => !name.startsWith('dense')),
    );
    for (const { name } of lenet.layers.filter((layer: Layer) => layer.kind === 'conv2d'))
      expect(kernelOf(model, name)).toBe(kernelOf(lenet, name));
  });

  it('may have a hidden layer, and train everything afterwards, gently', async () => {
    const { model, objectives } = await run(template('small-resnet'), {
      hidden: 12,
      wholeEpochs: 2,
      learningRate: 0.01,
    });
    const [hidden, last] = model.layers.filter((layer): layer is DenseLayer => layer.kind === 'dense');
    expect(hidden).toMatchObject({ name: 'head_hidden', activation: { fn: 'relu' } });
    expect([kernelOf(model, 'head_hidden').shape, kernelOf(model, last?.name as string).shape]).toEqual([
      [32, 12],
      [12, 10],
    ]);
    expect(objectives.map(({ frozen, epochs, learningRate }) => [frozen === undefined, epochs, learningRate])).toEqual([
      [false, 3, 0.01],
      [true, 2, 0.001],
    ]);
    expect(tensorOf(model, hidden as DenseLayer, 'bias')?.data.every((b) => b === 0)).toBe(true);
  });

  it('says where no features are left to freeze', async () => {
    expect((await run(template('lenet-5'), {})).notes).toEqual([]);
    expect((await run(template('lenet-300-100'), {})).notes[0]).toContain('nothing was frozen');
  });

  it('is refused where the network does not end in dense layers', async () => {
    const rows: readonly Row[] = [
      { kind: 'conv2d', filters: 3, kernel: 3, stride: 1, padding: 'same', activation: 'linear', bias: true },
      { kind: 'globalAveragePool2d' },
    ];
    const model = createModel({ name: 'test', input: [6, 6, 1], classes: 3, rows }, 1);
    await expect(run(model, {})).rejects.toThrow('does not end in dense layers');
  });

  it('finds the head of every structure', async () => {
    const frozen = async (model: Model) => (await run(model, {})).objectives[0]?.frozen;
    const { exits, ...others } = MODELS as Required<typeof MODELS>;
    const heads = await Promise.all(Object.values(others).map(frozen));
    expect(heads.map((layers) => layers?.at(-1))).toEqual([
      'flatten_1',
      'flatten_1',
      'global_average_pooling2d_1',
      'flatten_1',
      'pool',
    ]);
    // Only the head of the first output is trained.
    expect(await frozen(exits as Model)).toEqual(['in', 'trunk', 'flat', 'further', 'flatter', 'side']);
    expect(
      (await run(denseModel(tensor([2, 3], [1, 2, 3, 4, 5, 6]), tensor([3, 2], [1, 2, 3, 4, 5, 6])), {})).model.layers,
    ).toHaveLength(2);
  });
});

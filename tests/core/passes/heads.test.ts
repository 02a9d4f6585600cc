/** Pooled heads and new heads: the structure, the weights worked by hand, what is frozen, and what cannot be done. */
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
import { pooledHead } from '#core/passes/pooled-head';
import { TEMPLATES } from '#core/templates';
import { outputOf } from '../support/reference-forward';
import { applyPass, denseModel, kernelOf, modelOf, plainContext, tensor } from './helpers';
import { MODELS } from './models';

const template = (id: string): Model =>
  createModel(TEMPLATES.find((one) => one.id === id)?.architecture([8, 8, 1], 10) as Architecture, 1);

describe('a pooled head', () => {
  /** 2 x 1 images of two channels, laid out for a dense layer of one unit, with a convolution of the identity in front. */
  const kernel = tensor([1, 1, 2, 2], [1, 0, 0, 1]);
  const weights = tensor([4, 1], [1, 20, 3, 40]);
  const bias = tensor([1], [0.5]);
  const plain = { strides: [1, 1], padding: 'valid', dilation: [1, 1], activation: { fn: 'linear' } } as const;
  const model = modelOf(
    [
      { kind: 'input', name: 'in', inputs: [], shape: [2, 1, 2] },
      { kind: 'conv2d', name: 'conv', inputs: ['in'], kernel: kernel.id, ...plain },
      { kind: 'flatten', name: 'flat', inputs: ['conv'] },
      { kind: 'dense', name: 'out', inputs: ['flat'], kernel: weights.id, bias: bias.id, activation: { fn: 'linear' } },
    ],
    [kernel, weights, bias],
  );
  const pool = (of: Model, values: Values = {}) =>
    applyPass(pooledHead, of, { after: 'nothing', ...values }, plainContext());

  it('sums the weights over the places, so that even images get the same answer', async () => {
    const { model: pooled, report } = await pool(model);
    validateModel(pooled);
    expect([...kernelOf(pooled, 'out').data]).toEqual([4, 60]);
    expect(pooled.layers.map(({ kind }) => kind)).toEqual(['input', 'conv2d', 'globalAveragePool2d', 'dense']);
    expect([...outputOf(pooled, [3, 5, 3, 5])]).toEqual([...outputOf(model, [3, 5, 3, 5])]);
    expect(outputOf(pooled, [1, 0, 0, 0])[0]).toBe(0.5 + 0.5 * 4);
    expect(report.notes[0]?.en).toBe('out reads 2 channel means where out read 4 values: 4 weights become 2.');
  });

  it('may go straight from the channels to the classes', async () => {
    const lenet = template('lenet-5');
    const { model: pooled } = await pool(lenet, { dense: 'single' });
    validateModel(pooled);
    const dense = pooled.layers.filter((layer): layer is DenseLayer => layer.kind === 'dense');
    expect(dense.map(({ name, activation }) => [name, activation.fn])).toEqual([['dense_2', 'softmax']]);
    expect(kernelOf(pooled, 'dense_2').shape).toEqual([50, 10]);
    const { model: kept } = await pool(lenet);
    expect(kernelOf(kept, 'dense_1').shape).toEqual([50, 500]);
    expect(kernelOf(kept, 'dense_2').id).toBe(kernelOf(lenet, 'dense_2').id);
  });

  it('is refused where there are no channels to average', async () => {
    const dense = template('lenet-300-100');
    const { model: same, report } = await pool(dense);
    expect(same).toBe(dense);
    expect(report.notes[0]?.en).toContain('Its mean would say nothing');
    const residual = template('small-resnet');
    expect((await pool(residual)).model).toBe(residual);
    expect((await pool(residual)).report.notes[0]?.en).toContain('no image of channels is laid out');
  });
});

describe('a new head', () => {
  async function run(model: Model, values: Values): Promise<{ model: Model; objectives: readonly Objective[] }> {
    const objectives: Objective[] = [];
    const context = plainContext(3, {
      train: async (objective) => {
        objectives.push(objective);
        return objective.model;
      },
    });
    const result = await applyPass(newHead, model, values, context);
    validateModel(result.model);
    return { model: result.model, objectives };
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

  it('is refused where the network does not end in dense layers', async () => {
    const rows: readonly Row[] = [
      { kind: 'conv2d', filters: 3, kernel: 3, stride: 1, padding: 'same', activation: 'linear', bias: true },
      { kind: 'globalAveragePool2d' },
    ];
    const model = createModel({ name: 'test', input: [6, 6, 1], classes: 3, rows }, 1);
    await expect(run(model, {})).rejects.toThrow('does not end in dense layers');
  });

  it('finds the head of every structure', async () => {
    const heads = Object.values(MODELS).map(async (model) => (await run(model, {})).objectives[0]?.frozen?.at(-1));
    expect(await Promise.all(heads)).toEqual(['flatten_1', 'flatten_1', 'global_average_pooling2d_1', 'flatten_1']);
    expect(
      (await run(denseModel(tensor([2, 3], [1, 2, 3, 4, 5, 6]), tensor([3, 2], [1, 2, 3, 4, 5, 6])), {})).model.layers,
    ).toHaveLength(2);
  });
});

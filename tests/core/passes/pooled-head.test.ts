/** Pooled heads: the structure, the weights worked by hand, and where there is nothing to pool. */
import { describe, expect, it } from 'vitest';
import type { Architecture, Row } from '#core/architecture';
import { createModel } from '#core/model/create';
import type { DenseLayer } from '#core/model/layers';
import type { Model } from '#core/model/model';
import { validateModel } from '#core/model/validate';
import type { Values } from '#core/params';
import { pooledHead } from '#core/passes/pooled-head';
import { TEMPLATES } from '#core/templates';
import { outputOf } from '../support/reference-forward';
import { applyPass, kernelOf, modelOf, plainContext, tensor } from './helpers';

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

  it('leaves a network alone whose normalisation knows each pixel, unless one fresh layer takes the place of all', async () => {
    const convolution: Row = {
      kind: 'conv2d',
      filters: 2,
      kernel: 3,
      stride: 1,
      padding: 'same',
      activation: 'relu',
      bias: true,
    };
    const head: Row = { kind: 'dense', units: 3, activation: 'linear', bias: true };
    const rows: readonly Row[] = [convolution, { kind: 'flatten' }, { kind: 'batchNorm' }, head];
    const pixels = createModel({ name: 'Pixels', input: [4, 4, 1], classes: 3, rows }, 1);
    const { model: same, report } = await pool(pixels);
    expect(same).toBe(pixels);
    expect(report.notes[0]?.en).toMatch(/has numbers for each pixel/);
    const { model: fresh } = await pool(pixels, { dense: 'single' });
    validateModel(fresh);
    expect(fresh.layers.map(({ kind }) => kind)).toEqual(['input', 'conv2d', 'globalAveragePool2d', 'dense']);
  });
});

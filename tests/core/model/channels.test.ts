import { describe, expect, it } from 'vitest';
import { countMacs } from '#core/metrics/operations';
import { countParameters } from '#core/metrics/size';
import { channelGroups, cutChannels } from '#core/model/channels';
import { createModel } from '#core/model/create';
import { layerOf, tensorOf } from '#core/model/edit';
import type { Model } from '#core/model/model';
import { shapesOf } from '#core/model/shapes';
import { templateById } from '#core/templates';
import { Builder, LINEAR, PLAIN } from '../support/models';

const shapeOf = (model: Model, layer: string, role: 'kernel' | 'bias' | 'alpha'): readonly number[] | undefined => {
  const found = layerOf(model, layer);
  return found && tensorOf(model, found, role)?.shape;
};
const valuesOf = (model: Model, layer: string, role: 'kernel' | 'bias'): number[] => {
  const found = layerOf(model, layer);
  return [...((found && tensorOf(model, found, role)?.data) ?? [])];
};
function template(id: string): Model {
  const found = templateById(id);
  if (!found) throw new Error(id);
  return createModel(found.architecture([28, 28, 1], 10), 3);
}
/** Keeps the first `keep` units of a group. */
const first = (keep: number): number[] => Array.from({ length: keep }, (_, i) => i);

describe('channelGroups', () => {
  it('finds every hidden layer of LeNet-5 prunable and its outputs not', () => {
    const groups = channelGroups(template('lenet-5'));
    expect(groups.map(({ id, count, prunable }) => [id, count, prunable])).toEqual([
      ['conv2d_1', 20, true],
      ['conv2d_2', 50, true],
      ['dense_1', 500, true],
      ['dense_2', 10, false],
    ]);
    expect(groups[3]?.reason?.en).toContain('outputs');
  });

  it('ties what a residual add joins, with the batch normalisations on the way', () => {
    const groups = channelGroups(template('small-resnet'));
    const tied = groups.find((group) => group.producers.length === 2);
    expect(tied?.producers.map(({ layer }) => layer)).toEqual(['conv2d_1', 'conv2d_3']);
    expect(tied?.carriers.map(({ layer }) => layer)).toEqual(['batch_normalization_1', 'batch_normalization_3']);
    expect(tied?.producers[1]?.channels[5]).toEqual([5]);
    expect(groups.find((group) => group.id === 'conv2d_2')?.prunable).toBe(true);
  });

  it('ties a depthwise convolution to the one before it', () => {
    const group = channelGroups(template('separable-cnn'))[0];
    expect(group?.producers.map(({ layer }) => layer)).toEqual(['conv2d_1']);
    expect(group?.carriers.map(({ layer }) => layer)).toEqual([
      'batch_normalization_1',
      'depthwise_conv2d_1',
      'batch_normalization_2',
    ]);
  });

  it('gives offsets behind a concatenation, several channels with a multiplier', () => {
    const b = new Builder();
    b.add({ kind: 'input', name: 'in', inputs: [], shape: [4, 4, 1] });
    b.add({ kind: 'conv2d', name: 'a', inputs: ['in'], kernel: b.tensor([1, 1, 1, 2]), ...PLAIN });
    b.add({ kind: 'conv2d', name: 'b', inputs: ['in'], kernel: b.tensor([1, 1, 1, 3]), ...PLAIN });
    b.add({ kind: 'concat', name: 'join', inputs: ['a', 'b'] });
    b.add({ kind: 'depthwiseConv2d', name: 'dw', inputs: ['join'], kernel: b.tensor([3, 3, 5, 2]), ...PLAIN });
    b.add({ kind: 'globalAveragePool2d', name: 'pool', inputs: ['dw'], keepDims: false });
    b.add({ kind: 'dense', name: 'out', inputs: ['pool'], kernel: b.tensor([10, 2]), activation: LINEAR });
    const groups = channelGroups(b.model());
    expect(groups.map(({ id, count }) => [id, count])).toEqual([
      ['a', 2],
      ['b', 3],
      ['out', 2],
    ]);
    expect(groups[0]?.carriers[0]).toEqual({
      layer: 'dw',
      channels: [
        [0, 1],
        [2, 3],
      ],
    });
    expect(groups[1]?.carriers[0]).toEqual({
      layer: 'dw',
      channels: [
        [4, 5],
        [6, 7],
        [8, 9],
      ],
    });

    const cut = cutChannels(b.model(), new Map([['b', [2, 0]]]));
    expect(shapeOf(cut, 'b', 'kernel')).toEqual([1, 1, 1, 2]);
    expect(shapeOf(cut, 'dw', 'kernel')).toEqual([3, 3, 4, 2]);
    expect(shapeOf(cut, 'out', 'kernel')).toEqual([8, 2]);
  });

  it('splits a layer whose channels are bound in different ways', () => {
    const b = new Builder();
    b.add({ kind: 'input', name: 'in', inputs: [], shape: [4, 4, 1] });
    b.add({ kind: 'conv2d', name: 'a', inputs: ['in'], kernel: b.tensor([1, 1, 1, 2]), ...PLAIN });
    b.add({ kind: 'concat', name: 'join', inputs: ['a', 'in'] });
    b.add({ kind: 'conv2d', name: 'wide', inputs: ['in'], kernel: b.tensor([1, 1, 1, 3]), ...PLAIN });
    b.add({ kind: 'add', name: 'sum', inputs: ['join', 'wide'] });
    b.add({ kind: 'globalAveragePool2d', name: 'pool', inputs: ['sum'], keepDims: false });
    b.add({ kind: 'dense', name: 'out', inputs: ['pool'], kernel: b.tensor([3, 2]), activation: LINEAR });
    const groups = channelGroups(b.model());
    expect(groups.map(({ id, prunable }) => [id, prunable])).toEqual([
      ['a + wide', true],
      ['wide', false],
      ['out', false],
    ]);
    expect(groups[1]?.producers[0]?.channels).toEqual([[2]]);
    expect(groups[1]?.reason?.en).toContain('input of the model');
  });

  it('refuses what a grouped convolution makes or reads, and what a softmax divides', () => {
    const b = new Builder();
    b.add({ kind: 'input', name: 'in', inputs: [], shape: [4, 4, 1] });
    b.add({ kind: 'conv2d', name: 'a', inputs: ['in'], kernel: b.tensor([1, 1, 1, 4]), ...PLAIN });
    b.add({ kind: 'conv2d', name: 'grouped', inputs: ['a'], kernel: b.tensor([1, 1, 2, 4]), ...PLAIN });
    b.add({
      kind: 'conv2d',
      name: 'soft',
      inputs: ['grouped'],
      kernel: b.tensor([1, 1, 4, 4]),
      ...PLAIN,
      activation: { fn: 'softmax' },
    });
    b.add({ kind: 'globalAveragePool2d', name: 'pool', inputs: ['soft'], keepDims: false });
    b.add({ kind: 'dense', name: 'out', inputs: ['pool'], kernel: b.tensor([4, 2]), activation: LINEAR });
    expect(
      channelGroups(b.model()).map(({ id, prunable, reason }) => [
        id,
        prunable,
        reason?.en.includes('grouped'),
        reason?.en.includes('softmax'),
      ]),
    ).toEqual([
      ['a', false, true, false],
      ['grouped', false, true, false],
      ['soft', false, false, true],
      ['out', false, false, false],
    ]);
  });

  it('keeps the rows of a reshaped vector alike', () => {
    const b = new Builder();
    b.add({ kind: 'input', name: 'in', inputs: [], shape: [3] });
    b.add({ kind: 'dense', name: 'd', inputs: ['in'], kernel: b.tensor([3, 12]), activation: LINEAR });
    b.add({ kind: 'reshape', name: 'r', inputs: ['d'], shape: [2, 2, 3] });
    b.add({ kind: 'conv2d', name: 'c', inputs: ['r'], kernel: b.tensor([1, 1, 3, 2]), ...PLAIN });
    b.add({ kind: 'flatten', name: 'f', inputs: ['c'] });
    b.add({ kind: 'dense', name: 'out', inputs: ['f'], kernel: b.tensor([8, 2]), activation: LINEAR });
    const group = channelGroups(b.model())[0];
    expect(group?.producers[0]?.channels).toEqual([
      [0, 3, 6, 9],
      [1, 4, 7, 10],
      [2, 5, 8, 11],
    ]);
    const cut = cutChannels(b.model(), new Map([['d', [0, 2]]]));
    expect(layerOf(cut, 'r')).toMatchObject({ shape: [2, 2, 2] });
    expect(shapeOf(cut, 'd', 'kernel')).toEqual([3, 8]);
    expect(shapesOf(cut)['out']).toEqual([2]);
  });
});

describe('cutChannels', () => {
  it('removes exactly the columns, rows and biases of a worked example', () => {
    // An image of 1 x 2, two filters, flattened to [p0c0, p0c1, p1c0, p1c1], one output.
    const b = new Builder();
    b.add({ kind: 'input', name: 'in', inputs: [], shape: [1, 2, 1] });
    b.add({
      kind: 'conv2d',
      name: 'c',
      inputs: ['in'],
      kernel: b.tensor([1, 1, 1, 2], [10, 20]),
      bias: b.tensor([2], [1, 2]),
      ...PLAIN,
    });
    b.add({ kind: 'flatten', name: 'f', inputs: ['c'] });
    b.add({
      kind: 'dense',
      name: 'out',
      inputs: ['f'],
      kernel: b.tensor([4, 2], [1, 2, 3, 4, 5, 6, 7, 8]),
      bias: b.tensor([2], [0.5, 0.25]),
      activation: { fn: 'softmax' },
    });
    const cut = cutChannels(b.model(), new Map([['c', [1]]]));
    expect(valuesOf(cut, 'c', 'kernel')).toEqual([20]);
    expect(valuesOf(cut, 'c', 'bias')).toEqual([2]);
    expect(valuesOf(cut, 'out', 'kernel')).toEqual([3, 4, 7, 8]);
    expect(valuesOf(cut, 'out', 'bias')).toEqual([0.5, 0.25]);
    expect(Object.keys(cut.tensors)).toHaveLength(4);
  });

  it('leaves LeNet-5 at 5-10-76-10 with the parameters and multiply-accumulates worked by hand', () => {
    const cut = cutChannels(
      template('lenet-5'),
      new Map([
        ['conv2d_1', first(5)],
        ['conv2d_2', first(10)],
        ['dense_1', first(76)],
      ]),
    );
    // 130 + 1,260 + 12,236 + 770
    expect(countParameters(cut).parameters).toBe(5 * 25 + 5 + 5 * 25 * 10 + 10 + 160 * 76 + 76 + 76 * 10 + 10);
    expect(countMacs(cut).total).toBe(24 * 24 * 25 * 5 + 8 * 8 * 125 * 10 + 160 * 76 + 76 * 10);
    expect(shapesOf(cut)[cut.outputs[0] as string]).toEqual([10]);
  });

  it('cuts a residual stage everywhere', () => {
    const model = template('small-resnet');
    const group = channelGroups(model).find(({ producers }) => producers.length === 2);
    const cut = cutChannels(model, new Map([[group?.id as string, first(4)]]));
    expect(shapeOf(cut, 'conv2d_1', 'kernel')).toEqual([3, 3, 1, 4]);
    expect(shapeOf(cut, 'conv2d_2', 'kernel')).toEqual([3, 3, 4, 16]);
    expect(shapeOf(cut, 'conv2d_3', 'kernel')).toEqual([3, 3, 16, 4]);
    expect(shapeOf(cut, 'conv2d_4', 'kernel')).toEqual([3, 3, 4, 32]);
    expect(shapesOf(cut)['add_1']).toEqual([14, 14, 4]);
  });

  it('returns the same model where nothing goes, and refuses what it may not do', () => {
    const model = template('lenet-5');
    expect(cutChannels(model, new Map())).toBe(model);
    expect(cutChannels(model, new Map([['conv2d_1', first(20)]]))).toBe(model);
    expect(() => cutChannels(model, new Map([['conv2d_1', []]]))).toThrow('at least one channel of conv2d_1');
    expect(() => cutChannels(model, new Map([['conv2d_1', [20]]]))).toThrow('has no unit 20');
    expect(() => cutChannels(model, new Map([['dense_2', [0]]]))).toThrow('cannot be cut');
    expect(() => cutChannels(model, new Map([['nothing', [0]]]))).toThrow('no channel group nothing');
  });

  it('never cuts below a softmax of its own', () => {
    const b = new Builder();
    b.add({ kind: 'input', name: 'in', inputs: [], shape: [3] });
    b.add({ kind: 'dense', name: 'd', inputs: ['in'], kernel: b.tensor([3, 4]), activation: LINEAR });
    b.add({ kind: 'activation', name: 's', inputs: ['d'], activation: { fn: 'softmax' } });
    expect(channelGroups(b.model())).toMatchObject([{ id: 'd', prunable: false }]);
  });
});

import { describe, expect, it } from 'vitest';
import { countMacs } from '#core/metrics/operations';
import { createModel } from '#core/model/create';
import { templateById } from '#core/templates';
import { Builder, LINEAR, PLAIN } from '../support/models';

describe('countMacs', () => {
  it('counts LeNet-5 on MNIST as worked by hand', () => {
    const template = templateById('lenet-5');
    const model = createModel((template as NonNullable<typeof template>).architecture([28, 28, 1], 10), 1);
    expect(countMacs(model).byLayer).toEqual({
      input_1: 0,
      conv2d_1: 24 * 24 * 20 * 25,
      max_pooling2d_1: 0,
      conv2d_2: 8 * 8 * 50 * 25 * 20,
      max_pooling2d_2: 0,
      flatten_1: 0,
      dense_1: 800 * 500,
      dense_2: 5000,
    });
    expect(countMacs(model).total).toBe(288_000 + 1_600_000 + 400_000 + 5_000);
  });

  it('counts groups, strides, multipliers and dense layers over pixels', () => {
    const b = new Builder();
    b.add({ kind: 'input', name: 'in', inputs: [], shape: [5, 6, 4] });
    b.add({
      kind: 'conv2d',
      name: 'grouped',
      inputs: ['in'],
      kernel: b.tensor([3, 3, 2, 8]),
      ...PLAIN,
      strides: [2, 2],
    });
    b.add({
      kind: 'depthwiseConv2d',
      name: 'dw',
      inputs: ['grouped'],
      kernel: b.tensor([3, 3, 8, 2]),
      bias: b.tensor([16]),
      ...PLAIN,
    });
    b.add({
      kind: 'batchNorm',
      name: 'bn',
      inputs: ['dw'],
      mean: b.tensor([16]),
      variance: b.tensor([16], 1),
      epsilon: 0.001,
      momentum: 0.9,
    });
    b.add({ kind: 'dense', name: 'd', inputs: ['bn'], kernel: b.tensor([16, 3]), activation: LINEAR });
    expect(countMacs(b.model())).toEqual({
      total: 9 * 8 * 18 + 9 * 16 * 9 + 9 * 3 * 16,
      byLayer: { in: 0, grouped: 9 * 8 * (3 * 3 * 2), dw: 9 * 16 * 9, bn: 0, d: 9 * 3 * 16 },
    });
  });
});

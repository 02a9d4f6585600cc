import { describe, expect, it } from 'vitest';
import type { Layer, MergeLayer, Padding, Pair } from '#core/model/layers';
import { outputShape, resolvePads, type Shape, ShapeError, shapesOf, windowOutput } from '#core/model/shapes';
import { Builder, PLAIN } from '../support/models';

const shapeOf = (layer: Layer, inputs: readonly Shape[], tensors: Readonly<Record<string, Shape>> = {}): Shape =>
  outputShape(layer, inputs, (id) => tensors[id]);
const faultOf = (layer: Layer, inputs: readonly Shape[], tensors: Readonly<Record<string, Shape>> = {}): ShapeError => {
  try {
    shapeOf(layer, inputs, tensors);
  } catch (error) {
    if (error instanceof ShapeError) return error;
    throw error;
  }
  throw new Error('no fault was found');
};
const conv = (changes: Partial<Extract<Layer, { kind: 'conv2d' }>> = {}): Layer => ({
  kind: 'conv2d',
  name: 'c',
  inputs: ['x'],
  kernel: 'k',
  ...PLAIN,
  ...changes,
});
const merge = (kind: MergeLayer['kind'], count: number): Layer => ({
  kind,
  name: 'm',
  inputs: Array.from({ length: count }, (_, i) => `x${i}`),
});

describe('windows', () => {
  // Input, kernel, stride, dilation -> output, pads before and behind: TensorFlow's rule, worked by hand.
  it.each([
    [28, 5, 1, 1, 28, 2, 2],
    [28, 2, 2, 1, 14, 0, 0],
    [7, 3, 2, 1, 4, 1, 1],
    [8, 3, 2, 1, 4, 0, 1],
    [5, 2, 1, 1, 5, 0, 1],
    [10, 3, 1, 2, 10, 2, 2],
    [3, 5, 4, 1, 1, 1, 1],
    [7, 1, 2, 1, 4, 0, 0],
    [224, 7, 2, 1, 112, 2, 3],
  ])(
    "gives 'same' over %i with a kernel of %i, stride %i, dilation %i: %i with pads %i and %i",
    (size, kernel, stride, dilation, out, before, behind) => {
      expect(resolvePads('same', [size, size], [kernel, kernel], [stride, stride], [dilation, dilation])).toEqual([
        before,
        behind,
        before,
        behind,
      ]);
      expect(windowOutput('same', [size, size], [kernel, kernel], [stride, stride], [dilation, dilation])).toEqual([
        out,
        out,
      ]);
    },
  );

  it.each<[Padding, Pair, Pair, Pair, Pair, Pair]>([
    ['valid', [28, 28], [5, 5], [1, 1], [1, 1], [24, 24]],
    ['valid', [7, 8], [2, 2], [2, 2], [1, 1], [3, 4]],
    ['valid', [9, 9], [3, 3], [1, 1], [3, 3], [3, 3]],
    [
      [1, 2, 0, 0],
      [4, 4],
      [3, 3],
      [2, 2],
      [1, 1],
      [3, 1],
    ],
  ])('gives %j over %j with %j, strides %j, dilation %j: %j', (padding, size, kernel, strides, dilation, out) => {
    expect(windowOutput(padding, size, kernel, strides, dilation)).toEqual(out);
  });
});

describe('outputShape', () => {
  it('follows convolutions, grouped and depthwise', () => {
    expect(shapeOf(conv({ padding: 'valid' }), [[28, 28, 3]], { k: [5, 5, 3, 8] })).toEqual([24, 24, 8]);
    expect(shapeOf(conv(), [[8, 8, 6]], { k: [3, 3, 2, 9] })).toEqual([8, 8, 9]);
    expect(
      shapeOf({ ...conv({ strides: [2, 2] }), kind: 'depthwiseConv2d' } as Layer, [[7, 7, 3]], { k: [3, 3, 3, 2] }),
    ).toEqual([4, 4, 6]);
  });

  it('follows dense layers on the last axis', () => {
    const dense: Layer = { kind: 'dense', name: 'd', inputs: ['x'], kernel: 'k', activation: { fn: 'linear' } };
    expect(shapeOf(dense, [[12]], { k: [12, 5] })).toEqual([5]);
    expect(shapeOf(dense, [[4, 4, 12]], { k: [12, 5] })).toEqual([4, 4, 5]);
  });

  it('follows pooling, resizing and reshaping', () => {
    const pool: Layer = {
      kind: 'maxPool2d',
      name: 'p',
      inputs: ['x'],
      window: [2, 2],
      strides: [2, 2],
      padding: 'valid',
    };
    expect(shapeOf(pool, [[5, 4, 3]])).toEqual([2, 2, 3]);
    expect(shapeOf({ ...pool, padding: 'same' }, [[5, 4, 3]])).toEqual([3, 2, 3]);
    expect(shapeOf({ kind: 'globalMaxPool2d', name: 'g', inputs: ['x'], keepDims: false }, [[5, 4, 3]])).toEqual([3]);
    expect(shapeOf({ kind: 'globalAveragePool2d', name: 'g', inputs: ['x'], keepDims: true }, [[5, 4, 3]])).toEqual([
      1, 1, 3,
    ]);
    expect(shapeOf({ kind: 'flatten', name: 'f', inputs: ['x'] }, [[5, 4, 3]])).toEqual([60]);
    expect(shapeOf({ kind: 'reshape', name: 'r', inputs: ['x'], shape: [-1, 6] }, [[5, 4, 3]])).toEqual([10, 6]);
    expect(shapeOf({ kind: 'zeroPad2d', name: 'z', inputs: ['x'], pads: [1, 2, 3, 4] }, [[5, 4, 3]])).toEqual([
      8, 11, 3,
    ]);
    expect(shapeOf({ kind: 'crop2d', name: 'z', inputs: ['x'], pads: [1, 2, 0, 1] }, [[5, 4, 3]])).toEqual([2, 3, 3]);
    expect(
      shapeOf({ kind: 'upsample2d', name: 'u', inputs: ['x'], size: [2, 3], interpolation: 'nearest' }, [[5, 4, 3]]),
    ).toEqual([10, 12, 3]);
  });

  it('follows merges', () => {
    expect(
      shapeOf(merge('add', 2), [
        [4, 4, 2],
        [4, 4, 2],
      ]),
    ).toEqual([4, 4, 2]);
    expect(
      shapeOf(merge('multiply', 2), [
        [1, 1, 2],
        [4, 4, 2],
      ]),
    ).toEqual([4, 4, 2]);
    expect(
      shapeOf({ kind: 'concat', name: 'c', inputs: ['a', 'b'] }, [
        [4, 4, 2],
        [4, 4, 5],
      ]),
    ).toEqual([4, 4, 7]);
  });

  it('knows every layer of a model', () => {
    const b = new Builder();
    b.add({ kind: 'input', name: '__proto__', inputs: [], shape: [6, 6, 1] });
    b.add({
      kind: 'conv2d',
      name: 'c',
      inputs: ['__proto__'],
      kernel: b.tensor([3, 3, 1, 2]),
      ...PLAIN,
      padding: 'valid',
    });
    const shapes = shapesOf(b.model());
    expect(Object.keys(shapes)).toEqual(['__proto__', 'c']);
    expect(shapes['c']).toEqual([4, 4, 2]);
  });
});

describe('impossible layers', () => {
  it.each<[string, Layer, readonly Shape[], Readonly<Record<string, Shape>>, string, string]>([
    [
      'a kernel beyond the image',
      conv({ padding: 'valid' }),
      [[4, 4, 1]],
      { k: [5, 5, 1, 8] },
      'window of 5 x 5 is larger than what it receives, 4 x 4',
      '比输入 4 x 4 还大',
    ],
    [
      'a dilated kernel beyond the image',
      conv({ padding: 'valid', dilation: [3, 3] }),
      [[6, 6, 1]],
      { k: [3, 3, 1, 8] },
      'window of 7 x 7',
      '7 x 7',
    ],
    ['a stride of 0', conv({ strides: [0, 1] }), [[4, 4, 1]], { k: [3, 3, 1, 8] }, 'strides [0, 1]', '步长 [0, 1]'],
    ['half a dilation', conv({ dilation: [1, 0.5] }), [[4, 4, 1]], { k: [3, 3, 1, 8] }, 'dilation [1, 0.5]', '膨胀'],
    ['negative pads', conv({ padding: [-1, 0, 0, 0] }), [[4, 4, 1]], { k: [3, 3, 1, 8] }, 'pads [-1, 0, 0, 0]', '边距'],
    [
      'other input channels',
      conv(),
      [[4, 4, 3]],
      { k: [3, 3, 2, 8] },
      'made for 2 input channels, but it receives 3',
      '2 个输入通道',
    ],
    [
      'a bias that does not fit',
      conv({ bias: 'b' }),
      [[4, 4, 1]],
      { k: [3, 3, 1, 8], b: [7] },
      'bias has the shape [7] where [8] is needed',
      '[8]',
    ],
    ['a convolution over a vector', conv(), [[16]], { k: [3, 3, 1, 8] }, 'needs an image', '需要图片'],
    ['a kernel that is missing', conv(), [[4, 4, 1]], {}, 'kernel is missing', '缺少'],
    [
      'adding different shapes',
      merge('add', 2),
      [
        [4, 4, 2],
        [4, 4, 3],
      ],
      {},
      '[4, 4, 2] and [4, 4, 3]',
      '形状不同',
    ],
    [
      'adding with broadcasting',
      merge('add', 2),
      [
        [4, 4, 2],
        [1, 1, 2],
      ],
      {},
      'must be equal',
      '必须相同',
    ],
    ['adding one thing', merge('add', 1), [[4]], {}, 'two inputs or more', '至少两个'],
    ['subtracting three things', merge('subtract', 3), [[4], [4], [4]], {}, 'exactly two inputs', '恰好两个'],
    [
      'joining images of different size',
      { kind: 'concat', name: 'm', inputs: ['a', 'b'] },
      [
        [4, 4, 2],
        [2, 2, 2],
      ],
      {},
      'sizes differ',
      '大小不同',
    ],
    [
      'a reshape that does not come out',
      { kind: 'reshape', name: 'm', inputs: ['x'], shape: [-1, 7] },
      [[4, 4, 2]],
      {},
      '32 values cannot take the shape [-1, 7]',
      '32 个数值',
    ],
    [
      'a reshape with two unknowns',
      { kind: 'reshape', name: 'm', inputs: ['x'], shape: [-1, -1] },
      [[4]],
      {},
      'cannot take',
      '无法排成',
    ],
    ['a dropout of everything', { kind: 'dropout', name: 'm', inputs: ['x'], rate: 1 }, [[4]], {}, 'rate 1', '比率 1'],
    [
      'cropping everything',
      { kind: 'crop2d', name: 'm', inputs: ['x'], pads: [2, 2, 0, 0] },
      [[4, 4, 1]],
      {},
      'cuts away all',
      '裁掉',
    ],
    [
      'an input of nothing',
      { kind: 'input', name: 'm', inputs: [], shape: [0] },
      [],
      {},
      'whole numbers from 1',
      '不小于 1',
    ],
  ])('refuses %s', (_what, layer, inputs, tensors, en, zh) => {
    const fault = faultOf(layer, inputs, tensors);
    expect(fault.layer).toBe(layer.name);
    expect(fault.words.en).toContain(en);
    expect(fault.words.zh).toContain(zh);
    expect(fault.message.startsWith(`${layer.name}: `)).toBe(true);
  });
});

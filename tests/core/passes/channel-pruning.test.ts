/** Channel pruning worked by hand: which channels go, what goes with them, and what is refused. */
import { describe, expect, it } from 'vitest';
import { countMacs } from '#core/metrics/operations';
import { createModel } from '#core/model/create';
import { withTensor } from '#core/model/edit';
import type { Layer } from '#core/model/layers';
import type { Model } from '#core/model/model';
import { channelPruning } from '#core/passes/channel-pruning';
import { keptCount, mostImportant, rankChannels } from '#core/passes/shared/channel-ranking';
import { TEMPLATES } from '#core/templates';
import { applyPass, denseModel, kernelOf, modelOf, plainContext, tensor } from './helpers';

/** d1: columns of L1 size 3, 1, 5, 2; d2: 4, 2 read by d3; d3 gives the outputs. */
const chain = (): Model =>
  denseModel(
    tensor([2, 4], [1, 0, -4, 1, -2, 1, 1, 1]),
    tensor([4, 2], [1, 1, 1, 0, -1, 0, 1, 1]),
    tensor([2, 2], [9, 8, 7, 6]),
  );

function withKernel(model: Model, layer: string, change: (w: number) => number): Model {
  const { shape, data } = kernelOf(model, layer);
  return withTensor(model, layer, 'kernel', tensor(shape, [...data].map(change)));
}

describe('channel pruning', () => {
  it('takes the smallest filters of each layer, and the weights that read them', async () => {
    const { model } = await applyPass(channelPruning, chain(), { kept: 0.5, scope: 'layer' });
    // d1 keeps columns 0 and 2; d2 loses rows 1 and 3 and, of its columns (4, 2), the second.
    expect(kernelOf(model, 'd1')).toMatchObject({ shape: [2, 2], data: Float32Array.from([1, -4, -2, 1]) });
    expect(kernelOf(model, 'd2')).toMatchObject({ shape: [2, 1], data: Float32Array.from([1, -1]) });
    expect(kernelOf(model, 'd3')).toMatchObject({ shape: [1, 2], data: Float32Array.from([9, 8]) });
  });

  it('compares channels by their layer mean over the whole network', async () => {
    // d1 3 1 5 2, mean 2.75; d2 4 2, mean 3. Of the four that compete (the best of each layer stays) 3 / 2.75 is the highest,
    // then 2 / 2.75 = 0.727, 2 / 3 = 0.667, 1 / 2.75.
    const { model } = await applyPass(channelPruning, chain(), { kept: 0.67 });
    expect(kernelOf(model, 'd1').data).toEqual(Float32Array.from([1, -4, 1, -2, 1, 1]));
    expect(kernelOf(model, 'd2').shape).toEqual([3, 1]);
  });

  it('compares so whatever the size of a layer', async () => {
    // As above, with the weights of d1 a tenth: by size alone the second channel of d2 would come before all of them.
    const small = chain();
    const { model } = await applyPass(
      channelPruning,
      withKernel(small, 'd1', (w) => w / 10),
      { kept: 0.67 },
    );
    expect(kernelOf(model, 'd1').shape).toEqual([2, 3]);
    expect(kernelOf(model, 'd2').shape).toEqual([3, 1]);
  });

  it('measures by squares when asked', () => {
    const [l1, l2] = (['l1', 'l2'] as const).map((by) => rankChannels(chain(), by)[0]);
    expect([...(l1?.importance ?? [])]).toEqual([3, 1, 5, 2]);
    expect([...(l2?.importance ?? [])]).toEqual([5, 1, 17, 2].map(Math.sqrt));
    expect(mostImportant(l1 as NonNullable<typeof l1>, 0)).toEqual([2]);
    expect([keptCount(10, 0.01), keptCount(10, 0.55), keptCount(3, 1)]).toEqual([1, 6, 3]);
  });

  it('never touches the outputs and says so', async () => {
    const { model, report } = await applyPass(channelPruning, chain(), { kept: 0.05 });
    expect(kernelOf(model, 'd3').shape).toEqual([1, 2]);
    expect(report.notes).toEqual([
      {
        en: 'd3 keeps all its channels. These are the outputs of the model, one for each class.',
        zh: 'd3 保留所有通道。这些是模型的输出，每个类别一个。',
      },
    ]);
  });

  it('says which layers the model does not have', async () => {
    const named = applyPass(channelPruning, chain(), { kept: 0.5, layers: ['d2', 'gone'] });
    await expect(named).rejects.toThrow('no layer named "gone"');
  });

  it('cuts only the layers that were chosen', async () => {
    const before = chain();
    const { model } = await applyPass(channelPruning, before, { kept: 0.5, layers: ['d2'] });
    expect(kernelOf(model, 'd1')).toBe(kernelOf(before, 'd1'));
    expect(kernelOf(model, 'd2').shape).toEqual([4, 1]);
  });

  it('leaves the model as it is with all channels kept', async () => {
    const model = chain();
    expect((await applyPass(channelPruning, model, { kept: 1 })).model).toBe(model);
  });

  it('says why where nothing can be cut', async () => {
    await expect(applyPass(channelPruning, denseModel(tensor([1, 2], [1, 2])))).rejects.toThrow(
      'There is no channel to cut here. d1: These are the outputs of the model, one for each class.',
    );
  });

  it('cuts masks and channel grids along, through a depthwise layer and a flatten', async () => {
    const plain = { strides: [1, 1], padding: 'valid', dilation: [1, 1], activation: { fn: 'relu' } } as const;
    const grid = (axis: number, scale: readonly number[]) =>
      ({
        kind: 'grid',
        bits: 8,
        qMin: -127,
        qMax: 127,
        scale: Float32Array.from(scale),
        zeroPoint: new Int32Array(scale.length),
        axis,
        symmetric: true,
      }) as const;
    const conv = tensor([1, 1, 1, 2], [1, 8], { values: grid(3, [1, 2]) });
    const depthwise = tensor([1, 1, 2, 1], [0, 4], { mask: Uint8Array.from([0, 1]), values: grid(2, [3, 4]) });
    const dense = tensor([8, 1], [1, 2, 3, 4, 5, 6, 7, 8]);
    const layers: Layer[] = [
      { kind: 'input', name: 'in', inputs: [], shape: [2, 2, 1] },
      { kind: 'conv2d', name: 'c', inputs: ['in'], kernel: conv.id, ...plain },
      { kind: 'depthwiseConv2d', name: 'w', inputs: ['c'], kernel: depthwise.id, ...plain },
      { kind: 'flatten', name: 'f', inputs: ['w'] },
      { kind: 'dense', name: 'd', inputs: ['f'], kernel: dense.id, activation: { fn: 'linear' } },
    ];
    const { model } = await applyPass(channelPruning, modelOf(layers, [conv, depthwise, dense]), { kept: 0.5 });
    expect(kernelOf(model, 'c')).toMatchObject({
      data: Float32Array.from([8]),
      encoding: { values: { scale: Float32Array.from([2]) } },
    });
    expect(kernelOf(model, 'w')).toMatchObject({
      data: Float32Array.from([4]),
      encoding: { mask: Uint8Array.from([1]), values: { scale: Float32Array.from([4]) } },
    });
    expect([...kernelOf(model, 'd').data]).toEqual([2, 4, 6, 8]);
  });

  it('makes every template smaller, and halves the channels it says', async () => {
    for (const template of TEMPLATES) {
      const model = createModel(template.architecture([28, 28, 1], 10), 1);
      const before = rankChannels(model, 'l1').filter(({ group }) => group.prunable);
      const { model: cut, report } = await applyPass(
        channelPruning,
        model,
        { kept: 0.5 },
        plainContext(1, { hasImages: false }),
      );
      const isNormal = model.layers.some(({ kind }) => kind === 'batchNorm');
      expect(report.notes.some(({ en }) => en.includes('there are no images'))).toBe(isNormal);
      const after = rankChannels(cut, 'l1').filter(({ group }) => group.prunable);
      const count = (groups: typeof before): number => groups.reduce((sum, { group }) => sum + group.count, 0);
      expect(count(after)).toBe(Math.round(count(before) / 2));
      expect(countMacs(cut).total).toBeLessThan(countMacs(model).total);
    }
  });
});

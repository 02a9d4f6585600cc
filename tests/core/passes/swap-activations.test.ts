/** Swapping activations: what becomes what, the mean slope, and what must stay. */
import { describe, expect, it } from 'vitest';
import type { Activation, ActivationFn, Layer } from '#core/model/layers';
import type { Model } from '#core/model/model';
import { validateModel } from '#core/model/validate';
import { codesFor } from '#core/numeric/affine-grid';
import { gridValues } from '#core/passes/shared/kernel-grids';
import { swapActivations } from '#core/passes/swap-activations';
import { outputOf } from '../support/reference-forward';
import { applyPass, modelOf, tensor } from './helpers';

const kernel = tensor([2, 2], [1, 0, 0, 1]);
const input: Layer = { kind: 'input', name: 'in', inputs: [], shape: [2] };
const dense = (name: string, from: string, activation: Activation = { fn: 'linear' }): Layer => ({
  kind: 'dense',
  name,
  inputs: [from],
  kernel: kernel.id,
  activation,
});
const act = (name: string, from: string, fn: ActivationFn): Layer => ({
  kind: 'activation',
  name,
  inputs: [from],
  activation: { fn },
});
const activationsOf = (model: Model) =>
  Object.fromEntries(model.layers.flatMap((one) => ('activation' in one ? [[one.name, one.activation]] : [])));

describe('simpler activations', () => {
  it('swaps those inside layers and those that are layers', async () => {
    const before = modelOf(
      [input, dense('a', 'in', { fn: 'swish' }), dense('b', 'a'), act('c', 'b', 'elu'), dense('out', 'c')],
      [kernel],
    );
    const { model, report } = await applyPass(swapActivations, before);
    expect(activationsOf(model)).toEqual({
      a: { fn: 'relu' },
      b: { fn: 'linear' },
      c: { fn: 'relu' },
      out: { fn: 'linear' },
    });
    expect([...outputOf(model, [-3, 2])]).toEqual([0, 2]);
    expect(report.notes.map(({ en }) => en)).toEqual(['a: swish becomes ReLU.', 'c: ELU becomes ReLU.']);
    const leaky = await applyPass(swapActivations, before, { to: 'leakyRelu', slope: 0.2 });
    const [x, y] = outputOf(leaky.model, [-3, 2]);
    expect(x).toBeCloseTo(-3 * 0.04, 12);
    expect(y).toBe(2);
    expect(leaky.model.tensors).toEqual(before.tensors);
  });

  it('gives up the ranges of rounded activations, which were those of the old curves', async () => {
    // tanh ends at 1: ReLU's 5 would be cut off there.
    const values = gridValues([{ scale: 2 / 255, zero: 128 }], codesFor(8, false), 8, null);
    const before: Model = {
      ...modelOf([input, dense('a', 'in', { fn: 'tanh' }), dense('out', 'a')], [kernel]),
      activationGrids: { a: values },
    };
    const { model, report } = await applyPass(swapActivations, before);
    expect(model.activationGrids).toBeUndefined();
    expect(report.notes.at(-1)?.en).toContain('no longer rounded');
    expect(swapActivations.effects).toMatchObject({ grids: 'keeps', activations: 'consumes' });
    const none = await applyPass(swapActivations, before, { which: 'prelu' });
    expect(none.model).toBe(before);
  });

  it('leaves what is simple, and the same model where there is nothing to do', async () => {
    const before = modelOf(
      [
        input,
        dense('a', 'in', { fn: 'relu', max: 6 }),
        dense('b', 'a', { fn: 'leakyRelu', alpha: 0.3 }),
        dense('out', 'b'),
      ],
      [kernel],
    );
    const { model, report } = await applyPass(swapActivations, before);
    expect(model).toBe(before);
    expect(report.notes[0]?.en).toContain('Nothing was changed');
  });

  it.each([
    [[0.1, 0.3], 0.2, ''],
    [[-0.5, 0.1], 0, ', held to 0'],
    [[1.5, 2.5], 1, ', held to 1'],
  ])('gives PReLU with the slopes %j the slope %d', async (slopes, mean, held) => {
    const alpha = tensor([2], slopes);
    const before = modelOf(
      [input, { kind: 'prelu', name: 'p', inputs: ['in'], alpha: alpha.id }, dense('out', 'p')],
      [kernel, alpha],
    );
    const { model, report } = await applyPass(swapActivations, before);
    validateModel(model);
    expect(outputOf(model, [-10, 10])[0]).toBeCloseTo(-10 * mean, 6);
    // Its slopes are no parameters any more.
    expect(Object.keys(model.tensors)).toEqual([kernel.id]);
    expect(report.notes[0]?.en).toContain(
      `its 2 slopes, ${((slopes[0] as number) / 2 + (slopes[1] as number) / 2).toFixed(3)}${held}.`,
    );
    expect((await applyPass(swapActivations, before, { which: 'curved' })).model).toBe(before);
  });

  it('swaps only PReLU when asked', async () => {
    const alpha = tensor([2], [0.25, 0.25]);
    const before = modelOf(
      [
        input,
        dense('a', 'in', { fn: 'gelu' }),
        { kind: 'prelu', name: 'p', inputs: ['a'], alpha: alpha.id },
        dense('out', 'p'),
      ],
      [kernel, alpha],
    );
    const { model } = await applyPass(swapActivations, before, { which: 'prelu' });
    expect(activationsOf(model)).toMatchObject({ a: { fn: 'gelu' }, p: { fn: 'leakyRelu', alpha: 0.25 } });
  });

  it('leaves the answers and the gates of the model', async () => {
    const before = modelOf(
      [
        input,
        dense('a', 'in', { fn: 'tanh' }),
        dense('gate', 'a', { fn: 'sigmoid' }),
        { kind: 'reshape', name: 'shaped', inputs: ['gate'], shape: [2] },
        { kind: 'multiply', name: 'm', inputs: ['a', 'shaped'] },
        dense('out', 'm', { fn: 'sigmoid' }),
        { kind: 'flatten', name: 'flat', inputs: ['out'] },
      ],
      [kernel],
    );
    const { model, report } = await applyPass(swapActivations, before);
    // a is multiplied too, and tanh may be the gate of the two.
    expect(model).toBe(before);
    expect(report.notes.map(({ en }) => en)).toEqual([
      'a keeps tanh: it gates another layer by multiplication.',
      'gate keeps sigmoid: it gates another layer by multiplication.',
      'out keeps sigmoid: it gives the model its answers.',
    ]);
  });
});

/** Bias quantization on numbers worked by hand. */
import { describe, expect, it } from 'vitest';
import { withTensors } from '#core/model/edit';
import { tensorsOf } from '#core/model/layers';
import type { Model, Tensor } from '#core/model/model';
import { makeTensor } from '#core/model/tensor';
import { validateModel } from '#core/model/validate';
import { biasQuantization } from '#core/passes/bias-quantization';
import { applyPass, plainContext } from './helpers';
import { MODELS } from './models';

const biases = (model: Model): readonly Tensor[] =>
  model.layers.flatMap((layer) =>
    tensorsOf(layer).flatMap(([role, id]) => (role === 'bias' ? [model.tensors[id] as Tensor] : [])),
  );

function withBias(values: readonly number[]): Model {
  const model = Object.values(MODELS).find((one) => biases(one).length > 0) as Model;
  const layer = model.layers.find((one) => 'bias' in one && one.bias !== undefined) as Model['layers'][number];
  const size = (model.tensors[(layer as { bias: string }).bias] as Tensor).data.length;
  const data = Float32Array.from({ length: size }, (_, i) => values[i % values.length] as number);
  return withTensors(model, [{ layer: layer.name, role: 'bias', tensor: makeTensor([size], data) }]);
}

describe('bias quantization', () => {
  it('puts biases on the grid of least error, zero and its sign included', async () => {
    // At 3 bits the codes are -3 … 3: the values are 3, 1, 0 and -2 steps of 0.25.
    const model = withBias([0.75, 0.25, -0, -0.5]);
    const { model: after } = await applyPass(biasQuantization, model, { bits: 3 }, plainContext(1));
    validateModel(after);
    const [first] = biases(after);
    expect([...(first?.data ?? [])].slice(0, 2)).toEqual([0.75, 0.25].slice(0, Math.min(2, first?.data.length ?? 0)));
    expect(first?.encoding.values).toMatchObject({ kind: 'grid', bits: 3, qMin: -3, qMax: 3, axis: null });
    expect(first?.data.some((value) => Object.is(value, -0))).toBe(false);
  });

  it('moves no bias by more than half a step of the spanning grid at 8 bits', async () => {
    const model = withBias([0.9, -0.33, 0.1234, 0.01]);
    const { model: after } = await applyPass(biasQuantization, model, { bits: 8 }, plainContext(1));
    const [before, now] = [biases(model)[0] as Tensor, biases(after)[0] as Tensor];
    for (const [i, value] of before.data.entries())
      expect(Math.abs(value - (now.data[i] as number))).toBeLessThanOrEqual((0.9 / 127) * 0.501);
  });

  it('leaves kernels and what is on a grid already alone, and says so', async () => {
    const model = withBias([0.5]);
    const once = (await applyPass(biasQuantization, model, { bits: 4 }, plainContext(1))).model;
    const twice = await applyPass(biasQuantization, once, { bits: 3 }, plainContext(1));
    expect(twice.model.tensors).toEqual(once.tensors);
    expect(twice.report.notes[0]?.en).toMatch(/Nothing was changed/);
  });
});

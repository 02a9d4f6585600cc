/** Gradual channel pruning with a training run that only counts: how many channels stay after each round, which, and how long each is trained. */
import { describe, expect, it } from 'vitest';
import { withTensor } from '#core/model/edit';
import type { Objective } from '#core/objective';
import type { PassContext } from '#core/pass';
import { gradualChannelPruning } from '#core/passes/gradual-channel-pruning';
import { applyPass, denseModel, expectOnce, kernelOf, plainContext, sketchPass, tensor } from './helpers';

/** A layer of 8 channels with weights 1 to 8, read by the one that gives the answers. */
const model = denseModel(tensor([1, 8], [1, 2, 3, 4, 5, 6, 7, 8]), tensor([8, 1], [1, 2, 3, 4, 5, 6, 7, 8]));

/** Keeps the objectives, and changes the first layer's weights as told. */
function training(change: (weights: readonly number[]) => readonly number[] = (weights) => weights) {
  const objectives: Objective[] = [];
  const context: PassContext = plainContext(1, {
    train: async (objective, _hooks, progress) => {
      objectives.push(objective);
      progress?.(0);
      progress?.(1);
      const kernel = kernelOf(objective.model, 'd1');
      return withTensor(objective.model, 'd1', 'kernel', tensor(kernel.shape, change([...kernel.data])));
    },
  });
  const widths = () => objectives.map(({ model: one }) => kernelOf(one, 'd1').data.length);
  return { context, objectives, widths };
}
const values = { kept: 0.25, rounds: 2, part: 0.5, epochs: 8 };

describe('gradual channel pruning', () => {
  it('takes the same share of what is left in every round, and trains longest after the last', async () => {
    const { context, objectives, widths } = training();
    const { model: cut } = await applyPass(gradualChannelPruning, model, values, context);
    // 8 to 2 in two rounds: half each time. Half of 8 epochs are shared by the rounds; the last has the other half too.
    expect(widths()).toEqual([4, 2]);
    expect(objectives.map(({ epochs }) => epochs)).toEqual([2, 6]);
    expect([...kernelOf(cut, 'd1').data]).toEqual([7, 8]);
    expect(kernelOf(cut, 'd2').data).toEqual(Float32Array.of(7, 8));
  });

  it('measures anew what has been trained', async () => {
    const { context } = training((weights) => weights.map((w) => 10 - w));
    // 5, 6, 7, 8 stay and become 5, 4, 3, 2: the first two of them are kept, and turned round again.
    const { model: cut } = await applyPass(gradualChannelPruning, model, values, context);
    expect([...kernelOf(cut, 'd1').data]).toEqual([5, 6]);
    expect([...kernelOf(cut, 'd2').data]).toEqual([5, 6]);
  });

  it('cuts fast first along a cubic, and once when asked', async () => {
    const cubic = training();
    await applyPass(gradualChannelPruning, model, { ...values, schedule: 'cubic' }, cubic.context);
    // Three quarters are to go: 7/8 of them at half time, 0.656 of 8 channels, so 2.75 stay.
    expect(cubic.widths()).toEqual([3, 2]);
    const once = training();
    await applyPass(gradualChannelPruning, model, { ...values, schedule: 'once' }, once.context);
    expect(once.widths()).toEqual([2]);
    expect(once.objectives[0]?.epochs).toBe(8);
  });

  it('learns from the original throughout', async () => {
    const { context, objectives } = training();
    await applyPass(gradualChannelPruning, model, values, context);
    for (const { loss } of objectives)
      expect(loss).toContainEqual(expect.objectContaining({ kind: 'distillation', teacher: { kind: 'model', model } }));
  });

  it('takes less of the layers that cost more when they alone are cut', async () => {
    const ones = Array.from({ length: 64 }, () => 1);
    const three = denseModel(
      tensor([1, 8], [1, 2, 3, 4, 5, 6, 7, 8]),
      tensor([8, 8], ones),
      tensor([8, 1], [1, 2, 3, 4, 5, 6, 7, 8]),
    );
    // Each unit that the second layer loses costs an eighth; what the first one loses costs nothing.
    const accuracy: PassContext['accuracy'] = async (predictor) => {
      if (predictor.kind !== 'model') throw new Error('a model was expected');
      return (kernelOf(predictor.model, 'd2').shape[1] as number) / 8;
    };
    const { context } = training();
    const told: number[] = [];
    const progress = (done: number) => told.push(done);
    const spread = { ...values, kept: 10 / 16, scope: 'sensitivity' };
    const { model: cut } = await applyPass(gradualChannelPruning, three, spread, { ...context, accuracy, progress });
    expectOnce(told);
    expect(kernelOf(cut, 'd2').shape).toEqual([2, 8]);
    const sketch = await sketchPass(gradualChannelPruning, three, spread, { ...context, accuracy });
    expect(kernelOf(sketch, 'd2').shape).toEqual([2, 8]);
  });

  it('sketches the widths that it ends with', async () => {
    for (const changes of [{ kept: 0.3 }, { kept: 0.6, multiple: 4 }, { kept: 0.5, scope: 'global' }]) {
      const complete = { ...values, ...changes };
      const sketch = await sketchPass(gradualChannelPruning, model, complete);
      const { model: cut } = await applyPass(gradualChannelPruning, model, complete, training().context);
      expect(kernelOf(sketch, 'd1').shape).toEqual(kernelOf(cut, 'd1').shape);
    }
  });
});

/** Gradual pruning with a training run written by hand: when it prunes, by what, and what it asks of the engine. */
import { describe, expect, it } from 'vitest';
import { withTensor } from '#core/model/edit';
import type { Model } from '#core/model/model';
import type { Objective } from '#core/objective';
import type { PassContext, TrainHooks } from '#core/pass';
import { gradualPruning } from '#core/passes/gradual-pruning';
import { captureContext } from './captures';
import { applyPass, costing, denseModel, expectOnce, kernelOf, plainContext, sketchPass, tensor } from './helpers';

const data = (model: Model, name = 'd1'): number[] => [...kernelOf(model, name).data];

interface Run {
  readonly context: PassContext;
  readonly seen: number[][];
  objective?: Objective;
  hooks?: TrainHooks;
}
/** A run that calls the hook at these shares and puts `values` in the first layer at each, where they are not pruned. */
function running(shares: readonly number[], values: readonly (readonly number[])[] = []): Run {
  const run: Run = {
    seen: [],
    context: plainContext(1, {
      train: async (objective, hooks, progress) => {
        run.objective = objective;
        if (hooks) run.hooks = hooks;
        let model = objective.model;
        for (const [i, done] of shares.entries()) {
          const kernel = kernelOf(model, 'd1');
          const { mask } = kernel.encoding;
          const fresh = values[i] ?? [...kernel.data];
          const moved = tensor(
            kernel.shape,
            fresh.map((x, w) => (mask?.[w] === 0 ? 0 : x)),
            kernel.encoding,
          );
          model = withTensor(model, 'd1', 'kernel', moved);
          model = (await hooks?.revise(model, done, () => moved.data)) ?? model;
          run.seen.push(data(model));
          progress?.(done);
        }
        progress?.(1);
        return model;
      },
    }),
  };
  return run;
}

const model = denseModel(tensor([1, 8], [1, 2, 3, 4, 5, 6, 7, 8]));
const zeros = (row: readonly number[]): number => row.filter((x) => x === 0).length;

describe('gradual pruning', () => {
  it('prunes along its schedule and is done at the end of its part', async () => {
    const values = { sparsity: 0.75, schedule: 'cubic', rounds: 2, part: 0.5, importance: 'magnitude', epochs: 4 };
    const run = running([0, 0.25, 0.5, 0.75]);
    const { model: pruned, report } = await applyPass(gradualPruning, model, values, run.context);
    // Nothing at first; 0.75 - 0.75 / 8 = 0.656 of 8 is 5; then 6.
    expect(run.seen.map(zeros)).toEqual([0, 5, 6, 6]);
    expect(data(pruned)).toEqual([0, 0, 0, 0, 0, 0, 7, 8]);
    expect(run.hooks?.every).toBe((4 * 0.5) / 2);
    expect(report.notes[0]?.en).toBe('75.0 % of the weights are zero, pruned in 2 steps while training.');
  });

  it('ranks by the weights as they are by then', async () => {
    const values = { sparsity: 0.5, schedule: 'iterative', rounds: 2, part: 0.5, importance: 'magnitude' };
    const later = [9, 9, 1, 9, 9, 2, 9, 9];
    const run = running([0, 0.25], [[1, 2, 3, 4, 5, 6, 7, 8], later]);
    await applyPass(gradualPruning, model, values, run.context);
    // First 1 - sqrt(1/2) of 8, that is 2: the first two; then two more, those that have become small.
    expect(run.seen).toEqual([
      [0, 0, 3, 4, 5, 6, 7, 8],
      [0, 0, 0, 9, 9, 0, 9, 9],
    ]);
  });

  it('reaches the sparsity even where the run is too short for its schedule', async () => {
    const values = { sparsity: 0.5, schedule: 'cubic', rounds: 30, part: 0.7, importance: 'lamp' };
    for (const shares of [[0], [0, 1 / 3, 2 / 3]]) {
      const { model: pruned } = await applyPass(gradualPruning, model, values, running(shares).context);
      expect(zeros(data(pruned))).toBe(4);
    }
  });

  it('leaves a run that was stopped as it is', async () => {
    const values = { sparsity: 0.5, schedule: 'cubic', rounds: 7, part: 0.7, importance: 'lamp' };
    const { model: pruned, report } = await applyPass(gradualPruning, model, values, running([0, 0.1]).context);
    // 0.5 - 0.5 (6/7)^3 = 0.185 of 8.
    expect(zeros(data(pruned))).toBe(1);
    expect(report.notes[0]?.en).toContain('12.5 % of the weights are zero, pruned in 1 step');
  });

  it('asks for gradients or activations of the network as it is where it ranks by them', async () => {
    const run = running([0]);
    const { train } = run.context;
    const taylor = captureContext([{ images: 1, weights: { 'd1/kernel': [8, 8, 8, 1, 1, 1, 1, 1] } }], { train });
    const values = { sparsity: 0.5, schedule: 'once', importance: 'taylor', images: 40 };
    const { model: pruned } = await applyPass(gradualPruning, model, values, taylor.context);
    // Products 8, 16, 24, 4, 5, 6, 7, 8.
    expect(data(pruned)).toEqual([1, 2, 3, 0, 0, 0, 0, 8]);
    expect(taylor.requests).toMatchObject([{ images: 40, gradients: true }]);
    const hebbian = captureContext([
      {
        images: 2,
        values: { 'd1 input': [1, 2], 'd1 preactivation': [1, 1, 1, 1, 1, 1, 1, 1, 2, 1, 2, 1, 2, 1, 2, 1] },
      },
    ]);
    const other = { ...hebbian.context, train: running([0]).context.train };
    const result = await applyPass(gradualPruning, model, { ...values, importance: 'hebbian' }, other);
    expect(data(result.model)).toEqual([1, 0, 3, 0, 5, 0, 7, 0]);
  });

  it('takes less of the layers that cost more, as they were before the first step', async () => {
    const two = denseModel(tensor([1, 8], [1, 2, 3, 4, 5, 6, 7, 8]), tensor([8, 1], [1, 1, 1, 1, 1, 1, 1, 1]));
    const run = running([0, 0.25]);
    const told: number[] = [];
    const progress = (done: number) => told.push(done);
    const context = { ...run.context, accuracy: costing({ d1: 0, d2: 1 }), progress };
    const values = { sparsity: 6 / 16, schedule: 'iterative', rounds: 2, part: 0.5, importance: 'magnitude' };
    const spread = { ...values, scope: 'sensitivity' };
    const { model: pruned, report } = await applyPass(gradualPruning, two, spread, context);
    // A loss of 0.0074 lets the first layer (0.01 for all of it) spare 5.94 weights, the second (1.01) 0.06.
    expect(data(pruned)).toEqual([0, 0, 0, 0, 0, 0, 7, 8]);
    expect(data(pruned, 'd2')).toEqual([1, 1, 1, 1, 1, 1, 1, 1]);
    expect(run.seen.map(zeros)).toEqual([3, 6]);
    expect(report.notes[1]?.en).toBe('Sparsity by what each layer can spare: d1 75.0 %, d2 0.0 %.');
    expectOnce(told);
    const sketch = await sketchPass(gradualPruning, two, spread, context);
    expect([data(sketch), data(sketch, 'd2')].map(zeros)).toEqual([6, 0]);
    // LAMP shares out by itself, and nothing is measured for it.
    await applyPass(gradualPruning, two, { ...spread, importance: 'lamp' }, running([0]).context);
  });

  it('learns from the original, or from the labels alone', async () => {
    const run = running([]);
    await applyPass(gradualPruning, model, { temperature: 4, softWeight: 0.9 }, run.context);
    expect(run.objective?.loss).toEqual([
      { kind: 'crossEntropy', weight: expect.closeTo(0.1, 12) },
      { kind: 'distillation', weight: 0.9, temperature: 4, teacher: { kind: 'model', model } },
    ]);
    await applyPass(gradualPruning, model, { distil: false }, run.context);
    expect(run.objective?.loss).toEqual([{ kind: 'crossEntropy', weight: 1 }]);
  });

  it('says where the weights are sparser already, and prunes nothing', async () => {
    const mask = Uint8Array.from([0, 0, 0, 0, 0, 0, 1, 1]);
    const sparse = denseModel(tensor([1, 8], [0, 0, 0, 0, 0, 0, 7, 8], { mask, values: { kind: 'dense' } }));
    const { model: same, report } = await applyPass(gradualPruning, sparse, { sparsity: 0.5 }, running([0, 1]).context);
    expect(data(same)).toEqual(data(sparse));
    expect(report.notes[0]?.en).toContain('75.0 % of its weights pruned already');
  });
});

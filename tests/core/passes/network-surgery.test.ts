/** Network surgery with a run written by hand: what is cut, what comes back, what stays in between, and when it is settled. */
import { describe, expect, it } from 'vitest';
import type { Model } from '#core/model/model';
import type { Objective } from '#core/objective';
import type { PassContext } from '#core/pass';
import { networkSurgery } from '#core/passes/network-surgery';
import { applyPass, costing, denseModel, expectOnce, kernelOf, plainContext, sketchPass, tensor } from './helpers';

const data = (model: Model, name = 'd1'): number[] => [...kernelOf(model, name).data];

/** At each share the hidden weights are these. */
function operating(moments: readonly { readonly done: number; readonly hidden: readonly number[] }[]) {
  const seen: number[][] = [];
  const objectives: Objective[] = [];
  const context: PassContext = plainContext(1, {
    train: async (objective, hooks, progress) => {
      objectives.push(objective);
      let model = objective.model;
      for (const { done, hidden } of moments) {
        model = (await hooks?.revise(model, done, () => Float32Array.from(hidden))) ?? model;
        seen.push(data(model));
        progress?.(done);
      }
      progress?.(1);
      return model;
    },
  });
  return { context, seen, objectives };
}

describe('network surgery', () => {
  const model = denseModel(tensor([1, 5], [1, 2, 3, 4, 5]));

  it('cuts below 0.9 t, puts back from 1.1 t on, and leaves what lies between as it is', async () => {
    // At once, 60 %: a = 0.9 t is the fourth smallest, b = 1.1 t = 1.22 a. First a = 4: 1, 2, 3 go. Then a = 12.5, b = 15.3: 12.5 was there and
    // stays, 11 goes, 16 comes back. Then a = 15: 14 goes, and 15, which was cut, stays out. The last is exact: the two largest stay.
    const { context, seen, objectives } = operating([
      { done: 0, hidden: [1, 2, 3, 4, 5] },
      { done: 0.2, hidden: [1, 10, 16, 12.5, 11] },
      { done: 0.4, hidden: [1, 10, 16, 14, 15] },
      { done: 0.5, hidden: [1, 10, 16, 14, 15] },
      { done: 0.75, hidden: [0, 20, 20, 20, 20] },
    ]);
    const values = { sparsity: 0.6, schedule: 'once', part: 0.5, distil: false };
    const { model: cut, report } = await applyPass(networkSurgery, model, values, context);
    expect(seen).toEqual([
      [0, 0, 0, 4, 5],
      [0, 0, 16, 12.5, 0],
      [0, 0, 16, 0, 0],
      [0, 0, 16, 0, 15],
      [0, 0, 16, 0, 15],
    ]);
    expect([...(kernelOf(cut, 'd1').encoding.mask ?? [])]).toEqual([0, 0, 1, 0, 1]);
    expect(objectives[0]).toMatchObject({ regrow: true, loss: [{ kind: 'crossEntropy', weight: 1 }] });
    expect(report.notes[0]?.en).toBe('60.0 % of the weights are zero after 4 operations; 2 times a weight came back.');
  });

  it('takes the mean plus c deviations of each layer at the start, as the paper does', async () => {
    // |w| 1 to 5: mean 3, variance 2. With c = 0 the threshold is 3: 2.7 and 3.3 are its edges.
    const { context, seen } = operating([
      { done: 0, hidden: [2.6, 2.8, 3.2, -3.4, 0] },
      { done: 0.1, hidden: [3.2, 3.3, 2.8, 2.6, -3.4] },
    ]);
    await applyPass(networkSurgery, model, { by: 'spread', c: 0 }, context);
    const rounded = seen.map((row) => row.map((x) => Number(x.toFixed(3))));
    expect(rounded).toEqual([
      [0, 2.8, 3.2, -3.4, 0],
      [0, 3.3, 2.8, 0, -3.4],
    ]);
  });

  it('takes less of the layers that cost more', async () => {
    const two = denseModel(tensor([1, 4], [1, 2, 3, 4]), tensor([4, 1], [1, 2, 3, 4]));
    const accuracy = costing({ d1: 0, d2: 1 });
    const values = { sparsity: 0.25, schedule: 'once', part: 0.5, scope: 'sensitivity', distil: false };
    const told: number[] = [];
    const { context } = operating([
      { done: 0, hidden: [1, 2, 3, 4] },
      { done: 0.5, hidden: [4, 3, 2, 1] },
    ]);
    const { model: cut, report } = await applyPass(networkSurgery, two, values, {
      ...context,
      accuracy,
      progress: (done) => told.push(done),
    });
    expectOnce(told);
    // Two of eight go, both from the first layer: 0.0050 lets it spare 1.98 and the second 0.02.
    expect(data(cut)).toEqual([4, 3, 0, 0]);
    expect(data(cut, 'd2')).toEqual([4, 3, 2, 1]);
    expect(report.notes.map(({ en }) => en)).toEqual([
      '25.0 % of the weights are zero after 2 operations; 2 times a weight came back.',
      'Sparsity by what each layer can spare: d1 50.0 %, d2 0.0 %.',
    ]);
    const sketch = await sketchPass(networkSurgery, two, values, { ...context, accuracy });
    expect([data(sketch), data(sketch, 'd2')]).toEqual([
      [0, 0, 3, 4],
      [1, 2, 3, 4],
    ]);
  });

  it('counts weights that are zero already, and brings none of them back as a zero', async () => {
    // Three of five are 0, so that at 40 % the threshold is 0 too.
    const sparse = denseModel(tensor([1, 5], [0, 0, 0, 4, 5]));
    const { context, seen } = operating([
      { done: 0, hidden: [0, 0, 0, 4, 5] },
      { done: 0.7, hidden: [0, 0, 0, 4, 5] },
    ]);
    const { model: cut, report } = await applyPass(
      networkSurgery,
      sparse,
      { sparsity: 0.4, schedule: 'once' },
      context,
    );
    expect(seen.at(-1)).toEqual([0, 0, 0, 4, 5]);
    expect([...(kernelOf(cut, 'd1').encoding.mask ?? [])]).toEqual([0, 0, 0, 1, 1]);
    expect(report.notes[0]?.en).toContain('60.0 % of the weights are zero');
  });

  it('frees weights from grids and codebooks, and reaches its sparsity in the shortest run', async () => {
    const shared = denseModel(
      tensor([1, 5], [1, 1, 2, 2, 3], { values: { kind: 'codebook', centroids: Float32Array.of(1, 2, 3) } }),
    );
    const { context, objectives } = operating([{ done: 0, hidden: [1, 1, 2, 2, 3] }]);
    const { model: cut } = await applyPass(networkSurgery, shared, { sparsity: 0.6 }, context);
    expect(kernelOf(objectives[0]?.model as Model, 'd1').encoding).toEqual({ values: { kind: 'dense' } });
    expect(data(cut)).toEqual([0, 0, 0, 2, 3]);
  });
});

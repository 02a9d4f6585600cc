/** Block pruning: blocks worked by hand, edges, whole blocks only, and blocks of one weight, which are magnitude pruning. */

import { describe, expect, it } from 'vitest';
import { blockPruning } from '#core/passes/block-pruning';
import { magnitudePruning } from '#core/passes/magnitude-pruning';
import fc from '../../properties';
import { applyPass, costing, denseModel, kernelOf, plainContext, tensor } from './helpers';

const data = (model: Parameters<typeof kernelOf>[0], name: string): number[] => [...kernelOf(model, name).data];
const square = { rows: 2, columns: 2 };

describe('block pruning', () => {
  it('takes the blocks that are smallest as a whole', async () => {
    // Blocks of 2 x 2: means of |w| 3, 1.75 | 2, 4; root mean squares 3, 3.04 (one weight of 6) | 2, 4.
    const model = denseModel(tensor([4, 4], [3, -3, 6, 0, 3, 3, 0.5, -0.5, 2, 2, 4, 4, -2, 2, 4, -4]));
    const byMean = await applyPass(blockPruning, model, { ...square, sparsity: 0.25 });
    expect(data(byMean.model, 'd1')).toEqual([3, -3, 0, 0, 3, 3, 0, 0, 2, 2, 4, 4, -2, 2, 4, -4]);
    const bySquares = await applyPass(blockPruning, model, { ...square, sparsity: 0.5, importance: 'l2' });
    expect(data(bySquares.model, 'd1')).toEqual([0, 0, 6, 0, 0, 0, 0.5, -0.5, 0, 0, 4, 4, 0, 0, 4, -4]);
    expect([...(kernelOf(byMean.model, 'd1').encoding.mask ?? [])].filter((one) => !one).length).toBe(4);
  });

  it('measures the smaller blocks at the edges by their mean', async () => {
    // 3 x 3 in blocks of 2 x 2: 4 weights of 2, an edge 1 3, an edge -1 1, a corner 1.5. Means 2, 2, 1, 1.5.
    const model = denseModel(tensor([3, 3], [2, 2, 1, -2, 2, 3, -1, 1, 1.5]));
    const two = await applyPass(blockPruning, model, { ...square, sparsity: 2 / 9 });
    expect(data(two.model, 'd1')).toEqual([2, 2, 1, -2, 2, 3, 0, 0, 1.5]);
    const three = await applyPass(blockPruning, model, { ...square, sparsity: 3 / 9 });
    expect(data(three.model, 'd1')).toEqual([2, 2, 1, -2, 2, 3, 0, 0, 0]);
  });

  it('prunes whole blocks only, and says how much that is', async () => {
    const model = denseModel(tensor([4, 2], [1, 1, 1, 1, 2, 2, 2, 2]), tensor([2, 2], [3, 3, 3, 3]));
    // 0.6 of 12 weights is 7: one block of 4 fits, two do not.
    const { model: pruned, report } = await applyPass(blockPruning, model, { ...square, sparsity: 0.6 });
    expect(data(pruned, 'd1')).toEqual([0, 0, 0, 0, 2, 2, 2, 2]);
    expect(report.notes.map(({ en }) => en)).toEqual([
      'Only whole blocks are pruned, so 33.3 % of the weights are zero where 60.0 % were asked for. Smaller blocks come closer.',
    ]);
    const each = await applyPass(blockPruning, model, { ...square, sparsity: 0.5, scope: 'layer' });
    expect(data(each.model, 'd1')).toEqual([0, 0, 0, 0, 2, 2, 2, 2]);
    expect(data(each.model, 'd2')).toEqual([3, 3, 3, 3]);
  });

  it('takes less of the layers that cost more', async () => {
    const weights = [1, 1, 1, 1, 2, 2, 2, 2];
    const model = denseModel(tensor([4, 2], weights), tensor([2, 4], weights));
    const values = { rows: 1, columns: 2, sparsity: 6 / 16, scope: 'sensitivity' };
    const context = plainContext(1, { accuracy: costing({ d1: 0, d2: 1 }) });
    // 5.94 weights of the first layer and 0.06 of the second are 6 and 0; by size alone three of each would go.
    const { model: pruned, report } = await applyPass(blockPruning, model, values, context);
    expect(data(pruned, 'd1')).toEqual([0, 0, 0, 0, 0, 0, 2, 2]);
    expect(data(pruned, 'd2')).toEqual(weights);
    expect(report.notes.map(({ en }) => en)).toEqual(['Sparsity by what each layer can spare: d1 75.0 %, d2 0.0 %.']);
    const less = await applyPass(blockPruning, pruned, { ...values, sparsity: 0.25 }, context);
    expect(less.model).toBe(pruned);
    expect(less.report.notes.map(({ en }) => en)).toEqual([
      'The model has 37.5 % of its weights pruned already. Pruned weights stay pruned, so a lower sparsity changes nothing.',
    ]);
  });

  it('spans inputs by rows and outputs by columns', async () => {
    const model = denseModel(tensor([2, 4], [1, 9, 9, 9, 1, 2, 2, 2]));
    const tall = await applyPass(blockPruning, model, { rows: 2, columns: 1, sparsity: 0.25 });
    expect(data(tall.model, 'd1')).toEqual([0, 9, 9, 9, 0, 2, 2, 2]);
    const flat = await applyPass(blockPruning, model, { rows: 1, columns: 4, sparsity: 0.5 });
    expect(data(flat.model, 'd1')).toEqual([1, 9, 9, 9, 0, 0, 0, 0]);
  });

  it('is magnitude pruning with blocks of one weight, by either importance', async () => {
    const weight = fc.oneof(fc.constantFrom(-1, 0, 1, 1e-30), fc.float({ noNaN: true, min: -4, max: 4 }));
    await fc.assert(
      fc.asyncProperty(
        fc.array(weight, { minLength: 24, maxLength: 24 }),
        fc.integer({ min: 0, max: 198 }),
        fc.constantFrom('global', 'layer'),
        fc.constantFrom('l1', 'l2'),
        async (weights, steps, scope, importance) => {
          const model = denseModel(
            tensor([3, 4], weights.slice(0, 12).map(Math.fround)),
            tensor([4, 3], weights.slice(12).map(Math.fround)),
          );
          const values = { sparsity: steps * 0.005, scope };
          const blocks = await applyPass(blockPruning, model, { ...values, rows: 1, columns: 1, importance });
          const single = await applyPass(magnitudePruning, model, values);
          expect(blocks.model.tensors).toEqual(single.model.tensors);
        },
      ),
    );
  });

  it('counts weights pruned before, in blocks and scattered', async () => {
    const mask = Uint8Array.from([0, 1, 1, 1, 1, 1, 1, 1]);
    const model = denseModel(tensor([2, 4], [0, 1, 3, 3, 1, 1, 3, 3], { mask, values: { kind: 'dense' } }));
    const { model: pruned } = await applyPass(blockPruning, model, { ...square, sparsity: 0.5 });
    expect(data(pruned, 'd1')).toEqual([0, 0, 3, 3, 0, 0, 3, 3]);
    const less = await applyPass(blockPruning, pruned, { ...square, sparsity: 0.25 });
    expect(kernelOf(less.model, 'd1')).toBe(kernelOf(pruned, 'd1'));
    expect(less.report.notes[0]?.en).toContain('50.0 % of its weights pruned already');
  });
});

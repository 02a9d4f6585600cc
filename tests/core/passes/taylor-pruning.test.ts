/** Taylor and SNIP pruning on gradients written by hand. */
import { describe, expect, it } from 'vitest';
import { selectPrunable } from '#core/passes/shared/selection';
import { snipPruning } from '#core/passes/snip-pruning';
import { taylorPruning, taylorScores } from '#core/passes/taylor-pruning';
import { captureContext } from './captures';
import { applyPass, denseModel, kernelOf, tensor } from './helpers';

const model = denseModel(tensor([1, 2], [1, -8]), tensor([2, 1], [0.5, 2]));
const batches = [
  { images: 2, weights: { 'd1/kernel': [3, 0.25], 'd2/kernel': [0, 1] } },
  { images: 2, weights: { 'd1/kernel': [-3, 0.25], 'd2/kernel': [2, 1] } },
];

describe('Taylor pruning', () => {
  it('averages |gradient times weight| over batches, so that signs do not cancel', async () => {
    const scores = await taylorScores(model, selectPrunable(model, []), 4, captureContext(batches).context);
    // d1: (3 + 3) / 2, (2 + 2) / 2; d2: (0 + 1) / 2, (2 + 2) / 2.
    expect(scores.map((own) => [...own])).toEqual([
      [3, 2],
      [0.5, 2],
    ]);
  });

  it('ranks the whole network by it, large weights too', async () => {
    const { context, requests } = captureContext(batches);
    const { model: pruned } = await applyPass(taylorPruning, model, { sparsity: 0.5 }, context);
    // The lowest score, then the first of the two that are equal.
    expect([...kernelOf(pruned, 'd1').data]).toEqual([1, 0]);
    expect([...kernelOf(pruned, 'd2').data]).toEqual([0, 2]);
    expect(requests).toMatchObject([{ gradients: true, taps: [], images: 256, batch: 16 }]);
  });

  it('refuses to rank by what is no number', async () => {
    const broken = [{ images: 2, weights: { 'd1/kernel': [1, Number.NaN], 'd2/kernel': [1, 1] } }];
    const said = /^On training images this model gives values that are not finite numbers/;
    for (const pass of [taylorPruning, snipPruning])
      await expect(applyPass(pass, model, {}, captureContext(broken).context)).rejects.toThrow(said);
  });

  it('gives a layer that reaches no output no importance', async () => {
    const scores = await taylorScores(
      model,
      selectPrunable(model, []),
      4,
      captureContext([{ images: 1, weights: { 'd2/kernel': [1, 1] } }]).context,
    );
    expect([...(scores[0] as Float64Array)]).toEqual([0, 0]);
  });
});

describe('SNIP', () => {
  it('asks for one batch, and ranks by |gradient times weight|', async () => {
    const { context, requests } = captureContext([
      { images: 4, weights: { 'd1/kernel': [3, 0.25], 'd2/kernel': [0, 1] } },
    ]);
    const { model: pruned } = await applyPass(snipPruning, model, { sparsity: 0.25, images: 40 }, context);
    expect([...kernelOf(pruned, 'd2').data]).toEqual([0, 2]);
    expect(requests).toMatchObject([{ images: 40, batch: 40, gradients: true }]);
  });
});

/** Wanda on inputs written by hand: its scores, the comparison within each output, and the wider ones. */
import { describe, expect, it } from 'vitest';
import type { Layer } from '#core/model/layers';
import { selectPrunable } from '#core/passes/shared/selection';
import { wandaPruning, wandaScores } from '#core/passes/wanda-pruning';
import { captureContext } from './captures';
import { applyPass, denseModel, kernelOf, modelOf, tensor } from './helpers';

// Norms of the inputs over both images: 5 (3, 4), 0, 1.
const seen = [
  { images: 1, values: { 'd1 input': [3, 0, 1] } },
  { images: 1, values: { 'd1 input': [4, 0, 0] } },
];
const data = (model: Parameters<typeof kernelOf>[0]): number[] => [...kernelOf(model, 'd1').data];

describe('Wanda', () => {
  it('multiplies the size of a weight by the norm of its input', async () => {
    const model = denseModel(tensor([3, 2], [1, -2, 9, 9, -4, 6]));
    const scores = await wandaScores(model, selectPrunable(model, []), 9, captureContext(seen).context);
    expect([...(scores[0] as Float64Array)]).toEqual([5, 10, 0, 0, 4, 6]);
  });

  it('takes the same number from each output', async () => {
    // Scores by output: 5, 0, 4 and 50, 0, 60. A third of each goes, then two thirds.
    const model = denseModel(tensor([3, 2], [1, -10, 9, 9, -4, 60]));
    const third = await applyPass(wandaPruning, model, { sparsity: 1 / 3 }, captureContext(seen).context);
    expect(data(third.model)).toEqual([1, -10, 0, 0, -4, 60]);
    const twoThirds = await applyPass(wandaPruning, model, { sparsity: 2 / 3 }, captureContext(seen).context);
    expect(data(twoThirds.model)).toEqual([1, 0, 0, 0, 0, 60]);
    // Over the whole layer the two smallest that are left are both of the first output.
    const layer = await applyPass(
      wandaPruning,
      model,
      { sparsity: 2 / 3, scope: 'layer' },
      captureContext(seen).context,
    );
    expect(data(layer.model)).toEqual([0, -10, 0, 0, 0, 60]);
  });

  it('counts what an output lost before', async () => {
    // The first output has lost two of four; at half, the second loses two as well.
    const mask = Uint8Array.from([0, 1, 0, 1, 1, 1, 1, 1]);
    const kernel = tensor([4, 2], [0, 1, 0, 2, 1, 3, 2, 4], { mask, values: { kind: 'dense' } });
    const ones = [{ images: 1, values: { 'd1 input': [1, 1, 1, 1] } }];
    const { model } = await applyPass(
      wandaPruning,
      denseModel(kernel),
      { sparsity: 0.5 },
      captureContext(ones).context,
    );
    expect(data(model)).toEqual([0, 0, 0, 0, 1, 3, 2, 4]);
  });

  it('takes the norm over what each place of a kernel reads', async () => {
    // Two pixels, stride 2, kernel 1 x 2: the first place reads only the first pixel.
    const kernel = tensor([1, 2, 1, 1], [2, 2]);
    const layers: Layer[] = [
      { kind: 'input', name: 'in', inputs: [], shape: [1, 2, 1] },
      {
        kind: 'conv2d',
        name: 'c',
        inputs: ['in'],
        kernel: kernel.id,
        strides: [1, 2],
        padding: 'valid',
        dilation: [1, 1],
        activation: { fn: 'linear' },
      },
    ];
    const model = modelOf(layers, [kernel]);
    const images = [{ images: 2, values: { 'c input': [3, 1, 4, 1] } }];
    const scores = await wandaScores(model, selectPrunable(model, []), 9, captureContext(images).context);
    expect([...(scores[0] as Float64Array)]).toEqual([2 * 5, 2 * Math.sqrt(2)]);
  });
});

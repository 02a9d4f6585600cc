/** Hebbian pruning on activations written by hand: products, their normalisation, and sums over positions. */
import { describe, expect, it } from 'vitest';
import type { Layer } from '#core/model/layers';
import { type HebbianForm, hebbianPruning, hebbianScores } from '#core/passes/hebbian-pruning';
import { selectPrunable } from '#core/passes/shared/selection';
import { captureContext } from './captures';
import { applyPass, denseModel, kernelOf, modelOf, tensor } from './helpers';

const scoresOf = async (
  model: ReturnType<typeof denseModel>,
  form: HebbianForm,
  batches: Parameters<typeof captureContext>[0],
) => {
  const scores = await hebbianScores(model, selectPrunable(model, []), form, 9, captureContext(batches).context);
  return scores.map((own) => [...own]);
};

describe('Hebbian pruning', () => {
  // Inputs (1, 2) and (3, 0); outputs (1, -1), then (2, 1); the third image has inputs (0, 1), outputs (4, 2).
  const dense = denseModel(tensor([2, 2], [5, 6, 7, 8]));
  const batches = [
    { images: 2, values: { 'd1 input': [1, 2, 3, 0], 'd1 preactivation': [1, -1, 2, 1] } },
    { images: 1, values: { 'd1 input': [0, 1], 'd1 preactivation': [4, 2] } },
  ];

  it('takes the mean of input times output, over all batches', async () => {
    // x1 y1: 1 + 6 + 0 = 7; x1 y2: -1 + 3 + 0 = 2; x2 y1: 2 + 0 + 4 = 6; x2 y2: -2 + 0 + 2 = 0. Three images.
    expect(await scoresOf(dense, 'plain', batches)).toEqual([[7 / 3, 2 / 3, 6 / 3, 0]]);
  });

  it('divides by the squares of the input when normalised, and gives silent inputs 0', async () => {
    // Squares: 1 + 9 = 10 and 4 + 1 = 5.
    expect(await scoresOf(dense, 'normalised', batches)).toEqual([[7 / 10, 2 / 10, 6 / 5, 0]]);
    const silent = [{ images: 1, values: { 'd1 input': [0, 2], 'd1 preactivation': [3, 4] } }];
    expect(await scoresOf(dense, 'normalised', silent)).toEqual([[0, 0, 6 / 4, 8 / 4]]);
  });

  it('refuses values that are no numbers, by every measure', async () => {
    const broken = [{ images: 1, values: { 'd1 input': [Number.NaN, 2], 'd1 preactivation': [Number.NaN, 4] } }];
    for (const form of ['plain', 'normalised', 'covariance', 'correlation'])
      await expect(applyPass(hebbianPruning, dense, { form }, captureContext(broken).context)).rejects.toThrow(
        'not finite numbers',
      );
  });

  it('takes the means out for covariance, and the spreads too for correlation', async () => {
    // x1 = 1, 3, 0, mean 4/3; x2 = 2, 0, 1, mean 1. y1 = 1, 2, 4, mean 7/3; y2 = -1, 1, 2, mean 2/3.
    // Means of products 7/3, 2/3, 2, 0 less the products of the means.
    const expected = [7 / 3 - 28 / 9, 2 / 3 - 8 / 9, 2 - 7 / 3, 0 - 2 / 3].map(Math.abs);
    const close = (row: readonly number[]) => [row.map((x) => expect.closeTo(x, 12))];
    expect(await scoresOf(dense, 'covariance', batches)).toEqual(close(expected));
    // Variances 10/3 - 16/9 = 14/9, 5/3 - 1 = 2/3; 21/3 - 49/9 = 14/9, 6/3 - 4/9 = 14/9.
    const spreads = [14 / 9, 14 / 9, Math.sqrt((2 / 3) * (14 / 9)), Math.sqrt((2 / 3) * (14 / 9))];
    const correlations = expected.map((x, i) => x / (spreads[i] as number));
    expect(await scoresOf(dense, 'correlation', batches)).toEqual(close(correlations));
  });

  it('is a correlation of 1 where output follows input exactly, and 0 where one of them never changes', async () => {
    const seen = [
      { images: 3, values: { 'd1 input': [1, 7, 2, 7, 4, 7], 'd1 preactivation': [-3, 5, -6, 5, -12, 5] } },
    ];
    const [row] = await scoresOf(dense, 'correlation', seen);
    expect(row).toEqual([expect.closeTo(1, 9), 0, 0, 0]);
  });

  it('sums over the positions of a convolution, padding left out', async () => {
    // A row of three pixels, kernel 1 x 3, same padding: y_p reads x_(p-1), x_p, x_(p+1).
    const kernel = tensor([1, 3, 1, 1], [1, 1, 1]);
    const layers: Layer[] = [
      { kind: 'input', name: 'in', inputs: [], shape: [1, 3, 1] },
      {
        kind: 'conv2d',
        name: 'c',
        inputs: ['in'],
        kernel: kernel.id,
        strides: [1, 1],
        padding: 'same',
        dilation: [1, 1],
        activation: { fn: 'relu' },
      },
    ];
    const seen = [{ images: 1, values: { 'c input': [1, 2, 3], 'c preactivation': [10, -100, 1000] } }];
    // Left place: x1 y2 + x2 y3 = -100 + 2000; middle: 10 - 200 + 3000; right: x2 y1 + x3 y2 = 20 - 300.
    expect(await scoresOf(modelOf(layers, [kernel]), 'plain', seen)).toEqual([[1900, 2810, 280]]);
    // Squares: left place reads x1, x2: 5; middle 14; right x2, x3: 13.
    expect(await scoresOf(modelOf(layers, [kernel]), 'normalised', seen)).toEqual([[1900 / 5, 2810 / 14, 280 / 13]]);
    // Means, padding being 0: left 0, 1, 2 is 1; middle 2; right 2, 3, 0 is 5/3. Outputs 910 / 3.
    const covariances = [1900 / 3 - 910 / 3, 2810 / 3 - 1820 / 3, Math.abs(-280 / 3 - 4550 / 9)];
    expect(await scoresOf(modelOf(layers, [kernel]), 'covariance', seen)).toEqual([
      covariances.map((x) => expect.closeTo(x, 9)),
    ]);
  });

  it('joins each depthwise output to its own channel, and grouped ones to their group', async () => {
    const depthwise = tensor([1, 1, 2, 2], [1, 1, 1, 1]);
    const grouped = tensor([1, 1, 2, 2], [1, 1, 1, 1]);
    const plain = { strides: [1, 1], padding: 'valid', dilation: [1, 1], activation: { fn: 'linear' } } as const;
    const layers: Layer[] = [
      { kind: 'input', name: 'in', inputs: [], shape: [1, 1, 2] },
      { kind: 'depthwiseConv2d', name: 'w', inputs: ['in'], kernel: depthwise.id, ...plain },
      { kind: 'conv2d', name: 'g', inputs: ['w'], kernel: grouped.id, ...plain },
    ];
    const seen = [
      {
        images: 1,
        values: {
          'w input': [2, 3],
          'w preactivation': [1, 10, 100, 1000],
          'g input': [1, 2, 3, 4],
          'g preactivation': [10, 100],
        },
      },
    ];
    // Depthwise: channel 1 gives outputs 1 and 2, channel 2 outputs 3 and 4. Grouped: output 1 reads channels 1, 2, output 2 reads 3, 4.
    expect(await scoresOf(modelOf(layers, [depthwise, grouped]), 'plain', seen)).toEqual([
      [2, 20, 300, 3000],
      [10, 300, 20, 400],
    ]);
  });

  it('prunes what scores lowest, and asks for as many images as it is told', async () => {
    const { context, requests } = captureContext(batches);
    const { model } = await applyPass(
      hebbianPruning,
      dense,
      { sparsity: 0.5, form: 'plain', weighted: false, images: 300 },
      context,
    );
    expect([...kernelOf(model, 'd1').data]).toEqual([5, 0, 7, 0]);
    expect(requests).toMatchObject([
      {
        images: 300,
        taps: [
          { layer: 'd1', at: 'input' },
          { layer: 'd1', at: 'preactivation' },
        ],
      },
    ]);
  });

  it('counts the size of the weight too', async () => {
    // Plain scores 7/3, 2/3, 2, 0 times 5, 60, 7, 8: the first and the last go.
    const heavy = denseModel(tensor([2, 2], [5, 60, 7, 8]));
    const values = { sparsity: 0.5, form: 'plain' };
    const { model } = await applyPass(hebbianPruning, heavy, values, captureContext(batches).context);
    expect([...kernelOf(model, 'd1').data]).toEqual([0, 60, 7, 0]);
  });
});

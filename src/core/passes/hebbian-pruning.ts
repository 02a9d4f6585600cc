/**
 * Hebbian pruning: connections between neurons that are not active together go first. A weight joins an input to an output;
 * what counts is how the two values vary together over calibration images, not how large the weight is.
 *
 * It helps where large weights read inputs that are nearly always zero, as in the corners of an image. It costs one look at some
 * images, and several times the arithmetic of a forward pass. At the same sparsity it can be worse than magnitude, whose measure it leaves out: compare.
 *
 * Importance of the weight from i to j: |sum over images of x_i y_j| / images, with x the layer's input and y its output
 * before the activation, summed over positions for convolutions; normalised, |sum of x_i y_j| / sum of x_i^2, which takes the
 * brightness of the input out (0 where the input is always 0).
 * Papers: Hebb 1949, "The Organization of Behavior"; correlations of neurons as a measure for sparsifying: Sun, Wang, Tang 2016.
 */
import type { Model } from '#core/model/model';
import { definePass, type PassContext, type Tap } from '#core/pass';
import { addProducts, addSquares, connectionsOf, ofInputs } from '#core/passes/shared/connections';
import { CALIBRATION_IMAGES, rankByScores, showImages } from '#core/passes/shared/importance';
import { pruneRanked, pruningFormula, type Ranked, SPARSITY, SPREAD_SCOPE } from '#core/passes/shared/ranked-pruning';
import { LAYERS, type Selected, selectPrunable } from '#core/passes/shared/selection';

type Form = 'plain' | 'normalised';

export const hebbianPruning = definePass({
  id: 'hebbian-pruning',
  family: 'pruning',
  words: {
    title: { en: 'Hebbian pruning', zh: '赫布剪枝' },
    help: {
      en: 'Cuts connections between neurons that are rarely active together. "What fires together, wires together": what does not can go.',
      zh: '剪去很少同时活跃的神经元之间的连接。“一起激发的神经元连在一起”，反之则可以断开。',
    },
    cost: {
      en: 'A look at some training images, seconds for a small network. Zeros are still multiplied, so the file shrinks, not the arithmetic.',
      zh: '需要看一些训练图像，小网络只要几秒。零仍然参与乘法，因此变小的是文件而不是计算量。',
    },
    pays: {
      en: 'It pays where inputs are often zero, such as the edge of an image: weights there do nothing, whatever their size.',
      zh: '当输入经常为零（例如图像边缘）时值得用：那里的权重无论多大都不起作用。',
    },
    paper: 'Sun, Wang, Tang 2016, Sparsifying Neural Network Connections for Face Recognition',
  },
  params: {
    sparsity: SPARSITY,
    form: {
      kind: 'choice',
      default: 'plain',
      label: { en: 'Measure', zh: '度量' },
      help: {
        en: 'Plain: the mean of input times output. Normalised: divided by the mean square of the input, so that bright inputs are not favoured.',
        zh: '“原始”：输入与输出之积的均值。“归一化”：再除以输入的均方，不偏向数值大的输入。',
      },
      options: [
        { value: 'plain', label: { en: 'Input times output', zh: '输入乘输出' } },
        { value: 'normalised', label: { en: 'Divided by the input squared', zh: '除以输入的平方' } },
      ],
    },
    images: CALIBRATION_IMAGES,
    scope: { ...SPREAD_SCOPE, default: 'layer' },
    layers: LAYERS,
  },
  formula: ({ form, sparsity }) =>
    pruningFormula(form === 'plain' ? 's = |Σ xᵢ yⱼ| / n' : 's = |Σ xᵢ yⱼ| / Σ xᵢ²', sparsity),
  needs: ['weights', 'knownGraph', 'data'],
  effects: { masks: 'keeps', grids: 'keeps', codebooks: 'keeps', shapes: 'keeps' },
  preview: 'accuracy',

  async prepare(model, values, context): Promise<Ranked> {
    const selected = selectPrunable(model, values.layers);
    const scores = await hebbianScores(model, selected, values.form as Form, values.images, context);
    return rankByScores(model, selected, scores, values.scope, context);
  },

  async apply(model, values, _context, ranked) {
    return pruneRanked(model, ranked, values.sparsity);
  },
});

/** For each selected kernel, the measure of each of its weights. */
export async function hebbianScores(
  model: Model,
  selected: readonly Selected[],
  form: Form,
  images: number,
  context: PassContext,
): Promise<readonly Float64Array[]> {
  const connections = connectionsOf(model, selected);
  const products = selected.map(({ tensor }) => new Float64Array(tensor.data.length));
  const squares = connections.map(({ places, channels }) => new Float64Array(places * channels));
  const taps = selected.flatMap(({ layer }): Tap[] => [
    { layer: layer.name, at: 'input' },
    { layer: layer.name, at: 'preactivation' },
  ]);
  const seen = await showImages(model, { taps, images }, context, ({ images: count, values }) => {
    for (const [i, one] of connections.entries()) {
      const [x, y] = [values[2 * i] as Float32Array, values[2 * i + 1] as Float32Array];
      addProducts(one, count, x, y, products[i] as Float64Array);
      if (form === 'normalised') addSquares(one, count, x, squares[i] as Float64Array);
    }
  });
  return connections.map((one, i) => {
    const own = products[i] as Float64Array;
    if (form === 'plain') return own.map((sum) => Math.abs(sum) / Math.max(1, seen));
    const energy = ofInputs(one, squares[i] as Float64Array);
    return own.map((sum, w) => ((energy[w] as number) > 0 ? Math.abs(sum) / (energy[w] as number) : 0));
  });
}

/**
 * Hebbian pruning: connections between neurons that are not active together go first. A weight joins an input to an output;
 * what counts is how the two values vary together over calibration images, alone or times the size of the weight.
 *
 * It helps where large weights read inputs that are nearly always zero, as in the corners of an image. It costs one look at some
 * images, and several times the arithmetic of a forward pass.
 *
 * Importance of the weight from i to j, with x the layer's input and y its output before the activation, over n images and,
 * for convolutions, their positions (padding reads 0). Plain: |sum of x_i y_j| / images. Normalised: |sum of x_i y_j| / sum of x_i^2, 0 where the input is
 * always 0. Correlation, the neuron-correlation rule: |mean of (x_i - mean x_i)(y_j - mean y_j)| / (std x_i std y_j). Covariance: the same undivided.
 * What was tried: the two forms that do not take the means out keep units that are always off, since their y is large and negative; on a dense network
 * for the 8 x 8 digits at half the weights they fall below random pruning, where correlation times |w| stays near magnitude.
 * Papers: Hebb 1949, "The Organization of Behavior"; Sun, Wang, Tang 2016, "Sparsifying Neural Network Connections for Face Recognition".
 */
import type { Model } from '#core/model/model';
import { definePass, type PassContext, type Tap } from '#core/pass';
import {
  addInputs,
  addProducts,
  addSquares,
  type Connections,
  connectionsOf,
  ofInputs,
} from '#core/passes/shared/connections';
import { CALIBRATION_IMAGES, rankByScores, showImages } from '#core/passes/shared/importance';
import { pruneRanked, pruningFormula, type Ranked, SPARSITY, SPREAD_SCOPE } from '#core/passes/shared/ranked-pruning';
import { LAYERS, type Selected, selectRunning } from '#core/passes/shared/selection';

/** Images at once: few, because the sums over them take long, and others wait for their turn in between. */
const BATCH = 16;

export type HebbianForm = 'plain' | 'normalised' | 'covariance' | 'correlation';

const FORMULAE: Readonly<Record<HebbianForm, string>> = {
  plain: '|Σ xᵢ yⱼ| / n',
  normalised: '|Σ xᵢ yⱼ| / Σ xᵢ²',
  covariance: '|mean(xᵢ yⱼ) − mean(xᵢ) · mean(yⱼ)|',
  correlation: '|mean(xᵢ yⱼ) − mean(xᵢ) · mean(yⱼ)| / (std(xᵢ) · std(yⱼ))',
};

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
      zh: '需要看一些训练图片，小网络只要几秒。零仍然参与乘法，因此变小的是文件而不是计算量。',
    },
    pays: {
      en: 'It pays where inputs are often zero, such as the edge of an image: weights there do nothing, whatever their size. Elsewhere the size of the weights usually keeps more accuracy.',
      zh: '当输入经常为零（例如图片边缘）时值得用：那里的权重无论多大都不起作用。其他情况下，只看权重大小通常保留更多准确率。',
    },
    paper: 'Sun, Wang, Tang 2016, Sparsifying Neural Network Connections for Face Recognition',
  },
  params: {
    sparsity: SPARSITY,
    form: {
      kind: 'choice',
      default: 'correlation',
      label: { en: 'Measure', zh: '度量' },
      help: {
        en: 'Correlation: how surely output and input move together. Covariance: by how much. The other two leave the averages in, and so also favour neurons that are always off: compare.',
        zh: '“相关”：输出与输入一起变化的可靠程度；“协方差”：一起变化的幅度。另两种不减去均值，因而也会偏向始终关闭的神经元，可以比较看看。',
      },
      options: [
        { value: 'correlation', label: { en: 'Correlation', zh: '相关系数' } },
        { value: 'covariance', label: { en: 'Covariance', zh: '协方差' } },
        { value: 'plain', label: { en: 'Input times output', zh: '输入乘输出' } },
        { value: 'normalised', label: { en: 'Divided by the input squared', zh: '除以输入的平方' } },
      ],
    },
    weighted: {
      kind: 'flag',
      default: true,
      label: { en: 'Times the size of the weight', zh: '乘以权重的大小' },
      help: {
        en: 'Counts the size of the weight too, not only what runs through it.',
        zh: '不仅看经过的信号，也计入权重的大小。',
      },
    },
    images: CALIBRATION_IMAGES,
    scope: { ...SPREAD_SCOPE, default: 'layer' },
    layers: LAYERS,
  },
  formula: ({ form, weighted, sparsity, scope }) =>
    pruningFormula(`s = ${weighted ? '|wᵢⱼ| · ' : ''}${FORMULAE[form as HebbianForm]}`, sparsity, scope),
  needs: ['weights', 'knownGraph', 'data'],
  effects: { masks: 'keeps', grids: 'keeps', codebooks: 'keeps', shapes: 'keeps', makes: ['masks'] },
  preview: 'accuracy',

  async prepare(model, values, context): Promise<Ranked> {
    const selected = selectRunning(model, values.layers);
    const scores = await hebbianScores(model, selected, values.form as HebbianForm, values.images, context);
    const ranked = values.weighted ? scores.map((own, i) => timesWeights(own, selected[i] as Selected)) : scores;
    return rankByScores(model, selected, ranked, values.scope, context);
  },

  async apply(model, values, _context, ranked) {
    return pruneRanked(model, ranked, values.sparsity);
  },
});

/** Scores of connections, each times the size of its weight. */
export function timesWeights(scores: Float64Array, { tensor }: Selected): Float64Array {
  return scores.map((score, i) => score * Math.abs(tensor.data[i] as number));
}

/** What is summed over images and positions for one layer. */
interface Sums {
  readonly connections: Connections;
  /** Of x_i y_j, for each weight. */
  readonly products: Float64Array;
  /** Of x_i and of x_i^2, for each place and input channel. */
  readonly inputs: Float64Array;
  readonly inputSquares: Float64Array;
  /** Of y_j and of y_j^2, for each output channel. */
  readonly outputs: Float64Array;
  readonly outputSquares: Float64Array;
}

/** For each selected kernel, the measure of each of its weights. */
export async function hebbianScores(
  model: Model,
  selected: readonly Selected[],
  form: HebbianForm,
  images: number,
  context: PassContext,
): Promise<readonly Float64Array[]> {
  const sums = connectionsOf(model, selected).map((connections, i): Sums => {
    const read = connections.places * connections.channels;
    return {
      connections,
      products: new Float64Array(selected[i]?.tensor.data.length ?? 0),
      inputs: new Float64Array(read),
      inputSquares: new Float64Array(read),
      outputs: new Float64Array(connections.outputs),
      outputSquares: new Float64Array(connections.outputs),
    };
  });
  const taps = selected.flatMap(({ layer }): Tap[] => [
    { layer: layer.name, at: 'input' },
    { layer: layer.name, at: 'preactivation' },
  ]);
  const seen = await showImages(model, { taps, images, batch: BATCH }, context, ({ images: count, values }) => {
    for (const [i, own] of sums.entries())
      add(own, form, count, values[2 * i] as Float32Array, values[2 * i + 1] as Float32Array);
  });
  return sums.map((own) => measured(own, form, Math.max(1, seen)));
}

function add(own: Sums, form: HebbianForm, images: number, x: Float32Array, y: Float32Array): void {
  addProducts(own.connections, images, x, y, own.products);
  if (form === 'normalised' || form === 'correlation') addSquares(own.connections, images, x, own.inputSquares);
  if (form !== 'covariance' && form !== 'correlation') return;
  addInputs(own.connections, images, x, own.inputs);
  const { outputs, outputSquares } = own;
  for (let i = 0; i < y.length; i++) {
    const [c, value] = [i % outputs.length, y[i] as number];
    outputs[c] = (outputs[c] as number) + value;
    outputSquares[c] = (outputSquares[c] as number) + value * value;
  }
}

function measured(own: Sums, form: HebbianForm, images: number): Float64Array {
  const { connections, products, outputs, outputSquares } = own;
  if (form === 'plain') return products.map((sum) => Math.abs(sum) / images);
  const squares = ofInputs(connections, own.inputSquares);
  if (form === 'normalised')
    return products.map((sum, w) => (squares[w] === 0 ? 0 : Math.abs(sum) / (squares[w] as number)));
  const n = (images * connections.outputSize) / connections.outputs;
  const inputs = ofInputs(connections, own.inputs);
  return products.map((sum, w) => {
    const j = w % outputs.length;
    const [x, y] = [(inputs[w] as number) / n, (outputs[j] as number) / n];
    const together = Math.abs(sum / n - x * y);
    if (form === 'covariance') return together;
    const spread = spreadOf(x, (squares[w] as number) / n) * spreadOf(y, (outputSquares[j] as number) / n);
    return spread === 0 ? 0 : Math.min(1, together / Math.sqrt(spread));
  });
}

/** The variance from the mean and the mean square; what differs only by rounding is constant. No number stays none. */
function spreadOf(mean: number, square: number): number {
  const variance = square - mean * mean;
  return variance <= 1e-9 * square ? 0 : variance;
}

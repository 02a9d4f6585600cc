/**
 * Wanda: a weight matters as much as what it multiplies. Its importance is its size times the size of its input over
 * calibration images; a large weight on an input that is always near zero goes before a small one on a strong input.
 *
 * It helps where inputs differ much in size, as in language models, and costs one look at some images; on networks for the
 * 8 x 8 digits it keeps less than LAMP or Taylor. Weights are compared only with those of the same output, so that every
 * output keeps its share of inputs; wider comparisons can be chosen.
 *
 * Importance: |w_ij| ||x_i||_2, the norm taken over all calibration images and, for convolutions, over all positions that
 * the weight's place in the kernel reads (padding counts as 0). Ranked within each output, every output of a layer loses the
 * same number of weights, to within one.
 * Paper: Sun, Liu, Bair, Kolter 2024, "A Simple and Effective Pruning Approach for Large Language Models".
 */
import type { Model } from '#core/model/model';
import { radixOrder } from '#core/numeric/radix';
import { definePass, type PassContext, type Tap } from '#core/pass';
import { addSquares, connectionsOf, ofInputs } from '#core/passes/shared/connections';
import { CALIBRATION_IMAGES, scoreKeys, showImages } from '#core/passes/shared/importance';
import { matrixOf } from '#core/passes/shared/kernel-matrix';
import {
  pruneRanked,
  pruningFormula,
  type Ranked,
  rankAll,
  SPARSITY,
  SPREAD_SCOPE,
} from '#core/passes/shared/ranked-pruning';
import { LAYERS, type Selected, selectRunning } from '#core/passes/shared/selection';

const [GLOBAL, LAYER, SENSITIVITY] = SPREAD_SCOPE.options;

export const wandaPruning = definePass({
  id: 'wanda-pruning',
  family: 'pruning',
  words: {
    title: { en: 'Wanda pruning (by input)', zh: 'Wanda 剪枝（按输入）' },
    help: {
      en: 'Multiplies the size of each weight by how strong its input usually is, and sets the weakest products to zero.',
      zh: '把每个权重的大小乘以其输入通常的强度，再把乘积最小的权重变成零。',
    },
    cost: {
      en: 'A look at some training images, a second or less for a small network. Zeros are still multiplied, so the file shrinks, not the arithmetic.',
      zh: '需要看一些训练图片，小网络不到一秒。零仍然参与乘法，因此变小的是文件而不是计算量。',
    },
    pays: {
      en: 'It was made for language models, whose inputs differ enormously in strength. In small image networks LAMP and Taylor usually keep more accuracy: compare.',
      zh: '它是为语言模型设计的，那里各输入的强度相差极大。在小型图片网络中，LAMP 和泰勒剪枝通常保留更多准确率：请自行比较。',
    },
    paper: 'Sun, Liu, Bair, Kolter 2024, A Simple and Effective Pruning Approach for Large Language Models',
  },
  params: {
    sparsity: SPARSITY,
    images: CALIBRATION_IMAGES,
    scope: {
      ...SPREAD_SCOPE,
      default: 'output',
      help: {
        en: 'Which weights are compared with each other. The paper compares the weights that lead to one output. By sensitivity does so too, and first measures how much each layer can spare (this takes a while).',
        zh: '哪些权重相互比较。论文比较通向同一输出的权重。“按敏感度”也是如此，并先测量每一层能承受多少（需要一些时间）。',
      },
      options: [
        { value: 'output', label: { en: 'Within each output', zh: '同一输出之内' } },
        LAYER,
        GLOBAL,
        SENSITIVITY,
      ],
    },
    layers: LAYERS,
  },
  formula: ({ sparsity, scope }) =>
    pruningFormula('s = |wᵢⱼ| · ‖xᵢ‖₂', sparsity, scope, scope === 'sensitivity' ? 'output' : scope),
  needs: ['weights', 'knownGraph', 'data'],
  effects: { masks: 'keeps', grids: 'keeps', codebooks: 'keeps', shapes: 'keeps', makes: ['masks'] },
  preview: 'accuracy',

  async prepare(model, values, context): Promise<Ranked> {
    const selected = selectRunning(model, values.layers);
    const keys = scoreKeys(await wandaScores(model, selected, values.images, context));
    const within = values.scope === 'output' || values.scope === 'sensitivity';
    const keysOf = (one: Selected, i: number): Uint32Array => {
      const own = keys[i] as Uint32Array;
      return within ? placesInOutput(one, own) : own;
    };
    return rankAll(model, selected, values.scope === 'output' ? 'layer' : values.scope, keysOf, context);
  },

  async apply(model, values, _context, ranked) {
    return pruneRanked(model, ranked, values.sparsity);
  },
});

/** For each selected kernel, |w| times the norm of the input that it multiplies. */
export async function wandaScores(
  model: Model,
  selected: readonly Selected[],
  images: number,
  context: PassContext,
): Promise<readonly Float64Array[]> {
  const connections = connectionsOf(model, selected);
  const squares = connections.map(({ places, channels }) => new Float64Array(places * channels));
  const taps = selected.map(({ layer }): Tap => ({ layer: layer.name, at: 'input' }));
  await showImages(model, { taps, images }, context, ({ images: count, values }) => {
    for (const [i, one] of connections.entries())
      addSquares(one, count, values[i] as Float32Array, squares[i] as Float64Array);
  });
  return selected.map(({ tensor }, i) => {
    const energy = ofInputs(connections[i] as (typeof connections)[number], squares[i] as Float64Array);
    return energy.map((sum, w) => Math.abs(tensor.data[w] as number) * Math.sqrt(sum));
  });
}

/** For each weight its place, from the least important, among those of its output; pruned ones come first. */
function placesInOutput(one: Selected, keys: Uint32Array): Uint32Array {
  const { rows, columns } = matrixOf(one);
  const { mask } = one.tensor.encoding;
  const places = new Uint32Array(keys.length);
  const column = new Uint32Array(rows);
  for (let c = 0; c < columns; c++) {
    for (let r = 0; r < rows; r++) {
      const i = r * columns + c;
      column[r] = mask && !mask[i] ? 0 : 1 + (keys[i] as number);
    }
    for (const [place, r] of radixOrder(column).entries()) places[r * columns + c] = place;
  }
  return places;
}

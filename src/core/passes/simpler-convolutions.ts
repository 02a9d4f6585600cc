/**
 * Simpler convolutions: a k x k convolution becomes a 1 x 1 one, which looks at one pixel, or a depthwise-separable one, which looks at the
 * window of each channel alone (k x k) and then mixes the channels (1 x 1).
 *
 * It helps because nearly all multiplications of a network are in its k x k convolutions: a separable one takes about 1/out + 1/k^2 of them, a 1 x 1 one
 * 1/k^2. A 1 x 1 layer no longer sees shapes, so it pays late in the network, where channels carry the meaning. It costs accuracy at once; train afterwards.
 *
 * Separable: for each input channel the kernel, laid out as window by outputs, is replaced by its best product of two vectors (its first singular
 * pair): the window's part goes to the depthwise layer, the outputs' part to the 1 x 1 layer. 1 x 1: the window's middle weight, or the sum of the window
 * (what it does to an area of one value). Strides, padding and dilation stay, and so do the sizes of all images. Grouped convolutions are left alone.
 * Papers: Howard et al. 2017, "MobileNets"; Guo, Li, Lin, Chen, Li 2018, "Network Decoupling: From Regular to Depthwise Separable Convolutions".
 */
import { type Formula, lines } from '#core/formula';
import { type Expansion, expandLayers } from '#core/model/edit';
import type { Conv2dLayer } from '#core/model/layers';
import type { Model } from '#core/model/model';
import { shapesOf } from '#core/model/shapes';
import type { Words } from '#core/params';
import { definePass } from '#core/pass';
import { type Outcome, pointLayers, separableLayers } from '#core/passes/shared/convolution-parts';
import { selectKind } from '#core/passes/shared/rank';
import { LAYERS } from '#core/passes/shared/selection';
import { settle, settlingFormula, settlingParams } from '#core/passes/shared/settling';
import { asTrained } from '#core/passes/shared/sketching';

type Becomes = 'separable' | 'centre' | 'sum';

const FORMULAE: Readonly<Record<Becomes, Formula>> = {
  separable: {
    en: 'W[a, b, i, o] ≈ d[a, b, i] · p[i, o]: first pair of singular vectors for each input i',
    zh: 'W[a, b, i, o] ≈ d[a, b, i] · p[i, o]，对每个输入 i 取第一对奇异向量',
  },
  centre: 'w[i, o] = W[c, c, i, o],   c = ⌊(k + 1) / 2⌋',
  sum: 'w[i, o] = Σ W[a, b, i, o],   a, b = 1 … k',
};

export const simplerConvolutions = definePass({
  id: 'simpler-convolutions',
  family: 'structure',
  words: {
    title: { en: 'Simpler convolutions', zh: '更简单的卷积' },
    help: {
      en: 'Replaces k x k convolutions by far cheaper ones: 1 x 1, or depthwise-separable as in MobileNet.',
      zh: '把 k x k 卷积换成便宜得多的卷积：1 x 1，或 MobileNet 那样的深度可分离卷积。',
    },
    cost: {
      en: 'Far fewer parameters and multiplications; accuracy falls at once, so the training afterwards takes the time.',
      zh: '参数和乘法都大幅减少；准确率会立即下降，时间主要花在之后的训练上。',
    },
    pays: {
      en: 'It pays in layers with many outputs and large windows: a separable layer needs about 1/outputs + 1/k² of the multiplications.',
      zh: '适用于输出通道多、窗口大的层：可分离卷积只需要约 1/输出数 + 1/k² 的乘法。',
    },
    paper:
      'Guo, Li, Lin, Chen, Li 2018, Network Decoupling: From Regular to Depthwise Separable Convolutions; Howard et al. 2017, MobileNets',
  },
  params: {
    becomes: {
      kind: 'choice',
      default: 'separable',
      label: { en: 'Becomes', zh: '换成' },
      help: {
        en: 'Separable keeps the window of each channel. 1 x 1 keeps one weight of each window: the middle one, or the sum of all.',
        zh: '“可分离”保留每个通道的窗口。“1 x 1”只保留每个窗口的一个权重：中间的，或全部之和。',
      },
      options: [
        { value: 'separable', label: { en: 'Depthwise-separable', zh: '深度可分离卷积' } },
        { value: 'centre', label: { en: '1 x 1, the middle of the window', zh: '1 x 1，取窗口中央' } },
        { value: 'sum', label: { en: '1 x 1, the sum of the window', zh: '1 x 1，取窗口之和' } },
      ],
    },
    layers: LAYERS,
    ...settlingParams(4),
  },
  formula: (values) => lines(FORMULAE[values.becomes as Becomes], ...settlingFormula(values)),
  needs: ['weights', 'knownGraph', 'data', 'training'],
  effects: {
    masks: 'consumes',
    grids: 'consumes',
    codebooks: 'consumes',
    shapes: 'consumes',
    reason: {
      en: 'The layers that are replaced have new weights: zeros, grids and shared values of the old ones do not carry over. All other layers keep theirs. Replace them first, then prune, quantize or share.',
      zh: '被替换的层使用新的权重：原来的零、量化网格和共享值无法延续。其他层保持不变。请先替换，再剪枝、量化或共享。',
    },
  },
  preview: 'structure',

  async sketch(model, values) {
    const { model: changed } = replaced(model, values.becomes as Becomes, values.layers);
    return values.after === 'nothing' ? changed : asTrained(changed, model);
  },

  idle(model, values) {
    const { model: changed, notes } = replaced(model, values.becomes as Becomes, values.layers);
    return changed === model ? notes : null;
  },

  async apply(model, values, context) {
    const { model: changed, notes } = replaced(model, values.becomes as Becomes, values.layers);
    return { model: changed === model ? model : await settle(changed, model, values, context), report: { notes } };
  },
});

function replaced(
  model: Model,
  becomes: Becomes,
  names: readonly string[],
): { readonly model: Model; readonly notes: readonly Words[] } {
  const { found, notes } = selectKind(model, names, 'conv2d', { en: 'plain convolution', zh: '普通卷积' });
  const shapes = shapesOf(model);
  const all = [...notes];
  const expansions = new Map<string, Expansion>();
  for (const { layer, tensor } of found) {
    const conv = layer as Conv2dLayer;
    const input = shapes[conv.inputs[0] as string] as readonly [number, number, number];
    const output = shapes[conv.name] as readonly [number, number, number];
    const outcome: Outcome =
      becomes === 'separable'
        ? separableLayers(model, conv, tensor, input)
        : pointLayers(model, conv, tensor, input, output, becomes);
    if (outcome.expansion) expansions.set(conv.name, outcome.expansion);
    all.push(outcome.note);
  }
  return { model: expandLayers(model, expansions), notes: all };
}

/**
 * Quantization of weights and activations: not only the weights but also what flows between the layers is rounded to a
 * few evenly spaced values, so that a runtime can compute in integers. How far activations reach is measured on training images once (hence static).
 *
 * It helps because integer arithmetic is smaller, faster and thriftier on most hardware, and at 8 bits next to nothing is lost. It costs
 * accuracy from about 4 bits down, where training (quantization-aware training) wins much of it back.
 *
 * As ONNX's QDQ form and integer runtimes have it: weights symmetric, +-(2^(b-1) - 1), one step for each output channel; activations
 * 0 to 2^b - 1 with an integer zero point, one step for each output; biases 32 bits on the step s_x s_w. Outputs are rounded behind a layer with its
 * normalisation and activation, never probabilities. The image keeps 8 bits at least, and so does the answer.
 * Papers: Jacob et al. 2018, "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference"; Nagel et al. 2021,
 * "A White Paper on Neural Network Quantization". Entropy ranges: Migacz 2017. Bias correction: Nagel et al. 2019.
 */
import { mapPrunable, withActivationGrids } from '#core/model/edit';
import type { GridValues } from '#core/model/encoding';
import type { Tensor } from '#core/model/model';
import { codesFor, gridFor, type RangeMethod } from '#core/numeric/affine-grid';
import type { Words } from '#core/params';
import { definePass } from '#core/pass';
import { correctBiases, type InputMeans, inputMeans, roundBiases } from '#core/passes/shared/bias-rounding';
import { ACTIVATION_BITS, WEIGHT_BITS } from '#core/passes/shared/bits';
import { type Calibration, calibrate, edgeNotes, roundedEdges, wideEdges } from '#core/passes/shared/calibration';
import { CALIBRATION_IMAGES } from '#core/passes/shared/importance';
import { type IntegerSamples, integerNotes, integerSamples } from '#core/passes/shared/integer-notes';
import {
  GRANULARITY,
  gridValues,
  quantizedKernel,
  RANGE,
  roundingNotes,
  type SpreadKernel,
  sharedGridNote,
  spreadKernel,
} from '#core/passes/shared/kernel-grids';
import { OUTER, outerLayers, outerNotes } from '#core/passes/shared/outer-layers';
import { layersThatRun, selectPrunable } from '#core/passes/shared/selection';
import { within } from '#core/passes/shared/within';

interface Prepared {
  readonly calibration: Calibration;
  readonly means: InputMeans;
  readonly kernels: readonly SpreadKernel[];
  /** Kernels rounded so far, by layer and bits: the other slider need not round them again. */
  readonly rounded: Map<string, Tensor>;
  /** What each layer reads on a few images, for comparing with integer arithmetic; null for large models. */
  readonly samples: IntegerSamples;
}

export const staticQuantization = definePass({
  id: 'static-quantization',
  family: 'quantization',
  words: {
    title: { en: 'Weights and activations', zh: '权重与激活量化' },
    help: {
      en: 'Rounds the weights and also what flows between the layers, so that a runtime can compute in integers. How large activations become is measured on training images.',
      zh: '不仅舍入权重，也舍入层与层之间流动的数值，使运行时可以用整数计算。激活值的大小在训练图片上测得。',
    },
    cost: {
      en: 'A few seconds to look at the images, then instant. 8 bits cost next to nothing; 4 bits cost some accuracy; below that it takes training.',
      zh: '查看图片需要几秒，之后瞬间完成。8 位几乎没有损失；4 位损失一些准确率；更低则需要训练。',
    },
    pays: {
      en: 'It pays on devices that compute in integers: phones, microcontrollers, most accelerators.',
      zh: '适合用整数计算的设备：手机、单片机和多数加速器。',
    },
    paper:
      'Jacob, Kligys, Chen, Zhu, Tang, Howard, Adam, Kalenichenko 2018, Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference',
  },
  params: {
    weightBits: WEIGHT_BITS,
    activationBits: ACTIVATION_BITS,
    weights: {
      kind: 'choice',
      default: 'round',
      label: { en: 'Weights', zh: '权重' },
      help: {
        en: 'Weights that another method has put on a grid already can be left as they are.',
        zh: '如果其他方法已把权重放到网格上，可以保持不变。',
      },
      options: [
        { value: 'round', label: { en: 'Round them too', zh: '一并舍入' } },
        { value: 'keep', label: { en: 'Leave as they are', zh: '保持不变' } },
      ],
    },
    granularity: { ...GRANULARITY, default: 'channel' as const, when: { weights: ['round'] } },
    range: { ...RANGE, label: { en: 'Range of activations', zh: '激活的取值范围' } },
    outer: { ...OUTER, when: { weights: ['round'] } },
    correctBias: {
      kind: 'flag',
      default: true,
      label: { en: 'Bias correction', zh: '偏置校正' },
      help: {
        en: 'Rounded weights shift the mean of each output a little; the biases take that back.',
        zh: '舍入权重会使每个输出的均值略有偏移；用偏置抵消它。',
      },
      when: { weights: ['round'] },
    },
    images: { ...CALIBRATION_IMAGES, default: 512 },
  },
  formula: ({ weightBits, activationBits, weights, correctBias }) => {
    const top = 2 ** (weightBits - 1) - 1;
    return [
      ...(weights === 'round' ? [`w′ = s_w · clamp(round(w / s_w), −${top}, ${top})`] : []),
      `x′ = s_x · (clamp(round(x / s_x) + z, 0, ${2 ** activationBits - 1}) − z)`,
      ...(weights === 'round' && correctBias ? ['b ← b − (W′ − W) · E[x]'] : []),
      'b′ = s_x · s_w · round(b / (s_x · s_w))',
    ].join('\n');
  },
  needs: ['weights', 'knownGraph', 'data'],
  effects: {
    masks: 'keeps',
    grids: 'consumes',
    codebooks: 'consumes',
    shapes: 'keeps',
    makes: ['grids', 'activations'],
    reason: {
      en: 'The new grids take the place of old ones and of shared values, unless the weights are left as they are.',
      zh: '新网格取代旧网格和共享取值，除非选择保持权重不变。',
    },
  },
  preview: 'accuracy',

  async prepare(model, { granularity, images, weights, correctBias }, context): Promise<Prepared> {
    const selected = selectPrunable(model, []);
    const runs = layersThatRun(model);
    const names = selected.map(({ layer }) => layer.name).filter((name) => runs.has(name));
    const plain = withActivationGrids(model, {});
    const calibration = await calibrate(plain, roundedEdges(plain), images, within(context, 0, 0.6));
    const corrects = weights === 'round' && correctBias;
    return {
      calibration,
      means: corrects ? await inputMeans(plain, names, images, within(context, 0.6, 0.3)) : new Map(),
      kernels: selected.map((one) => spreadKernel(one, granularity)),
      rounded: new Map(),
      samples: await integerSamples(plain, names, within(context, 0.9, 0.1)),
    };
  },

  async apply(model, values, _context, { calibration, means, kernels, rounded: seen, samples }) {
    const { weightBits, activationBits, weights, outer } = values;
    const wide = wideEdges(model, [...calibration.spreads.keys()], outer === 'eight' && weights === 'round');
    const ends = outer === 'same' ? [] : outerLayers(model);
    const quantized = new Map<string, Tensor>();
    for (const kernel of weights === 'round' ? kernels : []) {
      const { layer, tensor, axis } = kernel;
      const held = tensor.encoding.values;
      const bits = ends.includes(layer.name) ? 8 : weightBits;
      if (ends.includes(layer.name) && outer === 'float') continue;
      const alike = held.kind === 'grid' && held.bits === bits && held.symmetric && held.axis === axis;
      if (alike) continue;
      const key = `${layer.name}/${bits}`;
      const rounded = seen.get(key) ?? quantizedKernel(kernel, bits, codesFor(bits, true), 'error');
      seen.set(key, rounded);
      quantized.set(layer.name, rounded);
    }
    const rounded = mapPrunable(model, [], (layer, tensor) => quantized.get(layer.name) ?? tensor);
    const gridded = withActivationGrids(
      means.size > 0 ? correctBiases(model, rounded, means) : rounded,
      activationGrids(calibration, wide, activationBits, values.range),
    );
    const result = roundBiases(gridded);
    const notes: Words[] =
      weights === 'round' ? [...roundingNotes(model, result, kernels, quantized), ...outerNotes(ends, outer)] : [];
    notes.push(...sharedGridNote(kernels), ...edgeNotes(result, calibration.images, activationBits));
    return { model: result, report: { notes: [...notes, ...integerNotes(result, samples)] } };
  },
});

/** The grid of every rounded output. */
function activationGrids(
  { spreads }: Calibration,
  wide: ReadonlySet<string>,
  bits: number,
  range: RangeMethod,
): Readonly<Record<string, GridValues>> {
  return Object.fromEntries(
    [...spreads].map(([name, spread]) => {
      const own = wide.has(name) ? Math.max(8, bits) : bits;
      const codes = codesFor(own, false);
      return [name, gridValues([gridFor(spread, codes, wide.has(name) ? 'full' : range)], codes, own, null)];
    }),
  );
}

/**
 * Weight quantization: every weight is rounded to one of a few evenly spaced values, so that it fits in 2 to 16 bits.
 *
 * It helps because 8 bits hold a trained weight almost as well as 32, so a file shrinks by four at once. It costs
 * accuracy below about 4 bits, and makes inference smaller rather than faster wherever the runtime computes in float32.
 * One grid per output channel follows channels of different size much better than one for the whole tensor, but few file formats hold it.
 *
 * Symmetric grids are +-(2^(bits - 1) - 1) around 0; asymmetric ones are 0 to 2^bits - 1 with an integer zero point, so
 * that 0 is exact and pruned weights stay 0. Rounding is half to even, or half away from zero. A spacing may be given instead of
 * bits: then the bits are as many as the largest weight needs, 16 at most. Biases stay float32.
 * Papers: Krishnamoorthi 2018; Jacob et al. 2018, "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference".
 */
import { lines } from '#core/formula';
import { mapPrunable } from '#core/model/edit';
import type { Tensor } from '#core/model/model';
import { codesFor, type RangeMethod } from '#core/numeric/affine-grid';
import type { Words } from '#core/params';
import { definePass } from '#core/pass';
import {
  GRANULARITY,
  NEW_GRIDS,
  onGrids,
  quantizedKernel,
  RANGE,
  rangeFormula,
  roundingNotes,
  type SpreadKernel,
  sharedGridNote,
  spreadKernel,
} from '#core/passes/shared/kernel-grids';
import { LAYERS, selectPrunable } from '#core/passes/shared/selection';
import { tidy } from '#core/passes/shared/words';

export const weightQuantization = definePass({
  id: 'weight-quantization',
  family: 'quantization',
  words: {
    title: { en: 'Weight quantization', zh: '权重量化' },
    help: {
      en: 'Rounds every weight to one of a few evenly spaced values, so that it needs only a few bits instead of 32.',
      zh: '把每个权重舍入到少数几个等间距的值上，这样只需几位而不是 32 位来存储。',
    },
    cost: {
      en: 'Instant. At 8 bits the accuracy hardly moves and the file shrinks by about four; below 4 bits it falls quickly unless fine-tuned. Smaller, not faster, where the runtime computes in float32.',
      zh: '瞬间完成。8 位时准确率几乎不变，文件约缩小四倍；低于 4 位时若不微调会迅速下降。如果运行时用 float32 计算，则只变小、不变快。',
    },
    pays: {
      en: 'It pays nearly always: 8 bits are the first thing to try on any model.',
      zh: '几乎总是划算：对任何模型都可以先试 8 位。',
    },
    paper: 'Krishnamoorthi 2018, Quantizing deep convolutional networks for efficient inference: a whitepaper',
  },
  params: {
    by: {
      kind: 'choice',
      default: 'bits',
      label: { en: 'Spacing by', zh: '间距由' },
      help: {
        en: 'Give the number of bits, and the spacing follows from the weights; or give the spacing itself.',
        zh: '给定位数，间距由权重决定；或者直接给定间距。',
      },
      options: [
        { value: 'bits', label: { en: 'Bits', zh: '位数' } },
        { value: 'scale', label: { en: 'Spacing', zh: '间距' } },
      ],
    },
    bits: {
      kind: 'number',
      live: true,
      min: 2,
      max: 16,
      step: 1,
      default: 8,
      unit: 'bits',
      label: { en: 'Bits', zh: '位数' },
      help: {
        en: 'How many bits each weight gets. 4 bits: 15 values, zero and as many below it as above; 16 where the values are not symmetric.',
        zh: '每个权重的位数。4 位：15 个取值，零以及上下各 7 个；不对称时为 16 个。',
      },
      when: { by: ['bits'] },
    },
    scale: {
      kind: 'number',
      live: true,
      min: 0.0001,
      max: 1,
      step: 0.0001,
      default: 0.02,
      scale: 'log',
      control: 'field',
      label: { en: 'Spacing', zh: '间距' },
      help: {
        en: 'The distance between two neighbouring values, the same in every layer.',
        zh: '相邻两个取值之间的距离，各层相同。',
      },
      when: { by: ['scale'] },
    },
    granularity: { ...GRANULARITY, when: { by: ['bits'] } },
    symmetric: {
      kind: 'flag',
      default: true,
      label: { en: 'Symmetric', zh: '对称' },
      help: {
        en: 'On: the values lie evenly around zero (with 2 bits: minus one, zero, one step). Off: they follow the smallest and the largest weight.',
        zh: '开：取值以零为中心对称（2 位时只有 −1、0、1 三档）。关：取值范围由最小和最大的权重决定。',
      },
      when: { by: ['bits'] },
    },
    range: { ...RANGE, when: { by: ['bits'] } },
    ties: {
      kind: 'choice',
      default: 'even',
      label: { en: 'Ties', zh: '正中间的值' },
      help: {
        en: 'A weight exactly between two values goes to the even one, as in ONNX, or to the one farther from zero, as in TensorFlow Lite.',
        zh: '恰好位于两个取值正中间的权重：取偶数档（ONNX 的做法），或取离零更远的一档（TensorFlow Lite 的做法）。',
      },
      options: [
        { value: 'even', label: { en: 'To even', zh: '取偶' } },
        { value: 'away', label: { en: 'Away from zero', zh: '远离零' } },
      ],
    },
    layers: LAYERS,
  },
  formula: ({ by, bits, scale, symmetric, range }) => {
    if (by === 'scale') return `w′ = ${tidy(scale)} · round(w / ${tidy(scale)})`;
    const { qMin, qMax } = codesFor(bits, symmetric);
    const rounded = symmetric
      ? `w′ = s · clamp(round(w / s), −${qMax}, ${qMax}),   s = c / ${qMax}`
      : `w′ = s · (clamp(round(w / s) + z, ${qMin}, ${qMax}) − z),   s = (b − a) / ${qMax},   z = round(−a / s)`;
    return lines(rounded, rangeFormula(range as RangeMethod, symmetric));
  },
  needs: ['weights'],
  effects: NEW_GRIDS,
  preview: 'accuracy',

  async prepare(model, { layers, by, granularity }): Promise<readonly SpreadKernel[]> {
    return selectPrunable(model, layers).map((one) => spreadKernel(one, by === 'scale' ? 'tensor' : granularity));
  },

  async apply(model, values, _context, kernels) {
    const { bits, symmetric, ties, range } = values;
    const rounding = ties === 'away' ? { away: true } : {};
    const quantized = new Map<string, Tensor>();
    const notes: Words[] = [];
    for (const kernel of kernels) {
      const { layer, tensor } = kernel;
      const held = tensor.encoding.values;
      if (values.by === 'scale') {
        const spacing = Math.fround(values.scale);
        const alike = held.kind === 'grid' && held.symmetric && held.axis === null && held.scale[0] === spacing;
        if (!alike) quantized.set(layer.name, spaced(kernel, spacing, rounding, notes));
        continue;
      }
      const alike =
        held.kind === 'grid' && held.bits === bits && held.symmetric === symmetric && held.axis === kernel.axis;
      if (!alike)
        quantized.set(layer.name, quantizedKernel(kernel, bits, { ...codesFor(bits, symmetric), ...rounding }, range));
    }
    const changed = mapPrunable(model, values.layers, (layer, tensor) => quantized.get(layer.name) ?? tensor);
    notes.unshift(...roundingNotes(model, changed, kernels, quantized), ...sharedGridNote(kernels));
    return { model: changed, report: { notes } };
  },
});

/** A kernel on a symmetric grid of this spacing, with as many bits as it takes. */
function spaced(
  { layer, tensor, spreads }: SpreadKernel,
  scale: number,
  rounding: { readonly away?: boolean },
  notes: Words[],
): Tensor {
  const reach = Math.max(...spreads.map(({ low, high }) => Math.max(-low, high)));
  const steps = Math.round(reach / scale);
  const bits = Math.min(16, Math.max(2, Math.ceil(Math.log2(steps + 1)) + 1));
  const codes = { ...codesFor(bits, true), ...rounding };
  const beyond = steps > codes.qMax;
  notes.push({
    en: `${layer.name} needs ${beyond ? 'more than 16' : bits} bits at this spacing.${beyond ? ' Its largest weights were cut off.' : ''}`,
    zh: `按此间距，${layer.name} 需要${beyond ? '超过 16' : ` ${bits} `}位。${beyond ? '其最大的权重被截去。' : ''}`,
  });
  return onGrids(tensor, null, [{ scale, zero: 0 }], codes, bits);
}

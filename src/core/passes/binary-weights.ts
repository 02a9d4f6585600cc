/**
 * Binary weights: of every weight only the sign is left; each filter keeps one number, the mean magnitude of its weights.
 *
 * It helps because a weight then takes a single bit, and multiplying by it is adding or taking away. It costs much accuracy
 * until the network is trained with its signs (quantization-aware training, fine-tuning), and it has no zero, so pruned networks cannot be binary.
 *
 * w' = a sign(w) with a = mean|w| of the filter (or of the whole layer), which is the scale of least squared error; sign(0) = +1.
 * The filters of a depthwise layer are its channels. First and last layer: 8 bits unless told otherwise.
 * Paper: Rastegari, Ordonez, Redmon, Farhadi 2016, "XNOR-Net: ImageNet Classification Using Binary Convolutional Neural Networks" (binary weights).
 */
import { mapPrunable } from '#core/model/edit';
import { channelOf } from '#core/model/encoding';
import type { Tensor } from '#core/model/model';
import { makeTensor } from '#core/model/tensor';
import { definePass, PassError } from '#core/pass';
import { channelAxis, GRANULARITY, keptByChannel, roundingNotes } from '#core/passes/shared/kernel-grids';
import { OUTER, partOuter } from '#core/passes/shared/outer-layers';
import { LAYERS, selectPrunable } from '#core/passes/shared/selection';

/** What stands for the scale of a filter of zeros: the smallest normal float32. */
const LEAST = 2 ** -126;

const NO_ZERO = {
  en: 'Binary weights are plus or minus one size and have no zero, so pruned weights would come back. Make them ternary instead.',
  zh: '二值权重只有正负两个取值，没有零，剪去的权重会重新出现。请改用三值权重。',
};

export const binaryWeights = definePass({
  id: 'binary-weights',
  family: 'quantization',
  words: {
    title: { en: 'Binary weights', zh: '二值权重' },
    help: {
      en: 'Keeps only the sign of every weight, and one size for each filter: a single bit a weight.',
      zh: '每个权重只保留符号，每个滤波器保留一个大小：每个权重一位。',
    },
    cost: {
      en: 'Instant, but accuracy drops far until the network is trained on with its signs. First and last layer stay at 8 bits by default. Pruned weights cannot be kept.',
      zh: '瞬间完成，但在带着符号继续训练之前，准确率会大幅下降。首层和末层默认保持 8 位。无法保留剪枝。',
    },
    pays: {
      en: 'It pays for wide networks that have weights to spare, with training afterwards: a thirty-second of the bytes.',
      zh: '适合权重富余的宽网络，并在之后训练：字节数为三十二分之一。',
    },
    paper:
      'Rastegari, Ordonez, Redmon, Farhadi 2016, XNOR-Net: ImageNet Classification Using Binary Convolutional Neural Networks',
  },
  params: {
    granularity: { ...GRANULARITY, default: 'channel' as const },
    outer: OUTER,
    layers: LAYERS,
  },
  formula: ({ granularity }) =>
    granularity === 'channel'
      ? { en: 'w′ = a · sign(w), a = mean |w| of the filter', zh: 'w′ = a · sign(w)，a 为滤波器内 |w| 的均值' }
      : { en: 'w′ = a · sign(w), a = mean |w| of the layer', zh: 'w′ = a · sign(w)，a 为层内 |w| 的均值' },
  needs: ['weights'],
  effects: {
    masks: 'refuses',
    grids: 'consumes',
    activations: 'keeps',
    codebooks: 'consumes',
    shapes: 'keeps',
    makes: ['grids'],
    reason: NO_ZERO,
  },
  preview: 'accuracy',

  async apply(model, { layers, outer, granularity }) {
    const { inner, outer: apart, notes } = partOuter(model, selectPrunable(model, layers), outer, granularity);
    const changed = new Map(apart);
    for (const { layer, tensor } of inner) {
      if (tensor.encoding.mask) throw new PassError(NO_ZERO);
      const axis = granularity === 'channel' ? channelAxis(layer) : null;
      const { values } = tensor.encoding;
      if (!(values.kind === 'binary' && values.axis === axis)) changed.set(layer.name, binarized(tensor, axis));
    }
    const result = mapPrunable(model, layers, (layer, tensor) => changed.get(layer.name) ?? tensor);
    return { model: result, report: { notes: [...notes, ...roundingNotes(model, result, inner, changed)] } };
  },
});

function binarized(tensor: Tensor, axis: number | null): Tensor {
  const { shape, data } = tensor;
  const scale = Float32Array.from(keptByChannel(tensor, axis), (values) =>
    Math.max(LEAST, values.reduce((sum, w) => sum + Math.abs(w), 0) / values.length),
  );
  const channel = channelOf(shape, axis);
  const signed = data.map((w, i) => (w < 0 ? -1 : 1) * (scale[channel(i)] as number));
  return makeTensor(shape, signed, { values: { kind: 'binary', scale, axis } });
}

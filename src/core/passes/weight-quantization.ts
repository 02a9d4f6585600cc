/**
 * Weight quantization: every weight is rounded to one of a few evenly spaced values, so that it fits in 2 to 16 bits.
 *
 * It helps because 8 bits hold a trained weight almost as well as 32, so a file shrinks by four at once. It costs
 * accuracy below about 4 bits, and makes inference smaller rather than faster wherever the runtime computes in float32.
 * One grid per output channel follows channels of different size much better than one for the whole tensor, but few file formats hold it.
 *
 * Symmetric grids are +-(2^(bits - 1) - 1) around 0; asymmetric ones are 0 to 2^bits - 1 with an integer zero point, so
 * that 0 is exact and pruned weights stay 0. Rounding is half to even. The channel axis is the output channel: 3 for a convolution [kh, kw, in, out],
 * 1 for a dense layer [in, out], 2 for a depthwise kernel [kh, kw, channels, multiplier], whose multiplied outputs of one channel share a grid. Biases stay float32.
 * Papers: Krishnamoorthi 2018; Jacob et al. 2018, "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference".
 */
import { mapPrunable } from '#core/model/edit';
import { type GridValues, innerStride } from '#core/model/encoding';
import type { Layer } from '#core/model/layers';
import type { Tensor } from '#core/model/model';
import { makeTensor } from '#core/model/tensor';
import { type Codes, codesFor, type Grid, leastErrorGrid, snap, spanningGrid } from '#core/numeric/affine-grid';
import type { Words } from '#core/params';
import { definePass } from '#core/pass';
import { LAYERS, selectPrunable } from '#core/passes/shared/selection';

/** The weights that one grid must hold: one channel's, or a whole tensor's thinned out to at most SAMPLE. */
interface Scales {
  readonly name: string;
  readonly tensor: Tensor;
  readonly axis: number | null;
  readonly samples: readonly Float32Array[];
}

/** Enough values to choose a clip by; a thinned sample still holds the smallest and the largest. */
const SAMPLE = 8192;

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
    paper: 'Krishnamoorthi 2018, Quantizing deep convolutional networks for efficient inference: a whitepaper',
  },
  params: {
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
        en: 'How many bits each weight gets: 2 to the power of this many values.',
        zh: '每个权重的位数：可取的值有 2 的这么多次方个。',
      },
    },
    granularity: {
      kind: 'choice',
      default: 'tensor',
      label: { en: 'Granularity', zh: '粒度' },
      help: {
        en: 'One spacing for a whole layer, or one for each of its output channels. Per channel is more exact; TensorFlow.js files hold only per tensor.',
        zh: '整层共用一个间距，或每个输出通道各用一个。“逐通道”更精确；TensorFlow.js 文件只能保存“逐张量”。',
      },
      options: [
        { value: 'tensor', label: { en: 'Per tensor', zh: '逐张量' } },
        { value: 'channel', label: { en: 'Per channel', zh: '逐通道' } },
      ],
    },
    symmetric: {
      kind: 'flag',
      default: true,
      label: { en: 'Symmetric', zh: '对称' },
      help: {
        en: 'On: the values lie evenly around zero (with 2 bits: minus one, zero, one step). Off: they follow the smallest and the largest weight.',
        zh: '开：取值以零为中心对称（2 位时只有 −1、0、1 三档）。关：取值范围由最小和最大的权重决定。',
      },
    },
    range: {
      kind: 'choice',
      default: 'error',
      label: { en: 'Range', zh: '取值范围' },
      help: {
        en: 'Least error cuts off a few outliers where that makes the other weights more exact; it matters below 8 bits. Full range reaches the largest weight.',
        zh: '“误差最小”会截去少数离群值，使其余权重更精确；在 8 位以下影响明显。“完整范围”一直到最大的权重。',
      },
      options: [
        { value: 'error', label: { en: 'Least error', zh: '误差最小' } },
        { value: 'full', label: { en: 'Full range', zh: '完整范围' } },
      ],
    },
    layers: LAYERS,
  },
  needs: ['weights'],
  effects: {
    masks: 'keeps',
    grids: 'consumes',
    codebooks: 'consumes',
    shapes: 'keeps',
    reason: {
      en: 'A weight lies on one grid or in one codebook: the new grid takes the place of the old values, which are rounded to it.',
      zh: '一个权重只能在一个量化网格上或一个码本里：新网格取代旧的取值，旧值会舍入到新网格上。',
    },
  },
  preview: 'accuracy',

  async prepare(model, values): Promise<readonly Scales[]> {
    return selectPrunable(model, values.layers).map(({ layer, tensor }) => {
      const axis = values.granularity === 'channel' ? channelAxis(layer) : null;
      return { name: layer.name, tensor, axis, samples: samplesOf(tensor, axis) };
    });
  },

  async apply(model, values, _context, scales) {
    const codes = codesFor(values.bits, values.symmetric);
    const choose = values.range === 'error' ? leastErrorGrid : spanningGrid;
    const quantized = new Map<string, Tensor>();
    for (const { name, tensor, axis, samples } of scales) {
      const held = tensor.encoding.values;
      if (
        held.kind === 'grid' &&
        held.bits === values.bits &&
        held.symmetric === values.symmetric &&
        held.axis === axis
      )
        continue;
      const grids = samples.map((sample) => choose(sample, codes));
      quantized.set(name, onGrids(tensor, axis, grids, codes, values.bits));
    }
    return {
      model: mapPrunable(model, values.layers, (layer, tensor) => quantized.get(layer.name) ?? tensor),
      report: { notes: notesOn(scales, quantized) },
    };
  },
});

/** The axis of the output channels; for depthwise kernels that of the input channels (see the head of the file). */
function channelAxis(layer: Layer): number {
  return layer.kind === 'dense' ? 1 : layer.kind === 'depthwiseConv2d' ? 2 : 3;
}

function samplesOf({ data, shape }: Tensor, axis: number | null): readonly Float32Array[] {
  if (axis === null) return [thinned(data)];
  const stride = innerStride(shape, axis);
  const channels = shape[axis] as number;
  return Array.from({ length: channels }, (_, channel) => {
    const values = new Float32Array(data.length / channels);
    let count = 0;
    for (let begin = channel * stride; begin < data.length; begin += channels * stride) {
      for (let i = begin; i < begin + stride; i++) values[count++] = data[i] as number;
    }
    return thinned(values);
  });
}

function thinned(values: Float32Array): Float32Array {
  if (values.length <= SAMPLE) return values;
  const step = values.length / (SAMPLE - 2);
  const sample = new Float32Array(SAMPLE);
  let low = 0;
  let high = 0;
  for (const x of values) {
    if (x < low) low = x;
    if (x > high) high = x;
  }
  for (let i = 0; i < SAMPLE - 2; i++) sample[i] = values[Math.floor(i * step)] as number;
  sample[SAMPLE - 2] = low;
  sample[SAMPLE - 1] = high;
  return sample;
}

function onGrids(tensor: Tensor, axis: number | null, grids: readonly Grid[], codes: Codes, bits: number): Tensor {
  const { data, shape, encoding } = tensor;
  const stride = axis === null ? data.length : innerStride(shape, axis);
  const snapped = new Float32Array(data.length);
  for (let begin = 0, channel = 0; begin < data.length; begin += stride, channel = (channel + 1) % grids.length) {
    snap(data, snapped, begin, begin + stride, grids[channel] as Grid, codes);
  }
  const values: GridValues = {
    kind: 'grid',
    bits,
    qMin: codes.qMin,
    qMax: codes.qMax,
    scale: Float32Array.from(grids, (grid) => grid.scale),
    zeroPoint: Int32Array.from(grids, (grid) => grid.zero),
    axis,
    symmetric: codes.symmetric,
  };
  return makeTensor(shape, snapped, encoding.mask ? { mask: encoding.mask, values } : { values });
}

function notesOn(scales: readonly Scales[], quantized: ReadonlyMap<string, Tensor>): readonly Words[] {
  const consumed = scales.filter(({ name }) => quantized.has(name)).map(({ tensor }) => tensor.encoding.values.kind);
  const notes: Words[] = [];
  if (consumed.includes('codebook')) {
    notes.push({
      en: 'The shared weights were rounded to the grid: their codebooks are gone.',
      zh: '共享的权重已舍入到网格上：原有码本不再存在。',
    });
  }
  if (consumed.includes('grid')) {
    notes.push({
      en: 'Weights that were quantized before were rounded again, to the new grid.',
      zh: '之前量化过的权重已再次舍入到新网格。',
    });
  }
  if (quantized.size === 0) {
    notes.push({
      en: 'The weights are on such a grid already; nothing changed.',
      zh: '权重已经在这样的网格上，没有变化。',
    });
  }
  if (scales.some(({ tensor, axis }) => axis === 2 && (tensor.shape[3] as number) > 1)) {
    notes.push({
      en: 'In depthwise layers with a multiplier, the outputs of one input channel share a grid.',
      zh: '在带倍数的深度卷积层中，同一输入通道的各个输出共用一个网格。',
    });
  }
  return notes;
}

/**
 * Putting kernels on grids: what every method that rounds weights shares. The channel axis is the output channel: 3 for a
 * convolution [kh, kw, in, out], 1 for a dense layer [in, out], 2 for a depthwise kernel [kh, kw, channels, multiplier], whose
 * multiplied outputs of one channel share a grid.
 */
import type { Formula } from '#core/formula';
import { weightNoise } from '#core/metrics/signal-to-noise';
import { type GridValues, innerStride } from '#core/model/encoding';
import type { Layer } from '#core/model/layers';
import type { Model, Tensor } from '#core/model/model';
import { makeTensor } from '#core/model/tensor';
import { type Codes, type Grid, gridFor, type RangeMethod, snap } from '#core/numeric/affine-grid';
import { type Spread, spreadOf } from '#core/numeric/spread';
import type { ChoiceParam, Words } from '#core/params';
import type { Effects } from '#core/pass';
import type { Selected } from '#core/passes/shared/selection';

export type Granularity = 'tensor' | 'channel';

/** A kernel with the spread of the weights that each of its grids must hold. */
export interface SpreadKernel extends Selected {
  readonly axis: number | null;
  /** One for each channel along the axis, or one in all; weights pruned are left out. */
  readonly spreads: readonly Spread[];
}

export const GRANULARITY = {
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
} as const satisfies ChoiceParam;

export const RANGE = {
  kind: 'choice',
  default: 'error',
  label: { en: 'Range', zh: '取值范围' },
  help: {
    en: 'Where the grid ends. Cutting off a few outliers makes the other values more exact; it matters below 8 bits. Entropy was made for activations at 8 bits.',
    zh: '网格到哪里为止。截去少数离群值会使其余数值更精确；在 8 位以下影响明显。“熵”是为 8 位激活值设计的。',
  },
  options: [
    { value: 'error', label: { en: 'Least error', zh: '误差最小' } },
    { value: 'full', label: { en: 'Full range', zh: '完整范围' } },
    { value: 'p9999', label: { en: '99.99th percentile', zh: '99.99 百分位' } },
    { value: 'p999', label: { en: '99.9th percentile', zh: '99.9 百分位' } },
    { value: 'entropy', label: { en: 'Entropy (TensorRT)', zh: '熵（TensorRT）' } },
  ],
} as const satisfies ChoiceParam<RangeMethod>;

/** Where the ends of a grid lie, as a line of a formula: +-c, or from a to b. */
export function rangeFormula(range: RangeMethod, symmetric: boolean): Formula {
  switch (range) {
    case 'full':
      return symmetric ? 'c = max |w|' : 'a = min(0, w), b = max(0, w)';
    case 'error':
      return symmetric
        ? 'c = t · max |w|,   t = argmin Σ (w − w′)²,   0.1 ≤ t ≤ 1'
        : 'a = t · min(0, w),   b = t · max(0, w),   t = argmin Σ (w − w′)²,   0.1 ≤ t ≤ 1';
    case 'p999':
      return symmetric ? quantileOf('99.9') : quantilesOf('0.05', '99.95');
    case 'p9999':
      return symmetric ? quantileOf('99.99') : quantilesOf('0.005', '99.995');
    case 'entropy':
      return symmetric
        ? 'c = argmin KL(|w| ‖ |w′|),   c ≤ max |w|'
        : 'a = max(−c, min(0, w)),   b = min(c, max(0, w)),   c = argmin KL(|w| ‖ |w′|)';
    default:
      throw range satisfies never;
  }
}

const quantileOf = (share: string): Words => ({
  en: `c = the ${share} % quantile of |w|`,
  zh: `c 为 |w| 的 ${share} % 分位数`,
});
const quantilesOf = (low: string, high: string): Words => ({
  en: `a, b = the ${low} % and ${high} % quantiles of w`,
  zh: `a、b 为 w 的 ${low} % 和 ${high} % 分位数`,
});

/** What a pass that rounds weights to grids of their own does to what others achieved. */
export const NEW_GRIDS: Effects = {
  masks: 'keeps',
  grids: 'consumes',
  activations: 'keeps',
  codebooks: 'consumes',
  shapes: 'keeps',
  makes: ['grids'],
  reason: {
    en: 'A weight lies on one grid or in one codebook: the new grid takes the place of the old values, which are rounded to it.',
    zh: '一个权重只能在一个量化网格上或一个码本里：新网格取代旧的取值，旧值会舍入到新网格上。',
  },
};

/** The axis of the output channels; for depthwise kernels that of the input channels (see the head of the file). */
export function channelAxis(layer: Layer): number {
  return layer.kind === 'dense' ? 1 : layer.kind === 'depthwiseConv2d' ? 2 : 3;
}

export function spreadKernel(one: Selected, granularity: Granularity): SpreadKernel {
  const axis = granularity === 'channel' ? channelAxis(one.layer) : null;
  return { ...one, axis, spreads: keptByChannel(one.tensor, axis).map(spreadOf) };
}

/** The weights of each channel that are not pruned. */
export function keptByChannel({ data, shape, encoding }: Tensor, axis: number | null): readonly Float32Array[] {
  const { mask } = encoding;
  const kept = (begin: number, end: number): Float32Array =>
    mask ? data.subarray(begin, end).filter((_, i) => mask[begin + i]) : data.subarray(begin, end);
  if (axis === null) return [kept(0, data.length)];
  const stride = innerStride(shape, axis);
  const channels = shape[axis] as number;
  return Array.from({ length: channels }, (_, channel) => {
    const values = new Float32Array(data.length / channels);
    let count = 0;
    for (let begin = channel * stride; begin < data.length; begin += channels * stride) {
      for (let i = begin; i < begin + stride; i++) if (!mask || mask[i]) values[count++] = data[i] as number;
    }
    return values.subarray(0, count);
  });
}

/** The kernel on grids whose ranges are chosen so; a mask stays. */
export function quantizedKernel(kernel: SpreadKernel, bits: number, codes: Codes, range: RangeMethod): Tensor {
  const grids = kernel.spreads.map((spread) => gridFor(spread, codes, range));
  const fine = fineWhereEmpty(grids, (channel) => isZero(kernel.spreads[channel] as Spread));
  return onGrids(kernel.tensor, kernel.axis, fine, codes, bits);
}

const isZero = ({ low, high }: Spread): boolean => low === 0 && high === 0;
/** The spacing of a kernel without any weight but zero. */
const FINE = 2 ** -8;

/**
 * Zeros lie on every grid, but integer arithmetic adds the bias on a multiple of the weights' spacing, and a channel without
 * weights still has a bias: it gets the finest spacing of the other channels, or 1/256 where there is no other.
 */
export function fineWhereEmpty(grids: readonly Grid[], isEmpty: (channel: number) => boolean): readonly Grid[] {
  const others = grids.filter((_, channel) => !isEmpty(channel));
  const scale = others.length > 0 ? Math.min(...others.map((grid) => grid.scale)) : FINE;
  return grids.map((grid, channel) => (isEmpty(channel) ? { ...grid, scale } : grid));
}

/** The tensor's values rounded to the grids of its channels. */
export function onGrids(
  tensor: Tensor,
  axis: number | null,
  grids: readonly Grid[],
  codes: Codes,
  bits: number,
): Tensor {
  const { data, shape, encoding } = tensor;
  const stride = axis === null ? data.length : innerStride(shape, axis);
  const snapped = new Float32Array(data.length);
  for (let begin = 0, channel = 0; begin < data.length; begin += stride, channel = (channel + 1) % grids.length) {
    snap(data, snapped, begin, begin + stride, grids[channel] as Grid, codes);
  }
  const values = gridValues(grids, codes, bits, axis);
  return makeTensor(shape, snapped, encoding.mask ? { mask: encoding.mask, values } : { values });
}

export function gridValues(grids: readonly Grid[], codes: Codes, bits: number, axis: number | null): GridValues {
  return {
    kind: 'grid',
    bits,
    qMin: codes.qMin,
    qMax: codes.qMax,
    scale: Float32Array.from(grids, (grid) => grid.scale),
    zeroPoint: Int32Array.from(grids, (grid) => grid.zero),
    axis,
    symmetric: codes.symmetric,
  };
}

/** What became of the way in which weights were held before, and where rounding shows most. */
export function roundingNotes(
  before: Model,
  after: Model,
  kernels: readonly Selected[],
  changed: ReadonlyMap<string, Tensor>,
): readonly Words[] {
  const consumed = kernels
    .filter(({ layer }) => changed.has(layer.name))
    .map(({ tensor }) => tensor.encoding.values.kind);
  const notes: Words[] = [];
  if (consumed.includes('grid') || consumed.includes('binary'))
    notes.push({
      en: 'Weights that were quantized before were rounded again, to the new grid.',
      zh: '之前量化过的权重已再次舍入到新网格。',
    });
  if (changed.size === 0)
    notes.push({
      en: 'The weights are on such a grid already; nothing changed.',
      zh: '权重已经在这样的网格上，没有变化。',
    });
  return [...notes, ...noiseNotes(before, after)];
}

/** Which layer's weights lost most by rounding, where several did. */
export function noiseNotes(before: Model, after: Model): readonly Words[] {
  // A layer without any weight but zero has no signal.
  const noise = weightNoise(before, after).filter(({ decibels }) => Number.isFinite(decibels));
  const [first] = noise;
  if (!first || noise.length < 2) return [];
  const worst = noise.reduce((least, one) => (one.decibels < least.decibels ? one : least), first);
  const best = noise.reduce((most, one) => (one.decibels > most.decibels ? one : most), first);
  const [low, high] = [worst.decibels.toFixed(1), best.decibels.toFixed(1)];
  return [
    {
      en: `Rounding shows most in ${worst.layer}: signal to noise ${low} dB (${high} dB in ${best.layer}, the best).`,
      zh: `舍入影响最大的是 ${worst.layer}：信噪比 ${low} dB（最好的 ${best.layer} 为 ${high} dB）。`,
    },
  ];
}

/** Said of kernels with one grid for several outputs of a depthwise channel. */
export function sharedGridNote(kernels: readonly SpreadKernel[]): readonly Words[] {
  if (!kernels.some(({ tensor, axis }) => axis === 2 && (tensor.shape[3] as number) > 1)) return [];
  return [
    {
      en: 'In depthwise layers with a multiplier, the outputs of one input channel share a grid.',
      zh: '在带倍数的深度卷积层中，同一输入通道的各个输出共用一个网格。',
    },
  ];
}

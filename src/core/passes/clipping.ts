/**
 * Clipping: weights beyond a limit are set to the limit.
 *
 * It helps in front of quantization: a few weights far out stretch the grid of their layer, and every other weight is
 * then rounded more coarsely. It costs those few weights some of their effect, and by itself it makes nothing smaller. The limit holds
 * for the weights as they are: training afterwards may carry them beyond it again.
 *
 * Limits: a value, the same for all layers; or of each layer's own weights that are not pruned, a percentile of |w|
 * (interpolated between neighbours, so that 100 % is the largest |w|), or the mean and k standard deviations (of the whole
 * population) to either side, stretched to hold 0 so that no weight changes its sign. Biases are left alone.
 * Earlier work is kept: pruned weights stay 0; on a grid a weight moves to the last step within the limit, and the step stays as it
 * was; in a codebook it is the shared values that are clipped, and those that meet become one; of two signs it is the scale.
 * Halves go to the last half within the limit.
 * Papers: Migacz 2017, "8-bit Inference with TensorRT" (saturating a range); Zhao, Hu, Dotzel, De Sa, Zhang 2019 (clipping weights, and its limits).
 */
import { lines } from '#core/formula';
import { mapPrunable } from '#core/model/edit';
import { channelOf, type Encoding, type Mask, signGrid, usedCodebook } from '#core/model/encoding';
import type { Tensor } from '#core/model/model';
import { makeTensor } from '#core/model/tensor';
import { fromHalf, toHalf } from '#core/numeric/half';
import { quantile } from '#core/numeric/quantile';
import { magnitudeKeys, radixSort } from '#core/numeric/radix';
import type { Words } from '#core/params';
import { definePass } from '#core/pass';
import { LAYERS, type Selected, selectPrunable } from '#core/passes/shared/selection';
import { tidy } from '#core/passes/shared/words';

interface Limits {
  /** 0 or less. */
  readonly low: number;
  /** 0 or more. */
  readonly high: number;
}
interface Ready extends Selected {
  /** |w| of the weights not pruned, ascending; empty unless a percentile is asked for. */
  readonly magnitudes: Float32Array;
  readonly mean: number;
  readonly deviation: number;
}

export const clipping = definePass({
  id: 'clipping',
  family: 'quantization',
  words: {
    title: { en: 'Clipping', zh: '权重截断' },
    help: {
      en: 'Limits the few weights that are far larger than the rest. Quantization afterwards gets a finer grid, because it need not reach so far.',
      zh: '限制少数远大于其余权重的值。之后量化时网格不必伸得那么远，因此更精细。',
    },
    cost: {
      en: 'Instant. Nothing gets smaller by clipping alone; quantize next. Limits that reach into the bulk of the weights cost accuracy.',
      zh: '瞬间完成。只截断不会变小，接着应做量化。限制过紧、触及大多数权重时，准确率会下降。',
    },
    pays: {
      en: 'It pays before quantization to few bits, where a handful of large weights would take most of the steps.',
      zh: '在量化到很少的位数之前值得做：否则少数大权重会占去大部分量化级别。',
    },
    paper:
      'Zhao, Hu, Dotzel, De Sa, Zhang 2019, Improving Neural Network Quantization without Retraining using Outlier Channel Splitting',
  },
  params: {
    percentile: {
      kind: 'number',
      live: true,
      min: 0.5,
      max: 1,
      step: 0.001,
      default: 0.99,
      unit: 'percent',
      when: { limit: ['percentile'] },
      label: { en: 'Percentile', zh: '百分位' },
      help: {
        en: 'This share of each layer’s weights stays as it is; the larger ones are set to the limit.',
        zh: '每层中这一比例的权重保持不变；更大的权重被设为上限。',
      },
    },
    deviations: {
      kind: 'number',
      live: true,
      min: 0.5,
      max: 8,
      step: 0.1,
      default: 3,
      when: { limit: ['deviations'] },
      label: { en: 'Standard deviations', zh: '标准差倍数' },
      help: {
        en: 'How many standard deviations from the mean of its layer a weight may lie.',
        zh: '权重与本层均值最多可相差多少个标准差。',
      },
    },
    value: {
      kind: 'number',
      live: true,
      min: 0.001,
      max: 10,
      step: 0.001,
      default: 0.5,
      scale: 'log',
      when: { limit: ['value'] },
      label: { en: 'Largest weight', zh: '最大权重' },
      help: {
        en: 'No weight may be farther from zero than this, in any layer.',
        zh: '任何一层的权重与零的距离都不得超过它。',
      },
    },
    limit: {
      kind: 'choice',
      default: 'percentile',
      label: { en: 'Limit', zh: '限制方式' },
      help: {
        en: 'A percentile and standard deviations follow the weights of each layer; a value is the same for all layers.',
        zh: '百分位和标准差随每层的权重而定；数值则对所有层相同。',
      },
      options: [
        { value: 'percentile', label: { en: 'Percentile of |w|', zh: '|w| 的百分位' } },
        { value: 'deviations', label: { en: 'Standard deviations', zh: '标准差' } },
        { value: 'value', label: { en: 'A value', zh: '数值' } },
      ],
    },
    layers: LAYERS,
  },
  formula: ({ limit, percentile, deviations, value }) => {
    if (limit === 'deviations') {
      const reach = `${tidy(deviations)} σ`;
      return lines('w′ = min(b, max(a, w))', `a = min(0, μ − ${reach}), b = max(0, μ + ${reach})`, {
        en: 'μ, σ: mean and standard deviation of w in each layer',
        zh: 'μ、σ 为每层中 w 的均值和标准差',
      });
    }
    const share = `${tidy(100 * percentile)} %`;
    const bound =
      limit === 'percentile'
        ? { en: `t = the ${share} quantile of |w| in each layer`, zh: `t 为每层中 |w| 的 ${share} 分位数` }
        : `t = ${tidy(value)}`;
    return lines('w′ = min(t, max(−t, w))', bound);
  },
  needs: ['weights'],
  effects: { masks: 'keeps', grids: 'keeps', codebooks: 'keeps', shapes: 'keeps' },
  preview: 'accuracy',

  async prepare(model, values): Promise<readonly Ready[]> {
    return selectPrunable(model, values.layers).map((one) => ({ ...one, ...measured(one.tensor, values.limit) }));
  },

  async apply(model, values, _context, ready) {
    const clipped = new Map<string, Tensor>();
    for (const one of ready) {
      const { low, high } = limitsOf(one, values);
      clipped.set(one.layer.name, clip(one.tensor, { low: Math.fround(low), high: Math.fround(high) }));
    }
    return {
      model: mapPrunable(model, values.layers, (layer, tensor) => clipped.get(layer.name) ?? tensor),
      report: { notes: notesOn(ready, clipped) },
    };
  },
});

function measured({ data, encoding }: Tensor, limit: string): Omit<Ready, keyof Selected> {
  const { mask } = encoding;
  const kept = mask ? data.filter((_, i) => mask[i]) : data;
  const keys = limit === 'percentile' ? radixSort(magnitudeKeys(kept)) : new Uint32Array(0);
  const mean = kept.reduce((sum, w) => sum + w, 0) / Math.max(1, kept.length);
  const squares = kept.reduce((sum, w) => sum + (w - mean) ** 2, 0);
  return {
    magnitudes: new Float32Array(keys.buffer),
    mean,
    deviation: Math.sqrt(squares / Math.max(1, kept.length)),
  };
}

function limitsOf(
  { magnitudes, mean, deviation }: Ready,
  values: {
    readonly limit: string;
    readonly percentile: number;
    readonly deviations: number;
    readonly value: number;
  },
): Limits {
  if (values.limit === 'deviations') {
    const reach = values.deviations * deviation;
    return { low: Math.min(0, mean - reach), high: Math.max(0, mean + reach) };
  }
  // A layer without weights left has no percentile, and nothing to clip.
  if (values.limit === 'percentile' && magnitudes.length === 0) return { low: 0, high: 0 };
  const high = values.limit === 'percentile' ? quantile(magnitudes, values.percentile) : values.value;
  return { low: 0 - high, high };
}

/** The same tensor where every weight is within the limits. */
function clip(tensor: Tensor, asked: Limits): Tensor {
  const { shape, encoding } = tensor;
  if (tensor.data.every((w) => w >= asked.low && w <= asked.high)) return tensor;
  const before = clippedScales(encoding.values, asked);
  // The nearer limit holds for both signs where they share a scale.
  const near = Math.min(asked.high, -asked.low);
  const limits = before.kind === 'binary' ? { low: -near, high: near } : asked;
  const { low, high } = limits;
  const lastOf = lastWithin(before);
  const channel = channelOf(shape, 'axis' in before ? before.axis : null);
  const data = tensor.data.map((w, i) => (w > high ? lastOf(high, channel(i)) : w < low ? lastOf(low, channel(i)) : w));
  return makeTensor(shape, data, { ...encoding, values: clippedValues(before, data, shape, limits, encoding.mask) });
}

/** Two signs share one scale for both sides; where nothing but 0 is within the limits they are a grid. */
function clippedScales(values: Encoding['values'], { low, high }: Limits): Encoding['values'] {
  if (values.kind !== 'binary') return values;
  const limit = Math.fround(Math.min(high, -low));
  return limit > 0 ? { ...values, scale: values.scale.map((scale) => Math.min(scale, limit)) } : signGrid(values);
}

/** Where a weight beyond a limit goes, by the limit and the weight's channel. */
function lastWithin(values: Encoding['values']): (limit: number, channel: number) => number {
  switch (values.kind) {
    case 'grid':
      return (limit, channel) => lastStep(limit, values.scale[channel] as number);
    case 'half':
      return lastHalf;
    case 'binary':
      return (limit, channel) => Math.sign(limit) * (values.scale[channel] as number);
    case 'dense':
    case 'codebook':
      return (limit) => limit;
    default:
      throw values satisfies never;
  }
}

/** The half farthest from 0 that is no farther than `limit`. */
function lastHalf(limit: number): number {
  const half = toHalf(limit);
  return Math.abs(fromHalf(half)) <= Math.abs(limit) ? fromHalf(half) : fromHalf(half - 1);
}

/** The grid value farthest from 0 that is no farther than `limit`. Zero is on every grid. */
function lastStep(limit: number, scale: number): number {
  const steps = Math.round(Math.abs(limit) / scale);
  const fits = Math.fround(scale * steps) <= Math.abs(limit);
  const last = fits ? steps : steps - 1;
  return last === 0 ? 0 : Math.sign(limit) * scale * last;
}

function clippedValues(
  values: Encoding['values'],
  data: Float32Array,
  shape: readonly number[],
  { low, high }: Limits,
  mask: Mask | undefined,
): Encoding['values'] {
  if (values.kind !== 'codebook') return values;
  const centroids = values.centroids.map((centroid) => Math.min(high, Math.max(low, centroid)));
  return usedCodebook({ ...values, centroids }, data, shape, mask);
}

function notesOn(ready: readonly Ready[], clipped: ReadonlyMap<string, Tensor>): readonly Words[] {
  let changed = 0;
  let weights = 0;
  let onGrid = false;
  for (const { layer, tensor } of ready) {
    const after = (clipped.get(layer.name) as Tensor).data;
    for (let i = 0; i < after.length; i++) if (after[i] !== tensor.data[i]) changed++;
    weights += after.length;
    if (after !== tensor.data && tensor.encoding.values.kind === 'grid') onGrid = true;
  }
  if (changed === 0)
    return [{ en: 'No weight lies beyond the limit; nothing changed.', zh: '没有权重超出限制，没有变化。' }];
  const percent = ((changed / weights) * 100).toFixed(changed / weights < 0.001 ? 3 : 1);
  const notes: Words[] = [
    {
      en: `${changed} weights (${percent} %) lay beyond the limit and were set to it.`,
      zh: `${changed} 个权重（${percent} %）超出限制，已被设为上限。`,
    },
  ];
  if (onGrid) {
    notes.push({
      en: 'Weights that are quantized already keep their steps, so the grid gets no finer. Clip before quantizing.',
      zh: '已量化的权重保持原有的间距，网格不会变得更精细。应先截断，再量化。',
    });
  }
  return notes;
}

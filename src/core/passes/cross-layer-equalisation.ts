/**
 * Cross-layer equalisation: between two layers, each channel is made larger in one and smaller in the other until both have
 * the same range there. What the model answers stays the same, because ReLU passes a positive factor through.
 *
 * It helps before quantization with one step for a whole layer: channels of very different size would share a step that is too
 * coarse for the small ones. It costs nothing, but a grid, a codebook or rounded activations would no longer fit, so do it first.
 *
 * s_i = sqrt(r1_i r2_i) / r2_i with r1_i the largest |w| of output channel i of the first layer and r2_i that of what reads it in the
 * second; W1_i, b1_i are divided by s_i and W2_i multiplied. Chains of layers are gone over until nothing moves. Dead channels (a range of 0) are left alone.
 * Paper: Nagel, van Baalen, Blankevoort, Welling 2019, "Data-Free Quantization Through Weight Equalization and Bias Correction", section 4.1.
 */
import { tensorOf, withActivationGrids, withTensors } from '#core/model/edit';
import { DENSE } from '#core/model/encoding';
import type { WeightedLayer } from '#core/model/layers';
import type { Model, Tensor } from '#core/model/model';
import { makeTensor } from '#core/model/tensor';
import type { Words } from '#core/params';
import { definePass } from '#core/pass';
import { layerNow, type ScalablePair, scalablePairs } from '#core/passes/shared/scalable-pairs';
import { selectPrunable } from '#core/passes/shared/selection';
import { counted } from '#core/passes/shared/words';

/** Sweeps over all pairs at most; factors settle in a handful. */
const SWEEPS = 40;
/** No factor that moves a channel less than this is worth another sweep. */
const SETTLED = 1e-3;
/** Factors stay within this and its inverse, so that no weight leaves what float32 holds well. */
const MOST = 1e4;

export const crossLayerEqualisation = definePass({
  id: 'cross-layer-equalisation',
  family: 'quantization',
  words: {
    title: { en: 'Cross-layer equalisation', zh: '跨层均衡' },
    help: {
      en: 'Shifts size between neighbouring layers, channel by channel, until their ranges match. The answers stay the same, but the weights can be rounded with less loss.',
      zh: '在相邻两层之间逐通道地转移大小，直到二者的取值范围一致。网络的输出不变，但权重舍入时损失更小。',
    },
    cost: {
      en: 'Instant and exact; nothing gets smaller by itself. Do it before quantization: grids and shared values of these layers are given up.',
      zh: '瞬间完成，结果精确；本身不会缩小模型。应在量化之前进行：这些层已有的网格和共享取值会被放弃。',
    },
    pays: {
      en: 'It pays before per-tensor quantization, most of all where normalisation was folded and channels differ much in size.',
      zh: '适合在逐张量量化之前使用，尤其是合并归一化之后各通道大小悬殊时。',
    },
    paper:
      'Nagel, van Baalen, Blankevoort, Welling 2019, Data-Free Quantization Through Weight Equalization and Bias Correction',
  },
  params: {},
  formula: () =>
    'sᵢ = √(r₁ᵢ · r₂ᵢ) / r₂ᵢ,   r₁ᵢ = max |W₁ᵢ|,   r₂ᵢ = max |W₂ᵢ|\nW₁ᵢ′ = W₁ᵢ / sᵢ,   b₁ᵢ′ = b₁ᵢ / sᵢ,   W₂ᵢ′ = sᵢ · W₂ᵢ',
  needs: ['weights', 'knownGraph'],
  effects: {
    masks: 'keeps',
    grids: 'consumes',
    codebooks: 'consumes',
    shapes: 'keeps',
    reason: {
      en: 'Each channel is multiplied by a number of its own, so weights leave a grid or codebook that the layer shares, and rounded activations no longer fit. Equalise first, then quantize or share.',
      zh: '每个通道乘以各自的系数，因此权重会离开整层共用的网格或码本，舍入激活值的网格也不再适用。请先均衡，再量化或共享。',
    },
  },
  preview: 'accuracy',

  async apply(model) {
    selectPrunable(model, []);
    const { pairs, obstacles } = scalablePairs(model);
    const reasons = (inner: readonly (typeof obstacles)[number][]): Words => ({
      en: inner.map(({ layer, reason }) => `${layer}: ${reason.en}`).join('; '),
      zh: inner.map(({ layer, reason }) => `${layer}：${reason.zh}`).join('；'),
    });
    if (pairs.length === 0) {
      const why = reasons(obstacles);
      return {
        model,
        report: {
          notes: [
            {
              en: `Nothing was changed: no two layers can be equalised. ${why.en}.`,
              zh: `没有任何改变：没有可以均衡的两层。${why.zh}。`,
            },
          ],
        },
      };
    }
    const { model: equal, sweeps, largest } = equalised(model, pairs);
    const notes: Words[] = [
      {
        en: `${counted(pairs.length, 'pair')} of layers ${pairs.length === 1 ? 'has' : 'have'} equal ranges after ${counted(sweeps, 'sweep')}; the largest factor is ${largest.toPrecision(3)}.`,
        zh: `经过 ${sweeps} 轮，${pairs.length} 对层的取值范围已一致；最大的系数为 ${largest.toPrecision(3)}。`,
      },
    ];
    const others = obstacles.filter(({ layer }) => !model.outputs.includes(layer));
    if (others.length > 0) {
      const why = reasons(others);
      notes.push({ en: `Not equalised: ${why.en}.`, zh: `未均衡：${why.zh}。` });
    }
    if (model.activationGrids)
      notes.push({
        en: 'Activations are no longer rounded: their sizes have changed. Quantize them again.',
        zh: '激活值舍入已失效：它们的大小已改变。请重新量化。',
      });
    return { model: equal, report: { notes } };
  },
});

function equalised(
  model: Model,
  pairs: readonly ScalablePair[],
): { readonly model: Model; readonly sweeps: number; readonly largest: number } {
  /** Float copies of kernels and biases, by "layer/role". */
  const values = new Map<string, Float64Array>();
  const read = (layer: WeightedLayer, role: 'kernel' | 'bias'): Float64Array | undefined => {
    const key = `${layer.name}/${role}`;
    const tensor = tensorOf(model, layer, role);
    if (!values.has(key) && tensor) values.set(key, Float64Array.from(tensor.data));
    return values.get(key);
  };
  let sweeps = 0;
  let moved = Number.POSITIVE_INFINITY;
  const total = new Map(pairs.map((pair) => [pair, new Map<number, number>()]));
  while (moved > SETTLED && sweeps < SWEEPS) {
    moved = 0;
    sweeps++;
    for (const pair of pairs) {
      const [first, second] = [layerNow(model, pair.first), layerNow(model, pair.second)];
      const shapes = [first, second].map((layer) => (tensorOf(model, layer, 'kernel') as Tensor).shape);
      const [own, next] = [read(first, 'kernel') as Float64Array, read(second, 'kernel') as Float64Array];
      const channels = outputChannels(first, shapes[0] as readonly number[]);
      const writes = (i: number): number => i % channels;
      const reads = readChannel(shapes[1] as readonly number[], channels);
      const factors = factorsOf(ranges(own, writes, channels), ranges(next, reads, channels));
      for (let i = 0; i < own.length; i++) own[i] = (own[i] as number) / (factors[writes(i)] as number);
      const bias = read(first, 'bias');
      if (bias) for (let c = 0; c < bias.length; c++) bias[c] = (bias[c] as number) / (factors[c] as number);
      for (let i = 0; i < next.length; i++) next[i] = (next[i] as number) * (factors[reads(i)] as number);
      for (const [c, factor] of factors.entries()) {
        moved = Math.max(moved, Math.abs(Math.log(factor)));
        const sums = total.get(pair) as Map<number, number>;
        sums.set(c, (sums.get(c) ?? 0) + Math.log(factor));
      }
    }
  }
  const changes = [...values].map(([key, data]) => {
    const at = key.lastIndexOf('/');
    const [layer, role] = [key.slice(0, at), key.slice(at + 1) as 'kernel' | 'bias'];
    const old = tensorOf(model, model.layers.find(({ name }) => name === layer) as WeightedLayer, role) as Tensor;
    const { mask } = old.encoding;
    const tensor = makeTensor(old.shape, Float32Array.from(data), mask ? { mask, ...DENSE } : DENSE);
    return { layer, role, tensor };
  });
  const largest = Math.max(...[...total.values()].flatMap((sums) => [...sums.values()].map(Math.abs)));
  return { model: withActivationGrids(withTensors(model, changes), {}), sweeps, largest: Math.exp(largest) };
}

/** The output channels of a layer, which run fastest in its kernel: the last axis, or a depthwise kernel's last two. */
function outputChannels({ kind }: WeightedLayer, shape: readonly number[]): number {
  const last = shape.at(-1) as number;
  return kind === 'depthwiseConv2d' ? last * (shape.at(-2) as number) : last;
}

/** Which channel of what it reads a weight multiplies. Behind a flatten the channels come again for every position. */
function readChannel(shape: readonly number[], channels: number): (index: number) => number {
  const last = shape.at(-1) as number;
  const inner = shape.at(-2) as number;
  return (index) => (Math.floor(index / last) % inner) % channels;
}

function ranges(values: Float64Array, channel: (index: number) => number, channels: number): Float64Array {
  const largest = new Float64Array(channels);
  for (let i = 0; i < values.length; i++) {
    const c = channel(i);
    largest[c] = Math.max(largest[c] as number, Math.abs(values[i] as number));
  }
  return largest;
}

function factorsOf(first: Float64Array, second: Float64Array): Float64Array {
  return first.map((r, c) => {
    const other = second[c] as number;
    return r > 0 && other > 0 ? Math.min(MOST, Math.max(1 / MOST, Math.sqrt(r * other) / other)) : 1;
  });
}

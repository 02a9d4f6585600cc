/**
 * Fold batch normalisation: once trained, batch normalisation only multiplies each channel by a number and adds another. The
 * layer before it can do both: its weights take the factor, its bias the rest, and the normalisation goes.
 *
 * It helps because the outputs stay the same with fewer layers, fewer parameters and less work. It costs nothing while the network
 * is used as it is; but training it further is then without normalisation, so fold at the end, and before quantization, whose grids
 * are to fit the weights that run.
 *
 * f = gamma / sqrt(variance + epsilon); w' = f w for each output channel, b' = f (b - mean) + beta. The layer before must be a
 * convolution, a depthwise convolution or a dense layer without activation, read by nothing else.
 * Paper: Jacob et al. 2018, "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference", section 3.2.
 */
import { bypassLayers, layerOf, replaceLayers, tensorOf, withActivationGrids } from '#core/model/edit';
import type { BatchNormLayer, Layer, WeightedLayer } from '#core/model/layers';
import type { Model, Tensor } from '#core/model/model';
import { makeTensor } from '#core/model/tensor';
import type { Words } from '#core/params';
import { definePass } from '#core/pass';

export const foldBatchNorm = definePass({
  id: 'fold-batch-norm',
  family: 'structure',
  words: {
    title: { en: 'Fold batch normalisation', zh: '合并批归一化' },
    help: {
      en: 'Writes each batch normalisation into the weights of the layer before it, and removes it. The answers stay the same.',
      zh: '把每个批归一化写进它前一层的权重里，然后去掉它。网络的输出不变。',
    },
    cost: {
      en: 'Instant and exact. Slightly smaller and faster. Further training is without normalisation, so do it at the end, and before quantization.',
      zh: '瞬间完成，结果精确。略小、略快。之后再训练就没有归一化了，所以应放在最后、量化之前。',
    },
    pays: {
      en: 'It pays in every network with batch normalisation, once training is over: the answers stay, and each normalisation is one layer less to run and store.',
      zh: '凡是有批归一化的网络，训练结束后都值得做：输出不变，每个归一化都少运行、少存储一层。',
    },
    paper:
      'Jacob, Kligys, Chen, Zhu, Tang, Howard, Adam, Kalenichenko 2018, Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference',
  },
  params: {},
  formula: () => 'f = γ / √(σ² + ε)\nw′ = f · w, b′ = f · (b − μ) + β',
  needs: ['weights', 'knownGraph'],
  effects: {
    masks: 'keeps',
    grids: 'consumes',
    codebooks: 'consumes',
    shapes: 'consumes',
    reason: {
      en: 'Each channel is multiplied by a number of its own, so weights leave a grid or codebook that the layer shares; pruned weights stay zero. The normalisation layers go. Fold first, then quantize or share.',
      zh: '每个通道乘以各自的数，因此权重会离开整层共用的网格或码本；被剪掉的权重仍为零。归一化层会被去掉。请先合并批归一化，再量化或共享。',
    },
  },
  preview: 'accuracy',

  async apply(model) {
    const notes: Words[] = [];
    let folded = model;
    for (const { name } of model.layers.filter((layer) => layer.kind === 'batchNorm')) {
      // One behind another folds into the layer that the first has left.
      const norm = layerOf(folded, name) as BatchNormLayer;
      const before = layerOf(folded, norm.inputs[0] as string) as Layer;
      const reason = obstacle(folded, norm, before);
      if (reason) notes.push({ en: `${name} stays: ${reason.en}`, zh: `${name} 保留：${reason.zh}` });
      else folded = fold(folded, norm, before as WeightedLayer, notes);
    }
    if (folded === model && notes.length === 0) {
      notes.push({
        en: 'Nothing was changed: the model has no batch normalisation.',
        zh: '没有任何改变：模型中没有批归一化。',
      });
    }
    return { model: folded, report: { notes } };
  },
});

/** Why it cannot be folded, or null. */
function obstacle(model: Model, norm: BatchNormLayer, before: Layer): Words | null {
  if (before.kind !== 'conv2d' && before.kind !== 'depthwiseConv2d' && before.kind !== 'dense')
    return { en: 'the layer before it has no weights to take it.', zh: '它的前一层没有可以接收它的权重。' };
  if (before.activation.fn !== 'linear')
    return {
      en: `${before.name} has an activation between its weights and it.`,
      zh: `${before.name} 的权重与它之间有激活函数。`,
    };
  const readers = model.layers.filter((layer) => layer.inputs.includes(before.name));
  if (readers.length > 1 || model.outputs.includes(before.name))
    return {
      en: `what ${before.name} gives is used elsewhere too, without it.`,
      zh: `${before.name} 的输出还在别处直接使用。`,
    };
  const { factor, offset } = affineOf(model, norm);
  if (factor.every(Number.isFinite) && offset.every(Number.isFinite)) return null;
  return { en: 'its numbers are not all finite.', zh: '它的数值不全是有限数。' };
}

/** y = factor x + offset, channel by channel, in float64. */
function affineOf(model: Model, norm: BatchNormLayer): { factor: Float64Array; offset: Float64Array } {
  const read = (role: 'gamma' | 'beta' | 'mean' | 'variance') => tensorOf(model, norm, role)?.data;
  const variance = read('variance') as Float32Array;
  const factor = Float64Array.from(variance, (v, c) => (read('gamma')?.[c] ?? 1) / Math.sqrt(v + norm.epsilon));
  const offset = factor.map((f, c) => (read('beta')?.[c] ?? 0) - f * (read('mean')?.[c] as number));
  return { factor, offset };
}

function fold(model: Model, norm: BatchNormLayer, layer: WeightedLayer, notes: Words[]): Model {
  const { factor, offset } = affineOf(model, norm);
  const kernel = tensorOf(model, layer, 'kernel') as Tensor;
  const { mask } = kernel.encoding;
  // The output channel runs fastest: the last axis, or a depthwise kernel's last two.
  const data = kernel.data.map((w, i) => (mask && !mask[i] ? 0 : w * (factor[i % factor.length] as number)));
  const scaled = makeTensor(kernel.shape, data, { ...(mask ? { mask } : {}), values: { kind: 'dense' } });
  const old = tensorOf(model, layer, 'bias')?.data;
  const bias = makeTensor(
    [factor.length],
    Float32Array.from(factor, (f, c) => f * (old?.[c] ?? 0) + (offset[c] as number)),
  );
  const layers = model.layers.map((one) =>
    one.name === layer.name ? ({ ...layer, kernel: scaled.id, bias: bias.id } as Layer) : one,
  );
  const tensors = { ...model.tensors, [scaled.id]: scaled, [bias.id]: bias };
  notes.push({
    en: `${norm.name} is now part of ${layer.name}.`,
    zh: `${norm.name} 已并入 ${layer.name}。`,
  });
  const joined = bypassLayers(replaceLayers(model, layers, tensors), [norm.name]);
  // What is rounded after the normalisation is now rounded after the layer, and nothing in between.
  const { [layer.name]: _, [norm.name]: grid, ...others } = model.activationGrids ?? {};
  return withActivationGrids(joined, grid ? { ...others, [layer.name]: grid } : others);
}

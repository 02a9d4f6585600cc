/**
 * Batch-normalisation statistics, measured anew. Each batch normalisation remembers the mean and the variance that its input
 * had in training; once weights are pruned or rounded its input is another, and it subtracts and divides by what is no
 * longer so.
 *
 * It helps after every step that changes weights without training, and much at high sparsity or few bits. It costs a look at
 * some training images for each normalisation, needs no gradients, and leaves the size as it is. After fine-tuning there is nothing to mend.
 *
 * Mean and (biased) variance of each channel of the layer's input, over images and positions, replace the moving ones. Layers go in
 * the model's order, so that each sees what those before it now give.
 * Papers: Li et al. 2020, "EagleEye" (adaptive batch normalisation after pruning); Sun, Cao, Liu, Wang 2019 use the same after quantization.
 */
import { countMacs } from '#core/metrics/operations';
import { layerOf, withTensors } from '#core/model/edit';
import type { BatchNormLayer } from '#core/model/layers';
import type { Model } from '#core/model/model';
import { makeTensor } from '#core/model/tensor';
import { channelMoments, type Moments } from '#core/numeric/moments';
import type { Words } from '#core/params';
import { definePass, type PassContext } from '#core/pass';
import { CALIBRATION_IMAGES, checkMeasured, showImages } from '#core/passes/shared/importance';
import { layersThatRun } from '#core/passes/shared/selection';
import { within } from '#core/passes/shared/within';

export const batchNormStatistics = definePass({
  id: 'batch-norm-statistics',
  family: 'structure',
  words: {
    title: { en: 'Re-estimate batch normalisation', zh: '重新估计批归一化' },
    help: {
      en: 'Batch normalisation remembers the average and the spread of what it was trained on. This measures both again on training images, now that the weights before it have changed.',
      zh: '批归一化记住了训练时数据的均值和离散程度。权重改变之后，用训练图片重新测量这两个量。',
    },
    cost: {
      en: 'A look at some training images for every normalisation layer; seconds. The size stays as it is.',
      zh: '每个归一化层都要看一遍一些训练图片，只需几秒。大小不变。',
    },
    pays: {
      en: 'It pays right after pruning, quantization or sharing, wherever you do not train afterwards.',
      zh: '在剪枝、量化或共享之后、不再训练时值得用。',
    },
    paper: 'Li, Wu, Su, Wang 2020, EagleEye: Fast Sub-net Evaluation for Efficient Neural Network Pruning',
  },
  params: { images: { ...CALIBRATION_IMAGES, default: 1000 } },
  formula: ({ images }) => ({
    en: `μ′ = mean x, σ²′ = mean (x − μ′)², over ${images} images`,
    zh: `μ′ = mean x，σ²′ = mean (x − μ′)²，在 ${images} 张图片上取均值`,
  }),
  needs: ['weights', 'knownGraph', 'data'],
  effects: { masks: 'keeps', grids: 'keeps', codebooks: 'keeps', shapes: 'keeps' },
  preview: 'accuracy',

  async prepare(model, values, context): Promise<Model> {
    return withMeasuredNorms(model, values.images, context);
  },

  async apply(model, _values, _context, changed) {
    return { model: changed, report: { notes: normsOf(model).length > 0 ? [] : [NOTHING] } };
  },
});

const NOTHING: Words = {
  en: 'Nothing was changed: the model has no batch normalisation.',
  zh: '没有任何改变：模型中没有批归一化。',
};

/** Multiplications that measuring may take while a slider moves, and the fewest images worth it. */
const QUICK = 2e9;
const FEWEST = 16;

/**
 * As `withMeasuredNorms`, on as many images as a slider can wait for, `most` at most. A note where that is none, or there are no images.
 */
export async function withQuickNorms(
  model: Model,
  most: number,
  context: PassContext,
): Promise<{ readonly model: Model; readonly notes: readonly Words[] }> {
  const norms = normsOf(model).length;
  if (norms === 0) return { model, notes: [] };
  if (context.hasImages === false) return { model, notes: [unmeasured(NO_IMAGES)] };
  // Each is measured with those before it in place: half of the network on average.
  const images = Math.min(most, Math.floor(QUICK / ((norms / 2) * Math.max(1, countMacs(model).total))));
  if (images < FEWEST) return { model, notes: [unmeasured(TOO_SLOW)] };
  return { model: await withMeasuredNorms(model, images, context), notes: [] };
}

const NO_IMAGES: Words = { en: 'there are no images to do it on', zh: '没有可用的图片' };
const TOO_SLOW: Words = { en: 'that takes too long to follow a slider', zh: '耗时太长，无法随滑块实时测量' };
function unmeasured(why: Words): Words {
  return {
    en: `Batch normalisation was not measured again: ${why.en}. It still expects what was there before; “Re-estimate batch normalisation” or fine-tuning mends that.`,
    zh: `没有重新测量批归一化：${why.zh}。它仍使用之前的统计量；可用“重新估计批归一化”或微调来弥补。`,
  };
}

/** The model whose batch normalisations hold the mean and variance of what they are given on training images. */
export async function withMeasuredNorms(model: Model, images: number, context: PassContext): Promise<Model> {
  const names = normsOf(model);
  let changed = model;
  for (const [i, name] of names.entries()) {
    changed = await estimated(changed, name, images, within(context, i / names.length, 1 / names.length));
  }
  return changed;
}

/** The batch normalisations that the first output depends on, in order. */
function normsOf(model: Model): readonly string[] {
  const runs = layersThatRun(model);
  return model.layers.filter(({ kind, name }) => kind === 'batchNorm' && runs.has(name)).map(({ name }) => name);
}

async function estimated(model: Model, name: string, images: number, context: PassContext): Promise<Model> {
  const channels = model.tensors[(layerOf(model, name) as BatchNormLayer).mean]?.data.length as number;
  let moments: Moments | null = null;
  await showImages(model, { taps: [{ layer: name, at: 'input' }], images }, context, ({ values }) => {
    moments = channelMoments(values[0] as Float32Array, channels, moments);
  });
  if (!moments) return model;
  const { mean, variance } = moments as Moments;
  checkMeasured([mean, variance]);
  return withTensors(model, [
    { layer: name, role: 'mean', tensor: makeTensor([channels], Float32Array.from(mean)) },
    { layer: name, role: 'variance', tensor: makeTensor([channels], Float32Array.from(variance)) },
  ]);
}

/**
 * Bias correction: rounding weights shifts the mean of each output a little; the biases are changed to take that back.
 *
 * It helps below 8 bits, most of all in depthwise layers, whose few weights do not average out. It costs nothing but a look at some training
 * images; a layer without a bias gets one. "Weights and activations" does it by itself; this method is for models rounded otherwise.
 *
 * b' = b - (W' - W) E[x], E[x] the mean of each input channel over the images and positions, measured on the model as it was. That model
 * has to be named: it must have the same layers, with the weights as they were before rounding. Biases that are quantized themselves are
 * rounded again, by as many bits; all others are rounded to what an integer runtime holds.
 * Paper: Nagel, van Baalen, Blankevoort, Welling 2019, "Data-Free Quantization Through Weight Equalization and Bias Correction", section 4.2.
 */
import { prunableTensors, withActivationGrids } from '#core/model/edit';
import { shapesOf } from '#core/model/shapes';
import { definePass, PassError } from '#core/pass';
import { correctBiases, inputMeans, roundBiases, withBiasesHeld } from '#core/passes/shared/bias-rounding';
import { CALIBRATION_IMAGES } from '#core/passes/shared/importance';
import { layersThatRun } from '#core/passes/shared/selection';
import { counted } from '#core/passes/shared/words';

export const biasCorrection = definePass({
  id: 'bias-correction',
  family: 'quantization',
  words: {
    title: { en: 'Bias correction', zh: '偏置校正' },
    help: {
      en: 'Rounded weights shift the mean of each output a little. Compared with the model before rounding, the biases take that back.',
      zh: '舍入权重会使每个输出的均值略有偏移。与舍入前的模型比较后，用偏置抵消这一偏移。',
    },
    cost: {
      en: 'A second or so to look at the images; a few more numbers where a layer had no bias.',
      zh: '查看图片约需一秒；原本没有偏置的层会多出少量数值。',
    },
    pays: {
      en: 'It pays after rounding to 6 bits or fewer without training, most of all with depthwise layers.',
      zh: '适合未经训练就舍入到 6 位及以下的情况，尤其是含深度卷积层时。',
    },
    paper:
      'Nagel, van Baalen, Blankevoort, Welling 2019, Data-Free Quantization Through Weight Equalization and Bias Correction',
  },
  params: {
    original: {
      kind: 'predictor',
      default: '',
      label: { en: 'Model before rounding', zh: '舍入前的模型' },
      help: {
        en: 'The model whose weights were rounded to make this one.',
        zh: '当前模型由哪个模型舍入而来。',
      },
    },
    images: { ...CALIBRATION_IMAGES, default: 512 },
  },
  formula: () => 'b′ = b − (W′ − W) · E[x]',
  needs: ['weights', 'knownGraph', 'data'],
  effects: { masks: 'keeps', grids: 'keeps', codebooks: 'keeps', shapes: 'keeps' },
  preview: 'accuracy',

  async prepare(model, { original, images }, context) {
    const predictor = original === '' ? null : await context.predictor(original);
    if (predictor && predictor.kind !== 'model')
      throw new PassError({
        en: 'Choose a single model, not several together.',
        zh: '请选择单个模型，而不是多个模型的组合。',
      });
    const exact = predictor ? predictor.model : model;
    const runs = layersThatRun(model);
    const names = prunableTensors(model).flatMap(({ layer, tensor }) => {
      if (!runs.has(layer.name)) return [];
      const other = prunableTensors(exact, [layer.name])[0]?.tensor;
      return other && other.id !== tensor.id && `${other.shape}` === `${tensor.shape}` ? [layer.name] : [];
    });
    if (predictor && `${Object.entries(shapesOf(exact))}` !== `${Object.entries(shapesOf(model))}`)
      throw new PassError({
        en: 'The chosen model has other layers than this one. Choose the model that this one was made from.',
        zh: '所选模型的层与当前模型不同。请选择当前模型的来源模型。',
      });
    const plain = withActivationGrids(exact, {});
    return { exact, means: names.length > 0 ? await inputMeans(plain, names, images, context) : new Map() };
  },

  async apply(model, _values, _context, { exact, means }) {
    const corrected = means.size > 0 ? withBiasesHeld(model, roundBiases(correctBiases(exact, model, means))) : model;
    const notes = [
      means.size > 0
        ? {
            en: `Biases of ${counted(means.size, 'layer')} were corrected.`,
            zh: `已校正 ${means.size} 层的偏置。`,
          }
        : {
            en: 'Nothing was changed: choose the model before rounding, with other weights than this one.',
            zh: '没有任何改变：请选择舍入前、权重与当前不同的模型。',
          },
    ];
    return { model: corrected, report: { notes } };
  },
});

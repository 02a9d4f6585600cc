/**
 * Bias quantization: the biases of each layer are rounded to a grid of their own.
 *
 * It helps at the end of a deep cut, when the weights take so few bytes that the biases, which pruning and sharing leave alone, are a
 * quarter of the file: at 6 bits they take a fifth of what float32 needs, and those that round to zero hardly anything. It costs
 * next to nothing above 5 bits, since a bias is added once and its error is not multiplied by anything.
 *
 * The grid is symmetric, so that a bias of zero stays zero, and spans what gives the least squared error. Biases that are on a grid
 * or from a codebook already stay as they are. Runtimes with integer arithmetic keep biases at 32 bits, in steps that follow from
 * those of weights and activations (Jacob et al. 2018); this pass is for the size of a file.
 */
import { type TensorChange, withTensors } from '#core/model/edit';
import { tensorsOf } from '#core/model/layers';
import type { Tensor } from '#core/model/model';
import { definePass } from '#core/pass';
import { biasOnGrid } from '#core/passes/shared/bias-rounding';
import { checkNames, LAYERS } from '#core/passes/shared/selection';

export const biasQuantization = definePass({
  id: 'bias-quantization',
  family: 'quantization',
  words: {
    title: { en: 'Bias quantization', zh: '偏置量化' },
    help: {
      en: 'Rounds the biases, which other methods leave at 32 bits, to a few bits.',
      zh: '把其他方法保留为 32 位的偏置舍入到较少的位数。',
    },
    cost: {
      en: 'Instant; above 5 bits the accuracy hardly moves. Only packed files get smaller by it.',
      zh: '瞬间完成；5 位以上准确率几乎不变。只有打包文件会因此变小。',
    },
    pays: {
      en: 'It pays as the last step of a deep cut, where biases have become a large part of the file.',
      zh: '在大幅压缩的最后一步值得做：那时偏置已占文件的很大一部分。',
    },
    paper:
      'Jacob et al. 2018, Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference (which keeps biases at 32 bits)',
  },
  params: {
    bits: {
      kind: 'number',
      live: true,
      min: 2,
      max: 16,
      step: 1,
      default: 6,
      unit: 'bits',
      label: { en: 'Bits', zh: '位数' },
      help: { en: 'How many bits each bias takes.', zh: '每个偏置占多少位。' },
    },
    layers: LAYERS,
  },
  formula: ({ bits }) => {
    const top = 2 ** (bits - 1) - 1;
    return `b′ = s · clamp(round(b / s), −${top}, ${top}),   s = argmin Σ (b − b′)²`;
  },
  needs: ['weights'],
  effects: { masks: 'keeps', grids: 'keeps', codebooks: 'keeps', shapes: 'keeps' },
  preview: 'accuracy',

  async apply(model, { bits, layers }) {
    checkNames(model, layers);
    const changes: TensorChange[] = [];
    for (const layer of model.layers) {
      if (layers.length > 0 && !layers.includes(layer.name)) continue;
      for (const [role, id] of tensorsOf(layer)) {
        const tensor = role === 'bias' ? model.tensors[id] : undefined;
        const rounded = tensor && isPlain(tensor) ? biasOnGrid(tensor, bits) : null;
        if (rounded) changes.push({ layer: layer.name, role, tensor: rounded });
      }
    }
    return { model: withTensors(model, changes), report: { notes: changes.length === 0 ? [NOTHING] : [] } };
  },
});

const NOTHING = {
  en: 'Nothing was changed: there are no biases that are not on a grid or shared already.',
  zh: '没有任何改变：没有尚未量化或共享的偏置。',
};

/** Neither quantized nor shared already, and finite. */
function isPlain({ data, encoding: { values } }: Tensor): boolean {
  return (values.kind === 'dense' || values.kind === 'half') && data.every(Number.isFinite);
}

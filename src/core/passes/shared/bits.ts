/** How many bits weights and activations are rounded to, for the passes that round both. Their words stand wherever such bits are shown. */
import type { NumberParam } from '#core/params';

export const WEIGHT_BITS: NumberParam = {
  kind: 'number',
  live: true,
  min: 2,
  max: 8,
  step: 1,
  default: 8,
  unit: 'bits',
  label: { en: 'Weight bits', zh: '权重位数' },
};

export const ACTIVATION_BITS: NumberParam = {
  ...WEIGHT_BITS,
  max: 16,
  label: { en: 'Activation bits', zh: '激活位数' },
  help: {
    en: 'How finely the output of each layer is rounded. 8 is usual. 16 is for models that lose too much with 8: weights of 8 bits beside activations of 16, often called 16x8.',
    zh: '每层输出舍入得多细。通常用 8 位。若 8 位损失太多，可用 16 位：8 位权重配 16 位激活，常称为 16x8。',
  },
};

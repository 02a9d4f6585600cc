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

export const ACTIVATION_BITS: NumberParam = { ...WEIGHT_BITS, label: { en: 'Activation bits', zh: '激活位数' } };

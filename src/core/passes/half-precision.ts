/**
 * Half precision: every number of the model is rounded to 16 bits of floating point, 1 for the sign, 5 for the exponent and 10 for
 * the fraction.
 *
 * It helps because it halves the file at once, on any model, with about three decimal digits left, which is more than
 * trained weights hold. It costs next to nothing in accuracy. Weights already quantized, shared or pruned keep what they are: a mask
 * stays, and tensors on a grid or from a codebook, which are smaller than half precision, are left alone.
 *
 * Rounding is to nearest, ties to even. Numbers above 65,504 have no half; batch normalisation's variances may be so large, and
 * such tensors stay float32.
 * Standard: IEEE 754-2008, binary16.
 */
import { type TensorChange, withTensors } from '#core/model/edit';
import { isPrunable, tensorsOf } from '#core/model/layers';
import { makeTensor } from '#core/model/tensor';
import { fromHalf, toHalf } from '#core/numeric/half';
import type { Words } from '#core/params';
import { definePass } from '#core/pass';
import { noiseNotes } from '#core/passes/shared/kernel-grids';
import { LAYERS, selectPrunable } from '#core/passes/shared/selection';

const LARGEST = 65_504;

export const halfPrecision = definePass({
  id: 'half-precision',
  family: 'quantization',
  words: {
    title: { en: 'Half precision', zh: '半精度' },
    help: {
      en: 'Rounds every number to 16 bits of floating point (fp16), biases and normalisation too.',
      zh: '把每个数值舍入为 16 位浮点数（fp16），包括偏置和归一化参数。',
    },
    cost: {
      en: 'Instant; the accuracy hardly ever moves. Half the bytes; the arithmetic stays float32.',
      zh: '瞬间完成，准确率几乎从不改变。字节数减半；计算仍用 float32。',
    },
    pays: {
      en: 'It pays when nothing may be lost, or as the last step on tensors that other methods left as they were.',
      zh: '适合不允许有任何损失的场合，或作为最后一步处理其他方法没有动过的张量。',
    },
    paper: 'IEEE 754-2008, binary16; Micikevicius et al. 2018, Mixed Precision Training',
  },
  params: { layers: LAYERS },
  formula: () => ({
    en: 'w′ = (−1)ˢ · 2ᵉ · (1 + f / 1024), −14 ≤ e ≤ 15, f = 0 … 1023\nor, nearer to 0: w′ = (−1)ˢ · 2⁻¹⁴ · f / 1024',
    zh: 'w′ = (−1)ˢ · 2ᵉ · (1 + f / 1024)，−14 ≤ e ≤ 15，f = 0 … 1023\n更接近 0 时 w′ = (−1)ˢ · 2⁻¹⁴ · f / 1024',
  }),
  needs: ['weights'],
  effects: { masks: 'keeps', grids: 'keeps', codebooks: 'keeps', shapes: 'keeps' },
  preview: 'accuracy',

  async apply(model, { layers }) {
    const chosen = new Set(selectPrunable(model, layers).map(({ layer }) => layer.name));
    const changes: TensorChange[] = [];
    const large: string[] = [];
    for (const layer of model.layers) {
      if (layers.length > 0 && !chosen.has(layer.name)) continue;
      for (const [role, id] of tensorsOf(layer)) {
        const tensor = model.tensors[id];
        if (tensor?.encoding.values.kind !== 'dense') continue;
        const { shape, data, encoding } = tensor;
        if (data.some((w) => !(Math.abs(w) <= LARGEST))) {
          large.push(isPrunable(layer, role) ? layer.name : `${layer.name} (${role})`);
          continue;
        }
        const halves = data.map((w) => fromHalf(toHalf(w)));
        changes.push({
          layer: layer.name,
          role,
          tensor: makeTensor(shape, halves, { ...encoding, values: { kind: 'half' } }),
        });
      }
    }
    const result = withTensors(model, changes);
    return { model: result, report: { notes: [...notesOn(changes.length, large), ...noiseNotes(model, result)] } };
  },
});

function notesOn(changed: number, large: readonly string[]): readonly Words[] {
  const notes: Words[] = [];
  if (changed === 0)
    notes.push({
      en: 'Nothing was changed: no tensor here is in single precision.',
      zh: '没有任何改变：这里没有单精度的张量。',
    });
  if (large.length > 0) {
    const list = large.join(', ');
    notes.push({
      en: `Numbers above 65,504 have no half, so these stay as they are: ${list}.`,
      zh: `大于 65504 的数没有对应的半精度数，以下保持不变：${list}。`,
    });
  }
  return notes;
}

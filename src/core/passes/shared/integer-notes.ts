/**
 * What a method that rounds weights and activations says of integer arithmetic: it is compared on a few training images,
 * quickly enough for a slider. Large models are left out.
 */
import { countMacs } from '#core/metrics/operations';
import type { Model } from '#core/model/model';
import type { Words } from '#core/params';
import type { PassContext, Tap } from '#core/pass';
import { showImages } from '#core/passes/shared/importance';
import { integerDifferences, KERNEL_BITS } from '#core/passes/shared/integer-arithmetic';
import { counted } from '#core/passes/shared/words';

/** By layer name; null where they were not taken. */
export type IntegerSamples = ReadonlyMap<string, Float32Array> | null;

const TOO_LARGE: Words = {
  en: 'Integer arithmetic was not compared layer by layer: the model takes more than 3 million multiplications an image.',
  zh: '未逐层比较整数运算：该模型每张图片需要超过 300 万次乘法。',
};

const TOO_FINE: Words = {
  en: 'Integer arithmetic was not compared layer by layer: with activations of more than 8 bits runtimes take other kernels, with wider sums.',
  zh: '未逐层比较整数运算：激活超过 8 位时，运行时使用另一套内核，累加位数更宽。',
};

function isFine({ activationGrids = {} }: Model): boolean {
  return Object.values(activationGrids).some(({ bits }) => bits > KERNEL_BITS);
}

/** Multiplications that a comparison may take. */
const COMPARED = 6e6;

/** What these layers read on a few images; null for models that take too long to compare. */
export async function integerSamples(
  model: Model,
  layers: readonly string[],
  context: PassContext,
): Promise<IntegerSamples> {
  const images = Math.min(4, Math.floor(COMPARED / (2 * Math.max(1, countMacs(model).total))));
  if (images < 1) return null;
  const inputs = new Map<string, Float32Array>();
  const taps = layers.map((layer): Tap => ({ layer, at: 'input' }));
  await showImages(model, { taps, images }, context, ({ values }) => {
    for (const [i, one] of values.entries()) inputs.set(layers[i] as string, one.slice());
  });
  return inputs;
}

/** The largest differences from integer arithmetic, as two runtimes do it. */
export function integerNotes(model: Model, samples: IntegerSamples): readonly Words[] {
  if (!samples) return [TOO_LARGE];
  const found = integerDifferences(model, samples);
  if (found.length === 0) return isFine(model) ? [TOO_FINE] : [];
  const onnx = Math.max(...found.map((one) => one.onnx));
  const tflite = Math.max(...found.map((one) => one.tflite));
  const notes: Words[] = [
    {
      en: `Integer arithmetic differs by at most ${counted(onnx, 'step')} as ONNX Runtime requantizes and ${tflite} as TensorFlow Lite does, layer by layer (${counted(found.length, 'layer')} compared).`,
      zh: `整数运算与此处的浮点模拟逐层相差：按 ONNX Runtime 的方式最多 ${onnx} 档，按 TensorFlow Lite 的方式最多 ${tflite} 档（比较了 ${found.length} 层）。`,
    },
  ];
  const over = found.filter((one) => one.overflows).map((one) => one.layer);
  if (over.length > 0)
    notes.push({
      en: `The sums of ${over.join(', ')} do not fit into 32 bits.`,
      zh: `${over.join('、')} 的累加和超出 32 位。`,
    });
  return notes;
}

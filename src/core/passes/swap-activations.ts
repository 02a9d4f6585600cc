/**
 * Simpler activations: swish, GELU, ELU, tanh and their like become ReLU or leaky ReLU; PReLU, which learns a slope for each
 * channel, becomes leaky ReLU with the mean of its slopes.
 *
 * It helps because ReLU is one comparison where the others take an exponential, every runtime has it, and it goes well with
 * quantization: its outputs start at an exact zero. PReLU's slopes are parameters, and go. It costs accuracy at once, as the weights were
 * trained for another curve: a little for PReLU, swish and GELU, much for tanh and sigmoid. Fine-tune or distil afterwards.
 *
 * Left alone: activations that are the model's answer (softmax always), and bounded ones that gate another layer by multiplication.
 * Ranges to which activations were rounded were measured on the old curves and are given up.
 * Papers: Maas et al. 2013 (leaky ReLU); He et al. 2015, "Delving Deep into Rectifiers" (PReLU).
 */
import { lines } from '#core/formula';
import { replaceLayers, tensorOf, withActivationGrids } from '#core/model/edit';
import type { Activation, ActivationFn, Layer } from '#core/model/layers';
import type { Model, Tensor } from '#core/model/model';
import type { Words } from '#core/params';
import { definePass } from '#core/pass';

/** As people write them; those that are swapped. */
const CURVED: Readonly<Partial<Record<ActivationFn, string>>> = {
  swish: 'swish',
  gelu: 'GELU',
  elu: 'ELU',
  selu: 'SELU',
  softplus: 'softplus',
  tanh: 'tanh',
  softsign: 'softsign',
  sigmoid: 'sigmoid',
  hardSigmoid: 'hard sigmoid',
};
/** What these give lies between two numbers, so that it may say how much of another layer passes. */
const BOUNDED: ReadonlySet<ActivationFn> = new Set(['tanh', 'softsign', 'sigmoid', 'hardSigmoid']);
/** Layers that hand on what they get. */
const HANDS_ON: ReadonlySet<Layer['kind']> = new Set(['flatten', 'reshape', 'dropout', 'rescale', 'upsample2d']);

export const swapActivations = definePass({
  id: 'swap-activations',
  family: 'structure',
  words: {
    title: { en: 'Simpler activations', zh: '更简单的激活函数' },
    help: {
      en: 'Replaces costly activations (swish, GELU, ELU, tanh, PReLU) by ReLU or leaky ReLU, which are faster, quantize better and run everywhere.',
      zh: '把计算较贵的激活函数（swish、GELU、ELU、tanh、PReLU）换成 ReLU 或 Leaky ReLU：更快、更适合量化、到处都能运行。',
    },
    cost: {
      en: 'Instant. Accuracy falls at once, little for PReLU, swish and GELU, much for tanh and sigmoid; fine-tune or distil afterwards.',
      zh: '瞬间完成。准确率会立即下降：PReLU、swish、GELU 下降较少，tanh 和 sigmoid 下降较多；之后应微调或蒸馏。',
    },
    pays: {
      en: 'It pays on devices without fast exponentials, and before quantization, where ReLU’s exact zero helps.',
      zh: '在指数运算慢的设备上，以及量化之前值得做：ReLU 的精确零对量化有利。',
    },
    paper: 'He, Zhang, Ren, Sun 2015, Delving Deep into Rectifiers: Surpassing Human-Level Performance on ImageNet',
  },
  params: {
    slope: {
      kind: 'number',
      live: true,
      min: 0,
      max: 0.5,
      step: 0.01,
      default: 0.1,
      when: { to: ['leakyRelu'] },
      label: { en: 'Slope', zh: '斜率' },
      help: {
        en: 'How much of a negative value passes. PReLU keeps the mean of its own slopes instead.',
        zh: '负值通过的比例。PReLU 则使用自身斜率的平均值。',
      },
    },
    to: {
      kind: 'choice',
      default: 'relu',
      label: { en: 'Becomes', zh: '换成' },
      help: {
        en: 'ReLU lets nothing negative pass; leaky ReLU a fixed part of it. PReLU always becomes leaky ReLU.',
        zh: 'ReLU 不让负值通过；Leaky ReLU 让固定比例的负值通过。PReLU 总是换成 Leaky ReLU。',
      },
      options: [
        { value: 'relu', label: { en: 'ReLU (0 below zero)', zh: 'ReLU（负值为 0）' } },
        { value: 'leakyRelu', label: { en: 'Leaky ReLU (a slope below zero)', zh: 'Leaky ReLU（负值乘以斜率）' } },
      ],
    },
    which: {
      kind: 'choice',
      default: 'all',
      label: { en: 'Activations', zh: '激活函数' },
      help: { en: 'Which activations to replace.', zh: '要替换哪些激活函数。' },
      options: [
        { value: 'all', label: { en: 'Curved ones and PReLU', zh: '曲线型和 PReLU' } },
        { value: 'curved', label: { en: 'Only curved ones', zh: '仅曲线型' } },
        { value: 'prelu', label: { en: 'Only PReLU', zh: '仅 PReLU' } },
      ],
    },
  },
  formula: ({ to, slope, which }) =>
    lines(
      ...(which === 'prelu' ? [] : [to === 'relu' ? 'f(x) = max(0, x)' : `f(x) = max(0, x) + ${slope} · min(0, x)`]),
      ...(which === 'curved' ? [] : ['PReLU: f(x) = max(0, x) + ā · min(0, x),   ā = clamp(mean a, 0, 1)']),
    ),
  needs: ['knownGraph'],
  effects: {
    masks: 'keeps',
    grids: 'keeps',
    activations: 'consumes',
    codebooks: 'keeps',
    shapes: 'consumes',
    reason: {
      en: 'PReLU layers become plain activations and lose their slopes; ranges of rounded activations no longer fit. Weights stay as they are, on their grids too. Swap first, then round activations.',
      zh: 'PReLU 层变为普通激活层，不再有斜率参数；舍入激活值的取值范围也不再适用。权重保持不变，包括量化网格上的权重。请先替换，再舍入激活值。',
    },
  },
  preview: 'accuracy',

  async apply(model, { to, slope, which }) {
    const target: Activation = to === 'relu' ? { fn: 'relu' } : { fn: 'leakyRelu', alpha: slope };
    const notes: Words[] = [];
    const layers = model.layers.map((layer): Layer => {
      if (layer.kind === 'prelu') return which === 'curved' ? layer : plainSlope(model, layer, notes);
      if (which === 'prelu' || !('activation' in layer)) return layer;
      const name = CURVED[layer.activation.fn];
      if (name === undefined) return layer;
      const reason = obstacle(model, layer.name, layer.activation.fn);
      notes.push(reason ? keptNote(layer.name, name, reason) : swappedNote(layer.name, name, target));
      return reason ? layer : { ...layer, activation: target };
    });
    if (notes.length === 0) {
      notes.push({
        en: 'Nothing was changed: the model has none of these activations.',
        zh: '没有任何改变：模型中没有这些激活函数。',
      });
    }
    if (layers.every((layer, i) => layer === model.layers[i])) return { model, report: { notes } };
    if (model.activationGrids) notes.push(UNROUNDED);
    return { model: withActivationGrids(replaceLayers(model, layers), {}), report: { notes } };
  },
});

const UNROUNDED: Words = {
  en: 'Activations are no longer rounded: their ranges were those of the old ones. Quantize them again.',
  zh: '激活值舍入已失效：原来的取值范围属于旧的激活函数。请重新量化。',
};

/** PReLU as leaky ReLU with the mean slope, kept within 0 to 1. */
function plainSlope(model: Model, layer: Extract<Layer, { kind: 'prelu' }>, notes: Words[]): Layer {
  const { data } = tensorOf(model, layer, 'alpha') as Tensor;
  const mean = data.reduce((sum, alpha) => sum + alpha, 0) / data.length;
  if (!Number.isFinite(mean)) {
    notes.push({
      en: `${layer.name} keeps PReLU: its slopes are not all finite.`,
      zh: `${layer.name} 保留 PReLU：它的斜率不全是有限数。`,
    });
    return layer;
  }
  const alpha = Math.min(1, Math.max(0, mean));
  const held = alpha === mean ? { en: '', zh: '' } : { en: `, held to ${alpha}`, zh: `，限制为 ${alpha}` };
  notes.push({
    en: `${layer.name}: PReLU becomes leaky ReLU with the mean of its ${data.length} slopes, ${mean.toFixed(3)}${held.en}.`,
    zh: `${layer.name}：PReLU 换成 Leaky ReLU，斜率为其 ${data.length} 个斜率的平均值 ${mean.toFixed(3)}${held.zh}。`,
  });
  return { kind: 'activation', name: layer.name, inputs: layer.inputs, activation: { fn: 'leakyRelu', alpha } };
}

/** Why an activation stays, or null. */
function obstacle(model: Model, name: string, fn: ActivationFn): Words | null {
  // The layer, and those that merely hand on what it gives.
  const bearers = [name];
  for (const layer of model.layers)
    if (HANDS_ON.has(layer.kind) && bearers.includes(layer.inputs[0] as string)) bearers.push(layer.name);
  if (bearers.some((bearer) => model.outputs.includes(bearer)))
    return { en: 'it gives the model its answers', zh: '它给出模型的输出' };
  const gates = model.layers.some(
    (layer) => layer.kind === 'multiply' && layer.inputs.some((input) => bearers.includes(input)),
  );
  if (BOUNDED.has(fn) && gates) return { en: 'it gates another layer by multiplication', zh: '它通过相乘控制另一层' };
  return null;
}

function keptNote(layer: string, fn: string, reason: Words): Words {
  return { en: `${layer} keeps ${fn}: ${reason.en}.`, zh: `${layer} 保留 ${fn}：${reason.zh}。` };
}

function swappedNote(layer: string, fn: string, target: Activation): Words {
  const becomes = target.fn === 'relu' ? 'ReLU' : `Leaky ReLU (${target.alpha})`;
  return { en: `${layer}: ${fn} becomes ${becomes}.`, zh: `${layer}：${fn} 换成 ${becomes}。` };
}

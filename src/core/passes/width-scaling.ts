/**
 * Width multiplier: every layer gets the same share of its channels, below or above 1.
 *
 * It helps because width is the plainest dial between size and accuracy: parameters and multiplications change with its square. Below 1 the network
 * starts from its most important channels or afresh. Above 1 it may start as a wider network that computes just the same (channels are copied and what reads
 * them is shared among the copies), and learns on from there: growing is the way back from a network that is too small. Outputs never change.
 * It costs the training afterwards.
 *
 * Most important: root of the sum of a filter's squares, layers that are added together counted as one.
 * Papers: Howard et al. 2017, "MobileNets" (the multiplier); Chen, Goodfellow, Shlens 2016, "Net2Net" (growing).
 */
import { lines } from '#core/formula';
import type { Model } from '#core/model/model';
import { shapesOf } from '#core/model/shapes';
import type { Words } from '#core/params';
import { definePass } from '#core/pass';
import { freshWeights } from '#core/passes/shared/fresh-weights';
import { settle, settlingFormula, settlingParams } from '#core/passes/shared/settling';
import { asTrained } from '#core/passes/shared/sketching';
import { narrowed, widened } from '#core/passes/shared/width';
import { tidy } from '#core/passes/shared/words';

const STRONGEST: Words = {
  en: 'the n′ channels with the largest √(Σ w²) stay',
  zh: '保留 √(Σ w²) 最大的 n′ 个通道',
};
const COPIES: Words = {
  en: 'copies: w₁ + w₂ + … = w in every reader, so y′ = y',
  zh: '被复制的通道：读取它的每层中 w₁ + w₂ + … = w，因此 y′ = y',
};

export const widthScaling = definePass({
  id: 'width-scaling',
  family: 'structure',
  words: {
    title: { en: 'Width multiplier', zh: '宽度系数' },
    help: {
      en: 'Makes every layer narrower or wider by the same factor. Parameters and multiplications change with about its square.',
      zh: '把每一层按同一系数变窄或变宽。参数和乘法大约随其平方变化。',
    },
    cost: {
      en: 'The time of the training afterwards. Narrower, the network is really smaller and faster; wider, it is larger and slower.',
      zh: '时间花在之后的训练上。变窄后网络真正更小、更快；变宽则更大、更慢。',
    },
    pays: {
      en: 'It pays when the whole network is larger than the task needs; when only some layers are, channel pruning finds them.',
      zh: '当整个网络都超出任务所需时值得做；若只有部分层过大，通道剪枝能找到它们。',
    },
    paper:
      'Howard et al. 2017, MobileNets; Chen, Goodfellow, Shlens 2016, Net2Net: Accelerating Learning via Knowledge Transfer',
  },
  params: {
    width: {
      kind: 'number',
      live: true,
      min: 0.1,
      max: 3,
      step: 0.05,
      default: 0.5,
      unit: 'percent',
      label: { en: 'Width', zh: '宽度' },
      help: {
        en: 'How many channels each layer has afterwards, as a share of those it has now. Above 100 % the network grows.',
        zh: '每一层之后的通道数占现在的比例。超过 100 % 时网络变宽。',
      },
    },
    start: {
      kind: 'choice',
      default: 'kept',
      label: { en: 'Start', zh: '起点' },
      help: {
        en: 'From this network: narrower with its most important channels, wider with copies that compute just the same. Or with fresh weights.',
        zh: '从当前网络出发：变窄时保留最重要的通道，变宽时复制通道且输出完全不变。或使用全新的权重。',
      },
      options: [
        { value: 'kept', label: { en: 'From this network', zh: '从当前网络出发' } },
        { value: 'fresh', label: { en: 'Afresh', zh: '重新初始化' } },
      ],
    },
    ...settlingParams(4),
  },
  formula: (values) =>
    lines(
      {
        en: `n′ = max(1, round(${tidy(values.width)} · n)), n: channels of a layer`,
        zh: `n′ = max(1, round(${tidy(values.width)} · n))，n 为一层的通道数`,
      },
      ...(values.start === 'fresh' ? [] : values.width > 1 ? [COPIES] : values.width < 1 ? [STRONGEST] : []),
      ...settlingFormula(values),
    ),
  needs: ['weights', 'knownGraph', 'data', 'training'],
  effects: {
    masks: 'consumes',
    grids: 'consumes',
    codebooks: 'consumes',
    shapes: 'consumes',
    reason: {
      en: 'Layers become narrower or wider. The channels that stay keep what was done to them; copies leave grids and codebooks, and a fresh network has weights of its own. Scale first, then prune, quantize or share.',
      zh: '各层变窄或变宽。保留下来的通道保持原有处理；复制的通道会离开网格和码本，重新初始化的网络则有自己的权重。请先缩放，再剪枝、量化或共享。',
    },
  },
  preview: 'structure',

  async sketch(model, { width, start, after }, context) {
    const changed = scaled(model, width, start === 'fresh', context.random);
    return after === 'nothing' ? changed : asTrained(changed, model);
  },

  idle(model, { start }, sketch) {
    return start !== 'fresh' && changesOf(model, sketch).length === 0 ? [UNCHANGED] : null;
  },

  async apply(model, values, context) {
    const fresh = values.start === 'fresh';
    const changed = scaled(model, values.width, fresh, context.random);
    if (!fresh && changesOf(model, changed).length === 0) return { model, report: { notes: [UNCHANGED] } };
    return { model: await settle(changed, model, values, context), report: { notes: notesOn(model, changed) } };
  },
});

function scaled(model: Model, width: number, fresh: boolean, random: () => number): Model {
  const changed = width > 1 ? widened(model, width, random) : narrowed(model, width);
  return fresh ? freshWeights(changed, Math.floor(random() * 2 ** 31)) : changed;
}

/** "layer before → after" for each layer with other channels. */
function changesOf(before: Model, after: Model): readonly string[] {
  const [old, now] = [shapesOf(before), shapesOf(after)];
  return before.layers
    .filter(({ name, kind }) => (kind === 'conv2d' || kind === 'dense') && old[name]?.at(-1) !== now[name]?.at(-1))
    .map(({ name }) => `${name} ${old[name]?.at(-1)} → ${now[name]?.at(-1)}`);
}

function notesOn(before: Model, after: Model): readonly Words[] {
  const changes = changesOf(before, after);
  if (changes.length === 0) return [SAME_WIDTH];
  return [{ en: `Channels: ${changes.join(', ')}.`, zh: `通道数：${changes.join('，')}。` }];
}

const UNCHANGED: Words = {
  en: 'Nothing was changed or trained: rounded to whole channels, every layer stays as it is.',
  zh: '没有任何改变，也没有训练：取整到整数通道后，各层保持不变。',
};
const SAME_WIDTH: Words = {
  en: 'No width changed: rounded to whole channels, every layer is as wide as before. Its weights are fresh.',
  zh: '宽度没有变化：取整到整数通道后，各层与之前同宽，权重是全新的。',
};

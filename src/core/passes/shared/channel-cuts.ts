/**
 * What the passes that cut channels have in common: their parameters, which groups of channels they may cut, and how many of
 * each stay over the whole network.
 */
import { type Formula, lines } from '#core/formula';
import { type ChannelGroup, channelGroups } from '#core/model/channels';
import type { Model } from '#core/model/model';
import type { ChoiceParam, LayersParam, NumberParam, Words } from '#core/params';
import { type Effects, PassError } from '#core/pass';
import type { ChannelMeasure } from '#core/passes/shared/channel-importance';
import { keptCount, mostImportant, type RankedGroup } from '#core/passes/shared/channel-ranking';
import { CALIBRATION_IMAGES } from '#core/passes/shared/importance';
import { checkNames } from '#core/passes/shared/selection';
import { tidy } from '#core/passes/shared/words';

export const CHANNELS_KEPT: NumberParam = {
  kind: 'number',
  live: true,
  min: 0.05,
  max: 1,
  step: 0.01,
  default: 0.75,
  unit: 'percent',
  label: { en: 'Channels kept', zh: '保留的通道' },
  help: {
    en: 'The share of the channels that stay. The outputs of the model always stay.',
    zh: '保留的通道所占的比例。模型的输出始终保留。',
  },
};

export const CHANNEL_IMPORTANCE: ChoiceParam<ChannelMeasure> = {
  kind: 'choice',
  default: 'l1',
  label: { en: 'Importance', zh: '重要性' },
  help: {
    en: 'How the importance of a filter is measured: by its weights, by the scale of the batch normalisation behind it, or by what happens on training images.',
    zh: '如何衡量滤波器的重要性：看它的权重、它后面批归一化的缩放系数，或它在训练图片上的表现。',
  },
  options: [
    { value: 'l1', label: { en: 'Sum of sizes (L1)', zh: '绝对值之和（L1）' } },
    { value: 'l2', label: { en: 'Root of squares (L2)', zh: '平方和的根（L2）' } },
    { value: 'scale', label: { en: 'Scale of batch normalisation', zh: '批归一化的缩放系数' } },
    { value: 'median', label: { en: 'Distance to other filters (FPGM)', zh: '与其他滤波器的距离（FPGM）' } },
    { value: 'taylor-activations', label: { en: 'Gradient of activations (Taylor)', zh: '激活值的梯度（泰勒）' } },
    { value: 'taylor-weights', label: { en: 'Gradient of weights (Taylor)', zh: '权重的梯度（泰勒）' } },
    { value: 'apoz', label: { en: 'Share of zeros (APoZ)', zh: '零的比例（APoZ）' } },
    { value: 'hebbian', label: { en: 'Input and output together (Hebbian)', zh: '输入与输出的共同变化（赫布）' } },
  ],
};

export const CHANNEL_IMAGES: NumberParam = {
  ...CALIBRATION_IMAGES,
  when: { importance: ['taylor-activations', 'taylor-weights', 'apoz', 'hebbian'] },
};

export const CHANNEL_MULTIPLE: NumberParam = {
  kind: 'number',
  min: 1,
  max: 32,
  step: 1,
  default: 1,
  prepares: false,
  control: 'field',
  label: { en: 'Round to a multiple of', zh: '取整到倍数' },
  help: {
    en: 'Each layer keeps a multiple of this many channels, where it has that many. Many processors are fastest at multiples of 4 or 8.',
    zh: '每一层保留的通道数取为它的倍数（通道不足时全部保留）。许多处理器在 4 或 8 的倍数时最快。',
  },
};

export const CHANNEL_LAYERS: LayersParam = {
  kind: 'layers',
  default: [],
  label: { en: 'Layers', zh: '作用的层' },
  help: {
    en: 'Which layers to make narrower. None chosen means all. Layers whose outputs are added go together.',
    zh: '选择要变窄的层。不选表示所有层。输出相加的层会一起处理。',
  },
};

/** What a pass that cuts channels does to what others achieved. */
export const NARROWER: Effects = {
  masks: 'keeps',
  grids: 'keeps',
  codebooks: 'keeps',
  shapes: 'consumes',
  reason: { en: 'Layers become narrower: that is what it does.', zh: '各层会变窄：这正是它的作用。' },
};

/** What channels are ranked by. */
export const CHANNEL_SCORES: Readonly<Record<ChannelMeasure, Formula>> = {
  l1: 's = Σ |w|',
  l2: 's = √(Σ w²)',
  scale: 's = |γ|',
  median: {
    en: 's = Σ ‖f − f′‖₂ over the other filters f′',
    zh: 's = Σ ‖f − f′‖₂，f′ 取遍同层的其他滤波器',
  },
  'taylor-activations': 's = mean |Σ g · a|, g = ∂L/∂a',
  'taylor-weights': 's = mean (Σ g · w)², g = ∂L/∂w',
  apoz: 's = 1 − APoZ',
  hebbian: 's = Σ |w| · |cov(x, y)|',
};

/** Which channels stay, as a formula: by this measure, this share of them. */
export function channelFormula(measure: ChannelMeasure, kept: number, scope: string): Formula {
  const share = `${tidy(100 * kept)} %`;
  return lines(CHANNEL_SCORES[measure], staying(share, scope));
}

function staying(share: string, scope: string): Words {
  switch (scope) {
    case 'global':
      return {
        en: `the ${share} of all channels with the largest s / μ stay, μ: mean of s in the layer`,
        zh: `在全部通道中保留 s / μ 最大的 ${share}，μ 为 s 在该层的均值`,
      };
    case 'sensitivity':
      return {
        en: `${share} of all channels stay, in each layer those with the largest s; fewer go where accuracy suffers more`,
        zh: `共保留 ${share} 的通道，每层保留 s 最大的；剪枝使准确率下降越多的层，剪去越少`,
      };
    default:
      return {
        en: `in each layer the ${share} of the channels with the largest s stay`,
        zh: `每层保留 s 最大的 ${share} 的通道`,
      };
  }
}

export interface Cuttable {
  readonly groups: readonly ChannelGroup[];
  /** On those that keep all their channels. */
  readonly notes: readonly Words[];
}

/**
 * The groups that the named layers (all where there are none) belong to. Throws PassError for a name that the model does
 * not have, and where none of them can be cut.
 */
export function cuttableGroups(model: Model, layers: readonly string[]): Cuttable {
  checkNames(model, layers);
  const chosen = channelGroups(model).filter(
    ({ producers, carriers }) =>
      layers.length === 0 || [...producers, ...carriers].some(({ layer }) => layers.includes(layer)),
  );
  const refused = chosen.filter(({ prunable }) => !prunable);
  const groups = chosen.filter(({ prunable }) => prunable);
  if (groups.length === 0) throw nothingToCut(refused);
  return { groups, notes: refused.map(keepsAll) };
}

/**
 * For each channel but the best of each group its group's index, the most important first, each measured against the mean of its
 * group.
 */
export function orderOverall(groups: readonly RankedGroup[]): readonly number[] {
  const others = groups.flatMap((ranked, index) => {
    const [best] = mostImportant(ranked, 1);
    const mean = ranked.importance.reduce((sum, x) => sum + x, 0) / ranked.group.count || 1;
    return Array.from(ranked.importance, (x, unit) => ({ index, unit, score: x / mean })).filter(
      ({ unit }) => unit !== best,
    );
  });
  return others.sort((a, b) => b.score - a.score).map(({ index }) => index);
}

/** How many channels of each of `groups` groups stay with this share of all: one of each, and the first of the order. */
export function countsOverall(groups: number, order: readonly number[], share: number): readonly number[] {
  const counts = Array.from({ length: groups }, () => 1);
  const left = keptCount(order.length + counts.length, share) - counts.length;
  for (const index of order.slice(0, Math.max(0, left))) counts[index] = (counts[index] as number) + 1;
  return counts;
}

function nothingToCut(refused: readonly ChannelGroup[]): PassError {
  return new PassError({
    en: `There is no channel to cut here. ${refused.map(({ id, reason }) => `${id}: ${reason?.en ?? ''}`).join(' ')}`.trim(),
    zh: `这里没有可剪的通道。${refused.map(({ id, reason }) => `${id}：${reason?.zh ?? ''}`).join('')}`,
  });
}

function keepsAll({ id, reason }: ChannelGroup): Words {
  return {
    en: `${id} keeps all its channels. ${reason?.en ?? ''}`.trim(),
    zh: `${id} 保留所有通道。${reason?.zh ?? ''}`,
  };
}

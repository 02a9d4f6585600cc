/**
 * Channel pruning: whole filters (output channels of a convolution, units of a dense layer) are taken out, with everything that belongs to them:
 * the bias, the batch normalisation, and the weights of the layers behind that read them. Channels that are added together go together.
 *
 * It helps because the result is a smaller ordinary network: fewer parameters and fewer multiplications, faster in any runtime. It costs more accuracy for
 * a parameter than single weights do; fine-tune afterwards.
 *
 * The least important channels go first, importance being the size of the filter or one of the measures of `shared/channel-importance`. Over the
 * whole network it is divided by the mean of its group, so that layers with large weights are not favoured; by sensitivity each group is first cut alone, and those
 * that cost more lose less. The most important channel of each group always stays, and outputs of the model are never cut.
 * Papers: Li et al. 2017, "Pruning Filters for Efficient ConvNets"; cutting along dependencies: Fang et al. 2023, "DepGraph".
 */
import { type ChannelGroup, channelGroups, cutChannels } from '#core/model/channels';
import type { Model } from '#core/model/model';
import type { Words } from '#core/params';
import { definePass, type PassContext, PassError } from '#core/pass';
import { type ChannelMeasure, measureChannels } from '#core/passes/shared/channel-importance';
import { keptCount, mostImportant, type RankedGroup, roundedCount } from '#core/passes/shared/channel-ranking';
import { CALIBRATION_IMAGES } from '#core/passes/shared/importance';
import { type Curve, curvesOf, scanLayers, spread } from '#core/passes/shared/sensitivity';
import { tidy } from '#core/passes/shared/words';

interface Ready {
  readonly cuttable: readonly RankedGroup[];
  /** For each channel but the best of each group its group's index, the most important first, each against its group's mean. */
  readonly order: readonly number[];
  /** By sensitivity: what each group costs when it alone is cut. */
  readonly curves: readonly Curve[] | null;
  readonly notes: readonly Words[];
}

/** Shares of a group's channels (the best one left out) at which it is tried alone. */
const LEVELS = [0.25, 0.5, 0.75, 1] as const;
const FORMULAE: Readonly<Record<ChannelMeasure, string>> = {
  l1: 's = Σ |w|',
  l2: 's = √(Σ w²)',
  scale: 's = |γ|',
  median: 's = Σ ‖f − f′‖₂, f′: the other filters',
  'taylor-activations': 's = mean |Σ g · a|, g = ∂L/∂a',
  'taylor-weights': 's = mean (Σ g · w)², g = ∂L/∂w',
  apoz: 's = 1 − APoZ',
  hebbian: 's = Σ |w| · |cov(x, y)|',
};

export const channelPruning = definePass({
  id: 'channel-pruning',
  family: 'pruning',
  words: {
    title: { en: 'Channel pruning', zh: '通道剪枝' },
    help: {
      en: 'Takes whole filters out of the network, the weakest first. What is left is an ordinary network with narrower layers.',
      zh: '从网络中整个去掉最弱的滤波器。剩下的仍是普通网络，只是每层更窄。',
    },
    cost: {
      en: 'Instant. Fewer parameters, fewer multiplications, really faster. Accuracy falls sooner than with single weights; fine-tune afterwards.',
      zh: '瞬间完成。参数和乘法都更少，速度真正变快。准确率比逐个权重剪枝下降得更早，之后应微调。',
    },
    pays: {
      en: 'It pays where speed counts: it is the one kind of pruning that every runtime turns into time saved.',
      zh: '看重速度时值得用：这是任何运行环境都能真正加速的剪枝方式。',
    },
    paper: 'Li, Kadav, Durdanovic, Samet, Graf 2017, Pruning Filters for Efficient ConvNets',
  },
  params: {
    kept: {
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
    },
    importance: {
      kind: 'choice',
      default: 'l1',
      label: { en: 'Importance', zh: '重要性' },
      help: {
        en: 'How the importance of a filter is measured: by its weights, by the scale of the batch normalisation behind it, or by what happens on training images.',
        zh: '如何衡量滤波器的重要性：看它的权重、它后面批归一化的缩放系数，或它在训练图像上的表现。',
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
    },
    images: {
      ...CALIBRATION_IMAGES,
      when: { importance: ['taylor-activations', 'taylor-weights', 'apoz', 'hebbian'] },
    },
    scope: {
      kind: 'choice',
      default: 'global',
      label: { en: 'Ranking', zh: '排序范围' },
      help: {
        en: 'Global takes the weakest channels of the whole network, compared within their layer. Layer by layer keeps the same share of each layer. By sensitivity first measures what each layer costs when it alone is cut (this takes a while), then takes less of the layers that cost more.',
        zh: '“全局”去掉整个网络中相对于本层最弱的通道；“逐层”在每一层保留相同的比例；“按敏感度”先测量单独剪每一层的代价（需要一些时间），再从代价大的层少剪一些。',
      },
      options: [
        { value: 'global', label: { en: 'Global', zh: '全局' } },
        { value: 'layer', label: { en: 'Layer by layer', zh: '逐层' } },
        { value: 'sensitivity', label: { en: 'Layer by layer, by sensitivity', zh: '逐层，按敏感度' } },
      ],
    },
    multiple: {
      kind: 'number',
      min: 1,
      max: 32,
      step: 1,
      default: 1,
      control: 'field',
      label: { en: 'Round to a multiple of', zh: '取整到倍数' },
      help: {
        en: 'Each layer keeps a multiple of this many channels, where it has that many. Many processors are fastest at multiples of 4 or 8.',
        zh: '每一层保留的通道数取为它的倍数（通道不足时全部保留）。许多处理器在 4 或 8 的倍数时最快。',
      },
    },
    layers: {
      kind: 'layers',
      default: [],
      label: { en: 'Layers', zh: '作用的层' },
      help: {
        en: 'Which layers to make narrower. None chosen means all. Layers whose outputs are added go together.',
        zh: '选择要变窄的层。不选表示所有层。输出相加的层会一起处理。',
      },
    },
  },
  formula: ({ kept, importance }) => {
    const score = FORMULAE[importance as ChannelMeasure];
    return `${score}\nthe ${tidy(100 * kept)} % of the channels with the largest s stay`;
  },
  needs: ['weights', 'knownGraph'],
  effects: {
    masks: 'keeps',
    grids: 'keeps',
    codebooks: 'keeps',
    shapes: 'consumes',
    reason: { en: 'Layers become narrower: that is what it does.', zh: '各层会变窄：这正是它的作用。' },
  },
  preview: 'accuracy',

  async prepare(model, values, context): Promise<Ready> {
    const chosen = channelGroups(model).filter(
      ({ producers, carriers }) =>
        values.layers.length === 0 || [...producers, ...carriers].some(({ layer }) => values.layers.includes(layer)),
    );
    const refused = chosen.filter(({ prunable }) => !prunable);
    const groups = chosen.filter(({ prunable }) => prunable);
    if (groups.length === 0) throw nothingToCut(refused);
    const measure = values.importance as ChannelMeasure;
    const { ranked, notes } = await measureChannels(model, groups, measure, values.images, context);
    return {
      cuttable: ranked,
      order: values.scope === 'global' ? orderOverall(ranked) : [],
      curves: values.scope === 'sensitivity' ? await costs(model, ranked, context) : null,
      notes: [...notes, ...refused.map(keepsAll)],
    };
  },

  async apply(model, values, _context, ready) {
    const counts = ready.curves
      ? countsBySensitivity(ready.cuttable, ready.curves, values.kept)
      : values.scope === 'global'
        ? countsOverall(ready, values.kept)
        : ready.cuttable.map(({ group }) => keptCount(group.count, values.kept));
    const keep = ready.cuttable.map((ranked, i) => {
      const count = roundedCount(ranked.group.count, counts[i] as number, values.multiple);
      return [ranked.group.id, mostImportant(ranked, count)] as const;
    });
    return { model: cutChannels(model, new Map(keep)), report: { notes: ready.notes } };
  },
});

function orderOverall(groups: readonly RankedGroup[]): readonly number[] {
  const others = groups.flatMap((ranked, index) => {
    const [best] = mostImportant(ranked, 1);
    const mean = ranked.importance.reduce((sum, x) => sum + x, 0) / ranked.group.count || 1;
    return Array.from(ranked.importance, (x, unit) => ({ index, unit, score: x / mean })).filter(
      ({ unit }) => unit !== best,
    );
  });
  return others.sort((a, b) => b.score - a.score).map(({ index }) => index);
}

/** Each group's most important channel stays; the others compete. */
function countsOverall({ cuttable, order }: Ready, share: number): readonly number[] {
  const counts = cuttable.map(() => 1);
  const left = keptCount(order.length + counts.length, share) - counts.length;
  for (const index of order.slice(0, Math.max(0, left))) counts[index] = (counts[index] as number) + 1;
  return counts;
}

async function costs(model: Model, groups: readonly RankedGroup[], context: PassContext): Promise<readonly Curve[]> {
  const alone = (whole: Model, ranked: RankedGroup, level: number): Model => {
    const { id, count } = ranked.group;
    return cutChannels(whole, new Map([[id, mostImportant(ranked, count - Math.round(level * (count - 1)))]]));
  };
  return curvesOf(LEVELS, await scanLayers(model, groups, LEVELS, alone, context));
}

function countsBySensitivity(
  groups: readonly RankedGroup[],
  curves: readonly Curve[],
  share: number,
): readonly number[] {
  const all = groups.reduce((sum, { group }) => sum + group.count, 0);
  const portions = groups.map(({ group }, i) => ({ size: group.count - 1, gone: 0, curve: curves[i] as Curve }));
  const gone = spread(portions, Math.min(all - groups.length, all - keptCount(all, share)));
  return groups.map(({ group }, i) => group.count - (gone[i] as number));
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

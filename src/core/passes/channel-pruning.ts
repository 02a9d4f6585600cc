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
import { cutChannels } from '#core/model/channels';
import type { Words } from '#core/params';
import { definePass } from '#core/pass';
import { withQuickNorms } from '#core/passes/batch-norm-statistics';
import {
  CHANNEL_IMAGES,
  CHANNEL_IMPORTANCE,
  CHANNEL_LAYERS,
  CHANNEL_MULTIPLE,
  CHANNELS_KEPT,
  channelFormula,
  countsOverall,
  cuttableGroups,
  NARROWER,
  orderOverall,
} from '#core/passes/shared/channel-cuts';
import { measureChannels } from '#core/passes/shared/channel-importance';
import { keptCount, mostImportant, type RankedGroup, roundedCount } from '#core/passes/shared/channel-ranking';
import { channelCurves, countsBySensitivity, NORM_IMAGES } from '#core/passes/shared/channel-shares';
import type { Curve } from '#core/passes/shared/sensitivity';

interface Ready {
  readonly cuttable: readonly RankedGroup[];
  /** For each channel but the best of each group its group's index, the most important first, each against its group's mean. */
  readonly order: readonly number[];
  /** By sensitivity: what each group costs when it alone is cut. */
  readonly curves: readonly Curve[] | null;
  readonly notes: readonly Words[];
}

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
    kept: CHANNELS_KEPT,
    importance: CHANNEL_IMPORTANCE,
    images: CHANNEL_IMAGES,
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
    multiple: CHANNEL_MULTIPLE,
    norms: {
      kind: 'flag',
      default: true,
      label: { en: 'Re-estimate batch normalisation', zh: '重新估计批归一化' },
      help: {
        en: 'Measures what batch normalisation has to know on some training images again, now that channels are gone: without it much more accuracy is lost. The slider answers a little more slowly; for a network that is too large for that a note says so.',
        zh: '去掉通道之后，用一些训练图片重新测量批归一化所需的统计量：不这样做会多损失许多准确率。滑块的响应会稍慢一些；网络太大时会有说明。',
      },
    },
    layers: CHANNEL_LAYERS,
  },
  formula: ({ kept, importance, scope }) => channelFormula(importance, kept, scope),
  needs: ['weights', 'knownGraph'],
  effects: NARROWER,
  preview: 'accuracy',

  async prepare(model, values, context): Promise<Ready> {
    const { groups, notes: refused } = cuttableGroups(model, values.layers);
    const { ranked, notes } = await measureChannels(model, groups, values.importance, values.images, context);
    return {
      cuttable: ranked,
      order: values.scope === 'global' ? orderOverall(ranked) : [],
      curves: values.scope === 'sensitivity' ? await channelCurves(model, ranked, values.norms, context) : null,
      notes: [...notes, ...refused],
    };
  },

  async apply(model, values, context, ready) {
    const counts = ready.curves
      ? countsBySensitivity(ready.cuttable, ready.curves, values.kept)
      : values.scope === 'global'
        ? countsOverall(ready.cuttable.length, ready.order, values.kept)
        : ready.cuttable.map(({ group }) => keptCount(group.count, values.kept));
    const keep = ready.cuttable.map((ranked, i) => {
      const count = roundedCount(ranked.group.count, counts[i] as number, values.multiple);
      return [ranked.group.id, mostImportant(ranked, count)] as const;
    });
    const cut = cutChannels(model, new Map(keep));
    if (!values.norms || cut === model) return { model: cut, report: { notes: ready.notes } };
    const settled = await withQuickNorms(cut, NORM_IMAGES, context);
    return { model: settled.model, report: { notes: [...ready.notes, ...settled.notes] } };
  },
});

/**
 * Channel pruning: whole filters (output channels of a convolution, units of a dense layer) are taken out, with everything that belongs to them:
 * the bias, the batch normalisation, and the weights of the layers behind that read them. Channels that are added together go together.
 *
 * It helps because the result is a smaller ordinary network: fewer parameters and fewer multiplications, faster in any runtime. It costs more accuracy for
 * a parameter than single weights do; fine-tune afterwards.
 *
 * The least important channels go first, importance being the size of the filter. Over the whole network it is divided by the mean of its
 * group, so that layers with large weights are not favoured; the most important channel of each group always stays. Outputs of the model are never cut.
 * Papers: Li et al. 2017, "Pruning Filters for Efficient ConvNets"; cutting along dependencies: Fang et al. 2023, "DepGraph".
 */
import { cutChannels } from '#core/model/channels';
import type { Words } from '#core/params';
import { definePass, PassError } from '#core/pass';
import {
  type Importance,
  keptCount,
  mostImportant,
  type RankedGroup,
  rankChannels,
} from '#core/passes/shared/channel-ranking';

interface Ready {
  readonly cuttable: readonly RankedGroup[];
  readonly refused: readonly RankedGroup[];
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
      help: { en: 'How the size of a filter is measured.', zh: '如何衡量一个滤波器的大小。' },
      options: [
        { value: 'l1', label: { en: 'Sum of sizes (L1)', zh: '绝对值之和（L1）' } },
        { value: 'l2', label: { en: 'Root of squares (L2)', zh: '平方和的根（L2）' } },
      ],
    },
    scope: {
      kind: 'choice',
      default: 'global',
      label: { en: 'Ranking', zh: '排序范围' },
      help: {
        en: 'Global takes the weakest channels of the whole network, compared within their layer. Layer by layer keeps the same share of each layer.',
        zh: '“全局”去掉整个网络中相对于本层最弱的通道；“逐层”在每一层保留相同的比例。',
      },
      options: [
        { value: 'global', label: { en: 'Global', zh: '全局' } },
        { value: 'layer', label: { en: 'Layer by layer', zh: '逐层' } },
      ],
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
  needs: ['weights', 'knownGraph'],
  effects: {
    masks: 'keeps',
    grids: 'keeps',
    codebooks: 'keeps',
    shapes: 'consumes',
    reason: { en: 'Layers become narrower: that is what it does.', zh: '各层会变窄：这正是它的作用。' },
  },
  preview: 'accuracy',

  async prepare(model, values): Promise<Ready> {
    const chosen = rankChannels(model, values.importance as Importance).filter(
      ({ group }) =>
        values.layers.length === 0 ||
        [...group.producers, ...group.carriers].some(({ layer }) => values.layers.includes(layer)),
    );
    const cuttable = chosen.filter(({ group }) => group.prunable);
    const refused = chosen.filter(({ group }) => !group.prunable);
    if (cuttable.length > 0) return { cuttable, refused };
    throw new PassError({
      en: `There is no channel to cut here. ${refused.map(({ group }) => `${group.id}: ${group.reason?.en ?? ''}`).join(' ')}`.trim(),
      zh: `这里没有可剪的通道。${refused.map(({ group }) => `${group.id}：${group.reason?.zh ?? ''}`).join('')}`,
    });
  },

  async apply(model, values, _context, { cuttable, refused }) {
    const keep = values.scope === 'global' ? keepOverall(cuttable, values.kept) : keepOfEach(cuttable, values.kept);
    return { model: cutChannels(model, keep), report: { notes: notesOn(refused) } };
  },
});

function keepOfEach(groups: readonly RankedGroup[], share: number): ReadonlyMap<string, readonly number[]> {
  return new Map(
    groups.map((ranked) => [ranked.group.id, mostImportant(ranked, keptCount(ranked.group.count, share))]),
  );
}

function keepOverall(groups: readonly RankedGroup[], share: number): ReadonlyMap<string, readonly number[]> {
  // Each group's most important channel stays; the others compete.
  const kept = new Map(groups.map((ranked) => [ranked.group.id, [...mostImportant(ranked, 1)]]));
  const others = groups.flatMap((ranked) => {
    const best = kept.get(ranked.group.id)?.[0];
    const mean = ranked.importance.reduce((sum, x) => sum + x, 0) / ranked.group.count || 1;
    return Array.from(ranked.importance, (x, unit) => ({ id: ranked.group.id, unit, score: x / mean })).filter(
      ({ unit }) => unit !== best,
    );
  });
  const left = keptCount(others.length + groups.length, share) - groups.length;
  others.sort((a, b) => b.score - a.score);
  for (const { id, unit } of others.slice(0, Math.max(0, left))) kept.get(id)?.push(unit);
  return kept;
}

function notesOn(refused: readonly RankedGroup[]): readonly Words[] {
  return refused.map(({ group }) => ({
    en: `${group.id} keeps all its channels. ${group.reason?.en ?? ''}`.trim(),
    zh: `${group.id} 保留所有通道。${group.reason?.zh ?? ''}`,
  }));
}

/**
 * Gradual channel pruning: some channels are cut, the network trains, some more are cut, and so on. What is left at the end is
 * a small ordinary network that has grown used to its size on the way.
 *
 * It helps because a network cut to a tenth at once is hardly better than a new one, while the same cut in rounds keeps what
 * was learned. It costs a training run. How many channels each layer ends with is settled at the start (by sensitivity: after each was cut alone);
 * which ones is measured anew in every round.
 *
 * In round k of n a layer of c channels that is to keep c' has the share of the schedule left (in rounds: c (c'/c)^(k/n) channels), rounded, by any
 * importance of channel pruning. The rounds share the first part of the epochs, and the last one also has the rest. The model as it was can be the teacher.
 * Papers: Li et al. 2017, "Pruning Filters for Efficient ConvNets" (prune and retrain iteratively); Molchanov et al. 2017 (rank, cut, tune, again).
 */
import { type Formula, lines } from '#core/formula';
import { type ChannelGroup, channelGroups, cutChannels } from '#core/model/channels';
import type { Model } from '#core/model/model';
import type { Words } from '#core/params';
import { definePass } from '#core/pass';
import {
  CHANNEL_IMAGES,
  CHANNEL_IMPORTANCE,
  CHANNEL_LAYERS,
  CHANNEL_MULTIPLE,
  CHANNEL_SCORES,
  CHANNELS_KEPT,
  countsOverall,
  cuttableGroups,
  NARROWER,
  orderOverall,
} from '#core/passes/shared/channel-cuts';
import { measureChannels } from '#core/passes/shared/channel-importance';
import {
  importanceOf,
  keptCount,
  mostImportant,
  type RankedGroup,
  roundedCount,
} from '#core/passes/shared/channel-ranking';
import { channelCurves, countsBySensitivity } from '#core/passes/shared/channel-shares';
import { PART, ROUNDS, SCHEDULE, type Schedule, scheduleFormula, sparsityAt } from '#core/passes/shared/schedule';
import { type Curve, SCAN } from '#core/passes/shared/sensitivity';
import { SPARSE_TRAINING, sparseFormula, sparseObjective } from '#core/passes/shared/sparse-training';
import { within } from '#core/passes/shared/within';
import { tidy } from '#core/passes/shared/words';

/** How many channels a layer ends with where the shares follow from the sizes of its filters. */
function largestOverall(kept: number): Words {
  const share = `${tidy(100 * kept)} %`;
  return {
    en: `n′: channels of the layer among the ${share} of all with the largest u / μ, u = Σ |w|, μ: mean of u in the layer`,
    zh: `n′ 为该层中 u / μ 位于全网络前 ${share} 的通道数，u = Σ |w|，μ 为 u 在该层的均值`,
  };
}

/** How many channels a layer ends with, as a formula. */
function endFormula(kept: number, scope: string): Formula {
  const share = tidy(kept);
  switch (scope) {
    case 'global':
      return largestOverall(kept);
    case 'sensitivity':
      return {
        en: `Σ n′ = ${share} · Σ n, n′ / n higher in layers that cost more accuracy`,
        zh: `Σ n′ = ${share} · Σ n，剪枝使准确率下降越多的层，n′ / n 越大`,
      };
    default:
      return `n′ = max(1, round(${share} · n))`;
  }
}

/** By sensitivity: the groups as they are ranked at the start, and what each costs when it alone is cut. */
interface Spread {
  readonly ranked: readonly RankedGroup[];
  readonly curves: readonly Curve[];
}

interface Plan {
  /** Channels of each group at the end, by its id. */
  readonly counts: ReadonlyMap<string, { readonly before: number; readonly after: number }>;
  readonly notes: readonly Words[];
}

export const gradualChannelPruning = definePass({
  id: 'gradual-channel-pruning',
  family: 'pruning',
  words: {
    title: { en: 'Gradual channel pruning', zh: '渐进通道剪枝' },
    help: {
      en: 'Cuts a few channels, trains, cuts a few more, and so on, until each layer is as narrow as you want it.',
      zh: '剪去几个通道，训练一会儿，再剪几个，如此反复，直到每一层都窄到想要的程度。',
    },
    cost: {
      en: 'The time of the training. The result is an ordinary small network: fewer parameters and multiplications, faster everywhere.',
      zh: '需要训练的时间。结果是普通的小网络：参数和乘法都更少，在哪里都更快。',
    },
    pays: {
      en: 'It pays when most of the channels are to go: in one cut little of what was learned would survive.',
      zh: '当大部分通道都要去掉时值得用：一次剪完的话，学到的东西几乎留不下来。',
    },
    paper: 'Li, Kadav, Durdanovic, Samet, Graf 2017, Pruning Filters for Efficient ConvNets',
  },
  params: {
    kept: { ...CHANNELS_KEPT, default: 0.4 },
    importance: CHANNEL_IMPORTANCE,
    images: CHANNEL_IMAGES,
    scope: {
      kind: 'choice',
      default: 'layer',
      label: { en: 'Shares', zh: '各层比例' },
      help: {
        en: 'How narrow each layer gets. Layer by layer: all alike. Global: less of the layers whose filters differ little in size (L1), as they are at the start. By sensitivity first measures what each layer costs when it alone is cut (this takes a while), then takes less of the layers that cost more.',
        zh: '每一层剪到多窄。“逐层”：各层相同；“全局”：按开始时滤波器大小（L1）的差异分配；“按敏感度”先测量单独剪每一层的代价（需要一些时间），再从代价大的层少剪一些。',
      },
      options: [
        { value: 'layer', label: { en: 'Layer by layer', zh: '逐层' } },
        { value: 'global', label: { en: 'Global', zh: '全局' } },
        { value: 'sensitivity', label: { en: 'Layer by layer, by sensitivity', zh: '逐层，按敏感度' } },
      ],
    },
    schedule: {
      ...SCHEDULE,
      default: 'iterative',
      help: {
        en: 'In rounds: each takes the same share of what is left. Cubic: many channels first, then ever fewer. Log-cubic: in between. At once: one cut, then training.',
        zh: '“多轮”：每轮去掉剩余的相同比例。“三次”：先多后少。“对数三次”：介于两者之间。“一次完成”：剪一次，然后训练。',
      },
    },
    rounds: { ...ROUNDS, max: 20, default: 4 },
    part: { ...PART, when: { schedule: ['log-cubic', 'cubic', 'iterative'] } },
    multiple: CHANNEL_MULTIPLE,
    ...SPARSE_TRAINING,
    layers: CHANNEL_LAYERS,
  },
  formula: (values) =>
    lines(
      CHANNEL_SCORES[values.importance],
      endFormula(values.kept, values.scope),
      scheduleFormula(values.schedule as Schedule, values.rounds, 'n', 'n', 'n′'),
      { en: 'in round k the nₖ channels with the largest s stay', zh: '第 k 轮保留 s 最大的 nₖ 个通道' },
      sparseFormula(values),
    ),
  needs: ['weights', 'knownGraph', 'data', 'training'],
  effects: NARROWER,
  preview: 'structure',

  async prepare(model, values, context): Promise<Spread | null> {
    if (values.scope !== 'sensitivity') return null;
    const { groups } = cuttableGroups(model, values.layers);
    const { ranked } = await measureChannels(model, groups, values.importance, values.images, within(context, 0, 0));
    return { ranked, curves: await channelCurves(model, ranked, true, within(context, 0, SCAN)) };
  },

  async sketch(model, values, _context, alone) {
    const { counts } = planOf(model, values, alone);
    const groups = channelGroups(model).filter(({ id }) => counts.has(id));
    const keep = groups.map((group) => {
      const importance = importanceOf(model, group, 'l1');
      return [group.id, mostImportant({ group, importance }, counts.get(group.id)?.after as number)] as const;
    });
    return cutChannels(model, new Map(keep));
  },

  async apply(model, values, context, alone) {
    const rest = alone ? within(context, SCAN, 1 - SCAN) : context;
    const { counts, notes } = planOf(model, values, alone);
    const rounds = values.schedule === 'once' ? 1 : values.rounds;
    let current = model;
    let done = 0;
    let measured: readonly Words[] = [];
    for (let round = 1; round <= rounds; round++) {
      context.signal.throwIfAborted();
      const groups = channelGroups(current).filter(({ id }) => counts.has(id));
      const result = await measureChannels(current, groups, values.importance, values.images, within(rest, done, 0));
      measured = result.notes;
      const keep = result.ranked.map((ranked) => {
        const { before, after } = counts.get(ranked.group.id) as { before: number; after: number };
        const gone =
          round === rounds
            ? 1 - after / before
            : sparsityAt(values.schedule as Schedule, 0, 1 - after / before, round / rounds);
        const count = Math.max(after, Math.round(before * (1 - gone)));
        return [ranked.group.id, mostImportant(ranked, Math.min(count, ranked.group.count))] as const;
      });
      current = cutChannels(current, new Map(keep));
      const after = round === rounds ? 1 - values.part : 0;
      const share = rounds === 1 ? 1 : values.part / rounds + after;
      const objective = sparseObjective(current, model, { ...values, epochs: values.epochs * share }, context);
      current = await within(rest, done, share).train(objective);
      done += share;
    }
    return { model: current, report: { notes: [...measured, ...notes] } };
  },
});

interface Shares {
  readonly kept: number;
  readonly scope: string;
  readonly multiple: number;
  readonly layers: readonly string[];
}

function planOf(model: Model, { kept, scope, multiple, layers }: Shares, alone: Spread | null): Plan {
  const { groups, notes } = cuttableGroups(model, layers);
  const counts = alone
    ? countsBySensitivity(alone.ranked, alone.curves, kept)
    : scope === 'global'
      ? countsOverall(groups.length, orderOverall(bySize(model, groups)), kept)
      : groups.map(({ count }) => keptCount(count, kept));
  const ends = groups.map(({ id, count }, i) => {
    return [id, { before: count, after: roundedCount(count, counts[i] as number, multiple) }] as const;
  });
  return { counts: new Map(ends), notes };
}

function bySize(model: Model, groups: readonly ChannelGroup[]): readonly RankedGroup[] {
  return groups.map((group) => ({ group, importance: importanceOf(model, group, 'l1') }));
}

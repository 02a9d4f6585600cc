/**
 * Dynamic network surgery: pruning that can change its mind. Behind the pruned network every weight trains on; one that grows
 * important again is put back (spliced), and another goes.
 *
 * It helps because a weight that looks unimportant early may be needed once others have gone; a mask that never opens
 * again has to be right the first time. It costs a training run, and memory for the weights that are not there.
 *
 * A weight goes when the size of its hidden copy falls below a = 0.9 t, comes back above b = 1.1 t, and stays what it is in between, so
 * that it does not flicker. The threshold a of a layer is where the wanted sparsity lies among its hidden weights (or those of all layers; or LAMP, or what each layer
 * costs when it alone is pruned, shares it out), or, as in the paper, t is
 * mean + c x standard deviation of the layer's |w| at the start. In the last part of the run the mask is fixed.
 * Paper: Guo, Yao, Chen 2016, "Dynamic Network Surgery for Efficient DNNs".
 */

import { lines } from '#core/formula';
import { mapPrunable } from '#core/model/edit';
import type { Mask } from '#core/model/encoding';
import type { Model, Tensor } from '#core/model/model';
import { makeTensor } from '#core/model/tensor';
import { magnitudeKeys } from '#core/numeric/radix';
import type { Words } from '#core/params';
import { definePass } from '#core/pass';
import { lampKeys } from '#core/passes/lamp-pruning';
import {
  layerCurves,
  pruneRanked,
  type Ranking,
  rankWeights,
  SPREAD_SCOPE,
  sharesNote,
} from '#core/passes/shared/ranked-pruning';
import { PART, pruningSteps, ROUNDS, SCHEDULE, type Schedule, stepDue } from '#core/passes/shared/schedule';
import { LAYERS, type Selected, selectPrunable } from '#core/passes/shared/selection';
import { type Curve, SCAN } from '#core/passes/shared/sensitivity';
import {
  DEEP_SPARSITY,
  SPARSE_TRAINING,
  sparseFormula,
  sparseObjective,
  sparsityOf,
} from '#core/passes/shared/sparse-training';
import {
  CUT,
  EDGES,
  type Hidden,
  SPLICE,
  shown,
  spreadThresholds,
  thresholdFormula,
  thresholds,
} from '#core/passes/shared/surgery-thresholds';
import { within } from '#core/passes/shared/within';
import { counted, percent } from '#core/passes/shared/words';

export const networkSurgery = definePass({
  id: 'network-surgery',
  family: 'pruning',
  words: {
    title: { en: 'Pruning with regrowth (network surgery)', zh: '可再生剪枝（动态网络手术）' },
    help: {
      en: 'Prunes while training, and lets weights come back that turn out to be needed after all. So a wrong cut can be mended.',
      zh: '边训练边剪枝，并让事后发现仍然需要的权重重新长出来，剪错了也能补救。',
    },
    cost: {
      en: 'The time of the training. The result is an ordinary pruned network; what trained behind it is gone at the end.',
      zh: '需要训练的时间。结果是普通的剪枝网络，背后训练的隐藏权重最后会丢弃。',
    },
    pays: {
      en: 'It pays when much is cut at once, or early, when nobody can know yet which weights will be needed.',
      zh: '当一次剪去很多，或在训练早期尚不知道哪些权重有用时，它值得用。',
    },
    paper: 'Guo, Yao, Chen 2016, Dynamic Network Surgery for Efficient DNNs',
  },
  params: {
    by: {
      kind: 'choice',
      default: 'sparsity',
      label: { en: 'Threshold', zh: '阈值' },
      help: {
        en: 'From the sparsity that you want, or, as in the paper, from how large the weights of each layer are and how much they differ.',
        zh: '由想要的稀疏度决定；或如论文所述，由每层权重的大小和离散程度决定。',
      },
      options: [
        { value: 'sparsity', label: { en: 'From the sparsity', zh: '由稀疏度决定' } },
        { value: 'spread', label: { en: 'Mean + c × spread (paper)', zh: '均值 + c × 标准差（论文）' } },
      ],
    },
    sparsity: { ...DEEP_SPARSITY, when: { by: ['sparsity'] } },
    c: {
      kind: 'number',
      live: true,
      min: -2,
      max: 5,
      step: 0.05,
      default: 1,
      when: { by: ['spread'] },
      label: { en: 'c', zh: '系数 c' },
      help: {
        en: 'How many standard deviations above the mean of |w| the threshold lies. Higher prunes more.',
        zh: '阈值比 |w| 的均值高多少个标准差。越高剪得越多。',
      },
    },
    schedule: {
      ...SCHEDULE,
      default: 'cubic',
      options: SCHEDULE.options.filter(({ value }) => value !== 'iterative'),
      when: { by: ['sparsity'] },
      help: {
        en: 'At once: the whole sparsity from the start, as in the paper. Cubic: it grows, fast first, then ever slower. Log-cubic: cubic in the logarithm of what is left, gentler at the end of a deep cut.',
        zh: '“一次完成”：如论文，一开始就达到全部稀疏度。“三次”：逐渐增长，先快后慢。“对数三次”：对剩余比例的对数取三次曲线，剪得很多时末段更平缓。',
      },
    },
    rounds: {
      ...ROUNDS,
      when: {},
      label: { en: 'Operations', zh: '手术次数' },
      help: { en: 'How often weights are cut and put back.', zh: '剪去和放回权重的次数。' },
    },
    part: {
      ...PART,
      label: { en: 'Surgery part of the run', zh: '手术所占的训练部分' },
      help: {
        en: 'Weights go and come back in this part of the training; then it is settled which stay.',
        zh: '在训练的这一部分里权重可以去掉或放回；之后哪些留下就固定了。',
      },
    },
    scope: {
      ...SPREAD_SCOPE,
      default: 'lamp',
      when: { by: ['sparsity'] },
      help: {
        en: 'Global: one threshold for all weights. Layer by layer: the same share of each layer. By relative size (LAMP): shares that follow from how small weights are within their layer. By sensitivity first measures what each layer costs when it alone is pruned (this takes a while), then takes less of the layers that cost more.',
        zh: '“全局”：所有权重共用一个阈值；“逐层”：每一层去掉相同的比例；“按相对大小（LAMP）”：各层的比例由权重在本层中的相对大小决定；“按敏感度”先测量单独剪枝每一层的代价（需要一些时间），再从代价大的层少剪一些。',
      },
      options: [
        { value: 'lamp', label: { en: 'By relative size (LAMP)', zh: '按相对大小（LAMP）' } },
        ...SPREAD_SCOPE.options,
      ],
    },
    ...SPARSE_TRAINING,
    layers: LAYERS,
  },
  formula: (values) =>
    lines(
      ...thresholdFormula(values),
      {
        en: `m′ = 0 if |v| < ${CUT} t, 1 if |v| ≥ ${SPLICE} t, else m; w = m′ · v, v: hidden copy of w`,
        zh: `当 |v| < ${CUT} t 时 m′ = 0，当 |v| ≥ ${SPLICE} t 时 m′ = 1，否则 m′ = m；w = m′ · v，v 为 w 的隐藏副本`,
      },
      sparseFormula(values),
    ),
  needs: ['weights', 'knownGraph', 'data', 'training'],
  effects: {
    masks: 'consumes',
    grids: 'consumes',
    activations: 'keeps',
    codebooks: 'consumes',
    shapes: 'keeps',
    makes: ['masks'],
    reason: {
      en: 'Pruned weights may come back, and weights move freely while they do, off any grid or codebook: quantize or share afterwards.',
      zh: '被剪去的权重可能重新长出，其间权重自由变化，不再位于网格或码本上：请在之后再量化或共享。',
    },
  },
  preview: 'structure',

  async prepare(model, values, context): Promise<readonly Curve[] | null> {
    if (values.by === 'spread' || values.scope !== 'sensitivity') return null;
    const free = freed(model, values.layers);
    return layerCurves(free, rankingsOf(free, values), within(context, 0, SCAN));
  },

  async sketch(model, values, _context, curves) {
    const free = freed(model, values.layers);
    const selected = selectPrunable(free, values.layers);
    if (values.by === 'spread') return masked(free, selected, spreadThresholds(selected, values.c), shown, [1, 1]);
    return lowestPruned(free, values, curves);
  },

  async apply(model, values, context, curves) {
    const free = freed(model, values.layers);
    const start = selectPrunable(free, values.layers);
    const fixed = values.by === 'spread' ? spreadThresholds(start, values.c) : null;
    const schedule = values.schedule as Schedule;
    const steps = pruningSteps({ ...values, schedule }, 0, values.sparsity);
    const counts = { operations: 0, returned: 0 };
    const progress = { settled: false, at: 0, apart: 1 };
    const objective = { ...sparseObjective(free, model, values, context), regrow: true };
    const rest = curves ? within(context, SCAN, 1 - SCAN) : context;
    let trained = await rest.train(objective, {
      every: (values.epochs * values.part) / values.rounds,
      revise(current, done, shadow) {
        if (progress.settled) return current;
        if (done > progress.at) progress.apart = done - progress.at;
        progress.at = done;
        progress.settled = done >= values.part - 1e-9;
        const atOnce = progress.settled || schedule === 'once';
        const sparsity = fixed ? 0 : atOnce ? values.sparsity : stepDue(steps, done)?.sparsity;
        if (sparsity === undefined) return current;
        const selected = selectPrunable(current, values.layers);
        const hidden = new Map(selected.map(({ layer }) => [layer.name, shadow(layer.name)]));
        const weights: Hidden = ({ layer }) => hidden.get(layer.name) as Float32Array;
        const limits = fixed ?? thresholds(selected, weights, sparsity, values.scope, curves);
        // The last operation is exact: nothing is left in between.
        const after = masked(current, selected, limits, weights, progress.settled && !fixed ? [1, 1] : EDGES);
        counts.operations++;
        counts.returned += comeBack(selected, selectPrunable(after, values.layers));
        return after;
      },
      memory: {
        read: () => ({ ...counts, ...progress }),
        write(kept) {
          const { operations, returned, ...rest } = kept as unknown as typeof counts & typeof progress;
          Object.assign(counts, { operations, returned });
          Object.assign(progress, rest);
        },
      },
    });
    // A run of few batches ends before its last operation; one that was stopped stays as it is.
    if (!fixed && !progress.settled && progress.at + progress.apart >= values.part)
      trained = lowestPruned(trained, values, curves);
    const ends = selectPrunable(trained, values.layers);
    const reached = sparsityOf(ends);
    const notes = [operated(reached, counts.operations, counts.returned)];
    if (curves) notes.push(sharesNote(ends));
    return { model: trained, report: { notes } };
  },
});

interface Choice {
  readonly layers: readonly string[];
  readonly scope: string;
  readonly sparsity: number;
}

function lowestPruned(model: Model, choice: Choice, curves: readonly Curve[] | null): Model {
  return pruneRanked(model, { rankings: rankingsOf(model, choice), curves }, choice.sparsity).model;
}

function rankingsOf(model: Model, { layers, scope }: Omit<Choice, 'sparsity'>): readonly Ranking[] {
  const keysOf = scope === 'lamp' ? lampKeys : magnitudeKeys;
  const among = scope === 'lamp' ? 'global' : scope;
  return rankWeights(selectPrunable(model, layers), among, ({ tensor }) => keysOf(tensor.data));
}

/** The model whose selected weights are plain numbers; pruned ones stay 0 for now. */
function freed(model: Model, layers: readonly string[]): Model {
  return mapPrunable(model, layers, (_layer, tensor) => {
    const { mask, values } = tensor.encoding;
    if (values.kind === 'dense') return tensor;
    return makeTensor(tensor.shape, tensor.data, { ...(mask ? { mask } : {}), values: { kind: 'dense' } });
  });
}

/** Cuts hidden weights below `cut` thresholds, puts back those from `splice` thresholds on, and leaves the others. */
function masked(
  model: Model,
  selected: readonly Selected[],
  limits: readonly number[],
  weights: Hidden,
  [cut, splice]: readonly [number, number],
): Model {
  const changed = new Map<string, Tensor>();
  for (const [i, one] of selected.entries()) {
    const { tensor, layer } = one;
    const [hidden, limit, before] = [weights(one), limits[i] as number, tensor.encoding.mask];
    const mask: Mask = new Uint8Array(hidden.length);
    const data = new Float32Array(hidden.length);
    for (let w = 0; w < hidden.length; w++) {
      const size = Math.abs(hidden[w] as number);
      // A weight that is 0 is none, also where so many are that the threshold is 0.
      const stays = size > 0 && (size >= splice * limit || (size >= cut * limit && (!before || before[w] === 1)));
      if (!stays) continue;
      mask[w] = 1;
      data[w] = hidden[w] as number;
    }
    changed.set(layer.name, makeTensor(tensor.shape, data, { mask, values: { kind: 'dense' } }));
  }
  return mapPrunable(model, [...changed.keys()], (layer, tensor) => changed.get(layer.name) ?? tensor);
}

function comeBack(before: readonly Selected[], after: readonly Selected[]): number {
  return after.reduce((sum, { tensor }, i) => {
    const old = before[i]?.tensor.encoding.mask;
    const mask = tensor.encoding.mask;
    return sum + (old && mask ? mask.reduce((count, kept, w) => count + (kept && !old[w] ? 1 : 0), 0) : 0);
  }, 0);
}

function operated(sparsity: number, operations: number, returned: number): Words {
  return {
    en: `${percent(sparsity)} % of the weights are zero after ${counted(operations, 'operation')}; ${counted(returned, 'time')} a weight came back.`,
    zh: `${operations} 次手术后 ${percent(sparsity)} % 的权重为零；其间权重重新长出 ${returned} 次。`,
  };
}

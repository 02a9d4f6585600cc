/**
 * Dynamic network surgery: pruning that can change its mind. Behind the pruned network every weight trains on; one that grows
 * important again is put back (spliced), and another goes.
 *
 * It helps because a weight that looks unimportant early may be needed once others have gone; a mask that never opens
 * again has to be right the first time. It costs a training run, and memory for the weights that are not there.
 *
 * A weight goes when the size of its hidden copy falls below a = 0.9 t, comes back above b = 1.1 t, and stays what it is in between, so
 * that it does not flicker. The threshold a of a layer is where the wanted sparsity lies among its hidden weights (or those of all layers; or LAMP shares it out), or, as in the paper, t is
 * mean + c x standard deviation of the layer's |w| at the start. In the last part of the run the mask is fixed.
 * Paper: Guo, Yao, Chen 2016, "Dynamic Network Surgery for Efficient DNNs".
 */

import { type Formula, lines } from '#core/formula';
import { mapPrunable } from '#core/model/edit';
import type { Mask } from '#core/model/encoding';
import type { Model, Tensor } from '#core/model/model';
import { makeTensor } from '#core/model/tensor';
import { joined } from '#core/numeric/joined';
import { countBelow, magnitudeKeys, radixSort, sortFloats } from '#core/numeric/radix';
import type { Words } from '#core/params';
import { definePass } from '#core/pass';
import { lampKeys } from '#core/passes/lamp-pruning';
import { pruneLowest, QUANTILES, rankWeights, SCOPE } from '#core/passes/shared/ranked-pruning';
import {
  PART,
  pruningSteps,
  ROUNDS,
  SCHEDULE,
  type Schedule,
  scheduleFormula,
  stepDue,
} from '#core/passes/shared/schedule';
import { LAYERS, type Selected, selectPrunable } from '#core/passes/shared/selection';
import {
  DEEP_SPARSITY,
  leftFormula,
  SPARSE_TRAINING,
  sparseFormula,
  sparseObjective,
  sparsityOf,
} from '#core/passes/shared/sparse-training';
import { counted, percent, tidy } from '#core/passes/shared/words';

/** Hidden weights between these shares of the threshold stay as they are. */
const CUT = 0.9;
const SPLICE = 1.1;
/** The same, as shares of the lower one. */
const EDGES = [1, SPLICE / CUT] as const;

interface ThresholdValues {
  readonly by: string;
  readonly sparsity: number;
  readonly c: number;
  readonly schedule: string;
  readonly rounds: number;
  readonly scope: string;
}

function thresholdFormula({ by, sparsity, c, schedule, rounds, scope }: ThresholdValues): readonly Formula[] {
  if (by === 'spread') {
    const t = `t = max(0, mean |w| ${c < 0 ? '−' : '+'} ${tidy(Math.abs(c))} · std |w|)`;
    return [{ en: `${t} of each layer at the start`, zh: `${t}，取训练开始时每层的值` }];
  }
  const left = scheduleFormula(schedule as Schedule, rounds, 'd', '1', tidy(1 - sparsity));
  if (scope !== 'lamp') {
    const { en, zh } = QUANTILES[scope as 'global' | 'layer'];
    const t = `${CUT} t = Q(1 − dₖ)`;
    return [leftFormula(left), { en: `${t}, Q: quantile of |v| ${en}`, zh: `${t}，Q 为 |v| ${zh}的分位数` }];
  }
  const t = `${CUT} t = Q(qₗ)`;
  return [
    leftFormula(left),
    {
      en: `${t}, Q: quantile of |v| in layer l; qₗ by LAMP, Σ nₗ · qₗ = (1 − dₖ) · Σ nₗ`,
      zh: `${t}，Q 为 |v| 在第 l 层内的分位数；qₗ 由 LAMP 得出，Σ nₗ · qₗ = (1 − dₖ) · Σ nₗ`,
    },
  ];
}

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
      ...SCOPE,
      default: 'lamp',
      when: { by: ['sparsity'] },
      help: {
        en: 'Global: one threshold for all weights. Layer by layer: the same share of each layer. By relative size (LAMP): shares that follow from how small weights are within their layer.',
        zh: '“全局”：所有权重共用一个阈值；“逐层”：每一层去掉相同的比例；“按相对大小（LAMP）”：各层的比例由权重在本层中的相对大小决定。',
      },
      options: [
        { value: 'lamp', label: { en: 'By relative size (LAMP)', zh: '按相对大小（LAMP）' } },
        ...SCOPE.options,
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

  async sketch(model, values) {
    const free = freed(model, values.layers);
    const selected = selectPrunable(free, values.layers);
    if (values.by === 'spread') return masked(free, selected, spreadThresholds(selected, values.c), shown, [1, 1]);
    return lowestPruned(free, values);
  },

  async apply(model, values, context) {
    const free = freed(model, values.layers);
    const start = selectPrunable(free, values.layers);
    const fixed = values.by === 'spread' ? spreadThresholds(start, values.c) : null;
    const schedule = values.schedule as Schedule;
    const steps = pruningSteps({ ...values, schedule }, 0, values.sparsity);
    const counts = { operations: 0, returned: 0 };
    const progress = { settled: false, at: 0, apart: 1 };
    const objective = { ...sparseObjective(free, model, values, context), regrow: true };
    let trained = await context.train(objective, {
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
        const limits = fixed ?? thresholds(selected, weights, sparsity, values.scope);
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
      trained = lowestPruned(trained, values);
    const reached = sparsityOf(selectPrunable(trained, values.layers));
    return { model: trained, report: { notes: [operated(reached, counts.operations, counts.returned)] } };
  },
});

function lowestPruned(
  model: Model,
  {
    layers,
    scope,
    sparsity,
  }: { readonly layers: readonly string[]; readonly scope: string; readonly sparsity: number },
): Model {
  const keysOf = scope === 'lamp' ? lampKeys : magnitudeKeys;
  const among = scope === 'layer' ? 'layer' : 'global';
  const rankings = rankWeights(selectPrunable(model, layers), among, ({ tensor }) => keysOf(tensor.data));
  return pruneLowest(model, rankings, sparsity).model;
}

/** The weights behind a tensor's mask. */
type Hidden = (one: Selected) => Float32Array;
const shown: Hidden = ({ tensor }) => tensor.data;

/** The model whose selected weights are plain numbers; pruned ones stay 0 for now. */
function freed(model: Model, layers: readonly string[]): Model {
  return mapPrunable(model, layers, (_layer, tensor) => {
    const { mask, values } = tensor.encoding;
    if (values.kind === 'dense') return tensor;
    return makeTensor(tensor.shape, tensor.data, { ...(mask ? { mask } : {}), values: { kind: 'dense' } });
  });
}

/** For each tensor the |w| below which this share of the hidden weights lies, of its own or of all of them. */
function thresholds(
  selected: readonly Selected[],
  weights: Hidden,
  sparsity: number,
  scope: string,
): readonly number[] {
  const sizes = selected.map((one) => weights(one).map(Math.abs));
  const limitOf = (own: Float32Array, count: number): number => sortFloats(own)[count] ?? Number.POSITIVE_INFINITY;
  if (scope === 'layer') return sizes.map((own) => limitOf(own, Math.round(sparsity * own.length)));
  if (scope === 'lamp') {
    const keys = sizes.map(lampKeys);
    const all = radixSort(joined(keys, Uint32Array));
    const limit = all[Math.round(sparsity * all.length)] ?? Number.POSITIVE_INFINITY;
    return sizes.map((own, i) => limitOf(own, countBelow(radixSort(keys[i] as Uint32Array), limit)));
  }
  const all = joined(sizes, Float32Array);
  const limit = limitOf(all, Math.round(sparsity * all.length));
  return sizes.map(() => limit);
}

/** a = 0.9 (mean + c x standard deviation) of the |w| that are not 0, never below 0. */
function spreadThresholds(selected: readonly Selected[], c: number): readonly number[] {
  return selected.map(({ tensor }) => {
    const sizes = [...tensor.data].map(Math.abs).filter((size) => size > 0);
    const mean = sizes.reduce((sum, size) => sum + size, 0) / Math.max(1, sizes.length);
    const variance = sizes.reduce((sum, size) => sum + (size - mean) ** 2, 0) / Math.max(1, sizes.length);
    return CUT * Math.max(0, mean + c * Math.sqrt(variance));
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

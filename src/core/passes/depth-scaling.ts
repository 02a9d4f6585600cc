/**
 * Depth multiplier: blocks are left out of the network, or repeated in it.
 *
 * It helps below 1 because layers cost time one after the other, whatever their width, and residual networks lose little with a block: what it was added to goes on
 * alone. Above 1 it lets a network grow that is too small, from where it stands: the new blocks change nothing at first and learn from there.
 * It costs the training afterwards.
 *
 * A block is a residual branch with its add; in networks without those, a layer with its normalisation and activation (to be left out it must give the shape that it
 * takes, unless the network starts afresh). Blocks are chosen evenly over the depth.
 * Papers: Veit, Wilber, Belongie 2016, "Residual Networks Behave Like Ensembles" (leaving out); Chen, Goodfellow, Shlens 2016, "Net2Net" (growing).
 */
import { type Formula, lines } from '#core/formula';
import { definePass } from '#core/pass';
import { withDepth } from '#core/passes/shared/depth';
import { freshWeights } from '#core/passes/shared/fresh-weights';
import { settle, settlingFormula, settlingParams } from '#core/passes/shared/settling';
import { asTrained } from '#core/passes/shared/sketching';
import { tidy } from '#core/passes/shared/words';

/** What becomes of what lies behind a block. */
function changeOf({ depth, start }: { readonly depth: number; readonly start: string }): readonly Formula[] {
  if (depth === 1) return [];
  if (depth < 1) return ['x + f(x) → x,   f(x) → x'];
  if (start === 'fresh') return ['x → x + f(x),   x → f(x)'];
  return [
    {
      en: 'x → x + f(x), f = 0 at first, or x → max(0, W x), W = I at first',
      zh: 'x → x + f(x)，起初 f = 0；或 x → max(0, W x)，起初 W = I',
    },
  ];
}

export const depthScaling = definePass({
  id: 'depth-scaling',
  family: 'structure',
  words: {
    title: { en: 'Depth multiplier', zh: '深度系数' },
    help: {
      en: 'Leaves blocks of layers out of the network, or repeats them, evenly over its depth.',
      zh: '在整个深度上均匀地去掉或重复网络中的块。',
    },
    cost: {
      en: 'The time of the training afterwards. Shallower, the network is smaller and answers sooner; deeper, the contrary.',
      zh: '时间花在之后的训练上。变浅后网络更小、响应更快；变深则相反。',
    },
    pays: {
      en: 'It pays in networks with residual blocks or several layers of one width; time on small devices goes by the number of layers.',
      zh: '适用于含残差块或有多个同宽层的网络；在小型设备上，耗时主要取决于层数。',
    },
    paper:
      'Veit, Wilber, Belongie 2016, Residual Networks Behave Like Ensembles of Relatively Shallow Networks; Chen, Goodfellow, Shlens 2016, Net2Net',
  },
  params: {
    depth: {
      kind: 'number',
      live: true,
      min: 0,
      max: 3,
      step: 0.05,
      default: 0.5,
      unit: 'percent',
      label: { en: 'Depth', zh: '深度' },
      help: {
        en: 'How many blocks there are afterwards, as a share of those there are now. Above 100 % the network grows.',
        zh: '之后的块数占现在的比例。超过 100 % 时网络变深。',
      },
    },
    start: {
      kind: 'choice',
      default: 'kept',
      label: { en: 'Start', zh: '起点' },
      help: {
        en: 'From the weights of this network, or with fresh ones: then layers that change the shape may go, too.',
        zh: '从当前网络的权重出发，或使用全新的权重：这时改变形状的层也可以去掉。',
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
        en: `n′ = round(${tidy(values.depth)} · n), n: how many blocks there are`,
        zh: `n′ = round(${tidy(values.depth)} · n)，n 为现有的块数`,
      },
      ...changeOf(values),
      ...settlingFormula(values),
    ),
  needs: ['weights', 'knownGraph', 'data', 'training'],
  effects: {
    masks: 'consumes',
    grids: 'consumes',
    codebooks: 'consumes',
    shapes: 'consumes',
    reason: {
      en: 'Layers go or come. Those that stay keep what was done to them unless the network starts afresh. Scale first, then prune, quantize or share.',
      zh: '有的层会去掉或增加。保留下来的层保持原有处理，除非网络重新初始化。请先缩放，再剪枝、量化或共享。',
    },
  },
  preview: 'structure',

  async sketch(model, { depth, start, after }) {
    const { model: changed } = withDepth(model, depth, start === 'fresh');
    const begun = start === 'fresh' ? freshWeights(changed, 0) : changed;
    return after === 'nothing' ? begun : asTrained(begun, model);
  },

  idle(model, { depth, start }) {
    const { model: changed, note } = withDepth(model, depth, start === 'fresh');
    return changed === model ? [note] : null;
  },

  async apply(model, values, context) {
    const { model: changed, note } = withDepth(model, values.depth, values.start === 'fresh');
    if (changed === model) return { model, report: { notes: [note] } };
    const begun = values.start === 'fresh' ? freshWeights(changed, Math.floor(context.random() * 2 ** 31)) : changed;
    return { model: await settle(begun, model, values, context), report: { notes: [note] } };
  },
});

/**
 * Activation pruning: the weights of units that are seldom or weakly active go first. A unit is an output channel of a
 * layer; over calibration images its activation is averaged, or counted how often it is not zero, and each of its weights
 * is worth its own size times that.
 *
 * It helps in networks with rectifiers, where some units are off for nearly every image. It costs one look at some images.
 *
 * Importance: |w_ij| times the mean of |a_j|, or times 1 - APoZ_j, APoZ being the average percentage of zeros of unit j after
 * the rectifier. a is read behind the layer's activation, also where that is a layer of its own behind batch normalisation.
 * Paper: Hu, Peng, Tai, Tang 2016, "Network Trimming: A Data-Driven Neuron Pruning Approach towards Efficient Deep Architectures".
 */
import type { Words } from '#core/params';
import { definePass } from '#core/pass';
import { CALIBRATION_IMAGES, rankByScores } from '#core/passes/shared/importance';
import { matrixOf } from '#core/passes/shared/kernel-matrix';
import { pruneRanked, pruningFormula, type Ranked, SPARSITY, SPREAD_SCOPE } from '#core/passes/shared/ranked-pruning';
import { LAYERS, selectRunning } from '#core/passes/shared/selection';
import { activationPlace, unitActivity } from '#core/passes/shared/unit-activations';

interface Ready {
  readonly ranked: Ranked;
  readonly notes: readonly Words[];
}

export const activationPruning = definePass({
  id: 'activation-pruning',
  family: 'pruning',
  words: {
    title: { en: 'Activation pruning (by output)', zh: '激活剪枝（按输出）' },
    help: {
      en: 'Looks at how active each neuron is on real images, and sets the weights of the quietest neurons to zero first.',
      zh: '观察每个神经元在真实图片上有多活跃，先把最安静的神经元的权重变成零。',
    },
    cost: {
      en: 'A look at some training images, a second or less for a small network. Zeros are still multiplied, so the file shrinks, not the arithmetic.',
      zh: '需要看一些训练图片，小网络不到一秒。零仍然参与乘法，因此变小的是文件而不是计算量。',
    },
    pays: {
      en: 'It is made for wide networks with ReLU in which some neurons are hardly ever on. Where all of them work, the size of the weights usually keeps more accuracy.',
      zh: '它适用于使用 ReLU、且有些神经元几乎从不激活的宽网络。若所有神经元都在工作，只看权重大小通常保留更多准确率。',
    },
    paper:
      'Hu, Peng, Tai, Tang 2016, Network Trimming: A Data-Driven Neuron Pruning Approach towards Efficient Deep Architectures',
  },
  params: {
    sparsity: SPARSITY,
    measure: {
      kind: 'choice',
      default: 'mean',
      label: { en: 'Activity', zh: '活跃度' },
      help: {
        en: 'The mean says how strongly a neuron answers; the share of zeros (APoZ) how often it is silent.',
        zh: '均值表示神经元反应多强；零的比例（APoZ）表示它多常沉默。',
      },
      options: [
        { value: 'mean', label: { en: 'Mean activation', zh: '平均激活值' } },
        { value: 'apoz', label: { en: 'Share of zeros (APoZ)', zh: '零的比例（APoZ）' } },
      ],
    },
    images: CALIBRATION_IMAGES,
    scope: { ...SPREAD_SCOPE, default: 'layer' },
    layers: LAYERS,
  },
  formula: ({ measure, sparsity, scope }) =>
    pruningFormula(`s = |wᵢⱼ| · ${measure === 'mean' ? 'mean |aⱼ|' : '(1 − APoZⱼ)'}`, sparsity, scope),
  needs: ['weights', 'knownGraph', 'data'],
  effects: { masks: 'keeps', grids: 'keeps', codebooks: 'keeps', shapes: 'keeps', makes: ['masks'] },
  preview: 'accuracy',

  async prepare(model, values, context): Promise<Ready> {
    const selected = selectRunning(model, values.layers);
    const places = selected.map(({ layer }) => activationPlace(model, layer.name));
    const units = selected.map((one, i) => ({ layer: places[i]?.layer as string, channels: matrixOf(one).columns }));
    const activity = await unitActivity(model, units, values.images, context);
    const scores = selected.map(({ tensor }, i) => {
      const unit = activity[i]?.[values.measure === 'mean' ? 'mean' : 'active'] as Float64Array;
      return Float64Array.from(tensor.data, (w, at) => Math.abs(w) * (unit[at % unit.length] as number));
    });
    const silent = selected.filter((_, i) => !places[i]?.rectified).map(({ layer }) => layer.name);
    return {
      ranked: await rankByScores(model, selected, scores, values.scope, context),
      notes: values.measure === 'apoz' && silent.length > 0 ? [neverZero(silent)] : [],
    };
  },

  async apply(model, values, _context, { ranked, notes }) {
    const { model: pruned, report } = pruneRanked(model, ranked, values.sparsity);
    return { model: pruned, report: { notes: [...notes, ...report.notes] } };
  },
});

function neverZero(layers: readonly string[]): Words {
  return {
    en: `${layers.join(', ')}: no ReLU follows, so their outputs are hardly ever zero, and their weights are compared by their size alone.`,
    zh: `${layers.join('、')} 之后没有 ReLU，输出几乎不会为零，因此只按权重大小比较。`,
  };
}

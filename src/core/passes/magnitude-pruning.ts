/**
 * Magnitude pruning: the weights with the smallest |w| become zero and stay zero.
 *
 * It helps because a trained network carries many weights that hardly matter; fine-tuning afterwards wins back most of
 * what was lost. It costs nothing to run, and it makes the file smaller, not the arithmetic: a sparse layer still does
 * every multiplication. Global ranking takes weights where they matter least and keeps small layers full; layer by layer
 * gives each layer the same share. Biases and batch normalisation are left alone.
 *
 * Exactly round(sparsity x weights) weights are pruned: equal magnitudes are taken in the order of layers and indices,
 * and weights pruned before stay pruned and count. Magnitudes are sorted once; a move of the slider is a look-up.
 * Paper: Han, Pool, Tran, Dally 2015, "Learning both Weights and Connections for Efficient Neural Networks".
 */
import { mapPrunable } from '#core/model/edit';
import type { Encoding, Mask } from '#core/model/encoding';
import type { Tensor } from '#core/model/model';
import { makeTensor } from '#core/model/tensor';
import { countBelow, magnitudeKeys, radixSort } from '#core/numeric/radix';
import type { Words } from '#core/params';
import { definePass } from '#core/pass';
import { LAYERS, type Selected, selectPrunable } from '#core/passes/shared/selection';

/** Weights that are ranked together. `sorted`: the magnitudes' bits of the weights not pruned so far, ascending. */
interface Ranking {
  readonly members: readonly Selected[];
  readonly sorted: Uint32Array;
  readonly weights: number;
}

export const magnitudePruning = definePass({
  id: 'magnitude-pruning',
  family: 'pruning',
  words: {
    title: { en: 'Magnitude pruning', zh: '幅值剪枝' },
    help: {
      en: 'Sets the weights closest to zero to exactly zero. A trained network has many weights that hardly change its answers; remove those first.',
      zh: '把最接近零的权重变成零。训练好的网络里有许多权重几乎不影响结果，先去掉它们。',
    },
    cost: {
      en: 'Instant. The file compresses better; the number of multiplications shown stays, because zeros are still multiplied. Above about 80 % it usually needs fine-tuning afterwards.',
      zh: '瞬间完成。文件压缩得更小；乘法次数不变，因为零仍然参与运算。超过约 80 % 时通常需要再微调。',
    },
    paper: 'Han, Pool, Tran, Dally 2015, Learning both Weights and Connections for Efficient Neural Networks',
  },
  params: {
    sparsity: {
      kind: 'number',
      live: true,
      min: 0,
      max: 0.99,
      step: 0.005,
      default: 0.5,
      unit: 'percent',
      label: { en: 'Sparsity', zh: '稀疏度' },
      help: { en: 'The share of the weights that become zero.', zh: '变为零的权重所占的比例。' },
    },
    scope: {
      kind: 'choice',
      default: 'global',
      label: { en: 'Ranking', zh: '排序范围' },
      help: {
        en: 'Global compares all weights of the network and takes the smallest wherever they are. Layer by layer takes the same share of each layer.',
        zh: '“全局”比较整个网络的权重，去掉最小的；“逐层”在每一层去掉相同的比例。',
      },
      options: [
        { value: 'global', label: { en: 'Global', zh: '全局' } },
        { value: 'layer', label: { en: 'Layer by layer', zh: '逐层' } },
      ],
    },
    layers: LAYERS,
  },
  needs: ['weights'],
  effects: { masks: 'keeps', grids: 'keeps', codebooks: 'keeps', shapes: 'keeps' },
  preview: 'accuracy',

  async prepare(model, values): Promise<readonly Ranking[]> {
    const selected = selectPrunable(model, values.layers);
    const parts = values.scope === 'global' ? [selected] : selected.map((one) => [one]);
    return parts.map(rank);
  },

  async apply(model, values, _context, rankings) {
    const notes: Words[] = [];
    const pruned = new Map<string, Tensor>();
    for (const ranking of rankings) prune(ranking, values.sparsity, pruned, notes);
    return {
      model: mapPrunable(model, values.layers, (layer, tensor) => pruned.get(layer.name) ?? tensor),
      report: { notes },
    };
  },
});

function rank(members: readonly Selected[]): Ranking {
  const weights = members.reduce((sum, { tensor }) => sum + tensor.data.length, 0);
  const keys = new Uint32Array(weights);
  let kept = 0;
  for (const { tensor } of members) {
    const { mask } = tensor.encoding;
    const magnitudes = magnitudeKeys(tensor.data);
    if (!mask) {
      keys.set(magnitudes, kept);
      kept += magnitudes.length;
      continue;
    }
    for (let i = 0; i < magnitudes.length; i++) if (mask[i]) keys[kept++] = magnitudes[i] as number;
  }
  return { members, sorted: radixSort(keys.subarray(0, kept)), weights };
}

function prune(
  { members, sorted, weights }: Ranking,
  sparsity: number,
  pruned: Map<string, Tensor>,
  notes: Words[],
): void {
  const already = weights - sorted.length;
  const more = Math.round(sparsity * weights) - already;
  if (more <= 0) {
    if (already > 0 && more < 0) notes.push(alreadySparser(members, already / weights));
    return;
  }
  const threshold = sorted[more - 1] as number;
  let ties = more - countBelow(sorted, threshold);
  for (const { layer, tensor } of members) {
    const keys = magnitudeKeys(tensor.data);
    const before = tensor.encoding.mask;
    const mask: Mask = new Uint8Array(keys.length);
    const data = tensor.data.slice();
    let left = 0;
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i] as number;
      if (before && !before[i]) continue;
      if (key < threshold || (key === threshold && ties-- > 0)) {
        data[i] = 0;
        continue;
      }
      mask[i] = 1;
      left++;
    }
    if (left === keys.length) continue;
    if (left === 0) notes.push(emptied(layer.name));
    pruned.set(layer.name, makeTensor(tensor.shape, data, { mask, values: keptValues(tensor.encoding, data, mask) }));
  }
}

/** A grid stays as it is, since 0 is on every grid; a codebook loses the centroids that have no members left. */
function keptValues({ values }: Encoding, data: Float32Array, mask: Mask): Encoding['values'] {
  if (values.kind !== 'codebook') return values;
  const used = new Set<number>();
  for (let i = 0; i < data.length; i++) if (mask[i]) used.add(data[i] as number);
  const centroids = values.centroids.filter((centroid) => used.has(centroid));
  return { kind: 'codebook', centroids: centroids.length > 0 ? centroids : values.centroids.slice(0, 1) };
}

function alreadySparser(members: readonly Selected[], share: number): Words {
  const percent = (share * 100).toFixed(1);
  const [first] = members;
  const one = members.length === 1 && first ? first.layer.name : null;
  return {
    en: `${one ? `${one} has` : 'The model has'} ${percent} % of its weights pruned already. Pruned weights stay pruned, so a lower sparsity changes nothing.`,
    zh: `${one ?? '模型'}已有 ${percent} % 的权重被剪去。剪去的权重不会恢复，因此更低的稀疏度不起作用。`,
  };
}

function emptied(layer: string): Words {
  return {
    en: `Every weight of ${layer} is pruned: nothing passes through this layer any more.`,
    zh: `${layer} 的所有权重都被剪去：不再有信息通过这一层。`,
  };
}

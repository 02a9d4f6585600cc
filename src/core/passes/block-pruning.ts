/**
 * Block pruning: the weights of each layer are laid out as a matrix and cut into small blocks, and the blocks that are
 * smallest as a whole become zero.
 *
 * It helps because a file, or a kernel that skips zeros, then handles one position for a whole block, and memory is read
 * in straight runs. It costs more accuracy than single weights at the same sparsity, the more the larger the blocks: a
 * block of 1 x 1 is magnitude pruning. Here and in most runtimes zeros are still multiplied.
 *
 * Matrix: a row for each input of an output, a column for each output (a convolution's rows run over kernel row, kernel column and input
 * channel). Importance: the mean |w| of the block (L1) or the root of its mean square (L2), so that the smaller blocks
 * at the right and lower edge count alike. Blocks are taken from the least important on, equal ones in the order of layers and places, for as long as
 * no more than round(sparsity x weights) weights are pruned, weights pruned before included: whole blocks only, so a little less than asked.
 * By sensitivity this holds for each layer with its own share.
 * Papers: Narang, Undersander, Diamos 2017, "Block-Sparse Recurrent Neural Networks"; Gray, Radford, Kingma 2017, "GPU Kernels for Block-Sparse Weights".
 */
import type { Mask } from '#core/model/encoding';
import type { Tensor } from '#core/model/model';
import { magnitudeKeys, radixOrder } from '#core/numeric/radix';
import type { NumberParam, Words } from '#core/params';
import { definePass } from '#core/pass';
import { type Matrix, matrixOf } from '#core/passes/shared/kernel-matrix';
import { maskedTensor, prunedCount } from '#core/passes/shared/masking';
import {
  alreadySparser,
  curvesAlone,
  pruningFormula,
  SPARSITY,
  SPREAD_SCOPE,
  sharesNote,
  withPruned,
} from '#core/passes/shared/ranked-pruning';
import { LAYERS, type Selected, selectPrunable } from '#core/passes/shared/selection';
import { type Curve, spreadShare } from '#core/passes/shared/sensitivity';

interface Size {
  readonly rows: number;
  readonly columns: number;
}
/** Blocks that are ranked together. */
interface Ranking {
  readonly members: readonly Selected[];
  /** The number of the first block of each member, and the number of all blocks at the end. */
  readonly starts: readonly number[];
  /** Numbers of the blocks, the least important first. */
  readonly order: Uint32Array;
  /** How many weights each block still has, by its number. */
  readonly left: Uint32Array;
  readonly weights: number;
  readonly already: number;
}

interface Ready {
  readonly rankings: readonly Ranking[];
  /** By sensitivity: what each layer costs when it alone is pruned. */
  readonly curves: readonly Curve[] | null;
}

const EDGE = {
  kind: 'number',
  min: 1,
  max: 32,
  step: 1,
  default: 4,
  control: 'field',
} as const satisfies Partial<NumberParam>;

export const blockPruning = definePass({
  id: 'block-pruning',
  family: 'pruning',
  words: {
    title: { en: 'Block pruning', zh: '块剪枝' },
    help: {
      en: 'Sets whole blocks of neighbouring weights to zero, the smallest blocks first. Blocks are easier to store and to skip than scattered zeros.',
      zh: '把相邻的权重整块变成零，从最小的块开始。成块的零比零散的零更容易存储和跳过。',
    },
    cost: {
      en: 'Instant. The larger the blocks, the more accuracy it costs at the same sparsity; fine-tune afterwards. The multiplications counted here stay, because zeros are still multiplied.',
      zh: '瞬间完成。块越大，相同稀疏度下损失的准确率越多，之后宜微调。这里统计的乘法次数不变，因为零仍然参与运算。',
    },
    pays: {
      en: 'It pays where blocks can be skipped or stored as a whole; for bytes alone, single weights are the better choice.',
      zh: '当块可以整体跳过或存储时值得用；若只求字节数小，逐个权重剪枝更好。',
    },
    paper: 'Narang, Undersander, Diamos 2017, Block-Sparse Recurrent Neural Networks',
  },
  params: {
    sparsity: SPARSITY,
    rows: {
      ...EDGE,
      label: { en: 'Block rows', zh: '块的行数' },
      help: { en: 'How many inputs of an output a block spans.', zh: '一个块跨越一个输出的多少个输入。' },
    },
    columns: {
      ...EDGE,
      label: { en: 'Block columns', zh: '块的列数' },
      help: { en: 'How many outputs a block spans.', zh: '一个块跨越多少个输出。' },
    },
    importance: {
      kind: 'choice',
      default: 'l1',
      label: { en: 'Importance', zh: '重要性' },
      help: {
        en: 'How the size of a block is measured. The root mean square gives a block with one large weight more worth.',
        zh: '如何衡量一个块的大小。均方根会更看重含有个别大权重的块。',
      },
      options: [
        { value: 'l1', label: { en: 'Mean of |w| (L1)', zh: '|w| 的均值（L1）' } },
        { value: 'l2', label: { en: 'Root mean square (L2)', zh: '均方根（L2）' } },
      ],
    },
    scope: {
      ...SPREAD_SCOPE,
      help: {
        en: 'Global compares the blocks of all layers and takes the smallest wherever they are. Layer by layer takes the same share of each layer. By sensitivity first measures what each layer costs when it alone is pruned (this takes a while), then takes less of the layers that cost more.',
        zh: '“全局”比较所有层的块，去掉最小的；“逐层”在每一层去掉相同的比例；“按敏感度”先测量单独剪枝每一层的代价（需要一些时间），再从代价大的层少剪一些。',
      },
    },
    layers: LAYERS,
  },
  formula: ({ sparsity, rows, columns, importance, scope }) => {
    const score = `s = ${importance === 'l1' ? 'mean |w|' : '√(mean w²)'}`;
    const words = {
      en: `${score} of a block of ${rows} × ${columns}`,
      zh: `${score}，在 ${rows} × ${columns} 的块内取均值`,
    };
    return pruningFormula(words, sparsity, scope);
  },
  needs: ['weights'],
  effects: { masks: 'keeps', grids: 'keeps', codebooks: 'keeps', shapes: 'keeps', makes: ['masks'] },
  preview: 'accuracy',

  async prepare(model, values, context): Promise<Ready> {
    const selected = selectPrunable(model, values.layers);
    const parts = values.scope === 'global' ? [selected] : selected.map((one) => [one]);
    const rankings = parts.map((members) => rank(members, values, values.importance === 'l2'));
    if (values.scope !== 'sensitivity') return { rankings, curves: null };
    const alone = (ranking: Ranking, level: number): ReadonlyMap<string, Tensor> => {
      const pruned = new Map<string, Tensor>();
      prune(ranking, values, level, pruned, []);
      return pruned;
    };
    return { rankings, curves: await curvesAlone(model, rankings, alone, context) };
  },

  async apply(model, values, _context, { rankings, curves }) {
    const notes: Words[] = [];
    const pruned = new Map<string, Tensor>();
    const selected = rankings.flatMap(({ members }) => members);
    const total = rankings.reduce((sum, { weights }) => sum + weights, 0);
    const already = rankings.reduce((sum, ranking) => sum + ranking.already, 0);
    if (curves && Math.round(values.sparsity * total) < already)
      return { model, report: { notes: [alreadySparser(selected, already / total)] } };
    const shares = curves ? sharesAt(values.sparsity, rankings, curves) : rankings.map(() => values.sparsity);
    for (const [i, ranking] of rankings.entries()) prune(ranking, values, shares[i] as number, pruned, notes);
    const zeros = [...pruned.values()].reduce((sum, tensor) => sum + prunedCount(tensor), 0);
    if (values.sparsity - zeros / total > 0.005) notes.push(wholeBlocksOnly(values.sparsity, zeros / total));
    if (curves) notes.push(sharesNote(selected, pruned));
    return withPruned(model, selected, pruned, notes);
  },
});

/** The share of each layer that goes, so that together this share of all weights does. */
function sharesAt(sparsity: number, rankings: readonly Ranking[], curves: readonly Curve[]): readonly number[] {
  const parts = rankings.map(({ weights, already }) => ({ size: weights, gone: already }));
  return spreadShare(parts, curves, sparsity).map((count, i) => count / (parts[i]?.size as number));
}

function rank(members: readonly Selected[], size: Size, squared: boolean): Ranking {
  const starts = [0];
  for (const one of members) starts.push((starts.at(-1) as number) + blockCount(matrixOf(one), size));
  const count = starts.at(-1) as number;
  const sums = new Float64Array(count);
  const extents = new Uint32Array(count);
  const left = new Uint32Array(count);
  for (const [m, one] of members.entries()) {
    const { data, encoding } = one.tensor;
    eachWeight(matrixOf(one), size, (i, block) => {
      const b = (starts[m] as number) + block;
      const w = data[i] as number;
      sums[b] = (sums[b] as number) + (squared ? w * w : Math.abs(w));
      extents[b] = (extents[b] as number) + 1;
      if (!encoding.mask || encoding.mask[i]) left[b] = (left[b] as number) + 1;
    });
  }
  const importance = Float32Array.from(sums, (sum, b) => {
    const mean = sum / (extents[b] as number);
    return squared ? Math.sqrt(mean) : mean;
  });
  return {
    members,
    starts,
    order: radixOrder(magnitudeKeys(importance)),
    left,
    weights: members.reduce((sum, { tensor }) => sum + tensor.data.length, 0),
    already: members.reduce((sum, { tensor }) => sum + prunedCount(tensor), 0),
  };
}

function prune(
  { members, starts, order, left, weights, already }: Ranking,
  size: Size,
  sparsity: number,
  pruned: Map<string, Tensor>,
  notes: Words[],
): void {
  let room = Math.round(sparsity * weights) - already;
  if (room < 0 && already > 0) notes.push(alreadySparser(members, already / weights));
  const gone = new Uint8Array(left.length);
  for (const block of order) {
    room -= left[block] as number;
    if (room < 0) break;
    gone[block] = 1;
  }
  for (const [m, one] of members.entries()) {
    const kept: Mask = new Uint8Array(one.tensor.data.length);
    eachWeight(matrixOf(one), size, (i, block) => {
      kept[i] = gone[(starts[m] as number) + block] ? 0 : 1;
    });
    pruned.set(one.layer.name, maskedTensor(one.tensor, kept));
  }
}

function wholeBlocksOnly(asked: number, reached: number): Words {
  const [want, have] = [asked, reached].map((share) => (share * 100).toFixed(1));
  return {
    en: `Only whole blocks are pruned, so ${have} % of the weights are zero where ${want} % were asked for. Smaller blocks come closer.`,
    zh: `只剪去完整的块，因此有 ${have} % 的权重为零，而要求的是 ${want} %。块越小越接近。`,
  };
}

function blockCount(matrix: Matrix, size: Size): number {
  return Math.ceil(matrix.rows / size.rows) * Math.ceil(matrix.columns / size.columns);
}

/** Calls with the place of each weight and the number of its block; blocks are numbered row by row. */
function eachWeight(matrix: Matrix, size: Size, call: (place: number, block: number) => void): void {
  const across = Math.ceil(matrix.columns / size.columns);
  let place = 0;
  for (let row = 0; row < matrix.rows; row++) {
    const first = Math.floor(row / size.rows) * across;
    for (let column = 0; column < matrix.columns; column++) call(place++, first + Math.floor(column / size.columns));
  }
}

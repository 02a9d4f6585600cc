/**
 * N:M pruning: of every M weights in a row, only the N largest stay.
 *
 * It helps where hardware knows the pattern: 2:4 needs half the values and two bits of position for each that is left, and
 * GPUs with sparse tensor cores (NVIDIA Ampere and later) multiply it up to twice as fast. It costs more accuracy than magnitude
 * pruning at the same sparsity, since every group must give up its share, important or not. Here and in most runtimes
 * zeros are still multiplied: what is gained is the file's size.
 *
 * Groups run along the inputs of one output: for a dense layer [in, out] down a column; for a convolution over kernel row,
 * kernel column and input channel, the last fastest, which are groups of input channels wherever their number is a multiple
 * of M; for a depthwise kernel over its places. No group crosses from one output to the next. A last group of fewer than M keeps
 * up to N of its weights, as if zeros filled it up. Of equal magnitudes the first are pruned; weights pruned before stay pruned and count.
 * Papers: Mishra et al. 2021, "Accelerating Sparse Deep Neural Networks"; Zhou et al. 2021, "Learning N:M Fine-grained Structured Sparse Neural Networks From Scratch".
 */
import type { Mask } from '#core/model/encoding';
import type { Tensor } from '#core/model/model';
import type { Words } from '#core/params';
import { definePass } from '#core/pass';
import { type Matrix, matrixOf } from '#core/passes/shared/kernel-matrix';
import { maskedTensor } from '#core/passes/shared/masking';
import { withPruned } from '#core/passes/shared/ranked-pruning';
import { LAYERS, selectPrunable } from '#core/passes/shared/selection';

const PATTERNS = { '2:4': [2, 4], '1:4': [1, 4], '4:8': [4, 8], '2:8': [2, 8] } as const;

export const nmPruning = definePass({
  id: 'n-m-pruning',
  family: 'pruning',
  words: {
    title: { en: 'N:M pruning', zh: 'N:M 剪枝' },
    help: {
      en: 'Keeps the largest few weights of every small group and sets the rest to zero. The zeros are spread so evenly that some GPUs can skip them.',
      zh: '在每一小组权重中只保留最大的几个，其余变成零。零分布得非常均匀，有些 GPU 能够跳过它们。',
    },
    cost: {
      en: 'Instant. Costs more accuracy than magnitude pruning at the same sparsity. Faster only on hardware that knows the pattern (2:4 on NVIDIA Ampere and later); the multiplications counted here stay.',
      zh: '瞬间完成。相同稀疏度下比幅值剪枝损失更多准确率。只有支持该模式的硬件（NVIDIA Ampere 及以后的 2:4）才会变快；这里统计的乘法次数不变。',
    },
    pays: {
      en: 'It pays on hardware that knows the pattern; elsewhere free patterns keep more accuracy.',
      zh: '在支持该模式的硬件上值得用；在其他地方，自由的稀疏模式保留更多准确率。',
    },
    paper: 'Mishra et al. 2021, Accelerating Sparse Deep Neural Networks',
  },
  params: {
    pattern: {
      kind: 'choice',
      default: '2:4',
      label: { en: 'Pattern', zh: '模式' },
      help: {
        en: 'How many weights stay of each group. Groups run along the inputs of one output.',
        zh: '每组保留多少个权重。分组沿着同一输出的各个输入进行。',
      },
      options: [
        { value: '2:4', label: { en: '2 of 4 (half)', zh: '每 4 个留 2 个（一半）' } },
        { value: '1:4', label: { en: '1 of 4 (a quarter)', zh: '每 4 个留 1 个（四分之一）' } },
        { value: '4:8', label: { en: '4 of 8 (half)', zh: '每 8 个留 4 个（一半）' } },
        { value: '2:8', label: { en: '2 of 8 (a quarter)', zh: '每 8 个留 2 个（四分之一）' } },
      ],
    },
    layers: LAYERS,
  },
  formula: ({ pattern }) => {
    const [n, m] = PATTERNS[pattern as keyof typeof PATTERNS];
    return {
      en: `w′ = w if |w| is among the largest ${n} of its group of ${m}, else 0`,
      zh: `当 |w| 属于所在一组 ${m} 个中最大的 ${n} 个时 w′ = w，否则 w′ = 0`,
    };
  },
  needs: ['weights'],
  effects: { masks: 'keeps', grids: 'keeps', codebooks: 'keeps', shapes: 'keeps', makes: ['masks'] },
  preview: 'accuracy',

  async apply(model, values) {
    const [n, m] = PATTERNS[values.pattern as keyof typeof PATTERNS];
    const selected = selectPrunable(model, values.layers);
    const pruned = new Map<string, Tensor>();
    const partial: string[] = [];
    for (const one of selected) {
      const matrix = matrixOf(one);
      pruned.set(one.layer.name, maskedTensor(one.tensor, largestOfEach(one.tensor, matrix, n, m)));
      if (matrix.rows % m !== 0) partial.push(one.layer.name);
    }
    return withPruned(model, selected, pruned, partial.length > 0 ? [partialGroups(partial, n, m)] : []);
  },
});

/** 1 for the n largest of each m weights down a column that are not pruned yet, the later of equal ones. */
function largestOfEach({ data, encoding }: Tensor, { rows, columns }: Matrix, n: number, m: number): Mask {
  const before = encoding.mask;
  const kept: Mask = new Uint8Array(data.length);
  const group: number[] = [];
  for (let column = 0; column < columns; column++) {
    for (let row = 0; row < rows; row += m) {
      group.length = 0;
      for (let r = row; r < Math.min(row + m, rows); r++) {
        const i = r * columns + column;
        if (!before || before[i]) group.push(i);
      }
      const size = (i: number): number => Math.abs(data[i] as number);
      if (group.length > n) group.sort((a, b) => size(b) - size(a) || b - a);
      for (let k = 0; k < Math.min(n, group.length); k++) kept[group[k] as number] = 1;
    }
  }
  return kept;
}

function partialGroups(layers: readonly string[], n: number, m: number): Words {
  return {
    en: `The inputs of ${layers.join(', ')} are no multiple of ${m}: the last group is smaller there and keeps up to ${n}, so a little more than ${n} of ${m} stay.`,
    zh: `${layers.join('、')} 的输入数不是 ${m} 的倍数：那里最后一组较小，仍最多保留 ${n} 个，因此留下的略多于 ${m} 分之 ${n}。`,
  };
}

/**
 * Mixed precision: each layer gets as many bits as it needs, and all together no more than a budget.
 *
 * It helps because layers differ: some answer as well at 3 bits, others lose at 6. For the same bytes the accuracy is higher than with one width
 * for all. It costs a look at each layer at each width first. Biases stay float32.
 *
 * Every layer alone is rounded to 2, 3, 4, 5, 6 and 8 bits, and what that costs is measured: accuracy on validation images lost, or
 * without data the noise, sum (w - w')^2 / sum w^2. All layers start at the narrowest; the step that saves most loss for each bit it adds is taken,
 * over and over, while it fits the budget (the greedy walk along the lower convex hull of each layer's losses). Losses that are not measurable are told apart by noise.
 * Papers: Dong, Yao, Gholami, Mahoney, Keutzer 2019, "HAWQ" (bits by sensitivity); Cai et al. 2020, "ZeroQ" (each layer alone, then the front of size and loss).
 */
import { lines } from '#core/formula';
import { mapPrunable } from '#core/model/edit';
import type { Tensor } from '#core/model/model';
import { codesFor } from '#core/numeric/affine-grid';
import type { Words } from '#core/params';
import { definePass } from '#core/pass';
import {
  GRANULARITY,
  NEW_GRIDS,
  quantizedKernel,
  RANGE,
  roundingNotes,
  spreadKernel,
} from '#core/passes/shared/kernel-grids';
import { LAYERS, type Selected, selectPrunable } from '#core/passes/shared/selection';
import { scanLayers } from '#core/passes/shared/sensitivity';

const WIDTHS = [2, 3, 4, 5, 6, 8] as const;
/** A layer's noise counts as much as this share of accuracy, so that it decides only between losses that cannot be told apart. */
const NOISE = 1e-3;
const BITS_PER_KB = 8000;

interface Ready extends Selected {
  /** The kernel at each width. */
  readonly kernels: readonly Tensor[];
  /** What each width costs, falling. */
  readonly losses: readonly number[];
}

export const mixedPrecision = definePass({
  id: 'mixed-precision',
  family: 'quantization',
  words: {
    title: { en: 'Mixed precision', zh: '混合精度量化' },
    help: {
      en: 'Gives each layer its own number of bits: more where rounding hurts, fewer where it does not, within a budget.',
      zh: '给每一层各自的位数：舍入影响大的层多给，影响小的层少给，总量不超过预算。',
    },
    cost: {
      en: 'First every layer is tried at every width, which takes some seconds; then instant.',
      zh: '先要在每种位数下逐层试验，需要几秒；之后瞬间完成。',
    },
    pays: {
      en: 'It pays between 2 and 5 bits on average; at 8 bits all layers are as good as exact.',
      zh: '适合平均 2 到 5 位的情况；8 位时各层都几乎精确，没有必要。',
    },
    paper:
      'Dong, Yao, Gholami, Mahoney, Keutzer 2019, HAWQ: Hessian AWare Quantization of Neural Networks With Mixed-Precision',
  },
  params: {
    budget: {
      kind: 'choice',
      prepares: false,
      default: 'mean',
      label: { en: 'Budget', zh: '预算' },
      help: {
        en: 'As bits a weight, or as the size of all weights together before packing.',
        zh: '按平均每个权重的位数，或按全部权重打包前的总大小。',
      },
      options: [
        { value: 'mean', label: { en: 'Bits a weight', zh: '每个权重的位数' } },
        { value: 'size', label: { en: 'Size of the weights', zh: '权重的大小' } },
      ],
    },
    bits: {
      kind: 'number',
      live: true,
      when: { budget: ['mean'] },
      min: 2,
      max: 8,
      step: 0.1,
      default: 4,
      unit: 'bits',
      label: { en: 'Bits a weight, on average', zh: '平均每个权重的位数' },
      help: {
        en: 'The budget: the bits of all weights together, divided by their number.',
        zh: '预算：所有权重的总位数除以权重个数。',
      },
    },
    kilobytes: {
      kind: 'number',
      live: true,
      when: { budget: ['size'] },
      min: 0.1,
      max: 10_000,
      step: 0.1,
      scale: 'log',
      default: 20,
      unit: 'kB',
      label: { en: 'Size of the weights', zh: '权重的大小' },
      help: {
        en: 'The budget: the bits of all weights together, before the file is packed. 1 kB is 8,000 bits.',
        zh: '预算：全部权重在打包前的总位数。1 kB 为 8,000 位。',
      },
    },
    by: {
      kind: 'choice',
      default: 'accuracy',
      label: { en: 'Sensitivity', zh: '敏感度' },
      help: {
        en: 'What a layer loses at a width: accuracy on validation images, or how much noise rounding adds to its weights.',
        zh: '某层在某位数下的损失：验证图片上的准确率，或舍入给权重带来的噪声。',
      },
      options: [
        { value: 'accuracy', label: { en: 'Accuracy, measured', zh: '实测准确率' } },
        { value: 'noise', label: { en: 'Noise of the weights', zh: '权重噪声' } },
      ],
    },
    granularity: GRANULARITY,
    range: RANGE,
    layers: LAYERS,
  },
  formula: ({ budget, bits, kilobytes, by }) =>
    lines(
      `min Σ Eₗ(bₗ)   s.t.   Σ nₗ · bₗ ≤ ${budget === 'size' ? `8000 · ${kilobytes}` : `${bits} · Σ nₗ`},   bₗ ∈ {${WIDTHS.join(', ')}}`,
      by === 'noise'
        ? 'Eₗ(b) = Σ (w − w′)² / Σ w²'
        : {
            en: 'Eₗ(b): validation accuracy lost with layer l alone at b bits',
            zh: 'Eₗ(b) 为仅将第 l 层量化为 b 位时损失的验证准确率',
          },
    ),
  needs: ['weights'],
  effects: NEW_GRIDS,
  preview: 'accuracy',

  async prepare(model, { layers, granularity, range, by }, context): Promise<readonly Ready[]> {
    const selected = selectPrunable(model, layers);
    const kernels = selected.map((one) => {
      const kernel = spreadKernel(one, granularity);
      return WIDTHS.map((bits) => quantizedKernel(kernel, bits, codesFor(bits, true), range));
    });
    const at = (i: number, k: number): Tensor => kernels[i]?.[k] as Tensor;
    const scan =
      by === 'noise'
        ? null
        : await scanLayers(
            model,
            [...selected.keys()],
            [...WIDTHS.keys()],
            (_, i, k) => mapPrunable(model, [selected[i]?.layer.name as string], () => at(i, k)),
            context,
          );
    return selected.map((one, i): Ready => {
      const losses = WIDTHS.map((_, k) => {
        const lost = scan ? Math.max(0, scan.before - (scan.accuracies[i]?.[k] as number)) : 0;
        return lost + (scan ? NOISE : 1) * noiseOf(one.tensor, at(i, k));
      });
      // More bits never cost more: what is measured otherwise is chance.
      for (let k = losses.length - 2; k >= 0; k--) losses[k] = Math.max(losses[k] as number, losses[k + 1] as number);
      return { ...one, kernels: kernels[i] as readonly Tensor[], losses };
    });
  },

  async apply(model, { budget, bits, kilobytes, layers }, _context, ready) {
    const weights = weightsOf(ready);
    const most = budget === 'size' ? BITS_PER_KB * kilobytes : bits * weights;
    const chosen = allocate(ready, most);
    const changed = new Map(ready.map(({ layer, kernels }, i) => [layer.name, kernels[chosen[i] as number] as Tensor]));
    const result = mapPrunable(model, layers, (layer, tensor) => changed.get(layer.name) ?? tensor);
    return {
      model: result,
      report: {
        notes: [
          widthNote(ready, chosen),
          ...tooSmallNotes(WIDTHS[0] * weights, most),
          ...roundingNotes(model, result, ready, changed),
        ],
      },
    };
  },
});

function noiseOf({ data }: Tensor, rounded: Tensor): number {
  let [signal, noise] = [0, 0];
  for (let i = 0; i < data.length; i++) {
    const w = data[i] as number;
    signal += w * w;
    noise += (w - (rounded.data[i] as number)) ** 2;
  }
  return signal === 0 ? 0 : noise / signal;
}

const weightsOf = (ready: readonly Ready[]): number => ready.reduce((sum, { tensor }) => sum + tensor.data.length, 0);

/** For each layer the index of its width. `most`: bits of all weights together. */
function allocate(ready: readonly Ready[], most: number): readonly number[] {
  const sizes = ready.map(({ tensor }) => tensor.data.length);
  const chosen = ready.map(() => 0);
  let room = most - WIDTHS[0] * weightsOf(ready) + 1e-6;
  for (;;) {
    let best: { i: number; k: number; gain: number; bits: number } | null = null;
    for (const [i, { losses }] of ready.entries()) {
      const from = chosen[i] as number;
      for (let k = from + 1; k < WIDTHS.length; k++) {
        const added = ((WIDTHS[k] as number) - (WIDTHS[from] as number)) * (sizes[i] as number);
        const gain = ((losses[from] as number) - (losses[k] as number)) / added;
        if (added <= room && gain > 0 && gain > (best?.gain ?? 0)) best = { i, k, gain, bits: added };
      }
    }
    if (!best) return chosen;
    chosen[best.i] = best.k;
    room -= best.bits;
  }
}

function widthNote(ready: readonly Ready[], chosen: readonly number[]): Words {
  const widths = ready.map(({ layer }, i) => ({ name: layer.name, bits: WIDTHS[chosen[i] as number] as number }));
  const bits = ready.reduce((sum, { tensor }, i) => sum + tensor.data.length * (widths[i]?.bits ?? 0), 0);
  const weights = weightsOf(ready);
  const list = widths.map((one) => `${one.name} ${one.bits}`).join(', ');
  return {
    en: `Bits: ${list}. On average ${(bits / weights).toFixed(2)} a weight, ${kB(bits)} kB before packing.`,
    zh: `位数：${list}。平均每个权重 ${(bits / weights).toFixed(2)} 位，打包前共 ${kB(bits)} kB。`,
  };
}

/** To a tenth, below 1 kB to the byte; `digits`: decimals where that is not enough. */
function kB(bits: number, digits = 0): string {
  const kilobytes = bits / BITS_PER_KB;
  const few = kilobytes < 1 ? String(Number(kilobytes.toFixed(3))) : kilobytes.toFixed(1);
  return digits === 0 ? few : kilobytes.toFixed(digits);
}

/** Said where even the fewest bits are more than the budget. */
function tooSmallNotes(fewest: number, most: number): readonly Words[] {
  if (fewest <= most + 1e-6) return [];
  // With as many decimals as tell the two apart.
  const digits = [0, 2, 3, 4].find((some) => kB(fewest, some) !== kB(most, some)) ?? 5;
  const [least, budget] = [kB(fewest, digits), kB(most, digits)];
  return [
    {
      en: `The budget of ${budget} kB is too small: with ${WIDTHS[0]} bits everywhere it is ${least} kB. Prune or narrow the model first.`,
      zh: `${budget} kB 的预算太小：各层都用 ${WIDTHS[0]} 位也要 ${least} kB。请先剪枝或缩小模型。`,
    },
  ];
}

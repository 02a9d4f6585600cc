/**
 * Ternary weights: every weight becomes minus one, zero or one step of its layer (or channel): small weights zero, the others
 * the mean of their magnitudes with their sign.
 *
 * It helps because three values take less than two bits, many of them zeros, and multiplying by them is adding. It costs
 * several points of accuracy until the network is trained with them, which quantization-aware training or fine-tuning does.
 *
 * D = t mean|w|, t = 0.7 by default; w' = a sign(w) where |w| > D and 0 elsewhere; a = mean of |w| over |w| > D, which is the scale of
 * least squared error for that choice of zeros. The weights then lie on a symmetric grid of 2 bits with step a. First and last layer: 8 bits unless told otherwise.
 * Paper: Li, Zhang, Liu 2016, "Ternary Weight Networks".
 */
import { lines } from '#core/formula';
import { mapPrunable } from '#core/model/edit';
import { channelOf } from '#core/model/encoding';
import type { Tensor } from '#core/model/model';
import { makeTensor } from '#core/model/tensor';
import { codesFor } from '#core/numeric/affine-grid';
import { definePass } from '#core/pass';
import {
  channelAxis,
  fineWhereEmpty,
  GRANULARITY,
  gridValues,
  keptByChannel,
  roundingNotes,
} from '#core/passes/shared/kernel-grids';
import { OUTER, type Parted, partOuter } from '#core/passes/shared/outer-layers';
import { LAYERS, type Selected, selectPrunable } from '#core/passes/shared/selection';
import { percent, tidy } from '#core/passes/shared/words';

/** A kernel with the magnitudes of each channel's weights that are not pruned, ascending, and their running sums. */
interface Ready extends Selected {
  readonly axis: number | null;
  readonly channels: readonly { readonly magnitudes: Float32Array; readonly sums: Float64Array }[];
}
interface Prepared extends Parted {
  readonly ready: readonly Ready[];
}

export const ternaryWeights = definePass({
  id: 'ternary-weights',
  family: 'quantization',
  words: {
    title: { en: 'Ternary weights', zh: '三值权重' },
    help: {
      en: 'Every weight becomes minus one, zero or one step of its layer: the small ones zero, the others all of one size.',
      zh: '每个权重变为该层的负一档、零或正一档：小的变为零，其余的都取同一大小。',
    },
    cost: {
      en: 'Instant, but accuracy falls by several points until the network is trained on with its three values. First and last layer stay at 8 bits by default.',
      zh: '瞬间完成，但在以三个取值继续训练之前，准确率会下降几个百分点。首层和末层默认保持 8 位。',
    },
    pays: {
      en: 'It pays where 4 bits are still too many and there is time to train: a sixteenth of the bytes, with many zeros.',
      zh: '当 4 位仍嫌多、又有时间训练时划算：字节数为十六分之一，且有许多零。',
    },
    paper: 'Li, Zhang, Liu 2016, Ternary Weight Networks',
  },
  params: {
    threshold: {
      kind: 'number',
      live: true,
      min: 0,
      max: 2,
      step: 0.05,
      default: 0.7,
      label: { en: 'Threshold', zh: '阈值' },
      help: {
        en: 'Weights smaller than this many times the mean magnitude become zero.',
        zh: '小于平均绝对值这么多倍的权重变为零。',
      },
    },
    granularity: GRANULARITY,
    outer: OUTER,
    layers: LAYERS,
  },
  formula: ({ threshold }) =>
    lines(`Δ = ${tidy(threshold)} · mean |w|`, {
      en: 'w′ = a · sign(w) if |w| > Δ, else 0; a: mean of those |w| > Δ',
      zh: '当 |w| > Δ 时 w′ = a · sign(w)，否则 w′ = 0；a 为所有大于 Δ 的 |w| 的均值',
    }),
  needs: ['weights'],
  effects: {
    masks: 'keeps',
    grids: 'consumes',
    activations: 'keeps',
    codebooks: 'consumes',
    shapes: 'keeps',
    makes: ['grids'],
    reason: {
      en: 'The three values take the place of the old grid or shared values.',
      zh: '三个取值取代原来的网格或共享取值。',
    },
  },
  preview: 'accuracy',

  async prepare(model, { layers, outer, granularity }): Promise<Prepared> {
    const parted = partOuter(model, selectPrunable(model, layers), outer, granularity);
    const ready = parted.inner.map((one): Ready => {
      const axis = granularity === 'channel' ? channelAxis(one.layer) : null;
      return { ...one, axis, channels: keptByChannel(one.tensor, axis).map(ranked) };
    });
    return { ...parted, ready };
  },

  async apply(model, { layers, threshold }, _context, { ready, outer, notes }) {
    const changed = new Map(outer);
    let zeros = 0;
    let weights = 0;
    for (const one of ready) {
      const { values } = one.tensor.encoding;
      // Three values already, on such a grid: their mean is their step.
      const ternary =
        values.kind === 'grid' && values.symmetric && values.qMax === 1 && values.axis === one.axis ? one.tensor : null;
      const tensor = ternary ?? ternarized(one, threshold);
      if (!ternary) changed.set(one.layer.name, tensor);
      for (const w of tensor.data) if (w === 0) zeros++;
      weights += tensor.data.length;
    }
    const result = mapPrunable(model, layers, (layer, tensor) => changed.get(layer.name) ?? tensor);
    const share = percent(zeros / Math.max(1, weights));
    const told = [...notes, ...roundingNotes(model, result, ready, changed)];
    if (weights > 0)
      told.push({ en: `${share} % of the ternary weights are zero.`, zh: `三值权重中有 ${share} % 为零。` });
    return { model: result, report: { notes: told } };
  },
});

function ranked(values: Float32Array): Ready['channels'][number] {
  const magnitudes = values.map(Math.abs).sort();
  const sums = new Float64Array(magnitudes.length + 1);
  for (let i = 0; i < magnitudes.length; i++) sums[i + 1] = (sums[i] as number) + (magnitudes[i] as number);
  return { magnitudes, sums };
}

/** The threshold and the step of one channel: 0 where no weight is above the threshold. */
function levels({ magnitudes, sums }: Ready['channels'][number], times: number): { limit: number; step: number } {
  const count = magnitudes.length;
  const total = sums[count] as number;
  const limit = (times * total) / Math.max(1, count);
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((magnitudes[middle] as number) > limit) high = middle;
    else low = middle + 1;
  }
  return { limit, step: Math.fround((total - (sums[low] as number)) / Math.max(1, count - low)) };
}

function ternarized({ tensor, axis, channels }: Ready, times: number): Tensor {
  const { shape, data, encoding } = tensor;
  const found = channels.map((channel) => levels(channel, times));
  const channel = channelOf(shape, axis);
  const values = data.map((w, i) => {
    const { limit, step } = found[channel(i)] as { limit: number; step: number };
    return Math.abs(w) > limit ? Math.sign(w) * step : 0;
  });
  const grids = found.map(({ step }) => ({ scale: step, zero: 0 }));
  const fine = fineWhereEmpty(grids, (c) => grids[c]?.scale === 0);
  const grid = gridValues(fine, codesFor(2, true), 2, axis);
  return makeTensor(shape, values, encoding.mask ? { mask: encoding.mask, values: grid } : { values: grid });
}

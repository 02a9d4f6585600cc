/**
 * Quantization-aware training: the network is trained on while its weights and activations are rounded, so that it learns to do
 * well with the few values it has.
 *
 * It helps at 4 bits and below, where rounding a trained network loses accuracy: training wins most of it back, at 2 bits still. It costs
 * a training run, a little slower than a plain one. One bit is a sign times the mean size of its channel.
 *
 * Rounding has no gradient, so it is passed straight through: 1 inside the range of the grid, 0 outside; a float copy of the weights is trained behind it.
 * The steps of the grids are learned as well (LSQ: weights in [-2^(b-1), 2^(b-1) - 1], first step 2 mean|w| / sqrt(Qp), gradient scaled by 1 / sqrt(n Qp)),
 * or follow the weights: symmetric grids of least error, chosen anew every half epoch. Activations that are never negative lie on 0 to 2^b - 1; others have a zero point.
 * Or they are fixed (DoReFa): weights bounded by tanh to [-1, 1] and rounded to 2^b even steps from end to end, activations clipped to [0, 1]; at one bit
 * the sign times the mean size of the layer. First and last layer: 8 bits unless told otherwise; the image and the answer have 8 bits at least.
 * Papers: Esser, McKinstry, Bablani, Appuswamy, Modha 2020, "Learned Step Size Quantization"; Bengio et al. 2013 (straight-through); Rastegari et al. 2016 (binary weights);
 * Zhou et al. 2016, "DoReFa-Net".
 */
import { lines } from '#core/formula';
import { mapPrunable, withActivationGrids } from '#core/model/edit';
import { channelOf, codesOf, type GridValues } from '#core/model/encoding';
import type { Model, Tensor } from '#core/model/model';
import { makeTensor } from '#core/model/tensor';
import { type Codes, codesFor, type Grid, gridFor } from '#core/numeric/affine-grid';
import { boundedCodes } from '#core/numeric/bounded';
import type { Spread } from '#core/numeric/spread';
import type { LossTerm } from '#core/objective';
import type { Words } from '#core/params';
import { definePass, type TrainHooks } from '#core/pass';
import { roundBiases } from '#core/passes/shared/bias-rounding';
import { ACTIVATION_BITS, WEIGHT_BITS } from '#core/passes/shared/bits';
import { boundedFormula, boundedGrid, boundedNote } from '#core/passes/shared/bounded-grid';
import { calibrate, edgeNotes, roundedEdges, wideEdges } from '#core/passes/shared/calibration';
import { CALIBRATION_IMAGES } from '#core/passes/shared/importance';
import { integerNotes, integerSamples } from '#core/passes/shared/integer-notes';
import {
  channelAxis,
  GRANULARITY,
  type Granularity,
  gridValues,
  keptByChannel,
  quantizedKernel,
  spreadKernel,
} from '#core/passes/shared/kernel-grids';
import { OUTER, type Outer, outerLayers, outerNotes } from '#core/passes/shared/outer-layers';
import { type Selected, selectPrunable } from '#core/passes/shared/selection';
import { settlingFormula, settlingParams, softLoss } from '#core/passes/shared/settling';
import { TEACHER_MODEL, teacherModel } from '#core/passes/shared/students';
import { objectiveOf } from '#core/passes/shared/training';

/** Epochs between two choices of the grids where their steps are not learned. */
const EVERY = 0.5;

export const quantizationAwareTraining = definePass({
  id: 'quantization-aware-training',
  family: 'quantization',
  words: {
    title: { en: 'Quantization-aware training', zh: '量化感知训练' },
    help: {
      en: 'Trains the network on with its weights and activations rounded, so that it learns to do well with few values.',
      zh: '在权重和激活都被舍入的状态下继续训练，让网络学会用很少的取值工作。',
    },
    cost: {
      en: 'A training run, a little slower than a plain one. Mask and structure stay.',
      zh: '需要一次训练，比普通训练略慢。剪枝和结构保持不变。',
    },
    pays: {
      en: 'It pays at 4 bits and below, where rounding alone loses accuracy; at 8 bits it is rarely needed.',
      zh: '适合 4 位及以下、仅靠舍入会损失准确率的情况；8 位时很少需要。',
    },
    paper:
      'Esser, McKinstry, Bablani, Appuswamy, Modha 2020, Learned Step Size Quantization; Zhou et al. 2016, DoReFa-Net',
  },
  params: {
    weightBits: {
      ...WEIGHT_BITS,
      min: 1,
      default: 4,
      help: { en: '1: only the sign of each weight is left.', zh: '1 位：每个权重只保留符号。' },
    },
    activations: {
      kind: 'choice',
      default: 'round',
      label: { en: 'Activations', zh: '激活' },
      options: [
        { value: 'round', label: { en: 'Rounded', zh: '舍入' } },
        { value: 'float', label: { en: 'Left in float32', zh: '保持 float32' } },
      ],
    },
    activationBits: { ...ACTIVATION_BITS, default: 4, when: { activations: ['round'] } },
    steps: {
      kind: 'choice',
      default: 'learned',
      label: { en: 'Spacing', zh: '间距' },
      help: {
        en: 'Learned: the spacing of the values is trained like a weight. Following: it is fitted to the weights again and again. Fixed: weights are squeezed into −1 to 1, activations cut to 0 to 1, so the training has more to mend at first.',
        zh: '“学习得到”：取值的间距像权重一样训练。“跟随权重”：间距反复按权重重新选取。“固定”：权重被压缩到 −1 到 1，激活被截断到 0 到 1，因此训练起初要弥补得更多。',
      },
      options: [
        { value: 'learned', label: { en: 'Learned (LSQ)', zh: '学习得到（LSQ）' } },
        { value: 'following', label: { en: 'Following the weights', zh: '跟随权重' } },
        { value: 'bounded', label: { en: 'Fixed, from −1 to 1 (DoReFa)', zh: '固定，从 −1 到 1（DoReFa）' } },
      ],
    },
    granularity: { ...GRANULARITY, when: { steps: ['learned', 'following'] } },
    outer: OUTER,
    images: { ...CALIBRATION_IMAGES, default: 512, when: { activations: ['round'] } },
    ...settlingParams(3),
    teacher: { ...TEACHER_MODEL, when: { after: ['distil'] } },
  },
  formula: (values) => {
    const { weightBits: b, activationBits, activations, steps } = values;
    if (steps === 'bounded') return boundedFormula(values);
    const most = 2 ** (b - 1) - 1;
    const top = 2 ** (b - 1) - (steps === 'learned' && b > 1 ? 0 : 1);
    const weights =
      b === 1
        ? 'w′ = a · sign(w),   a = mean |w|'
        : `w′ = s · clamp(round(w / s), −${top}, ${most}),   ∂w′/∂w = [−${top} ≤ round(w / s) ≤ ${most}]`;
    const rounded =
      activations === 'round' ? [`x′ = s · (clamp(round(x / s) + z, 0, ${2 ** activationBits - 1}) − z)`] : [];
    const learned =
      steps === 'learned' && b > 1 ? [`s₀ = 2 · mean |w| / √${most},   ∂L/∂s ← ∂L/∂s / √(n · ${most})`] : [];
    return lines(weights, ...learned, ...rounded, ...settlingFormula(values));
  },
  needs: ['weights', 'knownGraph', 'data', 'training'],
  effects: {
    masks: 'keeps',
    grids: 'consumes',
    codebooks: 'consumes',
    shapes: 'keeps',
    makes: ['grids', 'activations'],
    reason: {
      en: 'The weights get new grids and are trained on them: old grids and shared values are gone.',
      zh: '权重会放到新网格上训练：原有的网格和共享取值不再存在。',
    },
  },
  preview: 'structure',

  async sketch(model, values) {
    const { starts, bounded } = startKernels(selectPrunable(model, []), model, values);
    // New grids of activations take the place of old ones, or none do.
    const begun = values.activations === 'round' ? model : withActivationGrids(model, {});
    return mapPrunable(begun, [], (layer, tensor) =>
      settled(starts.get(layer.name) ?? tensor, bounded.includes(layer.name)),
    );
  },

  async apply(model, values, context) {
    const selected = selectPrunable(model, []);
    const { starts, bounded, notes } = startKernels(selected, model, values);
    const plain = withActivationGrids(model, {});
    let begun = mapPrunable(plain, [], (layer, tensor) => starts.get(layer.name) ?? tensor);
    const told: Words[] = [...notes, ...(values.outer === 'same' ? [] : outerNotes(outerLayers(model), values.outer))];
    if (values.activations === 'round') {
      const calibration = await calibrate(plain, roundedEdges(plain), values.images, {
        ...context,
        progress: () => {},
      });
      const wide = wideEdges(model, [...calibration.spreads.keys()], values.outer === 'eight');
      const grids = [...calibration.spreads].map(([name, spread]) => {
        const bits = wide.has(name) ? Math.max(8, values.activationBits) : values.activationBits;
        return [name, activationGrid(spread, bits, wide.has(name), values.steps)] as const;
      });
      begun = withActivationGrids(begun, Object.fromEntries(grids));
      told.push(...edgeNotes(begun, calibration.images, values.activationBits));
    }
    const names = selected.map(({ layer }) => layer.name);
    const samples =
      values.activations === 'round'
        ? await integerSamples(plain, names, { ...context, progress: () => {} })
        : new Map();
    const finished = (trained: Model) => {
      const model = roundBiases(trained);
      return { model, report: { notes: [...told, ...integerNotes(model, samples)] } };
    };
    if (values.after === 'nothing')
      return finished(mapPrunable(begun, [], ({ name }, tensor) => settled(tensor, bounded.includes(name))));
    const loss: readonly LossTerm[] =
      values.after === 'tune'
        ? [{ kind: 'crossEntropy', weight: 1 }]
        : softLoss(values, await teacherModel(plain, values.teacher, context));
    const objective = objectiveOf(begun, loss, values, context.random);
    const trained =
      values.steps === 'learned'
        ? await context.train({ ...objective, learnSteps: true })
        : await context.train(
            bounded.length > 0 ? { ...objective, bounded } : objective,
            following(
              selected.filter(({ layer }) => !bounded.includes(layer.name)),
              values.granularity,
            ),
          );
    return finished(trained);
  },
});

interface KernelValues {
  readonly weightBits: number;
  readonly steps: string;
  readonly granularity: Granularity;
  readonly outer: Outer;
}

/**
 * The kernels as training starts: with their grids or signs as encodings, over the float values, from which the float copies
 * behind them start.
 */
function startKernels(
  selected: readonly Selected[],
  model: Model,
  { weightBits, steps, granularity, outer }: KernelValues,
): {
  readonly starts: ReadonlyMap<string, Tensor>;
  /** Layers whose weights are bounded before they are rounded. */
  readonly bounded: readonly string[];
  readonly notes: readonly Words[];
} {
  const ends = outer === 'same' ? [] : outerLayers(model);
  const starts = new Map<string, Tensor>();
  const masked: string[] = [];
  const bounded: string[] = [];
  for (const one of selected) {
    const { layer, tensor } = one;
    const end = ends.includes(layer.name);
    if (end && outer === 'float') continue;
    const bits = end ? 8 : weightBits;
    const { mask } = tensor.encoding;
    const isBounded = steps === 'bounded' && !end;
    const axis = granularity === 'channel' && !isBounded ? channelAxis(layer) : null;
    if (bits === 1 && !mask) {
      const scale = Float32Array.from(keptByChannel(tensor, axis), (kept) => Math.max(2 ** -126, meanSize(kept)));
      starts.set(layer.name, makeTensor(tensor.shape, tensor.data, { values: { kind: 'binary', scale, axis } }));
      continue;
    }
    if (bits === 1 && !isBounded) masked.push(layer.name);
    const own = Math.max(2, bits);
    if (isBounded) bounded.push(layer.name);
    const values = isBounded
      ? boundedGrid(own)
      : steps === 'learned' && bits > 1
        ? learnedGrid(keptByChannel(tensor, axis), own, axis)
        : (quantizedKernel(spreadKernel(one, granularity), own, codesFor(own, true), 'error').encoding
            .values as GridValues);
    starts.set(layer.name, makeTensor(tensor.shape, tensor.data, mask ? { mask, values } : { values }));
  }
  const notes: Words[] = bounded.length > 0 ? [boundedNote(bounded, weightBits)] : [];
  const list = masked.join(', ');
  if (masked.length > 0)
    notes.push({
      en: `Pruned layers need a zero, so these get 2 bits (three values): ${list}.`,
      zh: `剪枝过的层需要零，因此这些层使用 2 位（三个取值）：${list}。`,
    });
  return { starts, bounded, notes };
}

/** LSQ's first grid for weights. */
function learnedGrid(channels: readonly Float32Array[], bits: number, axis: number | null): GridValues {
  const codes: Codes = { qMin: -(2 ** (bits - 1)), qMax: 2 ** (bits - 1) - 1, symmetric: false };
  const grids = channels.map((kept): Grid => ({ scale: firstStep(meanSize(kept), codes.qMax), zero: 0 }));
  return gridValues(grids, codes, bits, axis);
}

function activationGrid(spread: Spread, bits: number, wide: boolean, steps: string): GridValues {
  const codes = codesFor(bits, false);
  if (steps === 'bounded' && !wide)
    return gridValues([{ scale: Math.fround(1 / codes.qMax), zero: 0 }], codes, bits, null);
  const first = steps === 'learned' && !wide && spread.low === 0;
  const grid: Grid = first
    ? { scale: firstStep(meanSize(spread.sample), codes.qMax), zero: 0 }
    : gridFor(spread, codes, wide ? 'full' : 'error');
  return gridValues([grid], codes, bits, null);
}

function firstStep(mean: number, top: number): number {
  const step = Math.fround((2 * mean) / Math.sqrt(top));
  return step > 0 ? step : 1;
}

function meanSize(values: Float32Array): number {
  let sum = 0;
  for (const value of values) sum += Math.abs(value);
  return sum / Math.max(1, values.length);
}

/** Chooses grids of least error for the float copies as they stand now. */
function following(selected: readonly Selected[], granularity: Granularity): TrainHooks {
  const layers = new Map(selected.map(({ layer }) => [layer.name, layer]));
  return {
    every: EVERY,
    revise: (model, _done, shadow) => {
      if (layers.size === 0) return model;
      return mapPrunable(model, [...layers.keys()], (layer, tensor) => {
        const { values, mask } = tensor.encoding;
        if (values.kind !== 'grid') return tensor;
        const copy = makeTensor(tensor.shape, shadow(layer.name), mask ? { mask, values } : { values });
        const kernel = spreadKernel({ layer, tensor: copy }, granularity);
        return quantizedKernel(kernel, values.bits, codesFor(values.bits, true), 'error');
      });
    },
  };
}

/** A kernel whose float values are put on what its encoding says, bounded first where that is asked for. */
function settled(tensor: Tensor, isBounded: boolean): Tensor {
  const { data, shape, encoding } = tensor;
  const { values, mask } = encoding;
  if (isBounded && values.kind === 'grid') {
    const codes = boundedCodes(data, values.qMax);
    const bounded = Float32Array.from(codes, (code, i) => (mask && !mask[i] ? 0 : code * (values.scale[0] as number)));
    return makeTensor(shape, bounded, encoding);
  }
  if (values.kind !== 'grid' && values.kind !== 'binary') return tensor;
  const channel = channelOf(shape, values.axis);
  const zero = values.kind === 'grid' ? values.zeroPoint : null;
  const codes = codesOf(data, shape, encoding);
  const rounded = data.map((_, i) => {
    const c = channel(i);
    return mask && !mask[i] ? 0 : (values.scale[c] as number) * ((codes[i] as number) - (zero?.[c] ?? 0));
  });
  return makeTensor(shape, rounded, encoding);
}

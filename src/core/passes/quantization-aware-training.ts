/**
 * Quantization-aware training: the network is trained on while its weights and activations are rounded, so that it learns to do
 * well with the few values it has.
 *
 * It helps at 4 bits and below, where rounding a trained network loses accuracy: training wins most of it back, at 2 bits still. It costs
 * a training run, a little slower than a plain one. One bit is a sign times the mean size of its channel.
 *
 * Rounding has no gradient, so it is passed straight through: 1 where a value rounds to a code of the grid, 0 where it is clipped (as in PyTorch; up to
 * half a step beyond the ends); a float copy of the weights is trained behind it.
 * The steps of the grids are learned as well (LSQ: weights in [-2^(b-1), 2^(b-1) - 1], first step 2 mean|w| / sqrt(Qp), gradient scaled by 1 / sqrt(n Qp)),
 * or follow the weights: symmetric grids of least error, chosen anew every half epoch. Activations that are never negative lie on 0 to 2^b - 1; others have a zero point.
 * Or they are fixed (DoReFa): weights bounded by tanh to [-1, 1] and rounded to 2^b even steps from end to end, activations clipped to [0, 1]; at one bit
 * the sign times the mean size of the layer. First and last layer: 8 bits unless told otherwise; the image and the answer have 8 bits at least.
 * Papers: Esser, McKinstry, Bablani, Appuswamy, Modha 2020, "Learned Step Size Quantization"; Bengio et al. 2013 (straight-through); Rastegari et al. 2016 (binary weights);
 * Zhou et al. 2016, "DoReFa-Net".
 */
import { lines } from '#core/formula';
import { mapPrunable, withActivationGrids } from '#core/model/edit';
import type { Model } from '#core/model/model';
import type { LossTerm } from '#core/objective';
import type { Words } from '#core/params';
import { definePass } from '#core/pass';
import { roundBiases } from '#core/passes/shared/bias-rounding';
import { ACTIVATION_BITS, WEIGHT_BITS } from '#core/passes/shared/bits';
import { boundedFormula } from '#core/passes/shared/bounded-grid';
import { calibrate, edgeNotes, roundedEdges, wideEdges } from '#core/passes/shared/calibration';
import { CALIBRATION_IMAGES } from '#core/passes/shared/importance';
import { integerNotes, integerSamples } from '#core/passes/shared/integer-notes';
import { GRANULARITY } from '#core/passes/shared/kernel-grids';
import { OUTER, outerLayers, outerNotes } from '#core/passes/shared/outer-layers';
import { selectRunning } from '#core/passes/shared/selection';
import { settlingFormula, settlingParams, softLoss } from '#core/passes/shared/settling';
import { TEACHER_MODEL, teacherModel } from '#core/passes/shared/students';
import { activationGrid, following, settled, startKernels } from '#core/passes/shared/trained-grids';
import { objectiveOf } from '#core/passes/shared/training';

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
    const { starts, bounded } = startKernels(selectRunning(model, []), model, values);
    // New grids of activations take the place of old ones, or none do.
    const begun = values.activations === 'round' ? model : withActivationGrids(model, {});
    return mapPrunable(begun, [], (layer, tensor) =>
      settled(starts.get(layer.name) ?? tensor, bounded.includes(layer.name)),
    );
  },

  async apply(model, values, context) {
    const selected = selectRunning(model, []);
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

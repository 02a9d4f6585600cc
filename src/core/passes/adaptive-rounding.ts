/**
 * Adaptive rounding (AdaRound): weights are rounded down or up not to whichever is nearer but so that each layer gives nearly what it
 * gave before, measured on training images.
 *
 * It helps at 4 bits and below, where rounding errors of one output's weights add up or cancel out: choosing them together lets them cancel. It
 * costs time (about half a minute for LeNet-5), changes no label and needs none. Biases stay as they are.
 *
 * Layer by layer, first to last: least squares between the layer's outputs (behind its ReLU) with its own weights on exact inputs, and
 * with rounded weights on the inputs that the rounded layers before it give; over rows drawn from the images. See `numeric/adaptive-rounding`.
 * Pruned weights stay 0. An output that gains nothing is rounded to nearest.
 * Paper: Nagel, Amjad, van Baalen, Louizos, Blankevoort 2020, "Up or Down? Adaptive Rounding for Post-Training Quantization".
 */
import { mapPrunable, tensorOf, withTensor } from '#core/model/edit';
import { channelOf, type GridValues } from '#core/model/encoding';
import type { Model, Tensor } from '#core/model/model';
import { makeTensor } from '#core/model/tensor';
import { adaptiveRounding as solve } from '#core/numeric/adaptive-rounding';
import { codesFor, type RangeMethod } from '#core/numeric/affine-grid';
import type { Words } from '#core/params';
import { definePass, type PassContext } from '#core/pass';
import { type Connections, connectionsOf } from '#core/passes/shared/connections';
import { CALIBRATION_IMAGES } from '#core/passes/shared/importance';
import {
  GRANULARITY,
  type Granularity,
  quantizedKernel,
  RANGE,
  roundingNotes,
  spreadKernel,
} from '#core/passes/shared/kernel-grids';
import { type LayerRows, layerRows } from '#core/passes/shared/layer-rows';
import { LAYERS, type Selected, selectRunning } from '#core/passes/shared/selection';
import { percent } from '#core/passes/shared/words';

/** Rows that a layer is judged by, and how many numbers all layers' rows may hold together. */
const ROWS = 2048;
const MOST = 3e7;

export const adaptiveRounding = definePass({
  id: 'adaptive-rounding',
  family: 'quantization',
  words: {
    title: { en: 'Adaptive rounding (AdaRound)', zh: '自适应舍入（AdaRound）' },
    help: {
      en: 'Rounds each weight down or up so that the layers give nearly what they gave before, instead of to whichever value is nearer.',
      zh: '每个权重向下还是向上舍入，不看哪个更近，而看怎样使各层的输出与原来最接近。',
    },
    cost: {
      en: 'About half a minute for LeNet-5; no labels and no training. The file is as small as with plain rounding.',
      zh: '对 LeNet-5 约需半分钟；不需要标签，也不训练。文件与普通舍入一样小。',
    },
    pays: {
      en: 'It pays at 2 to 4 bits, where plain rounding loses accuracy and training is not wanted.',
      zh: '适合 2 到 4 位、普通舍入会损失准确率而又不想训练的情况。',
    },
    paper:
      'Nagel, Amjad, van Baalen, Louizos, Blankevoort 2020, Up or Down? Adaptive Rounding for Post-Training Quantization',
  },
  params: {
    bits: {
      kind: 'number',
      live: true,
      min: 2,
      max: 8,
      step: 1,
      default: 4,
      unit: 'bits',
      label: { en: 'Bits', zh: '位数' },
      help: {
        en: 'How many bits each weight gets. 4 bits: 15 values, zero and as many below it as above.',
        zh: '每个权重的位数。4 位：15 个取值，零以及上下各 7 个。',
      },
    },
    granularity: GRANULARITY,
    range: RANGE,
    iterations: {
      kind: 'number',
      min: 100,
      max: 10000,
      step: 100,
      default: 500,
      control: 'field',
      label: { en: 'Steps', zh: '步数' },
      help: {
        en: 'How long each layer is worked on. More steps find better choices, slowly.',
        zh: '每一层优化多少步。步数越多，结果越好，但很慢。',
      },
    },
    images: { ...CALIBRATION_IMAGES, default: 1024 },
    layers: LAYERS,
  },
  formula: ({ bits }) => {
    const top = 2 ** (bits - 1) - 1;
    return `w′ = s · clamp(⌊w / s⌋ + h(v), −${top}, ${top}),   h(v) = clamp(1.2 · σ(v) − 0.1, 0, 1)\nmin ‖f(x′ · w′) − f(x · w)‖² + λ Σ (1 − |2 h(v) − 1|^β),   β: 20 → 2`;
  },
  needs: ['weights', 'knownGraph', 'data'],
  effects: {
    masks: 'keeps',
    grids: 'consumes',
    activations: 'keeps',
    codebooks: 'consumes',
    shapes: 'keeps',
    makes: ['grids'],
    reason: {
      en: 'The new grid takes the place of old grids and shared values. What was rounded before has nothing left to choose, so start from float weights.',
      zh: '新网格取代旧网格和共享取值。已经舍入过的权重没有选择余地，因此应从浮点权重开始。',
    },
  },
  preview: 'structure',

  async sketch(model, values) {
    const grids = nearestGrids(selectRunning(model, values.layers), values);
    return mapPrunable(model, values.layers, (layer, tensor) => grids.get(layer.name) ?? tensor);
  },

  async apply(model, values, context) {
    const selected = selectRunning(model, values.layers);
    const grids = nearestGrids(selected, values);
    const shapes = connectionsOf(model, selected);
    const width = shapes.reduce((sum, one) => sum + one.places * one.channels, 0);
    const rows = Math.max(64, Math.min(ROWS, Math.floor(MOST / width)));
    const work = selected.map(({ tensor }) => tensor.data.length);
    const total = work.reduce((sum, one) => sum + one, 0);
    const quiet: PassContext = { ...context, progress: () => {} };
    const seeds = selected.map(() => Math.floor(context.random() * 2 ** 31));
    const exact = await layerRows(model, selected, values.images, rows, seeds, quiet);
    const gains: number[] = [];
    let result = model;
    let done = 0;
    for (const [i, one] of selected.entries()) {
      const share = (work[i] as number) / total;
      const begin = done;
      const pause = async (part: number): Promise<void> => {
        context.progress(begin + share * part);
        await context.pause?.();
        context.signal.throwIfAborted();
      };
      await pause(0);
      const then = exact[i] as LayerRows;
      // The first layer reads the images, which are as they were.
      const [now] = i === 0 ? [then] : await layerRows(result, [one], values.images, rows, [seeds[i] as number], quiet);
      const grid = grids.get(one.layer.name) as Tensor;
      const found = await roundLayer(
        model,
        one,
        grid,
        now as LayerRows,
        then,
        values.iterations,
        context.random,
        pause,
      );
      result = withTensor(result, one.layer.name, 'kernel', found.tensor);
      if (found.nearest > 0) gains.push(1 - found.chosen / found.nearest);
      done += share;
    }
    const notes: Words[] = [...roundingNotes(model, result, selected, grids)];
    if (gains.length > 0) {
      const mean = percent(gains.reduce((sum, gain) => sum + gain, 0) / gains.length);
      notes.unshift({
        en: `The layers' outputs differ ${mean} % less from the original than with rounding to nearest (mean over layers).`,
        zh: `与舍入到最近值相比，各层输出与原来的差异平均减小 ${mean} %。`,
      });
    }
    return { model: result, report: { notes } };
  },
});

interface GridChoice {
  readonly bits: number;
  readonly granularity: Granularity;
  readonly range: RangeMethod;
}

/** Every kernel rounded to the nearest values of its grids. */
function nearestGrids(
  selected: readonly Selected[],
  { bits, granularity, range }: GridChoice,
): ReadonlyMap<string, Tensor> {
  return new Map(
    selected.map((one) => {
      const kernel = spreadKernel(one, granularity);
      return [one.layer.name, quantizedKernel(kernel, bits, codesFor(bits, true), range)];
    }),
  );
}

/** One layer, group by group of a grouped or depthwise convolution. */
async function roundLayer(
  model: Model,
  { layer, tensor }: Selected,
  grid: Tensor,
  now: LayerRows,
  then: LayerRows,
  iterations: number,
  random: () => number,
  pause: (done: number) => Promise<void>,
): Promise<{ readonly tensor: Tensor; readonly nearest: number; readonly chosen: number }> {
  const { connections: c, rows } = now;
  const { shape, encoding } = tensor;
  const values = grid.encoding.values as GridValues;
  const channel = channelOf(shape, values.axis);
  const groups = c.channels / c.inner;
  const outputs = c.outputs / groups;
  const inputs = c.places * c.inner;
  const relu = 'activation' in layer && layer.activation.fn === 'relu' && layer.activation.max === undefined;
  const biases = tensorOf(model, layer, 'bias')?.data;
  const data = new Float32Array(tensor.data.length);
  let [nearest, chosen] = [0, 0];
  for (let g = 0; g < groups; g++) {
    const indices = Int32Array.from({ length: inputs * outputs }, (_, i) => {
      const k = Math.floor(i / outputs);
      const [place, q] = [Math.floor(k / c.inner), k % c.inner];
      return (place * c.inner + q) * c.outputs + g * outputs + (i % outputs);
    });
    const scales = Float32Array.from(indices, (at) => values.scale[channel(at)] as number);
    const own = Float32Array.from(indices, (at) => tensor.data[at] as number);
    const x = columns(then.x, c, g);
    const y = times(x, own, inputs, outputs);
    const { mask } = encoding;
    const found = await solve(
      {
        x: now === then ? x : columns(now.x, c, g),
        y,
        inputs,
        outputs,
        steps: own.map((w, i) => w / (scales[i] as number)),
        scale: scales.slice(0, outputs),
        low: values.qMin,
        high: values.qMax,
        mask: mask ? Uint8Array.from(indices, (at) => mask[at] as number) : null,
        bias: relu ? Float32Array.from({ length: outputs }, (_, o) => biases?.[g * outputs + o] ?? 0) : null,
      },
      iterations,
      random,
      (part) => pause((g + part) / groups),
    );
    for (const [i, at] of indices.entries()) data[at] = (scales[i] as number) * (found.steps[i] as number);
    nearest += found.nearest / groups;
    chosen += found.chosen / groups;
  }
  return { tensor: rows === 0 ? grid : makeTensor(shape, data, grid.encoding), nearest, chosen };
}

/** The columns of the rows that one group of channels reads. */
function columns(x: Float32Array, { inner, channels, places }: Connections, group: number): Float32Array {
  if (inner === channels) return x;
  const width = places * inner;
  const rows = x.length / (places * channels);
  const to = new Float32Array(rows * width);
  for (let r = 0, at = 0; r < rows; r++) {
    for (let p = 0; p < places; p++) {
      for (let q = 0; q < inner; q++) to[at++] = x[(r * places + p) * channels + group * inner + q] as number;
    }
  }
  return to;
}

/** [rows, inputs] times [inputs, outputs]. */
function times(x: Float32Array, w: Float32Array, inputs: number, outputs: number): Float32Array {
  const rows = x.length / inputs;
  const y = new Float32Array(rows * outputs);
  for (let r = 0; r < rows; r++) {
    for (let k = 0; k < inputs; k++) {
      const value = x[r * inputs + k] as number;
      if (value === 0) continue;
      for (let o = 0; o < outputs; o++)
        y[r * outputs + o] = (y[r * outputs + o] as number) + value * (w[k * outputs + o] as number);
    }
  }
  return y;
}

/**
 * What biases become beside rounded weights: corrected for what rounding adds to a layer's outputs on average, and put on
 * the grid of the sums that they are added to, or on one of their own.
 */
import { replaceLayers, tensorOf } from '#core/model/edit';
import { type GridValues, roundHalfEven } from '#core/model/encoding';
import { isWeighted, type Layer, type WeightedLayer } from '#core/model/layers';
import type { Model, Tensor } from '#core/model/model';
import { shapesOf } from '#core/model/shapes';
import { makeTensor, sizeOf } from '#core/model/tensor';
import { codesFor, leastErrorGrid, snap } from '#core/numeric/affine-grid';
import { fromHalf, toHalf } from '#core/numeric/half';
import type { PassContext, Tap } from '#core/pass';
import { batchFor, edgeBefore } from '#core/passes/shared/calibration';
import { checkMeasured, showImages } from '#core/passes/shared/importance';
import { channelAxis } from '#core/passes/shared/kernel-grids';

/** Mean of each input channel over images and positions, by the name of the layer that reads it. */
export type InputMeans = ReadonlyMap<string, Float64Array>;

/** Throws PassError for inputs that are not finite. */
export async function inputMeans(
  model: Model,
  layers: readonly string[],
  images: number,
  context: PassContext,
): Promise<InputMeans> {
  const shapes = shapesOf(model);
  const taps = layers.map((layer): Tap => ({ layer, at: 'input' }));
  const channels = layers.map((name) => {
    const layer = model.layers.find((one) => one.name === name) as Layer;
    return shapes[layer.inputs[0] as string]?.at(-1) as number;
  });
  const batch = batchFor(
    layers.reduce((sum, name) => {
      const layer = model.layers.find((one) => one.name === name) as Layer;
      return sum + sizeOf(shapes[layer.inputs[0] as string] ?? []);
    }, 0),
  );
  const sums = channels.map((count) => new Float64Array(count));
  const rows = layers.map(() => 0);
  await showImages(model, { taps, images, batch }, context, ({ values }) => {
    for (const [i, one] of values.entries()) {
      const [sum, count] = [sums[i] as Float64Array, channels[i] as number];
      for (let at = 0; at < one.length; at += count)
        for (let c = 0; c < count; c++) sum[c] = (sum[c] as number) + (one[at + c] as number);
      rows[i] = (rows[i] as number) + one.length / count;
    }
  });
  checkMeasured(sums);
  return new Map(
    layers.map((name, i) => [name, (sums[i] as Float64Array).map((sum) => sum / Math.max(1, rows[i] as number))]),
  );
}

/**
 * The rounded model with biases that take back what rounding adds to each output on average: b' = b - (W' - W) E[x]
 * (Nagel et al. 2019). Layers without a bias get one. The two models have the same layers; `means` are the inputs of the exact one.
 */
export function correctBiases(exact: Model, rounded: Model, means: InputMeans): Model {
  const tensors = { ...rounded.tensors };
  const layers = rounded.layers.map((layer): Layer => {
    const mean = means.get(layer.name);
    const before = exact.layers.find(({ name }) => name === layer.name);
    if (!mean || !isWeighted(layer) || !before || !isWeighted(before)) return layer;
    const [now, then] = [tensorOf(rounded, layer, 'kernel'), tensorOf(exact, before, 'kernel')];
    if (!now || !then || now.id === then.id || now.data.length !== then.data.length) return layer;
    const shift = meanShift(layer, now, then, mean);
    const old = tensorOf(rounded, layer, 'bias')?.data;
    const bias = makeTensor(
      [shift.length],
      Float32Array.from(shift, (d, o) => (old?.[o] ?? 0) - d),
    );
    tensors[bias.id] = bias;
    return { ...layer, bias: bias.id };
  });
  return replaceLayers(rounded, layers, tensors);
}

/** (W' - W) E[x] of each output. */
function meanShift(layer: WeightedLayer, now: Tensor, then: Tensor, mean: Float64Array): Float64Array {
  const [inner, last] = now.shape.slice(-2) as [number, number];
  const depthwise = layer.kind === 'depthwiseConv2d';
  const outputs = depthwise ? inner * last : last;
  const shift = new Float64Array(outputs);
  const perGroup = depthwise ? last : outputs / (mean.length / inner);
  for (let i = 0; i < now.data.length; i++) {
    const o = i % outputs;
    const q = depthwise ? 0 : Math.floor(i / outputs) % inner;
    const input = Math.floor(o / perGroup) * (depthwise ? 1 : inner) + q;
    shift[o] = (shift[o] as number) + ((now.data[i] as number) - (then.data[i] as number)) * (mean[input] as number);
  }
  return shift;
}

/**
 * Biases on the grid of the sums that they are added to, s_x s_w of each channel, where the layer's input is rounded and its
 * weights lie on a symmetric grid: what a runtime with 32-bit biases holds exactly.
 */
export function roundBiases(model: Model): Model {
  const edges = Object.keys(model.activationGrids ?? {});
  const tensors = { ...model.tensors };
  const layers = model.layers.map((layer): Layer => {
    if (!isWeighted(layer)) return layer;
    const [kernel, bias] = [tensorOf(model, layer, 'kernel'), tensorOf(model, layer, 'bias')];
    const grid = model.activationGrids?.[edgeBefore(model, layer, edges) ?? ''];
    const weights = kernel?.encoding.values;
    if (!kernel || !bias || !grid || weights?.kind !== 'grid' || weights.zeroPoint.some((zero) => zero !== 0))
      return layer;
    if (weights.axis !== null && weights.axis !== channelAxis(layer)) return layer;
    const outputs = bias.data.length / weights.scale.length;
    const data = bias.data.map((b, o) => {
      const step = (grid.scale[0] as number) * (weights.scale[Math.floor(o / outputs)] as number);
      return step * roundHalfEven(b / step);
    });
    const rounded = makeTensor(bias.shape, data);
    tensors[rounded.id] = rounded;
    return { ...layer, bias: rounded.id };
  });
  return replaceLayers(model, layers, tensors);
}

/** Finite biases on the symmetric grid of so many bits that has the least squared error; a mask stays. */
export function biasOnGrid({ shape, data, encoding: { mask } }: Tensor, bits: number): Tensor {
  const codes = codesFor(bits, true);
  const grid = leastErrorGrid(data, codes);
  const rounded = new Float32Array(data.length);
  snap(data, rounded, 0, data.length, grid, codes);
  // Rounding may leave a zero with a sign.
  for (let i = 0; i < rounded.length; i++) if (rounded[i] === 0) rounded[i] = 0;
  const { qMin, qMax, symmetric } = codes;
  const values: GridValues = {
    kind: 'grid',
    bits,
    qMin,
    qMax,
    scale: Float32Array.of(grid.scale),
    zeroPoint: Int32Array.of(0),
    axis: null,
    symmetric,
  };
  return makeTensor(shape, rounded, mask ? { mask, values } : { values });
}

/** The changed model, whose biases that were quantized or in half precision in the model before are so again, by as many bits. */
export function withBiasesHeld(before: Model, changed: Model): Model {
  const tensors = { ...changed.tensors };
  const layers = changed.layers.map((layer): Layer => {
    const old = before.layers.find(({ name }) => name === layer.name);
    const values = old && tensorOf(before, old, 'bias')?.encoding.values;
    const bias = tensorOf(changed, layer, 'bias');
    if (!values || !bias || bias.encoding.values.kind !== 'dense' || !bias.data.every(Number.isFinite)) return layer;
    const held = values.kind === 'grid' ? biasOnGrid(bias, values.bits) : values.kind === 'half' ? halved(bias) : bias;
    tensors[held.id] = held;
    return { ...layer, bias: held.id } as Layer;
  });
  return replaceLayers(changed, layers, tensors);
}

/** As it was where a number is too large for a half. */
function halved(tensor: Tensor): Tensor {
  const data = tensor.data.map((x) => fromHalf(toHalf(x)));
  return data.every(Number.isFinite)
    ? makeTensor(tensor.shape, data, { ...tensor.encoding, values: { kind: 'half' } })
    : tensor;
}

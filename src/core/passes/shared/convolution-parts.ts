/**
 * A k x k convolution as a depthwise-separable one (depthwise k x k, then 1 x 1), or as a 1 x 1 one that reads the middle of each window, with
 * images of the same size as before. Each comes with a note on what was done, or why the layer stays.
 */
import { type Expansion, freeName } from '#core/model/edit';
import type { Conv2dLayer, DepthwiseConv2dLayer, Layer, Pads, Pair } from '#core/model/layers';
import type { Model, Tensor } from '#core/model/model';
import { resolvePads } from '#core/model/shapes';
import { makeTensor } from '#core/model/tensor';
import { svd } from '#core/numeric/svd';
import type { Words } from '#core/params';
import { percent } from '#core/passes/shared/words';

type Image = readonly [number, number, number];
/** What stands in the layer's place; absent where it stays. */
export interface Outcome {
  readonly expansion?: Expansion;
  readonly note: Words;
}

const PLAIN = { strides: [1, 1], padding: 'valid', dilation: [1, 1] } as const;

/** W[a, b, i, o] as depthwise[a, b, i] * point[i, o], the best such product for each i. */
export function separableLayers(model: Model, layer: Conv2dLayer, kernel: Tensor, input: Image): Outcome {
  const [kh, kw, inner, outer] = kernel.shape as [number, number, number, number];
  const area = kh * kw;
  const refusal = unfit(layer.name, kernel, input);
  if (refusal) return { note: refusal };
  const [before, after] = [kernel.data.length, inner * (area + outer)];
  if (after >= before) return { note: notSmaller(layer.name, before, after) };
  const depth = new Float32Array(area * inner);
  const point = new Float32Array(inner * outer);
  let kept = 0;
  let all = 0;
  for (let i = 0; i < inner; i++) {
    const seen = new Float64Array(area * outer);
    for (let p = 0; p < area; p++)
      for (let o = 0; o < outer; o++) seen[p * outer + o] = kernel.data[(p * inner + i) * outer + o] as number;
    const { values, left, right } = svd(seen, area, outer);
    // Each part gets the root of the singular value; the sign is chosen so that the window's sum is not negative.
    const sum = left.subarray(0, area).reduce((total, x) => total + x, 0);
    const root = Math.sqrt(values[0] as number) * (sum < 0 ? -1 : 1);
    for (let p = 0; p < area; p++) depth[p * inner + i] = root * (left[p] as number);
    for (let o = 0; o < outer; o++) point[i * outer + o] = root * (right[o] as number);
    kept += (values[0] as number) ** 2;
    all += values.reduce((total, s) => total + s * s, 0);
  }
  const windows = makeTensor([kh, kw, inner, 1], depth);
  const mix = makeTensor([1, 1, inner, outer], point);
  const { strides, padding, dilation } = layer;
  const first: DepthwiseConv2dLayer = {
    kind: 'depthwiseConv2d',
    name: freeName(model, `${layer.name}_depthwise`),
    inputs: layer.inputs,
    kernel: windows.id,
    strides,
    padding,
    dilation,
    activation: { fn: 'linear' },
  };
  const second: Conv2dLayer = { ...layer, ...PLAIN, inputs: [first.name], kernel: mix.id };
  const share = percent(all === 0 ? 1 : kept / all);
  return {
    expansion: { layers: [first, second], tensors: [windows, mix] },
    note: {
      en: `${layer.name} is depthwise-separable now: ${before} weights become ${after}, and ${share} % of its energy is kept at the start.`,
      zh: `${layer.name} 现在是深度可分离卷积：${before} 个权重变为 ${after} 个，初始时保留 ${share} % 的能量。`,
    },
  };
}

/** The 1 x 1 convolution of the window's middle weights or of its sums, on the pixels in the middle of the windows. */
export function pointLayers(
  model: Model,
  layer: Conv2dLayer,
  kernel: Tensor,
  input: Image,
  output: Image,
  by: 'centre' | 'sum',
): Outcome {
  const [kh, kw, inner, outer] = kernel.shape as [number, number, number, number];
  const refusal = unfit(layer.name, kernel, input);
  if (refusal) return { note: refusal };
  const size = inner * outer;
  const point = new Float32Array(size);
  const middle: Pair = [Math.floor((kh - 1) / 2), Math.floor((kw - 1) / 2)];
  for (let p = 0; p < kh * kw; p++) {
    if (by === 'centre' && p !== middle[0] * kw + middle[1]) continue;
    for (let j = 0; j < size; j++) point[j] = (point[j] as number) + (kernel.data[p * size + j] as number);
  }
  const crop = cropFor(layer, [kh, kw], middle, input, output);
  if (!crop) {
    return {
      note: {
        en: `${layer.name} stays as it is: its padding puts the middle of some windows outside the image.`,
        zh: `${layer.name} 保持原样：它的填充使部分窗口的中央落在图像之外。`,
      },
    };
  }
  const mix = makeTensor([1, 1, inner, outer], point);
  const layers: Layer[] = [];
  let { inputs } = layer;
  if (crop.some((side) => side > 0)) {
    const name = freeName(model, `${layer.name}_crop`);
    layers.push({ kind: 'crop2d', name, inputs, pads: crop });
    inputs = [name];
  }
  layers.push({ ...layer, inputs, kernel: mix.id, padding: 'valid', dilation: [1, 1] });
  return {
    expansion: { layers, tensors: [mix] },
    note: {
      en: `${layer.name} is 1 x 1 now: ${kernel.data.length} weights become ${size}.`,
      zh: `${layer.name} 现在是 1 x 1 卷积：${kernel.data.length} 个权重变为 ${size} 个。`,
    },
  };
}

/** What is cut off each side so that a 1 x 1 window with the same strides meets the middles and nothing more; null where one is outside. */
function cropFor(layer: Conv2dLayer, kernel: Pair, middle: Pair, input: Image, output: Image): Pads | null {
  const [top, , left] = resolvePads(layer.padding, [input[0], input[1]], kernel, layer.strides, layer.dilation);
  const side = (axis: 0 | 1, before: number): Pair => {
    const first = middle[axis] * layer.dilation[axis] - before;
    return [first, input[axis] - 1 - (first + (output[axis] - 1) * layer.strides[axis])];
  };
  const [vertical, horizontal] = [side(0, top), side(1, left)];
  const pads: Pads = [...vertical, ...horizontal];
  if (pads.some((cut) => cut < 0)) return null;
  // What a stride does not reach anyway need not be cut off.
  const rest = (axis: 0 | 1, cut: number): number => (cut < layer.strides[axis] ? 0 : cut);
  return [pads[0], rest(0, pads[1]), pads[2], rest(1, pads[3])];
}

/** Why a convolution cannot be taken apart, or null. */
function unfit(name: string, { shape }: Tensor, input: Image): Words | null {
  if (shape[0] === 1 && shape[1] === 1)
    return { en: `${name} stays as it is: it is 1 x 1 already.`, zh: `${name} 保持原样：它已经是 1 x 1。` };
  if (shape[2] === input[2]) return null;
  return {
    en: `${name} stays as it is: its channels are convolved in groups, which are small already.`,
    zh: `${name} 保持原样：它的通道是分组卷积的，本身已经很小。`,
  };
}

function notSmaller(name: string, before: number, after: number): Words {
  return {
    en: `${name} stays as it is: separable it would hold ${after} weights, and it has ${before}.`,
    zh: `${name} 保持原样：可分离后会有 ${after} 个权重，而它只有 ${before} 个。`,
  };
}

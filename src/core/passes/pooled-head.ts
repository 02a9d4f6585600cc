/**
 * Pooled head: where a network lays its last images out in a row (flatten) for a dense layer, each channel is averaged over the image instead (global
 * average pooling), and the dense layer reads one number for each channel.
 *
 * It helps because that dense layer often holds most of the parameters: LeNet-5's has 400,000 of 431,000, and after pooling 25,000. Shifts of the image
 * then matter less, and the image may be of any size. It costs accuracy where the place of a thing counts; train afterwards.
 *
 * The dense layer starts from its weights summed over the places, W'[c, o] = sum over p of W[p, c, o]: on channels that are the same everywhere it gives
 * what it gave. Where dense layers follow it, they may go too: one fresh dense layer then leads from the channels to the classes, as in the paper.
 * Paper: Lin, Chen, Yan 2014, "Network In Network", section 3.2.
 */
import { lines } from '#core/formula';
import { layerOf, replaceLayers, tensorOf, withActivationGrids } from '#core/model/edit';
import type { DenseLayer, Layer } from '#core/model/layers';
import type { Model, Tensor } from '#core/model/model';
import { shapesOf } from '#core/model/shapes';
import { filledTensor, makeTensor } from '#core/model/tensor';
import type { Words } from '#core/params';
import { definePass } from '#core/pass';
import { denseTail, freshKernel } from '#core/passes/shared/head';
import { settle, settlingFormula, settlingParams } from '#core/passes/shared/settling';
import { asTrained } from '#core/passes/shared/sketching';

export const pooledHead = definePass({
  id: 'pooled-head',
  family: 'structure',
  words: {
    title: { en: 'Pooled head', zh: '全局池化头部' },
    help: {
      en: 'Averages each channel over the image in front of the first dense layer, instead of laying out every pixel. That dense layer often holds most of the parameters.',
      zh: '在第一个全连接层之前对每个通道取全图平均，而不是展开每个像素。这个全连接层往往占了大部分参数。',
    },
    cost: {
      en: 'Many parameters go, few multiplications. Accuracy falls at once; the training afterwards takes the time.',
      zh: '去掉大量参数和少量乘法。准确率会立即下降，时间主要花在之后的训练上。',
    },
    pays: {
      en: 'It pays where the images in front of the dense layer are large and channels are many; with few channels, deepen the network first.',
      zh: '当全连接层之前的图像大、通道多时值得做；若通道很少，应先加深网络。',
    },
    paper: 'Lin, Chen, Yan 2014, Network In Network',
  },
  params: {
    dense: {
      kind: 'choice',
      default: 'kept',
      label: { en: 'Dense layers', zh: '全连接层' },
      help: {
        en: 'Keep the dense layers that follow, or go from the pooled channels straight to the classes.',
        zh: '保留后面的全连接层，或从池化后的通道直接到类别。',
      },
      options: [
        { value: 'kept', label: { en: 'Keep them', zh: '保留' } },
        { value: 'single', label: { en: 'One fresh layer in their place', zh: '换成一个新的全连接层' } },
      ],
    },
    ...settlingParams(5),
  },
  formula: (values) =>
    lines(
      'a[c] = mean x[·, ·, c]',
      values.dense === 'kept'
        ? 'W′[c, o] = Σₚ W[p, c, o]'
        : { en: 'z = W a + b, W and b fresh', zh: 'z = W a + b，W、b 重新初始化' },
      ...settlingFormula(values),
    ),
  needs: ['weights', 'knownGraph', 'data', 'training'],
  effects: {
    masks: 'consumes',
    grids: 'consumes',
    codebooks: 'consumes',
    shapes: 'consumes',
    reason: {
      en: 'The dense layer behind the pooling has new weights: zeros, grids and shared values of the old one do not carry over. All other layers keep theirs. Pool first, then prune, quantize or share.',
      zh: '池化之后的全连接层使用新的权重：原来的零、量化网格和共享值无法延续。其他层保持不变。请先池化，再剪枝、量化或共享。',
    },
  },
  preview: 'structure',

  async sketch(model, { dense, after }, context) {
    const { model: changed } = pooled(model, dense === 'single', context.random);
    return after === 'nothing' ? changed : asTrained(changed, model);
  },

  idle(model, { dense }) {
    const { model: changed, notes } = pooled(model, dense === 'single', () => 0.5);
    return changed === model ? notes : null;
  },

  async apply(model, values, context) {
    const { model: changed, notes } = pooled(model, values.dense === 'single', context.random);
    return { model: changed === model ? model : await settle(changed, model, values, context), report: { notes } };
  },
});

const NO_FLATTEN: Words = {
  en: 'Nothing was changed: no image of channels is laid out in a row for a dense layer here.',
  zh: '没有任何改变：这里没有把通道图像展开后送入全连接层的地方。',
};

function pooled(
  model: Model,
  single: boolean,
  random: () => number,
): { readonly model: Model; readonly notes: readonly Words[] } {
  const shapes = shapesOf(model);
  const flatten = model.layers.findLast(
    ({ kind, inputs }) => kind === 'flatten' && shapes[inputs[0] ?? '']?.length === 3,
  );
  if (!flatten) return { model, notes: [NO_FLATTEN] };
  const source = flatten.inputs[0] as string;
  const [h, w, channels] = shapes[source] as [number, number, number];
  const tail = denseTail(model, flatten.name);
  const first = tail.dense[0];
  if (!first) return { model, notes: [NO_FLATTEN] };
  if (!seesChannels(model, source)) return { model, notes: [PIXELS] };
  const between = single ? [] : tail.layers.slice(0, tail.layers.indexOf(first.name));
  const fixed = between.find((name) => NAMED_VALUES.has(layerOf(model, name)?.kind));
  if (fixed !== undefined) return { model, notes: [eachValue(fixed)] };
  const kernel = tensorOf(model, first, 'kernel') as Tensor;
  const pool: Layer = { kind: 'globalAveragePool2d', name: flatten.name, inputs: flatten.inputs, keepDims: false };
  const replaced = single ? (tail.dense.at(-1) as DenseLayer) : first;
  const outputs = (tensorOf(model, replaced, 'kernel') as Tensor).shape[1] as number;
  const weights = single
    ? freshKernel([channels, outputs], random)
    : makeTensor([channels, outputs], summedOver(kernel, h * w));
  const bias = single ? filledTensor([outputs], 0) : tensorOf(model, first, 'bias');
  const head: DenseLayer = {
    ...replaced,
    kernel: weights.id,
    ...(bias ? { bias: bias.id } : {}),
    ...(single ? { inputs: [pool.name] } : {}),
  };
  // A single layer takes the place of everything from the flatten to the classifier.
  const gone = new Set(single ? tail.layers : []);
  const layers = model.layers.flatMap((layer): readonly Layer[] => {
    if (layer.name === pool.name) return [pool];
    if (layer.name === head.name) return [head];
    return gone.has(layer.name) ? [] : [layer];
  });
  const tensors = { ...model.tensors, [weights.id]: weights, ...(bias ? { [bias.id]: bias } : {}) };
  // Ranges of the pooled values and of what reads them were those of the old layers.
  const { [pool.name]: _, [head.name]: __, ...grids } = model.activationGrids ?? {};
  const changed = withActivationGrids(replaceLayers(model, layers, tensors), grids);
  return { model: changed, notes: [doneNote(first.name, head.name, kernel, weights)] };
}

/** Whether a convolution stands before this place, so that there are channels worth averaging. */
function seesChannels(model: Model, name: string): boolean {
  const layer = layerOf(model, name);
  if (!layer) return false;
  return (
    layer.kind === 'conv2d' ||
    layer.kind === 'depthwiseConv2d' ||
    layer.inputs.some((input) => seesChannels(model, input))
  );
}

/** [places * channels, outputs] summed over the places. */
function summedOver({ data, shape }: Tensor, places: number): Float32Array {
  const size = data.length / places;
  const sums = new Float64Array(size);
  for (let i = 0; i < data.length; i++) sums[i % size] = (sums[i % size] as number) + (data[i] as number);
  if (shape.length !== 2) throw new RangeError(`[${shape}] is not the kernel of a dense layer`);
  return Float32Array.from(sums);
}

const PIXELS: Words = {
  en: 'Nothing was changed: the image itself is laid out here, without a convolution before it. Its mean would say nothing.',
  zh: '没有任何改变：这里展开的是输入图片本身，前面没有卷积。它的平均值没有意义。',
};

/** Layers that know each value of what was laid out by its place. */
const NAMED_VALUES: ReadonlySet<Layer['kind'] | undefined> = new Set(['batchNorm', 'prelu']);

function eachValue(name: string): Words {
  return {
    en: `Nothing was changed: ${name} has numbers for each pixel in front of the dense layer, which pooling would leave without pixels. Put one fresh layer in place of the dense layers instead.`,
    zh: `没有任何改变：全连接层之前的 ${name} 对每个像素都有自己的数值，池化后就对不上了。请改用“换成一个新的全连接层”。`,
  };
}

function doneNote(old: string, name: string, before: Tensor, after: Tensor): Words {
  const [inputs, channels] = [before.shape[0], after.shape[0]];
  return {
    en: `${name} reads ${channels} channel means where ${old} read ${inputs} values: ${before.data.length} weights become ${after.data.length}.`,
    zh: `${name} 读取 ${channels} 个通道平均值，而 ${old} 原来读取 ${inputs} 个数值：${before.data.length} 个权重变为 ${after.data.length} 个。`,
  };
}

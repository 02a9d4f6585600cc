/**
 * Deeper networks that compute the same (Chen, Goodfellow, Shlens 2016, "Net2Net", section 2.3). Behind a layer whose activation changes nothing the second
 * time (ReLU), another layer begins as the identity. Behind a residual block, its copy begins with a branch that gives zero (its last
 * normalisation or kernel is zero; Goyal et al. 2017, section 5.1), and learns from there.
 */
import { freeName, layerOf, replaceLayers, tensorOf, withTensors } from '#core/model/edit';
import type { Activation, Layer, TensorRole } from '#core/model/layers';
import type { Model, Tensor } from '#core/model/model';
import { shapesOf } from '#core/model/shapes';
import { filledTensor, makeTensor } from '#core/model/tensor';
import { type Block, residualBlocks, stages } from '#core/passes/shared/blocks';

interface Growth {
  /** What the new layers read, and whose readers then read the last of them. */
  readonly behind: string;
  readonly layers: readonly Layer[];
  readonly tensors: readonly Tensor[];
}

/** The blocks that can be repeated: residual ones, or stages in a network without. */
export function repeatableBlocks(model: Model): readonly Block[] {
  const residual = residualBlocks(model);
  return (residual.length > 0 ? residual : stages(model)).filter((block) => growth(model, block) !== null);
}

/** The model with the block there once more. Throws Error for one that is not repeatable. */
export function repeated(model: Model, block: Block): Model {
  const grown = growth(model, block);
  if (!grown) throw new Error(`the block ${block.layers.join(', ')} cannot be repeated`);
  const { behind, layers: added, tensors } = grown;
  const end = added.at(-1)?.name as string;
  const at = model.layers.findIndex(({ name }) => name === behind);
  const rest = model.layers.slice(at + 1).map((layer): Layer => {
    if (!layer.inputs.includes(behind)) return layer;
    return { ...layer, inputs: layer.inputs.map((name) => (name === behind ? end : name)) } as Layer;
  });
  return replaceLayers(model, [...model.layers.slice(0, at + 1), ...added, ...rest], {
    ...model.tensors,
    ...Object.fromEntries(tensors.map((tensor) => [tensor.id, tensor])),
  });
}

function growth(model: Model, block: Block): Growth | null {
  return block.kind === 'residual' ? residualCopy(model, block) : identityStage(model, block);
}

/** f(f(x)) = f(x), and f is not linear: ReLU, with an upper clip or without. */
function bendsOnce(layer: Layer): boolean {
  return 'activation' in layer && layer.activation.fn === 'relu';
}

const ZERO_AT_ZERO: ReadonlySet<Activation['fn']> = new Set([
  'linear',
  'relu',
  'leakyRelu',
  'tanh',
  'elu',
  'selu',
  'softsign',
  'swish',
  'gelu',
]);

function residualCopy(model: Model, block: Block): Growth | null {
  const names = new Set(block.layers);
  const add = block.layers.at(-1) as string;
  const readers = model.layers.filter(({ inputs }) => inputs.includes(add));
  const after = readers.length === 1 ? readers[0] : undefined;
  const closes = after?.kind === 'activation' && after.activation.fn === 'relu';
  const behind = closes ? after.name : add;
  const branchEnd = layerOf(model, add)?.inputs.find((name) => name !== block.entry) as string;
  const silenced = silence(model, branchEnd, names);
  if (!silenced) return null;
  const copied = [...block.layers, ...(closes ? [after.name] : [])].map((name) => layerOf(silenced, name) as Layer);
  const taken: string[] = [];
  const renamed = new Map<string, string>([[block.entry, behind]]);
  for (const { name } of copied) renamed.set(name, nextName(model, name, taken));
  const layers = copied.map(
    (layer): Layer =>
      ({
        ...layer,
        name: renamed.get(layer.name) as string,
        inputs: layer.inputs.map((name) => renamed.get(name) as string),
      }) as Layer,
  );
  return { behind, layers, tensors: Object.values(silenced.tensors) };
}

/** The model with the branch that ends in `end` giving zero; null where that cannot be done by one normalisation or kernel. */
function silence(model: Model, end: string, branch: ReadonlySet<string>): Model | null {
  const zero = (layer: Layer, roles: readonly TensorRole[]) =>
    roles.flatMap((role) => {
      const tensor = tensorOf(model, layer, role);
      return tensor ? [{ layer: layer.name, role, tensor: filledTensor(tensor.shape, 0) }] : [];
    });
  for (let at = end; branch.has(at); ) {
    const layer = layerOf(model, at) as Layer;
    if ('activation' in layer && !ZERO_AT_ZERO.has(layer.activation.fn)) return null;
    if ('kernel' in layer) return withTensors(model, zero(layer, ['kernel', 'bias']));
    if (layer.kind === 'batchNorm' && layer.gamma) return withTensors(model, zero(layer, ['gamma', 'beta']));
    const passes = ['activation', 'prelu', 'dropout', 'maxPool2d', 'averagePool2d', 'zeroPad2d', 'crop2d'];
    if (!passes.includes(layer.kind)) return null;
    at = layer.inputs[0] as string;
  }
  return null;
}

function identityStage(model: Model, block: Block): Growth | null {
  const parts = block.layers.map((name) => layerOf(model, name) as Layer);
  // Two linear layers in a row are one: only what bends the line can be repeated, and only if bending twice is bending once.
  const at = parts.findLastIndex((layer) => bendsOnce(layer));
  const act = parts[at];
  const weighted = parts.slice(0, at + 1).filter((layer) => 'kernel' in layer);
  const last = weighted.at(-1);
  if (!last || !act || !('activation' in act)) return null;
  // Right behind it: what follows in the stage (a normalisation, a linear layer) may go below zero again.
  const behind = act.name;
  const shape = shapesOf(model)[behind] as readonly number[];
  const channels = shape.at(-1) as number;
  const taken: string[] = [];
  const bias = filledTensor([channels], 0);
  const { activation } = act;
  const name = nextName(model, last.name, taken);
  if (last.kind === 'dense') {
    const kernel = identity([channels, channels], 1);
    return {
      behind,
      layers: [{ kind: 'dense', name, inputs: [behind], kernel: kernel.id, bias: bias.id, activation }],
      tensors: [kernel, bias],
    };
  }
  const place = { strides: [1, 1], padding: 'same', dilation: [1, 1] } as const;
  const windowed = weighted[0] as Layer;
  const [kh, kw] = (tensorOf(model, windowed, 'kernel') as Tensor).shape.map((k) => k - 1 + (k % 2)) as [
    number,
    number,
  ];
  if (windowed.kind === 'conv2d') {
    const kernel = identity([kh, kw, channels, channels], kh * kw);
    return {
      behind,
      layers: [{ kind: 'conv2d', name, inputs: [behind], kernel: kernel.id, bias: bias.id, ...place, activation }],
      tensors: [kernel, bias],
    };
  }
  if (windowed.kind !== 'depthwiseConv2d') return null;
  // A depthwise convolution, and the 1 x 1 behind it where there is one.
  const deltas = new Float32Array(kh * kw * channels);
  deltas.fill(1, ((kh * kw - 1) / 2) * channels, ((kh * kw + 1) / 2) * channels);
  const depth = makeTensor([kh, kw, channels, 1], deltas);
  const first: Layer = {
    kind: 'depthwiseConv2d',
    name: nextName(model, windowed.name, taken),
    inputs: [behind],
    kernel: depth.id,
    bias: bias.id,
    ...place,
    activation,
  };
  if (weighted.length === 1) return { behind, layers: [first], tensors: [depth, bias] };
  const mix = identity([1, 1, channels, channels], 1);
  const second: Layer = {
    kind: 'conv2d',
    name,
    inputs: [first.name],
    kernel: mix.id,
    bias: bias.id,
    ...place,
    activation,
  };
  return { behind, layers: [first, second], tensors: [depth, mix, bias] };
}

/** Ones from each channel to itself, in the middle of the window of `area` places; zeros elsewhere. */
function identity(shape: readonly number[], area: number): Tensor {
  const channels = shape.at(-1) as number;
  const data = new Float32Array(area * channels * channels);
  const middle = ((area - 1) / 2) * channels * channels;
  for (let c = 0; c < channels; c++) data[middle + c * channels + c] = 1;
  return makeTensor(shape, data);
}

/** A name that neither the model nor `taken` has; it joins `taken`. */
function nextName(model: Model, base: string, taken: string[]): string {
  let name = freeName(model, base);
  for (let n = 2; taken.includes(name); n++) name = freeName(model, `${base}_${n}`);
  taken.push(name);
  return name;
}

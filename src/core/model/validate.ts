/**
 * Whether a model is one: layers in order, each input known, every tensor there and of the right shape, encodings that
 * say the truth about the values. Formats call this on what they read, before anything runs. Values that are not
 * finite are no error (such files exist, and one wants to see them) but a list of warnings.
 */
import {
  type BinaryValues,
  type CodebookValues,
  channelOf,
  codesOf,
  type Encoding,
  type GridValues,
} from '#core/model/encoding';
import { type Layer, tensorsOf } from '#core/model/layers';
import type { Model, Tensor } from '#core/model/model';
import { ShapeError, shapesOf } from '#core/model/shapes';
import { sizeOf } from '#core/model/tensor';
import { isHalf } from '#core/numeric/half';
import type { Words } from '#core/params';

export type ModelErrorCode =
  | 'no-input'
  | 'no-output'
  | 'nameless-layer'
  | 'duplicate-layer'
  | 'unknown-input'
  | 'unknown-output'
  | 'cycle'
  | 'order'
  | 'missing-tensor'
  | 'shape'
  | 'encoding';

/** Why this is not a model. `words` name the layer; `layer` is '' where it is the model as a whole. */
export class ModelError extends Error {
  readonly code: ModelErrorCode;
  readonly layer: string;
  readonly words: Words;
  constructor(code: ModelErrorCode, layer: string, words: Words) {
    super(words.en);
    this.name = 'ModelError';
    this.code = code;
    this.layer = layer;
    this.words = words;
  }
}

/** Values of one tensor that are NaN or infinite. */
export interface NonFinite {
  readonly layer: string;
  readonly role: string;
  readonly count: number;
  readonly words: Words;
}

/** Throws ModelError for the first fault found. */
export function validateModel(model: Model): void {
  checkNames(model);
  checkOrder(model.layers);
  for (const layer of model.layers) {
    for (const [role, id] of tensorsOf(layer)) {
      const tensor = model.tensors[id];
      if (!tensor) throw fault('missing-tensor', layer.name, `its ${role} is missing.`, `缺少它的 ${role} 权重。`);
      const wrong = tensorFault(tensor);
      if (wrong) throw fault('encoding', layer.name, `its ${role} ${wrong.en}`, `它的 ${role} ${wrong.zh}`);
    }
  }
  checkActivationGrids(model);
  try {
    shapesOf(model);
  } catch (error) {
    if (error instanceof ShapeError) throw fault('shape', error.layer, error.words.en, error.words.zh);
    throw error;
  }
}

/** Every tensor that holds NaN or infinite values, with how many, in layer order. */
export function nonFiniteValues(model: Model): readonly NonFinite[] {
  return model.layers.flatMap((layer) =>
    tensorsOf(layer).flatMap(([role, id]): NonFinite[] => {
      const data = model.tensors[id]?.data ?? [];
      let count = 0;
      for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i])) count++;
      if (count === 0) return [];
      const words = {
        en: `Layer ${layer.name}: ${count} of the ${data.length} values of its ${role} are not finite (NaN or infinite), so its answers mean nothing.`,
        zh: `层 ${layer.name}：它的 ${role} 的 ${data.length} 个数值中有 ${count} 个不是有限数（NaN 或无穷大），因此它的输出没有意义。`,
      };
      return [{ layer: layer.name, role, count, words }];
    }),
  );
}

/**
 * The layers in an order in which inputs come first; among those that are ready, the given order stays. Throws
 * ModelError for duplicate names, unknown inputs and cycles.
 */
export function inTopologicalOrder(layers: readonly Layer[]): readonly Layer[] {
  const byName = new Map<string, Layer>();
  for (const layer of layers) {
    if (byName.has(layer.name)) throw duplicate(layer.name);
    byName.set(layer.name, layer);
  }
  const waiting = new Map<string, number>();
  const readers = new Map<string, string[]>();
  for (const layer of layers) {
    const inputs = new Set(layer.inputs);
    waiting.set(layer.name, inputs.size);
    for (const input of inputs) {
      if (!byName.has(input)) throw unknownInput(layer.name, input);
      const list = readers.get(input);
      if (list) list.push(layer.name);
      else readers.set(input, [layer.name]);
    }
  }
  const ordered: Layer[] = [];
  const ready = layers.filter((layer) => waiting.get(layer.name) === 0);
  for (let at = 0; at < ready.length; at++) {
    const layer = ready[at] as Layer;
    ordered.push(layer);
    for (const reader of readers.get(layer.name) ?? []) {
      const left = (waiting.get(reader) as number) - 1;
      waiting.set(reader, left);
      if (left === 0) ready.push(byName.get(reader) as Layer);
    }
  }
  if (ordered.length < layers.length)
    throw cycle(
      layers.filter((layer) => (waiting.get(layer.name) as number) > 0),
      byName,
    );
  return ordered;
}

function checkActivationGrids(model: Model): void {
  for (const [name, grid] of Object.entries(model.activationGrids ?? {})) {
    if (!model.layers.some((layer) => layer.name === name))
      throw fault(
        'encoding',
        name,
        'its output is to be rounded, but there is no such layer.',
        '要对它的输出取整，但没有这个层。',
      );
    const wrong =
      grid.axis === null
        ? gridFault([], grid)
        : {
            en: 'has a grid for each channel; activations have one for all.',
            zh: '按通道设置了网格；激活值只能共用一个网格。',
          };
    if (wrong) throw fault('encoding', name, `its output ${wrong.en}`, `它的输出${wrong.zh}`);
  }
}

function checkNames(model: Model): void {
  const names = new Set<string>();
  for (const { name } of model.layers) {
    if (name === '')
      throw new ModelError('nameless-layer', '', { en: 'A layer has no name.', zh: '有一个层没有名称。' });
    if (names.has(name)) throw duplicate(name);
    names.add(name);
  }
  const inputs = model.layers.filter((layer) => layer.kind === 'input').map((layer) => layer.name);
  if (inputs.length === 0 || model.inputs.length === 0)
    throw new ModelError('no-input', '', { en: 'The model has no input layer.', zh: '模型没有输入层。' });
  for (const name of [
    ...model.inputs.filter((input) => !inputs.includes(input)),
    ...inputs.filter((input) => !model.inputs.includes(input)),
  ]) {
    throw fault(
      'unknown-input',
      name,
      'it is named as an input of the model or is an input layer, but not both.',
      '模型的输入与输入层不一致。',
    );
  }
  if (model.outputs.length === 0)
    throw new ModelError('no-output', '', { en: 'The model has no output.', zh: '模型没有输出。' });
  for (const name of model.outputs) {
    if (!names.has(name))
      throw fault(
        'unknown-output',
        name,
        'the model names it as its output, but there is no such layer.',
        '模型把它作为输出，但没有这个层。',
      );
  }
}

function checkOrder(layers: readonly Layer[]): void {
  const seen = new Set<string>();
  for (const layer of layers) {
    for (const input of layer.inputs) {
      if (seen.has(input)) continue;
      // Sorting tells a cycle or an unknown name from layers that merely stand in the wrong order.
      inTopologicalOrder(layers);
      throw fault('order', layer.name, `its input ${input} stands behind it.`, `它的输入 ${input} 排在它之后。`);
    }
    seen.add(layer.name);
  }
}

/** Follows inputs among the layers that could not be sorted until one comes again. */
function cycle(stuck: readonly Layer[], byName: ReadonlyMap<string, Layer>): ModelError {
  const names = new Set(stuck.map((layer) => layer.name));
  const path: string[] = [];
  let at = stuck[0]?.name as string;
  while (!path.includes(at)) {
    path.push(at);
    at = (byName.get(at)?.inputs.find((input) => names.has(input)) ?? at) as string;
  }
  const ring = [...path.slice(path.indexOf(at)), at].reverse();
  const shown = ring.length > 8 ? [...ring.slice(0, 7), '…', ring[ring.length - 1]] : ring;
  return fault(
    'cycle',
    at,
    `it depends on its own output (${shown.join(' → ')}).`,
    `它依赖于自己的输出（${shown.join(' → ')}）。`,
  );
}

function tensorFault({ shape, data, encoding }: Tensor): Words | null {
  const size = sizeOf(shape);
  if (data.length !== size)
    return {
      en: `has ${data.length} values where its shape [${shape.join(', ')}] needs ${size}.`,
      zh: `有 ${data.length} 个数值，而形状 [${shape.join(', ')}] 需要 ${size} 个。`,
    };
  return maskFault(data, encoding) ?? valuesFault(data, shape, encoding);
}

function maskFault(data: Float32Array, { mask }: Encoding): Words | null {
  if (!mask) return null;
  if (mask.length !== data.length)
    return {
      en: `has a mask of ${mask.length} entries for ${data.length} values.`,
      zh: `有 ${data.length} 个数值，但掩码有 ${mask.length} 项。`,
    };
  for (let i = 0; i < mask.length; i++) {
    if ((mask[i] as number) > 1)
      return { en: `has a mask entry that is neither 0 nor 1 (at ${i}).`, zh: `的掩码第 ${i} 项既不是 0 也不是 1。` };
    if (mask[i] === 0 && data[i] !== 0)
      return { en: `has a pruned value that is not 0 (at ${i}).`, zh: `的第 ${i} 个数值已被剪掉却不是 0。` };
  }
  return null;
}

function valuesFault(data: Float32Array, shape: readonly number[], encoding: Encoding): Words | null {
  switch (encoding.values.kind) {
    case 'dense':
      return null;
    case 'half': {
      const at = data.findIndex((value) => !isHalf(value) && !Number.isNaN(value));
      return at < 0
        ? null
        : { en: `has a value that is not of half precision (at ${at}).`, zh: `的第 ${at} 个数值不是半精度数。` };
    }
    case 'binary':
      return binaryFault(data, shape, encoding, encoding.values);
    case 'codebook':
      return codebookFault(data, shape, encoding, encoding.values);
    case 'grid':
      return gridFault(shape, encoding.values) ?? offGridFault(data, shape, encoding, encoding.values);
    default:
      throw encoding.values satisfies never;
  }
}

function binaryFault(
  data: Float32Array,
  shape: readonly number[],
  { mask }: Encoding,
  { scale, axis }: BinaryValues,
): Words | null {
  const wrong = scaleFault(shape, scale, axis);
  if (wrong) return wrong;
  if (mask) return { en: 'has a mask, but two signs leave no room for 0.', zh: '带有掩码，但二值权重不能为 0。' };
  const channel = channelOf(shape, axis);
  for (let i = 0; i < data.length; i++)
    if (Math.abs(data[i] as number) !== scale[channel(i)])
      return {
        en: `has a value that is not plus or minus its scale (at ${i}).`,
        zh: `的第 ${i} 个数值不是正负缩放系数。`,
      };
  return null;
}

function codebookFault(
  data: Float32Array,
  shape: readonly number[],
  encoding: Encoding,
  { centroids, books }: CodebookValues,
): Words | null {
  const { axis, offsets } = books ?? { axis: null, offsets: Int32Array.of(0, centroids.length) };
  const channels = axis === null ? 1 : shape[axis];
  const starts = new Set(offsets);
  if (
    centroids.length < 1 ||
    centroids.length > 65536 ||
    channels === undefined ||
    offsets.length !== channels + 1 ||
    offsets[0] !== 0 ||
    offsets[channels] !== centroids.length ||
    offsets.some((at, c) => c > 0 && at < (offsets[c - 1] as number)) ||
    centroids.some((value, i) => !starts.has(i) && value < (centroids[i - 1] as number))
  )
    return { en: 'has a codebook that is empty, too long or not in order.', zh: '的码本为空、过长或未排序。' };
  const codes = codesOf(data, shape, encoding);
  const channel = channelOf(shape, axis);
  for (let i = 0; i < data.length; i++) {
    const code = codes[i] as number;
    if (code < 0) continue;
    const c = channel(i);
    // An empty book has no value at all; -0 is 0, and NaN is in no book.
    if ((offsets[c] as number) >= (offsets[c + 1] as number) || (centroids[code] as number) !== data[i])
      return { en: `has a value that is not in its codebook (at ${i}).`, zh: `的第 ${i} 个数值不在码本中。` };
  }
  return null;
}

/** What is wrong with a grid for values of this shape, whatever they are. */
function gridFault(shape: readonly number[], { bits, qMin, qMax, scale, zeroPoint, axis }: GridValues): Words | null {
  if (!(Number.isInteger(bits) && bits >= 2 && bits <= 16) || !(qMin < qMax) || qMax - qMin >= 2 ** bits)
    return {
      en: `has a grid from ${qMin} to ${qMax} that does not fit ${bits} bits.`,
      zh: `的网格范围 ${qMin} 到 ${qMax} 与 ${bits} 位不符。`,
    };
  return (
    scaleFault(shape, scale, axis) ?? (zeroPoint.length === scale.length ? null : countFault(shape, zeroPoint, axis))
  );
}

function scaleFault(shape: readonly number[], scale: Float32Array, axis: number | null): Words | null {
  if (scale.length !== (axis === null ? 1 : shape[axis])) return countFault(shape, scale, axis);
  if (scale.some((value) => !(Number.isFinite(value) && value > 0)))
    return { en: 'has a grid whose scale is not a number above 0.', zh: '的网格缩放系数不是正数。' };
  return null;
}

function countFault(shape: readonly number[], held: ArrayLike<number>, axis: number | null): Words {
  const channels = axis === null ? 1 : shape[axis];
  return {
    en: `has ${held.length} scales where ${channels ?? 'a known axis and its number'} are needed.`,
    zh: `有 ${held.length} 个缩放系数，需要 ${channels ?? '与某个维度相同'} 个。`,
  };
}

function offGridFault(
  data: Float32Array,
  shape: readonly number[],
  encoding: Encoding,
  { scale, zeroPoint, axis }: GridValues,
): Words | null {
  const { mask } = encoding;
  const codes = codesOf(data, shape, encoding);
  const channel = channelOf(shape, axis);
  for (let i = 0; i < data.length; i++) {
    if (mask && !mask[i]) continue;
    const c = channel(i);
    const onGrid = (scale[c] as number) * ((codes[i] as number) - (zeroPoint[c] as number));
    // One float32 rounding, in whichever order scale and offset were applied.
    if (!(Math.abs(onGrid - (data[i] as number)) <= 1e-6 * Math.max(Math.abs(onGrid), scale[c] as number)))
      return { en: `has a value that is not on its grid (at ${i}).`, zh: `的第 ${i} 个数值不在网格上。` };
  }
  return null;
}

function fault(code: ModelErrorCode, layer: string, en: string, zh: string): ModelError {
  return new ModelError(code, layer, { en: `Layer ${layer}: ${en}`, zh: `层 ${layer}：${zh}` });
}
function duplicate(name: string): ModelError {
  return fault('duplicate-layer', name, 'two layers have this name.', '有两个层使用了这个名称。');
}
function unknownInput(layer: string, input: string): ModelError {
  return fault(
    'unknown-input',
    layer,
    `it reads from ${input}, which does not exist.`,
    `它读取 ${input}，但没有这个层。`,
  );
}

/**
 * What Keras and TensorFlow.js have no words for, kept beside the model as a few lines of JSON that both ignore: its
 * name and classes, which tensors are masked, on a grid or shared, and which layers of the file were one layer of ours.
 * Everything is checked against the values before it is believed.
 */
import {
  type BinaryValues,
  type CodebookValues,
  channelOf,
  DENSE,
  type Encoding,
  type GridValues,
  innerStride,
} from '#core/model/encoding';
import type { Model, ModelMeta } from '#core/model/model';
import { sizeOf } from '#core/model/tensor';
import { isHalf } from '#core/numeric/half';
import type { Note } from '#formats/format';
import { isObject, type JsonObject, own } from '#formats/json';
import { warning } from '#formats/refuse';

type GridRecord = Omit<GridValues, 'kind' | 'scale' | 'zeroPoint'> & {
  readonly scale: readonly number[];
  readonly zeroPoint: readonly number[];
};
/** How one tensor is encoded. Masks, codebooks and the scales of two signs are read off the values again. */
interface TensorRecord {
  readonly masked?: true;
  /** true: one codebook; a number: one for each index along that axis. */
  readonly shared?: true | number;
  readonly half?: true;
  /** The axis of the scales of two signs, null for one scale. */
  readonly signs?: number | null;
  readonly grid?: GridRecord;
}
export interface ModelRecord {
  readonly version: 1;
  readonly name: string;
  readonly classes?: readonly string[];
  readonly dataset?: string;
  /** By "layer/role". */
  readonly tensors: Readonly<Record<string, TensorRecord>>;
  /** The grids of the layers' outputs, by layer name. */
  readonly activations?: Readonly<Record<string, GridRecord>>;
  /** Layers of the file that belong to the layer before or after them. */
  readonly joins: readonly string[];
}

/** The record of a model as it is written; `encodings` has, by "layer/role", what was really stored; `renamed` has our names and the file's. */
export function recordOf(
  model: Model,
  encodings: ReadonlyMap<string, Encoding>,
  joins: readonly string[],
  renamed: readonly (readonly [string, string])[],
): ModelRecord {
  const tensors = new Map<string, TensorRecord>();
  for (const [key, { mask, values }] of encodings) {
    const record: TensorRecord = {
      ...(mask ? { masked: true as const } : {}),
      ...valuesRecord(values),
    };
    if (Object.keys(record).length > 0) tensors.set(key, record);
  }
  const { classes, dataset } = model.meta;
  const written = new Map(renamed);
  const activations = Object.entries(model.activationGrids ?? {}).map(
    ([layer, grid]) => [written.get(layer) ?? layer, gridRecord(grid)] as const,
  );
  return {
    version: 1,
    name: model.name,
    ...(classes ? { classes } : {}),
    ...(dataset === undefined ? {} : { dataset }),
    tensors: Object.fromEntries(tensors),
    ...(activations.length > 0 ? { activations: Object.fromEntries(activations) } : {}),
    joins,
  };
}

/** What these formats cannot say about a model whose activations are rounded. */
export function activationNote(model: Model): readonly Note[] {
  if (!model.activationGrids) return [];
  const bits = [...new Set(Object.values(model.activationGrids).map((grid) => grid.bits))].sort((a, b) => a - b);
  const list = { en: bits.join(' and '), zh: bits.join('、') };
  return [
    warning(
      `This format has no quantized activations: other programs run the file with float32 activations, and its answers may differ slightly from those measured here at ${list.en} bits. Whittle rounds them again when it opens the file.`,
      `此格式没有量化的激活值：其他程序会以 float32 激活值运行此文件，结果可能与此处按 ${list.zh} 位测得的略有不同。Whittle 打开此文件时会重新取整。`,
    ),
  ];
}

function valuesRecord(values: Encoding['values']): TensorRecord {
  switch (values.kind) {
    case 'dense':
      return {};
    case 'half':
      return { half: true };
    case 'grid':
      return { grid: gridRecord(values) };
    case 'binary':
      return { signs: values.axis };
    case 'codebook':
      return { shared: values.books?.axis ?? true };
    default:
      throw values satisfies never;
  }
}

function gridRecord({ bits, qMin, qMax, scale, zeroPoint, axis, symmetric }: GridValues): GridRecord {
  return { bits, qMin, qMax, scale: [...scale], zeroPoint: [...zeroPoint], axis, symmetric };
}

/** What a record says about the model as a whole, where it is one of ours. */
export function readRecord(value: unknown): {
  readonly name?: string;
  readonly meta: Omit<ModelMeta, 'source'>;
  readonly tensors: JsonObject;
  readonly activations: JsonObject;
  readonly joins: readonly string[];
} | null {
  if (!isObject(value) || own(value, 'version') !== 1) return null;
  const name = own(value, 'name');
  const classes = own(value, 'classes');
  const dataset = own(value, 'dataset');
  const tensors = own(value, 'tensors');
  const activations = own(value, 'activations');
  const joins = own(value, 'joins');
  return {
    ...(typeof name === 'string' && name.length > 0 && name.length <= 200 ? { name } : {}),
    meta: {
      ...(isTexts(classes, 10_000) ? { classes } : {}),
      ...(typeof dataset === 'string' && dataset.length <= 100 ? { dataset } : {}),
    },
    tensors: isObject(tensors) ? tensors : {},
    activations: isObject(activations) ? activations : {},
    joins: isTexts(joins, 10_000) ? joins : [],
  };
}

/**
 * The encoding that a record claims for these values, or null where the values do not bear it out (they were changed
 * after the record was written) or there is no record.
 */
export function restoreEncoding(record: unknown, shape: readonly number[], data: Float32Array): Encoding | null {
  if (!isObject(record)) return null;
  const mask = own(record, 'masked') === true ? Uint8Array.from(data, (value) => (value === 0 ? 0 : 1)) : undefined;
  const withMask = mask ? { mask } : {};
  const claimed = own(record, 'grid');
  if (claimed !== undefined) {
    const grid = readGrid(claimed, shape);
    return grid && liesOn(grid, shape, data) ? { ...withMask, values: grid } : null;
  }
  const shared = own(record, 'shared');
  if (shared !== undefined) {
    const axis = shared === true ? null : axisOf(shared, shape);
    const codebook = axis === undefined ? null : readCodebook(axis, shape, data, mask);
    return codebook && { ...withMask, values: codebook };
  }
  if (own(record, 'half') === true)
    return data.every((value) => isHalf(value) || Number.isNaN(value))
      ? { ...withMask, values: { kind: 'half' } }
      : null;
  const signs = own(record, 'signs');
  if (signs !== undefined) {
    const axis = signs === null ? null : axisOf(signs, shape);
    const values = axis === undefined || mask ? null : readSigns(axis, shape, data);
    return values && { values };
  }
  return mask ? { mask, values: DENSE.values } : null;
}

function axisOf(value: unknown, shape: readonly number[]): number | undefined {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < shape.length
    ? (value as number)
    : undefined;
}

function readCodebook(
  axis: number | null,
  shape: readonly number[],
  data: Float32Array,
  mask: Uint8Array | undefined,
): CodebookValues | null {
  const channel = channelOf(shape, axis);
  const books = Array.from({ length: axis === null ? 1 : (shape[axis] as number) }, () => new Set<number>());
  for (let i = 0; i < data.length; i++) {
    const value = data[i] as number;
    if (Number.isNaN(value)) return null;
    if (mask && value === 0) continue;
    const book = books[channel(i)] as Set<number>;
    book.add(value);
    if (book.size > 65_536) return null;
  }
  const offsets = new Int32Array(books.length + 1);
  for (const [c, { size }] of books.entries()) offsets[c + 1] = (offsets[c] as number) + size;
  const total = offsets[books.length] as number;
  if (total > 65_536) return null;
  // All is pruned, but a codebook is never empty.
  if (total === 0) offsets.fill(1, 1);
  const centroids = new Float32Array(Math.max(1, total));
  for (const [c, book] of books.entries()) centroids.set(Float32Array.from(book).sort(), offsets[c] as number);
  return { kind: 'codebook', centroids, ...(axis === null ? {} : { books: { axis, offsets } }) };
}

function readSigns(axis: number | null, shape: readonly number[], data: Float32Array): BinaryValues | null {
  const channel = channelOf(shape, axis);
  const scale = new Float32Array(axis === null ? 1 : (shape[axis] as number));
  for (let i = 0; i < data.length; i++) scale[channel(i)] = Math.abs(data[i] as number);
  const fits = data.every((value, i) => Math.abs(value) === scale[channel(i)]);
  return fits && scale.every((one) => one > 0 && Number.isFinite(one)) ? { kind: 'binary', scale, axis } : null;
}

/** The grid of a layer's output that a record claims, or null where it is none. */
export function readActivationGrid(value: unknown): GridValues | null {
  const grid = readGrid(value, []);
  return grid?.axis === null ? grid : null;
}

function readGrid(value: unknown, shape: readonly number[]): GridValues | null {
  if (!isObject(value)) return null;
  const [bits, qMin, qMax, axis, scale, zeroPoint] = ['bits', 'qMin', 'qMax', 'axis', 'scale', 'zeroPoint'].map((key) =>
    own(value, key),
  );
  const whole = (x: unknown, min: number, max: number): x is number =>
    Number.isInteger(x) && (x as number) >= min && (x as number) <= max;
  if (!whole(bits, 2, 16) || !whole(qMin, -65_536, 65_536) || !whole(qMax, qMin + 1, qMin + 2 ** bits - 1)) return null;
  if (axis !== null && !whole(axis, 0, shape.length - 1)) return null;
  const channels = axis === null ? 1 : shape[axis];
  if (!Array.isArray(scale) || !Array.isArray(zeroPoint) || scale.length !== channels || zeroPoint.length !== channels)
    return null;
  if (!scale.every((s) => typeof s === 'number' && s > 0 && Number.isFinite(Math.fround(s)))) return null;
  if (!zeroPoint.every((z) => whole(z, -(2 ** 24), 2 ** 24))) return null;
  return {
    kind: 'grid',
    bits,
    qMin,
    qMax,
    axis,
    scale: Float32Array.from(scale as number[]),
    zeroPoint: Int32Array.from(zeroPoint as number[]),
    symmetric: own(value, 'symmetric') === true,
  };
}

/** Whether every value is exactly scale * (q - zeroPoint) with q in range. */
export function liesOn(
  { scale, zeroPoint, qMin, qMax, axis }: GridValues,
  shape: readonly number[],
  data: Float32Array,
): boolean {
  const stride = axis === null ? sizeOf(shape) : innerStride(shape, axis);
  for (let i = 0; i < data.length; i++) {
    const c = axis === null ? 0 : Math.floor(i / stride) % scale.length;
    const step = scale[c] as number;
    const steps = Math.round((data[i] as number) / step);
    const q = steps + (zeroPoint[c] as number);
    if (!(q >= qMin && q <= qMax) || Math.fround(step * steps) !== data[i]) return false;
  }
  return true;
}

function isTexts(value: unknown, most: number): value is readonly string[] {
  return (
    Array.isArray(value) &&
    value.length <= most &&
    value.every((text) => typeof text === 'string' && text.length <= 1_000)
  );
}

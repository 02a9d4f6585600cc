/**
 * What Keras and TensorFlow.js have no words for, kept beside the model as a few lines of JSON that both ignore: its
 * name and classes, which tensors are masked, on a grid or shared, and which layers of the file were one layer of ours.
 * Everything is checked against the values before it is believed.
 */
import { DENSE, type Encoding, type GridValues, innerStride } from '#core/model/encoding';
import type { Model, ModelMeta } from '#core/model/model';
import { sizeOf } from '#core/model/tensor';
import { isObject, type JsonObject, own } from '#formats/json';

/** How one tensor is encoded. Masks and codebooks are read off the values again. */
interface TensorRecord {
  readonly masked?: true;
  readonly shared?: true;
  readonly grid?: Omit<GridValues, 'kind' | 'scale' | 'zeroPoint'> & {
    readonly scale: readonly number[];
    readonly zeroPoint: readonly number[];
  };
}
export interface ModelRecord {
  readonly version: 1;
  readonly name: string;
  readonly classes?: readonly string[];
  readonly dataset?: string;
  /** By "layer/role". */
  readonly tensors: Readonly<Record<string, TensorRecord>>;
  /** Layers of the file that belong to the layer before or after them. */
  readonly joins: readonly string[];
}

/** The record of a model as it is written; `encodings` has, by "layer/role", what was really stored. */
export function recordOf(
  model: Model,
  encodings: ReadonlyMap<string, Encoding>,
  joins: readonly string[],
): ModelRecord {
  const tensors = new Map<string, TensorRecord>();
  for (const [key, { mask, values }] of encodings) {
    const record: TensorRecord = {
      ...(mask ? { masked: true as const } : {}),
      ...(values.kind === 'codebook' ? { shared: true as const } : {}),
      ...(values.kind === 'grid' ? { grid: gridRecord(values) } : {}),
    };
    if (Object.keys(record).length > 0) tensors.set(key, record);
  }
  const { classes, dataset } = model.meta;
  return {
    version: 1,
    name: model.name,
    ...(classes ? { classes } : {}),
    ...(dataset === undefined ? {} : { dataset }),
    tensors: Object.fromEntries(tensors),
    joins,
  };
}

function gridRecord({
  bits,
  qMin,
  qMax,
  scale,
  zeroPoint,
  axis,
  symmetric,
}: GridValues): NonNullable<TensorRecord['grid']> {
  return { bits, qMin, qMax, scale: [...scale], zeroPoint: [...zeroPoint], axis, symmetric };
}

/** What a record says about the model as a whole, where it is one of ours. */
export function readRecord(value: unknown): {
  readonly name?: string;
  readonly meta: Omit<ModelMeta, 'source'>;
  readonly tensors: JsonObject;
  readonly joins: readonly string[];
} | null {
  if (!isObject(value) || own(value, 'version') !== 1) return null;
  const name = own(value, 'name');
  const classes = own(value, 'classes');
  const dataset = own(value, 'dataset');
  const tensors = own(value, 'tensors');
  const joins = own(value, 'joins');
  return {
    ...(typeof name === 'string' && name.length > 0 && name.length <= 200 ? { name } : {}),
    meta: {
      ...(isTexts(classes, 10_000) ? { classes } : {}),
      ...(typeof dataset === 'string' && dataset.length <= 100 ? { dataset } : {}),
    },
    tensors: isObject(tensors) ? tensors : {},
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
  if (own(record, 'shared') === true) {
    const distinct = new Set<number>();
    for (const value of data) {
      if (Number.isNaN(value)) return null;
      if (!mask || value !== 0) distinct.add(value);
      if (distinct.size > 65_536) return null;
    }
    return { ...withMask, values: { kind: 'codebook', centroids: Float32Array.from(distinct).sort() } };
  }
  return mask ? { mask, values: DENSE.values } : null;
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

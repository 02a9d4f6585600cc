/**
 * How tensors and models lie in the vault: a header with a magic number, the length and a hash of what follows, so that
 * a torn or damaged write is found out and never taken for a model; then JSON and the raw arrays, each on 4 bytes.
 */
import type { Encoding, GridValues } from '#core/model/encoding';
import type { Model, Tensor, TensorId } from '#core/model/model';
import { hash128 } from '#core/numeric/hash';

export const HEADER_BYTES = 32;
const magic = 0x31545657;

/** `payload` behind its header. */
export function sealed(parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + padded(part.length), 0);
  const bytes = new Uint8Array(HEADER_BYTES + length);
  let at = HEADER_BYTES;
  for (const part of parts) {
    bytes.set(part, at);
    at += padded(part.length);
  }
  const header = new DataView(bytes.buffer);
  header.setUint32(0, magic, true);
  header.setFloat64(8, length, true);
  hash128(bytes.subarray(HEADER_BYTES)).forEach((word, index) => {
    header.setUint32(16 + 4 * index, word, true);
  });
  return bytes;
}

/** Whether a file that begins with `head` and has `size` bytes was written to its end. */
export function isWhole(head: Uint8Array, size: number): boolean {
  if (head.length < HEADER_BYTES) return false;
  const header = new DataView(head.buffer, head.byteOffset, head.byteLength);
  return header.getUint32(0, true) === magic && header.getFloat64(8, true) === size - HEADER_BYTES;
}

/** What is behind the header, or null when anything is amiss. */
export function unsealed(bytes: Uint8Array): Uint8Array | null {
  if (!isWhole(bytes, bytes.length)) return null;
  const payload = bytes.subarray(HEADER_BYTES);
  const header = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return hash128(payload).every((word, index) => word === header.getUint32(16 + 4 * index, true)) ? payload : null;
}

const padded = (length: number): number => Math.ceil(length / 4) * 4;
const bytesOf = (view: ArrayBufferView): Uint8Array => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);

function jsonParts(value: unknown): [Uint8Array, Uint8Array] {
  const text = new TextEncoder().encode(JSON.stringify(value));
  return [bytesOf(Uint32Array.of(text.length)), text];
}
function readJson(payload: Uint8Array): { readonly value: unknown; readonly end: number } {
  const length = new DataView(payload.buffer, payload.byteOffset, 4).getUint32(0, true);
  return { value: JSON.parse(new TextDecoder().decode(payload.subarray(4, 4 + length))), end: 4 + padded(length) };
}

/** A tensor's head: everything but its arrays, whose lengths follow from it. */
interface TensorHead {
  readonly shape: readonly number[];
  readonly size: number;
  readonly masked: boolean;
  readonly values:
    | { readonly kind: 'dense' | 'half' }
    | { readonly kind: 'binary'; readonly axis: number | null; readonly scales: number }
    | {
        readonly kind: 'grid';
        readonly bits: number;
        readonly qMin: number;
        readonly qMax: number;
        readonly axis: number | null;
        readonly symmetric: boolean;
        readonly scales: number;
      }
    | {
        readonly kind: 'codebook';
        readonly size: number;
        readonly books?: { readonly axis: number; readonly offsets: readonly number[] };
      };
}

export function writeTensor(tensor: Tensor): Uint8Array {
  const { shape, data, encoding } = tensor;
  const { mask, values } = encoding;
  const head = (kept: TensorHead['values']): TensorHead => ({
    shape,
    size: data.length,
    masked: mask !== undefined,
    values: kept,
  });
  const arrays = mask ? [bytesOf(data), mask] : [bytesOf(data)];
  switch (values.kind) {
    case 'dense':
    case 'half':
      return sealed([...jsonParts(head({ kind: values.kind })), ...arrays]);
    case 'binary': {
      const { scale, axis } = values;
      return sealed([...jsonParts(head({ kind: 'binary', axis, scales: scale.length })), ...arrays, bytesOf(scale)]);
    }
    case 'grid': {
      const { scale, zeroPoint, ...rest } = values;
      return sealed([
        ...jsonParts(head({ ...rest, scales: scale.length })),
        ...arrays,
        bytesOf(scale),
        bytesOf(zeroPoint),
      ]);
    }
    case 'codebook': {
      const { centroids, books } = values;
      const kept = books ? { books: { axis: books.axis, offsets: [...books.offsets] } } : {};
      return sealed([
        ...jsonParts(head({ kind: 'codebook', size: centroids.length, ...kept })),
        ...arrays,
        bytesOf(centroids),
      ]);
    }
    default:
      throw values satisfies never;
  }
}

/** Null when the bytes are damaged. */
export function readTensor(id: TensorId, bytes: Uint8Array): Tensor | null {
  const payload = unsealed(bytes);
  if (!payload) return null;
  const { value, end } = readJson(payload);
  const { shape, size, masked, values } = value as TensorHead;
  let at = end;
  const take = (length: number): ArrayBuffer => {
    const slice = payload.slice(at, at + length);
    at += padded(length);
    return slice.buffer as ArrayBuffer;
  };
  const data = new Float32Array(take(4 * size));
  const mask = masked ? { mask: new Uint8Array(take(size)) } : {};
  const encoding = ((): Encoding => {
    switch (values.kind) {
      case 'dense':
      case 'half':
        return { ...mask, values: { kind: values.kind } };
      case 'binary':
        return {
          ...mask,
          values: { kind: 'binary', axis: values.axis, scale: new Float32Array(take(4 * values.scales)) },
        };
      case 'grid': {
        const { scales, ...rest } = values;
        return {
          ...mask,
          values: { ...rest, scale: new Float32Array(take(4 * scales)), zeroPoint: new Int32Array(take(4 * scales)) },
        };
      }
      case 'codebook': {
        const { size, books } = values;
        const kept = books ? { books: { axis: books.axis, offsets: Int32Array.from(books.offsets) } } : {};
        return { ...mask, values: { kind: 'codebook', centroids: new Float32Array(take(4 * size)), ...kept } };
      }
      default:
        throw values satisfies never;
    }
  })();
  return { id, shape, data, encoding };
}

/** Facts as JSON with float arrays behind them. */
export function writeArrays(head: unknown, arrays: readonly Float32Array[]): Uint8Array {
  return sealed([...jsonParts({ head, lengths: arrays.map(({ length }) => length) }), ...arrays.map(bytesOf)]);
}
/** Null when the bytes are damaged. */
export function readArrays(bytes: Uint8Array): { readonly head: unknown; readonly arrays: Float32Array[] } | null {
  const payload = unsealed(bytes);
  if (!payload) return null;
  const { value, end } = readJson(payload);
  const { head, lengths } = value as { readonly head: unknown; readonly lengths: readonly number[] };
  let at = end;
  const arrays = lengths.map((length) => {
    const slice = payload.slice(at, at + 4 * length);
    at += 4 * length;
    return new Float32Array(slice.buffer as ArrayBuffer);
  });
  return { head, arrays };
}

/** Facts as JSON with numbers behind them. */
export function writeNumbers(head: unknown, numbers: Float64Array = new Float64Array()): Uint8Array {
  return sealed([...jsonParts(head), bytesOf(numbers)]);
}
/** Null when the bytes are damaged. */
export function readNumbers(bytes: Uint8Array): { readonly head: unknown; readonly numbers: Float64Array } | null {
  const payload = unsealed(bytes);
  if (!payload) return null;
  const { value, end } = readJson(payload);
  return { head: value, numbers: new Float64Array(payload.slice(end).buffer as ArrayBuffer) };
}

/** A model without its tensors, which it names by id. */
export type Structure = Omit<Model, 'tensors'> & { readonly tensorIds: readonly TensorId[] };

/** A structure as JSON has it: the arrays of its grids are lists. */
interface StructureJson extends Omit<Structure, 'activationGrids'> {
  readonly activationGrids?: Readonly<Record<string, GridJson>>;
}
type GridJson = Omit<GridValues, 'scale' | 'zeroPoint'> & {
  readonly scale: readonly number[];
  readonly zeroPoint: readonly number[];
};

export function writeStructure({ tensors, activationGrids, ...rest }: Model): Uint8Array {
  const grids =
    activationGrids &&
    mapValues(activationGrids, ({ scale, zeroPoint, ...grid }): GridJson => {
      return { ...grid, scale: [...scale], zeroPoint: [...zeroPoint] };
    });
  const structure: StructureJson = {
    ...rest,
    ...(grids ? { activationGrids: grids } : {}),
    tensorIds: Object.keys(tensors),
  };
  return sealed(jsonParts(structure));
}
/** Null when the bytes are damaged. */
export function readStructure(bytes: Uint8Array): Structure | null {
  const payload = unsealed(bytes);
  if (!payload) return null;
  const { activationGrids, ...rest } = readJson(payload).value as StructureJson;
  if (!activationGrids) return rest;
  return {
    ...rest,
    activationGrids: mapValues(activationGrids, ({ scale, zeroPoint, ...grid }) => {
      return { ...grid, scale: Float32Array.from(scale), zeroPoint: Int32Array.from(zeroPoint) };
    }),
  };
}

function mapValues<A, B>(record: Readonly<Record<string, A>>, change: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}

/**
 * One tensor of a .whittle file: shape, encoding, which places are kept, and their values. What is read is what was written
 * to the bit: values that are not exactly where their encoding says are stored as floats, negative zeros are remembered.
 */
import { codeMask, type Geometry } from '#core/coding/contexts';
import { channelOf, type Encoding, type TensorValues } from '#core/model/encoding';
import { fromHalf } from '#core/numeric/half';
import type { Exchange } from '#formats/whittle/exchange';
import { codeCodesOf, codeFloatsOf, codePlaces, type Plan } from '#formats/whittle/streams';
import { codeBinary, codeCodebook, codeGrid } from '#formats/whittle/values';

/** A tensor without its id. */
export interface Content {
  readonly shape: readonly number[];
  readonly data: Float32Array;
  readonly encoding: Encoding;
}

/** In the order of their numbers in files. */
const KINDS: readonly TensorValues['kind'][] = ['dense', 'half', 'grid', 'binary', 'codebook'];

/** What is written, taken apart: what the plan chooses about. */
export interface Parts {
  readonly content: Content;
  /** Places with a value of their own, where not all have one; the others are 0. */
  readonly kept: Uint8Array | null;
  /** Codes by place for values on their encoding; null where floats are stored. */
  readonly codes: Int32Array | null;
  readonly negativeZeros: Uint8Array | null;
}
/** Codes one tensor. When reading both arguments are left out. Throws CodingError. */
export function codeTensor(exchange: Exchange, parts?: Parts, plan?: Plan): Content {
  const { numbers, coder } = exchange;
  const given = parts?.content;
  const shape = codeShape(exchange, given?.shape);
  const size = shape.reduce((product, extent) => product * extent, 1);
  exchange.spend(size);
  const values = codeValues(exchange, shape, given?.encoding.values);
  const hasMask = numbers.flag('mask', !!given?.encoding.mask);
  const hasHoles = hasMask || numbers.flag('holes', !!parts?.kept);
  const period = numbers.flag('period', !!plan?.period) ? codePeriod(exchange, shape, plan?.period) : 0;
  const geometry = geometryOf(shape, period);
  const kept = hasHoles ? codePlaces(exchange, geometry, parts?.kept ?? undefined, plan) : null;
  const isCoded = values.kind !== 'dense' && !numbers.flag('off', !parts?.codes);
  const data = new Float32Array(size);
  if (isCoded) {
    const codes = parts?.codes?.slice() ?? new Int32Array(size);
    codeCodesOf(exchange, values, codes, kept, geometry, plan);
    decodeValues(values, shape, codes, kept, data);
  } else codeFloatsOf(exchange, kept, data, given?.data, plan);
  if (numbers.flag('negative zeros', !!parts?.negativeZeros)) {
    const negative = parts?.negativeZeros ?? new Uint8Array(size);
    codeMask(coder, negative, { rows: 1, columns: size, period: 0 });
    for (let i = 0; i < size; i++) if (negative[i]) data[i] = -0;
  }
  return { shape, data, encoding: hasMask ? { mask: kept as Uint8Array, values } : { values } };
}

function codeShape(exchange: Exchange, given: readonly number[] = []): readonly number[] {
  const { numbers } = exchange;
  const rank = numbers.whole('axes', given.length, 6);
  return Array.from({ length: rank }, (_, axis) => numbers.whole(`extent${rank}.${axis}`, given[axis], 100_000_000));
}

/** The tensor as a matrix: its last axis across. */
export function geometryOf(shape: readonly number[], period: number): Geometry {
  const columns = shape.at(-1) ?? 1;
  const size = shape.reduce((product, extent) => product * extent, 1);
  return { rows: columns === 0 ? 0 : size / columns, columns, period };
}

function codePeriod({ numbers }: Exchange, shape: readonly number[], given = 0): number {
  const usual = shape.length === 4 ? (shape[2] as number) : 0;
  return numbers.flag('other period', given !== usual) ? numbers.whole('period of rows', given) : usual;
}

function codeValues(exchange: Exchange, shape: readonly number[], given?: TensorValues): TensorValues {
  const place = exchange.numbers.whole('values', Math.max(0, KINDS.indexOf(given?.kind ?? 'dense')), KINDS.length - 1);
  const kind = KINDS[place] as TensorValues['kind'];
  switch (kind) {
    case 'dense':
    case 'half':
      return { kind };
    case 'grid':
      return codeGrid(exchange, shape, given?.kind === kind ? given : undefined);
    case 'binary':
      return codeBinary(exchange, shape, given?.kind === kind ? given : undefined);
    case 'codebook':
      return codeCodebook(exchange, shape, given?.kind === kind ? given : undefined);
    default:
      throw kind satisfies never;
  }
}

/** The values of codes, into `data`: what codes say, to the bit. */
export function decodeValues(
  values: TensorValues,
  shape: readonly number[],
  codes: Int32Array,
  kept: Uint8Array | null,
  data: Float32Array,
): void {
  const channel = channelOf(
    shape,
    values.kind === 'codebook' ? (values.books?.axis ?? null) : 'axis' in values ? values.axis : null,
  );
  const offsets = values.kind === 'codebook' ? (values.books?.offsets ?? Int32Array.of(0)) : Int32Array.of(0);
  for (let i = 0; i < data.length; i++) {
    if (kept && !kept[i]) continue;
    const code = codes[i] as number;
    const c = channel(i);
    if (values.kind === 'grid') data[i] = (values.scale[c] as number) * (code - (values.zeroPoint[c] as number));
    else if (values.kind === 'binary') data[i] = code ? (values.scale[c] as number) : -(values.scale[c] as number);
    else if (values.kind === 'codebook') data[i] = values.centroids[(offsets[c] as number) + code] as number;
    else data[i] = fromHalf(code);
  }
}

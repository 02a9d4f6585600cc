/**
 * How a kernel is written: a few lines of WGSL over one arena of floats `A`, with its numbers in a uniform `p` whose
 * fields are the names given to it. Shapes are numbers and not text, so that one compiled pipeline serves every model.
 */
import type { SlotId } from '#engine/backend';
import type { Op } from '#engine/ops';

/** A field of `p`: a plain number is a u32. */
export type Field = number | { readonly f32: number } | { readonly i32: number };
export type Fields = Readonly<Record<string, Field>>;
export const float = (value: number): Field => ({ f32: value });
export const int = (value: number): Field => ({ i32: value });

/** One call of a kernel. */
export interface Dispatch {
  readonly label: string;
  /** The whole shader; equal texts share a pipeline. */
  readonly text: string;
  /** Content of the uniform, at most UNIFORM_BYTES. */
  readonly words: ArrayBuffer;
  readonly groups: readonly [number, number, number];
}

/** Room for the uniform of one dispatch: the alignment that every adapter accepts. */
export const UNIFORM_BYTES = 256;
const MOST_GROUPS = 65535;
const ROW_OF_GROUPS = 32768;
/** Threads of a group where each has one value. */
const MAP_THREADS = 64;

export interface Code {
  /** Statements; see `makeDispatch` for the names that are there. */
  readonly body: string;
  /** Functions and workgroup variables before it. */
  readonly head?: string;
  readonly threads?: number;
}

/** What lowering a step may ask for. Addresses count floats from the start of the arena. */
export interface Writer {
  at(slot: SlotId | undefined): number;
  shape(slot: SlotId | undefined): readonly number[];
  /** Where ones stand in for the mask of a parameter that has none while its neighbours do; -1 where nothing does. */
  onesFor(param: SlotId): number;
  /** One thread for each of `count` values, `i` is its number. */
  map(label: string, count: number, fields: Fields, body: string, head?: string): void;
  /** `groups` groups (in any number), each with its number in `group`, times `depth` in `wid.z`. */
  groups(label: string, groups: number, depth: number, fields: Fields, code: Code): void;
  /** Address of room for `count` floats that nobody else writes during this step. */
  scratch(count: number): number;
}

export type StepOf<K extends Op['kind']> = {
  readonly op: Extract<Op, { kind: K }>;
  readonly inputs: readonly SlotId[];
  readonly outputs: readonly SlotId[];
};
/** The kernels of some operations, by kind. */
export type Kernels<K extends Op['kind']> = { readonly [Kind in K]: (w: Writer, step: StepOf<Kind>) => void };

export const lastOf = (shape: readonly number[]): number => shape.at(-1) ?? 1;

/** A number as WGSL writes it. */
export const literal = (value: number): string => `(${Math.fround(value).toExponential()}f)`;

/**
 * Puts a dispatch together. The body sees `t` (thread in its group), `wid`, `group` (the group's number over x and y),
 * `p` and `A`. With `count` each thread beyond it has returned and `i` is its number.
 */
export function makeDispatch(
  label: string,
  fields: Fields,
  code: Code,
  size: { readonly groups: number; readonly depth: number },
): Dispatch {
  const names = Object.entries(fields);
  const words = new ArrayBuffer(names.length * 4);
  if (words.byteLength > UNIFORM_BYTES) throw new RangeError(`${label} has too many numbers`);
  const view = new DataView(words);
  const types = names.map(([name, field], index) => {
    if (typeof field === 'number') {
      view.setUint32(index * 4, field, true);
      return `${name}: u32`;
    }
    if ('f32' in field) {
      view.setFloat32(index * 4, field.f32, true);
      return `${name}: f32`;
    }
    view.setInt32(index * 4, field.i32, true);
    return `${name}: i32`;
  });
  const text = `struct Fields { ${types.join(', ')} }
@group(0) @binding(0) var<storage, read_write> A: array<f32>;
@group(0) @binding(1) var<uniform> p: Fields;
${code.head ?? ''}
@compute @workgroup_size(${code.threads ?? MAP_THREADS})
fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(num_workgroups) all: vec3<u32>, @builtin(local_invocation_index) t: u32) {
  let group = wid.x + wid.y * all.x;
${code.body}
}`;
  const { groups, depth } = size;
  const x = groups > MOST_GROUPS ? ROW_OF_GROUPS : groups;
  const y = Math.ceil(groups / x);
  if (y > MOST_GROUPS || depth > MOST_GROUPS) throw new RangeError(`${label} has ${groups} by ${depth} groups`);
  return { label, text, words, groups: [x, y, depth] };
}

/** The code and size of a kernel with one thread for each of `count` values. */
export function mapDispatch(label: string, count: number, fields: Fields, body: string, head?: string): Dispatch {
  const guarded = `  let i = group * ${MAP_THREADS}u + t;\n  if (i >= p.count) { return; }\n${body}`;
  const code = head === undefined ? { body: guarded } : { body: guarded, head };
  return makeDispatch(label, { count, ...fields }, code, { groups: Math.ceil(count / MAP_THREADS), depth: 1 });
}

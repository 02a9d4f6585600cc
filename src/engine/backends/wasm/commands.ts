/**
 * The list of commands a program runs, as words to be put into memory: [kernel, words that follow, arguments]. Lowering
 * happens twice: first from address 0, which tells how much room tables and scratch need, then with true addresses.
 */
import type { Op } from '#engine/ops';
import { DIVIDED } from './kernels/ids';
import { isWorthDividing } from './work';

/** A step of one kind of operation. */
export interface StepOf<K extends Op['kind']> {
  readonly op: Extract<Op, { kind: K }>;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
}

/** Where a program's parts lie in memory, in bytes. */
export interface Bases {
  readonly slots: number;
  readonly scratch: number;
  readonly tables: number;
}

export interface Writer {
  /** Address of a slot. */
  at(slot: number | undefined): number;
  /** Shape of a slot. */
  shape(slot: number | undefined): readonly number[];
  /** Adds a command, and marks it where it is worth dividing among threads. Floats go through `bits`. */
  emit(kernel: number, ...words: number[]): void;
  /** Address of a constant table of 32-bit integers. */
  table(values: readonly number[]): number;
  /** Address of `bytes` of scratch, which the next step's kernels use again. */
  scratch(bytes: number): number;
  /** The same for each thread: [address of the first one's, bytes from one to the next]. */
  scratchEach(bytes: number): [number, number];
  /** Ends a step: its scratch is free. */
  endStep(): void;
  result(): { readonly code: Int32Array; readonly tables: Int32Array; readonly scratchBytes: number };
}

const converter = new DataView(new ArrayBuffer(4));
/** The 32 bits of a float32. */
export function bits(value: number): number {
  converter.setFloat32(0, value);
  return converter.getInt32(0);
}

/** `threads`: the most that will ever work on these commands. */
export function makeWriter(
  bases: Bases,
  offsets: readonly number[],
  shapes: readonly (readonly number[])[],
  threads: number,
): Writer {
  const code: number[] = [];
  const tables: number[] = [];
  const known = new Map<string, number>();
  let used = 0;
  let scratchBytes = 0;
  const scratch = (bytes: number): number => {
    const address = bases.scratch + used;
    used += Math.ceil(bytes / 64) * 64;
    scratchBytes = Math.max(scratchBytes, used);
    return address;
  };
  return {
    at(slot) {
      const offset = slot === undefined ? undefined : offsets[slot];
      if (offset === undefined) throw new RangeError('a step lacks a slot');
      return bases.slots + offset;
    },
    shape(slot) {
      const shape = slot === undefined ? undefined : shapes[slot];
      if (!shape) throw new RangeError('a step lacks a slot');
      return shape;
    },
    emit(kernel, ...words) {
      code.push(isWorthDividing(kernel, words) ? kernel | DIVIDED : kernel, words.length, ...words);
    },
    table(values) {
      const key = values.join();
      let index = known.get(key);
      if (index === undefined) {
        index = tables.length;
        for (const value of values) tables.push(value);
        known.set(key, index);
      }
      return bases.tables + index * 4;
    },
    scratch,
    scratchEach(bytes) {
      const stride = Math.ceil(bytes / 64) * 64;
      return [scratch(stride * threads), stride];
    },
    endStep() {
      used = 0;
    },
    result: () => ({ code: Int32Array.from(code), tables: Int32Array.from(tables), scratchBytes }),
  };
}

/**
 * A plan while it is being written: slots and steps are appended, shapes are checked where they are made, and what the
 * host has to put into a slot before the first run is noted beside it.
 */
import { sameShape } from '#core/model/shapes';
import { sizeOf } from '#core/model/tensor';
import type { Plan, Slot, SlotId, Step } from '#engine/backend';
import { LINEAR, type Op } from '#engine/ops';

/** Content that a persistent slot must have before the first run. */
export interface InitialWrite {
  readonly slot: SlotId;
  readonly data: Float32Array;
}

export interface Builder {
  readonly steps: Step[];
  readonly writes: InitialWrite[];
  /** A slot that the host may write and read; `data` is its content before the first run (zeros without it). */
  persistent(shape: readonly number[], data?: Float32Array): SlotId;
  /** Appends a step with one new temporary output. */
  push(op: Op, inputs: readonly SlotId[], shape: readonly number[]): SlotId;
  /** Appends a step with several new temporary outputs. */
  pushAll(op: Op, inputs: readonly SlotId[], shapes: readonly (readonly number[])[]): SlotId[];
  /** Appends a step that writes to slots that exist. */
  pushInto(op: Op, inputs: readonly SlotId[], outputs: readonly SlotId[]): void;
  shape(slot: SlotId): readonly number[];
  /** Lets the host read a slot after each run. */
  keep(slot: SlotId): void;
  build(): Plan;
}

export function makeBuilder(): Builder {
  const slots: { shape: readonly number[]; life: Slot['life'] }[] = [];
  const steps: Step[] = [];
  const writes: InitialWrite[] = [];
  const add = (shape: readonly number[], life: Slot['life']): SlotId => slots.push({ shape, life }) - 1;
  const builder: Builder = {
    steps,
    writes,
    persistent(shape, data) {
      const slot = add(shape, 'persistent');
      if (data) {
        if (data.length !== sizeOf(shape)) throw new Error(`slot [${shape}] cannot hold ${data.length} values`);
        writes.push({ slot, data });
      }
      return slot;
    },
    push(op, inputs, shape) {
      const output = add(shape, 'temporary');
      steps.push({ op, inputs, outputs: [output] });
      return output;
    },
    pushAll(op, inputs, shapes) {
      const outputs = shapes.map((shape) => add(shape, 'temporary'));
      steps.push({ op, inputs, outputs });
      return outputs;
    },
    pushInto(op, inputs, outputs) {
      steps.push({ op, inputs, outputs });
    },
    shape(slot) {
      const found = slots[slot];
      if (!found) throw new Error(`no slot ${slot}`);
      return found.shape;
    },
    keep(slot) {
      const found = slots[slot];
      if (found) found.life = 'persistent';
    },
    build: () => ({ slots: slots.map((slot) => ({ ...slot })), steps: [...steps] }),
  };
  return builder;
}

/** The same values in another shape; nothing is appended where the shape is the same already. */
export function reshaped(b: Builder, x: SlotId, shape: readonly number[]): SlotId {
  return sameShape(b.shape(x), shape) ? x : b.push({ kind: 'reshape' }, [x], shape);
}

/** x * scale + offset. */
export function scaled(b: Builder, x: SlotId, scale: number, offset = 0): SlotId {
  return scale === 1 && offset === 0 ? x : b.push({ kind: 'scale', scale, offset }, [x], b.shape(x));
}

/** a (op) b, element by element; b may be broadcast. */
export function binary(
  b: Builder,
  fn: 'add' | 'subtract' | 'multiply' | 'maximum' | 'minimum',
  left: SlotId,
  right: SlotId,
): SlotId {
  return b.push({ kind: 'binary', fn }, [left, right], b.shape(left));
}

/** A plain matrix product of 2-D slots. */
export function product(b: Builder, left: SlotId, right: SlotId, transposeA: boolean, transposeB: boolean): SlotId {
  const a = b.shape(left);
  const c = b.shape(right);
  const rows = (transposeA ? a[1] : a[0]) as number;
  const columns = (transposeB ? c[0] : c[1]) as number;
  return b.push({ kind: 'matmul', transposeA, transposeB, act: LINEAR }, [left, right], [rows, columns]);
}

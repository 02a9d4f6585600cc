/** The type of a kernel over TensorFlow.js, and the few helpers that all of them share. */
import type * as tf from '@tensorflow/tfjs-core';
import type { Pads } from '#core/model/layers';
import type { Op, OpKind } from '#engine/ops';

/** How the backends of TensorFlow.js differ where it matters here. */
export interface KernelContext {
  /** Which of equal maxima gets a pooling window's gradient in the backend's own MaxPoolGrad. */
  readonly poolTies: 'first' | 'last';
  /** Tensors lie in the processor's memory, so reading one costs nothing. */
  readonly inMemory: boolean;
}

type Shapes = readonly (readonly number[])[];
/** Computes the outputs (shapes as in `shapes`) of an operation of kind K. Temporaries are the caller's to tidy. */
export type KernelFor<K extends OpKind> = (
  op: Extract<Op, { kind: K }>,
  inputs: readonly tf.Tensor[],
  shapes: Shapes,
  context: KernelContext,
) => readonly tf.Tensor[];
export type Kernels<K extends OpKind> = { readonly [P in K]: KernelFor<P> };
export type Kernel = (inputs: readonly tf.Tensor[], shapes: Shapes) => readonly tf.Tensor[];

/** The i-th input, which the plan promises is there. */
export function at<T extends tf.Tensor = tf.Tensor>(inputs: readonly tf.Tensor[], i: number): T {
  const tensor = inputs[i];
  if (!tensor) throw new Error(`input ${i} is missing`);
  return tensor as T;
}

export const hasPads = (pads: Pads): boolean => pads.some((pad) => pad !== 0);

/** Pads in TensorFlow.js's form. */
export function explicitPads(
  pads: Pads,
): 'valid' | [[number, number], [number, number], [number, number], [number, number]] {
  const [top, bottom, left, right] = pads;
  return hasPads(pads)
    ? [
        [0, 0],
        [top, bottom],
        [left, right],
        [0, 0],
      ]
    : 'valid';
}

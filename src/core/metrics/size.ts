/**
 * How much a model holds: parameters, those that are not zero, how many different values, and an estimate of the
 * bytes of its TensorFlow.js file. Every layer counts its own tensors, as files store them, even where two layers
 * happen to hold equal ones.
 */
import { deflatedBytes } from '#core/metrics/deflated';
import { isPrunable, type Layer, tensorsOf } from '#core/model/layers';
import type { Model, Tensor } from '#core/model/model';

export interface ValueCount {
  /** Stored values of all tensors, moving statistics of batch normalisation included. */
  readonly parameters: number;
  /** Those that are not 0. */
  readonly nonZero: number;
  /** Values that unstructured methods may act on (kernels). */
  readonly prunable: number;
  /** Zeros among the prunable ones; zeros / prunable is the sparsity. */
  readonly zeros: number;
}
export interface ParameterCount extends ValueCount {
  /** Different values over all prunable tensors together; 0 counts as one where it occurs. */
  readonly distinct: number;
}

/** All counts. Takes about 20 ns a value; `countValues` leaves out the slow one. */
export function countParameters(model: Model): ParameterCount {
  return { ...countValues(model), distinct: countDistinct(kernelsOf(model)) };
}

/** The values of every prunable tensor. */
export function kernelsOf(model: Model): readonly Float32Array[] {
  return model.layers.flatMap((layer) =>
    heldBy(model, layer).flatMap(({ tensor, prunable }) => (prunable ? [tensor.data] : [])),
  );
}

/** The counts that one pass over the values gives. */
export function countValues(model: Model): ValueCount {
  let parameters = 0;
  let nonZero = 0;
  let prunable = 0;
  let zeros = 0;
  for (const layer of model.layers) {
    for (const held of heldBy(model, layer)) {
      const size = held.tensor.data.length;
      const kept = countNonZero(held.tensor.data);
      parameters += size;
      nonZero += kept;
      if (held.prunable) {
        prunable += size;
        zeros += size - kept;
      }
    }
  }
  return { parameters, nonZero, prunable, zeros };
}

/** Stored values of one layer, and those that are not 0. */
export function countLayer(model: Model, layer: Layer): { readonly parameters: number; readonly nonZero: number } {
  let parameters = 0;
  let nonZero = 0;
  for (const { tensor } of heldBy(model, layer)) {
    parameters += tensor.data.length;
    nonZero += countNonZero(tensor.data);
  }
  return { parameters, nonZero };
}

/** How many values are not 0 (NaN counts as one that is not). Over their bits, without a branch: a slider waits for it. */
export function countNonZero(data: Float32Array): number {
  const bits = new Int32Array(data.buffer, data.byteOffset, data.length);
  let zeros = 0;
  for (let i = 0; i < bits.length; i++) zeros += (((bits[i] as number) & 0x7fffffff) - 1) >>> 31;
  return data.length - zeros;
}

/** How many different float32 values there are (0 and -0 are one). Open addressing over the bits of the values. */
export function countDistinct(arrays: readonly Float32Array[]): number {
  const total = arrays.reduce((sum, data) => sum + data.length, 0);
  let size = 16;
  while (size < 2 * total) size *= 2;
  const table = new Int32Array(size);
  let distinct = 0;
  let sawZero = 0;
  for (const data of arrays) {
    const bits = new Int32Array(data.buffer, data.byteOffset, data.length);
    for (let i = 0; i < bits.length; i++) {
      const word = bits[i] as number;
      // 0 marks an empty place in the table, so zeros are counted apart.
      if ((word & 0x7fffffff) === 0) {
        sawZero = 1;
        continue;
      }
      let at = (Math.imul(word, 0x9e3779b1) >>> 7) & (size - 1);
      while (table[at] !== 0 && table[at] !== word) at = (at + 1) & (size - 1);
      if (table[at] === 0) {
        table[at] = word;
        distinct++;
      }
    }
  }
  return distinct + sawZero;
}

/**
 * Bytes around the weights in a deflated TensorFlow.js zip: directory and model.json, and what each layer, tensor and
 * grid adds to it. Measured on the files of the templates, which it meets within 200 bytes.
 */
const STRUCTURE = { base: 650, layer: 20, tensor: 8, grid: 55, activation: 45 } as const;

/**
 * An estimate of the bytes of the TensorFlow.js zip, for use while a slider moves: `metrics/deflated` for each tensor,
 * and an allowance for the structure. Apply and Export measure the real file.
 */
export function estimateBytes(model: Model): number {
  let bytes: number = STRUCTURE.base + STRUCTURE.activation * Object.keys(model.activationGrids ?? {}).length;
  for (const layer of model.layers) {
    bytes += STRUCTURE.layer;
    for (const { tensor } of heldBy(model, layer))
      bytes += STRUCTURE.tensor + ('scale' in tensor.encoding.values ? STRUCTURE.grid : 0) + deflatedBytes(tensor);
  }
  return Math.round(bytes);
}

function heldBy(model: Model, layer: Layer): { readonly tensor: Tensor; readonly prunable: boolean }[] {
  return tensorsOf(layer).flatMap(([role, id]) => {
    const tensor = model.tensors[id];
    return tensor ? [{ tensor, prunable: isPrunable(layer, role) }] : [];
  });
}

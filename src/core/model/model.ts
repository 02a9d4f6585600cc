/**
 * What a model is: a plain, immutable graph of layers over a table of tensors.
 *
 * Layers are kept in topological order, each has exactly one output, and they name their inputs by layer name and
 * their weights by tensor id. Ids are made from content, so two models that share a tensor share its id. Images are
 * NHWC, convolution kernels HWIO, dense kernels [in, out]. Nothing here knows a browser or a runtime.
 */
import type { Encoding, GridValues } from '#core/model/encoding';
import type { Layer } from '#core/model/layers';

/** 32 hexadecimal digits: a hash of shape, values and encoding. Equal content, equal id. */
export type TensorId = string;

/**
 * One weight tensor. `data` always holds the decoded values that take part in the arithmetic (float32, row-major,
 * masked entries are 0, grid and codebook entries already on their grid); `encoding` says what holds for them.
 */
export interface Tensor {
  readonly id: TensorId;
  readonly shape: readonly number[];
  readonly data: Float32Array;
  readonly encoding: Encoding;
}

/** A model: never changed in place. Edits go through `model/edit`. */
export interface Model {
  /** What people see, e.g. "LeNet-5". Not unique. */
  readonly name: string;
  /** Topological order. Names are unique. */
  readonly layers: readonly Layer[];
  /** Names of the input layers (kind 'input'). */
  readonly inputs: readonly string[];
  /** Names of the layers whose outputs are the model's. The first one is the classifier's. */
  readonly outputs: readonly string[];
  readonly tensors: Readonly<Record<TensorId, Tensor>>;
  /**
   * By layer name: the layer's output (after its activation; input layers too) is rounded to this grid, one for the
   * whole output. Absent where all activations are float32.
   */
  readonly activationGrids?: Readonly<Record<string, GridValues>>;
  /** Memory layout of activations; 'source' only where opaque layers keep the file's own layout. */
  readonly layout: 'nhwc' | 'source';
  readonly meta: ModelMeta;
}

/** What is known about a model beside its arithmetic. */
export interface ModelMeta {
  /** Where it came from: 'template', 'tfjs-layers', 'keras-h5', … */
  readonly source: string;
  /** Class names in output order, where known. */
  readonly classes?: readonly string[];
  /** Data set it was trained on, by id, where known. */
  readonly dataset?: string;
}

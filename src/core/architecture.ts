/**
 * What the layer editor edits: a list of rows, each a layer with plain settings, turned into a Model with fresh
 * weights by `model/create`. It is smaller than a Model on purpose (a chain with residual adds), and it is JSON.
 */
import type { ActivationFn } from '#core/model/layers';

/** 'prelu' adds a PReLU layer (its slopes are weights, starting at 0.25) after the row. */
export type EditorActivation =
  | Extract<ActivationFn, 'linear' | 'exponential' | 'sigmoid' | 'tanh' | 'relu' | 'leakyRelu'>
  | 'prelu';

export type Row =
  | {
      readonly kind: 'conv2d';
      readonly filters: number;
      readonly kernel: number;
      readonly stride: number;
      readonly padding: 'valid' | 'same';
      readonly activation: EditorActivation;
      readonly bias: boolean;
    }
  | {
      readonly kind: 'depthwiseConv2d';
      readonly kernel: number;
      readonly stride: number;
      readonly padding: 'valid' | 'same';
      readonly activation: EditorActivation;
      readonly bias: boolean;
    }
  | { readonly kind: 'dense'; readonly units: number; readonly activation: EditorActivation; readonly bias: boolean }
  | {
      readonly kind: 'maxPool2d' | 'averagePool2d';
      readonly size: number;
      readonly stride: number;
      readonly padding: 'valid' | 'same';
    }
  | { readonly kind: 'globalAveragePool2d' }
  | { readonly kind: 'batchNorm' }
  | { readonly kind: 'activation'; readonly activation: EditorActivation }
  | { readonly kind: 'dropout'; readonly rate: number }
  | { readonly kind: 'flatten' }
  /** Adds the output of an earlier row (1-based; 0 is the input) to the one before; shapes must agree. */
  | { readonly kind: 'residualAdd'; readonly from: number };
export type RowKind = Row['kind'];

/**
 * The last row must be a dense layer (or pooling to a vector) with `classes` outputs: its outputs are the logits, and `create`
 * puts a softmax behind them (a last dense row with 'linear' becomes one with softmax).
 */
export interface Architecture {
  readonly name: string;
  /** [height, width, channels]. */
  readonly input: readonly [number, number, number];
  readonly classes: number;
  readonly rows: readonly Row[];
}

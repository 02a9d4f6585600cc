/**
 * What manifest.json says: which files there are, and how the answers of what is in them become one. The same words as a
 * predictor's, with networks and trees by file. The README describes it for people who write a reader of their own.
 */
import type { Values } from '#core/params';
import type { EnsembleState } from '#core/predictor';

export const FORMAT = 'whittle-ensemble';
export const VERSION = 1;
export const MANIFEST = 'manifest.json';

export interface Manifest {
  readonly format: typeof FORMAT;
  readonly version: typeof VERSION;
  readonly name: string;
  /** Shape of an image, without the batch: [height, width, channels]. */
  readonly input: readonly number[];
  /** How many. */
  readonly classes: number;
  readonly networks: readonly NetworkEntry[];
  readonly predictor: Part;
}

/** A TensorFlow.js layers model of its own: `file` opens with tf.loadLayersModel. */
export interface NetworkEntry {
  readonly file: string;
  readonly weights: string;
  readonly name: string;
  /** What its first output holds. */
  readonly gives: 'softmax' | 'sigmoid' | 'probabilities' | 'logits';
  /** The layer whose softmax or sigmoid stands behind the logits; absent for the others. */
  readonly last?: string;
}

/** `network` is a place in `networks`. */
export type Part =
  | { readonly kind: 'model'; readonly network: number }
  | TreesPart
  | {
      readonly kind: 'ensemble';
      readonly way: string;
      readonly values: Values;
      readonly state: EnsembleState;
      readonly members: readonly Part[];
    };
export interface TreesPart {
  readonly kind: 'trees';
  readonly features:
    | { readonly kind: 'pixels' }
    /** `layer`: its name in our own reading of the file; `output`: the layer of the file that gives the features. */
    | { readonly kind: 'layer'; readonly network: number; readonly layer: string; readonly output: string };
  readonly forest: ForestEntry;
}
/** What a file of trees holds: see `forest`. */
export interface ForestEntry {
  readonly file: string;
  /** 'mean': the mean of the trees' class shares; 'sum': log-odds added up, tree t for class t mod classes. */
  readonly kind: 'mean' | 'sum';
  /** 'sum': what the sums begin with, [classes]; else empty. */
  readonly start: readonly number[];
  /** By tree. */
  readonly nodes: readonly number[];
  /** Values of a leaf. */
  readonly outputs: number;
  /** Different values of leaves. */
  readonly values: number;
}

/**
 * What can be evaluated, compared, used as a teacher and drawn on the chart: a model, several predictors combined, or
 * trees. Whatever takes a predictor takes all of them. Plain data: what a predictor answers is `ensembles/scores` for the
 * combination, and the engine for models and what trees look at.
 */
import type { Model } from '#core/model/model';
import type { Values } from '#core/params';

export interface ModelPredictor {
  readonly kind: 'model';
  readonly model: Model;
}

/** What fitting or making an ensemble gave: plain data, as JSON stores it. Each way says what it keeps here. */
export type StateValue =
  | number
  | string
  | boolean
  | null
  | readonly StateValue[]
  | { readonly [key: string]: StateValue };
export type EnsembleState = { readonly [key: string]: StateValue };

/** Several predictors for the same images and classes, and how their answers become one. */
export interface EnsemblePredictor {
  readonly kind: 'ensemble';
  /** Id of a way in `ensembles/index`. */
  readonly way: string;
  /** The way's parameters. */
  readonly values: Values;
  /** At least one; their order matters to serial ways. */
  readonly members: readonly Predictor[];
  readonly state: EnsembleState;
}

/** What trees look at: the pixels of an image as a network sees them, or what a network's layer gives for it. */
export type TreeFeatures =
  | { readonly kind: 'pixels' }
  | { readonly kind: 'layer'; readonly model: Model; readonly layer: string };
/** A decision tree, a random forest or gradient-boosted trees; see `trees`. */
export interface TreesPredictor {
  readonly kind: 'trees';
  readonly features: TreeFeatures;
  readonly forest: Forest;
  readonly classes: number;
  /** [height, width, channels] of the images. */
  readonly shape: readonly number[];
}
/**
 * A binary tree in arrays, by node; node 0 is the root. `feature` is -1 at a leaf, else an image whose feature is at most
 * `threshold` goes to `left`, any other to `right`. `value` is what a leaf gives: [nodes * outputs].
 */
export interface Tree {
  readonly feature: readonly number[];
  readonly threshold: readonly number[];
  readonly left: readonly number[];
  readonly right: readonly number[];
  readonly value: readonly number[];
}
/** 'mean': the mean of the trees' class shares. 'sum': gradient boosting, log-odds added up, one tree a class and round. */
export interface Forest {
  readonly kind: 'mean' | 'sum';
  readonly trees: readonly Tree[];
  /** 'sum': [classes], what the sums begin with; else empty. */
  readonly start: readonly number[];
}

export type Predictor = ModelPredictor | EnsemblePredictor | TreesPredictor;

/** The three parts of a data set. People and searches choose on validation; test is measured once for each model. */
export type Split = 'train' | 'validation' | 'test';
/** What anything that chooses may look at. */
export type ChoosingSplit = Exclude<Split, 'test'>;

/** Every model in a predictor, each once: members of members and the networks whose features trees look at included. */
export function modelsOf(predictor: Predictor): readonly Model[] {
  switch (predictor.kind) {
    case 'model':
      return [predictor.model];
    case 'ensemble':
      return [...new Set(predictor.members.flatMap(modelsOf))];
    case 'trees':
      return predictor.features.kind === 'layer' ? [predictor.features.model] : [];
    default:
      throw predictor satisfies never;
  }
}

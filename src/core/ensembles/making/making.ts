/**
 * The contract of a way to make members: training that gives several predictors made to go together (or, for soups, one
 * model). One way = one file beside this one = one call of `defineMaking`; how they are combined is in `ensembles`.
 */
import type { Model } from '#core/model/model';
import type { Params, Values, ValuesOf, Words } from '#core/params';
import type { PassContext, Report } from '#core/pass';
import type { ChoosingSplit, EnsembleState, Predictor } from '#core/predictor';

/** A pass's context, and what only the making of members needs. */
export interface MakingContext extends PassContext {
  /** How many classes the data set has; 0 without one. */
  readonly classes: number;
  /** [images]: class indices of a whole split. */
  readonly labels: (split: ChoosingSplit) => Uint8Array;
  /** [images, classes] to a whole split: logits, log-probabilities or scores. */
  readonly answers: (predictor: Predictor, split: ChoosingSplit) => Promise<Float32Array>;
  /**
   * Makes a model anew as it was made (its whole recipe, teacher included), but on these training rows only, or on all
   * for null. Null where nobody knows how it was made (an opened file). Absent: models are trained afresh, from labels.
   */
  readonly refit?: (
    model: Model,
    rows: Uint32Array | null,
    seed: number,
    progress: PassContext['progress'],
  ) => Promise<Model> | null;
}

export interface Made {
  /** At least one; a single model for soups. */
  readonly members: readonly Predictor[];
  /** What each member is called. */
  readonly names: readonly Words[];
  /** How they are to be combined; null for one model. Without a state, the way is fitted on validation answers. */
  readonly combined: { readonly way: string; readonly values: Values; readonly state?: EnsembleState } | null;
  readonly report: Report;
}

export interface MakingDefinition<P extends Params> {
  /** The file's name. */
  readonly id: string;
  readonly words: {
    readonly title: Words;
    readonly help: Words;
    readonly cost: Words;
    readonly pays: Words;
    readonly paper: string;
    /** What the models it is given are for, where that is not plain. */
    readonly models?: Words;
  };
  readonly params: P;
  /** How many models it is given to start from. */
  readonly models: { readonly least: number; readonly most: number };
  /** Throws PassError where it cannot. */
  readonly make: (models: readonly Model[], values: ValuesOf<P>, context: MakingContext) => Promise<Made>;
}

/** A way with its types forgotten, as lists hold it. */
// biome-ignore lint/suspicious/noExplicitAny: the list holds ways of every parameter type
export type Making = MakingDefinition<any>;

export function defineMaking<P extends Params>(making: MakingDefinition<P>): MakingDefinition<P> {
  return making;
}

/**
 * The contract of a way to make members: training that gives several predictors made to go together (or, for soups, one
 * model). One way = one file beside this one = one call of `defineMaking`; how they are combined is in `ensembles`.
 */
import type { Model } from '#core/model/model';
import type { Params, Values, ValuesOf, Words } from '#core/params';
import type { PassContext, Report } from '#core/pass';
import type { ChoosingSplit, EnsemblePredictor, EnsembleState, Predictor, TreesPredictor } from '#core/predictor';

/** A pass's context, and what only the making of members needs. */
export interface MakingContext extends PassContext {
  /** How many classes the data set has; 0 without one. */
  readonly classes: number;
  /** [images]: class indices of a whole split. */
  readonly labels: (split: ChoosingSplit) => Uint8Array;
  /** [images, classes] to a whole split: logits, log-probabilities or scores. */
  readonly answers: (predictor: Predictor, split: ChoosingSplit) => Promise<Float32Array>;
  /**
   * Makes a predictor anew as it was made (its whole recipe, teacher included), but on these training rows only, or on
   * all for null. Null where nobody knows how it was made (an opened file). Absent: models are trained afresh, from labels.
   */
  readonly refit?: (
    given: Given,
    rows: Uint32Array | null,
    seed: number,
    progress: PassContext['progress'],
  ) => Promise<Given> | null;
}
/** What a making is given: a network as it is, or a predictor of another kind where the making takes one. */
export type Given = Model | EnsemblePredictor | TreesPredictor;

export interface Made {
  /** At least one; a single model for soups. */
  readonly members: readonly Predictor[];
  /** What each member is called. */
  readonly names: readonly Words[];
  /** How they are to be combined; null for one model. Without a state, the way is fitted on validation answers. */
  readonly combined: { readonly way: string; readonly values: Values; readonly state?: EnsembleState } | null;
  readonly report: Report;
}

export interface MakingDefinition<P extends Params, Takes extends Given = Model> {
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
  /** How many models it is given to start from. `anyKind`: ensembles and trees as well as networks. */
  readonly models: { readonly least: number; readonly most: number; readonly anyKind?: boolean };
  /** Throws PassError where it cannot. */
  readonly make: (models: readonly Takes[], values: ValuesOf<P>, context: MakingContext) => Promise<Made>;
  /** Whether the networks it is given only lend it their structure. Absent: it goes on from their weights. */
  readonly isAfresh?: (values: ValuesOf<P>) => boolean;
  /**
   * Makes one of its new members again, on whatever images the context has, without making the others. `member` counts
   * the members that were not there before; `models` are the networks it was given. Absent: all of them are made again.
   */
  readonly again?: (
    member: number,
    models: readonly Model[],
    values: ValuesOf<P>,
    context: MakingContext,
  ) => Promise<Model>;
  /**
   * Why one of its new members (null: what they are together) cannot be made again on some of the images so that it
   * stays what it is; null where it can. `models`: how many it was given.
   */
  readonly cannotAgain?: (member: number | null, models: number, values: ValuesOf<P>) => Words | null;
}

/** A way with its types forgotten, as lists hold it. */
// biome-ignore lint/suspicious/noExplicitAny: the list holds ways of every parameter type
export type Making = MakingDefinition<any, any>;

export function defineMaking<P extends Params, Takes extends Given = Model>(
  making: MakingDefinition<P, Takes>,
): MakingDefinition<P, Takes> {
  return making;
}

/**
 * A search as data: what is searched, how, and what was found so far. Everything else follows from the plan and the
 * results (`schedule`, `trials`), so that a search can be paused, and goes on after a reload, from these two alone.
 */
import type { Words } from '#core/params';
import type { CurvePoint } from '#core/search/curve';
import type { Dimension, SearchBase } from '#core/search/space';

export type Strategy = { readonly kind: 'grid' } | { readonly kind: 'random'; readonly trials: number } | Halving;
/** `budget`: epochs in all. `eta`: one in so many goes on. */
export interface Halving {
  readonly kind: 'halving';
  readonly trials: number;
  readonly budget: number;
  readonly eta: number;
  /**
   * The recipe's step whose epochs are given out, at most `most` of them: a method cannot go on where it stopped, so
   * every round begins anew. Absent: epochs of training before the recipe, and rounds go on.
   */
  readonly anew?: { readonly step: number; readonly most: number };
}

/** What a model may cost at most. Those that cost more are not trained, and never the best. */
export interface Limit {
  readonly by: 'parameters' | 'macs' | 'bytes';
  readonly most: number;
}

export interface SearchPlan {
  readonly base: SearchBase;
  readonly dimensions: readonly Dimension[];
  readonly strategy: Strategy;
  /** Of drawing candidates and dividing folds. */
  readonly seed: number;
  /** 0: every candidate is judged on the validation images. Else training images are divided into so many folds. */
  readonly folds: number;
  /** Every candidate is made once with each. At least one. */
  readonly seeds: readonly number[];
  readonly limit: Limit | null;
}

/** One model to be made and measured. */
export interface Run {
  /** Index among the plan's candidates. */
  readonly candidate: number;
  /** Of successive halving, from 0; else 0. */
  readonly round: number;
  /** The fold that is held out; null where validation images judge. */
  readonly fold: number | null;
  readonly seed: number;
  /** Epochs after which it is judged, of `of` that its learning rate is planned for; null where training is not part of it. */
  readonly epochs: number | null;
  readonly of: number | null;
}

/** What a model costs. */
export interface Cost {
  readonly parameters: number;
  readonly macs: number;
  readonly bytes: number;
}
export interface RunResult extends Run {
  /** On the held-out fold or the validation images; null where it came to nothing. */
  readonly score: { readonly accuracy: number; readonly loss: number; readonly images: number } | null;
  /** Null where it was not even made. */
  readonly cost: Cost | null;
  /** Of work, in this run alone. */
  readonly seconds: number;
  /** Accuracy after each epoch, on part of the held-out images. */
  readonly curve: readonly CurvePoint[];
  /** Why it came to nothing. */
  readonly fault?: Words;
}

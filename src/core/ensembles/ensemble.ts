/**
 * The contract of a way to combine. One way = one file beside this one = one call of `defineEnsemble`. A way is pure: it
 * takes what its members answered and gives one answer. What it learns (weights, thresholds, a second level) it learns
 * from answers on validation images, or from out-of-fold answers, never from test.
 */
import type { Formula } from '#core/formula';
import { clampValues, type Params, type Values, type ValuesOf, type Words } from '#core/params';
import type { EnsembleState } from '#core/predictor';

/** What every member answered to the same images. */
export interface MemberAnswers {
  /** By member, [images, classes]: logits, or log-probabilities. */
  readonly logits: readonly Float32Array[];
  /** [images]: class indices. */
  readonly labels: ArrayLike<number>;
  readonly classes: number;
}
/** What fitting may need besides. */
export interface FitContext {
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

export interface Combined {
  /**
   * [images, classes]: log-probabilities where the way gives probabilities, else values whose largest is the answer. The
   * softmax of both sums to 1, so every measure that takes logits takes them; the lowest of equal ones is the answer.
   */
  readonly scores: Float32Array;
  /**
   * By member, [images]: 1 where it had to be asked, else 0. Whether a member is asked depends on those before it only, so
   * that they can be asked in turn. Absent: every member, every image.
   */
  readonly used?: readonly Float32Array[];
}

export interface EnsembleDefinition<P extends Params> {
  /** The file's name. */
  readonly id: string;
  /** Whether members answer side by side, or one after another. */
  readonly kind: 'parallel' | 'serial';
  readonly words: {
    readonly title: Words;
    /** One or two sentences: what it does. */
    readonly help: Words;
    /** What it costs, in a sentence. */
    readonly cost: Words;
    /** When it pays, in a sentence. */
    readonly pays: Words;
    /** Author, year, title. */
    readonly paper: string;
    /** What the order of members means, where it means something. */
    readonly order?: Words;
  };
  readonly params: P;
  /** How many members it takes. */
  readonly members: { readonly least: number; readonly most?: number };
  /** 'scores': the largest is the answer, but they are no probabilities (votes), so calibration and log loss say little. */
  readonly gives: 'probabilities' | 'scores';
  readonly formula: (values: ValuesOf<P>) => Formula;
  /** What it learns from its members' answers. Ways without it have the state {}. */
  readonly fit?: (
    answers: MemberAnswers,
    values: ValuesOf<P>,
    context: FitContext,
  ) => EnsembleState | Promise<EnsembleState>;
  /** Whether `fit` learns from the answers, with these values. Absent: it does. */
  readonly learns?: (values: ValuesOf<P>) => boolean;
  /** One answer of several. `logits` by member, [images, classes] each, at least one. */
  readonly combine: (
    logits: readonly Float32Array[],
    classes: number,
    values: ValuesOf<P>,
    state: EnsembleState,
  ) => Combined;
  /**
   * How much each member counts, summing to 1, where that is one number a member. It is shown, and an ensemble that
   * teaches softens with it; without it members teach alike.
   */
  readonly weights?: (members: number, values: ValuesOf<P>, state: EnsembleState) => readonly number[];
}

/** A way with its types forgotten, as lists hold it. */
// biome-ignore lint/suspicious/noExplicitAny: the list holds ways of every parameter type
export type Ensemble = EnsembleDefinition<any>;

/** Whether a way with these values learns from what its members answer, so that this flatters it where it is judged. */
export function learnsFrom({ fit, learns, params }: Ensemble, values: Values): boolean {
  return fit !== undefined && (learns?.(clampValues(params, values)) ?? true);
}

export function defineEnsemble<P extends Params>(way: EnsembleDefinition<P>): EnsembleDefinition<P> {
  return way;
}

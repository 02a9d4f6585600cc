/**
 * The part of the protocol that is about how good a predictor is, and which of two is better. Whatever takes a model here
 * takes any predictor. What was answered once is kept, so that asking again, or for other images, is quick.
 */
import type { Comparison, Difference } from '#core/metrics/comparison';
import type { Examination } from '#core/metrics/examination';
import type { Split } from '#core/predictor';
import type { DatasetId, ModelId } from '#worker/protocol';

/** What is examined: never the images that were trained on. */
export type ExaminedSplit = Exclude<Split, 'train'>;

export interface ExamineResult extends Examination {
  /** 'scores': the largest is the answer (votes), but they are no probabilities: confidence and log loss say little. */
  readonly gives: 'probabilities' | 'scores';
  /**
   * Its way of combining has learned, and what is examined are validation images. 'held-out': from them, so each was
   * answered by a fit without it. 'elsewhere': the engine does not know from what; null otherwise.
   */
  readonly learned: 'held-out' | 'elsewhere' | null;
}
/**
 * Ids of ensembles, the predictor itself or in it, whose way of combining was fitted to the validation images: there they
 * answer as they do when they are fitted without the image that is asked about. Absent: none.
 */
export interface Fitted {
  readonly fitted?: readonly ModelId[];
}
/** One image and what was said of it. */
export interface JudgedImage {
  /** In its split. */
  readonly index: number;
  /** 8-bit, 0 black to 255 white, row-major. */
  readonly pixels: Uint8Array;
  readonly truth: number;
  /** By predictor asked: its class, and the probability that it gives that. */
  readonly answers: readonly { readonly answer: number; readonly confidence: number }[];
}
export interface JudgedImages {
  /** How many there are; `images` are the first of them. */
  readonly total: number;
  readonly images: readonly JudgedImage[];
  /** [height, width, channels]. */
  readonly shape: readonly number[];
}
export interface CompareResult extends Omit<Comparison, 'differing'> {
  readonly images: number;
  readonly differing: Readonly<Record<Difference, JudgedImages>>;
}

export interface EvaluationCalls {
  /** All figures of a predictor on one split. */
  examine: {
    request: Fitted & { model: ModelId; dataset: DatasetId; split: ExaminedSplit };
    response: ExamineResult;
    progress: { done: number };
  };
  /** The first `most` images of class `truth` that it answers with class `answer`. */
  cellImages: {
    request: Fitted & {
      model: ModelId;
      dataset: DatasetId;
      split: ExaminedSplit;
      truth: number;
      answer: number;
      most: number;
    };
    response: JudgedImages;
    progress: { done: number };
  };
  /** Two predictors on the same images, with the first `most` images of each way to differ. */
  compareTwo: {
    request: Fitted & { a: ModelId; b: ModelId; dataset: DatasetId; split: ExaminedSplit; most: number };
    response: CompareResult;
    progress: { done: number };
  };
}

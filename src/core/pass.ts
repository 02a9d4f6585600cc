/**
 * The contract of a method. One method = one file under `passes/` = one call of `definePass`. A pass takes a model,
 * values and a context and returns a new model and a report. It never changes its input, never grades itself, and
 * what it achieved is written on the tensors it made (`model/encoding`).
 */
import type { Model } from '#core/model/model';
import type { Objective, TrainPoint } from '#core/objective';
import type { Params, ValuesOf, Words } from '#core/params';
import type { ChoosingSplit, Predictor } from '#core/predictor';

export type Family = 'pruning' | 'quantization' | 'sharing' | 'distillation' | 'training' | 'low-rank' | 'structure';
export type Need = 'weights' | 'knownGraph' | 'data' | 'training';
/** What a pass does to what earlier passes achieved. */
export type Effect = 'keeps' | 'consumes' | 'refuses';
export interface Effects {
  readonly masks: Effect;
  readonly grids: Effect;
  readonly codebooks: Effect;
  readonly shapes: Effect;
  /** Why it consumes or refuses, where it does. */
  readonly reason?: Words;
}

/** Everything outside a pass. Only the engine can make a whole one. */
export interface PassContext {
  /** Uniform in [0, 1), seeded by the recipe. */
  readonly random: () => number;
  readonly signal: AbortSignalLike;
  /** `done` from 0 to 1. */
  readonly progress: (done: number, point?: TrainPoint) => void;
  /** Trains and returns the model with new tensors, encodings kept. */
  readonly train: (objective: Objective) => Promise<Model>;
  /** Share of images classified correctly, 0 to 1. Never the test split. */
  readonly accuracy: (predictor: Predictor, split: ChoosingSplit, images?: number) => Promise<number>;
  /** Resolves a `predictor` parameter's node id; throws PassError when it is gone. */
  readonly predictor: (nodeId: string) => Promise<Predictor>;
}

/** The part of AbortSignal that the core needs, so that it does not need the DOM. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  throwIfAborted(): void;
}

/** What a pass tells about its work, beside the numbers that the recipe runner measures for every pass alike. */
export interface Report {
  readonly notes: readonly Words[];
}

/** Raised when a pass cannot run on this model with these values. Shown to the person as it is. */
export class PassError extends Error {
  readonly words: Words;
  constructor(words: Words) {
    super(words.en);
    this.name = 'PassError';
    this.words = words;
  }
}

export interface PassResult {
  readonly model: Model;
  readonly report: Report;
}

export interface PassDefinition<P extends Params, Prepared> {
  /** The file's name. */
  readonly id: string;
  readonly family: Family;
  readonly words: {
    readonly title: Words;
    /** One or two sentences: what it does and when it helps. */
    readonly help: Words;
    /** What it costs, in a sentence. */
    readonly cost: Words;
    /** Author, year, title. */
    readonly paper: string;
  };
  readonly params: P;
  readonly needs: readonly Need[];
  readonly effects: Effects;
  /** 'accuracy': evaluated while the slider moves. 'structure': it trains, so only size and MACs are shown while sliding. */
  readonly preview: 'accuracy' | 'structure';
  /** What a slider need not repeat; cached by the runner per model and non-live values. */
  readonly prepare?: (model: Model, values: ValuesOf<P>, context: PassContext) => Promise<Prepared>;
  readonly apply: (model: Model, values: ValuesOf<P>, context: PassContext, prepared: Prepared) => Promise<PassResult>;
  /** For preview 'structure': the model's shape without training (weights may be anything). */
  readonly sketch?: (model: Model, values: ValuesOf<P>, context: PassContext) => Promise<Model>;
}

/** A pass with its types forgotten, as lists and runners hold it. */
// biome-ignore lint/suspicious/noExplicitAny: the list holds passes of every parameter type
export type Pass = PassDefinition<any, any>;

export function definePass<P extends Params, Prepared = undefined>(
  pass: PassDefinition<P, Prepared>,
): PassDefinition<P, Prepared> {
  return pass;
}

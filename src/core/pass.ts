/**
 * The contract of a method. One method = one file under `passes/` = one call of `definePass`. A pass takes a model,
 * values and a context and returns a new model and a report. It never changes its input, never grades itself, and
 * what it achieved is written on the tensors it made (`model/encoding`).
 */
import type { Formula } from '#core/formula';
import type { Model } from '#core/model/model';
import type { Objective, TrainPoint } from '#core/objective';
import type { Params, ValuesOf, Words } from '#core/params';
import type { ChoosingSplit, Predictor, StateValue } from '#core/predictor';

export type Family = 'pruning' | 'quantization' | 'sharing' | 'distillation' | 'training' | 'low-rank' | 'structure';
export type Need = 'weights' | 'knownGraph' | 'data' | 'training';
/** What a pass does to what earlier passes achieved. */
export type Effect = 'keeps' | 'consumes' | 'refuses';
export interface Effects {
  readonly masks: Effect;
  /** Of weights, and of activations where `activations` says nothing else. */
  readonly grids: Effect;
  /** Grids that activations are rounded to, where it treats them otherwise than those of weights. */
  readonly activations?: Effect;
  readonly codebooks: Effect;
  readonly shapes: Effect;
  /** What it achieves itself, with some of its values, on a model that nobody has touched; 'grids' are those of weights. */
  readonly makes?: readonly ('masks' | 'grids' | 'activations' | 'codebooks')[];
  /** Why it consumes or refuses, where it does. */
  readonly reason?: Words;
}

/** A place in a model whose values are asked for. */
export interface Tap {
  readonly layer: string;
  /**
   * 'input': what the layer reads first; 'output': what it gives (logits where a final softmax is left out);
   * 'preactivation': its output before the activation that is part of it, the output itself where there is none.
   */
  readonly at: 'input' | 'preactivation' | 'output';
}
export interface CaptureRequest {
  readonly taps: readonly Tap[];
  /** How many training images; all where there are fewer. */
  readonly images: number;
  /** Images run at once; 64 by default. */
  readonly batch?: number;
  /** Whether gradients of the mean cross-entropy with the labels are asked for too. */
  readonly gradients?: boolean;
}
/** What one batch of images gave. The arrays are valid only while they are being looked at. */
export interface CapturedBatch {
  readonly images: number;
  /** [images]: class indices. */
  readonly labels: Float32Array;
  /** In the order of the taps: [images, ...shape], row-major. */
  readonly values: readonly Float32Array[];
  /** With `gradients`: of the mean cross-entropy over this batch, same order and shapes as `values`; else empty. */
  readonly gradients: readonly Float32Array[];
  /** With `gradients`: "layer/role" -> gradient of that tensor's values (kernels, biases, gammas, betas, …); else empty. */
  readonly weights: ReadonlyMap<string, Float32Array>;
}

/** Looks at a model while it is being trained, and may put another one in its place. */
export interface TrainHooks {
  /** Epochs (a fraction is allowed) between two calls of `revise`, which is also called before the first step. */
  readonly every: number;
  /**
   * The model as it stands and the share of the run done, 0 to 1. `shadow(layer)` is the float copy of the layer's kernel
   * that is trained behind its grid, codebook or (with `Objective.regrow`) mask; the kernel's own values where there is none.
   * Returns a model of the same layers and tensor shapes, whose values and encodings training goes on with (moments are
   * kept where shapes agree), or the same object to change nothing.
   */
  readonly revise: (model: Model, done: number, shadow: (layer: string) => Float32Array) => Model | Promise<Model>;
  /**
   * What `revise` remembers from call to call, as JSON holds it: read when it is kept where the run could go on, put back
   * before the next call where it does. Hooks without it remember nothing.
   */
  readonly memory?: { readonly read: () => StateValue; readonly write: (kept: StateValue) => void };
}

/** Everything outside a pass. Only the engine can make a whole one. */
export interface PassContext {
  /** Uniform in [0, 1), seeded by the recipe. */
  readonly random: () => number;
  readonly signal: AbortSignalLike;
  /** `done` from 0 to 1. */
  readonly progress: (done: number, point?: TrainPoint) => void;
  /**
   * Trains and returns the model with new tensors, encodings kept. `progress` is told instead of the context's own: a run
   * that is one of several is a part of the whole.
   */
  readonly train: (objective: Objective, hooks?: TrainHooks, progress?: PassContext['progress']) => Promise<Model>;
  /**
   * Runs training images (chosen by the step's seed: the same ones at every call, never validation or test) through the
   * model and shows what each batch gave. Batch normalisation uses its moving statistics, and nothing is dropped out.
   */
  readonly capture: (
    model: Model,
    request: CaptureRequest,
    visit: (batch: CapturedBatch) => void | Promise<void>,
  ) => Promise<void>;
  /** Share of images classified correctly, 0 to 1. Never the test split. */
  readonly accuracy: (predictor: Predictor, split: ChoosingSplit, images?: number) => Promise<number>;
  /** Whether there are images to show and to measure on; there are where it is not said. */
  readonly hasImages?: boolean;
  /** Resolves a `predictor` parameter's node id; throws PassError when it is gone. */
  readonly predictor: (nodeId: string) => Promise<Predictor>;
  /** Lets what waits (a slider, stop) go first. Long arithmetic awaits it a few times a second, and then looks at the signal. */
  readonly pause?: () => Promise<void>;
}

/** The part of AbortSignal that the core needs, so that it does not need the DOM. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  throwIfAborted(): void;
}

/** What a pass tells about its work, beside the numbers that the recipe runner measures for every pass alike. */
export interface Report {
  readonly notes: readonly Words[];
  /** Models that the pass made or used on its way, side by side with its result, measured alike. */
  readonly comparison?: readonly Compared[];
}
/** One line of a comparison: a teacher, a student, the same student without its teacher. */
export interface Compared {
  readonly label: Words;
  /** On all validation images, 0 to 1. */
  readonly accuracy: number;
  readonly parameters: number;
  /** Share of the looked-at training images on which it gives the teacher's answer, 0 to 1; absent for the teacher. */
  readonly agreement?: number;
  /** Mean of KL(teacher || this model) over the same images, in nats, at temperature 1; absent for the teacher. */
  readonly divergence?: number;
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
    /** When it pays, in a sentence. */
    readonly pays: Words;
    /** Author, year, title. */
    readonly paper: string;
  };
  readonly params: P;
  readonly formula: (values: ValuesOf<P>) => Formula;
  readonly needs: readonly Need[];
  readonly effects: Effects;
  /** 'accuracy': evaluated while the slider moves. 'structure': it trains, so only size and MACs are shown while sliding. */
  readonly preview: 'accuracy' | 'structure';
  /** What a slider need not repeat; cached by the runner per model and non-live values. */
  readonly prepare?: (model: Model, values: ValuesOf<P>, context: PassContext) => Promise<Prepared>;
  readonly apply: (model: Model, values: ValuesOf<P>, context: PassContext, prepared: Prepared) => Promise<PassResult>;
  /** For preview 'structure': the model without its training. Its weights mean nothing, but about as many are zero. */
  readonly sketch?: (model: Model, values: ValuesOf<P>, context: PassContext, prepared: Prepared) => Promise<Model>;
  /** For preview 'structure': why `apply` would change nothing, and train nothing; null where it would. */
  readonly idle?: (model: Model, values: ValuesOf<P>, sketch: Model) => readonly Words[] | null;
}

/** A pass with its types forgotten, as lists and runners hold it. */
// biome-ignore lint/suspicious/noExplicitAny: the list holds passes of every parameter type
export type Pass = PassDefinition<any, any>;

export function definePass<P extends Params, Prepared = undefined>(
  pass: PassDefinition<P, Prepared>,
): PassDefinition<P, Prepared> {
  return pass;
}

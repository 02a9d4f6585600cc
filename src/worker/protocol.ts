/**
 * All that crosses between the page and its workers, typed once. A call has a name, a request and a response, may
 * report progress, and may be aborted. The page only ever receives summaries, charts' numbers and finished files.
 */
import type { Architecture } from '#core/architecture';
import type { LayerHolds } from '#core/effects';
import type { Inspection } from '#core/inspection/inspection';
import type { Layer } from '#core/model/layers';
import type { ModelMeta } from '#core/model/model';
import type { LearningRateSchedule, Optimizer, TrainPoint } from '#core/objective';
import type { Words } from '#core/params';
import type { Recipe, RecipeStep, StepReport } from '#core/recipe';
import type { Degradation } from '#core/sensitivity';
import type { EnsembleCalls, EnsembleSummary, TreesSummary } from '#worker/protocol-ensembles';
import type { EvaluationCalls } from '#worker/protocol-evaluation';
import type { SearchCalls } from '#worker/protocol-search';

export type BackendName = 'webgpu' | 'wasm' | 'webgl' | 'cpu';
/** A model in the vault, by the content hash of its structure and tensors; or an ensemble or trees, beginning with `p-`. */
export type ModelId = string;
export type DatasetId = 'digits' | 'mnist' | 'fashion-mnist';
export type FormatId = 'tfjs-layers' | 'keras-h5' | 'whittle';

/** A share with its 95 % interval; all from 0 to 1. */
export interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}
/** Accuracy on `images` images of a split (Wilson interval). */
export interface Accuracy extends Interval {
  readonly images: number;
  readonly loss: number;
}

/** A layer as the page shows it. */
export interface LayerSummary extends LayerHolds {
  readonly kind: Layer['kind'];
  readonly inputs: readonly string[];
  /** Output without the batch. */
  readonly shape: readonly number[];
  readonly parameters: number;
  readonly nonZero: number;
  /** Multiply-accumulates for one image. */
  readonly macs: number;
  /** 'dense', '8-bit grid', 'half precision', 'two signs', '16 clusters', with ', 90 % pruned' where masked. Empty where there are no weights. */
  readonly encoding: LayerHolds['encoding'] & { readonly clusters?: number; readonly sparsity: number };
}
/** Grids with a scale for each channel, shared values, two signs with a scale for each channel. */
export type AsFloats = 'perChannel' | 'codebooks' | 'signs';

/**
 * A model, or any other predictor. Of an ensemble the figures are totals over its models, each counted once, and `macs`
 * the mean over validation images.
 */
export interface ModelSummary {
  readonly id: ModelId;
  readonly kind: 'model' | 'ensemble' | 'trees';
  /** Of an ensemble. */
  readonly ensemble?: EnsembleSummary;
  /** Of trees. */
  readonly trees?: TreesSummary;
  readonly name: string;
  readonly meta: ModelMeta;
  readonly inputShape: readonly number[];
  readonly classes: number;
  readonly parameters: number;
  readonly nonZero: number;
  /** Distinct weight values over all prunable tensors. */
  readonly distinct: number;
  readonly macs: number;
  /** Bytes of the TensorFlow.js zip as it would be downloaded. */
  readonly bytes: number;
  /** Bytes of the .whittle file, where something was pruned, quantized or shared and the model is not too large to pack on the way. */
  readonly packedBytes?: number;
  /** What the zip has no words for, and holds as float32; absent where it holds all as it is. */
  readonly asFloats?: AsFloats;
  /** Empty where it is not one model. */
  readonly layers: readonly LayerSummary[];
}

export interface BackendReport {
  readonly name: BackendName;
  readonly description: string;
  readonly software: boolean;
  readonly available: boolean;
  /** Why not, where it is not; or why it was refused (parity). */
  readonly reason?: string;
  /** Median of a few real training steps on a small network. */
  readonly imagesPerSecond?: number;
}

export interface DatasetSummary {
  readonly id: DatasetId;
  readonly shape: readonly number[];
  readonly classes: readonly Words[];
  readonly sizes: { readonly train: number; readonly validation: number; readonly test: number };
  /** Images of each class in train, validation and test. */
  readonly counts: {
    readonly train: readonly number[];
    readonly validation: readonly number[];
    readonly test: readonly number[];
  };
  /** Sample training images, 8-bit grey, row-major, with labels. */
  readonly samples: readonly { readonly pixels: Uint8Array; readonly label: number }[];
}

export interface TrainSettings {
  readonly optimizer: Optimizer;
  readonly learningRate: number;
  readonly schedule: LearningRateSchedule;
  readonly batchSize: number;
  readonly epochs: number;
  readonly seed: number;
  readonly l1: number;
  readonly l2: number;
  /** Overrides every dropout layer's rate where not null. */
  readonly dropout: number | null;
  /** As the objective has them (`core/objective`); nothing of it where absent or 0. */
  readonly labelSmoothing?: number;
  readonly groupLasso?: number;
  /** Pixels by which images are moved at most. */
  readonly shift?: number;
}
export interface TrainProgress {
  readonly point: TrainPoint;
  readonly totalSteps: number;
  readonly imagesPerSecond: number;
  readonly secondsLeft: number;
  readonly state: 'running' | 'paused';
}
/** Before the first step on a graphics card: how many of its kernels are compiled. */
export interface Compiling {
  readonly ready: number;
  readonly of: number;
}
/** A training run that ended before its time and can go on. */
export interface InterruptedRun {
  readonly model: ModelId;
  readonly dataset: DatasetId;
  readonly settings: TrainSettings;
  /** Epochs done, with its fraction. */
  readonly epoch: number;
  /** What was shown of it so far. */
  readonly trace: readonly TrainPoint[];
}
export interface TrainResult {
  readonly model: ModelSummary;
  readonly validation: Accuracy;
  readonly test: Accuracy;
  readonly seconds: number;
  readonly stopped: boolean;
}

/** A recipe that was being applied when the engine or the page ended. */
export interface InterruptedRecipe {
  /** Steps that are done, of those that run. */
  readonly done: number;
  /** Where the training of the next one goes on from; null where it begins. */
  readonly epoch: number | null;
}

/** What a slider's position would give. */
export interface PreviewResult {
  readonly parameters: number;
  readonly nonZero: number;
  readonly macs: number;
  /** Of the TensorFlow.js file: counted where it was written, else estimated from the encodings. */
  readonly bytes: number;
  /** The file was written: always when the slider rests, but not for passes that train. */
  readonly isWritten: boolean;
  /** What that file holds as float32 for want of words; absent where it holds all as it is. */
  readonly asFloats?: AsFloats;
  /** Then, when the slider rests and the model is small: bytes of the .whittle file, counted. */
  readonly packedBytes?: number;
  /**
   * On validation, with its own interval, and the change seen image by image on the first `images`; null for passes that
   * train, and before there is one.
   */
  readonly accuracy: (Interval & { readonly images: number; readonly change: Interval }) | null;
  /** What the step gives up of what earlier ones achieved, a sentence each; absent where it gives up nothing. */
  readonly lost?: readonly Words[];
  /** Where the step would leave the model as it is: why, as far as the pass says it. */
  readonly unchanged?: readonly Words[];
}
export interface SweepPoint extends PreviewResult {
  readonly value: number;
}
/** What a step of a recipe achieved: counted for every step alike, and measured where a data set fits. */
export interface StepOutcome extends StepReport {
  /** Its place in the recipe, from 0. */
  readonly step: number;
  /** Of the TensorFlow.js file after it. */
  readonly bytes: number;
  readonly validation: Accuracy | null;
  /** The model after it, in the vault; absent in projects of earlier versions. */
  readonly model?: ModelId;
}
export interface ApplyResult {
  readonly model: ModelSummary;
  /** Null where the model fits no data set. */
  readonly validation: Accuracy | null;
  readonly test: Accuracy | null;
  /** Of the steps that ran, in order. */
  readonly reports: readonly StepOutcome[];
  readonly notes: readonly Words[];
  readonly seconds: number;
}
/** What one layer alone costs: a model in which nothing else is changed, beside the model as it was. */
export interface Alone {
  readonly layer: string;
  /** The first so many validation images. */
  readonly images: number;
  /** Wilson's interval. */
  readonly accuracy: Interval;
  /** Paired with the model as it was: -1 to 1. */
  readonly difference: Interval;
}
export interface SensitivityCell {
  readonly layer: string;
  readonly level: number;
  /** Null where this layer cannot be taken to this level. */
  readonly alone: Alone | null;
  /** Why not. */
  readonly reason?: Words;
}
export interface HurtLayer extends Alone {
  /** Signal to noise of the layer's weights; null where they are the same, or where there are none. */
  readonly decibels: number | null;
}
export interface InspectResult {
  /** Null where no layer of the model before has weights of this kind. */
  readonly inspection: Inspection | null;
  readonly layers: readonly string[];
  /** Only the model's shape is that of after: the pass trains, and its weights are known when it has run. */
  readonly sketch: boolean;
}
export interface LatencyResult {
  readonly backend: BackendName;
  readonly medianMs: number;
  readonly p95Ms: number;
  readonly runs: number;
}
export interface ExportResult {
  readonly fileName: string;
  readonly bytes: Uint8Array;
  /** Of the file read back. */
  readonly validation: Accuracy | null;
  readonly test: Accuracy | null;
  /** Largest difference between the model's outputs and the file's, over the images looked at. */
  readonly largestDifference: number | null;
  readonly notes: readonly { readonly level: 'info' | 'warning'; readonly words: Words }[];
}
export interface OpenResult {
  readonly model: ModelSummary;
  readonly format: FormatId;
  readonly notes: readonly { readonly level: 'info' | 'warning'; readonly words: Words }[];
  /** Data sets whose images and classes fit. */
  readonly fits: readonly DatasetId[];
}

/** Every call: request, response, progress. */
export interface Calls extends EnsembleCalls, EvaluationCalls, SearchCalls {
  /** Finds the backends, checks their arithmetic, times a few real steps, chooses the fastest. */
  start: {
    request: { backend: BackendName | 'auto' };
    response: { backends: readonly BackendReport[]; chosen: BackendName; saved: boolean };
    progress: BackendReport;
  };
  loadDataset: { request: { id: DatasetId }; response: DatasetSummary; progress: { loaded: number; total: number } };
  create: { request: { architecture: Architecture; seed: number }; response: ModelSummary; progress: never };
  /** Bytes are read in a disposable worker; nothing is kept when it fails. */
  open: {
    request: { files: readonly { name: string; bytes: Uint8Array }[] };
    response: OpenResult;
    progress: { done: number };
  };
  /** `resume`: goes on from the checkpoint that was kept of a run of the same model, data set and settings, where there is one. */
  train: {
    request: { model: ModelId; dataset: DatasetId; settings: TrainSettings; paused: boolean; resume?: boolean };
    response: TrainResult;
    progress: TrainProgress | { readonly compiling: Compiling };
  };
  trainControl: { request: { action: 'pause' | 'resume' | 'step' | 'stop' }; response: null; progress: never };
  /** The run that could go on, or null. `discard` forgets it first. */
  interrupted: { request: { discard?: boolean }; response: InterruptedRun | null; progress: never };
  /** How far the recipe is whose application could go on, or null. `discard` forgets it first. */
  interruptedRecipe: { request: { discard?: boolean }; response: InterruptedRecipe | null; progress: never };
  evaluate: {
    request: { model: ModelId; dataset: DatasetId; split: 'validation' | 'test' };
    response: Accuracy;
    progress: { done: number };
  };
  /** The latest request wins: an older one still waiting is rejected with AbortError. Progress are ever better answers. */
  preview: {
    request: {
      model: ModelId;
      dataset: DatasetId | null;
      step: RecipeStep;
      seed: number;
      parents: Readonly<Record<string, ModelId>>;
      rest: boolean;
    };
    response: PreviewResult;
    progress: PreviewResult;
  };
  sweep: {
    request: {
      model: ModelId;
      dataset: DatasetId | null;
      step: RecipeStep;
      seed: number;
      parents: Readonly<Record<string, ModelId>>;
      param: string;
      values: readonly number[];
    };
    response: readonly SweepPoint[];
    progress: SweepPoint;
  };
  /**
   * `parents` resolves predictor parameters: node id -> model id. `from`: the steps before it gave `model`, and are not run.
   * `resume`: goes on with what an engine that ended has done of the same.
   */
  apply: {
    request: {
      model: ModelId;
      dataset: DatasetId | null;
      recipe: Recipe;
      from?: number;
      resume?: boolean;
      name: string;
      parents: Readonly<Record<string, ModelId>>;
    };
    response: ApplyResult;
    /** `outcome`: of a step that has just ended. `goesOn`: told once, where it does not begin. */
    progress: { done: number; step: number; train?: TrainProgress; outcome?: StepOutcome; goesOn?: Words };
  };
  /**
   * What becomes of one layer's weights by the step (of a pass that trains: by its sketch), or from model `before` to this one.
   * `layers` are all that can be asked about; the one with most weights where the asked one is not among them. The latest request wins.
   */
  inspect: {
    request: {
      model: ModelId;
      layer: string | null;
      by:
        | {
            kind: 'step';
            step: RecipeStep;
            dataset: DatasetId | null;
            seed: number;
            parents: Readonly<Record<string, ModelId>>;
          }
        | { kind: 'model'; before: ModelId };
    };
    response: InspectResult;
    progress: never;
  };
  /** Accuracy with each of these layers alone taken to each level. Gives way to everything else. */
  sensitivity: {
    request: {
      model: ModelId;
      dataset: DatasetId;
      degradation: Degradation;
      layers: readonly string[];
      levels: readonly number[];
      images: number;
    };
    response: readonly SensitivityCell[];
    progress: SensitivityCell;
  };
  /** Accuracy of `before` with each layer alone as it is in `model`, for every layer that differs. */
  whichHurts: {
    request: { model: ModelId; before: ModelId; dataset: DatasetId; images: number };
    response: readonly HurtLayer[];
    progress: HurtLayer;
  };
  latency: { request: { model: ModelId }; response: LatencyResult; progress: never };
  export: {
    request: {
      model: ModelId;
      /** What it is called on the page: models are kept by what they compute, not by name. */
      name: string;
      dataset: DatasetId | null;
      format: FormatId;
      unsupportedGrids: 'float' | 'requantize';
    };
    response: ExportResult;
    progress: { done: number };
  };
  /**
   * Which of these models the vault still holds. `keepOnly` forgets every stored model that is not among them (asked once,
   * by the tab that owns the project).
   */
  held: { request: { models: readonly ModelId[]; keepOnly?: boolean }; response: readonly ModelId[]; progress: never };
  /**
   * The tab that owned the project is gone and this one owns it: what was kept in memory is stored. `saved`: whether what is
   * made outlives the page now.
   */
  takeOver: { request: Record<string, never>; response: { readonly saved: boolean }; progress: never };
}
export type CallName = keyof Calls;

/** What is thrown across the border. `code` is stable; `words` are for people. */
export interface Fault {
  readonly code: string;
  readonly file?: string;
  readonly where?: string;
  readonly words: Words;
  readonly hint?: Words;
  /** The step of a recipe that failed, from 0. */
  readonly step?: number;
  /** Not the work failed, but what it needs (a device, memory, data): what was kept of it is good for another try. */
  readonly mayGoOn?: true;
}

export type ToWorker =
  /** The first message: the page's address, to which data sets are relative, and a lock to be held for life. */
  | { readonly type: 'base'; readonly href: string; readonly lock?: string }
  /** The page was hidden or is seen again: the engine leaves it a core while it is seen. */
  | { readonly type: 'visible'; readonly visible: boolean }
  | { readonly type: 'call'; readonly id: number; readonly name: CallName; readonly request: unknown }
  | { readonly type: 'abort'; readonly id: number }
  | { readonly type: 'ping'; readonly id: number };
export type FromWorker =
  /** The lock is held: whoever gets it from now on knows that this worker has ended. */
  | { readonly type: 'alive' }
  | { readonly type: 'result'; readonly id: number; readonly response: unknown }
  | { readonly type: 'fault'; readonly id: number; readonly fault: Fault }
  | { readonly type: 'progress'; readonly id: number; readonly progress: unknown }
  | { readonly type: 'pong'; readonly id: number }
  /** The backend failed mid-work and this one was taken up instead. */
  | { readonly type: 'backend'; readonly backends: readonly BackendReport[]; readonly chosen: BackendName }
  /** The backend failed mid-work, vault storage failed, or work goes on after a failure: shown to the person. */
  | { readonly type: 'notice'; readonly fault: Fault };

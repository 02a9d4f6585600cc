/**
 * The shapes of the stores: what the page knows. Summaries only, never weights. Each store is a zustand vanilla store
 * with exactly this state, made in a file of its own; actions are plain functions beside it (listed in the comments).
 */
import type { Architecture } from '#core/architecture';
import type { TrainPoint } from '#core/objective';
import type { Values, Words } from '#core/params';
import type { Recipe, RecipeStep } from '#core/recipe';
import type { Degradation } from '#core/sensitivity';
import type {
  Accuracy,
  ApplyResult,
  BackendName,
  BackendReport,
  Compiling,
  DatasetId,
  DatasetSummary,
  ExportResult,
  Fault,
  FormatId,
  HurtLayer,
  InspectResult,
  InterruptedRun,
  LatencyResult,
  ModelId,
  ModelSummary,
  OpenResult,
  PreviewResult,
  SensitivityCell,
  StepOutcome,
  SweepPoint,
  TrainProgress,
  TrainSettings,
} from '#worker/protocol';

/** A model on the page: a point on the chart, a row of the table, a node of the tree. */
export interface ModelNode {
  readonly id: string;
  /** Unique on the page: "Small CNN", "Small CNN, 90 % pruned", "Small CNN 2". */
  readonly name: string;
  readonly model: ModelId;
  readonly summary: ModelSummary;
  /** The node it came from; null for templates and opened files. */
  readonly parent: string | null;
  readonly origin:
    | { readonly kind: 'template'; readonly architecture: Architecture; readonly seed: number }
    | { readonly kind: 'opened'; readonly file: string; readonly format: FormatId }
    | {
        readonly kind: 'trained';
        readonly settings: TrainSettings;
        readonly seconds: number;
        readonly stopped: boolean;
        readonly trace: readonly TrainPoint[];
      }
    | {
        readonly kind: 'recipe';
        /** From the parent's model to this one. */
        readonly recipe: Recipe;
        readonly seconds: number;
        /** Of its steps that ran; absent in projects of earlier versions. */
        readonly reports?: readonly StepOutcome[];
      };
  readonly dataset: DatasetId | null;
  /** Null until measured (a fresh template is not trained: nothing is measured before it is). */
  readonly validation: Accuracy | null;
  readonly test: Accuracy | null;
  readonly latency: LatencyResult | null;
  readonly notes: readonly Words[];
  /** Milliseconds since 1970. */
  readonly made: number;
}

/** stores/project.ts: `project`. Actions: select(id), rename(id, name), remove(id), undo(), redo(), addNode(node), patchNode(id, patch), clearProject(), restoreProject(). */
export interface ProjectState {
  readonly nodes: Readonly<Record<string, ModelNode>>;
  /** Visible nodes in order of making. Undo removes the last made from here, redo puts it back. */
  readonly order: readonly string[];
  readonly selected: string | null;
  readonly past: readonly (readonly string[])[];
  readonly future: readonly (readonly string[])[];
  /** 'restoring' until IndexedDB and the vault were asked; 'memory' where nothing can be stored; 'other-tab' where another tab holds the project. */
  readonly saved: 'restoring' | 'saved' | 'memory' | 'other-tab';
}

/** stores/device.ts: `device`. Actions: startEngine(), chooseBackend(name | 'auto'). */
export interface DeviceState {
  readonly status: 'starting' | 'ready' | 'failed';
  readonly backends: readonly BackendReport[];
  readonly chosen: BackendName | null;
  readonly asked: BackendName | 'auto';
  readonly fault: Fault | null;
}

/** stores/datasets.ts: `datasets`. Actions: selectDataset(id), loadDataset(id). */
export interface DatasetsState {
  readonly selected: DatasetId;
  readonly loaded: Readonly<Partial<Record<DatasetId, DatasetSummary>>>;
  /** Share loaded, 0 to 1, while loading. */
  readonly loading: Readonly<Partial<Record<DatasetId, number>>>;
  readonly faults: Readonly<Partial<Record<DatasetId, Fault>>>;
}

/** stores/build.ts: `build`. Actions: setTemplate(id), setRows(rows), addRow(kind, at), removeRow(at), moveRow(from, to), updateRow(at, patch), createModel(): makes the node and selects it. */
export interface BuildState {
  readonly template: string;
  readonly architecture: Architecture;
  /** Seeds the start weights. */
  readonly seed: number;
}

/** stores/training.ts: `training`. Actions: setSettings(patch), train(), pause(), resume(), step(), stop(), continueRun(), discardRun(). `train` makes a model from the Build tab first when none is selected. */
export interface TrainingState {
  readonly settings: TrainSettings;
  readonly status: 'idle' | 'running' | 'paused' | 'finishing';
  /** Node being trained. */
  readonly node: string | null;
  readonly progress: TrainProgress | null;
  /** While kernels are being compiled, before the first step. */
  readonly compiling: Compiling | null;
  readonly trace: readonly TrainPoint[];
  readonly fault: Fault | null;
  /** A run that ended before its time (a reload, a failure) and could go on, with the node that was being trained. */
  readonly interrupted: { readonly node: string; readonly run: InterruptedRun } | null;
}

/** stores/optimize.ts: `optimize`. Actions: setMethod(passId), setValue(key, value, moving: boolean), rest(), apply(), cancelApply(). */
export interface OptimizeState {
  readonly method: string;
  /** Values by pass id, kept while switching methods. */
  readonly values: Readonly<Record<string, Values>>;
  readonly seed: number;
  readonly preview: PreviewResult | null;
  /** True while a better preview is on its way. */
  readonly previewing: boolean;
  /** The sweep of the slider last touched, by its parameter. */
  readonly sweep: { readonly param: string; readonly points: readonly SweepPoint[] } | null;
  readonly applying: { readonly done: number; readonly train: TrainProgress | null } | null;
  readonly result: ApplyResult | null;
  readonly fault: Fault | null;
}

/** A step of a recipe that is being edited. `id` stays with it wherever it is moved. */
export interface DraftStep {
  readonly id: string;
  readonly step: RecipeStep & { readonly seed: number };
}
/** A recipe as it is being edited, and the node that it starts from. */
export interface Draft {
  readonly start: string;
  readonly steps: readonly DraftStep[];
}
/** stores/recipes.ts: `recipes`. Everything is about the selected model. Actions: setStepValue(at, key, value), switchStep(at), removeStep(at), moveStep(from, to), addStep(pass), resetDraft(), openRecipe(text), takeUpOffer(), dismissOffer(), runFrom(at), cancelRun(). */
export interface RecipesState {
  /** By the node whose recipe was changed; a model without changes has none. */
  readonly drafts: Readonly<Record<string, Draft>>;
  /** A recipe that was opened and waits for a model. */
  readonly offered: { readonly recipe: Recipe; readonly source: string } | null;
  /** Why what was opened is no recipe. */
  readonly openFault: Words | null;
  /** The run that is going on: for which node, which step, how far, and what the steps that have ended gave. */
  readonly running: {
    readonly node: string;
    readonly step: number;
    readonly done: number;
    readonly train: TrainProgress | null;
    readonly outcomes: readonly StepOutcome[];
  } | null;
  readonly fault: Fault | null;
  /** The node made last, and the one of before that is the same to the byte, if any. */
  readonly made: { readonly node: string; readonly same: string | null } | null;
}

/** stores/sensitivity.ts: `sensitivity`. Actions: setDegradation(d), setImages(n), setBudget(share), measure(), measureHurts(node), stopMeasuring(). */
export interface SensitivityState {
  readonly degradation: Degradation;
  /** Validation images that each cell looks at. */
  readonly images: number;
  /** Share of accuracy that each layer may lose, 0 to 1. */
  readonly budget: number;
  /** What was measured, by `scanKey`; kept while the page is open. */
  readonly scans: Readonly<Record<string, readonly SensitivityCell[]>>;
  /** By `hurtsKey`. */
  readonly hurts: Readonly<Record<string, readonly HurtLayer[]>>;
  /** What is being measured, by its key, and how much of it is done. */
  readonly running: { readonly key: string; readonly done: number } | null;
  readonly fault: Fault | null;
}

/** stores/inspect.ts: `inspection`. Actions: setOpen(isOpen), setLayer(name), setCompare(how), watchInspection(). */
export interface InspectState {
  /** Whether it stands beside the chart, where there is room. */
  readonly isOpen: boolean;
  /** Null: the one with most weights. */
  readonly layer: string | null;
  /** Null: the parent after Apply, else the step. */
  readonly compare: 'step' | 'parent' | null;
  /** What was found, by what it was asked, and the step's pass. */
  readonly shown: {
    readonly result: InspectResult;
    readonly by: 'step' | 'model';
    readonly pass: string | null;
  } | null;
  readonly fault: Fault | null;
}

/** stores/transfer.ts: `transfer`. Actions: openFiles(files: File[]), dismiss(), setFormat(id), setGrids(choice), exportModel(): fills `ready`; download is the page's. */
export interface TransferState {
  readonly opening: { readonly names: readonly string[]; readonly done: number } | null;
  readonly opened: OpenResult | null;
  readonly openFault: Fault | null;
  readonly format: FormatId;
  readonly unsupportedGrids: 'float' | 'requantize';
  readonly exporting: number | null;
  readonly ready: { readonly node: string; readonly result: ExportResult } | null;
  readonly exportFault: Fault | null;
}

export type TabId = 'data' | 'build' | 'train' | 'optimize' | 'export';
/** What the Optimize tab shows: one method, the model's whole recipe, or how sensitive its layers are. */
export type OptimizeView = 'method' | 'recipe' | 'sensitivity';
export type Axis = 'parameters' | 'nonZero' | 'bytes' | 'macs' | 'latency';
/** stores/view.ts: `view`. Actions: setTab(tab), setOptimizeView(view), setAxis(axis), setLanguage('en' | 'zh'), setScheme('light' | 'dark' | 'auto'), notify(notice), dismissNotice(id). Kept in localStorage (language, scheme, axis). */
export interface ViewState {
  readonly tab: TabId;
  readonly optimizeView: OptimizeView;
  readonly axis: Axis;
  readonly language: 'en' | 'zh';
  readonly scheme: 'light' | 'dark' | 'auto';
  readonly notices: readonly {
    readonly id: number;
    readonly level: 'info' | 'error';
    readonly words: Words;
    readonly hint?: Words;
  }[];
  /** The latest announcement for the status region. */
  readonly announcement: Words | null;
}

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
  InterruptedRecipe,
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
import type { CombinePreview, CombineResult } from '#worker/protocol-ensembles';
import type { CompareResult, ExaminedSplit, ExamineResult, JudgedImages } from '#worker/protocol-evaluation';

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
      }
    | {
        /** Several models answer as one. */
        readonly kind: 'combined';
        /** Id of a way in `core/ensembles/index`, and what it is called: the page tells it without fetching the ways. */
        readonly way: string;
        readonly title?: Words;
        readonly values: Values;
        /** Nodes of the members, in their order; some may have left the page. */
        readonly parents: readonly string[];
        /** What made the members that go together; absent where they were chosen one by one. */
        readonly making?: string;
        readonly seconds: number;
        readonly result: Omit<CombineResult, 'model'>;
      }
    | {
        /** One of the members that were made to go together, or the one model that came of several (a soup). */
        readonly kind: 'made';
        /** Id of a way in `core/ensembles/making/index`, and what it is called. */
        readonly making: string;
        readonly title?: Words;
        readonly values: Values;
        readonly seed: number;
        /** Which of the members it is, from 0. */
        readonly member: number;
        /** Nodes that it was made from. */
        readonly parents: readonly string[];
        /** Of all members together. */
        readonly seconds: number;
      }
    | {
        readonly kind: 'trees';
        /** Id of a method in `core/trees/index`, and what it is called. */
        readonly method: string;
        readonly title?: Words;
        readonly values: Values;
        readonly seed: number;
        /** The node whose layer the trees look at; empty for pixels. */
        readonly parents: readonly string[];
        readonly seconds: number;
        /** [features], the most asked about 1; in the order of the image's pixels or of the layer's values. */
        readonly importance: readonly number[];
      };
  readonly dataset: DatasetId | null;
  /** Null until measured (a fresh template is not trained: nothing is measured before it is). */
  readonly validation: Accuracy | null;
  readonly test: Accuracy | null;
  readonly latency: LatencyResult | null;
  readonly notes: readonly Words[];
  /** Made again in the same way with other seeds (stores/repeat.ts), this model not among them. */
  readonly runs?: readonly SeedRun[];
  /** Where it is the best that a search found, or another of its candidates. */
  readonly searched?: SearchedFacts;
  /** What its single layers cost (stores/sensitivity.ts): the answers to the questions asked last. */
  readonly layersAlone?: Pick<SensitivityState, 'scans' | 'hurts'>;
  /** Milliseconds since 1970. */
  readonly made: number;
}
/** The same thing made with another seed. */
export interface SeedRun {
  readonly seed: number;
  readonly validation: Accuracy;
  readonly test?: Accuracy;
  readonly cost: { readonly parameters: number; readonly macs: number; readonly bytes: number };
}
/** What a model was chosen among, and by what. */
export interface SearchedFacts {
  readonly strategy: 'grid' | 'random' | 'halving';
  readonly trials: number;
  /** 0: by validation images. */
  readonly folds: number;
  readonly isBest: boolean;
}

/** stores/project.ts: `project`. Actions: select(id), rename(id, name), remove(id), bringBack(id), undo(), redo(), addNode(node), patchNode(id, patch), clearProject(); stores/restore.ts: restoreProject(), and `unsaved`. */
export interface ProjectState {
  readonly nodes: Readonly<Record<string, ModelNode>>;
  /** Visible nodes in order of making. Undo removes the last made from here, redo puts it back. */
  readonly order: readonly string[];
  readonly selected: string | null;
  readonly past: readonly (readonly string[])[];
  readonly future: readonly (readonly string[])[];
  /** How often the test images of each data set were looked at (stores/looks.ts); undo takes no look back. */
  readonly looks: Readonly<Partial<Record<DatasetId, number>>>;
  /** 'restoring' until IndexedDB and the vault were asked; 'memory' where nothing can be stored; 'other-tab' where another tab holds the project. */
  readonly saved: 'restoring' | 'saved' | 'memory' | 'other-tab';
}

/** Something that is going on, in stores/doing.ts. */
export interface Doing {
  readonly kind:
    | 'applying'
    | 'recipe'
    | 'combine'
    | 'make'
    | 'trees'
    | 'opening'
    | 'exporting'
    | 'sensitivity'
    | 'evaluating'
    | 'search'
    | 'searchPaused'
    | 'repeat'
    | 'taking'
    | 'choosing';
  /** From 0 to 1. */
  readonly done: number;
  /** The method, the step of the recipe, the file. */
  readonly name?: Words;
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
  /** Which method to which node, and how far it is. */
  readonly applying: {
    readonly method: string;
    readonly node: string;
    readonly done: number;
    readonly train: TrainProgress | null;
  } | null;
  readonly result: ApplyResult | null;
  readonly fault: Fault | null;
}

/** What was asked for when a recipe was applied, as the next visit would ask for it again. */
export interface AskedApplication {
  /** One method with its values, or the recipe of a model as it was edited. */
  readonly way: 'method' | 'recipe';
  /** The node that was selected, and the one that the recipe starts from. */
  readonly node: string;
  readonly start: string;
  readonly recipe: Recipe;
  /** The first step that runs, from 0. */
  readonly from: number;
}
/** stores/interrupted-applying.ts: `interruptedApplying`. Actions: lookForApplication(), discardApplication(); stores/recipes.ts: continueApplication(). */
export interface InterruptedState {
  /** What could go on, and how far it is. */
  readonly application: ({ readonly asked: AskedApplication } & InterruptedRecipe) | null;
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
  /** What was measured, by `scanKey`; the latest of each model are kept with its node. */
  readonly scans: Readonly<Record<string, readonly SensitivityCell[]>>;
  /** By `hurtsKey`; whole ones only are kept. */
  readonly hurts: Readonly<Record<string, readonly HurtLayer[]>>;
  /** What is being measured, by its key, and how much of it is done. */
  readonly running: { readonly key: string; readonly done: number } | null;
  readonly fault: Fault | null;
}

/** What the trees are to look at: pixels, or a layer of a node's model. */
export type TreeSource =
  | { readonly kind: 'pixels' }
  | { readonly kind: 'layer'; readonly node: string; readonly layer: string };
/** What the Combine tab shows: combining models that are there, making members that go together, growing trees, or what came of it. */
export type CombineView = 'combine' | 'make' | 'trees' | 'result';
/**
 * stores/combine.ts: `combine`. Actions: setCombineView(view), setCombineSeed(n), toggleMember(node), moveMember(from, to),
 * setMembers(nodes), setWay(id), setWayValue(key, value, moving), combineMembers(); candidates(): the nodes that can be chosen.
 * stores/making.ts: setMaking(id), setMakingValue(key, value), setSources(nodes), toggleSource(node), makeMembers().
 * stores/growing.ts: setTreeMethod(id), setTreeValue(key, value), setTreeSource(source), growTrees().
 * stores/combine-run.ts: cancelCombine(). Why it cannot be done, or null: combineObstacle(), makeObstacle(), treesObstacle().
 */
export interface CombineState {
  readonly view: CombineView;
  /** Node ids, in order: serial ways ask them one after another. */
  readonly members: readonly string[];
  readonly way: string;
  /** By way, kept while switching. */
  readonly values: Readonly<Record<string, Values>>;
  /** What it would give, of the choice as it stands; null while there is no answer. */
  readonly preview: CombinePreview | null;
  /** True while a preview is on its way. */
  readonly previewing: boolean;
  readonly making: string;
  readonly makingValues: Readonly<Record<string, Values>>;
  /** Node ids that members are made from, in order. */
  readonly sources: readonly string[];
  readonly treeMethod: string;
  readonly treeValues: Readonly<Record<string, Values>>;
  readonly treeSource: TreeSource;
  /** Of making members and growing trees. */
  readonly seed: number;
  /** These members were being made when the page was left; making them goes on with what is done. */
  readonly interrupted: boolean;
  /** One thing at a time; `done` from 0 to 1. */
  readonly running: { readonly kind: CombineView; readonly done: number; readonly train: TrainProgress | null } | null;
  /** The nodes that the last run added, the ensemble last where there is one. */
  readonly made: {
    readonly kind: CombineView;
    readonly nodes: readonly string[];
    readonly notes: readonly Words[];
  } | null;
  readonly fault: Fault | null;
  /** Why there is no preview although something can be combined. */
  readonly previewFault: Fault | null;
}

/** What the Evaluate tab shows: which class is taken for which, each class, how far confidence can be trusted, or two models. */
export type EvaluateView = 'confusion' | 'classes' | 'confidence' | 'compare';
/** Images of class `truth` that were answered with class `answer`. */
export interface Cell {
  readonly truth: number;
  readonly answer: number;
}
/** stores/evaluate.ts: `evaluate`. Everything is about the selected model. Actions: setEvaluateView(view), setSplit(split), setOther(node), setCell(cell), allow(question), askAgain(), watchEvaluation(). */
export interface EvaluateState {
  readonly view: EvaluateView;
  readonly split: ExaminedSplit;
  /** The node that is compared with; null: the parent, else the last made. */
  readonly other: string | null;
  readonly cell: Cell | null;
  /** What was found, by what was asked; kept while the page is open. */
  readonly known: Readonly<Record<string, ExamineResult | JudgedImages | CompareResult>>;
  /** What the person let look at test images. */
  readonly allowed: readonly string[];
  readonly running: { readonly key: string; readonly done: number } | null;
  readonly fault: { readonly key: string; readonly fault: Fault } | null;
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

export type TabId = 'data' | 'build' | 'train' | 'optimize' | 'combine' | 'evaluate' | 'search' | 'export';
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
    /** The removed node that it offers to bring back. */
    readonly restores?: string;
  }[];
  /** The latest announcement for the status region. */
  readonly announcement: Words | null;
}

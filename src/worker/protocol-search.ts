/**
 * The part of the protocol that is about choosing: trying many settings, one setting with many seeds, and which models
 * to combine. Searches look at validation images and folds of training images; test is measured when a model is taken.
 */
import type { Choice, ChoiceBudget, RuleId } from '#core/search/members';
import type { Run, RunResult, SearchPlan } from '#core/search/plan';
import type { Accuracy, DatasetId, ModelId, ModelSummary, StepOutcome, TrainProgress } from '#worker/protocol';

/** What is searched. */
export interface Search {
  readonly plan: SearchPlan;
  readonly dataset: DatasetId;
  /** Models that the recipe names: node id -> id in the vault. */
  readonly parents: Readonly<Record<string, ModelId>>;
}
/** A run's result as it crosses the border. */
export interface SearchResult extends RunResult {
  /** On the test images: only where every run is reported and none is chosen. */
  readonly test?: Accuracy;
}

/** A candidate as a model: made with the plan's first seed on all training images, with all its epochs. */
export interface SearchTaken {
  readonly model: ModelSummary;
  readonly validation: Accuracy;
  readonly test: Accuracy;
  /** Of making it, as often as it was made. */
  readonly seconds: number;
  /** The untrained network, where it began with one. */
  readonly fresh: ModelSummary | null;
  /** What the recipe was given, where there is a recipe. */
  readonly trained: ModelSummary | null;
  /** Of the recipe's steps. */
  readonly reports: readonly StepOutcome[];
  readonly trace: readonly TrainProgress['point'][];
}

/** What combining some of the models would give, chosen on validation images. */
export interface MembersChosen {
  /** One for each rule that could be followed, the best first. */
  readonly choices: readonly Choice[];
  /** The best of the models alone that the budget allows; null where it allows none. */
  readonly single: { readonly member: number; readonly accuracy: number; readonly cost: number } | null;
  readonly images: number;
  readonly seconds: number;
}

export interface SearchCalls {
  /**
   * Runs what the plan and `results`, those of earlier, leave to be done, one run after another, and gives way to
   * everything else. Answers with its own results. `test`: measures every run on test too; for runs that are reported, not chosen among.
   */
  search: {
    request: Search & { readonly results: readonly SearchResult[]; readonly paused: boolean; readonly test?: boolean };
    response: readonly SearchResult[];
    progress:
      | { readonly begun: Run }
      | { readonly run: Run; readonly train: TrainProgress }
      | { readonly result: SearchResult };
  };
  /** Pause and resume act on the search that is going on, in the middle of a run too. It is stopped by aborting it. */
  searchControl: { request: { action: 'pause' | 'resume' }; response: null; progress: never };
  /** Makes a candidate to be kept, or takes the model that a run kept, and measures it. */
  searchTake: {
    request: Search & { readonly candidate: number; readonly results: readonly SearchResult[]; readonly name: string };
    response: SearchTaken;
    progress: { readonly done: number; readonly train?: TrainProgress };
  };
  /** Greedy forward selection of members, under each of the rules, within a budget. */
  chooseMembers: {
    request: {
      models: readonly ModelId[];
      dataset: DatasetId;
      rules: readonly RuleId[];
      budget: ChoiceBudget | null;
      seed: number;
    };
    response: MembersChosen;
    progress: { readonly done: number };
  };
}

/** What the page knows of searches; see stores/search.ts, stores/repeat.ts and stores/members.ts, which act on it. */

import type { RecipeStep } from '#core/recipe';
import type { ChoiceBudget, RuleId } from '#core/search/members';
import type { Limit, Run, Strategy } from '#core/search/plan';
import type { Dimension } from '#core/search/space';
import type { Fault, TrainProgress } from '#worker/protocol';
import type { MembersChosen, Search, SearchResult } from '#worker/protocol-search';

/** What is chosen: a network and its training, the values of methods, members of an ensemble; or one thing over several seeds. */
export type SearchMode = 'network' | 'recipe' | 'members' | 'repeat';

/** A search as it is being set up. */
export interface SearchDraft {
  readonly dimensions: readonly Dimension[];
  /** Run after training, or on the selected model. */
  readonly steps: readonly RecipeStep[];
  readonly strategy: Strategy['kind'];
  /** Candidates drawn at random, also for successive halving. */
  readonly trials: number;
  /** Epochs in all, for successive halving. */
  readonly budget: number;
  readonly eta: number;
  /** 0: judged on validation images. */
  readonly folds: number;
  /** How many seeds each candidate is made with. */
  readonly seeds: number;
  readonly seed: number;
  readonly limit: Limit | null;
}

/** The search that is going on, or the last one. */
export interface SearchJob {
  readonly search: Search;
  /** 'choose': the best becomes a model. 'repeat': every run is a point beside the model. */
  readonly purpose: 'choose' | 'repeat';
  /** The node that it is about or begins with; null for fresh networks. */
  readonly node: string | null;
  readonly name: string;
  readonly results: readonly SearchResult[];
  /** 'taking': the best is being made and measured. 'stopped': a person ended it before its time. */
  readonly status: 'running' | 'paused' | 'stopped' | 'taking' | 'done' | 'failed';
  /** The run that is going on. */
  readonly current: { readonly run: Run; readonly train: TrainProgress | null } | null;
  /** Nodes made of candidates, by candidate. */
  readonly made: Readonly<Record<number, string>>;
  /** The candidate that is being made. */
  readonly taking: { readonly candidate: number; readonly done: number } | null;
  readonly fault: Fault | null;
}

export interface MembersState {
  /** Nodes left out of what can be chosen. */
  readonly without: readonly string[];
  readonly rules: readonly RuleId[];
  readonly budget: ChoiceBudget | null;
  /** 0 to 1 while it is being chosen. */
  readonly running: number | null;
  /** What was found, and the nodes that it was found among. */
  readonly found: {
    readonly nodes: readonly string[];
    readonly budget: ChoiceBudget | null;
    readonly chosen: MembersChosen;
  } | null;
  readonly fault: Fault | null;
}

/** stores/search-setup.ts: `search`. Actions: setMode(mode), setRepeats(n), setDraft(mode, patch), addDimension(mode, target), setDimension(mode, at, dimension), removeDimension(mode, at), addSearchStep(mode, pass), removeSearchStep(mode, at); stores/search.ts: startSearch(mode), pauseSearch(), resumeSearch(), stopSearch(), takeTrial(candidate), dismissSearch(); stores/repeat.ts: repeatModel(); stores/members.ts: setChoosing(patch), chooseNow(), stopChoosing(), combineChoice(choice). */
export interface SearchState {
  readonly mode: SearchMode;
  readonly drafts: Readonly<Record<'network' | 'recipe', SearchDraft>>;
  /** How many more times a model is made. */
  readonly repeats: number;
  readonly job: SearchJob | null;
  readonly members: MembersState;
}

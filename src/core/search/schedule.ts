/**
 * What a search does next, from its plan and the results so far. Candidates are run one after another, each with every
 * fold and seed; successive halving goes round by round.
 */
import { derivedSeed, seededRandom } from '#core/numeric/random';
import { type Anew, halvingRounds, type Round } from '#core/search/halving';
import type { Run, RunResult, SearchPlan } from '#core/search/plan';
import { type Candidate, drawnFrom, gridOf, type SearchBase, settle, withStepValue } from '#core/search/space';
import { ranked } from '#core/search/trials';

/** The candidates, in order: always the same for the same plan. */
export function candidatesOf({ strategy, dimensions, seed }: SearchPlan): readonly Candidate[] {
  if (strategy.kind === 'grid') return gridOf(dimensions);
  return drawnFrom(dimensions, Math.max(1, strategy.trials), seededRandom(derivedSeed(seed, 'candidates')));
}

/** The rounds of successive halving; null for other strategies. */
export function roundsOf({ strategy }: SearchPlan, candidates: number): readonly Round[] | null {
  return strategy.kind === 'halving' ? halvingRounds(candidates, strategy.budget, strategy.eta, strategy.anew) : null;
}

/** Where rounds of successive halving begin anew; null where they go on. */
const anewOf = ({ strategy }: SearchPlan): Anew | null => (strategy.kind === 'halving' && strategy.anew) || null;

/** Epochs of a candidate that gets through every round; null where none are part of the search. */
export function allEpochs(plan: SearchPlan, base: SearchBase): number | null {
  return epochsAfter(plan, base, roundsOf(plan, candidatesOf(plan).length));
}
function epochsAfter(plan: SearchPlan, { training }: SearchBase, rounds: readonly Round[] | null): number | null {
  const last = training || anewOf(plan) ? rounds?.at(-1) : undefined;
  return last?.epochs ?? training?.epochs ?? null;
}

/** What a candidate is in a round that gives it so many epochs, where they are those of a method. */
export function inRound(base: SearchBase, { strategy }: SearchPlan, epochs: number | null): SearchBase {
  if (strategy.kind !== 'halving' || !strategy.anew || epochs === null) return base;
  return withStepValue(base, strategy.anew.step, 'epochs', epochs);
}

const keyOf = ({ candidate, round, fold, seed }: Run): string => `${candidate} ${round} ${fold} ${seed}`;

/** The next run, or null when there is nothing left to do. A candidate of which one run came to nothing is given up. */
export function nextRun(plan: SearchPlan, results: readonly RunResult[]): Run | null {
  return waiting(plan, results).runs[0] ?? null;
}

interface Waiting {
  /** In order. */
  readonly runs: readonly Run[];
  /** Epochs (or runs, where nothing is trained) of rounds whose candidates are not known yet. */
  readonly later: number;
}

function waiting(plan: SearchPlan, results: readonly RunResult[]): Waiting {
  const candidates = candidatesOf(plan);
  const done = new Set(results.map(keyOf));
  const failed = new Set(results.flatMap(({ candidate, score }) => (score ? [] : [candidate])));
  const rounds = roundsOf(plan, candidates.length);
  const each = plan.seeds.length * Math.max(1, plan.folds);
  const open = (who: readonly number[], round: number): readonly Run[] =>
    who
      .filter((candidate) => !failed.has(candidate))
      .flatMap((candidate) => runsOf(plan, candidates, candidate, round, rounds))
      .filter((run) => !done.has(keyOf(run)));
  if (!rounds) return { runs: open([...candidates.keys()], 0), later: 0 };
  let who: readonly number[] = [...candidates.keys()];
  for (const [k, round] of rounds.entries()) {
    // The first round is everybody's; later ones are for those that did best in the one before.
    if (k > 0) who = ranked(plan, results, who, k - 1).slice(0, round.candidates);
    const runs = open(who, k);
    if (runs.length === 0) continue;
    const before = (i: number): number => (anewOf(plan) ? 0 : (rounds[k + i]?.epochs ?? 0));
    const later = rounds
      .slice(k + 1)
      .reduce((sum, next, i) => sum + next.candidates * each * (next.epochs - before(i)), 0);
    return { runs, later };
  }
  return { runs: [], later: 0 };
}

function runsOf(
  plan: SearchPlan,
  candidates: readonly Candidate[],
  candidate: number,
  round: number,
  rounds: readonly Round[] | null,
): readonly Run[] {
  const base = settle(plan.base, plan.dimensions, candidates[candidate] as Candidate);
  const of = epochsAfter(plan, base, rounds);
  const epochs = of === null ? null : (rounds?.[round]?.epochs ?? of);
  const folds = plan.folds > 0 ? Array.from({ length: plan.folds }, (_, i) => i) : [null];
  return folds.flatMap((fold) => plan.seeds.map((seed) => ({ candidate, round, fold, seed, epochs, of })));
}

/** Work of a run in epochs; 1 where it does not matter how many. Rounds of halving go on where the one before ended. */
function workOf(plan: SearchPlan, run: Run, rounds: readonly Round[] | null): number {
  if (run.epochs === null) return 1;
  if (anewOf(plan)) return run.epochs;
  return run.epochs - (run.round > 0 ? (rounds?.[run.round - 1]?.epochs ?? 0) : 0);
}

export interface Ahead {
  /** Share of the work that is done, 0 to 1. */
  readonly done: number;
  /** At the speed so far; null before the first result. */
  readonly secondsLeft: number | null;
}

/** How much of a search is done, and how long the rest will take at the speed of what is done. */
export function ahead(plan: SearchPlan, results: readonly RunResult[]): Ahead {
  const rounds = roundsOf(plan, candidatesOf(plan).length);
  const work = (runs: readonly Run[]): number => runs.reduce((sum, run) => sum + workOf(plan, run, rounds), 0);
  const measured = results.filter(({ seconds, score }) => seconds > 0 && score);
  const past = work(results);
  const { runs, later } = waiting(plan, results);
  const left = work(runs) + later;
  const rate = work(measured);
  const seconds = measured.reduce((sum, result) => sum + result.seconds, 0);
  return { done: past + left > 0 ? past / (past + left) : 1, secondsLeft: rate > 0 ? (seconds / rate) * left : null };
}

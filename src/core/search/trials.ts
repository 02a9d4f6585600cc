/**
 * A search's table: for each candidate what its runs came to, the mean over folds and seeds, which one leads, and where
 * those that were cut short were heading. Looks at validation images and folds only.
 */
import { type Repeated, repeated } from '#core/metrics/seeds';
import type { Words } from '#core/params';
import { accuracyAt, fitPowerLaw, type PowerLaw } from '#core/search/curve';
import type { Cost, Limit, RunResult, SearchPlan } from '#core/search/plan';
import type { Candidate } from '#core/search/space';

export interface Trial {
  /** Index among the plan's candidates, and its choices. */
  readonly candidate: number;
  readonly choices: Candidate;
  /** 'begun': some of its runs are done. 'out': others went on without it. 'over': it costs more than the limit. */
  readonly state: 'waiting' | 'begun' | 'done' | 'out' | 'over' | 'failed';
  /** Accuracy of the runs of its last round; null without any. */
  readonly score: Repeated | null;
  /** Of the same runs: images looked at in all. */
  readonly images: number;
  readonly loss: number;
  /** The dearest of its runs. */
  readonly cost: Cost | null;
  /** Epochs done; null where none are part of it. */
  readonly epochs: number | null;
  readonly seconds: number;
  /** An estimate of its accuracy after all epochs, from its learning curve, where it stopped before them. */
  readonly estimate: { readonly accuracy: number; readonly residual: number; readonly epochs: number } | null;
  readonly fault: Words | null;
}

/** Whether a model is within the limit. */
export function isWithin(limit: Limit | null, cost: Partial<Cost> | null): boolean {
  const value = limit ? cost?.[limit.by] : undefined;
  return !limit || value === undefined || value <= limit.most;
}

/** The candidates of `who` that have a score in this round, best first: mean accuracy, then loss, then order. */
export function ranked(
  plan: SearchPlan,
  results: readonly RunResult[],
  who: readonly number[],
  round: number,
): readonly number[] {
  const scored = who.flatMap((candidate) => {
    const own = results.filter((result) => result.candidate === candidate && result.round === round);
    const mean = meanOf(own);
    return mean && own.every(({ cost }) => isWithin(plan.limit, cost)) ? [{ candidate, ...mean }] : [];
  });
  return scored
    .sort((a, b) => b.accuracy - a.accuracy || a.loss - b.loss || a.candidate - b.candidate)
    .map(({ candidate }) => candidate);
}

function meanOf(results: readonly RunResult[]): { accuracy: number; loss: number } | null {
  const scores = results.flatMap(({ score }) => score ?? []);
  if (scores.length === 0 || scores.length < results.length) return null;
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  return { accuracy: mean(scores.map(({ accuracy }) => accuracy)), loss: mean(scores.map(({ loss }) => loss)) };
}

/** The table, in the order of the candidates. `over`: the search has ended. */
export function trialsOf(
  plan: SearchPlan,
  candidates: readonly Candidate[],
  results: readonly RunResult[],
): readonly Trial[] {
  const each = plan.seeds.length * Math.max(1, plan.folds);
  const furthest = Math.max(0, ...results.map(({ round }) => round));
  return candidates.map((choices, candidate): Trial => {
    const own = results.filter((result) => result.candidate === candidate);
    const round = Math.max(0, ...own.map((result) => result.round));
    const last = own.filter((result) => result.round === round);
    const scores = last.flatMap(({ score }) => score ?? []);
    const fault = own.find((result) => result.fault)?.fault ?? null;
    const cost = own.reduce<Cost | null>((most, one) => dearer(most, one.cost), null);
    const epochs = last.length > 0 ? (last[0]?.epochs ?? null) : null;
    const state = !isWithin(plan.limit, cost)
      ? 'over'
      : own.some(({ score }) => !score)
        ? 'failed'
        : own.length === 0
          ? 'waiting'
          : round < furthest
            ? 'out'
            : last.length < each
              ? 'begun'
              : 'done';
    return {
      candidate,
      choices,
      state,
      score: scores.length > 0 ? repeated(scores.map(({ accuracy }) => accuracy)) : null,
      images: scores.reduce((sum, { images }) => sum + images, 0),
      loss: scores.reduce((sum, { loss }) => sum + loss, 0) / Math.max(1, scores.length),
      cost,
      epochs,
      seconds: own.reduce((sum, { seconds }) => sum + seconds, 0),
      estimate: state === 'out' || state === 'begun' ? estimateOf(last) : null,
      fault,
    };
  });
}

function dearer(a: Cost | null, b: Cost | null): Cost | null {
  if (!a || !b) return a ?? b;
  return {
    parameters: Math.max(a.parameters, b.parameters),
    macs: Math.max(a.macs, b.macs),
    bytes: Math.max(a.bytes, b.bytes),
  };
}

function estimateOf(runs: readonly RunResult[]): Trial['estimate'] {
  const of = runs[0]?.of ?? null;
  if (of === null || runs.every(({ epochs }) => epochs === null || epochs >= of)) return null;
  const laws = runs.map(({ curve }) => fitPowerLaw(curve)).filter((law): law is PowerLaw => law !== null);
  if (laws.length === 0) return null;
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    accuracy: mean(laws.map((law) => accuracyAt(law, of))),
    residual: Math.max(...laws.map(({ residual }) => residual)),
    epochs: of,
  };
}

/**
 * The leader among those that have done all their runs of the furthest round; null where there is none. Equal ones: the
 * smaller loss, then the earlier.
 */
export function bestOf(
  plan: SearchPlan,
  candidates: readonly Candidate[],
  results: readonly RunResult[],
): number | null {
  const whole = trialsOf(plan, candidates, results).filter(({ state }) => state === 'done' || state === 'out');
  const rounds = [...new Set(results.map(({ round }) => round))].sort((a, b) => b - a);
  const each = plan.seeds.length * Math.max(1, plan.folds);
  for (const round of rounds) {
    const who = whole
      .map(({ candidate }) => candidate)
      .filter((candidate) => results.filter((r) => r.candidate === candidate && r.round === round).length >= each);
    const [best] = ranked(plan, results, who, round);
    if (best !== undefined) return best;
  }
  return null;
}

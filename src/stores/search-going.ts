/** How far the search is, or the choice of members: what goes on of the Search tab, for the line of status. */
import { ahead, candidatesOf, roundsOf } from '#core/search/schedule';
import type { SearchJob, SearchState } from '#stores/search-state';
import type { Doing } from '#stores/state';

/** What the run that is going on has come to, as a share of all. Rounds are of different lengths: there only whole runs count. */
export function shareOfRun({ current, search: { plan } }: SearchJob): number {
  const candidates = candidatesOf(plan).length;
  if (!current?.train || !current.run.epochs || roundsOf(plan, candidates)) return 0;
  const share = Math.min(1, current.train.point.epoch / current.run.epochs);
  return share / (candidates * Math.max(1, plan.folds) * Math.max(1, plan.seeds.length));
}

/** Share of the runs that have ended, of the results last asked about. */
let past: { readonly of: SearchJob['results']; readonly done: number } | null = null;

export function goingIn({ job, members }: SearchState): Doing | null {
  if (members.running !== null) return { kind: 'choosing', done: members.running };
  if (job?.taking) return { kind: 'taking', done: job.taking.done };
  if (job?.status !== 'running' && job?.status !== 'paused') return null;
  if (past?.of !== job.results) past = { of: job.results, done: ahead(job.search.plan, job.results).done };
  const kind = job.status === 'paused' ? 'searchPaused' : job.purpose === 'repeat' ? 'repeat' : 'search';
  return { kind, done: Math.min(1, past.done + shareOfRun(job)) };
}

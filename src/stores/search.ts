/**
 * Searching: the search that is going on in the background, and what becomes of it. Results are kept in
 * the browser as they come, so that a search goes on after a reload, or after the engine died, with what is left to do.
 * The best by validation (or by folds) becomes a model on the page when the search ends; only then is test looked at.
 */
import { datasetFacts } from '#core/datasets';
import { candidatesOf, nextRun } from '#core/search/schedule';
import { settle } from '#core/search/space';
import { bestOf, trialsOf } from '#core/search/trials';
import { modelsNamed } from '#stores/applying';
import { candidates } from '#stores/candidates';
import { datasets, loadDataset, nodeFits } from '#stores/datasets';
import { call, faultOf, isAbort, isLost } from '#stores/engine';
import { keep, readKept } from '#stores/kept';
import { patchNode, project, selectedNode, uniqueName } from '#stores/project';
import { goingIn } from '#stores/search-going';
import { type DraftMode, planOf, search } from '#stores/search-setup';
import type { SearchJob } from '#stores/search-state';
import { addTaken, runOf } from '#stores/search-taken';
import { announce, notify } from '#stores/view';
import type { Calls, ModelId } from '#worker/protocol';

/** Begins the search that is set up. */
export async function startSearch(mode: DraftMode): Promise<void> {
  const plan = planOf(mode);
  const node = mode === 'recipe' ? selectedNode() : null;
  const dataset = node?.dataset ?? datasets.getState().selected;
  if (!plan || isBusy() || (node && !nodeFits(node, dataset))) return;
  const parents: Record<string, ModelId> = {};
  for (const step of plan.base.recipe?.steps ?? []) Object.assign(parents, modelsNamed(step));
  const name = node?.name ?? (plan.base.start.kind === 'fresh' ? plan.base.start.architecture.name : '');
  await begin({ search: { plan, dataset, parents }, purpose: 'choose', node: node?.id ?? null, name });
}

/** Whether a search is going on. */
export function isBusy(): boolean {
  const status = search.getState().job?.status;
  return status === 'running' || status === 'paused' || status === 'taking';
}

/** Begins a search that is ready: it goes on until it is done, paused or stopped. */
export async function begin(what: Pick<SearchJob, 'search' | 'purpose' | 'node' | 'name'>): Promise<void> {
  setJob({ ...what, results: [], status: 'running', current: null, made: {}, taking: null, fault: null });
  await go();
}

let stop: AbortController | null = null;

function setJob(job: SearchJob | null): void {
  search.setState({ job });
  keepJob();
}
function patchJob(patch: Partial<SearchJob>): void {
  const { job } = search.getState();
  if (job) search.setState({ job: { ...job, ...patch } });
}
function keepJob(): void {
  if (project.getState().saved === 'other-tab') return;
  const { job } = search.getState();
  keep('search', job ? { job: { ...job, current: null, taking: null }, tries } : {});
}

/** Engines in a row that may die under a search before a run ends. */
const lives = 3;
/** Visits in a row in which it went on by itself and no run ended. */
let tries = 0;

/** Does what is left to do. */
async function go(): Promise<void> {
  const own = new AbortController();
  stop = own;
  try {
    for (let life = 1; ; life++) {
      const { job } = search.getState();
      if (!job) return;
      if (!(await loadDataset(job.search.dataset))) {
        patchJob({ status: 'failed', fault: datasets.getState().faults[job.search.dataset] ?? null });
        return;
      }
      const onProgress = (told: Calls['search']['progress']): void => {
        if ('result' in told) life = 1;
        onSearch(told);
      };
      try {
        const request = {
          ...job.search,
          results: job.results,
          paused: job.status === 'paused',
          test: job.purpose === 'repeat',
        };
        await call('search', request, { signal: own.signal, onProgress });
        break;
      } catch (error) {
        if (!isLost(error) || life >= lives) throw error;
        patchJob({ current: null });
      }
    }
    patchJob({ current: null });
    await finish();
  } catch (error) {
    if (isAbort(error)) return;
    const fault = faultOf(error);
    patchJob({ status: 'failed', fault, current: null });
    notify({ level: 'error', words: fault.words, hint: fault.hint });
  } finally {
    if (stop === own) stop = null;
    keepJob();
  }
}

function onSearch(told: Calls['search']['progress']): void {
  const { job } = search.getState();
  if (!job) return;
  if ('begun' in told) patchJob({ current: { run: told.begun, train: null } });
  else if ('train' in told) patchJob({ current: told });
  else {
    tries = 0;
    patchJob({ results: [...job.results, told.result] });
    if (job.purpose === 'repeat') showRuns();
    keepJob();
  }
}

/** The search has come to its end: the best becomes a model, or the runs stand beside the one that was repeated. */
async function finish(): Promise<void> {
  const { job } = search.getState();
  if (!job) return;
  const { plan } = job.search;
  const best = job.purpose === 'choose' ? bestOf(plan, candidatesOf(plan), job.results) : null;
  if (best !== null) await takeTrial(best);
  else if (job.purpose === 'repeat') announce(repeatedWords(job));
  patchJob({ status: search.getState().job?.fault ? 'failed' : 'done' });
}

/** Runs of the repeated model, its own first, as points beside it. */
function showRuns(): void {
  const { job } = search.getState();
  const node = job?.node ? project.getState().nodes[job.node] : undefined;
  if (!job || !node) return;
  const known = (node.runs ?? []).filter(({ seed }) => !job.search.plan.seeds.includes(seed));
  patchNode(node.id, { runs: [...known, ...job.results.flatMap(runOf)] });
}

function repeatedWords({ results, name }: SearchJob) {
  const runs = results.filter(({ score }) => score).length;
  return { en: `${name} was made ${runs} more times.`, zh: `${name} 又生成了 ${runs} 次。` };
}

/** Makes a candidate to be kept: on all training images, with the first seed. Test is measured now. */
export async function takeTrial(candidate: number): Promise<void> {
  const { job } = search.getState();
  if (!job || job.taking || job.purpose !== 'choose') return;
  const { status } = job;
  const isLast = status === 'running';
  patchJob({ taking: { candidate, done: 0 }, ...(isLast ? { status: 'taking' } : {}) });
  try {
    const { plan } = job.search;
    const all = candidatesOf(plan);
    const trials = all.length;
    // Where templates are searched, each candidate has the name of its own.
    const { start } = settle(plan.base, plan.dimensions, all[candidate] ?? []);
    const own = start.kind === 'fresh' ? start.architecture.name : job.name;
    const which = isLast ? `best of ${trials}` : `trial ${candidate + 1} of ${trials}`;
    const name = uniqueName(trials === 1 ? own : `${own}, ${which}`);
    const request = { ...job.search, candidate, results: job.results, name };
    const onProgress = ({ done }: { readonly done: number }): void => patchJob({ taking: { candidate, done } });
    const taken = await call('searchTake', request, { onProgress });
    const node = addTaken(job, candidate, taken, name);
    const now = search.getState().job;
    if (now) patchJob({ made: { ...now.made, [candidate]: node.id }, fault: null });
  } catch (error) {
    if (!isAbort(error)) patchJob({ fault: faultOf(error) });
  } finally {
    patchJob({ taking: null });
    keepJob();
  }
}

export async function pauseSearch(): Promise<void> {
  if (search.getState().job?.status !== 'running') return;
  patchJob({ status: 'paused' });
  keepJob();
  await call('searchControl', { action: 'pause' }).catch(() => null);
}
/** Goes on with a search that was paused, stopped, or left off in an earlier visit. */
export async function resumeSearch(): Promise<void> {
  const { job } = search.getState();
  if (!job || job.status === 'running' || job.status === 'taking' || job.taking) return;
  patchJob({ status: 'running', fault: null });
  keepJob();
  if (stop) await call('searchControl', { action: 'resume' }).catch(() => null);
  else await go();
}
/** Ends it; what is done stays, and it can be gone on with. */
export function stopSearch(): void {
  if (!isBusy()) return;
  patchJob({ status: 'stopped', current: null });
  stop?.abort();
  stop = null;
  keepJob();
  announce({ en: 'The search was stopped. What is done stays.', zh: '搜索已停止，已完成的部分会保留。' });
}
/** Makes room for another one. Models that were made of it stay. */
export function dismissSearch(): void {
  if (isBusy()) return;
  setJob(null);
}

/** Whether anything is left to do. */
export function isLeft(job: SearchJob): boolean {
  return nextRun(job.search.plan, job.results) !== null;
}

/** What was taken up, and is not of this visit. */
let takenUp: SearchJob['search'] | null = null;

/** The tab that owned the project is gone: the search that it left is taken up; one of this tab takes its place, which is told. */
function inheritSearch(): void {
  const { job } = search.getState();
  if (!job || (job.search === takenUp && !stop)) {
    search.setState({ job: null });
    takeUpSearch();
    return;
  }
  const { job: left } = readKept('search') as { readonly job?: SearchJob };
  if (left && isReadable(left) && JSON.stringify(left.search) !== JSON.stringify(job.search))
    notify({
      level: 'info',
      words: {
        en: 'The search of the tab that is gone gives way to the one of this tab. Models that came of it stay.',
        zh: '已关闭的标签页中的搜索由本页的搜索取代，它生成的模型仍然保留。',
      },
    });
  keepJob();
}

/** Takes up what an earlier visit left, and goes on with it where it was going on. */
export function takeUpSearch(): void {
  if (search.getState().job || project.getState().saved === 'restoring') return;
  const { job, tries: before } = readKept('search') as { readonly job?: SearchJob; readonly tries?: number };
  if (!job || !isReadable(job)) return;
  const isOwner = project.getState().saved !== 'other-tab';
  const goesOn = isOwner && (job.status === 'running' || job.status === 'taking') && (before ?? 0) < lives;
  const status = job.status === 'running' || job.status === 'taking' ? (goesOn ? 'running' : 'paused') : job.status;
  search.setState({ mode: job.purpose === 'repeat' ? 'repeat' : job.node ? 'recipe' : 'network' });
  search.setState({ job: { ...job, status, current: null, taking: null } });
  takenUp = job.search;
  if (!goesOn) return;
  tries = (before ?? 0) + 1;
  keepJob();
  void go();
}

/** What is kept may be of another version, or somebody else's. */
function isReadable(job: SearchJob): boolean {
  try {
    datasetFacts(job.search.dataset);
    return Array.isArray(job.results) && typeof job.name === 'string' && candidatesOf(job.search.plan).length > 0;
  } catch {
    return false;
  }
}

search.subscribe((state) => candidates.setState({ going: goingIn(state) }));

/** Candidates that came to something, for the chart. */
search.subscribe(({ job }, before) => {
  const { search: asked, results, purpose } = job ?? {};
  if (results === before.job?.results && asked === before.job?.search) return;
  const trials =
    asked && results && purpose === 'choose' ? trialsOf(asked.plan, candidatesOf(asked.plan), results) : [];
  candidates.setState({
    points: trials.flatMap(({ candidate, score, cost }) =>
      score && cost ? [{ candidate, accuracy: score.mean, cost }] : [],
    ),
  });
});

project.subscribe((state, before) => {
  if (before.saved === 'restoring' && state.saved !== 'restoring') takeUpSearch();
  if (before.saved === 'other-tab' && state.saved !== 'other-tab') inheritSearch();
});
takeUpSearch();

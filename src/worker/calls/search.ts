/**
 * Searches in the background: run after run, each when nothing else wants the engine, and judged on validation images or
 * folds. What a run came to is told at once, so that nothing done is lost; a candidate that cannot be made is a result
 * too. And making a candidate to be kept, which is when test is looked at.
 */
import { accuracyOf } from '#core/metrics/classification';
import type { Run, SearchPlan } from '#core/search/plan';
import { allEpochs, candidatesOf, nextRun } from '#core/search/schedule';
import { settle } from '#core/search/space';
import { bestOf } from '#core/search/trials';
import type { Dataset } from '#engine/datasets/dataset';
import { evaluate } from '#engine/evaluate';
import { makeTrainControl, type TrainControl } from '#engine/train-control';
import { type CallContext, type Handler, throttled } from '#worker/call';
import { foldOf } from '#worker/calls/search-fold';
import { candidateMaker, type Left, type Made } from '#worker/calls/search-run';
import { failureOf, faultOf, isAbort } from '#worker/faults';
import type { Accuracy, Calls, TrainProgress } from '#worker/protocol';
import type { Search, SearchResult } from '#worker/protocol-search';
import type { Session } from '#worker/session';
import { summaryOf } from '#worker/summary';

type Request = Calls['search']['request'];

/** The search that Pause and Resume act on. */
const going = new WeakMap<Session, TrainControl>();
/** What the leader of the search came to, so that it need not be made again while this worker lives. */
const leaders = new WeakMap<Session, { readonly key: string; readonly made: Made }>();
const leaderKey = ({ plan, dataset, parents }: Search, candidate: number): string =>
  JSON.stringify([plan, dataset, parents, candidate]);

export const search: Handler<'search'> = async (request, context) => {
  const { plan, dataset: id, paused } = request;
  const { session, signal, progress } = context;
  const control = makeTrainControl(paused);
  going.set(session, control);
  const results: SearchResult[] = [];
  const all = (): readonly SearchResult[] => [...request.results, ...results];
  try {
    const dataset = await session.dataset(id, { signal });
    const left = new Map<string, Left>();
    // The fold that is held out, made once for runs that follow each other.
    let seen: { readonly fold: number | null; readonly dataset: Dataset } = { fold: null, dataset };
    for (let run = nextRun(plan, all()); run; run = nextRun(plan, all())) {
      await control.next(signal);
      const { fold } = run;
      if (seen.fold !== fold)
        seen = { fold, dataset: fold === null ? dataset : foldOf(dataset, plan.folds, fold, plan.seed) };
      progress({ begun: run });
      const result = await perform(request, run, all(), seen.dataset, left, control, context);
      results.push(result);
      progress({ result });
    }
    return results;
  } finally {
    if (going.get(session) === control) going.delete(session);
  }
};

export const searchControl: Handler<'searchControl'> = async ({ action }, { session }) => {
  going.get(session)?.[action]();
  session.scheduler.changed();
  return null;
};

async function perform(
  request: Request,
  run: Run,
  results: readonly SearchResult[],
  dataset: Dataset,
  left: Map<string, Left>,
  control: TrainControl,
  { session, signal, progress }: CallContext<'search'>,
): Promise<SearchResult> {
  const { plan, parents } = request;
  let seconds = 0;
  const tell = throttled((train: TrainProgress) => progress({ run, train }));
  const make = candidateMaker(plan, run, { session, dataset, parents, signal, onTrain: tell, left });
  try {
    return await session.scheduler.run(
      'search',
      async (turn) => {
        // Of work: waiting for others, and for a person, is left out.
        let begun = performance.now();
        const between = async (): Promise<void> => {
          seconds += (performance.now() - begun) / 1000;
          for (let waited = true; waited; ) {
            await turn();
            waited = control.state === 'paused';
            await control.next(signal);
          }
          begun = performance.now();
        };
        const made = await make(between);
        const score = made.model ? await judge(session, made, dataset, 'validation', { signal, between }) : null;
        const isTested = request.test === true && run.fold === null && made.model;
        const test = isTested ? await judge(session, made, dataset, 'test', { signal, between }) : null;
        seconds += (performance.now() - begun) / 1000;
        const result: SearchResult = {
          ...run,
          score: score && { accuracy: score.value, loss: score.loss, images: score.images },
          cost: made.cost,
          seconds,
          curve: made.model ? made.curve : [],
          ...(made.model ? {} : { fault: tooDear }),
          ...(test ? { test } : {}),
        };
        if (made.model && !request.test && leads(plan, result, results))
          leaders.set(session, { key: leaderKey(request, run.candidate), made });
        return result;
      },
      { signal, isActive: () => control.state !== 'paused' },
    );
  } catch (error) {
    // What lies with the engine ends the search; what lies with the candidate is a result.
    if (isAbort(error) || failureOf(error)) throw error;
    const { words, code } = faultOf(error);
    if (code === 'unexpected') console.error(error);
    return { ...run, score: null, cost: null, seconds, curve: [], fault: words };
  }
}

const tooDear = {
  en: 'It costs more than the limit, so it was not trained.',
  zh: '它的开销超过上限，因此没有训练。',
};

async function judge(
  session: Session,
  { model }: Pick<Made, 'model'>,
  dataset: Dataset,
  split: 'validation' | 'test',
  ways: { readonly signal: AbortSignal; readonly between: () => Promise<void> },
): Promise<Accuracy> {
  const { correct, loss } = await evaluate(await session.backend(), { kind: 'model', model }, dataset, split, ways);
  return { ...accuracyOf(correct), loss };
}

/** Whether a run made what a person would get (all epochs, all images, the first seed), and leads with it. */
function leads(plan: SearchPlan, result: SearchResult, results: readonly SearchResult[]): boolean {
  const { fold, seed, epochs, of, candidate } = result;
  const [first] = plan.seeds;
  if (fold !== null || seed !== first || epochs !== of) return false;
  const own = [...results.filter((one) => one.seed === first), result];
  return bestOf({ ...plan, seeds: [seed] }, candidatesOf(plan), own) === candidate;
}

export const searchTake: Handler<'searchTake'> = async (request, { session, signal, progress }) => {
  const { plan, dataset: id, candidate, parents, name, results } = request;
  const dataset = await session.dataset(id, { signal });
  const seed = plan.seeds[0] as number;
  const epochs = allEpochs(plan, settle(plan.base, plan.dimensions, candidatesOf(plan)[candidate] ?? []));
  const run: Run = { candidate, round: 0, fold: null, seed, epochs, of: epochs };
  const tell = throttled((train: TrainProgress) =>
    progress({ done: 0.9 * (train.point.step / Math.max(1, train.totalSteps)), train }),
  );
  const begun = performance.now();
  const leader = leaders.get(session);
  const ways = { session, dataset, parents, signal, onTrain: tell, left: new Map<string, Left>() };
  const make = candidateMaker({ ...plan, limit: null }, run, ways);
  const made =
    leader?.key === leaderKey(request, candidate)
      ? leader.made
      : await session.scheduler.run('search', make, { signal });
  if (!made.model) throw new Error('a search without a limit found a model too dear');
  const spent = results
    .filter((result) => result.candidate === candidate)
    .reduce((sum, result) => sum + result.seconds, (performance.now() - begun) / 1000);
  const vault = await session.vault;
  const model = { ...made.model, name };
  await vault.put(model);
  if (made.fresh) await vault.put(made.fresh);
  if (made.trained) await vault.put(made.trained);
  const measure = (split: 'validation' | 'test', from: number): Promise<Accuracy> =>
    session.scheduler.run(
      'evaluation',
      (between) =>
        session.measure({ kind: 'model', model }, id, split, {
          signal,
          between,
          onProgress: (done) => progress({ done: from + 0.05 * done }),
        }),
      { signal },
    );
  const validation = await measure('validation', 0.9);
  const test = await measure('test', 0.95);
  return {
    model: await summaryOf(model),
    validation,
    test,
    seconds: spent,
    fresh: made.fresh && (await summaryOf(made.fresh)),
    trained: made.trained && (await summaryOf(made.trained)),
    reports: made.reports,
    trace: made.trace,
  };
};

/** Makes members that go together (bagging, boosting, snapshots, specialists, out of fold, soups), measures and combines them. */

import { makingById } from '#core/ensembles/making/index';
import type { Given, Made, MakingContext } from '#core/ensembles/making/making';
import { givenOf, predictorOf } from '#core/ensembles/making/shared';
import { clampValues, type Words } from '#core/params';
import { PassError } from '#core/pass';
import type { Predictor } from '#core/predictor';
import { predictorId } from '#core/predictor-id';
import type { Dataset } from '#engine/datasets/dataset';
import { type CallContext, type Handler, throttled } from '#worker/call';
import { combined } from '#worker/calls/combine';
import { type Journal, openJournal } from '#worker/calls/journal';
import { remembering } from '#worker/calls/pass-context';
import { keptForAnother } from '#worker/faults';
import type { Calls, TrainProgress } from '#worker/protocol';
import type { MadeMember, MakeResult } from '#worker/protocol-ensembles';
import { type RefitOptions, refitPredictor, withRows } from '#worker/refit';
import { summaryOfPredictor } from '#worker/summary-predictor';

/** Share of the progress that making takes; measuring takes the rest. */
const MAKING = 0.9;

type Request = Calls['make']['request'];

/**
 * When the engine ends in the middle, or the page, whoever asks for the same again goes on with what is done; when it is
 * given up, that is forgotten.
 */
export const make: Handler<'make'> = async (request, context) => {
  const { name: _, ...asked } = request;
  const { session, signal } = context;
  const { making: keeper } = await session.vault;
  return keptForAnother(
    () => keeper.drop(),
    async () => {
      // First of all: where it cannot be had, what is kept stays as it is.
      const dataset = await session.dataset(request.dataset, { signal });
      return run(request, context, dataset, await openJournal(session, 'making', JSON.stringify(asked), true));
    },
  );
};

async function run(
  request: Request,
  context: CallContext<'make'>,
  dataset: Dataset,
  journal: Journal,
): Promise<MakeResult> {
  const begun = performance.now();
  const { session, signal, progress } = context;
  const { dataset: datasetId, name } = request;
  const making = makingById(request.making);
  const { least, most } = making.models;
  if (request.models.length < least || request.models.length > most) throw new PassError(countWords(least, most));
  const vault = await session.vault;
  const goesOn = journal.goesOn(making.words.title);
  if (goesOn) session.notice({ code: 'resumed', words: goesOn });
  const models: Given[] = [];
  for (const { id, name: called } of request.models) {
    const given = givenOf(await vault.predictor(id));
    if ('kind' in given && !making.models.anyKind) throw new PassError(noNetwork(called));
    models.push('kind' in given ? given : { ...given, name: called });
  }
  const made: Made = await session.scheduler.run(
    'training',
    async (between) =>
      making.make(
        models,
        clampValues(making.params, request.values),
        await contextFor(request, dataset, between, context, journal),
      ),
    { signal },
  );
  const given = new Set(request.models.map(({ id }) => id));
  const members = made.members.map((one, m) =>
    finished(one, memberName(request, made.names[m] as Words), dataset, given),
  );
  const names = members.map((one, m) => {
    const known = request.models.find(({ id }) => id === predictorId(one));
    return known?.name ?? memberName(request, made.names[m] as Words);
  });
  return session.scheduler.run(
    'evaluation',
    async (between): Promise<MakeResult> => {
      const report = throttled((done: number) => progress({ done }));
      const parts = members.length + 1;
      const told = (at: number) => (done: number) => report(MAKING + ((1 - MAKING) * (at + done)) / parts);
      const fresh: MadeMember[] = [];
      const seen = new Set<string>(given);
      for (const [m, one] of members.entries()) {
        const id = predictorId(one);
        if (seen.has(id)) continue;
        seen.add(id);
        const ways = { signal, between, onProgress: told(m) };
        const validation = await session.measure(one, datasetId, 'validation', ways);
        const test = await session.measure(one, datasetId, 'test', ways);
        const model = await summaryOfPredictor(one, names[m] as string);
        await vault.putPredictor(one);
        fresh.push({ model, validation, test, name: made.names[m] as Words });
      }
      const together = made.combined && {
        ...made.combined,
        state: made.combined.state,
        members,
        names,
        dataset: datasetId,
        name: `${name}, ${lowered(making.words.title.en)}`,
      };
      return {
        members: fresh,
        combined:
          together &&
          (await combined(session, together, {
            signal,
            between,
            fitted: request.fitted,
            onProgress: told(members.length),
          })),
        notes: made.report.notes,
        seconds: (performance.now() - begun) / 1000,
      };
    },
    { signal },
  );
}

async function contextFor(
  request: Request,
  dataset: Dataset,
  between: () => Promise<void>,
  { session, signal, progress }: CallContext<'make'>,
  journal: Journal,
): Promise<MakingContext> {
  const [vault, backend] = [await session.vault, await session.backend()];
  const report = throttled(progress);
  let done = 0;
  // A training run tells its share twice, as a point and with its speed; the one with the speed is passed on.
  const told: MakingContext['progress'] = (share, point) => {
    done = share;
    if (!point) report({ done: MAKING * share });
  };
  const onTrain = (train: TrainProgress): void => report({ done: MAKING * done, train });
  const { checkpointEvery } = session;
  const parts = {
    backend,
    dataset,
    seed: request.seed,
    signal,
    between,
    progress: told,
    onTrain,
    resolve: () => Promise.reject(new Error('making members asks for no other predictor')),
  };
  const origins = new Map(request.models.map(({ id, origin }) => [id, origin]));
  const together: RefitOptions['made'] = new Map();
  return {
    ...remembering(parts, journal, checkpointEvery),
    refit(given, rows, seed, progress) {
      const origin = origins.get(predictorId(predictorOf(given)));
      if (!origin) return null;
      // On all images it was made already.
      if (!rows) return Promise.resolve(given);
      const ways = { backend, vault, signal, between, onTrain, progress };
      const options = { ...ways, made: together, journal, checkpointEvery };
      return refitPredictor(origin, withRows(dataset, rows), seed, options).then(givenOf);
    },
  };
}

/** A new model says where it was trained and is called as on the page; one that was there before stays as it is. */
function finished(one: Predictor, name: string, dataset: Dataset, given: ReadonlySet<string>): Predictor {
  if (one.kind !== 'model' || given.has(predictorId(one))) return one;
  const { model } = one;
  const classes = model.meta.classes ?? dataset.classes.map(({ en }) => en);
  return { kind: 'model', model: { ...model, name, meta: { ...model.meta, dataset: dataset.id, classes } } };
}

/** "Small CNN, bagged 1"; what was made of one of several models after that. */
function memberName({ name, models }: Request, own: Words): string {
  return models.some((model) => model.name === own.en) ? `${own.en}, trained afresh` : `${name}, ${lowered(own.en)}`;
}

const lowered = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);

const noNetwork = (name: string): Words => ({
  en: `${name} is not one network: members are made from networks.`,
  zh: `${name} 不是单个网络：成员由网络制作。`,
});
const countWords = (least: number, most: number): Words =>
  least === most
    ? { en: `Choose ${least} model${least > 1 ? 's' : ''} to start from.`, zh: `请选择 ${least} 个起始模型。` }
    : { en: `Choose ${least} to ${most} models to start from.`, zh: `请选择 ${least} 到 ${most} 个起始模型。` };

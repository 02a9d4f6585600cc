/**
 * Trains a model as the Train tab asks, measures it, and keeps it in the vault. Pause, Step and Stop act on this run.
 * A checkpoint is kept every few seconds: when the device is lost the run goes on from it on another one, when the
 * worker dies in the next worker, and after a reload of the page where the person wants it.
 */
import type { Layer } from '#core/model/layers';
import type { Model } from '#core/model/model';
import type { Objective, TrainPoint } from '#core/objective';
import type { Words } from '#core/params';
import type { Backend } from '#engine/backend';
import type { Checkpoint } from '#engine/checkpoint';
import type { Dataset } from '#engine/datasets/dataset';
import { train as trainModel } from '#engine/train';
import { makeTrainControl } from '#engine/train-control';
import type { Handler } from '#worker/call';
import { failureOf, keptForAnother } from '#worker/faults';
import type { TrainSettings } from '#worker/protocol';
import type { Session } from '#worker/session';
import { summaryOf } from '#worker/summary';
import type { RunFacts } from '#worker/vault/run';

/** Lost devices that one run survives. */
const losses = 3;
/** Milliseconds after which it is worth saying that kernels are being compiled. */
const patience = 150;
/** Points of the run that are kept with its checkpoint. */
const keptPoints = 1000;

export const train: Handler<'train'> = async (
  { model: id, dataset: datasetId, settings, paused, resume = false },
  { session, signal, progress },
) => {
  const control = makeTrainControl(paused);
  session.training?.stop();
  session.training = control;
  const vault = await session.vault;
  const work = async () => {
    // First of all: where it cannot be had, what is kept stays as it is.
    const dataset = await session.dataset(datasetId);
    const kept = resume ? await vault.run.read() : null;
    const own = kept && sameRun(kept.facts, { model: id, dataset: datasetId, settings }) ? kept : null;
    if (!own) await vault.run.drop();
    const start = await vault.get(id);
    const objective = objectiveOf(start, settings);
    const isActive = (): boolean => control.state !== 'paused';
    let trace = own?.facts.trace ?? [];
    const begun = performance.now();
    let from = own?.checkpoint ?? null;
    const outcome = await session.scheduler.run(
      'training',
      (between) =>
        surviving(
          session,
          () => from,
          async (backend) =>
            trainModel(backend, objective, dataset, {
              signal,
              control,
              between,
              from,
              checkpointEvery: session.checkpointEvery,
              onCompiled(ready, of) {
                if (performance.now() - begun > patience) progress({ compiling: { ready, of } });
              },
              onProgress(told) {
                trace = withPoint(trace, told.point);
                progress(told);
              },
              onCheckpoint(checkpoint) {
                from = checkpoint;
                const seen = trace.filter(({ step }) => step <= checkpoint.step);
                vault.run.keep({ facts: { model: id, dataset: datasetId, settings, trace: seen }, checkpoint });
              },
            }),
        ),
      { signal, isActive },
    );
    const model = trainedModel(start, outcome.model, dataset);
    const summary = await summaryOf(model);
    await vault.put(model);
    const measure = (split: 'validation' | 'test') =>
      session.scheduler.run(
        'evaluation',
        (between) => session.measure({ kind: 'model', model }, datasetId, split, { signal, between }),
        { signal },
      );
    const validation = await measure('validation');
    const test = await measure('test');
    return { model: summary, validation, test, seconds: outcome.seconds, stopped: outcome.stopped };
  };
  try {
    return await keptForAnother(() => vault.run.drop(), work);
  } finally {
    if (session.training === control) session.training = null;
  }
};

/** Runs `work` on the backend in use; when that is lost, again on another one, which goes on from the last checkpoint. */
async function surviving<T>(
  session: Session,
  last: () => Checkpoint | null,
  work: (backend: Backend) => Promise<T>,
): Promise<T> {
  for (let loss = 0; ; loss++) {
    const generation = session.generation();
    const backend = await session.backend();
    try {
      return await work(backend);
    } catch (error) {
      const failure = failureOf(error);
      if (!failure || loss === losses) throw error;
      await session.replaceBackend(generation);
      session.notice({ code: 'resumed', where: failure.message, words: resumed(last()?.epoch ?? 0) });
    }
  }
}

function resumed(epoch: number): Words {
  const at = epoch.toFixed(1);
  return epoch > 0
    ? { en: `The device was lost; training goes on from epoch ${at}.`, zh: `设备已丢失；训练从第 ${at} 轮继续。` }
    : { en: 'The device was lost; training has started over.', zh: '设备已丢失；训练已重新开始。' };
}

function sameRun(a: Omit<RunFacts, 'trace'>, b: Omit<RunFacts, 'trace'>): boolean {
  const key = ({ model, dataset, settings }: Omit<RunFacts, 'trace'>): string =>
    JSON.stringify([model, dataset, Object.entries(settings).sort(([one], [other]) => (one < other ? -1 : 1))]);
  return key(a) === key(b);
}

/** The trace with a point more; points that a run which went on does again give way, and a long trace is thinned. */
function withPoint(trace: readonly TrainPoint[], point: TrainPoint): readonly TrainPoint[] {
  const grown = [
    ...((trace.at(-1)?.step ?? 0) < point.step ? trace : trace.filter(({ step }) => step < point.step)),
    point,
  ];
  return grown.length > keptPoints
    ? grown.filter((one, index) => index % 2 === 1 || one.validationLoss !== undefined)
    : grown;
}

/** What training with these settings minimises. */
export function objectiveOf(model: Model, settings: TrainSettings): Objective {
  const { dropout, labelSmoothing = 0, groupLasso = 0, shift = 0, ...rest } = settings;
  return {
    ...rest,
    model: withDropout(model, dropout),
    loss: [{ kind: 'crossEntropy', weight: 1, ...(labelSmoothing > 0 ? { labelSmoothing } : {}) }],
    ...(groupLasso > 0 ? { groupLasso } : {}),
    ...(shift > 0 ? { augment: { shift } } : {}),
  };
}

/** Another rate for every dropout layer during this run; the model keeps its own. */
function withDropout(model: Model, rate: number | null): Model {
  if (rate === null) return model;
  return { ...model, layers: model.layers.map((layer) => (layer.kind === 'dropout' ? { ...layer, rate } : layer)) };
}

/** The model with what training gave: its own dropout rates, and where it was trained. */
export function trainedModel(start: Model, trained: Model, dataset: Dataset): Model {
  const classes = start.meta.classes ?? dataset.classes.map(({ en }) => en);
  return {
    ...trained,
    layers: start.layers.map((layer) => withTensorsOf(layer, trained)),
    meta: { ...start.meta, dataset: dataset.id, classes },
  };
}

/** The trained layer, or the original one where training was only given another dropout rate. */
function withTensorsOf(original: Layer, trained: Model): Layer {
  if (original.kind === 'dropout') return original;
  return trained.layers.find(({ name }) => name === original.name) ?? original;
}

export const trainControl: Handler<'trainControl'> = async ({ action }, { session }) => {
  session.training?.[action]();
  session.scheduler.changed();
  return null;
};

/** Trains a model as the Train tab asks, measures it, and keeps it in the vault. Pause, Step and Stop act on this run. */
import type { Layer } from '#core/model/layers';
import type { Model } from '#core/model/model';
import { train as trainModel } from '#engine/train';
import { makeTrainControl } from '#engine/train-control';
import type { Handler } from '#worker/call';
import { summaryOf } from '#worker/summary';

export const train: Handler<'train'> = async (
  { model: id, dataset: datasetId, settings, paused },
  { session, signal, progress },
) => {
  const control = makeTrainControl(paused);
  session.training?.stop();
  session.training = control;
  try {
    const [dataset, vault] = [await session.dataset(datasetId), await session.vault];
    const start = await vault.get(id);
    const { dropout, ...rest } = settings;
    const objective = {
      ...rest,
      model: withDropout(start, dropout),
      loss: [{ kind: 'crossEntropy', weight: 1 } as const],
    };
    const isActive = (): boolean => control.state !== 'paused';
    const outcome = await session.scheduler.run(
      'training',
      async (between) =>
        trainModel(await session.backend(), objective, dataset, { signal, control, between, onProgress: progress }),
      { signal, isActive },
    );
    const classes = start.meta.classes ?? dataset.classes.map(({ en }) => en);
    const model: Model = {
      ...outcome.model,
      layers: start.layers.map((layer) => withTensorsOf(layer, outcome.model)),
      meta: { ...start.meta, dataset: datasetId, classes },
    };
    const summary = await summaryOf(model);
    await vault.put(model);
    const measure = (split: 'validation' | 'test') =>
      session.scheduler.run('evaluation', (between) => session.measure(model, datasetId, split, { signal, between }), {
        signal,
      });
    const validation = await measure('validation');
    const test = await measure('test');
    return { model: summary, validation, test, seconds: outcome.seconds, stopped: outcome.stopped };
  } finally {
    if (session.training === control) session.training = null;
  }
};

/** Another rate for every dropout layer during this run; the model keeps its own. */
function withDropout(model: Model, rate: number | null): Model {
  if (rate === null) return model;
  return { ...model, layers: model.layers.map((layer) => (layer.kind === 'dropout' ? { ...layer, rate } : layer)) };
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

import { type Handler, throttled } from '#worker/call';

/** Accuracy of a model on validation or test. */
export const evaluate: Handler<'evaluate'> = async ({ model: id, dataset, split }, { session, signal, progress }) => {
  const model = await (await session.vault).get(id);
  await session.dataset(dataset);
  const report = throttled((done: number) => progress({ done }));
  return session.scheduler.run(
    'evaluation',
    (between) => session.measure(model, dataset, split, { signal, between, onProgress: report }),
    { signal },
  );
};

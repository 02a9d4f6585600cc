import { type Handler, throttled } from '#worker/call';

/** Accuracy of a predictor on validation or test. */
export const evaluate: Handler<'evaluate'> = async ({ model: id, dataset, split }, { session, signal, progress }) => {
  const predictor = await (await session.vault).predictor(id);
  await session.dataset(dataset);
  const report = throttled((done: number) => progress({ done }));
  return session.scheduler.run(
    'evaluation',
    (between) => session.measure(predictor, dataset, split, { signal, between, onProgress: report }),
    { signal },
  );
};

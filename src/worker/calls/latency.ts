import { measureLatency } from '#engine/latency';
import type { Handler } from '#worker/call';

const attempts = 5;

/** Time of one image, with the engine idle: a measurement during which other work came in is thrown away and repeated. */
export const latency: Handler<'latency'> = async ({ model: id }, { session, signal }) => {
  const predictor = await (await session.vault).predictor(id);
  const backend = await session.backend();
  for (let attempt = 1; ; attempt++) {
    const result = await session.scheduler.run(
      'timing',
      async () => {
        const before = session.scheduler.arrivals();
        const measured = await measureLatency(backend, predictor, signal);
        return session.scheduler.arrivals() === before || attempt === attempts ? measured : null;
      },
      { signal },
    );
    if (result) return result;
  }
};

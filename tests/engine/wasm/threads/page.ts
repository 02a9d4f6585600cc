/** A page whose worker stands where the engine's does; passes questions on to it. Driven by tests/e2e/threads.spec.ts. */
import type { Answers } from './worker';

/** Asks a new worker, so that what one question broke does not meet the next. */
function ask<Name extends keyof Answers>(name: Name, ...values: Parameters<Answers[Name]>): Promise<unknown> {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  const answer = new Promise((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<{ answer?: unknown; fault?: string }>) =>
      data.fault === undefined ? resolve(data.answer) : reject(new Error(data.fault));
    worker.onerror = (event) => reject(new Error(event.message));
  });
  worker.postMessage({ name, values });
  return answer.finally(() => worker.terminate());
}
Object.assign(globalThis, { ask });

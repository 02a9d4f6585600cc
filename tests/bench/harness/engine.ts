/** The page of the engine: it only passes questions on to the worker, where the studio's engine lives too. */
import type { Questions } from './worker';

const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
const waiting = new Map<number, { resolve: (answer: unknown) => void; reject: (error: Error) => void }>();
let asked = 0;
worker.onmessage = ({ data }: MessageEvent<{ id: number; answer?: unknown; fault?: string }>) => {
  const one = waiting.get(data.id);
  waiting.delete(data.id);
  if (data.fault === undefined) one?.resolve(data.answer);
  else one?.reject(new Error(data.fault));
};
worker.onerror = (event) => {
  for (const { reject } of waiting.values()) reject(new Error(event.message));
};

/** Asks the worker; `name` is one of its questions. */
export type Ask = <Name extends keyof Questions>(
  name: Name,
  ...values: Parameters<Questions[Name]>
) => Promise<Awaited<ReturnType<Questions[Name]>>>;

const ask = (name: string, ...values: unknown[]): Promise<unknown> =>
  new Promise((resolve, reject) => {
    waiting.set(++asked, { resolve, reject });
    worker.postMessage({ id: asked, name, values });
  });
Object.assign(globalThis, { ask });

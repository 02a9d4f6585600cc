/**
 * From messages to calls and back: finds the handler, gives it a signal and a way to tell progress, and turns what it
 * throws into a Fault. Knows no Worker, so tests call it directly.
 */
import type { Handler } from '#worker/call';
import { held, takeOver } from '#worker/calls/held';
import { interrupted, interruptedRecipe } from '#worker/calls/interrupted';
import { loadDataset } from '#worker/calls/load-dataset';
import { start } from '#worker/calls/start';
import { failureOf, faultOf } from '#worker/faults';
import type { CallName, FromWorker, ToWorker } from '#worker/protocol';
import type { Session } from '#worker/session';

/**
 * A handler that is fetched when it is first asked for: the methods, the formats and what only they use need not be there
 * for the engine to start.
 */
function later<N extends CallName>(fetch: () => Promise<Handler<N>>): Handler<N> {
  return async (request, context) => (await fetch())(request, context);
}

const handlers: { readonly [N in CallName]: Handler<N> } = {
  start,
  loadDataset,
  create: later(async () => (await import('#worker/calls/create')).create),
  open: later(async () => (await import('#worker/calls/open')).open),
  train: later(async () => (await import('#worker/calls/train')).train),
  trainControl: later(async () => (await import('#worker/calls/train')).trainControl),
  interrupted,
  interruptedRecipe,
  evaluate: later(async () => (await import('#worker/calls/evaluate')).evaluate),
  preview: later(async () => (await import('#worker/calls/preview')).preview),
  sweep: later(async () => (await import('#worker/calls/sweep')).sweep),
  apply: later(async () => (await import('#worker/calls/apply')).apply),
  sensitivity: later(async () => (await import('#worker/calls/sensitivity')).sensitivity),
  whichHurts: later(async () => (await import('#worker/calls/sensitivity')).whichHurts),
  inspect: later(async () => (await import('#worker/calls/inspect')).inspect),
  examine: later(async () => (await import('#worker/calls/examine')).examine),
  cellImages: later(async () => (await import('#worker/calls/examine')).cellImages),
  compareTwo: later(async () => (await import('#worker/calls/compare-two')).compareTwo),
  search: later(async () => (await import('#worker/calls/search')).search),
  searchControl: later(async () => (await import('#worker/calls/search')).searchControl),
  searchTake: later(async () => (await import('#worker/calls/search')).searchTake),
  chooseMembers: later(async () => (await import('#worker/calls/choose-members')).chooseMembers),
  latency: later(async () => (await import('#worker/calls/latency')).latency),
  export: later(async () => (await import('#worker/calls/export')).exportModel),
  held,
  takeOver,
  combine: later(async () => (await import('#worker/calls/combine')).combine),
  combinePreview: later(async () => (await import('#worker/calls/combine')).combinePreview),
  make: later(async () => (await import('#worker/calls/make')).make),
  trees: later(async () => (await import('#worker/calls/trees')).trees),
  imagesAt: later(async () => (await import('#worker/calls/images-at')).imagesAt),
};

/** Fetches ahead what the first slider, the first training run and the first file ask for. */
export function fetchAhead(): void {
  void Promise.all([
    import('#worker/calls/create'),
    import('#worker/calls/train'),
    import('#worker/calls/preview'),
    import('#worker/calls/inspect'),
    import('#worker/calls/apply'),
  ]).catch(() => undefined);
}

export type Post = (message: FromWorker, transfer?: Transferable[]) => void;

export function makeDispatcher(
  session: Session,
  post: Post,
): (message: Exclude<ToWorker, { type: 'base' | 'visible' }>) => void {
  const running = new Map<number, AbortController>();

  async function run(id: number, name: CallName, request: unknown): Promise<void> {
    const stop = new AbortController();
    running.set(id, stop);
    const generation = session.generation();
    try {
      const progress = (value: unknown): void => {
        if (!stop.signal.aborted) post({ type: 'progress', id, progress: value });
      };
      const handler = handlers[name] as (request: unknown, context: unknown) => Promise<unknown>;
      const response = await handler(request, { session, signal: stop.signal, progress });
      post({ type: 'result', id, response }, bytesOf(response));
    } catch (error) {
      const fault = faultOf(error);
      if (fault.code === 'unexpected') console.error(error);
      post({ type: 'fault', id, fault });
      const failure = failureOf(error);
      if (failure) await replaceBackend(failure, generation);
    } finally {
      running.delete(id);
    }
  }

  /** A backend that failed in the middle of work is not trusted again: the others are measured anew. */
  async function replaceBackend(error: unknown, generation: number): Promise<void> {
    const { hint: _, ...fault } = faultOf(error);
    session.notice(fault);
    await session.replaceBackend(generation).catch((failure: unknown) => session.notice(faultOf(failure)));
  }

  return (message) => {
    switch (message.type) {
      case 'call':
        void run(message.id, message.name, message.request);
        return;
      case 'abort':
        running.get(message.id)?.abort(new DOMException('aborted', 'AbortError'));
        return;
      case 'ping':
        post({ type: 'pong', id: message.id });
        return;
      default:
        throw message satisfies never;
    }
  };
}

/** Finished files change hands instead of being copied. */
function bytesOf(response: unknown): Transferable[] {
  const { bytes } = (response ?? {}) as { readonly bytes?: unknown };
  return bytes instanceof Uint8Array ? [bytes.buffer as ArrayBuffer] : [];
}

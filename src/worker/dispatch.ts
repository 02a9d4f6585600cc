/**
 * From messages to calls and back: finds the handler, gives it a signal and a way to tell progress, and turns what it
 * throws into a Fault. Knows no Worker, so tests call it directly.
 */
import type { BackendError } from '#engine/backend';
import type { Handler } from '#worker/call';
import { apply } from '#worker/calls/apply';
import { create } from '#worker/calls/create';
import { evaluate } from '#worker/calls/evaluate';
import { exportModel } from '#worker/calls/export';
import { held } from '#worker/calls/held';
import { interrupted } from '#worker/calls/interrupted';
import { latency } from '#worker/calls/latency';
import { loadDataset } from '#worker/calls/load-dataset';
import { open } from '#worker/calls/open';
import { preview } from '#worker/calls/preview';
import { start } from '#worker/calls/start';
import { sweep } from '#worker/calls/sweep';
import { train, trainControl } from '#worker/calls/train';
import { faultOf, hasFailed } from '#worker/faults';
import type { CallName, FromWorker, ToWorker } from '#worker/protocol';
import type { Session } from '#worker/session';

const handlers: { readonly [N in CallName]: Handler<N> } = {
  start,
  loadDataset,
  create,
  open,
  train,
  trainControl,
  interrupted,
  evaluate,
  preview,
  sweep,
  apply,
  latency,
  export: exportModel,
  held,
};

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
      if (hasFailed(error)) await replaceBackend(error, generation);
    } finally {
      running.delete(id);
    }
  }

  /** A backend that failed in the middle of work is not trusted again: the others are measured anew. */
  async function replaceBackend(error: BackendError, generation: number): Promise<void> {
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

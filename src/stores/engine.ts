/**
 * The one client through which all stores reach the engine, and how its failures become words. `connect` gives it once
 * at start (or a stand-in, in tests); nothing else in the stores knows that a worker exists.
 */
import type { Words } from '#core/params';
import type { CallOptions, Client } from '#worker/client';
import { FaultError } from '#worker/client';
import type { CallName, Calls, Fault } from '#worker/protocol';

let client: Client | null = null;

export function connect(connected: Client | null): void {
  client = connected;
}
export function isConnected(): boolean {
  return client !== null;
}

/** Told of what every call says on its way, and of its answer. */
type Listener = <N extends CallName>(
  name: N,
  request: Calls[N]['request'],
  said: { readonly progress: Calls[N]['progress'] } | { readonly response: Calls[N]['response'] },
) => void;
const listeners = new Set<Listener>();
/** Returns what ends it. */
export function listen(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** One call to the engine. Rejects with FaultError or an AbortError. */
export async function call<N extends CallName>(
  name: N,
  request: Calls[N]['request'],
  options: CallOptions<N> = {},
): Promise<Calls[N]['response']> {
  if (!client) throw new Error('the engine was not started');
  const tell = (said: Parameters<Listener>[2]): void => {
    for (const listener of listeners) listener(name, request, said);
  };
  const response = await client.call(name, request, {
    ...options,
    onProgress(progress) {
      tell({ progress });
      options.onProgress?.(progress);
    },
  });
  tell({ response });
  return response;
}

export function isAbort(error: unknown): boolean {
  return error instanceof Error
    ? error.name === 'AbortError'
    : error instanceof DOMException && error.name === 'AbortError';
}

/** Whether the engine died or its device failed in the middle of a call: the same call may succeed on what replaced it. */
export function isLost(error: unknown): boolean {
  return error instanceof FaultError && lostCodes.has(error.fault.code);
}
const lostCodes: ReadonlySet<string> = new Set(['worker-died', 'backend-lost', 'backend-shader']);

/** Whether what the engine keeps of a piece of work is still there after this: not the work failed, but what it needs. */
export function mayGoOn(error: unknown): boolean {
  return error instanceof FaultError && error.fault.mayGoOn === true;
}
/** Whether a data set could not be had. */
export function isWithoutData(error: unknown): boolean {
  return error instanceof FaultError && error.fault.code.startsWith('dataset-');
}

/** The fault to be shown for whatever was thrown. */
export function faultOf(error: unknown): Fault {
  if (error instanceof FaultError) return error.fault;
  if (isReadError(error))
    return { code: error.code, file: error.file, where: error.where, words: error.cause_, hint: error.hint };
  const detail = error instanceof Error ? error.message : String(error);
  return {
    code: 'unexpected',
    where: detail,
    words: { en: `Something unexpected happened: ${detail}`, zh: `发生意外错误：${detail}` },
  };
}

/** What formats throw about a file; known by its shape, because their contract is not the stores' to import. */
function isReadError(
  error: unknown,
): error is Error & { code: string; file: string; where: string; cause_: Words; hint: Words } {
  return error instanceof Error && error.name === 'ReadError' && 'cause_' in error;
}

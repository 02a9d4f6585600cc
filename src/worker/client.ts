/**
 * The page's side of the border. A call goes to the engine's worker and comes back as a promise with progress, abort and
 * a deadline. When the worker dies every pending call is rejected and the next call starts a new worker: models are in the
 * vault, so work goes on. Files are opened in a disposable worker of their own.
 *
 * A worker that dies without an error event (killed by the browser, closed by itself) is noticed at once: for as long as it
 * lives it holds a lock that the page waits for. A long computation changes nothing in that. Where there are no locks,
 * and for a worker that hangs, pings go unanswered.
 */
import type { Words } from '#core/params';
import { startLater } from '#worker/client-later';
import type { CallName, Calls, Fault, FromWorker, ToWorker } from '#worker/protocol';

/** What crosses the border when a call fails. `fault.words` are for people. */
export class FaultError extends Error {
  readonly fault: Fault;
  constructor(fault: Fault) {
    super(fault.words.en);
    this.name = 'FaultError';
    this.fault = fault;
  }
}

/** The part of Worker that is used, so that tests can stand in for one. */
export interface Wire {
  postMessage(message: unknown, transfer: Transferable[]): void;
  onmessage: ((event: MessageEvent) => unknown) | null;
  onerror: ((event: ErrorEvent) => unknown) | null;
  onmessageerror: ((event: MessageEvent) => unknown) | null;
  terminate(): void;
}

export interface CallOptions<N extends CallName> {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Calls[N]['progress']) => void) | undefined;
  readonly transfer?: readonly Transferable[];
  /** Milliseconds after which the call is aborted and rejected with code 'deadline'. None by default. */
  readonly deadline?: number;
}

export interface Client {
  /** Rejects with FaultError, or with an AbortError DOMException when `signal` was aborted. */
  call<N extends CallName>(
    name: N,
    request: Calls[N]['request'],
    options?: CallOptions<N>,
  ): Promise<Calls[N]['response']>;
  /** Ends the workers; pending calls are rejected. */
  dispose(): void;
}

export interface ClientSettings {
  readonly spawnEngine: () => Wire;
  readonly spawnReader: () => Wire;
  /** The page's address: data sets are fetched relative to it. */
  readonly base: string;
  /** Calls `ended` when whoever holds this lock is gone; returns what ends the waiting. Absent where there are no locks. */
  readonly awaitLock?: (name: string, ended: () => void) => () => void;
  /** Calls `tell` whenever the page becomes hidden or visible, and at once if it is hidden; returns what ends that. */
  readonly watchVisible?: (tell: (visible: boolean) => void) => () => void;
  /** Something the person should know (the backend failed, storage failed, the worker was replaced). */
  readonly onNotice?: (fault: Fault) => void;
  /** Called when another backend was taken up without being asked for: after a failed backend or a dead worker. */
  readonly onBackend?: (taken: Pick<Calls['start']['response'], 'backends' | 'chosen'>) => void;
  /** Milliseconds between pings while calls are pending, and of unanswered pings after which the worker is given up. */
  readonly heartbeat?: number;
  readonly silence?: number;
  /** Milliseconds that reading an opened file may take. */
  readonly readDeadline?: number;
}

const restarted: Words = {
  en: 'The engine stopped unexpectedly and was started again. Your models are kept.',
  zh: '引擎意外停止，已重新启动。您的模型都已保留。',
};
const died: Words = {
  en: 'The engine stopped unexpectedly while doing this. It was started again; please repeat this step.',
  zh: '引擎在执行此操作时意外停止，现已重新启动；请重复此步骤。',
};
const missing: Words = {
  en: 'The engine could not be started: its program could not be loaded, or it stopped at once. Reload the page.',
  zh: '引擎无法启动：程序加载失败或立即停止。请重新加载页面。',
};
const late: Words = { en: 'This took too long and was stopped.', zh: '耗时过长，已停止。' };
const readLate: Words = {
  en: 'Reading the file took longer than 30 seconds and was stopped. Nothing was changed.',
  zh: '读取文件超过 30 秒，已停止。没有做任何更改。',
};
const readDied: Words = {
  en: 'Reading the file used more memory than there is, or crashed. Nothing was changed.',
  zh: '读取文件时内存不足或发生崩溃。没有做任何更改。',
};

interface Pending {
  readonly resolve: (response: never) => void;
  readonly reject: (reason: unknown) => void;
  readonly onProgress: ((progress: never) => void) | undefined;
}

function abortError(signal?: AbortSignal): unknown {
  return signal?.reason ?? new DOMException('aborted', 'AbortError');
}

export function makeClient(settings: ClientSettings): Client {
  const { heartbeat = 5_000, silence = 60_000, readDeadline = 30_000 } = settings;
  const pending = new Map<number, Pending>();
  let nextId = 1;
  let wire: Wire | null = null;
  let lastStart: Calls['start']['request'] | null = null;
  /** Pings since the worker last said anything. Counted, not timed: timers sleep in hidden tabs and closed laptops. */
  let unanswered = 0;
  /** Whether this worker has ever done what it was asked: one that has not is not started again by itself. */
  let proven = false;
  let beating: ReturnType<typeof setInterval> | null = null;
  let visible = true;
  let endAwait: (() => void) | null = null;
  const unwatch = settings.watchVisible?.((now) => {
    visible = now;
    wire?.postMessage({ type: 'visible', visible } satisfies ToWorker, []);
  });

  function post(message: ToWorker, transfer: readonly Transferable[] = []): void {
    const to = wire ?? spawn();
    to.postMessage(message, [...transfer]);
  }

  function spawn(): Wire {
    const spawned = settings.spawnEngine();
    wire = spawned;
    const lock = settings.awaitLock && `whittle-engine-${crypto.randomUUID()}`;
    spawned.onmessage = (event) => {
      const message = event.data as FromWorker;
      if (message.type !== 'alive') return receive(message);
      // Only now: whoever asks first holds it.
      if (lock && wire === spawned)
        endAwait = settings.awaitLock?.(lock, () => wire === spawned && fail('it ended')) ?? null;
    };
    spawned.onerror = (event) => fail(event.message);
    spawned.onmessageerror = () => fail('a message could not be read');
    spawned.postMessage({ type: 'base', href: settings.base, ...(lock ? { lock } : {}) } satisfies ToWorker, []);
    if (!visible) spawned.postMessage({ type: 'visible', visible } satisfies ToWorker, []);
    unanswered = 0;
    return spawned;
  }

  /** Ends the worker and whatever waits for its end. */
  function end(): void {
    endAwait?.();
    endAwait = null;
    wire?.terminate();
    wire = null;
  }

  function receive(message: Exclude<FromWorker, { type: 'alive' }>): void {
    unanswered = 0;
    if (message.type === 'notice') {
      settings.onNotice?.(message.fault);
      return;
    }
    if (message.type === 'backend') {
      settings.onBackend?.(message);
      return;
    }
    const waiting = pending.get(message.id);
    if (!waiting) return;
    switch (message.type) {
      case 'progress':
        waiting.onProgress?.(message.progress as never);
        return;
      case 'result':
        proven = true;
        waiting.resolve(message.response as never);
        break;
      case 'fault':
        waiting.reject(message.fault.code === 'aborted' ? abortError() : new FaultError(message.fault));
        break;
      case 'pong':
        break;
      default:
        throw message satisfies never;
    }
    pending.delete(message.id);
    rest();
  }

  /** The worker is dead: every pending call is told, and a new worker takes up the last choice of backend at once. */
  function fail(detail: string): void {
    if (!wire) return;
    end();
    const fault: Fault = proven
      ? { code: 'worker-died', where: detail, words: died, mayGoOn: true }
      : { code: 'worker-missing', where: detail, words: missing };
    const lost = [...pending.values()];
    pending.clear();
    rest();
    for (const { reject } of lost) reject(new FaultError(fault));
    settings.onNotice?.(proven ? { ...fault, words: restarted } : fault);
    const again = proven;
    proven = false;
    if (again && lastStart) call('start', lastStart).then(settings.onBackend, () => undefined);
  }

  function beat(): void {
    beating ??= setInterval(() => {
      if (unanswered * heartbeat >= silence) return fail(`no sign of life for ${Math.round(silence / 1000)} s`);
      unanswered++;
      post({ type: 'ping', id: 0 });
    }, heartbeat);
  }
  function rest(): void {
    if (pending.size > 0 || beating === null) return;
    clearInterval(beating);
    beating = null;
  }

  function call<N extends CallName>(
    name: N,
    request: Calls[N]['request'],
    options: CallOptions<N> = {},
  ): Promise<Calls[N]['response']> {
    if (options.signal?.aborted) return Promise.reject(abortError(options.signal));
    if (name === 'start') lastStart = request as Calls['start']['request'];
    if (name === 'open')
      return open(request as Calls['open']['request'], options as CallOptions<'open'>) as Promise<Calls[N]['response']>;
    return send(name, request, options);
  }

  function send<N extends CallName>(name: N, request: unknown, options: CallOptions<N>): Promise<Calls[N]['response']> {
    const id = nextId++;
    const { signal, onProgress, transfer, deadline } = options;
    return new Promise<Calls[N]['response']>((resolve, reject) => {
      const giveUp = (reason: unknown): void => {
        if (!pending.delete(id)) return;
        post({ type: 'abort', id });
        rest();
        forget();
        reject(reason);
      };
      const onAbort = (): void => giveUp(abortError(signal));
      const timer =
        deadline === undefined
          ? undefined
          : setTimeout(() => giveUp(new FaultError({ code: 'deadline', words: late })), deadline);
      const forget = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
      };
      signal?.addEventListener('abort', onAbort);
      if (pending.size === 0) unanswered = 0;
      pending.set(id, {
        resolve(response) {
          forget();
          resolve(response);
        },
        reject(reason) {
          forget();
          reject(reason);
        },
        onProgress: onProgress as Pending['onProgress'],
      });
      try {
        post({ type: 'call', id, name, request }, transfer);
        beat();
      } catch (error) {
        pending.delete(id);
        forget();
        reject(error);
      }
    });
  }

  /** The reader hands the model to the engine through a channel of their own, so that weights never pass the page. */
  function open(request: Calls['open']['request'], options: CallOptions<'open'>): Promise<Calls['open']['response']> {
    const stop = new AbortController();
    const { port1, port2 } = new MessageChannel();
    const reader = settings.spawnReader();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
    const read = new Promise<void>((resolve, reject) => {
      const refuse = (words: Words, code: string): void =>
        reject(new FaultError({ code, file: request.files[0]?.name ?? '', words }));
      timer = setTimeout(() => refuse(readLate, 'read-deadline'), readDeadline);
      signal.addEventListener('abort', () => reject(abortError(options.signal)));
      reader.onerror = () => refuse(readDied, 'read-died');
      reader.onmessageerror = () => refuse(readDied, 'read-died');
      reader.onmessage = (event) => {
        const answer = event.data as { readonly type: 'read' } | { readonly type: 'fault'; readonly fault: Fault };
        if (answer.type === 'read') resolve();
        else reject(new FaultError(answer.fault));
      };
    });
    reader.postMessage({ files: request.files, port: port1 }, [
      port1,
      ...request.files.map((file) => file.bytes.buffer as ArrayBuffer),
    ]);
    const made = send('open', { port: port2 }, { ...options, signal, transfer: [port2] });
    made.catch(() => undefined);
    return read
      .then(() => made)
      .finally(() => {
        clearTimeout(timer);
        reader.terminate();
        stop.abort();
      });
  }

  return {
    call,
    dispose() {
      const lost = [...pending.values()];
      pending.clear();
      rest();
      unwatch?.();
      end();
      for (const { reject } of lost) reject(abortError());
    },
  };
}

/** Waits for a lock until `ended` is called or the waiting is ended. */
function awaitLock(name: string, ended: () => void): () => void {
  const stop = new AbortController();
  navigator.locks.request(name, { signal: stop.signal }, () => ended()).catch(() => undefined);
  return () => stop.abort();
}

/** The client over real workers, as the page uses it. The engine's starts after `after`; calls may be made before. */
export function startClient({
  after = Promise.resolve(),
  ...settings
}: Pick<ClientSettings, 'base' | 'watchVisible' | 'onNotice' | 'onBackend'> & {
  readonly after?: Promise<unknown> | undefined;
}): Client {
  const startEngine = (): Wire => new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  return makeClient({
    ...settings,
    // Pages without a secure address have none.
    ...(globalThis.navigator?.locks ? { awaitLock } : {}),
    spawnEngine: () => startLater(startEngine, after),
    spawnReader: () => new Worker(new URL('./reader.ts', import.meta.url), { type: 'module' }),
  });
}

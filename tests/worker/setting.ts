/** The engine's worker without a worker: the real dispatcher over a real backend, Digits from public/, and memory as disk. */
import { readFile } from 'node:fs/promises';
import type { Row } from '#core/architecture';
import { ADAM } from '#core/objective';
import type { Backend } from '#engine/backend';
import { makeCpuBackend } from '#engine/backends/cpu';
import { makeDispatcher } from '#worker/dispatch';
import type { CallName, Calls, Fault, FromWorker, TrainSettings } from '#worker/protocol';
import { makeSession, type Session } from '#worker/session';
import { type Files, memoryFiles } from '#worker/vault/files';
import { openVault } from '#worker/vault/vault';

export interface Setting {
  readonly session: Session;
  readonly notices: Fault[];
  /** Backends taken up instead of failed ones. */
  readonly taken: string[];
  /** Rejects with the Fault itself. */
  call<N extends CallName>(
    name: N,
    request: Calls[N]['request'],
    options?: { signal?: AbortSignal; onProgress?: (progress: Calls[N]['progress']) => void },
  ): Promise<Calls[N]['response']>;
}

export const served: typeof fetch = async (address) => {
  const bytes = await readFile(`public/${new URL(String(address)).pathname.slice(1)}`).catch(() => null);
  return bytes ? new Response(new Uint8Array(bytes)) : new Response('', { status: 404 });
};

export interface SettingOptions {
  readonly files?: Files;
  readonly checkpointEvery?: number;
  /** Makes the backend each time one is taken up. */
  readonly makeBackend?: () => Promise<Backend>;
  readonly fetch?: typeof fetch;
}

export function makeSetting({
  files = memoryFiles(),
  checkpointEvery,
  makeBackend = makeCpuBackend,
  fetch = served,
}: SettingOptions = {}): Setting {
  const notices: Fault[] = [];
  const taken: string[] = [];
  const session = makeSession({
    base: () => 'https://studio.test/',
    vault: openVault(files, {
      cacheBytes: 1e9,
      onFailure: (error) => notices.push({ code: 'not-saved', words: { en: String(error), zh: '' } }),
    }),
    notice: (fault) => notices.push(fault),
    fetch,
    onBackend: ({ backend }) => taken.push(backend.id),
    ...(checkpointEvery === undefined ? {} : { checkpointEvery }),
    startBackends: async (_asked, onReport) => {
      const report = { name: 'cpu', description: 'JavaScript', software: false, available: true } as const;
      onReport?.(report);
      return { reports: [report], backend: await makeBackend() };
    },
  });
  const waiting = new Map<number, (message: FromWorker) => void>();
  const dispatch = makeDispatcher(session, (message) => {
    // What crosses the border must be cloneable.
    if ('id' in message) waiting.get(message.id)?.(structuredClone(message));
  });
  let lastId = 0;
  return {
    session,
    notices,
    taken,
    call(name, request, { signal, onProgress } = {}) {
      const id = ++lastId;
      return new Promise((resolve, reject) => {
        waiting.set(id, (message) => {
          if (message.type === 'progress') onProgress?.(message.progress as never);
          if (message.type === 'result') resolve(message.response as never);
          if (message.type === 'fault') reject(message.fault);
        });
        signal?.addEventListener('abort', () => dispatch({ type: 'abort', id }));
        dispatch({ type: 'call', id, name, request });
      });
    },
  };
}

/** Enough for a small network to learn something of Digits. */
export const SETTINGS: TrainSettings = {
  optimizer: ADAM,
  learningRate: 0.01,
  schedule: { kind: 'constant' },
  batchSize: 32,
  epochs: 3,
  seed: 3,
  l1: 0,
  l2: 0,
  dropout: null,
};

/** Trains a small network of these rows and two dense layers on Digits, for three epochs. */
export async function trainTiny({ call }: Setting, rows: readonly Row[] = []): Promise<Calls['train']['response']> {
  const made = await call('create', {
    architecture: {
      name: 'Tiny',
      input: [8, 8, 1],
      classes: 10,
      rows: [
        ...rows,
        { kind: 'flatten' },
        { kind: 'dense', units: 16, activation: 'relu', bias: true },
        { kind: 'dense', units: 10, activation: 'linear', bias: true },
      ],
    },
    seed: 1,
  });
  return call('train', { model: made.id, dataset: 'digits', settings: SETTINGS, paused: false });
}

/** All stores, fresh, over an engine whose answers the test gives by hand. */
import { vi } from 'vitest';
import type { ModelNode } from '#stores/state';
import type { Client } from '#worker/client';
import type { Accuracy, CallName, Calls, ModelSummary } from '#worker/protocol';

export interface Asked<N extends CallName = CallName> {
  readonly name: N;
  readonly request: Calls[N]['request'];
  readonly signal: AbortSignal | undefined;
  readonly progress: (progress: Calls[N]['progress']) => void;
  readonly resolve: (response: Calls[N]['response']) => void;
  readonly reject: (error: unknown) => void;
}

export async function freshStores() {
  vi.resetModules();
  const asked: Asked[] = [];
  const client: Client = {
    call: (name, request, options = {}) =>
      new Promise((resolve, reject) => {
        const { signal, onProgress } = options;
        signal?.addEventListener('abort', () => reject(signal.reason));
        asked.push({ name, request, signal, progress: onProgress ?? (() => undefined), resolve, reject } as Asked);
      }),
    dispose: () => undefined,
  };
  const engine = await import('#stores/engine');
  engine.connect(client);
  const stores = {
    ...(await import('#stores/view')),
    ...(await import('#stores/project')),
    ...(await import('#stores/restore')),
    ...(await import('#stores/datasets')),
    ...(await import('#stores/build')),
    ...(await import('#stores/training')),
    ...(await import('#stores/optimize')),
    ...(await import('#stores/recipes')),
    ...(await import('#stores/interrupted-applying')),
    ...(await import('#stores/sensitivity')),
    ...(await import('#stores/combine')),
    ...(await import('#stores/combine-run')),
    ...(await import('#stores/growing')),
    ...(await import('#stores/making')),
    ...(await import('#stores/transfer')),
    ...(await import('#stores/device')),
    ...(await import('#stores/background')),
    faultOf: engine.faultOf,
    FaultError: (await import('#worker/client')).FaultError,
  };
  return {
    ...stores,
    /** Calls not yet answered, oldest first. */
    asked,
    /** Takes the oldest unanswered call of this name, waiting for it. */
    async next<N extends CallName>(name: N): Promise<Asked<N>> {
      const at = await vi.waitFor(() => {
        const found = asked.findIndex((one) => one.name === name);
        if (found < 0)
          throw new Error(`no call "${name}" waits; there are: ${asked.map((one) => one.name).join(', ')}`);
        return found;
      });
      return asked.splice(at, 1)[0] as unknown as Asked<N>;
    },
  };
}
export type Stores = Awaited<ReturnType<typeof freshStores>>;

/** Lets promises that are ready settle. */
export const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

export const accuracy = (value: number): Accuracy => ({
  value,
  low: value - 0.01,
  high: value + 0.01,
  images: 300,
  loss: 0.1,
});

export function summary(id: string, some: Partial<ModelSummary> = {}): ModelSummary {
  return {
    id,
    kind: 'model',
    name: 'Small CNN',
    meta: { source: 'template' },
    inputShape: [8, 8, 1],
    classes: 10,
    parameters: 1000,
    nonZero: 1000,
    distinct: 900,
    macs: 5000,
    bytes: 4500,
    layers: [],
    ...some,
  };
}

/** A model of Digits that was opened from a file and measured; its model is `m-ID`. */
export const openedNode = (id: string, some: Partial<ModelNode> = {}): ModelNode => ({
  id,
  name: id,
  model: `m-${id}`,
  summary: summary(`m-${id}`),
  parent: null,
  dataset: 'digits',
  origin: { kind: 'opened', file: 'x', format: 'keras-h5' },
  validation: accuracy(0.9),
  test: accuracy(0.9),
  latency: null,
  notes: [],
  made: 1,
  ...some,
});

/** Digits as loaded. */
export const digits: Calls['loadDataset']['response'] = {
  id: 'digits',
  shape: [8, 8, 1],
  classes: [],
  samples: [],
  sizes: { train: 1197, validation: 300, test: 300 },
  counts: { train: [], validation: [], test: [] },
};

/**
 * What the engine's worker holds between calls: the backend in use, the data sets that were loaded, the vault, the
 * scheduler, and bounded caches. Everything here can be lost with the worker: models are in the vault.
 */

import { accuracyOf } from '#core/metrics/classification';
import type { Model } from '#core/model/model';
import type { Words } from '#core/params';
import type { Predictor, Split } from '#core/predictor';
import type { Backend } from '#engine/backend';
import { breathe } from '#engine/breathe';
import { startBackends } from '#engine/choose';
import type { Dataset } from '#engine/datasets/dataset';
import { LOADERS } from '#engine/datasets/index';
import { judge } from '#engine/evaluate';
import { knownEvaluation, rememberEvaluation } from '#engine/evaluations';
import type { TrainControl } from '#engine/train-control';
import { answersOnce } from '#worker/answers';
import type { Gathered } from '#worker/combining';
import type {
  Accuracy,
  BackendName,
  BackendReport,
  DatasetId,
  Fault,
  InspectResult,
  PreviewResult,
  SensitivityCell,
} from '#worker/protocol';
import { makeRecent, type Recent } from '#worker/recent';
import { makeScheduler, type Scheduler } from '#worker/scheduler';
import type { Vault } from '#worker/vault/vault';

export interface Started {
  readonly reports: readonly BackendReport[];
  readonly backend: Backend;
}
/** A model after a step; of a pass that trains only the shape is right. */
export interface Changed {
  readonly model: Model;
  readonly trains: boolean;
  /** What the step gives up of what earlier ones achieved. */
  readonly lost: readonly Words[];
  /** What the pass says of it where the step would leave the model as it is; null where it would not. */
  readonly unchanged: readonly Words[] | null;
}
export interface Session {
  readonly scheduler: Scheduler;
  readonly vault: Promise<Vault>;
  /** Something the person should know, outside any call. */
  readonly notice: (fault: Fault) => void;
  /** Milliseconds between two checkpoints of a training run; the engine's own where undefined. */
  readonly checkpointEvery: number | undefined;
  /** The run that Pause, Step and Stop act on. */
  training: TrainControl | null;
  /** Aborts the preview that has not begun yet. */
  waitingPreview: AbortController | null;
  /** The same of a combination's preview. */
  waitingCombination: AbortController | null;
  /** Aborts the inspection before the latest. */
  lastInspection: AbortController | null;
  /** How often a backend was taken up. */
  readonly generation: () => number;
  /**
   * Takes up another backend instead of the one of this generation, which failed: once, whoever asks. Tells the page.
   * Rejects where none works.
   */
  replaceBackend(generation: number): Promise<void>;
  /** Finds the backends anew and takes up the asked or the fastest one. */
  start(asked: BackendName | 'auto', onReport: (report: BackendReport) => void): Promise<Started>;
  /** The backend in use; started if it has not been. */
  backend(): Promise<Backend>;
  dataset(
    id: DatasetId,
    options?: {
      readonly signal?: AbortSignal;
      readonly onProgress?: (progress: { loaded: number; total: number }) => void;
    },
  ): Promise<Dataset>;
  /** Accuracy on a whole split; measured once for each predictor, data set and split. */
  measure(
    predictor: Predictor,
    dataset: DatasetId,
    split: Split,
    options: {
      readonly signal?: AbortSignal;
      readonly between: () => Promise<void>;
      readonly onProgress?: (done: number) => void;
    },
  ): Promise<Accuracy>;
  /** What `prepare` gave, by model, pass and values that are not live. */
  readonly prepared: Recent<{ readonly value: unknown }>;
  /** Models that steps gave last, by question. */
  readonly changed: Recent<Changed>;
  /** What became of layers, by question. */
  readonly inspections: Recent<InspectResult>;
  /** Previews of whole splits that were computed, by question. */
  readonly previews: Recent<PreviewResult>;
  /** What members answered that are being combined. */
  readonly gathered: Recent<Gathered>;
  /** What single layers cost, by question. */
  readonly alone: Recent<SensitivityCell>;
}

export interface SessionOptions {
  /** The page's address; asked when a data set is fetched. */
  readonly base: () => string;
  readonly vault: Promise<Vault>;
  readonly notice: (fault: Fault) => void;
  /** Told which backend was taken up instead of one that failed. */
  readonly onBackend?: (started: Started) => void;
  readonly checkpointEvery?: number;
  /** Stand-ins for tests. */
  readonly fetch?: typeof fetch;
  readonly startBackends?: typeof startBackends;
}

export function makeSession(options: SessionOptions): Session {
  const find = options.startBackends ?? startBackends;
  const scheduler = makeScheduler(breathe);
  const datasets = new Map<DatasetId, Promise<Dataset>>();
  let started: Promise<Started> | null = null;
  let generation = 0;
  /** After a second failure WebAssembly is taken, which has no device to lose. */
  let failures = 0;

  const session: Session = {
    scheduler,
    vault: options.vault,
    notice: options.notice,
    checkpointEvery: options.checkpointEvery,
    training: null,
    waitingPreview: null,
    waitingCombination: null,
    lastInspection: null,
    prepared: makeRecent(8),
    changed: makeRecent(2),
    inspections: makeRecent(100),
    previews: makeRecent(1000),
    gathered: makeRecent(3),
    alone: makeRecent(2000),
    generation: () => generation,
    async replaceBackend(failed) {
      if (failed !== generation) {
        await session.backend();
        return;
      }
      options.onBackend?.(await session.start(failures++ === 0 ? 'auto' : 'wasm', () => undefined));
    },
    async start(asked, onReport) {
      generation++;
      const before = started;
      const next = find(asked, onReport);
      started = next;
      next.catch(() => {
        if (started === next) started = before;
      });
      const found = await next;
      // Work that is going on ends on the backend it began with; then that one is freed.
      const old = await before?.catch(() => null);
      if (old && old.backend !== found.backend)
        void scheduler.run('search', async () => old.backend.dispose()).catch(() => undefined);
      return found;
    },
    async backend() {
      const current = started ?? find('auto', () => undefined);
      started = current;
      return (await current).backend;
    },
    dataset(id, { signal, onProgress } = {}) {
      let load = datasets.get(id);
      if (!load) {
        load = LOADERS[id]({
          base: options.base(),
          signal,
          onProgress,
          ...(options.fetch ? { fetch: options.fetch } : {}),
        });
        datasets.set(id, load);
        load.catch(() => datasets.delete(id));
      }
      return load;
    },
    async measure(predictor, datasetId, split, options) {
      const dataset = await session.dataset(datasetId);
      const backend = await session.backend();
      let known = knownEvaluation(backend, predictor, dataset, split);
      if (!known) {
        // What it answered is kept for whoever combines or examines it.
        const answers = await answersOnce(backend, predictor, dataset, split, options);
        known = judge(answers, dataset.splits[split].labels, dataset.classes.length);
        rememberEvaluation(backend, predictor, dataset, split, known);
      }
      return { ...accuracyOf(known.correct), loss: known.loss };
    },
  };
  return session;
}

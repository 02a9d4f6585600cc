/**
 * Where an interrupted training run can go on from: the latest checkpoint of the latest run, in two files that are
 * written in turn, so that a worker that dies while writing leaves the one before whole. Nothing else grows.
 */
import type { Checkpoint } from '#engine/checkpoint';
import type { InterruptedRun } from '#worker/protocol';
import { readArrays, writeArrays } from '#worker/vault/blob';
import type { Files } from '#worker/vault/files';

/** What is known of a run without its weights. */
export type RunFacts = Omit<InterruptedRun, 'epoch'>;
export interface KeptRun {
  readonly facts: RunFacts;
  readonly checkpoint: Checkpoint;
}
export interface RunKeeper {
  /** Keeps a checkpoint instead of the one before. While one is being written only the latest of those that come waits. */
  keep(run: KeptRun): void;
  /** The latest whole checkpoint, or null. */
  read(): Promise<KeptRun | null>;
  /** Forgets the run. */
  drop(): Promise<void>;
}

const names = ['r-0', 'r-1'] as const;
/** Whether a file is this keeper's. */
export const isRunFile = (name: string): boolean => names.some((own) => own === name);

interface Head {
  readonly number: number;
  readonly facts: RunFacts;
  readonly checkpoint: Omit<Checkpoint, 'values'>;
}

export function makeRunKeeper(files: Files): RunKeeper {
  /** Known once the files were looked at, or written. */
  let latest: KeptRun | null | undefined;
  let number = 0;
  let waiting: KeptRun | null = null;
  let writing: Promise<void> | null = null;

  async function write(): Promise<void> {
    while (waiting) {
      const { facts, checkpoint } = waiting;
      waiting = null;
      const { values, ...rest } = checkpoint;
      const head: Head = { number: ++number, facts, checkpoint: rest };
      // Without room on the disk the run is kept in memory only.
      await files.write(names[number % 2] as string, writeArrays(head, values)).catch(() => undefined);
    }
    writing = null;
  }

  async function find(): Promise<KeptRun | null> {
    let found: { readonly number: number; readonly run: KeptRun } | null = null;
    for (const name of names) {
      const file = await files.read(name).catch(() => null);
      const kept = file && readArrays(file.bytes);
      if (!kept) continue;
      const head = kept.head as Head;
      number = Math.max(number, head.number);
      if (!found || head.number > found.number)
        found = {
          number: head.number,
          run: { facts: head.facts, checkpoint: { ...head.checkpoint, values: kept.arrays } },
        };
    }
    return found?.run ?? null;
  }

  return {
    keep(run) {
      latest = run;
      waiting = run;
      writing ??= write();
    },
    async read() {
      if (latest === undefined) {
        const found = await find();
        latest ??= found;
      }
      return latest;
    },
    async drop() {
      latest = null;
      waiting = null;
      await writing;
      for (const name of names) await files.remove(name);
    },
  };
}

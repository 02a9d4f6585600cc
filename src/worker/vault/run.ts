/**
 * Where an interrupted run can go on from: the latest checkpoint of the latest training run, and likewise of the latest
 * recipe that was applied, each in two files that are written in turn, so that a worker that dies while writing leaves
 * the one before whole. Nothing else grows.
 */
import type { Checkpoint } from '#engine/checkpoint';
import type { InterruptedRun } from '#worker/protocol';
import { readArrays, writeArrays } from '#worker/vault/blob';
import type { Files } from '#worker/vault/files';

/** What is known of a run without its weights. */
export type RunFacts = Omit<InterruptedRun, 'epoch'>;
export interface KeptRun<Facts = RunFacts, C extends Checkpoint | null = Checkpoint> {
  readonly facts: Facts;
  /** Null where a run that is not always training is not training. */
  readonly checkpoint: C;
}
export interface RunKeeper<Facts = RunFacts, C extends Checkpoint | null = Checkpoint> {
  /** Keeps a checkpoint instead of the one before. While one is being written only the latest of those that come waits. */
  keep(run: KeptRun<Facts, C>): void;
  /** The latest whole checkpoint, or null. */
  read(): Promise<KeptRun<Facts, C> | null>;
  /** Forgets the run. */
  drop(): Promise<void>;
}

type Names = readonly [string, string];
const trainingNames: Names = ['r-0', 'r-1'];
export const applyingNames: Names = ['a-0', 'a-1'];
/** Whether a file is a keeper's. */
export const isRunFile = (name: string): boolean => [...trainingNames, ...applyingNames].includes(name);

interface Head<Facts> {
  readonly number: number;
  readonly facts: Facts;
  readonly checkpoint: Omit<Checkpoint, 'values'> | null;
}

export function makeRunKeeper<Facts = RunFacts, C extends Checkpoint | null = Checkpoint>(
  files: Files,
  names: Names = trainingNames,
): RunKeeper<Facts, C> {
  /** Known once the files were looked at, or written. */
  let latest: KeptRun<Facts, C> | null | undefined;
  let number = 0;
  let waiting: KeptRun<Facts, C> | null = null;
  let writing: Promise<void> | null = null;

  async function write(): Promise<void> {
    while (waiting) {
      const { facts, checkpoint } = waiting;
      waiting = null;
      const { values = [], ...rest } = checkpoint ?? {};
      const head = { number: ++number, facts, checkpoint: checkpoint && rest };
      // Without room on the disk the run is kept in memory only.
      await files.write(names[number % 2] as string, writeArrays(head, values)).catch(() => undefined);
    }
    writing = null;
  }

  async function find(): Promise<KeptRun<Facts, C> | null> {
    let found: { readonly number: number; readonly run: KeptRun<Facts, C> } | null = null;
    for (const name of names) {
      const file = await files.read(name).catch(() => null);
      const kept = file && readArrays(file.bytes);
      if (!kept) continue;
      const head = kept.head as Head<Facts>;
      number = Math.max(number, head.number);
      if (found && head.number < found.number) continue;
      const checkpoint = (head.checkpoint && { ...head.checkpoint, values: kept.arrays }) as C;
      found = { number: head.number, run: { facts: head.facts, checkpoint } };
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

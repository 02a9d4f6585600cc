/**
 * Where an interrupted run can go on from: the latest checkpoint of the latest training run, and likewise of the latest
 * recipe that was applied and of the latest members that were made, each in two files that are written in turn, so that a worker that dies while writing leaves
 * the one before whole. Nothing else grows.
 */
import type { Tensor, TensorId } from '#core/model/model';
import type { StateValue } from '#core/predictor';
import type { Checkpoint } from '#engine/checkpoint';
import type { InterruptedRun } from '#worker/protocol';
import { readArrays, readStructure, readTensor, writeArrays, writeStructure, writeTensor } from '#worker/vault/blob';
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
  /**
   * The files are no longer another tab's: a run that goes on here takes the place of what lies in them; where none does,
   * that is the one that can go on.
   */
  takeOver(): Promise<void>;
}

type Names = readonly [string, string];
const trainingNames: Names = ['r-0', 'r-1'];
export const applyingNames: Names = ['a-0', 'a-1'];
export const makingNames: Names = ['k-0', 'k-1'];
/** Whether a file is a keeper's. */
export const isRunFile = (name: string): boolean => [...trainingNames, ...applyingNames, ...makingNames].includes(name);

interface Head<Facts> {
  readonly number: number;
  readonly facts: Facts;
  readonly checkpoint: (Omit<Checkpoint, 'values' | 'revised'> & { readonly revised?: RevisedHead }) | null;
}
/** What revised a run remembers; the last arrays are the model that it left: the structure, then the tensors. */
interface RevisedHead {
  readonly memory: StateValue;
  readonly tensors: readonly TensorId[];
}

function checkpointOf<Facts>({ checkpoint }: Head<Facts>, arrays: readonly Float32Array[]): Checkpoint | null {
  if (!checkpoint) return null;
  const { revised, ...rest } = checkpoint;
  if (!revised) return { ...rest, values: arrays };
  const values = arrays.slice(0, -1 - revised.tensors.length);
  const [structure, ...tensors] = arrays.slice(values.length).map((part) => new Uint8Array(part.buffer));
  const read = readStructure(structure as Uint8Array);
  if (!read) return null;
  const { tensorIds: _, ...model } = read;
  const named = revised.tensors.map((id, i) => [id, readTensor(id, tensors[i] as Uint8Array) as Tensor] as const);
  return {
    ...rest,
    values,
    revised: { memory: revised.memory, model: { ...model, tensors: Object.fromEntries(named) } },
  };
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
      const { values = [], revised, ...rest } = checkpoint ?? {};
      const tensors = Object.values(revised?.model.tensors ?? {});
      const own = revised && { memory: revised.memory, tensors: tensors.map(({ id }) => id) };
      const head = { number: ++number, facts, checkpoint: checkpoint && { ...rest, ...(own ? { revised: own } : {}) } };
      const model = revised ? [writeStructure(revised.model), ...tensors.map(writeTensor)] : [];
      // Without room on the disk the run is kept in memory only.
      const bytes = writeArrays(head, [...values, ...model.map((part) => new Float32Array(part.buffer))]);
      await files.write(names[number % 2] as string, bytes).catch(() => undefined);
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
      found = { number: head.number, run: { facts: head.facts, checkpoint: checkpointOf(head, kept.arrays) as C } };
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
    async takeOver() {
      // Also for its number: what is written from now on is later.
      const found = await find();
      const own = latest;
      latest = own ?? found;
      if (!own) return;
      for (const name of names) await files.remove(name);
      this.keep(own);
    },
  };
}

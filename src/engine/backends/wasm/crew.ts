/** Who runs a program's commands: the calling thread alone, or with others (threads.ts). */
import { SPILL_BYTES, SPILLS_END } from './kernels/ids';

/** What the kernels' module exports. */
export interface Kernels {
  setThread(index: number, count: number, spill: number): void;
  run(from: number, to: number): void;
  /** In the shared builds: this thread's part, beside others; 0 where one of them failed or did not come. */
  runTogether(from: number, to: number): number;
  serve(index: number, spill: number, seen: number): void;
}

export interface Crew {
  /** Threads that may ever work on one command: so many have scratch of their own. */
  readonly most: number;
  /** Runs the commands in [from, to). Throws BackendError('lost') where a thread died. */
  run(from: number, to: number): void;
  /** For people: ", 2 threads", or nothing. */
  describe(): string;
  dispose(): void;
}

/** Address of the 256 bytes that a thread puts ragged tiles into. */
export const spillOf = (index: number): number => SPILLS_END - (index + 1) * SPILL_BYTES;

/** One thread. */
export function makeSolo(kernels: Kernels): Crew {
  kernels.setThread(0, 1, spillOf(0));
  return { most: 1, run: kernels.run, describe: () => '', dispose: () => undefined };
}

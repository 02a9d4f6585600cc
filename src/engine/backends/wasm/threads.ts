/**
 * The crew with threads: module workers of our own that share the memory and wait inside the kernels. They are started
 * when there has been work for a while, in the background; until they are there, and wherever they cannot be had, the
 * calling thread works alone. It blocks while it waits for the others, so it must be a worker itself.
 *
 * A thread that fails, or does not come within `patience`, fails the backend: whoever uses it finds another one, and
 * further wasm backends have one thread.
 *
 * Measured (Chromium 156, two cores with little else to do, batch 64): two threads against one, LeNet-5 9,380 and 4,870
 * images a second in training, 31,500 and 16,000 in inference. One thread in shared memory is as fast as in memory of its
 * own. Where other work takes both cores, two threads are between a tenth slower and a tenth faster than one.
 */
import { BackendError } from '#engine/backend';
import { type Crew, type Kernels, spillOf } from './crew';
import { CONTROL, FAILED, FROM, MOST_THREADS, PATIENCE, RUN, STAGE, TO } from './kernels/ids';
import type { ThreadAnswer, ThreadStart } from './thread';

export interface ThreadsOptions {
  /** Threads that may ever be used, with the calling one: 2 to MOST_THREADS. */
  readonly most: number;
  /** Threads to use now. */
  readonly wanted: () => number;
  /** Milliseconds of work after which threads are started. */
  readonly after?: number;
  /** Milliseconds to wait for a thread, in steps of 500. */
  readonly patience?: number;
  readonly spawn?: () => Worker;
}

/** Once a thread has died, no more are started. */
let broken = false;

/** Whether this is a worker that may share memory with others. */
export function canShare(): boolean {
  const scope = globalThis as { crossOriginIsolated?: boolean; WorkerGlobalScope?: unknown; Worker?: unknown };
  return (
    !broken &&
    scope.crossOriginIsolated === true &&
    typeof SharedArrayBuffer !== 'undefined' &&
    scope.WorkerGlobalScope !== undefined &&
    scope.Worker !== undefined
  );
}

const spawnThread = (): Worker => new Worker(new URL('./thread.ts', import.meta.url), { type: 'module' });

export function makeThreads(
  kernels: Kernels,
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  { most, wanted, after = 200, patience = 10_000, spawn = spawnThread }: ThreadsOptions,
): Crew {
  const words = new Int32Array(memory.buffer, CONTROL, 256);
  Atomics.store(words, PATIENCE / 4, Math.max(1, Math.ceil(patience / 500)));
  kernels.setThread(0, 1, spillOf(0));
  const others: { readonly worker: Worker; ready: boolean }[] = [];
  let state: 'working' | 'alone' | 'lost' = 'working';
  let busy = 0;
  let runs = 0;

  function end(): void {
    Atomics.store(words, FAILED / 4, 1);
    Atomics.notify(words, RUN / 4);
    Atomics.notify(words, STAGE / 4);
    for (const { worker } of others.splice(0)) worker.terminate();
  }
  function lose(): void {
    state = 'lost';
    broken = true;
    end();
  }

  function start(index: number): void {
    let worker: Worker;
    try {
      worker = spawn();
    } catch {
      state = 'alone';
      return;
    }
    const thread = { worker, ready: false };
    others.push(thread);
    const fail = (): void => {
      if (state !== 'working') return;
      if (thread.ready) lose();
      else {
        // Could not be started: those that could be go as well.
        state = 'alone';
        end();
      }
    };
    worker.onmessage = ({ data }: MessageEvent<ThreadAnswer>) => {
      if (data === 'ready') thread.ready = true;
      else fail();
    };
    worker.onerror = (event) => {
      event.preventDefault();
      fail();
    };
    worker.postMessage({ module, memory, index, spill: spillOf(index) } satisfies ThreadStart);
  }

  /** The threads that take part in the next run, with this one; starts what is missing. */
  function take(): number {
    if (state !== 'working') return 1;
    const want = Math.min(most, wanted());
    if (want > others.length + 1 && busy >= after) start(others.length + 1);
    let count = 1;
    while (count < want && others[count - 1]?.ready) count += 1;
    return count;
  }

  function runTogether(from: number, to: number, count: number): void {
    runs += 1;
    Atomics.store(words, FROM / 4, from);
    Atomics.store(words, TO / 4, to);
    kernels.setThread(0, count, spillOf(0));
    Atomics.store(words, RUN / 4, (runs * 2 * MOST_THREADS) | count);
    if (Atomics.load(words, RUN / 4 + 1) > 0) Atomics.notify(words, RUN / 4);
    let done = false;
    try {
      done = kernels.runTogether(from, to) !== 0;
    } finally {
      kernels.setThread(0, 1, spillOf(0));
      if (!done) lose();
    }
    if (!done) throw lost();
  }
  const lost = (): BackendError => new BackendError('lost', 'a thread of the WebAssembly engine stopped answering');

  return {
    most,
    run(from, to) {
      if (state === 'lost') throw lost();
      const count = take();
      if (count > 1) return runTogether(from, to, count);
      if (busy >= after) return kernels.run(from, to);
      const begun = performance.now();
      kernels.run(from, to);
      busy += performance.now() - begun;
    },
    describe() {
      if (state !== 'working') return '';
      const ready = 1 + others.filter((thread) => thread.ready).length;
      return ready > 1 ? `, ${ready} threads` : `, up to ${most} threads`;
    },
    dispose() {
      state = state === 'lost' ? 'lost' : 'alone';
      end();
    },
  };
}

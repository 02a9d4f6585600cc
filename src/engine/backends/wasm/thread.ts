/**
 * A thread of the wasm backend beside the engine's worker: it gets the compiled kernels and the shared memory in one
 * message, says that it is there, and from then on waits inside the kernels for runs. It hears no further message.
 */
import type { Kernels } from './crew';
import { CONTROL, FAILED, RUN, STAGE } from './kernels/ids';

/** What is used of a worker's scope. */
declare const self: {
  onmessage: (event: MessageEvent<ThreadStart>) => Promise<void>;
  postMessage(answer: ThreadAnswer): void;
  close(): void;
};

export interface ThreadStart {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly index: number;
  readonly spill: number;
}
export type ThreadAnswer = 'ready' | 'failed';

self.onmessage = async ({ data }) => {
  const { module, memory, index, spill } = data;
  try {
    const instance = await WebAssembly.instantiate(module, { env: { memory } });
    const kernels = instance.exports as unknown as Kernels;
    // Runs from here on are seen; none wants this thread before it has said that it is there.
    const seen = Atomics.load(new Int32Array(memory.buffer), (CONTROL + RUN) / 4);
    self.postMessage('ready');
    kernels.serve(index, spill, seen);
  } catch {
    const words = new Int32Array(memory.buffer);
    Atomics.store(words, (CONTROL + FAILED) / 4, 1);
    Atomics.notify(words, (CONTROL + STAGE) / 4);
    self.postMessage('failed');
  }
  self.close();
};

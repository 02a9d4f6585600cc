/** The engine's worker as far as threads go: real ones, beside the one-thread build. */
import { TEMPLATES, templateById } from '#core/templates';
import { type Backend, BackendError } from '#engine/backend';
import { makeCpuBackend } from '#engine/backends/cpu';
import { setVisible } from '#engine/backends/wasm/attention';
import { makeWasmBackend, makeWasmBackendWith } from '#engine/backends/wasm/backend';
import { makeThreads, type ThreadsOptions } from '#engine/backends/wasm/threads';
import { breathe } from '#engine/breathe';
import { SUITE } from '../../suite';
import { sameBits, trainedSlots } from '../steps';

const threaded = (count: number, options: Partial<ThreadsOptions> = {}): Promise<Backend> =>
  makeWasmBackendWith((kernels, module, memory) =>
    makeThreads(kernels, module, memory, { most: count, wanted: () => count, after: 0, ...options }),
  );

/** Works a little again and again until the backend says `words`. */
async function until(backend: Backend, words: string, milliseconds = 20_000): Promise<void> {
  const program = await backend.compile({
    slots: [{ shape: [4], life: 'persistent' }],
    steps: [{ op: { kind: 'scale', scale: 1, offset: 1 }, inputs: [0], outputs: [0] }],
  });
  for (const end = performance.now() + milliseconds; !backend.description.endsWith(words); ) {
    if (performance.now() > end) throw new Error(`after a while still "${backend.description}"`);
    program.run();
    await breathe();
  }
  program.dispose();
}

/** A run that is worth dividing. */
async function workOf(backend: Backend): Promise<() => void> {
  const program = await backend.compile({
    slots: [{ shape: [1_000_000], life: 'persistent' }],
    steps: [{ op: { kind: 'scale', scale: 1, offset: 1 }, inputs: [0], outputs: [0] }],
  });
  return () => program.run();
}

/** What a run throws, as "code: message". */
function faultOf(work: () => void): string {
  try {
    work();
    return 'none';
  } catch (error) {
    return error instanceof BackendError ? `${error.code}: ${error.message}` : String(error);
  }
}

const answers = {
  /** Templates whose training leaves other bytes with so many threads than with one. */
  async differing(count: number): Promise<{ description: string; differing: string[] }> {
    const one = await makeWasmBackendWith(null);
    const many = await threaded(count);
    await until(many, `, ${count} threads`);
    const differing: string[] = [];
    for (const template of TEMPLATES) {
      const options = { batch: 24, steps: 6 };
      const alone = await trainedSlots(one, template, [28, 28, 1], options);
      const together = await trainedSlots(many, template, [28, 28, 1], { ...options, between: breathe });
      if (!sameBits(alone, together)) differing.push(template.id);
    }
    const { description } = many;
    many.dispose();
    return { description, differing };
  },

  /** The shared suite with so many threads: how many cases ran, and what failed. */
  async suite(count: number): Promise<{ ran: number; failures: string[] }> {
    const cpu = await makeCpuBackend();
    const many = await threaded(count);
    await until(many, `, ${count} threads`);
    const failures: string[] = [];
    for (const { name, run } of SUITE) {
      await run(many, cpu).catch((error: unknown) => failures.push(`${name}: ${String(error)}`));
    }
    return { ran: SUITE.length, failures };
  },

  /** What the usual backend says of itself while the page is visible, when it is hidden, and when it is back. */
  async policy(): Promise<{
    cores: number;
    watched: string;
    hidden: string;
    begunWatched: number;
    begunHidden: number;
  }> {
    let begun = 0;
    const { Worker } = globalThis;
    globalThis.Worker = class extends Worker {
      constructor(...values: ConstructorParameters<typeof Worker>) {
        super(...values);
        begun += 1;
      }
    };
    const backend = await makeWasmBackend();
    const work = async (): Promise<void> => {
      const template = templateById('small-cnn');
      if (!template) throw new Error('there is no small CNN');
      for (const end = performance.now() + 1500; performance.now() < end; )
        await trainedSlots(backend, template, [28, 28, 1], { batch: 32, between: breathe });
    };
    await work();
    const { description: watched } = backend;
    const begunWatched = begun;
    setVisible(false);
    await work();
    const { hardwareConcurrency: cores } = navigator;
    return { cores, watched, hidden: backend.description, begunWatched, begunHidden: begun };
  },

  /** What happens when a thread ends, and what the next backend is like. */
  async death(): Promise<{ before: string; fault: string; again: string; milliseconds: number; next: string }> {
    const workers: Worker[] = [];
    const { Worker } = globalThis;
    globalThis.Worker = class extends Worker {
      constructor(...values: ConstructorParameters<typeof Worker>) {
        super(...values);
        workers.push(this);
      }
    };
    const backend = await threaded(2, { patience: 1000 });
    await until(backend, ', 2 threads');
    const work = await workOf(backend);
    const before = faultOf(work);
    workers[0]?.terminate();
    // Chromium gives a worker that waits two seconds.
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const begun = performance.now();
    const fault = faultOf(work);
    const milliseconds = performance.now() - begun;
    setVisible(false);
    return { before, fault, again: faultOf(work), milliseconds, next: (await makeWasmBackend()).description };
  },

  /** What a backend says whose threads cannot be had, and whether it works. */
  async unstartable(): Promise<{ description: string; fault: string }> {
    const backend = await threaded(3, { spawn: () => new Worker('./missing.js', { type: 'module' }) });
    await until(backend, 'SIMD');
    return { description: backend.description, fault: faultOf(await workOf(backend)) };
  },
};
export type Answers = typeof answers;

self.onmessage = async ({ data }: MessageEvent<{ name: keyof Answers; values: [number] }>) => {
  try {
    self.postMessage({ answer: await answers[data.name](...data.values) });
  } catch (error) {
    self.postMessage({ fault: error instanceof Error ? `${error.message}\n${error.stack}` : String(error) });
  }
};

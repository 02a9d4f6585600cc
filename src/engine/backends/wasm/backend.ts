/**
 * The engine without a GPU: our own WebAssembly kernels (kernels/, written in AssemblyScript) behind the backend
 * contract. A plan is compiled to a list of commands and a static arena in one linear memory; a run is one call.
 *
 * Fused multiply-add (relaxed SIMD) is used where the browser has it, plain 128-bit SIMD otherwise; threads
 * (threads.ts) where this is a worker of a cross-origin isolated page. Kernels divide their work always by outputs, so
 * any number of threads gives the same bytes.
 */

import kernelAddresses from 'virtual:kernels';
import { sizeOf } from '#core/model/tensor';
import { layOut } from '#engine/arena';
import { type Backend, BackendError, type BackendFactory, type Plan, type Program } from '#engine/backend';
import { wantedThreads } from './attention';
import { type Bases, makeWriter } from './commands';
import { type Crew, type Kernels, makeSolo } from './crew';
import { lower } from './lower';
import { makeArena, sharedMemory } from './memory';
import { canShare, makeThreads } from './threads';

/** How the commands are run; stand-ins are for tests. */
export type CrewFactory = (kernels: Kernels, module: WebAssembly.Module, memory: WebAssembly.Memory) => Crew;

/** (module (func (result v128) (f32x4.relaxed_madd …))): valid where relaxed SIMD is. */
const RELAXED_PROBE = Uint8Array.of(
  0,
  97,
  115,
  109,
  1,
  0,
  0,
  0,
  1,
  5,
  1,
  96,
  0,
  1,
  123,
  3,
  2,
  1,
  0,
  10,
  19,
  1,
  17,
  0,
  65,
  0,
  253,
  17,
  65,
  0,
  253,
  17,
  65,
  0,
  253,
  17,
  253,
  133,
  2,
  11,
);
/** (module (func (result v128) i32.const 0 i32x4.splat)): valid where SIMD is. */
const SIMD_PROBE = Uint8Array.of(
  0,
  97,
  115,
  109,
  1,
  0,
  0,
  0,
  1,
  5,
  1,
  96,
  0,
  1,
  123,
  3,
  2,
  1,
  0,
  10,
  8,
  1,
  6,
  0,
  65,
  0,
  253,
  17,
  11,
);

async function fetchKernels(address: string): Promise<WebAssembly.Module> {
  const response = await fetch(address);
  if (!response.ok)
    throw new BackendError('unavailable', `the WebAssembly kernels could not be fetched (${response.status})`);
  return WebAssembly.compile(await response.arrayBuffer());
}

/** Bytes of a plan's parts: slots, scratch, tables, then the commands themselves. */
function measure(
  plan: Plan,
  threads: number,
): { bases: Bases; codeAt: number; bytes: number; layout: ReturnType<typeof layOut> } {
  const layout = layOut(plan);
  const draft = makeWriter(
    { slots: 64, scratch: 64, tables: 64 },
    layout.offsets,
    plan.slots.map((slot) => slot.shape),
    threads,
  );
  lower(plan, draft);
  const { code, tables, scratchBytes } = draft.result();
  const scratch = layout.bytes + 64;
  const tablesAt = scratch + scratchBytes + 64;
  const codeAt = tablesAt + tables.byteLength;
  return { layout, bases: { slots: 0, scratch, tables: tablesAt }, codeAt, bytes: codeAt + code.byteLength };
}

/** Threads where this is a worker that may have them, as the page's visibility wants; else one. */
const usualThreads = (): CrewFactory | null => {
  const cores = globalThis.navigator?.hardwareConcurrency ?? 1;
  if (cores < 2 || !canShare()) return null;
  const options = { most: wantedThreads(cores, false), wanted: () => wantedThreads(cores) };
  return (kernels, module, memory) => makeThreads(kernels, module, memory, options);
};

/** Makes the backend, or throws BackendError('unavailable') where WebAssembly SIMD or the kernels' file is missing. */
export const makeWasmBackend: BackendFactory = () => makeWasmBackendWith(usualThreads());

/** The same with a crew of one's own over shared memory; null: one thread and memory of its own. */
export async function makeWasmBackendWith(threads: CrewFactory | null): Promise<Backend> {
  if (typeof WebAssembly === 'undefined' || !WebAssembly.validate(SIMD_PROBE)) {
    throw new BackendError('unavailable', 'this browser has no WebAssembly SIMD');
  }
  const relaxed = WebAssembly.validate(RELAXED_PROBE);
  const shared = threads && sharedMemory();
  const arena = makeArena(shared ?? undefined);
  let crew: Crew;
  try {
    const { simd, simdShared, relaxed: fused, relaxedShared } = kernelAddresses;
    const module = await fetchKernels(relaxed ? (shared ? relaxedShared : fused) : shared ? simdShared : simd);
    const instance = await WebAssembly.instantiate(module, { env: { memory: arena.memory } });
    const kernels = instance.exports as unknown as Kernels;
    crew = threads && shared ? threads(kernels, module, shared) : makeSolo(kernels);
  } catch (error) {
    if (error instanceof BackendError) throw error;
    throw new BackendError('unavailable', `the WebAssembly kernels did not start: ${String(error)}`);
  }
  let uploads = 0;
  let readbacks = 0;
  const programs = new Set<Program>();

  function compile(plan: Plan): Program {
    const { layout, bases, codeAt, bytes } = measure(plan, crew.most);
    const block = arena.take(bytes);
    try {
      const writer = makeWriter(
        { slots: block, scratch: block + bases.scratch, tables: block + bases.tables },
        layout.offsets,
        plan.slots.map((slot) => slot.shape),
        crew.most,
      );
      lower(plan, writer);
      const { code, tables } = writer.result();
      new Uint8Array(arena.memory.buffer, block, bytes).fill(0);
      new Int32Array(arena.memory.buffer, block + bases.tables, tables.length).set(tables);
      new Int32Array(arena.memory.buffer, block + codeAt, code.length).set(code);
    } catch (error) {
      arena.give(block);
      throw error;
    }
    let alive = true;
    const values = (id: number): Float32Array => {
      if (!alive) throw new BackendError('lost', 'the program has been disposed of');
      const slot = plan.slots[id];
      const offset = layout.offsets[id];
      if (!slot || offset === undefined || slot.life !== 'persistent')
        throw new RangeError(`slot ${id} cannot be read or written`);
      return new Float32Array(arena.memory.buffer, block + offset, sizeOf(slot.shape));
    };
    const program: Program = {
      write(slot, data) {
        const target = values(slot);
        if (data.length !== target.length)
          throw new RangeError(`slot ${slot} holds ${target.length} values, not ${data.length}`);
        target.set(data);
        uploads += 1;
      },
      run() {
        if (!alive) throw new BackendError('lost', 'the program has been disposed of');
        crew.run(block + codeAt, block + bytes);
      },
      async read(slot) {
        const copy = values(slot).slice();
        readbacks += 1;
        return copy;
      },
      dispose() {
        if (!alive) return;
        alive = false;
        programs.delete(program);
        arena.give(block);
      },
    };
    programs.add(program);
    return program;
  }

  const backend: Backend = {
    id: 'wasm',
    get description() {
      return `WebAssembly, ${relaxed ? 'relaxed SIMD' : 'SIMD'}${crew.describe()}`;
    },
    software: false,
    compile: async (plan) => compile(plan),
    counts: () => ({ dispatches: 0, uploads, readbacks, live: arena.live().blocks, bytes: arena.live().bytes }),
    dispose() {
      for (const program of [...programs]) program.dispose();
      crew.dispose();
    },
  };
  return backend;
}

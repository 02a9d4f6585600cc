/**
 * The engine without a GPU: our own WebAssembly kernels (kernels/, written in AssemblyScript) behind the backend
 * contract. A plan is compiled to a list of commands and a static arena in one linear memory; a run is one call.
 *
 * Fused multiply-add (relaxed SIMD) is used where the browser has it, plain 128-bit SIMD otherwise. One thread; the
 * kernels already divide their work by `setThread`, always by outputs, so that more threads give the same bytes.
 */
import kernelAddresses from 'virtual:kernels';
import { type Backend, BackendError, type BackendFactory, type Plan, type Program } from '#engine/backend';
import { type Bases, makeWriter } from './commands';
import { layOut, sizeOf } from './layout';
import { lower } from './lower';
import { type Arena, makeArena } from './memory';

interface Kernels {
  setThread(index: number, count: number, spill: number): void;
  run(from: number, to: number): void;
}
/** 256 bytes that the first thread's kernels spill ragged tiles to; the kernels' constants lie below. */
const SPILL = 65536 - 256;

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

async function loadKernels(arena: Arena, relaxed: boolean): Promise<Kernels> {
  const response = await fetch(relaxed ? kernelAddresses.relaxed : kernelAddresses.simd);
  if (!response.ok)
    throw new BackendError('unavailable', `the WebAssembly kernels could not be fetched (${response.status})`);
  const { instance } = await WebAssembly.instantiate(await response.arrayBuffer(), { env: { memory: arena.memory } });
  const kernels = instance.exports as unknown as Kernels;
  kernels.setThread(0, 1, SPILL);
  return kernels;
}

/** Bytes of a plan's parts: slots, scratch, tables, then the commands themselves. */
function measure(plan: Plan): { bases: Bases; codeAt: number; bytes: number; layout: ReturnType<typeof layOut> } {
  const layout = layOut(plan);
  const draft = makeWriter(
    { slots: 64, scratch: 64, tables: 64 },
    layout.offsets,
    plan.slots.map((slot) => slot.shape),
  );
  lower(plan, draft);
  const { code, tables, scratchBytes } = draft.result();
  const scratch = layout.bytes + 64;
  const tablesAt = scratch + scratchBytes + 64;
  const codeAt = tablesAt + tables.byteLength;
  return { layout, bases: { slots: 0, scratch, tables: tablesAt }, codeAt, bytes: codeAt + code.byteLength };
}

/** Makes the backend, or throws BackendError('unavailable') where WebAssembly SIMD or the kernels' file is missing. */
export const makeWasmBackend: BackendFactory = async () => {
  if (typeof WebAssembly === 'undefined' || !WebAssembly.validate(SIMD_PROBE)) {
    throw new BackendError('unavailable', 'this browser has no WebAssembly SIMD');
  }
  const relaxed = WebAssembly.validate(RELAXED_PROBE);
  const arena = makeArena();
  let kernels: Kernels;
  try {
    kernels = await loadKernels(arena, relaxed);
  } catch (error) {
    if (error instanceof BackendError) throw error;
    throw new BackendError('unavailable', `the WebAssembly kernels did not start: ${String(error)}`);
  }
  let uploads = 0;
  let readbacks = 0;
  const programs = new Set<Program>();

  function compile(plan: Plan): Program {
    const { layout, bases, codeAt, bytes } = measure(plan);
    const block = arena.take(bytes);
    try {
      const writer = makeWriter(
        { slots: block, scratch: block + bases.scratch, tables: block + bases.tables },
        layout.offsets,
        plan.slots.map((slot) => slot.shape),
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
        kernels.run(block + codeAt, block + bytes);
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
    description: relaxed ? 'WebAssembly, relaxed SIMD' : 'WebAssembly, SIMD',
    software: false,
    compile: async (plan) => compile(plan),
    counts: () => ({ dispatches: 0, uploads, readbacks, live: arena.live().blocks, bytes: arena.live().bytes }),
    dispose() {
      for (const program of [...programs]) program.dispose();
    },
  };
  return backend;
};

/**
 * One WebAssembly.Memory for all programs of the backend, with a first-fit allocator of our own.
 *
 * Not one memory (and instance) a program: browsers reserve some gigabytes of addresses for each and give them back
 * when they please, and threads could not be kept from program to program. A program takes a single block, so the
 * free list stays short; the memory never shrinks, but what is freed is used again.
 */
import { BackendError } from '#engine/backend';

const PAGE = 65536;
/** Below it: the kernels' constants and the threads' spills. */
const HEAP = PAGE;
/** Kernels read whole vectors, so a block ends with room for what is read beyond the last slot. */
const SLACK = 256;

export interface Arena {
  readonly memory: WebAssembly.Memory;
  /** Address of a fresh block of at least `bytes`, a multiple of 64. Throws BackendError('memory'). */
  take(bytes: number): number;
  give(address: number): void;
  /** Blocks taken, and their bytes. */
  live(): { readonly blocks: number; readonly bytes: number };
}

/** Pages that a shared memory may grow to, which has to be said at once: what a browser refuses is tried smaller. */
const SHARED_LIMITS = [65536, 32768, 16384];

/** Memory that threads can share; null where the browser gives none. */
export function sharedMemory(): WebAssembly.Memory | null {
  for (const maximum of SHARED_LIMITS) {
    try {
      return new WebAssembly.Memory({ initial: 2, maximum, shared: true });
    } catch {
      // Too large for this browser.
    }
  }
  return null;
}

export function makeArena(memory = new WebAssembly.Memory({ initial: 2 })): Arena {
  const taken = new Map<number, number>();
  let free: { address: number; bytes: number }[] = [{ address: HEAP, bytes: memory.buffer.byteLength - HEAP }];

  function grow(bytes: number): void {
    const end = memory.buffer.byteLength;
    const last = free.at(-1);
    const joins = last !== undefined && last.address + last.bytes === end;
    const pages = Math.ceil((bytes - (joins ? last.bytes : 0)) / PAGE);
    try {
      memory.grow(pages);
    } catch {
      throw new BackendError('memory', `${Math.ceil(bytes / 1e6)} MB more than the browser gives to WebAssembly`);
    }
    if (joins) last.bytes += pages * PAGE;
    else free.push({ address: end, bytes: pages * PAGE });
  }

  return {
    memory,
    take(asked) {
      const bytes = Math.ceil((asked + SLACK) / 64) * 64;
      let index = free.findIndex((hole) => hole.bytes >= bytes);
      if (index < 0) {
        grow(bytes);
        index = free.length - 1;
      }
      const hole = free[index];
      if (!hole) throw new BackendError('memory', 'no room was found after growing');
      const { address } = hole;
      hole.address += bytes;
      hole.bytes -= bytes;
      if (hole.bytes === 0) free.splice(index, 1);
      taken.set(address, bytes);
      return address;
    },
    give(address) {
      const bytes = taken.get(address);
      if (bytes === undefined) return;
      taken.delete(address);
      const holes = [...free, { address, bytes }].sort((a, b) => a.address - b.address);
      free = [];
      for (const hole of holes) {
        const before = free.at(-1);
        if (before && before.address + before.bytes === hole.address) before.bytes += hole.bytes;
        else free.push(hole);
      }
    },
    live: () => ({ blocks: taken.size, bytes: [...taken.values()].reduce((sum, bytes) => sum + bytes, 0) }),
  };
}

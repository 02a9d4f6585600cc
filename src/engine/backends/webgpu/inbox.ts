/**
 * What the host has written since the last run, gathered so that it goes up in one transfer: the values are packed into
 * one buffer, and the graphics card itself puts them where they belong. Much at once (a model's first weights) goes
 * straight to its place instead.
 */
import type { Device } from './device';

/** Bytes from which values are not packed any more. */
const LARGE = 1 << 25;
/** How much too large the packed values' buffer may be. */
const WASTE = 4;

export interface Inbox {
  /** Notes values for an address (in bytes) of the arena; they are copied. Later values for the same place win. */
  put(at: number, data: Float32Array): void;
  /** Sends what was noted; the copies into place are recorded before anything else in `encoder`. */
  empty(encoder: GPUCommandEncoder): void;
  dispose(): void;
}

export function makeInbox(device: Device, arena: GPUBuffer, tally: { uploads: number }): Inbox {
  const { queue } = device.gpu;
  const noted = new Map<number, Float32Array>();
  /** Arrays to note values in again, by length: the same slots are written before each run. */
  const spare = new Map<number, Float32Array[]>();
  let packed = new Float32Array(0);
  let buffer: GPUBuffer | null = null;

  const send = (target: GPUBuffer, at: number, data: Float32Array, count: number): void => {
    queue.writeBuffer(target, at, data.buffer as ArrayBuffer, data.byteOffset, count * 4);
    tally.uploads += 1;
  };
  return {
    put(at, data) {
      const copy = noted.get(at) ?? spare.get(data.length)?.pop() ?? new Float32Array(data.length);
      copy.set(data);
      noted.set(at, copy);
    },
    empty(encoder) {
      if (noted.size === 0) return;
      const all = [...noted].sort(([a], [b]) => a - b);
      const count = all.reduce((sum, [, data]) => sum + data.length, 0);
      const [only] = all;
      if (all.length === 1 && only) send(arena, only[0], only[1], count);
      else if (count * 4 > LARGE) for (const [at, data] of all) send(arena, at, data, data.length);
      else {
        if (packed.length < count || packed.length > WASTE * count) {
          packed = new Float32Array(count);
          device.giveBack(buffer);
          buffer = device.buffer('inbox', count * 4, GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST);
        }
        let from = 0;
        for (const [at, data] of all) {
          packed.set(data, from);
          encoder.copyBufferToBuffer(buffer as GPUBuffer, from * 4, arena, at, data.byteLength);
          from += data.length;
        }
        send(buffer as GPUBuffer, 0, packed, count);
      }
      noted.clear();
      spare.clear();
      for (const [, data] of all) {
        const same = spare.get(data.length) ?? [];
        same.push(data);
        spare.set(data.length, same);
      }
    },
    dispose() {
      device.giveBack(buffer);
      buffer = null;
      noted.clear();
      spare.clear();
    },
  };
}

/**
 * The bytes of data sets on the graphics card: sent once, shared by all programs that read them, and kept until another
 * data set takes their place and nobody uses them any more.
 */

export interface Table {
  readonly buffer: GPUBuffer;
  /** What could not be sent is not kept. */
  release(failed?: boolean): void;
}
export interface Tables {
  /** Sends the bytes unless they are there; `onUpload` is told if it does. */
  borrow(bytes: Uint8Array, onUpload: () => void): Table;
  /** For programs that read none: the layout asks for a buffer. */
  readonly none: GPUBuffer;
  bytes(): number;
  dispose(): void;
}

export function makeTables(gpu: GPUDevice): Tables {
  const held = new Map<Uint8Array, { readonly buffer: GPUBuffer; users: number }>();
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST;
  const none = gpu.createBuffer({ label: 'no table', size: 4, usage });
  const drop = (bytes: Uint8Array): void => {
    held.get(bytes)?.buffer.destroy();
    held.delete(bytes);
  };
  return {
    none,
    borrow(bytes, onUpload) {
      for (const [other, { users }] of held) if (users === 0 && other !== bytes) drop(other);
      const own = held.get(bytes) ?? { buffer: sent(gpu, bytes, usage, onUpload), users: 0 };
      held.set(bytes, own);
      own.users += 1;
      let isMine = true;
      return {
        buffer: own.buffer,
        release(failed = false) {
          if (isMine) own.users -= 1;
          isMine = false;
          if (failed && held.get(bytes) === own) drop(bytes);
        },
      };
    },
    bytes: () => [...held.values()].reduce((sum, { buffer }) => sum + buffer.size, none.size),
    dispose() {
      for (const bytes of [...held.keys()]) drop(bytes);
      none.destroy();
    },
  };
}

function sent(gpu: GPUDevice, bytes: Uint8Array, usage: GPUBufferUsageFlags, onUpload: () => void): GPUBuffer {
  const size = Math.max(4, Math.ceil(bytes.length / 4) * 4);
  const buffer = gpu.createBuffer({ label: 'table', size, usage });
  // Whole words go up as they are; what is over is filled up.
  const whole = Math.floor(bytes.length / 4) * 4;
  if (whole > 0) gpu.queue.writeBuffer(buffer, 0, bytes.buffer as ArrayBuffer, bytes.byteOffset, whole);
  if (whole < bytes.length) {
    const rest = new Uint8Array(4);
    rest.set(bytes.subarray(whole));
    gpu.queue.writeBuffer(buffer, whole, rest);
  }
  onUpload();
  return buffer;
}

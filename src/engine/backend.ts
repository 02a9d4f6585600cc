/**
 * The contract between the engine and whatever does the arithmetic. A plan is a straight list of steps over numbered
 * slots; a backend compiles it to a program, which the engine feeds and runs. Backends know operations, not layers.
 */
import type { Op } from '#engine/ops';

/** Index into `Plan.slots`. */
export type SlotId = number;

export interface Slot {
  /** With the batch where there is one. Empty for a scalar is not used: scalars are [1]. */
  readonly shape: readonly number[];
  /**
   * 'persistent' slots keep their content from run to run and can be written and read by the host (inputs, parameters,
   * moments, sums, results); they start at 0. 'temporary' ones live between the step that makes them and their last reader.
   */
  readonly life: 'persistent' | 'temporary';
}
export interface Step {
  readonly op: Op;
  readonly inputs: readonly SlotId[];
  readonly outputs: readonly SlotId[];
}
export interface Plan {
  readonly slots: readonly Slot[];
  readonly steps: readonly Step[];
  /** Bytes that 'gatherImages' reads: row-major [images, height, width, channels]. Sent once for all programs. */
  readonly table?: Uint8Array;
}

/** What a program did so far: asserted by tests, shown to people. */
export interface Counts {
  /** Kernels started on a GPU (0 on wasm and cpu). */
  readonly dispatches: number;
  /** Host-to-device transfers. */
  readonly uploads: number;
  /** Device-to-host transfers. */
  readonly readbacks: number;
  /** Buffers or tensors alive for all programs of the backend. */
  readonly live: number;
  /** Bytes that they hold. */
  readonly bytes: number;
}

/** A compiled plan with its memory. Not re-entrant. */
export interface Program {
  /** Copies `data` (exactly the slot's size) into a persistent slot. */
  write(slot: SlotId, data: Float32Array): void;
  /** Runs all steps once. On a GPU it returns when the work is queued. */
  run(): void;
  /** Waits for the work queued so far and copies a persistent slot out. Rejects with BackendError. */
  read(slot: SlotId): Promise<Float32Array>;
  /** Frees everything. The program cannot be used afterwards. */
  dispose(): void;
}

export type BackendId = 'webgpu' | 'wasm' | 'webgl' | 'cpu';

export interface Backend {
  readonly id: BackendId;
  /** For people: adapter or instruction set, e.g. "SwiftShader (software)" or "relaxed SIMD". */
  readonly description: string;
  /** Largest table of a plan, where it can hold one and put batches together by itself; the host does so otherwise. */
  readonly mostTableBytes?: number;
  /** True where a GPU interface is emulated on the processor; such a backend is never chosen by its name. */
  readonly software: boolean;
  /** `onCompiled` is told how many of its kernels are ready, where they are compiled one by one. */
  compile(plan: Plan, onCompiled?: (ready: number, of: number) => void): Promise<Program>;
  counts(): Counts;
  /** Frees the backend itself. */
  dispose(): void;
}

/** The device was lost, memory ran out, or a shader failed. */
export class BackendError extends Error {
  readonly code: 'lost' | 'memory' | 'shader' | 'unsupported' | 'unavailable';
  constructor(code: BackendError['code'], message: string) {
    super(message);
    this.name = 'BackendError';
    this.code = code;
  }
}

/** Makes a backend or throws BackendError('unavailable') with the reason. */
export type BackendFactory = () => Promise<Backend>;

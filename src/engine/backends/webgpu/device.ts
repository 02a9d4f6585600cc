/**
 * The graphics device as the backend uses it: pipelines compiled ahead and kept by their text, buffers counted, and
 * whatever goes wrong turned into a BackendError. WebGPU reports errors later and elsewhere; here they are kept, and the
 * next call throws.
 */
import { BackendError } from '#engine/backend';
import { describeAdapter, requestAdapter } from '#engine/backends/probe';
import { UNIFORM_BYTES } from './kernel';
import { makeTables, type Tables } from './tables';

/** Limits raised to what the adapter has, for large models. */
const LIMITS = ['maxStorageBufferBindingSize', 'maxBufferSize'] as const;

export interface Device {
  readonly gpu: GPUDevice;
  readonly description: string;
  readonly software: boolean;
  /** One arena, one uniform with a dynamic offset, and one table: all kernels have it. */
  readonly layout: GPUBindGroupLayout;
  /** Largest arena, in bytes. */
  readonly most: number;
  /** Rejects with BackendError('shader') and what the compiler says. */
  pipeline(label: string, text: string): Promise<GPUComputePipeline>;
  /** A buffer that is counted until it is given back. */
  buffer(label: string, bytes: number, usage: GPUBufferUsageFlags): GPUBuffer;
  giveBack(buffer: GPUBuffer | null): void;
  readonly tables: Tables;
  live(): { readonly buffers: number; readonly bytes: number };
  /** Throws the fault that was reported since, if there is one. */
  check(): void;
  /** Any failure of an awaited call as a BackendError; what was reported first explains the rest. */
  explain(error: unknown): Promise<BackendError>;
  dispose(): void;
}

/** Rejects with BackendError('unavailable') where there is no adapter or it gives no device. */
export async function openDevice(): Promise<Device> {
  const adapter = await requestAdapter();
  const requiredLimits = Object.fromEntries(LIMITS.map((limit) => [limit, adapter.limits[limit]]));
  const gpu = await adapter.requestDevice({ requiredLimits }).catch((error: unknown) => {
    throw new BackendError('unavailable', `The graphics adapter gives no device: ${messageOf(error)}`);
  });
  let fault: BackendError | null = null;
  let disposed = false;
  gpu.addEventListener('uncapturederror', (event) => {
    event.preventDefault();
    fault ??= errorOf(event.error);
  });
  void gpu.lost.then((info) => {
    fault = disposed
      ? givenBack()
      : new BackendError('lost', `The graphics device was lost: ${info.message || info.reason}`);
  });
  const layout = gpu.createBindGroupLayout({
    entries: [
      { binding: 0, visibility: GPUShaderStage.COMPUTE, buffer: { type: 'storage' } },
      {
        binding: 1,
        visibility: GPUShaderStage.COMPUTE,
        buffer: { type: 'uniform', hasDynamicOffset: true, minBindingSize: UNIFORM_BYTES },
      },
      { binding: 2, visibility: GPUShaderStage.COMPUTE, buffer: { type: 'read-only-storage' } },
    ],
  });
  const pipelineLayout = gpu.createPipelineLayout({ bindGroupLayouts: [layout] });
  const pipelines = new Map<string, Promise<GPUComputePipeline>>();
  const buffers = new Set<GPUBuffer>();
  const tables = makeTables(gpu);
  const device: Device = {
    gpu,
    ...describeAdapter(adapter.info),
    layout,
    tables,
    most: Math.min(gpu.limits.maxStorageBufferBindingSize, gpu.limits.maxBufferSize),
    pipeline(label, text) {
      let made = pipelines.get(text);
      if (!made) {
        made = makePipeline(gpu, pipelineLayout, label, text);
        pipelines.set(text, made);
        // What failed is not kept: a device that recovers may try again.
        made.catch(() => pipelines.delete(text));
      }
      return made;
    },
    buffer(label, bytes, usage) {
      const buffer = gpu.createBuffer({ label, size: Math.max(4, Math.ceil(bytes / 4) * 4), usage });
      buffers.add(buffer);
      return buffer;
    },
    giveBack(buffer) {
      if (buffer && buffers.delete(buffer)) buffer.destroy();
    },
    live: () => ({
      buffers: buffers.size,
      bytes: [...buffers].reduce((sum, { size }) => sum + size, tables.bytes()),
    }),
    check() {
      if (disposed) throw givenBack();
      if (fault) throw fault;
    },
    async explain(error) {
      if (error instanceof BackendError) return error;
      // A lost device rejects what is pending before it says that it is lost.
      await Promise.race([gpu.lost, new Promise((resolve) => setTimeout(resolve, LOST_WAIT))]);
      return fault ?? new BackendError('lost', messageOf(error));
    },
    dispose() {
      disposed = true;
      for (const buffer of buffers) buffer.destroy();
      buffers.clear();
      tables.dispose();
      gpu.destroy();
    },
  };
  return device;
}

/** Milliseconds to wait for word of a lost device. */
const LOST_WAIT = 200;

async function makePipeline(
  gpu: GPUDevice,
  layout: GPUPipelineLayout,
  label: string,
  code: string,
): Promise<GPUComputePipeline> {
  // An invalid module is reported once by the pipeline, with its place, and not again by the device.
  gpu.pushErrorScope('validation');
  const module = gpu.createShaderModule({ label, code });
  const reported = gpu.popErrorScope();
  try {
    return await gpu.createComputePipelineAsync({ label, layout, compute: { module, entryPoint: 'main' } });
  } catch (error) {
    const { messages } = await module.getCompilationInfo();
    const first = messages.find(({ type }) => type === 'error');
    const words = first ? `line ${first.lineNum}: ${first.message}` : messageOf(error);
    throw new BackendError('shader', `The kernel "${label}" does not compile: ${words}`);
  } finally {
    await reported.catch(() => null);
  }
}

/** A reported error in the contract's words. */
export function errorOf(error: GPUError): BackendError {
  return error instanceof GPUOutOfMemoryError
    ? new BackendError('memory', `The graphics card has too little memory: ${error.message}`)
    : new BackendError('shader', error.message);
}

const givenBack = (): BackendError => new BackendError('lost', 'This backend was given back.');
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

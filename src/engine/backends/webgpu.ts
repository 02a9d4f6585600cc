/**
 * WebGPU by TensorFlow.js. The device is made here and not there, because TensorFlow.js never hears of shader or
 * validation errors (the operation gives zeros) nor of a lost device: both become a BackendError at the next call.
 */

import { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import * as tf from '@tensorflow/tfjs-core';
import { BackendError, type BackendFactory, type Counts } from '#engine/backend';
import { describeAdapter, requestAdapter } from '#engine/backends/probe';
import { type TfjsHost, tfjsProgram } from '#engine/backends/tfjs/program';

const NAME = 'webgpu';
/** Limits raised to what the adapter has, for large layers. */
const LIMITS = [
  'maxComputeWorkgroupStorageSize',
  'maxComputeWorkgroupsPerDimension',
  'maxStorageBufferBindingSize',
  'maxBufferSize',
  'maxComputeWorkgroupSizeX',
  'maxComputeInvocationsPerWorkgroup',
] as const;

/** Rejects with BackendError('unavailable') where there is no adapter or it gives no device. */
export const makeWebgpuBackend: BackendFactory = async () => {
  const adapter = await requestAdapter();
  const device = await adapter
    .requestDevice({ requiredLimits: Object.fromEntries(LIMITS.map((limit) => [limit, adapter.limits[limit]])) })
    .catch((error: unknown) => {
      throw new BackendError('unavailable', `The graphics adapter gives no device: ${messageOf(error)}`);
    });
  const { description, software } = describeAdapter(adapter.info);
  let fault: BackendError | null = null;
  let disposed = false;
  device.addEventListener('uncapturederror', (event) => {
    const code = event.error instanceof GPUOutOfMemoryError ? 'memory' : 'shader';
    fault ??= new BackendError(code, event.error.message);
  });
  void device.lost.then((info) => {
    if (!disposed) fault = new BackendError('lost', `The graphics device was lost: ${info.message || info.reason}`);
  });
  // Small operations would be done in JavaScript, with a wait for the graphics card before each.
  tf.env().set('WEBGPU_CPU_FORWARD', false);
  tf.removeBackend(NAME);
  const backend = new WebGPUBackend(device, adapter.info);
  tf.registerBackend(NAME, () => backend);
  await tf.setBackend(NAME);
  const counted = countPrograms(backend);
  let readbacks = 0;
  const host: TfjsHost = {
    name: NAME,
    context: { poolTies: 'last', inMemory: false },
    check() {
      if (disposed) throw new BackendError('lost', 'This backend was given back.');
      if (fault) throw fault;
    },
    onUpload: () => undefined,
    onReadback: () => readbacks++,
  };
  return {
    id: 'webgpu',
    description,
    software,
    compile: async (plan) => tfjsProgram(host, plan),
    counts: (): Counts => ({
      ...counted(),
      readbacks,
      live: backend.numDataIds(),
      bytes: backend.memory().numBytesInGPU,
    }),
    dispose() {
      disposed = true;
      tf.removeBackend(NAME);
      device.destroy();
    },
  };
};

/** Counts dispatches, and transfers of values (not of the few numbers that go with each dispatch). */
function countPrograms(backend: WebGPUBackend): () => { dispatches: number; uploads: number } {
  let dispatches = 0;
  let uploads = 0;
  const run = backend.runWebGPUProgram.bind(backend);
  backend.runWebGPUProgram = (...args) => {
    dispatches++;
    return run(...args);
  };
  const inner = backend as unknown as {
    uploadToGPU(id: object): void;
    tensorMap: { get(id: object): { values?: unknown; resource?: unknown } };
  };
  const upload = inner.uploadToGPU.bind(backend);
  inner.uploadToGPU = (id) => {
    const data = inner.tensorMap.get(id);
    if (data.values && !data.resource) uploads++;
    upload(id);
  };
  return () => ({ dispatches, uploads });
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

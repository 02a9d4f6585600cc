/**
 * Plain JavaScript by TensorFlow.js's cpu backend: slow, everywhere there, and the yardstick that the others are
 * checked against.
 */

// Registers the backend and its kernels; a type import alone would leave both out.
import '@tensorflow/tfjs-backend-cpu';
import type { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import type { BackendFactory, Counts } from '#engine/backend';
import { type TfjsHost, tfjsProgram } from '#engine/backends/tfjs/program';

/** Always available. */
export const makeCpuBackend: BackendFactory = async () => {
  // Named before anything else is asked: TensorFlow.js would otherwise make a second one of its own.
  await tf.setBackend('cpu');
  const backend = tf.backend() as MathBackendCPU;
  // Otherwise it advertises a native package on the console in Node.
  (backend as unknown as { firstUse: boolean }).firstUse = false;
  let uploads = 0;
  let readbacks = 0;
  const host: TfjsHost = {
    name: 'cpu',
    context: { poolTies: 'first', inMemory: true },
    check: () => undefined,
    onUpload: () => uploads++,
    onReadback: () => readbacks++,
  };
  return {
    id: 'cpu',
    description: 'JavaScript',
    software: false,
    compile: async (plan) => tfjsProgram(host, plan),
    counts: (): Counts => ({
      dispatches: 0,
      uploads,
      readbacks,
      live: backend.numDataIds(),
      bytes: tf.memory().numBytes,
    }),
    dispose: () => undefined,
  };
};

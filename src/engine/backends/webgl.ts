/** WebGL 2 by TensorFlow.js, for browsers whose graphics card has no WebGPU. Single precision or nothing. */

import { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import * as tf from '@tensorflow/tfjs-core';
import { BackendError, type BackendFactory, type Counts } from '#engine/backend';
import { describeRenderer } from '#engine/backends/probe';
import { type TfjsHost, tfjsProgram } from '#engine/backends/tfjs/program';

const NAME = 'webgl';

/** Rejects with BackendError('unavailable') where there is no context, or none with float32 textures. */
export const makeWebglBackend: BackendFactory = async () => {
  // Small operations would be done in JavaScript, with a wait for the graphics card before each.
  tf.env().set('WEBGL_CPU_FORWARD', false);
  // Packed textures have spare places where a side is odd. Element-wise operations leave values there (exp makes 1 of 0),
  // and the matrix product adds them up. Unpacked operands are packed with zeros just before the product.
  tf.env().set('WEBGL_PACK', false);
  tf.removeBackend(NAME);
  let backend: MathBackendWebGL;
  try {
    if (!tf.env().getBool('WEBGL_RENDER_FLOAT32_ENABLED'))
      throw new Error('this graphics card computes in half precision only');
    backend = new MathBackendWebGL();
  } catch (error) {
    throw new BackendError(
      'unavailable',
      `WebGL cannot be used: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  tf.registerBackend(NAME, () => backend);
  await tf.setBackend(NAME);
  const { gl } = backend.gpgpu;
  const { description, software } = describeRenderer(gl as WebGL2RenderingContext);
  const counted = countPrograms(backend);
  let disposed = false;
  let readbacks = 0;
  const host: TfjsHost = {
    name: NAME,
    context: { poolTies: 'last', inMemory: false },
    check() {
      if (disposed) throw new BackendError('lost', 'This backend was given back.');
      if (gl.isContextLost()) throw new BackendError('lost', 'The graphics context was lost.');
    },
    onUpload: () => undefined,
    onReadback: () => readbacks++,
  };
  return {
    id: 'webgl',
    description,
    software,
    compile: async (plan) => tfjsProgram(host, plan),
    counts: (): Counts => ({
      ...counted(),
      readbacks,
      live: backend.numDataIds(),
      bytes: (backend.memory() as { numBytesInGPU: number }).numBytesInGPU,
    }),
    dispose() {
      disposed = true;
      tf.removeBackend(NAME);
    },
  };
};

function countPrograms(backend: MathBackendWebGL): () => { dispatches: number; uploads: number } {
  let dispatches = 0;
  let uploads = 0;
  const run = backend.runWebGLProgram.bind(backend);
  backend.runWebGLProgram = (...args) => {
    dispatches++;
    return run(...args);
  };
  const inner = backend as unknown as {
    uploadToGPU(id: object): void;
    texData: { get(id: object): { values?: unknown; texture?: unknown } };
  };
  const upload = inner.uploadToGPU.bind(backend);
  inner.uploadToGPU = (id) => {
    const data = inner.texData.get(id);
    if (data.values && !data.texture) uploads++;
    upload(id);
  };
  return () => ({ dispatches, uploads });
}

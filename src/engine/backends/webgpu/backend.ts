/**
 * The engine on a graphics card: our own kernels in WGSL (kernels/) behind the backend contract. A plan is compiled to
 * a list of dispatches over one arena; a run is one command buffer, before which everything that the host has written
 * since the last run goes up in a single transfer.
 */
import type { Backend, BackendFactory, Counts } from '#engine/backend';
import { openDevice } from './device';
import { makeProgram, type Tally } from './program';

/** Makes the backend, or rejects with BackendError('unavailable'). */
export const makeWebgpuBackend: BackendFactory = async () => {
  const device = await openDevice();
  const tally: Tally = { dispatches: 0, uploads: 0, readbacks: 0 };
  const backend: Backend = {
    id: 'webgpu',
    description: device.description,
    software: device.software,
    mostTableBytes: device.most,
    compile: (plan, onCompiled) => makeProgram(device, plan, tally, onCompiled),
    counts(): Counts {
      const { buffers, bytes } = device.live();
      return { ...tally, live: buffers, bytes };
    },
    dispose: () => device.dispose(),
  };
  return backend;
};

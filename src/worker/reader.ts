/**
 * A disposable worker for one opening: it recognises the files, reads them to a model (or to an ensemble that was written here) and hands that to the engine
 * through the channel it was given. Nothing in a file is ever executed. The page ends this worker whatever happens.
 */
import { modelsOf } from '#core/predictor';
import { readPredictor } from '#formats/index';
import { faultOf } from '#worker/faults';

declare const self: DedicatedWorkerGlobalScope;

interface Request {
  readonly files: readonly { readonly name: string; readonly bytes: Uint8Array }[];
  readonly port: MessagePort;
}

self.onmessage = async ({ data: { files, port } }: MessageEvent<Request>) => {
  try {
    const read = await readPredictor(files);
    const models = modelsOf(read.predictor);
    const buffers = new Set(models.flatMap(({ tensors }) => Object.values(tensors).map(({ data }) => data.buffer)));
    port.postMessage(read, [...buffers]);
    self.postMessage({ type: 'read' });
  } catch (error) {
    self.postMessage({ type: 'fault', fault: faultOf(error) });
  }
};

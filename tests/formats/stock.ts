/** Opening what we wrote with stock TensorFlow.js, in Node: the unpacked files, as a person would serve them. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { type LayersModel, loadLayersModel } from '@tensorflow/tfjs-layers';
import type { Bundle } from '#formats/format';

export async function openWithStock(files: Bundle, shards: readonly string[]): Promise<LayersModel> {
  await tf.setBackend('cpu');
  const json = JSON.parse(new TextDecoder().decode(files.get('model.json'))) as Record<string, never>;
  const weightData = new Uint8Array(Buffer.concat(shards.map((name) => files.get(name) as Uint8Array))).buffer;
  const { modelTopology, weightsManifest, userDefinedMetadata } = json as unknown as {
    modelTopology: object;
    weightsManifest: { weights: tf.io.WeightsManifestEntry[] }[];
    userDefinedMetadata?: Record<string, string>;
  };
  const weightSpecs = weightsManifest.flatMap(({ weights }) => weights);
  return loadLayersModel(
    tf.io.fromMemory({
      modelTopology,
      weightSpecs,
      weightData,
      ...(userDefinedMetadata ? { userDefinedMetadata } : {}),
    }),
  );
}

/** Stock values of every weight, by name. */
export function stockWeights(model: LayersModel): ReadonlyMap<string, Float32Array> {
  return new Map(model.weights.map((weight) => [weight.originalName, weight.read().dataSync() as Float32Array]));
}

export { tf };

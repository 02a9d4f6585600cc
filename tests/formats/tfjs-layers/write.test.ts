/** What stock TensorFlow.js makes of the zips we write. */
import { describe, expect, it } from 'vitest';
import { tensorsOf } from '#core/model/layers';
import type { Model } from '#core/model/model';
import { shapesOf } from '#core/model/shapes';
import { write } from '#formats/tfjs-layers/write';
import { readZip } from '#formats/zip';
import { encodedModel, everyLayer, furtherEncodedModel, numbers, templateModels } from '../models';
import { openWithStock, stockWeights, tf } from '../stock';

const SHARD = 'group1-shard1of1.bin';
const KERAS_ROLES: Record<string, string> = { mean: 'moving_mean', variance: 'moving_variance' };

async function unzipped(model: Model) {
  const { bundle, fileName } = await write(model, { unsupportedGrids: 'float' });
  return readZip(bundle.get(fileName) as Uint8Array, fileName);
}

describe('stock loadLayersModel', () => {
  for (const model of [...templateModels(), everyLayer(), encodedModel(), furtherEncodedModel()]) {
    it(`opens ${model.name} [${shapesOf(model)[model.inputs[0] as string]}] with every value equal to the last bit`, async () => {
      const files = await unzipped(model);
      const stock = await openWithStock(files, [SHARD]);
      const weights = stockWeights(stock);
      let held = 0;
      for (const layer of model.layers) {
        for (const [role, id] of tensorsOf(layer)) {
          const name =
            layer.kind === 'depthwiseConv2d' && role === 'kernel' ? 'depthwise_kernel' : (KERAS_ROLES[role] ?? role);
          const theirs = weights.get(`${layer.name}/${name}`);
          expect(theirs, `${layer.name}/${name}`).toBeDefined();
          expect(theirs?.every((value, i) => value === model.tensors[id]?.data[i])).toBe(true);
          held++;
        }
      }
      expect(weights.size).toBe(held);
      const shape = shapesOf(model)[model.inputs[0] as string] as readonly number[];
      const input = tf.tensor(
        numbers(
          shape.reduce((a, b) => a * b, 1),
          5,
        ),
        [1, ...shape],
      );
      const output = stock.predict(input) as InstanceType<typeof tf.Tensor>;
      expect(output.shape).toEqual([1, ...(shapesOf(model)[model.outputs[0] as string] as readonly number[])]);
      expect([...output.dataSync()].every(Number.isFinite)).toBe(true);
    }, 30_000);
  }
});

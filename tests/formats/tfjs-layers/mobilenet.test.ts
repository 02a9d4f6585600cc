/** A real model of the world: nsfwjs' MobileNet v2, a functional layers model with 8-bit weights, made by the Python converter. */
import { describe, expect, it } from 'vitest';
import { tensorsOf } from '#core/model/layers';
import type { Model } from '#core/model/model';
import { shapesOf } from '#core/model/shapes';
import { readFiles } from '#formats/index';
import { write } from '#formats/tfjs-layers/write';
import { readZip } from '#formats/zip';
import { MOBILENET_SHARD, mobilenetFiles } from '../../fixtures/mobilenet';
import { openWithStock, stockWeights } from '../stock';

const parameters = (model: Model): number =>
  model.layers
    .flatMap((layer) => tensorsOf(layer))
    .reduce((sum, [, id]) => sum + (model.tensors[id]?.data.length ?? 0), 0);

describe('MobileNet v2', () => {
  it('reads into 162 layers, 2.6 million parameters and 8-bit grids', async () => {
    const { format, model, notes } = await readFiles(mobilenetFiles());
    expect(format).toBe('tfjs-layers');
    expect(model.layers).toHaveLength(162);
    expect(parameters(model)).toBe(2_619_461);
    const shapes = shapesOf(model);
    expect(shapes[model.inputs[0] as string]).toEqual([224, 224, 3]);
    expect(shapes[model.outputs[0] as string]).toEqual([5]);
    const kernels = model.layers.filter(
      ({ kind }) => kind === 'conv2d' || kind === 'depthwiseConv2d' || kind === 'dense',
    );
    expect(kernels).toHaveLength(55);
    const grids = kernels.map((layer) => model.tensors[(layer as { kernel: string }).kernel]?.encoding.values.kind);
    expect(grids.filter((kind) => kind === 'grid').length).toBe(55);
    expect(notes.map(({ words }) => words.en)).toMatchInlineSnapshot(`
      [
        "163 quantized tensors were put on a float32 grid; no value moved by more than 1.2e-7 of its tensor's largest.",
        "97 quantized tensors have a grid without zero and were read as float32.",
      ]
    `);
  });

  it('has the values that stock TensorFlow.js sees, within float32 rounding, and gives them back to it', async () => {
    const files = mobilenetFiles();
    const { model } = await readFiles(files);
    const theirs = stockWeights(
      await openWithStock(new Map(files.map(({ name, bytes }) => [name, bytes])), [MOBILENET_SHARD]),
    );
    const { bundle, fileName } = await write(model, { unsupportedGrids: 'float' });
    const again = stockWeights(
      await openWithStock(await readZip(bundle.get(fileName) as Uint8Array, fileName), ['group1-shard1of1.bin']),
    );
    const roles: Record<string, string> = { mean: 'moving_mean', variance: 'moving_variance' };
    let compared = 0;
    for (const layer of model.layers) {
      for (const [role, id] of tensorsOf(layer)) {
        const name = `${layer.name}/${layer.kind === 'depthwiseConv2d' && role === 'kernel' ? 'depthwise_kernel' : (roles[role] ?? role)}`;
        const ours = model.tensors[id]?.data as Float32Array;
        const stock = theirs.get(name) as Float32Array;
        const largest = stock.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        expect(
          ours.every((value, i) => Math.abs(value - (stock[i] as number)) <= largest * 2.5e-7),
          name,
        ).toBe(true);
        expect(
          again.get(name)?.every((value, i) => value === ours[i]),
          name,
        ).toBe(true);
        compared += ours.length;
      }
    }
    expect(compared).toBe(2_619_461);
  }, 60_000);
});

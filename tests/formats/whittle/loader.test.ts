/**
 * The loader: stock TensorFlow.js, handed a model by it, answers as our engine does, whatever layers and encodings the file holds. The
 * loader is the built module, as people download it.
 */
import { gzipSync } from 'node:zlib';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import * as layersOfTf from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildLoader } from '#build/loader';
import { createModel } from '#core/model/create';
import type { GridValues } from '#core/model/encoding';
import type { ActivationFn, Layer } from '#core/model/layers';
import type { Model } from '#core/model/model';
import { makeTensor } from '#core/model/tensor';
import { makeCpuBackend } from '#engine/backends/cpu';
import { borrowRunner } from '#engine/inference';
import { packed } from '#formats/whittle/write';
import { encodedModel, everyLayer, modelOf, numbers, templateModels } from '../models';
import { tf } from '../stock';

type Loader = typeof import('#formats/whittle/loader/index');
let text: string;
let loader: Loader;

beforeAll(async () => {
  await tf.setBackend('cpu');
  text = await buildLoader();
  loader = (await import(`data:text/javascript;base64,${Buffer.from(text).toString('base64')}`)) as Loader;
}, 60_000);

/** What a page has under `tf`. */
const stock = { ...tf, loadLayersModel: layersOfTf.loadLayersModel, layers: { Layer: layersOfTf.layers.Layer } };

function activationModel(fn: ActivationFn, settings: object = {}): Model {
  const kernel = makeTensor(
    [6, 6],
    numbers(36, 2).map((x) => 3 * x),
  );
  const layers: Layer[] = [
    { kind: 'input', name: 'in', inputs: [], shape: [6] },
    { kind: 'dense', name: 'fused', inputs: ['in'], kernel: kernel.id, activation: { fn, ...settings } },
    { kind: 'activation', name: 'alone', inputs: ['fused'], activation: { fn, ...settings } },
    { kind: 'dense', name: 'out', inputs: ['alone'], kernel: kernel.id, activation: { fn: 'softmax' } },
  ];
  return modelOf(`activation ${fn}`, layers, [kernel]);
}

function subtractModel(): Model {
  const kernel = makeTensor([2 * 4 * 6, 3], numbers(144, 4));
  const layers: Layer[] = [
    { kind: 'input', name: 'in', inputs: [], shape: [2, 4, 3] },
    { kind: 'activation', name: 'a b/c', inputs: ['in'], activation: { fn: 'tanh' } },
    { kind: 'subtract', name: 'difference', inputs: ['in', 'a b/c'] },
    { kind: 'concat', name: 'both', inputs: ['in', 'difference'] },
    { kind: 'reshape', name: 'shaped', inputs: ['both'], shape: [4, -1] },
    { kind: 'flatten', name: 'flat', inputs: ['shaped'] },
    { kind: 'dense', name: 'out', inputs: ['flat'], kernel: kernel.id, activation: { fn: 'softmax' } },
  ];
  return modelOf('subtract', layers, [kernel]);
}

/** Log-probabilities aside, both give what follows the softmax. */
async function largestDifference(model: Model): Promise<number> {
  const input = model.layers.find(({ kind }) => kind === 'input');
  const shape = input?.kind === 'input' ? input.shape : [];
  const images = numbers(2 * shape.reduce((a, b) => a * b, 1), 9).map(Math.abs);
  const runner = await borrowRunner(await makeCpuBackend(), model, 2);
  const ours = tf.softmax(tf.tensor(await runner.run(images), [2, runner.classes])).dataSync();
  const opened = (await loader.loadWhittle(stock, packed(model))) as LayersModel;
  const theirs = (opened.predict(tf.tensor(images, [2, ...shape])) as InstanceType<typeof tf.Tensor>).dataSync();
  expect(theirs.length).toBe(ours.length);
  return Math.max(...Array.from(ours, (p, i) => Math.abs(p - (theirs[i] as number))));
}

describe('stock TensorFlow.js, with the loader, and our engine agree on', () => {
  const functions: readonly (readonly [ActivationFn, object?])[] = [
    ['relu', { max: 2 }],
    ['leakyRelu', { alpha: 0.1 }],
    ['elu'],
    ['sigmoid'],
    ['tanh'],
    ['selu'],
    ['softplus'],
    ['softsign'],
    ['hardSigmoid'],
    ['swish'],
    ['gelu'],
  ];
  const models = [
    ...templateModels().filter((model) => model.layers[0]?.kind === 'input' && model.layers[0].shape[0] === 8),
    everyLayer(),
    encodedModel(),
    subtractModel(),
    ...functions.map(([fn, settings]) => activationModel(fn, settings)),
  ];
  for (const model of models) {
    it(model.name, async () => {
      expect(await largestDifference(model)).toBeLessThan(2e-5);
    });
  }

  it('a network whose activations lie on grids, and the rounding is really there', async () => {
    const model = createModel(
      {
        name: 'rounded',
        input: [8, 8, 1],
        classes: 10,
        rows: [
          { kind: 'conv2d', filters: 4, kernel: 3, stride: 1, padding: 'same', activation: 'relu', bias: true },
          { kind: 'flatten' },
          { kind: 'dense', units: 10, activation: 'linear', bias: true },
        ],
      },
      5,
    );
    const grid: GridValues = {
      kind: 'grid',
      bits: 3,
      qMin: 0,
      qMax: 7,
      scale: Float32Array.of(0.125),
      zeroPoint: Int32Array.of(0),
      axis: null,
      symmetric: false,
    };
    const rounded: Model = {
      ...model,
      activationGrids: { input_1: { ...grid, zeroPoint: Int32Array.of(2) }, conv2d_1: grid },
    };
    expect(await largestDifference(rounded)).toBeLessThan(2e-5);
    const open = async (one: Model) => {
      const opened = (await loader.loadWhittle(stock, packed(one))) as LayersModel;
      return (opened.predict(tf.tensor(numbers(64, 3), [1, 8, 8, 1])) as InstanceType<typeof tf.Tensor>).dataSync();
    };
    expect(Array.from(await open(rounded))).not.toEqual(Array.from(await open(model)));
  });
});

describe('the loader as a file', () => {
  it('is one module of some kB that can be named beside the model', () => {
    expect(text).not.toMatch(/\bimport\b/);
    expect(text).not.toMatch(/\beval\b|new Function/);
    expect(text.length).toBeLessThan(28_000);
    expect(gzipSync(text, { level: 9 }).length).toBeLessThan(11_000);
  });

  it('gives artifacts without TensorFlow.js too, and throws on damaged files', () => {
    const bytes = packed(encodedModel());
    const { weightSpecs, weightData } = loader.readWhittle(bytes);
    const values = weightSpecs.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
    expect(weightData.byteLength).toBe(4 * values);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 4;
    expect(() => loader.readWhittle(bytes)).toThrow('checksum');
    expect(() => loader.readWhittle(bytes.slice(0, 6))).toThrow();
  });
});

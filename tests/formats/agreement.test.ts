/**
 * The same file opened by stock TensorFlow.js and by us must answer alike: this is what holds the reader's and the
 * writer's understanding of every layer to somebody else's.
 */
import { describe, expect, it } from 'vitest';
import type { ActivationFn, Layer } from '#core/model/layers';
import type { Model } from '#core/model/model';
import { makeTensor } from '#core/model/tensor';
import { makeCpuBackend } from '#engine/backends/cpu';
import { borrowRunner } from '#engine/inference';
import { readFiles } from '#formats/index';
import { write } from '#formats/tfjs-layers/write';
import { readZip } from '#formats/zip';
import { MOBILENET_SHARD, mobilenetFiles } from '../fixtures/mobilenet';
import { encodedModel, everyLayer, modelOf, numbers, templateModels } from './models';
import { openWithStock, tf } from './stock';

const ACTIVATIONS: readonly ActivationFn[] = [
  'linear',
  'relu',
  'leakyRelu',
  'sigmoid',
  'tanh',
  'elu',
  'selu',
  'softplus',
  'softsign',
  'hardSigmoid',
  'swish',
  'gelu',
];

/** A dense layer with an activation, fused and alone. */
function activationModel(fn: ActivationFn): Model {
  const kernel = makeTensor(
    [6, 6],
    numbers(36, 2).map((x) => 3 * x),
  );
  const layers: Layer[] = [
    { kind: 'input', name: 'in', inputs: [], shape: [6] },
    { kind: 'dense', name: 'fused', inputs: ['in'], kernel: kernel.id, activation: { fn } },
    { kind: 'activation', name: 'alone', inputs: ['fused'], activation: { fn } },
    { kind: 'dense', name: 'out', inputs: ['alone'], kernel: kernel.id, activation: { fn: 'softmax' } },
  ];
  return modelOf(`activation ${fn}`, layers, [kernel]);
}

/** What only one of the two vocabularies has: subtraction, and upsampling with interpolation. */
function subtractModel(): Model {
  const kernel = makeTensor([2 * 4 * 6, 3], numbers(144, 4));
  const layers: Layer[] = [
    { kind: 'input', name: 'in', inputs: [], shape: [2, 4, 3] },
    { kind: 'activation', name: 'squashed', inputs: ['in'], activation: { fn: 'tanh' } },
    { kind: 'subtract', name: 'difference', inputs: ['in', 'squashed'] },
    { kind: 'concat', name: 'both', inputs: ['in', 'difference'] },
    { kind: 'flatten', name: 'flat', inputs: ['both'] },
    { kind: 'dense', name: 'out', inputs: ['flat'], kernel: kernel.id, activation: { fn: 'softmax' } },
  ];
  return modelOf('subtract', layers, [kernel]);
}

/** Log probabilities of our engine and of stock, on the same two images. */
async function bothAnswers(files: readonly { name: string; bytes: Uint8Array }[], shard: string, batch = 2) {
  const { model } = await readFiles(files);
  const input = model.layers.find(({ kind }) => kind === 'input');
  const shape = input?.kind === 'input' ? input.shape : [];
  const images = numbers(batch * shape.reduce((a, b) => a * b, 1), 9);
  const runner = await borrowRunner(await makeCpuBackend(), model, batch);
  const logits = await runner.run(images);
  const stock = await openWithStock(new Map(files.map(({ name, bytes }) => [name, bytes])), [shard]);
  const theirs = (stock.predict(tf.tensor(images, [batch, ...shape])) as InstanceType<typeof tf.Tensor>).dataSync();
  const ours = tf.softmax(tf.tensor(logits, [batch, runner.classes])).dataSync();
  return { ours, theirs };
}

describe('stock TensorFlow.js and our engine agree on', () => {
  const models = [
    ...templateModels().filter((model) => model.layers[0]?.kind === 'input' && model.layers[0].shape[0] === 8),
    everyLayer(),
    encodedModel(),
    subtractModel(),
    ...ACTIVATIONS.map(activationModel),
  ];
  for (const model of models) {
    it(model.name, async () => {
      const { bundle, fileName } = await write(model, { unsupportedGrids: 'float' });
      const files = [...(await readZip(bundle.get(fileName) as Uint8Array, fileName))].map(([name, bytes]) => ({
        name,
        bytes,
      }));
      const { ours, theirs } = await bothAnswers(files, 'group1-shard1of1.bin');
      expect(ours.length).toBe(theirs.length);
      const worst = Math.max(...Array.from(ours, (p, i) => Math.abs(p - (theirs[i] as number))));
      expect(worst).toBeLessThan(2e-5);
    });
  }

  it("nsfwjs' MobileNet v2", async () => {
    const { ours, theirs } = await bothAnswers(mobilenetFiles(), MOBILENET_SHARD, 1);
    const worst = Math.max(...Array.from(ours, (p, i) => Math.abs(p - (theirs[i] as number))));
    // Its grids are put on float32 scales, 1e-7 away, which 52 normalisations in a row make more of.
    expect(worst).toBeLessThan(5e-4);
  }, 120_000);
});

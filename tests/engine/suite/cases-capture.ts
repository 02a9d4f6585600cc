/** Looking inside a model: values and gradients worked out by hand, identities between them, and finite differences. */
import { createModel } from '#core/model/create';
import { tensorOf, withTensor } from '#core/model/edit';
import type { Layer, TensorRole } from '#core/model/layers';
import type { Model, Tensor } from '#core/model/model';
import { makeTensor } from '#core/model/tensor';
import type { CapturedBatch, CaptureRequest } from '#core/pass';
import type { Backend } from '#engine/backend';
import { capture } from '#engine/capture';
import type { Dataset } from '#engine/datasets/dataset';
import { evaluate } from '#engine/evaluate';
import { NETWORKS, tinyBars } from './cases-training';
import { assertClose, type Case } from './run';

const seed = 6;

/** Everything that was shown, copied. */
export async function captured(
  backend: Backend,
  model: Model,
  dataset: Dataset,
  request: CaptureRequest,
): Promise<readonly CapturedBatch[]> {
  const batches: CapturedBatch[] = [];
  const before = backend.counts().live;
  await capture(
    backend,
    model,
    dataset,
    request,
    ({ images, labels, values, gradients, weights }) => {
      batches.push({
        images,
        labels: labels.slice(),
        values: values.map((one) => one.slice()),
        gradients: gradients.map((one) => one.slice()),
        weights: new Map([...weights].map(([name, one]) => [name, one.slice()])),
      });
    },
    { seed },
  );
  if (backend.counts().live !== before) throw new Error('something was left over');
  return batches;
}

/** One image [1, 0.5] of class 0, and two dense layers: 2 -> 2 with ReLU, 2 -> 2. */
const one = (pixels: readonly number[], labels: readonly number[]) => ({
  count: labels.length,
  pixels: Uint8Array.from(pixels),
  labels: Uint8Array.from(labels),
});
const pair: Dataset = {
  id: 'pair',
  shape: [1, 2, 1],
  classes: ['a', 'b'].map((name) => ({ en: name, zh: name })),
  scale: 0.5,
  splits: { train: one([2, 1], [0]), validation: one([2, 1], [0]), test: one([2, 1], [0]) },
};
const first = makeTensor([2, 2], Float32Array.of(1, -1, 2, -3));
const second = makeTensor([2, 2], Float32Array.of(0.5, -0.5, 1, 1));
const twoLayers: Model = {
  name: 'Two layers',
  inputs: ['in'],
  outputs: ['d2'],
  layout: 'nhwc',
  meta: { source: 'test' },
  tensors: { [first.id]: first, [second.id]: second },
  layers: [
    { kind: 'input', name: 'in', inputs: [], shape: [2] },
    { kind: 'dense', name: 'd1', inputs: ['in'], kernel: first.id, activation: { fn: 'relu' } },
    { kind: 'dense', name: 'd2', inputs: ['d1'], kernel: second.id, activation: { fn: 'softmax' } },
  ],
};

const byHand: Case = {
  name: 'capture: values and gradients worked out by hand',
  async run(backend) {
    const taps = [
      { layer: 'd1', at: 'input' },
      { layer: 'd1', at: 'preactivation' },
      { layer: 'd1', at: 'output' },
      { layer: 'd2', at: 'output' },
    ] as const;
    const [batch] = await captured(backend, twoLayers, pair, { taps, images: 1, gradients: true });
    // x = [1, 0.5]; z = x W1 = [2, -2.5]; relu [2, 0]; logits [1, -1]; softmax [s, 1 - s], s = 1 / (1 + e^-2).
    const values = [
      [1, 0.5],
      [2, -2.5],
      [2, 0],
      [1, -1],
    ];
    const g = 1 / (1 + Math.exp(-2)) - 1; // d logits = [g, -g]; d relu = W2 d logits = [g, 0]; d z = [g, 0].
    const gradients = [
      [g, 2 * g],
      [g, 0],
      [g, 0],
      [g, -g],
    ];
    values.forEach((expected, i) => assertClose(batch?.values[i] as Float32Array, expected, 1e-5, `values ${i}`));
    gradients.forEach((expected, i) =>
      assertClose(batch?.gradients[i] as Float32Array, expected, 1e-5, `gradients ${i}`),
    );
    assertClose(batch?.weights.get('d1/kernel') as Float32Array, [g, 0, 0.5 * g, 0], 1e-5, 'd1');
    assertClose(batch?.weights.get('d2/kernel') as Float32Array, [2 * g, -2 * g, 0, 0], 1e-5, 'd2');
    assertClose(batch?.labels as Float32Array, [0], 0, 'labels');
  },
};

/** Moving statistics as training would leave them, so that they matter. */
function used(model: Model): Model {
  const shift = (role: TensorRole, change: (value: number, i: number) => number, from: Model): Model =>
    from.layers.reduce((made, layer) => {
      const tensor = layer.kind === 'batchNorm' ? tensorOf(made, layer, role) : null;
      return tensor ? withTensor(made, layer.name, role, makeTensor(tensor.shape, tensor.data.map(change))) : made;
    }, from);
  const means = shift('mean', (_, i) => 0.1 * i - 0.05, model);
  const variances = shift('variance', (_, i) => 0.4 + 0.3 * i, means);
  return shift(
    'beta',
    (_, i) => 0.3 - 0.1 * i,
    shift('gamma', (_, i) => 0.7 + 0.2 * i, variances),
  );
}

const againstDifferences: Case = {
  name: 'capture: gradients of tensors against finite differences of the loss',
  async run(backend, cpu) {
    const model = used(createModel(NETWORKS.residual, 4));
    const images = tinyBars.splits.train.count;
    const [batch] = await captured(backend, model, tinyBars, { taps: [], images, batch: images, gradients: true });
    const lossWith = async (layer: string, role: TensorRole, place: number, by: number): Promise<number> => {
      const tensor = tensorOf(model, model.layers.find(({ name }) => name === layer) as Layer, role) as Tensor;
      const data = tensor.data.slice();
      data[place] = (data[place] as number) + by;
      const changed = withTensor(model, layer, role, makeTensor(tensor.shape, data));
      return (await evaluate(cpu, { kind: 'model', model: changed }, tinyBars, 'train')).loss;
    };
    const h = 1e-2;
    for (const [name, gradient] of batch?.weights ?? []) {
      const [layer, role] = name.split('/') as [string, TensorRole];
      for (const place of new Set([0, gradient.length - 1])) {
        const slope = ((await lossWith(layer, role, place, h)) - (await lossWith(layer, role, place, -h))) / (2 * h);
        assertClose([gradient[place] as number], [slope], 2e-3, `${name} ${place}`);
      }
    }
    if (batch?.weights.size !== 8) throw new Error(`gradients of ${[...(batch?.weights.keys() ?? [])]}`);
  },
};

const consistent: Case = {
  name: 'capture: a layer’s gradients follow from its input and its preactivation’s gradient, in an unfinished batch too',
  async run(backend, cpu) {
    const model = used(createModel(NETWORKS.residual, 4));
    const layers = model.layers.filter(({ kind }) => kind === 'conv2d' || kind === 'dense').map(({ name }) => name);
    const taps = layers.flatMap((layer) =>
      (['input', 'preactivation', 'output'] as const).map((at) => ({ layer, at })),
    );
    const request = { taps, images: 13, batch: 8, gradients: true };
    const batches = await captured(backend, model, tinyBars, request);
    const expected = await captured(cpu, model, tinyBars, request);
    if (batches.map(({ images }) => images).join() !== '8,5') throw new Error('the batches are not 8 and 5 images');
    for (const [n, batch] of batches.entries()) {
      const own = expected[n] as CapturedBatch;
      batch.values.forEach((one, i) => assertClose(one, own.values[i] as Float32Array, 1e-4, `values of tap ${i}`));
      batch.gradients.forEach((one, i) => assertClose(one, own.gradients[i] as Float32Array, 1e-4, `gradient ${i}`));
      for (const [i, layer] of layers.entries()) {
        const dz = batch.gradients[3 * i + 1] as Float32Array;
        const bias = batch.weights.get(`${layer}/bias`) as Float32Array;
        const sums = Float64Array.from(bias, (_, c) => dz.reduce((s, v, k) => s + (k % bias.length === c ? v : 0), 0));
        assertClose(bias, sums, 1e-4, `${layer}/bias`);
      }
    }
    const dense = layers.at(-1) as string;
    const batch = batches[1] as CapturedBatch;
    const [x, dz] = [batch.values.at(-3) as Float32Array, batch.gradients.at(-2) as Float32Array];
    const features = x.length / batch.images;
    const kernel = Float64Array.from({ length: features * 3 }, (_, k) => {
      let sum = 0;
      for (let n = 0; n < batch.images; n++)
        sum += (x[n * features + Math.floor(k / 3)] as number) * (dz[n * 3 + (k % 3)] as number);
      return sum;
    });
    assertClose(batch.weights.get(`${dense}/kernel`) as Float32Array, kernel, 1e-4, 'dense kernel');
  },
};

export const captureCases: readonly Case[] = [byHand, againstDifferences, consistent];

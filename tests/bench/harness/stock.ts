/**
 * Stock TensorFlow.js as a page gets it from its published bundles: a Sequential model, `compile` with Adam, `fit` and
 * `predict`, nothing of ours. `fit` is told never to yield and not to shuffle, which is kind to it.
 */
import type * as TensorFlow from '@tensorflow/tfjs';
import { BATCH, fromBase64, LEARNING_RATE, type Network, type Sample } from './network';

declare const tf: typeof TensorFlow;

export interface Images {
  readonly pixels: Uint8Array;
  readonly labels: ArrayLike<number>;
}
const networks = new Map<string, Network>();
const models = new Map<string, TensorFlow.Sequential>();
let sample: Images = { pixels: new Uint8Array(), labels: [] };
let test: Images | undefined;

function build(network: Network): TensorFlow.Sequential {
  const model = tf.sequential();
  const floats = (text: string): Float32Array => new Float32Array(fromBase64(text).buffer);
  network.layers.forEach((layer, index) => {
    const first = index === 0 ? { inputShape: [28, 28, 1] } : {};
    if (layer.kind === 'maxPool') model.add(tf.layers.maxPooling2d({ poolSize: 2, strides: 2 }));
    else if (layer.kind === 'flatten') model.add(tf.layers.flatten(first));
    else {
      const units = layer.shape.at(-1) as number;
      const last = index === network.layers.length - 1;
      const activation = last ? 'softmax' : layer.relu ? 'relu' : 'linear';
      const kernelSize = layer.shape[0] as number;
      model.add(
        layer.kind === 'conv'
          ? tf.layers.conv2d({ ...first, filters: units, kernelSize, padding: layer.padding, activation })
          : tf.layers.dense({ ...first, units, activation }),
      );
      model.layers
        .at(-1)
        ?.setWeights([tf.tensor(floats(layer.kernel), [...layer.shape]), tf.tensor(floats(layer.bias), [units])]);
    }
  });
  model.compile({ optimizer: tf.train.adam(LEARNING_RATE, 0.9, 0.999, 1e-7), loss: 'categoricalCrossentropy' });
  return model;
}

/** A fresh model each time it is asked for its curve; afterwards the same one goes on. */
function modelOf(id: string, fresh: boolean): TensorFlow.Sequential {
  const known = models.get(id);
  if (known && !fresh) return known;
  known?.dispose();
  const network = networks.get(id);
  if (!network) throw new Error(`There is no network ${id}.`);
  const model = build(network);
  models.set(id, model);
  return model;
}

function tensors(
  { pixels, labels }: Images,
  from: number,
  count: number,
): { xs: TensorFlow.Tensor; ys: TensorFlow.Tensor } {
  const available = labels.length;
  const values = new Float32Array(count * 784);
  const classes = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const row = (from + i) % available;
    for (let p = 0; p < 784; p++) values[i * 784 + p] = (pixels[row * 784 + p] as number) / 255;
    classes[i] = labels[row] as number;
  }
  return {
    xs: tf.tensor(values, [count, 28, 28, 1]),
    ys: tf.tidy(() => tf.oneHot(tf.tensor1d(classes, 'int32'), 10).toFloat()),
  };
}

async function fit(model: TensorFlow.Sequential, steps: number, onBatchEnd?: (loss: number) => void): Promise<number> {
  const { xs, ys } = tensors(sample, 0, steps * BATCH);
  const callbacks = onBatchEnd
    ? { callbacks: { onBatchEnd: async (_: number, logs?: { loss?: number }) => onBatchEnd(logs?.loss ?? Number.NaN) } }
    : {};
  await Promise.all([xs.data(), ys.data()]);
  const begun = performance.now();
  await model.fit(xs, ys, {
    batchSize: BATCH,
    epochs: 1,
    shuffle: false,
    verbose: 0,
    yieldEvery: 'never',
    ...callbacks,
  });
  const milliseconds = performance.now() - begun;
  tf.dispose([xs, ys]);
  return milliseconds;
}

async function testImages(): Promise<Images> {
  const read = async (name: string): Promise<Uint8Array> => {
    const response = await fetch(`data/mnist/${name}.idx.gz`);
    const bytes = new Uint8Array(await response.arrayBuffer());
    if (bytes[0] !== 0x1f) return bytes;
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  };
  return { pixels: (await read('test-images')).subarray(16), labels: (await read('test-labels')).subarray(8) };
}

const stock = {
  /** Takes up a backend; its name with the adapter where that is known. */
  async start(backend: string): Promise<string> {
    if (!(await tf.setBackend(backend))) throw new Error(`TensorFlow.js could not start its backend ${backend}.`);
    await tf.ready();
    return `TensorFlow.js ${tf.version.tfjs} ${backend}`;
  },
  give(network: Network, images: Sample): void {
    networks.set(network.id, network);
    sample = { pixels: fromBase64(images.pixels), labels: images.labels };
  },
  async curve(id: string, steps: number, seconds: number): Promise<number[]> {
    const model = modelOf(id, true);
    const losses: number[] = [];
    const begun = performance.now();
    await fit(model, steps, (loss) => {
      losses.push(loss);
      if (losses.length >= 2 && performance.now() - begun > seconds * 1000) model.stopTraining = true;
    });
    return losses;
  },
  async train(id: string, seconds: number): Promise<number> {
    const model = modelOf(id, false);
    const one = await fit(model, 1);
    const steps = Math.max(1, Math.min(40, Math.round((seconds * 1000) / one)));
    // A step that alone fills the time is its own measurement.
    return (steps * BATCH * 1000) / (steps === 1 ? one : await fit(model, steps));
  },
  async infer(id: string, images: number): Promise<{ speed: number; correct: number }> {
    test ??= await testImages();
    const model = modelOf(id, false);
    const { xs, ys } = tensors(test, 0, images);
    await xs.data();
    const begun = performance.now();
    const output = model.predict(xs, { batchSize: 128 }) as TensorFlow.Tensor2D;
    const scores = await output.data();
    const milliseconds = performance.now() - begun;
    tf.dispose([xs, ys, output]);
    let correct = 0;
    for (let i = 0; i < images; i++) {
      const row = scores.subarray(i * 10, (i + 1) * 10);
      if (row.indexOf(Math.max(...row)) === test.labels[i]) correct++;
    }
    return { speed: (images * 1000) / milliseconds, correct };
  },
};
export type Stock = typeof stock;
Object.assign(globalThis, { stock });

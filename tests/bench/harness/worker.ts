/** The engine as the studio runs it: in a worker, on real MNIST, through `train` and `evaluate` and nothing shorter. */
import { createModel } from '#core/model/create';
import type { Layer } from '#core/model/layers';
import type { Model } from '#core/model/model';
import { ADAM, type Objective } from '#core/objective';
import { templateById } from '#core/templates';
import type { Backend } from '#engine/backend';
import { setVisible } from '#engine/backends/wasm/attention';
import { fillBatch, imageSize } from '#engine/batches';
import { breathe } from '#engine/breathe';
import type { Dataset } from '#engine/datasets/dataset';
import { LOADERS } from '#engine/datasets/index';
import { evaluate } from '#engine/evaluate';
import { rateAt } from '#engine/optimizers';
import { trainingPlan } from '#engine/plan';
import { train } from '#engine/train';
import { makeTrainControl } from '#engine/train-control';
import { narrowLenet } from '../recipes/networks';
import { BATCH, LEARNING_RATE, type Network, type NetworkLayer, type Sample, toBase64 } from './network';

export type BackendName = 'wasm' | 'cpu';

const FACTORIES = {
  wasm: async () => (await import('#engine/backends/wasm/backend')).makeWasmBackend(),
  cpu: async () => (await import('#engine/backends/cpu')).makeCpuBackend(),
};
// The bench is nobody's page: the engine may use every core.
setVisible(false);

const backends = new Map<BackendName, Promise<Backend>>();
const models = new Map<string, Model>();
let loaded: Promise<Dataset> | undefined;

function backendOf(name: BackendName): Promise<Backend> {
  const backend = backends.get(name) ?? FACTORIES[name]();
  backends.set(name, backend);
  return backend;
}
function mnist(): Promise<Dataset> {
  loaded ??= LOADERS.mnist({ base: new URL('../', self.location.href).href });
  return loaded;
}

function modelOf(id: string): Model {
  const model = models.get(id) ?? startOf(id);
  models.set(id, model);
  return model;
}
/** Of a template, or of LeNet-5 with other widths: "lenet-10-24-90". */
function startOf(id: string): Model {
  const template = templateById(id);
  if (template) return createModel(template.architecture([28, 28, 1], 10), 1);
  const [, first, second, units] = /^lenet-(\d+)-(\d+)-(\d+)$/.exec(id) ?? [];
  if (!units) throw new Error(`There is no template ${id}.`);
  return createModel(narrowLenet(Number(first), Number(second), Number(units)), 1);
}

function objectiveOf(model: Model): Objective {
  return {
    model,
    loss: [{ kind: 'crossEntropy', weight: 1 }],
    optimizer: ADAM,
    learningRate: LEARNING_RATE,
    schedule: { kind: 'constant' },
    epochs: 1000,
    batchSize: BATCH,
    seed: 1,
    l1: 0,
    l2: 0,
  };
}

/** Milliseconds within which threads come, or do not. */
const PATIENCE = 20_000;

/** Trains until the backend has the threads that it will have: they are started once there has been work for a while. */
async function settled(name: BackendName): Promise<Backend> {
  const backend = await backendOf(name);
  const begun = performance.now();
  const isWaiting = (): boolean => /up to/.test(backend.description) && performance.now() - begun < PATIENCE;
  if (!isWaiting()) return backend;
  const control = makeTrainControl();
  const between = async (): Promise<void> => {
    await breathe();
    if (!isWaiting()) control.stop();
  };
  await train(backend, objectiveOf(startOf('small-cnn')), await mnist(), { control, between, validate: false });
  return backend;
}

const questions = {
  /** How the backend calls itself, with the threads that it has from now on. */
  about: async (backend: BackendName): Promise<string> => (await settled(backend)).description,

  /** The network as its peers get it, after `steps` batches of training on wasm; from now on this is where it starts. */
  async network(id: string, steps: number): Promise<Network> {
    if (steps > 0) {
      const control = makeTrainControl();
      let left = steps;
      const between = async (): Promise<void> => {
        if (--left === 0) control.stop();
        await breathe();
      };
      const options = { control, between, validate: false };
      models.set(id, (await train(await backendOf('wasm'), objectiveOf(startOf(id)), await mnist(), options)).model);
    }
    const model = modelOf(id);
    return { id, layers: model.layers.flatMap((layer) => described(model, layer)) };
  },

  /** The first images of the training part. */
  async sample(count: number): Promise<Sample> {
    const data = await mnist();
    const { pixels, labels } = data.splits.train;
    return {
      pixels: toBase64(pixels.subarray(0, count * imageSize(data))),
      labels: Array.from(labels.subarray(0, count)),
    };
  },

  async curve(backend: BackendName, id: string, steps: number, seconds: number): Promise<number[]> {
    const data = await mnist();
    const objective = objectiveOf(modelOf(id));
    const plan = trainingPlan(objective, BATCH);
    const program = await (await backendOf(backend)).compile(plan.plan);
    for (const { slot, data: values } of plan.writes) program.write(slot, values);
    const pixels = new Float32Array(BATCH * imageSize(data));
    const labels = new Float32Array(BATCH);
    const losses: number[] = [];
    const begun = performance.now();
    while (losses.length < steps && (losses.length < 2 || performance.now() - begun < seconds * 1000)) {
      fillBatch(data, data.splits.train, (i) => losses.length * BATCH + i, BATCH, pixels, labels);
      program.write(plan.input, pixels);
      program.write(plan.labels, labels);
      program.write(plan.rate, Float32Array.of(rateAt(objective, losses.length, steps)));
      program.write(plan.sums, new Float32Array(3));
      program.run();
      const [loss, , weight] = (await program.read(plan.sums)) as unknown as [number, number, number];
      losses.push(loss / weight);
    }
    program.dispose();
    return losses;
  },

  /** Whole steps of the studio's own training loop: order, batches, updates, room for messages. Its first steps do not count. */
  async train(backend: BackendName, id: string, seconds: number): Promise<number> {
    const control = makeTrainControl();
    let steps = 0;
    let from: { time: number; step: number } | undefined;
    let speed = 0;
    const first = performance.now();
    const between = async (): Promise<void> => {
      await breathe();
      steps++;
      const now = performance.now();
      if (!from) {
        if (steps >= 10 || now - first > seconds * 300) from = { time: now, step: steps };
      } else {
        speed = ((steps - from.step) * BATCH * 1000) / (now - from.time);
        if (now - from.time > seconds * 1000) control.stop();
      }
    };
    const options = { control, between, validate: false };
    await train(await backendOf(backend), objectiveOf(modelOf(id)), await mnist(), options);
    return speed;
  },

  async infer(backend: BackendName, id: string, images: number): Promise<{ speed: number; correct: number }> {
    const data = await mnist();
    const engine = await backendOf(backend);
    const begun = performance.now();
    const seen = await evaluate(engine, { kind: 'model', model: modelOf(id) }, data, 'test', { images });
    const milliseconds = performance.now() - begun;
    return { speed: (seen.images * 1000) / milliseconds, correct: Math.round(seen.accuracy * seen.images) };
  },
};
export type Questions = typeof questions;

function described(model: Model, layer: Layer): NetworkLayer[] {
  const values = (id: string | undefined): string => {
    const tensor = id === undefined ? undefined : model.tensors[id];
    if (!tensor) throw new Error(`${layer.name} has no such weights.`);
    return toBase64(new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength));
  };
  switch (layer.kind) {
    case 'input':
      return [];
    case 'flatten':
      return [{ kind: 'flatten' }];
    case 'maxPool2d':
      return [{ kind: 'maxPool' }];
    case 'conv2d':
    case 'dense': {
      const shape = model.tensors[layer.kernel]?.shape ?? [];
      const relu = layer.activation.fn === 'relu';
      const weights = { kernel: values(layer.kernel), bias: values(layer.bias), shape, relu };
      if (layer.kind === 'dense') return [{ kind: 'dense', ...weights }];
      if (typeof layer.padding !== 'string') throw new Error('The peers have no padding in pixels.');
      return [{ kind: 'conv', padding: layer.padding, ...weights }];
    }
    default:
      throw new Error(`The peers have no ${layer.kind}.`);
  }
}

self.onmessage = async ({ data }: MessageEvent<{ id: number; name: keyof Questions; values: unknown[] }>) => {
  try {
    const answer = await (questions[data.name] as (...values: unknown[]) => Promise<unknown>)(...data.values);
    self.postMessage({ id: data.id, answer });
  } catch (error) {
    self.postMessage({ id: data.id, fault: error instanceof Error ? error.message : String(error) });
  }
};

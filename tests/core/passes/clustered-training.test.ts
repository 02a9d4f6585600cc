/** Clustered training: what is trained and how it is gathered, by hand; and that it goes further than sharing alone, measured. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countParameters } from '#core/metrics/size';
import { createModel } from '#core/model/create';
import type { Model } from '#core/model/model';
import { validateModel } from '#core/model/validate';
import type { Objective } from '#core/objective';
import type { PassContext, TrainHooks } from '#core/pass';
import { clusteredTraining } from '#core/passes/clustered-training';
import { fineTuning } from '#core/passes/fine-tuning';
import { magnitudePruning } from '#core/passes/magnitude-pruning';
import { weightSharing } from '#core/passes/weight-sharing';
import type { Backend } from '#engine/backend';
import { makeWasmBackend } from '#engine/backends/wasm/backend';
import { makeContext } from '#engine/context';
import { makeBars } from '../../engine/bars';
import { applyPass, denseModel, kernelOf, plainContext, tensor } from './helpers';

describe('weights that change clusters', () => {
  const weights = tensor([1, 4], [0, 1, 10, 13]);
  const model = denseModel(weights);
  it('are gathered first from the weights as they are, then from the float copies', async () => {
    const seen: { model: Model; objective: Objective }[] = [];
    const copies = [Float32Array.from([0, 1, 10, 13]), Float32Array.from([0, 8, 10, 12])];
    const context = plainContext(1, {
      train: async (objective, hooks) => {
        const { revise, every } = hooks as TrainHooks;
        expect(every).toBeLessThan(0.1);
        const first = await revise(objective.model, 0, () => copies[0] as Float32Array);
        expect([...kernelOf(first, 'd1').data]).toEqual([0.5, 0.5, 11.5, 11.5]);
        const second = await revise(first, 0.5, () => copies[1] as Float32Array);
        // 8 is nearer to 11.5: means are 0 and 10.
        expect([...kernelOf(second, 'd1').data]).toEqual([0, 10, 10, 10]);
        const third = await revise(second, 0.9, () => Float32Array.from([9, 9, 9, 9]));
        // A value that no weight is near stays.
        expect([...kernelOf(third, 'd1').data]).toEqual([9, 9, 9, 9]);
        expect(kernelOf(third, 'd1').encoding.values).toMatchObject({ centroids: Float32Array.from([0, 9]) });
        validateModel(third);
        seen.push({ model: third, objective });
        return second;
      },
    });
    const { report } = await applyPass(
      clusteredTraining,
      model,
      { clusters: 2, softWeight: 0.5, temperature: 2 },
      context,
    );
    const { objective } = seen[0] as { objective: Objective };
    expect(objective.reassign).toEqual(['d1']);
    expect(objective.model.tensors[weights.id]).toBeDefined();
    expect(objective.loss).toEqual([
      { kind: 'crossEntropy', weight: 0.5 },
      { kind: 'distillation', weight: 0.5, temperature: 2, teacher: { kind: 'model', model } },
    ]);
    expect(report.notes[0]?.en).toBe('1 weights (25.0 %) ended in another cluster than they began in.');
  });

  it('share one book over layers where that is asked for, and one for each channel', async () => {
    const two = denseModel(tensor([1, 2], [0, 10]), tensor([2, 2], [1, 11, 5, 100]));
    const revised = async (books: string, copies: Readonly<Record<string, readonly number[]>>): Promise<Model> => {
      let last = two;
      const context = plainContext(1, {
        train: async (objective, hooks) => {
          const { revise } = hooks as TrainHooks;
          const from = (of: Model) => (layer: string) => kernelOf(of, layer).data;
          last = await revise(objective.model, 0, from(objective.model));
          last = await revise(last, 0.5, (layer) => Float32Array.from(copies[layer] as readonly number[]));
          return last;
        },
      });
      await applyPass(clusteredTraining, two, { clusters: 2, books, start: 'density' }, context);
      validateModel(last);
      return last;
    };
    const network = await revised('network', { d1: [0, 10], d2: [2, 12, 4, 100] });
    expect(countParameters(network).distinct).toBe(2);
    expect([...kernelOf(network, 'd1').data]).toEqual([5.6, 5.6].map(Math.fround));
    expect([...kernelOf(network, 'd2').data]).toEqual([5.6, 5.6, 5.6, 100].map(Math.fround));
    const channel = await revised('channel', { d1: [1, 9], d2: [2, 12, 4, 90] });
    expect([...kernelOf(channel, 'd2').data]).toEqual([2, 12, 4, 90]);
    expect([...kernelOf(channel, 'd1').data]).toEqual([1, 9]);
  });
});

it('moves the books of channels apart where there is one layer only', async () => {
  const model = denseModel(tensor([2, 2], [0, 100, 10, 300]));
  let last = model;
  const context = plainContext(1, {
    train: async (objective, hooks) => {
      const { revise } = hooks as TrainHooks;
      last = await revise(objective.model, 0, () => kernelOf(objective.model, 'd1').data);
      last = await revise(last, 0.5, () => Float32Array.from([1, 110, 9, 280]));
      return last;
    },
  });
  await applyPass(clusteredTraining, model, { clusters: 2, books: 'channel' }, context);
  validateModel(last);
  expect([...kernelOf(last, 'd1').data]).toEqual([1, 110, 9, 280]);
  expect(kernelOf(last, 'd1').encoding.values).toMatchObject({
    books: { axis: 1, offsets: Int32Array.from([0, 2, 4]) },
  });
});

describe('clusters that stay', () => {
  it('begin where weight sharing ends; what is shared already keeps its codebook', async () => {
    const model = denseModel(tensor([1, 4], [1, 3, 11, 13]), tensor([4, 1], [1, 2, 3, 4]));
    const { model: shared } = await applyPass(weightSharing, model, { clusters: 3, layers: ['d2'] });
    const seen: Objective[] = [];
    const context = plainContext(1, {
      train: async (objective, hooks) => {
        expect(hooks).toBeUndefined();
        seen.push(objective);
        return objective.model;
      },
    });
    const { model: trained } = await applyPass(clusteredTraining, shared, { clusters: 2, way: 'together' }, context);
    expect([...kernelOf(trained, 'd1').data]).toEqual([2, 2, 12, 12]);
    expect(kernelOf(trained, 'd2')).toBe(kernelOf(shared, 'd2'));
    expect(seen[0]?.reassign).toBeUndefined();
  });
});

describe('trained on images', () => {
  const bars = makeBars({ train: 480, validation: 300, test: 30 });
  let backend: Backend;
  let trained: Model;
  let context: (seed?: number) => PassContext;
  beforeAll(async () => {
    backend = await makeWasmBackend();
    context = (seed = 1) =>
      makeContext({
        backend,
        dataset: bars,
        seed,
        signal: new AbortController().signal,
        progress: () => {},
        resolve: () => Promise.reject(new Error('no other model here')),
      });
    const start = createModel(
      {
        name: 'bars',
        input: [8, 8, 1],
        classes: 3,
        rows: [
          { kind: 'conv2d', filters: 6, kernel: 3, stride: 1, padding: 'same', activation: 'relu', bias: true },
          { kind: 'maxPool2d', size: 2, stride: 2, padding: 'valid' },
          { kind: 'flatten' },
          { kind: 'dense', units: 3, activation: 'linear', bias: true },
        ],
      },
      3,
    );
    trained = (await applyPass(fineTuning, start, { epochs: 6, batchSize: 16, learningRate: 0.01 }, context())).model;
  });
  afterAll(() => backend.dispose());
  const loss = async (model: Model): Promise<number> => {
    let sum = 0;
    const layer = model.outputs[0] as string;
    await context().capture(model, { taps: [{ layer, at: 'output' }], images: 480 }, ({ values: [logits], labels }) => {
      for (const [i, label] of labels.entries()) {
        const own = (logits as Float32Array).subarray(i * 3, i * 3 + 3);
        sum += Math.log(own.reduce((total, z) => total + Math.exp(z), 0)) - (own[label] as number);
      }
    });
    return sum / 480;
  };

  it.each(['layer', 'channel', 'network'])(
    'with a codebook for each %s, beats sharing alone, and keeps masks',
    async (books) => {
      const { model: pruned } = await applyPass(
        magnitudePruning,
        trained,
        { sparsity: 0.4, scope: 'layer' },
        context(),
      );
      const { model: shared } = await applyPass(weightSharing, pruned, { clusters: 2, books }, context());
      const alone = await loss(shared);
      for (const way of ['anew', 'together']) {
        const values = { clusters: 2, books, way, epochs: 4, batchSize: 16, learningRate: 0.01, softWeight: 0.5 };
        const { model: better } = await applyPass(clusteredTraining, pruned, values, context());
        validateModel(better);
        expect(await loss(better), way).toBeLessThan(alone);
        for (const name of ['conv2d_1', 'dense_1']) {
          const { encoding } = kernelOf(better, name);
          expect(encoding.mask).toEqual(kernelOf(pruned, name).encoding.mask);
          expect(encoding.values.kind).toBe('codebook');
          const { centroids } = encoding.values as { centroids: Float32Array };
          const columns = kernelOf(better, name).shape.at(-1) as number;
          expect(centroids.length).toBeLessThanOrEqual(books === 'channel' ? 2 * columns : 2);
        }
        if (books === 'network' && way === 'anew') expect(countParameters(better).distinct).toBeLessThanOrEqual(3);
      }
    },
  );
});

/**
 * Pruning where people use it: on networks trained on the 8 x 8 digits. What is ranked by data beats the lot by a wide margin at
 * the same sparsity, shares by sensitivity beat one ranking, measured normalisation mends, and small steps beat one cut.
 */
import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countParameters } from '#core/metrics/size';
import { channelGroups, cutChannels } from '#core/model/channels';
import { createModel } from '#core/model/create';
import type { Model } from '#core/model/model';
import { seededRandom, shuffledIndices } from '#core/numeric/random';
import { ADAM } from '#core/objective';
import type { Values } from '#core/params';
import type { Pass, PassContext } from '#core/pass';
import { activationPruning } from '#core/passes/activation-pruning';
import { batchNormStatistics } from '#core/passes/batch-norm-statistics';
import { channelPruning } from '#core/passes/channel-pruning';
import { gradualChannelPruning } from '#core/passes/gradual-channel-pruning';
import { gradualPruning } from '#core/passes/gradual-pruning';
import { hebbianPruning } from '#core/passes/hebbian-pruning';
import { lampPruning } from '#core/passes/lamp-pruning';
import { magnitudePruning } from '#core/passes/magnitude-pruning';
import { networkSurgery } from '#core/passes/network-surgery';
import { randomPruning } from '#core/passes/random-pruning';
import { snipPruning } from '#core/passes/snip-pruning';
import { taylorPruning } from '#core/passes/taylor-pruning';
import { wandaPruning } from '#core/passes/wanda-pruning';
import { TEMPLATES } from '#core/templates';
import type { Backend } from '#engine/backend';
import { makeWasmBackend } from '#engine/backends/wasm/backend';
import { makeContext } from '#engine/context';
import type { Dataset } from '#engine/datasets/dataset';
import { readDigits } from '#engine/datasets/digits';
import { evaluate } from '#engine/evaluate';
import { train } from '#engine/train';
import { applyPass } from './helpers';

let backend: Backend;
let digits: Dataset;
const trained = new Map<string, Model>();
beforeAll(async () => {
  backend = await makeWasmBackend();
  digits = readDigits(gunzipSync(await readFile('public/data/digits/digits.csv.gz')).toString());
  for (const id of ['lenet-5', 'lenet-300-100', 'small-resnet']) trained.set(id, await trainedOn(id));
}, 120_000);
afterAll(() => backend.dispose());

async function trainedOn(id: string): Promise<Model> {
  const template = TEMPLATES.find((one) => one.id === id) as (typeof TEMPLATES)[number];
  const { model } = await train(
    backend,
    {
      model: createModel(template.architecture([8, 8, 1], 10), 1),
      loss: [{ kind: 'crossEntropy', weight: 1 }],
      optimizer: ADAM,
      learningRate: 0.003,
      schedule: { kind: 'cosine' },
      epochs: 8,
      batchSize: 32,
      seed: 3,
      l1: 0,
      l2: 0,
    },
    digits,
    { validate: false },
  );
  return model;
}

function contextOf(seed = 1): PassContext {
  return makeContext({
    backend,
    dataset: digits,
    seed,
    signal: new AbortController().signal,
    progress: () => {},
    resolve: () => Promise.reject(new Error('no other model here')),
  });
}
/** On the test images, which nothing here has seen. */
const accuracy = async (model: Model): Promise<number> =>
  (await evaluate(backend, { kind: 'model', model }, digits, 'test')).accuracy;
const after = async (pass: Pass, id: string, values: Values, seed = 1): Promise<Model> =>
  (await applyPass(pass, trained.get(id) as Model, values, contextOf(seed))).model;
const mean = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length;

describe('half of the weights of a trained network, chosen by', () => {
  const values = { sparsity: 0.5, scope: 'layer' };
  let random = 1;
  beforeAll(async () => {
    const draws: number[] = [];
    for (const seed of [1, 2, 3]) draws.push(await accuracy(await after(randomPruning, 'lenet-5', values, seed)));
    random = mean(draws);
    expect(await accuracy(trained.get('lenet-5') as Model)).toBeGreaterThan(0.95);
  });

  it.each([
    ['input', wandaPruning, { scope: 'output' }],
    ['gradient', taylorPruning, {}],
    ['one batch', snipPruning, {}],
    ['activation', activationPruning, {}],
    ['share of zeros', activationPruning, { measure: 'apoz' }],
    ['correlation', hebbianPruning, {}],
    ['covariance', hebbianPruning, { form: 'covariance' }],
  ] as const)('%s, cost far less than half chosen by lot', async (_name, pass, changes) => {
    expect(await accuracy(await after(pass, 'lenet-5', { ...values, ...changes }))).toBeGreaterThan(random + 0.1);
  });
});

describe('channels of a trained network, chosen by', () => {
  let random = 1;
  beforeAll(async () => {
    const model = trained.get('lenet-300-100') as Model;
    const groups = channelGroups(model).filter(({ prunable }) => prunable);
    const draws: number[] = [];
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      const lot = seededRandom(seed);
      const keep = groups.map(({ id, count }) => {
        return [id, [...shuffledIndices(count, lot).slice(0, Math.round(0.7 * count))]] as const;
      });
      draws.push(await accuracy(cutChannels(model, new Map(keep))));
    }
    random = mean(draws);
  });

  it.each(['l1', 'l2', 'median', 'taylor-activations', 'taylor-weights', 'apoz', 'hebbian'])(
    '%s, cost less than as many chosen by lot',
    async (importance) => {
      const chosen = await after(channelPruning, 'lenet-300-100', { importance, kept: 0.7, scope: 'layer' });
      expect(await accuracy(chosen)).toBeGreaterThan(random + 0.02);
    },
  );
});

it('holds accuracy where shares follow sensitivity and one ranking of all weights does not', async () => {
  const global = await accuracy(await after(magnitudePruning, 'lenet-5', { sparsity: 0.9 }));
  const spread = await accuracy(await after(magnitudePruning, 'lenet-5', { sparsity: 0.9, scope: 'sensitivity' }));
  expect(spread).toBeGreaterThan(global + 0.2);
  const values = { sparsity: 0.9, importance: 'magnitude', epochs: 2 };
  const gradual = await accuracy(await after(gradualPruning, 'lenet-5', values));
  const shared = await accuracy(await after(gradualPruning, 'lenet-5', { ...values, scope: 'sensitivity' }));
  expect(shared).toBeGreaterThan(gradual + 0.2);
});

it('wins accuracy back by measuring batch normalisation anew', async () => {
  const cut = await after(channelPruning, 'small-resnet', { norms: false, kept: 0.7, scope: 'layer' });
  const { model: measured } = await applyPass(batchNormStatistics, cut, {}, contextOf());
  expect(await accuracy(measured)).toBeGreaterThan((await accuracy(cut)) + 0.1);
  const together = await after(channelPruning, 'small-resnet', { kept: 0.7, scope: 'layer', norms: true });
  expect(await accuracy(together)).toBeGreaterThan((await accuracy(cut)) + 0.1);
});

it('loses less in many small steps than in one, and less in one step with training than without', async () => {
  const values = { sparsity: 0.97, epochs: 6 };
  const [steps, once, untrained] = [
    await accuracy(await after(gradualPruning, 'lenet-300-100', values)),
    await accuracy(await after(gradualPruning, 'lenet-300-100', { ...values, schedule: 'once' })),
    await accuracy(await after(lampPruning, 'lenet-300-100', { sparsity: 0.97 })),
  ];
  expect(steps).toBeGreaterThan(once + 0.03);
  expect(once).toBeGreaterThan(untrained + 0.2);
}, 60_000);

it('keeps more in narrow layers when it narrows them in rounds', async () => {
  const values = { kept: 0.1, epochs: 6 };
  const rounds = await after(gradualChannelPruning, 'lenet-300-100', values);
  const untrained = await after(channelPruning, 'lenet-300-100', { ...values, scope: 'layer' });
  expect(countParameters(rounds).parameters).toBe(countParameters(untrained).parameters);
  expect(await accuracy(rounds)).toBeGreaterThan((await accuracy(untrained)) + 0.2);
}, 60_000);

it('lets weights come back in surgery, and trains what stays', async () => {
  const model = trained.get('lenet-300-100') as Model;
  const { model: cut, report } = await applyPass(networkSurgery, model, { sparsity: 0.95, epochs: 6 }, contextOf());
  expect(Number(/; (\d+) times/.exec(report.notes[0]?.en ?? '')?.[1])).toBeGreaterThan(0);
  const untrained = await after(lampPruning, 'lenet-300-100', { sparsity: 0.95 });
  expect(await accuracy(cut)).toBeGreaterThan((await accuracy(untrained)) + 0.2);
}, 60_000);

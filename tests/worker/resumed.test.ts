/** Methods that revise the model while it trains go on where they were cut short, through files, to the same bytes. */
import { beforeAll, describe, expect, it } from 'vitest';
import { modelId } from '#core/model/hash';
import type { Model } from '#core/model/model';
import type { Values } from '#core/params';
import { PASSES, passById } from '#core/passes/index';
import { type RecipeStep, runRecipe } from '#core/recipe';
import type { Backend } from '#engine/backend';
import { makeWasmBackendWith } from '#engine/backends/wasm/backend';
import type { Checkpoint } from '#engine/checkpoint';
import { makeContext } from '#engine/context';
import { memoryFiles } from '#worker/vault/files';
import { makeRunKeeper } from '#worker/vault/run';
import { IMAGES, MODELS } from '../core/passes/models';

const short = { epochs: 8, batchSize: 8, learningRate: 0.01 };
const CASES: readonly (readonly [string, string, Values])[] = [
  ['gradual-pruning', 'in rounds', { sparsity: 0.8, rounds: 4, part: 0.8 }],
  ['gradual-pruning', 'by gradients', { sparsity: 0.8, rounds: 3, importance: 'taylor' }],
  ['network-surgery', 'with weights that come back', { sparsity: 0.7, rounds: 5, part: 0.8 }],
  ['clustered-training', 'with weights that change clusters', { clusters: 4 }],
  ['clustered-training', 'with a codebook a channel', { clusters: 4, books: 'channel' }],
  [
    'quantization-aware-training',
    'with steps that follow',
    { steps: 'following', activations: 'float', weightBits: 3 },
  ],
];

let backend: Backend;
beforeAll(async () => {
  backend = await makeWasmBackendWith(null);
});

async function run(
  step: RecipeStep,
  model: Model,
  checkpoints: { readonly from?: Checkpoint; readonly onCheckpoint?: (one: Checkpoint) => void },
): Promise<Model> {
  const result = await runRecipe(
    model,
    { version: 1, seed: 5, steps: [step] },
    (_index, seed) =>
      makeContext({
        backend,
        dataset: IMAGES,
        seed,
        signal: new AbortController().signal,
        progress: () => undefined,
        resolve: () => Promise.reject(new Error('no other model here')),
        checkpoints: { ...checkpoints, checkpointEvery: 0 },
      }),
    PASSES,
  );
  return result.model;
}

/** As the next worker reads it. */
async function kept(checkpoint: Checkpoint): Promise<Checkpoint> {
  const files = memoryFiles();
  makeRunKeeper<null>(files).keep({ facts: null, checkpoint });
  await expect.poll(() => makeRunKeeper<null>(files).read()).not.toBeNull();
  return (await makeRunKeeper<null>(files).read())?.checkpoint as Checkpoint;
}

describe.each(CASES)('%s %s', (pass, _how, values) => {
  it('ends in the same model, wherever it was cut short', async () => {
    expect(passById(pass)).toBeDefined();
    const step: RecipeStep = { pass, values: { ...values, ...short } };
    const [model] = Object.values(MODELS) as [Model];
    const checkpoints: Checkpoint[] = [];
    const whole = await run(step, model, {
      onCheckpoint: (one) => checkpoints.push({ ...one, values: one.values.map((each) => each.slice()) }),
    });
    expect(checkpoints.length).toBeGreaterThan(6);
    for (const share of [0.2, 0.5, 0.9]) {
      const from = checkpoints[Math.floor(share * checkpoints.length)] as Checkpoint;
      expect(from.revised).toBeDefined();
      expect(modelId(await run(step, model, { from: await kept(from) }))).toBe(modelId(whole));
    }
    // What the hooks left and remember counts: from the first model with the last values the end is another, or begins again.
    const late = checkpoints[Math.floor(0.9 * checkpoints.length)] as Checkpoint;
    const steps: number[] = [];
    const { revised: _, ...bare } = late;
    await run(step, model, { from: bare, onCheckpoint: ({ step: at }) => steps.push(at) });
    expect(steps[0]).toBe(1);
  });
});

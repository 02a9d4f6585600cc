/** Fine-tuning hands the engine exactly one objective; what the engine does with it is the contract test's business. */
import { expect, it } from 'vitest';
import { ADAM, type Objective } from '#core/objective';
import { fineTuning } from '#core/passes/fine-tuning';
import { applyPass, denseModel, plainContext, sketchPass, tensor } from './helpers';

const model = denseModel(tensor([2, 2], [1, 2, 3, 4]));

it('trains the whole model on the labels with the values given', async () => {
  const seen: Objective[] = [];
  const trained = denseModel(tensor([2, 2], [5, 6, 7, 8]));
  const train = async (objective: Objective) => {
    seen.push(objective);
    return trained;
  };
  const run = (values = {}) => applyPass(fineTuning, model, values, plainContext(4, { train }));
  expect((await run({ epochs: 3, learningRate: 0.01, batchSize: 16.4, optimizer: 'momentum' })).model).toBe(trained);
  await run();
  expect(seen[0]).toMatchObject({
    model,
    loss: [{ kind: 'crossEntropy', weight: 1 }],
    optimizer: { kind: 'momentum', momentum: 0.9 },
    learningRate: 0.01,
    epochs: 3,
    batchSize: 16,
    l1: 0,
    l2: 0,
  });
  expect(seen[1]).toMatchObject({
    optimizer: ADAM,
    epochs: 5,
    learningRate: 0.002,
    batchSize: 32,
    schedule: { kind: 'cosine' },
  });
  expect(seen[0]?.frozen).toBeUndefined();
  expect(Number.isSafeInteger(seen[0]?.seed)).toBe(true);
  expect(seen[1]?.seed).toBe(seen[0]?.seed);
});

it('asks for smoothed labels, moved images and channels near zero only where told to', async () => {
  const seen: Objective[] = [];
  const train = async (objective: Objective) => {
    seen.push(objective);
    return model;
  };
  const run = (values = {}) => applyPass(fineTuning, model, values, plainContext(4, { train }));
  await run();
  await run({ shift: 2, labelSmoothing: 0.1, groupLasso: 0.0005 });
  expect(seen[0]).not.toHaveProperty('augment');
  expect(seen[0]).not.toHaveProperty('groupLasso');
  expect(seen[1]).toMatchObject({
    loss: [{ kind: 'crossEntropy', weight: 1, labelSmoothing: 0.1 }],
    augment: { shift: 2 },
    groupLasso: 0.0005,
  });
});

it('keeps the structure while sliding', async () => {
  expect(await sketchPass(fineTuning, model)).toBe(model);
});

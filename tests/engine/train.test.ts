/** The whole thread on the cpu backend: train, evaluate, stop, diverge, and the same bytes for the same seed. */
import { describe, expect, it } from 'vitest';
import type { Architecture } from '#core/architecture';
import { createModel } from '#core/model/create';
import { ADAM, type Objective } from '#core/objective';
import { makeCpuBackend } from '#engine/backends/cpu';
import { EngineError } from '#engine/errors';
import { evaluate } from '#engine/evaluate';
import { type TrainProgress, train } from '#engine/train';
import { makeTrainControl } from '#engine/train-control';
import { makeBars } from './bars';

const ARCHITECTURE: Architecture = {
  name: 'Tiny',
  input: [8, 8, 1],
  classes: 3,
  rows: [
    { kind: 'conv2d', filters: 4, kernel: 3, stride: 1, padding: 'same', activation: 'relu', bias: true },
    { kind: 'batchNorm' },
    { kind: 'maxPool2d', size: 2, stride: 2, padding: 'valid' },
    { kind: 'flatten' },
    { kind: 'dropout', rate: 0.1 },
    { kind: 'dense', units: 3, activation: 'linear', bias: true },
  ],
};
const bars = makeBars({ train: 320, validation: 90, test: 90 });
const objective = (change: Partial<Objective> = {}): Objective => ({
  model: createModel(ARCHITECTURE, 1),
  loss: [{ kind: 'crossEntropy', weight: 1 }],
  optimizer: ADAM,
  learningRate: 0.01,
  schedule: { kind: 'constant' },
  epochs: 4,
  batchSize: 32,
  seed: 7,
  l1: 0,
  l2: 0,
  ...change,
});

describe('training on the cpu backend', () => {
  it('learns the bars and reports on the way', async () => {
    const backend = await makeCpuBackend();
    const seen: TrainProgress[] = [];
    const before = await evaluate(backend, { kind: 'model', model: objective().model }, bars, 'test');
    const outcome = await train(backend, objective({ epochs: 10 }), bars, {
      onProgress: (progress) => seen.push(progress),
    });
    const after = await evaluate(backend, { kind: 'model', model: outcome.model }, bars, 'test');
    expect(outcome).toMatchObject({ stopped: false, steps: 100 });
    expect(after.accuracy).toBeGreaterThan(0.95);
    expect(after.accuracy).toBeGreaterThan(before.accuracy);
    expect(after.loss).toBeLessThan(before.loss / 2);
    expect(seen.at(-1)?.point).toMatchObject({ step: 100, epoch: 10, validationImages: 90 });
    expect(seen.at(-1)?.totalSteps).toBe(100);
    expect(seen.at(-1)?.imagesPerSecond).toBeGreaterThan(0);
  });

  it('gives the same bytes for the same seed, whatever is watched', async () => {
    const backend = await makeCpuBackend();
    const once = await train(backend, objective({ epochs: 1 }), bars, { reportEvery: 0 });
    const again = await train(backend, objective({ epochs: 1 }), bars, { validate: false });
    const other = await train(backend, objective({ epochs: 1, seed: 8 }), bars, { validate: false });
    expect(Object.keys(again.model.tensors)).toEqual(Object.keys(once.model.tensors));
    expect(Object.keys(other.model.tensors)).not.toEqual(Object.keys(once.model.tensors));
  });

  it('says what to do when training runs away', async () => {
    const backend = await makeCpuBackend();
    const run = train(backend, objective({ learningRate: 1e30, optimizer: { kind: 'sgd' } }), bars);
    await expect(run).rejects.toThrow(EngineError);
    await expect(run).rejects.toThrow(/learning rate/);
  });

  it('does one batch at a time when paused, and stops', async () => {
    const backend = await makeCpuBackend();
    const control = makeTrainControl(true);
    const steps: number[] = [];
    const run = train(backend, objective(), bars, {
      control,
      onProgress: ({ point, state }) => {
        steps.push(point.step);
        expect(state).toBe('paused');
        if (point.step < 3) control.step();
        else control.stop();
      },
    });
    control.step();
    expect(await run).toMatchObject({ stopped: true, steps: 3 });
    expect(steps).toEqual([1, 2, 3]);
  });

  it('can be aborted while paused', async () => {
    const backend = await makeCpuBackend();
    const abort = new AbortController();
    const run = train(backend, objective(), bars, { control: makeTrainControl(true), signal: abort.signal });
    setTimeout(() => abort.abort(), 20);
    await expect(run).rejects.toThrow(/abort/i);
  });
});

/** Looking into a layer through the worker: by a slider's step, by a finished model, and only the latest question. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Calls, ModelId } from '#worker/protocol';
import { makeSetting, type Setting } from './setting';

let setting: Setting;
let model: ModelId;

beforeAll(async () => {
  setting = makeSetting();
  const made = await setting.call('create', {
    architecture: {
      name: 'Tiny',
      input: [8, 8, 1],
      classes: 10,
      rows: [
        { kind: 'conv2d', filters: 4, kernel: 3, stride: 2, padding: 'same', activation: 'relu', bias: true },
        { kind: 'flatten' },
        { kind: 'dense', units: 16, activation: 'relu', bias: true },
        { kind: 'dense', units: 10, activation: 'linear', bias: true },
      ],
    },
    seed: 1,
  });
  model = made.id;
});

const byStep = (
  pass: string,
  values: Readonly<Record<string, number | string>>,
): Calls['inspect']['request']['by'] => ({
  kind: 'step',
  step: { pass, values },
  dataset: null,
  seed: 1,
  parents: {},
});
const inspect = (by: Calls['inspect']['request']['by'], layer: string | null = null) =>
  setting.call('inspect', { model, layer, by });

describe('inspect', () => {
  it('shows the layer with most weights, after the step, as the preview counts it', async () => {
    const step = { pass: 'magnitude-pruning', values: { sparsity: 0.75 } };
    const asked = { model, dataset: null, step, seed: 1, parents: {} };
    const { nonZero, parameters } = await setting.call('preview', { ...asked, rest: true });
    const { inspection, layers, sketch } = await inspect(byStep(step.pass, step.values));
    let zeros = 0;
    for (const layer of layers)
      zeros += (await inspect(byStep(step.pass, step.values), layer)).inspection?.after?.zeros ?? 0;
    expect(zeros).toBe(Math.round(0.75 * (36 + 1024 + 160)));
    // Biases start at 0.
    expect(parameters - nonZero).toBe(zeros + 4 + 16 + 10);
    expect([layers.length, sketch, inspection?.layer, inspection?.before.weights]).toEqual([3, false, layers[1], 1024]);
    expect(inspection?.change?.smallestFirst).toBe(true);
  });

  it('of a pass that trains shows the sketch, and says so', async () => {
    const { sketch, inspection } = await inspect(byStep('fine-tuning', {}));
    expect([sketch, inspection?.change?.moved]).toEqual([true, 0]);
  });

  it('compares a finished model with the one that it was made from', async () => {
    const recipe = { version: 1, seed: 1, steps: [{ pass: 'weight-sharing', values: { clusters: 4 } }] } as const;
    const made = await setting.call('apply', { model, dataset: null, recipe, name: 'four', parents: {} });
    const asked = { model: made.model.id, layer: null, by: { kind: 'model', before: model } } as const;
    const first = await setting.call('inspect', asked);
    expect(first.inspection?.after).toMatchObject({ distinct: 4, levels: { kind: 'codebook', count: 4 } });
    expect(await setting.call('inspect', asked)).toEqual(first);
  });

  it('answers the latest question only', async () => {
    const older = inspect(byStep('weight-quantization', { bits: 2 }));
    const newer = inspect(byStep('weight-quantization', { bits: 3 }));
    await expect(older).rejects.toMatchObject({ code: 'aborted' });
    expect((await newer).inspection?.after?.levels?.count).toBe(7);
  });

  it('passes on why a step cannot be', async () => {
    await expect(inspect(byStep('no-such-method', {}))).rejects.toMatchObject({
      words: { en: expect.stringContaining('no-such-method') },
    });
  });
});

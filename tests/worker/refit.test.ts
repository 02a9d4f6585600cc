/** Models made anew on some training images: what is done to the others changes nothing, whatever the recipe looks at. */
import { describe, expect, it } from 'vitest';
import type { Architecture } from '#core/architecture';
import { createModel } from '#core/model/create';
import { modelId } from '#core/model/hash';
import { ADAM } from '#core/objective';
import { makeCpuBackend } from '#engine/backends/cpu';
import type { Dataset } from '#engine/datasets/dataset';
import type { TrainSettings } from '#worker/protocol';
import type { Origin } from '#worker/protocol-ensembles';
import { type RefitOptions, refitModel, withRows } from '#worker/refit';
import { memoryFiles } from '#worker/vault/files';
import { openVault } from '#worker/vault/vault';
import { makeBars } from '../engine/bars';

const bars = makeBars({ train: 60, validation: 30, test: 30 });
const architecture: Architecture = {
  name: 'Tiny',
  input: [8, 8, 1],
  classes: 3,
  rows: [
    { kind: 'flatten' },
    { kind: 'dense', units: 8, activation: 'relu', bias: true },
    { kind: 'dense', units: 3, activation: 'linear', bias: true },
  ],
};
const settings: TrainSettings = {
  optimizer: ADAM,
  learningRate: 0.01,
  schedule: { kind: 'constant' },
  batchSize: 16,
  epochs: 1,
  seed: 3,
  l1: 0,
  l2: 0,
  dropout: null,
};
const vault = await openVault(memoryFiles(), { cacheBytes: 1e9, onFailure: () => undefined });
const start = await vault.put(createModel(architecture, 1));
const step = (pass: string, values = {}) => ({ pass, values, seed: 5 });
const trained: Extract<Origin, { kind: 'model' }> = { kind: 'model', start, steps: [{ kind: 'trained', settings }] };
const options = async (some: Partial<RefitOptions> = {}): Promise<RefitOptions> => ({
  backend: await makeCpuBackend(),
  vault,
  signal: new AbortController().signal,
  between: async () => undefined,
  onTrain: () => undefined,
  progress: () => undefined,
  ...some,
});
/** Everything the recipe of a model may look at: images (calibration), labels, and a teacher that has seen them too. */
const full: typeof trained = {
  ...trained,
  steps: [
    ...trained.steps,
    {
      kind: 'recipe',
      recipe: {
        version: 1,
        seed: 1,
        steps: [step('wanda-pruning'), step('distillation', { teacher: 'teacher', student: 'same', epochs: 1 })],
      },
      teachers: {
        teacher: { kind: 'combined', way: 'stacking', values: {}, members: [trained, { ...trained, steps: [] }] },
      },
    },
  ],
};
const rows = Uint32Array.from({ length: 45 }, (_, i) => i);
/** Other pixels and labels outside the rows. */
function spoilt(): Dataset {
  const { train } = bars.splits;
  const [pixels, labels] = [train.pixels.slice(), train.labels.slice()];
  pixels.fill(77, 45 * 64);
  labels.fill(0, 45);
  return { ...bars, splits: { ...bars.splits, train: { ...train, pixels, labels } } };
}

describe('a model made anew', () => {
  it('sees its rows only: its steps, their calibration and its teacher', async () => {
    const ways = await options();
    const one = await refitModel(full, withRows(bars, rows), 1, ways);
    const other = await refitModel(full, withRows(spoilt(), rows), 1, ways);
    expect(modelId(other)).toBe(modelId(one));
    // The same on all rows does see the others.
    const all = await refitModel(full, bars, 1, ways);
    expect(modelId(await refitModel(full, spoilt(), 1, ways))).not.toBe(modelId(all));
  }, 60_000);

  it('follows from its seed, keeps its structure, and tells how far it is', async () => {
    const seen: number[] = [];
    const ways = await options({ progress: (done) => seen.push(done) });
    const one = await refitModel(full, bars, 1, ways);
    expect(seen.at(-1)).toBe(1);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect(modelId(await refitModel(trained, bars, 2, ways))).not.toBe(
      modelId(await refitModel(trained, bars, 1, ways)),
    );
    expect(one.layers.map(({ kind }) => kind)).toEqual(createModel(architecture, 1).layers.map(({ kind }) => kind));
    expect(Object.values(one.tensors).some(({ encoding }) => encoding.mask)).toBe(true);
  }, 60_000);

  it('cannot be made with a teacher of unknown origin', async () => {
    const [, recipe] = full.steps as [unknown, (typeof full.steps)[number]];
    const unknown = { ...full, steps: [{ ...recipe, teachers: { teacher: null } } as (typeof full.steps)[number]] };
    await expect(refitModel(unknown, bars, 1, await options())).rejects.toMatchObject({
      words: { en: expect.stringContaining('Nobody knows') },
    });
  });
});

/** Models made anew on some training images: what is done to the others changes nothing, whatever the recipe looks at. */
import { describe, expect, it } from 'vitest';
import type { Architecture } from '#core/architecture';
import { createModel } from '#core/model/create';
import { modelId } from '#core/model/hash';
import { predictorId } from '#core/predictor-id';
import { makeCpuBackend } from '#engine/backends/cpu';
import type { Dataset } from '#engine/datasets/dataset';
import type { TrainSettings } from '#worker/protocol';
import type { MadeOrigin, Origin } from '#worker/protocol-ensembles';
import { type RefitOptions, refitModel, refitPredictor, withRows } from '#worker/refit';
import { memoryFiles } from '#worker/vault/files';
import { openVault } from '#worker/vault/vault';
import { makeBars } from '../engine/bars';
import { SETTINGS } from './setting';

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
const settings: TrainSettings = { ...SETTINGS, batchSize: 16, epochs: 1 };
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
  made: new Map(),
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

describe('what was made to go together, and trees', () => {
  const making = (id: string, member: number | null, values = {}): MadeOrigin => ({
    kind: 'made',
    making: id,
    values: { members: 2, cycles: 2, copies: 2, groups: 2, epochs: 3, learningRate: 0.02, batchSize: 16, ...values },
    seed: 9,
    member,
    models: [trained],
  });
  const trees: Origin = {
    kind: 'trees',
    method: 'random-forest',
    values: { trees: 3, depth: 4, least: 1 },
    looked: { at: trained, layer: 'dense_1' },
  };
  const finetuned: Origin = { kind: 'model', start: making('soups', 0), steps: [{ kind: 'trained', settings }] };
  const origins: readonly (readonly [string, Origin])[] = [
    ['a member of a bag', making('bagging', 1)],
    ['a bag', making('bagging', null)],
    ['a boosted member', making('boosting', 0)],
    ['boosting', making('boosting', null)],
    ['a snapshot', making('snapshots', 1)],
    ['a soup of copies', making('soups', 0)],
    ['specialists with their router', making('specialists', null)],
    ['a specialist for chosen classes', making('specialists', 0, { classes: ['1', '2', '2'] })],
    ['what was trained on from a soup', finetuned],
    ['trees on a layer', trees],
    ['trees on pixels', { ...trees, looked: null }],
    ['both together', { kind: 'combined', way: 'stacking', values: {}, members: [trees, making('bagging', 0)] }],
  ];

  it.each(origins)(
    '%s sees its rows only',
    async (_, origin) => {
      const made = async (dataset: Dataset) => predictorId(await refitPredictor(origin, dataset, 1, await options()));
      const one = await made(withRows(bars, rows));
      expect(await made(withRows(spoilt(), rows))).toBe(one);
      expect(await made(spoilt())).not.toBe(await made(bars));
    },
    60_000,
  );

  it('members of one making are made together once, and stay of one making', async () => {
    const ways = await options();
    const snapshot = async (member: number) => refitPredictor(making('snapshots', member), bars, 1, ways);
    const [first, second] = [await snapshot(0), await snapshot(1)];
    expect(ways.made.size).toBe(1);
    expect(predictorId(first)).not.toBe(predictorId(second));
    const [whole] = await Promise.all(ways.made.values());
    expect(whole?.members).toEqual([first, second]);
    // A member of a bag needs no other.
    await refitPredictor(making('bagging', 0), bars, 1, ways);
    expect(ways.made.size).toBe(1);
  }, 60_000);

  it('says which member there is none of any more, and what cannot be made again', async () => {
    const ways = await options();
    await expect(refitPredictor(making('boosting', 5), bars, 1, ways)).rejects.toMatchObject({
      words: { en: expect.stringContaining('ended before its member 6') },
    });
    const several = { ...making('soups', 0), models: [trained, trained] };
    await expect(refitPredictor(several, bars, 1, ways)).rejects.toMatchObject({
      words: { en: expect.stringContaining('common start') },
    });
  }, 60_000);
});

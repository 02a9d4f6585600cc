/** Ensembles and trees in the vault: kept with their members, read by another engine, held and forgotten together. */
import { describe, expect, it } from 'vitest';
import { createModel } from '#core/model/create';
import { modelId } from '#core/model/hash';
import type { EnsemblePredictor, ModelPredictor, Predictor, TreesPredictor } from '#core/predictor';
import { predictorId } from '#core/predictor-id';
import { faultOf } from '#worker/faults';
import { type Files, memoryFiles } from '#worker/vault/files';
import { openVault, VaultError } from '#worker/vault/vault';

const model = (seed: number): ModelPredictor => ({
  kind: 'model',
  model: createModel(
    {
      name: 'Line',
      input: [2, 2, 1],
      classes: 2,
      rows: [{ kind: 'flatten' }, { kind: 'dense', units: 2, activation: 'linear', bias: false }],
    },
    seed,
  ),
});
const idOf = (predictor: Predictor): string => predictorId(predictor);
const ensemble = (members: readonly Predictor[], way = 'mean-logits'): EnsemblePredictor => ({
  kind: 'ensemble',
  way,
  values: {},
  members,
  state: { weights: [0.25, 0.75] },
});
const trees = (features: TreesPredictor['features']): TreesPredictor => ({
  kind: 'trees',
  features,
  forest: {
    kind: 'mean',
    start: [],
    trees: [
      { feature: [0, -1, -1], threshold: [0.3, 0, 0], left: [1, 0, 0], right: [2, 0, 0], value: [0, 0, 1, 0, 0, 1] },
    ],
  },
  classes: 2,
  shape: [2, 2, 1],
});
const disk = (): Files => ({ ...memoryFiles(), persistent: true });
const quiet = { cacheBytes: 1e9, onFailure: () => undefined };

describe('the vault', () => {
  it('gives an ensemble of ensembles, models and trees back to another engine', async () => {
    const files = disk();
    const [a, b] = [model(1), model(2)];
    const onLayer = trees({ kind: 'layer', model: b.model, layer: 'flatten' });
    const whole = ensemble([a, ensemble([a, b]), onLayer, trees({ kind: 'pixels' })], 'mean-probabilities');
    const id = await (await openVault(files, quiet)).putPredictor(whole);
    const later = await openVault(files, quiet);
    const back = await later.predictor(id);
    expect(back).toEqual(whole);
    expect(idOf(back)).toBe(id);
    // One model is one object, however often it occurs.
    const { members } = back as EnsemblePredictor;
    expect((members[1] as EnsemblePredictor).members[0]).toBe(members[0]);
    expect(await later.predictor(modelId(a.model))).toEqual(a);
    // Trees are the same object as long as somebody holds them: what was computed with them is found again.
    expect(((await later.predictor(id)) as EnsemblePredictor).members[3]).toBe(members[3]);
  });

  it('does not take several for one model, and says so', async () => {
    const vault = await openVault(memoryFiles(), quiet);
    const id = await vault.putPredictor(ensemble([model(1), model(2)]));
    const error = await vault.get(id).catch((thrown: unknown) => thrown);
    expect(faultOf(error)).toMatchObject({ code: 'not-one-model' });
    await expect(vault.predictor('p-00')).rejects.toBeInstanceOf(VaultError);
  });

  it('holds an ensemble as long as all of it is there', async () => {
    const files = disk();
    const [a, b] = [model(1), model(2)];
    const inner = ensemble([a, b]);
    const vault = await openVault(files, quiet);
    const outer = await vault.putPredictor(ensemble([inner, a]));
    expect(await vault.held([outer, idOf(inner), idOf(a), 'p-1'])).toEqual([outer, idOf(inner), idOf(a)]);
    await files.remove(`m-${idOf(b)}`);
    const later = await openVault(files, quiet);
    expect(await later.held([outer, idOf(inner), idOf(a)])).toEqual([idOf(a)]);
    await expect(later.predictor(outer)).rejects.toBeInstanceOf(VaultError);
  });

  it('finds out a damaged ensemble and writes it anew', async () => {
    const files = disk();
    const whole = ensemble([model(1), model(2)]);
    const id = await (await openVault(files, quiet)).putPredictor(whole);
    const bytes = Uint8Array.from((await files.read(id))?.bytes ?? []);
    bytes[40] = (bytes[40] as number) ^ 1;
    await files.write(id, bytes);
    const later = await openVault(files, quiet);
    expect(await later.held([id])).toEqual([]);
    await expect(later.predictor(id)).rejects.toBeInstanceOf(VaultError);
    await later.putPredictor(whole);
    expect(await later.predictor(id)).toEqual(whole);
  });

  it('forgets what nobody needs, and keeps the members of what is kept', async () => {
    const files = disk();
    const [a, b, c] = [model(1), model(2), model(3)];
    const kept = ensemble([a, b]);
    const dropped = ensemble([b, c]);
    const before = await openVault(files, quiet);
    for (const one of [kept, dropped]) await before.putPredictor(one);
    await (await openVault(files, quiet)).keepOnly([idOf(kept)]);
    const later = await openVault(files, quiet);
    expect(await later.held([kept, dropped, a, b, c].map(idOf))).toEqual([kept, a, b].map(idOf));
    expect(await later.predictor(idOf(kept))).toEqual(kept);
  });

  it('keeps in memory what cannot be written', async () => {
    const full: Files = { ...disk(), write: () => Promise.reject(new Error('full')) };
    const failures: unknown[] = [];
    const vault = await openVault(full, { ...quiet, onFailure: (error) => failures.push(error) });
    const whole = ensemble([model(1), model(2)]);
    const id = await vault.putPredictor(whole);
    expect(failures).toHaveLength(1);
    expect(await vault.predictor(id)).toEqual(whole);
    expect(await vault.held([id])).toEqual([id]);
  });
});

/** Looking into a layer: asked behind the slider's answer, one question at a time, the latest one wins. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { Inspection } from '#core/inspection/inspection';
import type { InspectResult } from '#worker/protocol';
import { accuracy, freshStores, type Stores, settle, summary } from './setting';

let stores: Stores & typeof import('#stores/inspect');
let stop: () => void;

const node = (id: string, parent: string | null) => ({
  id,
  name: id,
  model: `model-${id}`,
  summary: summary(`model-${id}`),
  parent,
  origin: { kind: 'opened', file: 'x', format: 'tfjs-layers' } as const,
  dataset: 'digits' as const,
  validation: accuracy(0.9),
  test: null,
  latency: null,
  notes: [],
  made: 0,
});
const result = (layer: string): InspectResult => ({
  inspection: { layer } as Inspection,
  layers: ['a', 'b'],
  sketch: false,
});
const preview = { parameters: 1, nonZero: 1, macs: 1, bytes: 1, isWritten: false, accuracy: null };

beforeEach(async () => {
  const fresh = await freshStores();
  stores = { ...fresh, ...(await import('#stores/inspect')) };
  stores.addNode(node('parent', null));
  stores.addNode(node('child', 'parent'));
  stores.select('child');
  stop = stores.watchInspection();
  return () => stop();
});

describe('looking into a layer', () => {
  it('waits for the slider’s first answer, then asks about the same step', async () => {
    stores.setValue('sparsity', 0.7, true);
    const first = await stores.next('preview');
    expect(stores.asked.some(({ name }) => name === 'inspect')).toBe(false);
    first.progress(preview);
    const asked = await stores.next('inspect');
    expect(asked.request).toMatchObject({
      model: 'model-child',
      layer: null,
      by: { kind: 'step', step: first.request.step, seed: first.request.seed },
    });
    asked.resolve(result('a'));
    await settle();
    expect(stores.inspection.getState().shown).toMatchObject({
      result: result('a'),
      by: 'step',
      pass: 'magnitude-pruning',
    });
    // The same answer, refined, is no new question.
    first.resolve({ ...preview, accuracy: null });
    await settle();
    expect(stores.asked.some(({ name }) => name === 'inspect')).toBe(false);
  });

  it('has one question in flight; what came in between is left out', async () => {
    for (const sparsity of [0.6, 0.7, 0.8]) {
      stores.setValue('sparsity', sparsity, true);
      (await stores.next('preview')).resolve(preview);
      await settle();
    }
    const asked = await stores.next('inspect');
    expect(asked.request).toMatchObject({ by: { step: { values: { sparsity: 0.6 } } } });
    expect(stores.asked.some(({ name }) => name === 'inspect')).toBe(false);
    asked.resolve(result('a'));
    const latest = await stores.next('inspect');
    expect(latest.request).toMatchObject({ by: { step: { values: { sparsity: 0.8 } } } });
  });

  it('shows nothing of before while something else is applied, and asks again after that', async () => {
    stores.setValue('sparsity', 0.7, true);
    (await stores.next('preview')).resolve(preview);
    const seen = await stores.next('inspect');
    seen.resolve(result('a'));
    await settle();
    // What is asked about when Apply begins was not previewed.
    stores.takeStep({ pass: 'weight-quantization', values: {} });
    expect(stores.inspection.getState().shown).toMatchObject({ pass: 'magnitude-pruning' });
    const done = stores.apply();
    expect(stores.inspection.getState().shown).toBeNull();
    stores.cancelApply();
    await done;
    await settle();
    stores.asked.length = 0;
    stores.setMethod('magnitude-pruning');
    (await stores.next('preview')).resolve(preview);
    expect((await stores.next('inspect')).request).toEqual(seen.request);
  });

  it('compares with the parent where it is asked to, and in the layer that is asked for', async () => {
    stores.setCompare('parent');
    const asked = await stores.next('inspect');
    expect(asked.request).toEqual({ model: 'model-child', layer: null, by: { kind: 'model', before: 'model-parent' } });
    asked.resolve(result('a'));
    stores.setLayer('b');
    expect((await stores.next('inspect')).request).toMatchObject({ layer: 'b' });
    stores.select('parent');
    expect(stores.inspection.getState()).toMatchObject({ compare: null, shown: null });
  });

  it('tells a fault, and asks nothing once nobody looks', async () => {
    stores.setCompare('parent');
    (await stores.next('inspect')).reject(
      new stores.FaultError({ code: 'gone', words: { en: 'It is gone.', zh: '已不存在。' } }),
    );
    await settle();
    expect(stores.inspection.getState().fault?.code).toBe('gone');
    stop();
    stores.setLayer('b');
    await settle();
    expect(stores.asked.some(({ name }) => name === 'inspect')).toBe(false);
  });
});

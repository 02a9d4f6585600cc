/** Examining and comparing on a real model: figures agree with each other, cells with their images, and asking twice is quick. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Accuracy, ModelId } from '#worker/protocol';
import type { ExamineResult } from '#worker/protocol-evaluation';
import { makeSetting, type Setting, trainTiny } from './setting';

let setting: Setting;
let trained: ModelId;
let pruned: ModelId;
let measured: { readonly validation: Accuracy; readonly test: Accuracy };
let halved: { readonly validation: Accuracy | null };

beforeAll(async () => {
  setting = makeSetting();
  const run = await trainTiny(setting);
  trained = run.model.id;
  measured = run;
  const applied = await setting.call('apply', {
    model: trained,
    dataset: 'digits',
    recipe: { version: 1, seed: 1, steps: [{ pass: 'magnitude-pruning', values: { sparsity: 0.8 } }] },
    name: 'pruned',
    parents: {},
  });
  pruned = applied.model.id;
  halved = applied;
}, 60_000);

const total = (confusion: ExamineResult['confusion'], of: (truth: number, answer: number) => boolean): number =>
  confusion.flatMap((row, truth) => row.filter((_, answer) => of(truth, answer))).reduce((a, b) => a + b, 0);

describe('examine', () => {
  it.each(['validation', 'test'] as const)('agrees with what was measured on %s, in every figure', async (split) => {
    const told: number[] = [];
    const found = await setting.call(
      'examine',
      { model: trained, dataset: 'digits', split },
      { onProgress: ({ done }) => told.push(done) },
    );
    expect(found.accuracy.value).toBe(measured[split].value);
    expect(found.accuracy.low).toBe(measured[split].low);
    expect(found.confidence.logLoss).toBeCloseTo(measured[split].loss, 4);
    expect(found).toMatchObject({ images: 300, unanswered: 0, gives: 'probabilities', learned: null });
    expect(total(found.confusion, () => true)).toBe(300);
    expect(total(found.confusion, (truth, answer) => truth === answer)).toBe(Math.round(300 * found.accuracy.value));
    expect(found.scores.weighted.recall).toBeCloseTo(found.accuracy.value, 12);
    expect(found.roc.macro).toBeGreaterThan(0.9);
    expect(found.confidence.bins.reduce((sum, { images }) => sum + images, 0)).toBe(300);
    // The temperature is that of validation, whatever is examined.
    if (split === 'validation') expect(found.scaled.logLoss).toBeLessThanOrEqual(found.confidence.logLoss);
    expect(found.topK.map(({ k }) => k)).toEqual([1, 2, 3, 5]);
    expect(told.every((done) => done >= 0 && done <= 1)).toBe(true);
  });

  it('is answered from what is known when it is asked again', async () => {
    const first = await setting.call('examine', { model: trained, dataset: 'digits', split: 'test' });
    const again: number[] = [];
    const second = await setting.call(
      'examine',
      { model: trained, dataset: 'digits', split: 'test' },
      { onProgress: ({ done }) => again.push(done) },
    );
    expect(second).toEqual(first);
    expect(again).toEqual([]);
  });

  it('says so where the model is gone', async () => {
    const asked = { dataset: 'digits', split: 'test' } as const;
    await expect(setting.call('examine', { ...asked, model: 'nobody' })).rejects.toMatchObject({
      words: { en: expect.stringContaining('no longer stored') },
    });
  });

  it('can be broken off', async () => {
    const stop = new AbortController();
    const asked = setting.call(
      'examine',
      { model: pruned, dataset: 'digits', split: 'validation' },
      { signal: stop.signal },
    );
    stop.abort();
    await expect(asked).rejects.toMatchObject({ code: 'aborted' });
  });
});

describe('the images of a cell', () => {
  it('are as many as it counts, of that class and answer, the surest errors first', async () => {
    const asked = { model: pruned, dataset: 'digits', split: 'validation' } as const;
    const { confusion } = await setting.call('examine', asked);
    let errors = 0;
    for (const [truth, row] of confusion.entries()) {
      for (const [answer, count] of row.entries()) {
        if (count === 0) continue;
        const { total: all, images, shape } = await setting.call('cellImages', { ...asked, truth, answer, most: 4 });
        expect([all, images.length, shape]).toEqual([count, Math.min(4, count), [8, 8, 1]]);
        expect(images.every((one) => one.truth === truth && one.answers[0]?.answer === answer)).toBe(true);
        expect(images.every(({ pixels }) => pixels.length === 64 && pixels.some((pixel) => pixel > 100))).toBe(true);
        const sure = images.map(({ answers }) => answers[0]?.confidence ?? 0);
        const sorted = [...sure].sort((a, b) => (truth === answer ? a - b : b - a));
        expect(sure).toEqual(sorted);
        if (truth !== answer) errors += count;
      }
    }
    expect(errors).toBe(Math.round(300 * (1 - (halved.validation?.value ?? 0))));
  });
});

describe('compareTwo', () => {
  it('pairs the two on the same images', async () => {
    const asked = { dataset: 'digits', split: 'validation', most: 3 } as const;
    const found = await setting.call('compareTwo', { ...asked, a: trained, b: pruned });
    const { both, onlyA, onlyB, neither } = found.counts;
    expect(both + onlyA + onlyB + neither).toBe(300);
    expect((both + onlyA) / 300).toBe(measured.validation.value);
    expect((both + onlyB) / 300).toBeCloseTo(halved.validation?.value ?? 0, 12);
    expect(found.difference.value).toBeCloseTo((onlyA - onlyB) / 300, 12);
    expect(found.difference.low).toBeLessThan(found.difference.high);
    expect(found.p).toBeGreaterThan(0);
    expect(found.p).toBeLessThanOrEqual(1);
    expect(found.differing.onlyA.total).toBe(onlyA);
    expect(found.differing.onlyB.total).toBe(onlyB);
    expect(found.differing.bothWrong.total).toBeLessThanOrEqual(neither);
    for (const { truth, answers } of found.differing.onlyA.images) {
      expect(answers[0]?.answer).toBe(truth);
      expect(answers[1]?.answer).not.toBe(truth);
    }
    expect(found.differing.onlyA.images.length).toBe(Math.min(3, onlyA));
    // The other way round it is the other sign.
    const turned = await setting.call('compareTwo', { ...asked, a: pruned, b: trained });
    expect(turned.difference.value).toBeCloseTo(-found.difference.value, 12);
    expect(turned.p).toBeCloseTo(found.p, 12);
  });

  it('finds a model to be no other than itself', async () => {
    const found = await setting.call('compareTwo', {
      a: trained,
      b: trained,
      dataset: 'digits',
      split: 'validation',
      most: 3,
    });
    expect(found).toMatchObject({ p: 1, agreement: 1, difference: { value: 0 }, counts: { onlyA: 0, onlyB: 0 } });
  });
});

describe('an ensemble and trees', () => {
  it('are examined and compared like a model, from what their members answered', async () => {
    const vault = await setting.session.vault;
    const members = [await vault.predictor(trained), await vault.predictor(pruned)];
    const vote = await vault.putPredictor({ kind: 'ensemble', way: 'majority-vote', values: {}, members, state: {} });
    const asked = { dataset: 'digits', split: 'validation' } as const;
    const found = await setting.call('examine', { ...asked, model: vote });
    expect(found.gives).toBe('scores');
    expect(found.accuracy.value).toBeGreaterThan(0.5);
    const beside = await setting.call('compareTwo', { ...asked, a: vote, b: trained, most: 1 });
    expect(beside.counts.both + beside.counts.onlyA).toBe(Math.round(300 * found.accuracy.value));
    const cell = await setting.call('cellImages', { ...asked, model: vote, truth: 0, answer: 0, most: 1 });
    expect(cell.total).toBe(found.confusion[0]?.[0]);

    // A tree that knows one pixel answers two classes only.
    const leaf = (label: number) => Array.from({ length: 10 }, (_, k) => (k === label ? 1 : 0));
    const tree = {
      feature: [36, -1, -1],
      threshold: [0.5, 0, 0],
      left: [1, 0, 0],
      right: [2, 0, 0],
      value: [...leaf(0), ...leaf(0), ...leaf(1)],
    };
    const trees = await vault.putPredictor({
      kind: 'trees',
      features: { kind: 'pixels' },
      forest: { kind: 'mean', trees: [tree], start: [] },
      classes: 10,
      shape: [8, 8, 1],
    });
    const stump = await setting.call('examine', { ...asked, model: trees });
    expect(stump.scores.neverAnswered).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
    expect(total(stump.confusion, () => true)).toBe(300);
  });

  it('answers no validation image by what was learned from it', async () => {
    const named = (id: ModelId) => ({ id, name: id });
    const values = { penalty: 1e-6 };
    const stacked = { way: 'stacking', values, members: [trained, pruned].map(named), dataset: 'digits' } as const;
    const made = await setting.call('combine', { ...stacked, name: 'Stack' });
    const { id } = made.model;
    const asked = { model: id, dataset: 'digits', split: 'validation' } as const;
    const own = await setting.call('examine', asked);
    const fair = await setting.call('examine', { ...asked, fitted: [id] });
    expect([own.learned, fair.learned]).toEqual(['elsewhere', 'held-out']);
    // Its own images flatter it; what Combine has shown is what is shown here.
    expect(own.accuracy.value).toBeGreaterThan(fair.accuracy.value);
    expect(fair.accuracy.value).toBe(made.validation.value);
    expect(fair.confidence.logLoss).toBeGreaterThan(own.confidence.logLoss);
    // Cells, comparisons and single images tell of the same answers.
    const cell = await setting.call('cellImages', { ...asked, fitted: [id], truth: 3, answer: 3, most: 1 });
    expect(cell.total).toBe(fair.confusion[3]?.[3]);
    const { split, dataset } = asked;
    const beside = await setting.call('compareTwo', { a: id, b: trained, dataset, split, most: 1, fitted: [id] });
    expect(beside.counts.both + beside.counts.onlyA).toBe(Math.round(300 * fair.accuracy.value));
    const together = made.onlyTogether.length > 0 ? made.onlyTogether : made.onlyApart;
    const shown = await setting.call('imagesAt', { dataset, indices: together, models: [id], fitted: [id] });
    for (const { truth, answers } of shown.images)
      expect(answers[0]?.answer === truth).toBe(made.onlyTogether.length > 0);
    // On test there is nothing to hold out.
    const test = await setting.call('examine', { ...asked, split: 'test', fitted: [id] });
    expect(test).toMatchObject({ learned: null, accuracy: { value: made.test.value } });
    // What it is a member of holds it out as well, while it is combined and when that is examined.
    for (const way of ['mean-probabilities', 'stacking']) {
      const members = [id, trained].map(named);
      const outer = await setting.call('combine', { ...stacked, way, members, name: way, fitted: [id] });
      const fitted = [outer.model.id, id];
      const held = await setting.call('examine', { ...asked, model: outer.model.id, fitted });
      expect(held).toMatchObject({ learned: 'held-out', accuracy: { value: outer.validation.value } });
      expect(outer.members[0]?.validation.value).toBe(fair.accuracy.value);
      const some = await setting.call('examine', { ...asked, model: outer.model.id, fitted: [] });
      expect(some.learned).toBe('elsewhere');
    }
  }, 60_000);
});

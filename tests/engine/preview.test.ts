/** Evaluation and what sliders ask of it, on models whose answers are known because their weights were set by hand. */
import { describe, expect, it } from 'vitest';
import { accuracyOf } from '#core/metrics/classification';
import type { Model } from '#core/model/model';
import { makeTensor } from '#core/model/tensor';
import { agrestiMin } from '#core/numeric/intervals';
import { makeCpuBackend } from '#engine/backends/cpu';
import type { Dataset, Images } from '#engine/datasets/dataset';
import { evaluate, judge, logitsOf } from '#engine/evaluate';
import { forgetPrograms } from '#engine/inference';
import { type PreviewEstimate, previewAccuracy } from '#engine/preview';

/** Images of two pixels: the class is the brighter one. `wrong` of every 100 labels are turned round. */
function pairs(count: number, wrong: number): Images {
  const pixels = new Uint8Array(count * 2);
  const labels = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const bright = (i * 7) % 2;
    pixels[2 * i + bright] = 200 + (i % 50);
    labels[i] = i % 100 < wrong ? 1 - bright : bright;
  }
  return { count, pixels, labels };
}
const dataset: Dataset = {
  id: 'pairs',
  shape: [1, 2, 1],
  classes: ['left', 'right'].map((name) => ({ en: name, zh: name })),
  scale: 1 / 255,
  splits: { train: pairs(100, 0), validation: pairs(3000, 10), test: pairs(100, 25) },
};

/** Logits = pixels times the kernel. */
function linear(kernel: readonly number[], name = 'pairs'): Model {
  const made = makeTensor([2, 2], Float32Array.from(kernel));
  return {
    name,
    inputs: ['in'],
    outputs: ['out'],
    layout: 'nhwc',
    meta: { source: 'test' },
    tensors: { [made.id]: made },
    layers: [
      { kind: 'input', name: 'in', inputs: [], shape: [1, 2, 1] },
      { kind: 'flatten', name: 'flat', inputs: ['in'] },
      { kind: 'dense', name: 'out', inputs: ['flat'], kernel: made.id, activation: { fn: 'softmax' } },
    ],
  };
}
const right = linear([9, 0, 0, 9]);
const contrary = linear([0, 9, 9, 0]);
const blind = linear([0, 0, 0, 0]);

describe('evaluate', () => {
  it('counts right answers and the log loss', async () => {
    const backend = await makeCpuBackend();
    const seen = await evaluate(backend, { kind: 'model', model: right }, dataset, 'test');
    expect(seen).toMatchObject({ accuracy: 0.75, images: 100 });
    expect(seen.correct.reduce((sum, one) => sum + one, 0)).toBe(75);
    const equal = await evaluate(backend, { kind: 'model', model: blind }, dataset, 'test', { images: 40 });
    expect(equal.loss).toBeCloseTo(Math.log(2), 6);
    // Of equal logits the first is the answer: the share of left labels among the first 40.
    expect(equal.accuracy).toBe(
      [...dataset.splits.test.labels.subarray(0, 40)].filter((label) => label === 0).length / 40,
    );
  });

  it('gives the same answers in parts, and writes only the weights that changed', async () => {
    const backend = await makeCpuBackend();
    forgetPrograms(backend);
    const all = await logitsOf(backend, { kind: 'model', model: right }, dataset, 'validation', { images: 300 });
    const live = backend.counts().live;
    const { uploads } = backend.counts();
    const tail = await logitsOf(backend, { kind: 'model', model: right }, dataset, 'validation', {
      from: 200,
      images: 100,
    });
    expect(tail).toEqual(all.subarray(400));
    expect(backend.counts().uploads - uploads).toBe(1);
    await logitsOf(backend, { kind: 'model', model: contrary }, dataset, 'validation', { images: 100 });
    expect(backend.counts().uploads - uploads).toBe(3);
    expect(backend.counts().live).toBe(live);
  });

  it('serves two callers at once', async () => {
    const backend = await makeCpuBackend();
    const ask = (model: Model) => evaluate(backend, { kind: 'model', model }, dataset, 'validation');
    const [a, b] = await Promise.all([ask(right), ask(contrary)]);
    expect([a.accuracy, b.accuracy]).toEqual([0.9, 0.1]);
  });

  it('says what does not fit', async () => {
    const backend = await makeCpuBackend();
    const three: Dataset = { ...dataset, classes: [...dataset.classes, { en: 'up', zh: '上' }] };
    await expect(evaluate(backend, { kind: 'model', model: right }, three, 'test')).rejects.toThrow(/2 classes.*3/);
    const wide: Dataset = { ...dataset, shape: [1, 3, 1] };
    await expect(evaluate(backend, { kind: 'model', model: right }, wide, 'test')).rejects.toThrow('1 × 2 × 1');
  });

  it('judges by the definition', () => {
    const { accuracy, loss, correct } = judge(
      Float32Array.of(0, Math.log(3), 5, 5, Number.NaN, 0),
      Uint8Array.of(1, 1, 0),
      2,
    );
    expect([...correct]).toEqual([1, 0, 0]);
    expect(accuracy).toBeCloseTo(1 / 3);
    expect(loss).toBeNaN();
  });
});

describe('previewAccuracy', () => {
  it('grows from 256 images to 1,024, and to all when the slider rests', async () => {
    const backend = await makeCpuBackend();
    const seen: PreviewEstimate[] = [];
    const last = await previewAccuracy(backend, right, contrary, dataset, { onEstimate: (one) => seen.push(one) });
    expect(seen.map(({ images }) => images)).toEqual([256, 1024]);
    expect(last).toBe(seen.at(-1));
    // Ten of each hundred are gained, the others lost; 10 of the last 24.
    const change = agrestiMin(110, 914, 1024);
    expect(last.change).toEqual(change);
    expect(last.value).toBeCloseTo(0.9 + change.value, 10);
    const rested = await previewAccuracy(backend, right, contrary, dataset, { rest: true });
    expect(rested).toMatchObject({ images: 3000, change: agrestiMin(300, 2700, 3000) });
    expect(rested.value).toBeCloseTo(0.1, 10);
  });

  it('gives the accuracy the interval that it has everywhere, wider until all images were seen', async () => {
    const backend = await makeCpuBackend();
    const seen: PreviewEstimate[] = [];
    await previewAccuracy(backend, right, blind, dataset, { rest: true, onEstimate: (one) => seen.push(one) });
    const { correct } = await evaluate(backend, { kind: 'model', model: blind }, dataset, 'validation');
    expect(seen.at(-1)).toMatchObject(accuracyOf(correct));
    const [first, second, last] = seen.map(({ low, high }) => high - low) as [number, number, number];
    expect(first).toBeGreaterThan(1.5 * second);
    expect(second).toBeGreaterThan(1.2 * last);
  });

  it('keeps a width where nothing flips, and remembers what was seen in full', async () => {
    const backend = await makeCpuBackend();
    const same = await previewAccuracy(backend, right, linear([3, 0, 0, 3]), dataset, { rest: true });
    expect(same.value).toBeCloseTo(0.9, 10);
    expect(same.change.value).toBe(0);
    expect(same.change.high - same.change.low).toBeGreaterThan(0);
    const { uploads } = backend.counts();
    await previewAccuracy(backend, right, linear([3, 0, 0, 3], 'renamed'), dataset);
    expect(backend.counts().uploads).toBe(uploads);
  });

  it('stops between batches when a newer position comes', async () => {
    const backend = await makeCpuBackend();
    await evaluate(backend, { kind: 'model', model: right }, dataset, 'validation');
    const abort = new AbortController();
    const run = previewAccuracy(backend, right, linear([1, 0, 0, 2]), dataset, {
      rest: true,
      signal: abort.signal,
      onEstimate: () => abort.abort(),
    });
    await expect(run).rejects.toThrow(/abort/i);
    // The program was given back.
    expect((await previewAccuracy(backend, right, linear([1, 0, 0, 2]), dataset)).images).toBe(1024);
  });
});

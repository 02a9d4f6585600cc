/**
 * Stock TensorFlow.js as a user has it: the published bundle in a plain page, a model served over HTTP and opened with
 * `tf.loadLayersModel`. Nothing of the studio runs here, so what comes out is what the exported file does elsewhere.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, Page } from '@playwright/test';
import { BlobReader, Uint8ArrayWriter, ZipReader } from '@zip.js/zip.js';

const bundle = createRequire(import.meta.url).resolve('@tensorflow/tfjs/dist/tf.min.js');
const origin = 'http://stock.test';
const TYPES = new Map([
  ['.json', 'application/json'],
  ['.js', 'text/javascript'],
]);

export interface StockImages {
  /** Values from 0 to 1, row-major [count, ...shape]. */
  readonly pixels: Float32Array;
  readonly labels: Uint8Array;
  readonly shape: readonly number[];
}
export interface StockResult {
  /** Share of the images that are answered correctly. */
  readonly accuracy: number;
  /** Row-major [count, classes]. */
  readonly outputs: readonly number[];
  readonly parameters: number;
}

/** The entries of a zip by name. */
export async function unzip(bytes: Uint8Array): Promise<Map<string, Uint8Array>> {
  const reader = new ZipReader(new BlobReader(new Blob([bytes as Uint8Array<ArrayBuffer>])));
  const files = new Map<string, Uint8Array>();
  for (const entry of await reader.getEntries()) {
    if (!entry.directory) files.set(entry.filename, await entry.getData(new Uint8ArrayWriter()));
  }
  await reader.close();
  return files;
}

/** With the loader of .whittle files: the module and the file, by name. */
export interface WithLoader {
  readonly loader: string;
  readonly file: string;
}

/**
 * Opens the files in stock TensorFlow.js and asks it about the images: model.json and its shards, or a .whittle file by its loader.
 */
export async function askStock(
  browser: Browser,
  files: ReadonlyMap<string, Uint8Array>,
  images: StockImages,
  packed: WithLoader | null = null,
): Promise<StockResult> {
  return inStockPage(browser, files, (page) =>
    page.evaluate(
      async ({ pixels, labels, shape, packed }) => {
        // biome-ignore lint/suspicious/noExplicitAny: the published bundle brings no types into a page
        const tf = (globalThis as any).tf;
        await tf.setBackend('cpu');
        const model = packed
          ? await (await import(`/${packed.loader}`)).loadWhittle(tf, packed.file)
          : await tf.loadLayersModel('model.json');
        const input = tf.tensor(pixels, [labels.length, ...shape]);
        const outputs: number[] = Array.from(await model.predict(input, { batchSize: 100 }).data());
        const classes = outputs.length / labels.length;
        let correct = 0;
        labels.forEach((label, row) => {
          const scores = outputs.slice(row * classes, (row + 1) * classes);
          if (scores.indexOf(Math.max(...scores)) === label) correct++;
        });
        return { accuracy: correct / labels.length, outputs, parameters: model.countParams() as number };
      },
      { ...plain(images), packed },
    ),
  );
}

export interface EnsembleResult {
  /** Share of the images that are answered correctly. */
  readonly accuracy: number;
  /** By network of the zip: for how many of the images it ran. */
  readonly ran: readonly number[];
}

/** Asks the ensemble in the files of a zip, by the loader that lies among them. */
export async function askEnsemble(
  browser: Browser,
  files: ReadonlyMap<string, Uint8Array>,
  images: StockImages,
): Promise<EnsembleResult> {
  return inStockPage(browser, files, (page) =>
    page.evaluate(async ({ pixels, labels, shape }) => {
      // biome-ignore lint/suspicious/noExplicitAny: the published bundle brings no types into a page
      const tf = (globalThis as any).tf;
      await tf.setBackend('cpu');
      const ensemble = await (await import(`${location.origin}/loader.js`)).loadEnsemble(tf, 'manifest.json');
      const { answers, ran } = await ensemble.ask(tf.tensor(pixels, [labels.length, ...shape]));
      const correct = labels.filter((label, i) => answers[i] === label).length;
      return { accuracy: correct / labels.length, ran };
    }, plain(images)),
  );
}

const plain = ({ pixels, labels, shape }: StockImages) => ({
  pixels: Array.from(pixels),
  labels: Array.from(labels),
  shape: [...shape],
});

/** A page of its own with the published bundle and these files beside it. */
async function inStockPage<T>(
  browser: Browser,
  files: ReadonlyMap<string, Uint8Array>,
  run: (page: Page) => Promise<T>,
): Promise<T> {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    await page.route(`${origin}/**`, async (route) => {
      const name = new URL(route.request().url()).pathname.slice(1);
      const file = files.get(name);
      if (name === '') await route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>stock</title>' });
      else if (file)
        await route.fulfill({
          body: Buffer.from(file),
          contentType: TYPES.get(/\.\w+$/.exec(name)?.[0] ?? '') ?? 'application/octet-stream',
        });
      else await route.fulfill({ status: 404 });
    });
    await page.goto(`${origin}/`);
    await page.addScriptTag({ content: readFileSync(bundle, 'utf8') });
    return await run(page);
  } finally {
    await context.close();
  }
}

/** What the rows need, made when the first of them asks: the builds, servers with the product's headers, browsers, peers. */
import { cpSync } from 'node:fs';
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from '@playwright/test';
import { build, type PreviewServer, preview } from 'vite';
import { packDataPlugin, packMnist } from '#build/pack-data';
import { headers, policy } from '#build/policy';
import { kernelsPlugin } from '#build/wasm';
import { quietFlags, softwareWebGpuFlags } from '../e2e/support';
import { findChromium } from '../run/chromium.mjs';

export interface Lab {
  /** The page whose global `ask` talks to the engine in its worker. */
  readonly engine: () => Promise<Page>;
  /** A new page whose global `stock` is stock TensorFlow.js. */
  readonly stock: () => Promise<Page>;
  /** A new page whose global `jax` is jax-js. */
  readonly jax: () => Promise<Page>;
  /** A new page of the built studio, with nothing kept from before. Close its context afterwards. */
  readonly studio: () => Promise<{ readonly page: Page; readonly context: BrowserContext; readonly address: string }>;
  /** Folder of the packed MNIST files. */
  readonly mnist: () => Promise<string>;
  /** Name and version. */
  readonly browserName: () => Promise<string>;
  /** Is called when the lab is closed. */
  readonly onClose: (end: () => Promise<unknown>) => void;
  readonly close: () => Promise<void>;
}

const cache = resolve('node_modules/.cache/whittle/bench');

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  if (address === null || typeof address === 'string') throw new Error('There is no free port.');
  return address.port;
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/** jax-js starts its threads from a blob, which the studio's own policy would not let it. */
const forPeers = {
  ...headers,
  'Content-Security-Policy': policy.replace("worker-src 'self'", "worker-src 'self' blob:"),
};

async function serve(outDir: string, sent: typeof headers): Promise<{ server: PreviewServer; address: string }> {
  const port = await freePort();
  const options = { host: '127.0.0.1', port, strictPort: true, headers: sent };
  const server = await preview({
    configFile: false,
    logLevel: 'error',
    appType: 'mpa',
    build: { outDir },
    preview: options,
  });
  return { server, address: `http://localhost:${port}/` };
}

async function buildHarness(): Promise<string> {
  console.log('Building the harness.');
  const outDir = `${cache}/harness`;
  const root = resolve('tests/bench/harness');
  await build({
    configFile: false,
    root,
    base: './',
    logLevel: 'error',
    plugins: [kernelsPlugin(), packDataPlugin()],
    worker: { format: 'es', plugins: () => [kernelsPlugin()] },
    build: {
      outDir,
      emptyOutDir: true,
      target: 'es2023',
      assetsInlineLimit: 0,
      chunkSizeWarningLimit: 5000,
      modulePreload: { polyfill: false },
      rolldownOptions: { input: ['engine', 'stock', 'jax'].map((name) => `${root}/${name}.html`) },
    },
  });
  cpSync('node_modules/@tensorflow/tfjs/dist/tf.es2017.min.js', `${outDir}/stock/tf.min.js`);
  cpSync(
    'node_modules/@tensorflow/tfjs-backend-webgpu/dist/tf-backend-webgpu.es2017.min.js',
    `${outDir}/stock/tf-backend-webgpu.min.js`,
  );
  return outDir;
}

async function buildStudio(): Promise<string> {
  console.log('Building the studio.');
  const outDir = `${cache}/studio`;
  await build({ logLevel: 'error', build: { outDir, emptyOutDir: true } });
  return outDir;
}

export function makeLab(): Lab {
  const ends: (() => Promise<unknown>)[] = [];
  const executablePath = findChromium();
  const launch = async (flags: readonly string[]): Promise<Browser> => {
    if (!executablePath) throw new Error('There is no Chromium: set CHROMIUM_PATH, or let `npm test` install one.');
    const browser = await chromium.launch({ executablePath, args: [...flags] });
    ends.push(() => browser.close());
    return browser;
  };
  const served = async (folder: string, sent = headers): Promise<string> => {
    const { server, address } = await serve(folder, sent);
    ends.push(() => server.close());
    return address;
  };
  const peersBrowser = once(() => launch([...quietFlags, ...softwareWebGpuFlags]));
  const plainBrowser = once(() => launch(quietFlags));
  const harness = once(async () => served(await buildHarness(), forPeers));
  const studio = once(async () => served(await buildStudio()));
  const open = async (name: string, global: string): Promise<Page> => {
    const address = await harness();
    const page = await (await peersBrowser()).newPage();
    page.on('pageerror', (error) => console.error(`${name}: ${error.message}`));
    await page.goto(`${address}${name}`);
    await page.waitForFunction((wanted) => wanted in globalThis, global);
    return page;
  };
  return {
    engine: once(() => open('engine.html', 'ask')),
    stock: () => open('stock.html', 'stock'),
    jax: () => open('jax.html', 'jax'),
    async studio() {
      const address = await studio();
      const context = await (await plainBrowser()).newContext({
        viewport: { width: 1280, height: 800 },
        locale: 'en-GB',
      });
      return { page: await context.newPage(), context, address };
    },
    async mnist() {
      for (const name of ['train-images', 'train-labels', 'test-images'] as const) await packMnist(name);
      return resolve(await packMnist('test-labels'), '..');
    },
    browserName: once(async () => {
      const browser = await plainBrowser();
      return `Chromium ${browser.version()}`;
    }),
    onClose: (end) => ends.push(end),
    async close() {
      for (const end of ends.reverse()) await end().catch(() => undefined);
    },
  };
}

/**
 * `node tests/bench/kernels.mjs [--chromium [--threads 2]] [template …]`: times the wasm backend in Node, or in
 * Chromium (CHROMIUM_PATH, or /usr/bin/chromium), there with more threads beside one if asked. Node 20 needs a flag for relaxed SIMD; it is set here.
 */
import { setFlagsFromString } from 'node:v8';
import { chromium } from '@playwright/test';
import { createServer } from 'vite';

const words = process.argv.slice(2);
const inBrowser = words.includes('--chromium');
const flag = words.indexOf('--threads');
const threads = flag < 0 ? 1 : Number(words[flag + 1]);
const named = words.filter((word, i) => !word.startsWith('--') && (flag < 0 || i !== flag + 1));
const ids = named.length > 0 ? named : ['small-cnn', 'lenet-5'];
const seconds = 3 * ids.length * (threads > 1 ? 2 : 1);

/** What gives a page shared memory. */
const headers = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
};
const server = await createServer({
  mode: inBrowser ? 'development' : 'test',
  logLevel: 'error',
  appType: 'custom',
  optimizeDeps: { noDiscovery: true },
  server: { port: 0, ws: false, hmr: false, headers, fs: { strict: false } },
});
let result;
if (inBrowser) {
  await server.listen();
  const address = server.resolvedUrls.local[0];
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium' });
  try {
    const page = await browser.newPage();
    // A page of our own origin with nothing on it.
    await page.route('**/bench-page', (route) =>
      route.fulfill({ contentType: 'text/html', headers, body: '<!doctype html>' }),
    );
    await page.goto(`${address}bench-page`);
    result = await page.evaluate(
      (values) =>
        new Promise((resolve, reject) => {
          const worker = new Worker('/tests/bench/kernels-worker.ts', { type: 'module' });
          worker.onmessage = ({ data }) => (data.fault ? reject(new Error(data.fault)) : resolve(data.result));
          worker.onerror = (event) => reject(new Error(event.message));
          worker.postMessage(values);
        }),
      [ids, seconds, threads],
    );
  } finally {
    await browser.close();
  }
} else {
  if (Number.parseInt(process.versions.node, 10) < 21) setFlagsFromString('--experimental-wasm-relaxed-simd');
  if (threads > 1) throw new Error('threads are timed with --chromium');
  const { measure } = await server.ssrLoadModule('/tests/bench/kernels.ts');
  result = await measure(ids, seconds);
}
await server.close();
console.log(`${inBrowser ? 'Chromium' : `Node ${process.version}`}: ${result.backend}`);
for (const { what, imagesPerSecond, best, stretches } of result.rows) {
  console.log(
    `${what.padEnd(34)} ${String(imagesPerSecond).padStart(8)} images/s   (median of ${stretches}; best ${best})`,
  );
}

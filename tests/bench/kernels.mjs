/**
 * `node tests/bench/kernels.mjs [--chromium] [template …]`: times the wasm backend in Node, or in Chromium
 * (CHROMIUM_PATH, or /usr/bin/chromium). Node 20 needs a flag for relaxed SIMD; it is set here.
 */
import { setFlagsFromString } from 'node:v8';
import { chromium } from '@playwright/test';
import { createServer } from 'vite';

const words = process.argv.slice(2);
const inBrowser = words.includes('--chromium');
const named = words.filter((word) => !word.startsWith('--'));
const ids = named.length > 0 ? named : ['small-cnn', 'lenet-5'];
const seconds = 3 * ids.length;

const server = await createServer({
  mode: 'test',
  logLevel: 'error',
  appType: 'custom',
  server: { port: 0, ws: false, hmr: false },
});
let result;
if (inBrowser) {
  await server.listen();
  const address = server.resolvedUrls.local[0];
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium' });
  try {
    const page = await browser.newPage();
    // A page of our own origin with nothing on it.
    await page.route('**/bench-page', (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html>' }));
    await page.goto(`${address}bench-page`);
    result = await page.evaluate(
      async ([names, time]) => (await import('/tests/bench/kernels.ts')).measure(names, time),
      [ids, seconds],
    );
  } finally {
    await browser.close();
  }
} else {
  setFlagsFromString('--experimental-wasm-relaxed-simd');
  const { measure } = await server.ssrLoadModule('/tests/bench/kernels.ts');
  result = await measure(ids, seconds);
}
await server.close();
console.log(`${inBrowser ? 'Chromium' : `Node ${process.version}`}: ${result.backend}`);
for (const { what, imagesPerSecond, best, stretches } of result.rows) {
  console.log(
    `${what.padEnd(28)} ${String(imagesPerSecond).padStart(8)} images/s   (median of ${stretches}; best ${best})`,
  );
}

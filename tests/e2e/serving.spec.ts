/** How the built studio is served: its headers, its policy, any folder of any server, and without a network. */
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, type Page, test } from '@playwright/test';
import { watchPage } from './support';

const anything = (page: Page) => page.locator('#root button').first();

test('every answer carries the headers, and the page is isolated', async ({ page, request }) => {
  const faults = watchPage(page);
  for (const path of ['./', './favicon.svg', './data/digits/digits.csv.gz']) {
    const answer = await request.get(path);
    expect(answer.status(), path).toBe(200);
    const sent = answer.headers();
    expect(sent['content-security-policy'], path).toContain("connect-src 'self'");
    expect(sent['cross-origin-opener-policy'], path).toBe('same-origin');
    expect(sent['cross-origin-embedder-policy'], path).toBe('require-corp');
    expect(sent['x-content-type-options'], path).toBe('nosniff');
    expect(sent['referrer-policy'], path).toBe('no-referrer');
  }
  expect((await request.get('./no/such/file.txt')).status()).toBe(404);
  await page.goto('./');
  await expect(anything(page)).toBeVisible();
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
  expect(faults).toEqual([]);
});

test('the four files of MNIST and of Fashion-MNIST are there, whole', async ({ request }) => {
  for (const set of ['mnist', 'fashion-mnist']) {
    const answer = await request.get(`./data/${set}/test-labels.idx.gz`);
    // Some servers undo the compression on the way; the studio takes both.
    const sent = await answer.body();
    const labels = sent[0] === 0x1f ? gunzipSync(sent) : sent;
    expect([labels.length, labels.readUInt32BE(0), labels.readUInt32BE(4)], set).toEqual([10_008, 0x801, 10_000]);
    for (const name of ['train-images', 'train-labels', 'test-images']) {
      expect((await request.head(`./data/${set}/${name}.idx.gz`)).status(), `${set} ${name}`).toBe(200);
    }
  }
});

/** The plainest static server: no headers of ours, and the build in a folder below the top. */
function servePlainly(below: string) {
  const types: Record<string, string> = {
    '.html': 'text/html',
    '.js': 'text/javascript',
    '.css': 'text/css',
    '.svg': 'image/svg+xml',
  };
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://x').pathname;
    const file = join('dist', path.slice(below.length) || 'index.html');
    const found = path.startsWith(below) && existsSync(file) && statSync(file).isFile();
    response.writeHead(found ? 200 : 404, { 'Content-Type': types[extname(file)] ?? 'application/octet-stream' });
    if (found) createReadStream(file).pipe(response);
    else response.end();
  });
  return new Promise<{ address: string; close: () => void }>((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      resolve({ address: `http://localhost:${port}${below}`, close: () => server.close() });
    });
  });
}

test('a folder of a server without headers is enough, and the policy still holds', async ({ page }) => {
  const server = await servePlainly('/some/folder/');
  try {
    const faults = watchPage(page);
    await page.goto(server.address);
    await expect(anything(page)).toBeVisible();
    expect(faults).toEqual([]);
    const blocked = await page.evaluate(async () => {
      const violated = new Promise<string>((resolve) => {
        document.addEventListener('securitypolicyviolation', (event) => resolve(event.effectiveDirective), {
          once: true,
        });
      });
      await fetch('http://127.0.0.1:9/').catch(() => undefined);
      return violated;
    });
    expect(blocked).toBe('connect-src');
  } finally {
    server.close();
  }
});

test('after one visit the studio opens without a network, Digits included', async ({ page, context }) => {
  await page.goto('./');
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
  });
  await page.reload();
  await expect(anything(page)).toBeVisible();
  await context.setOffline(true);
  await page.reload();
  await expect(anything(page)).toBeVisible();
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
  expect(await page.evaluate(async () => (await fetch('data/digits/digits.csv.gz')).ok)).toBe(true);
});

/** The wasm backend with real threads, under the product's headers and policy, in a worker as in the studio. */
import { expect, type Page, test } from '@playwright/test';
import { build, type PreviewServer, preview } from 'vite';
import { headers } from '../../src/build/policy';
import { kernelsPlugin } from '../../src/build/wasm';
import type { Answers } from '../engine/wasm/threads/worker';
import { watchPage } from './support';

declare const ask: <Name extends keyof Answers>(
  name: Name,
  ...values: Parameters<Answers[Name]>
) => ReturnType<Answers[Name]>;

let server: PreviewServer;
let page: Page;
let faults: string[];

test.describe.configure({ mode: 'serial', timeout: 180_000 });

test.beforeAll(async ({ browser }) => {
  const shared = {
    configFile: false,
    root: 'tests/engine/wasm/threads',
    logLevel: 'error',
    build: { outDir: '../../../../node_modules/.cache/whittle/threads' },
  } as const;
  await build({
    ...shared,
    base: './',
    plugins: [kernelsPlugin()],
    worker: { format: 'es', plugins: () => [kernelsPlugin()] },
    build: {
      ...shared.build,
      emptyOutDir: true,
      target: 'es2023',
      assetsInlineLimit: 0,
      modulePreload: false,
      rolldownOptions: { input: 'tests/engine/wasm/threads/page.html' },
    },
  });
  server = await preview({ ...shared, preview: { host: 'localhost', headers } });
  page = await browser.newPage();
  faults = watchPage(page);
  await page.goto(new URL('page.html', server.resolvedUrls?.local[0]).href);
  await page.waitForFunction('globalThis.ask');
});

test.afterAll(async () => {
  await page.close();
  await server.close();
});

for (const count of [2, 3]) {
  test(`${count} threads leave the same bytes as one`, async () => {
    const { description, differing } = await page.evaluate((threads) => ask('differing', threads), count);
    expect(differing).toEqual([]);
    expect(description).toContain(`${count} threads`);
  });
}

test('the suite with two threads', async () => {
  const { ran, failures } = await page.evaluate(() => ask('suite', 2));
  expect(failures).toEqual([]);
  expect(ran).toBeGreaterThan(100);
});

test('all cores but one while the page is visible, all when it is hidden', async () => {
  const { cores, watched, hidden, begunWatched, begunHidden } = await page.evaluate(() => ask('policy'));
  const most = Math.min(8, cores);
  const free = Math.max(1, Math.min(8, cores - 1));
  expect(begunWatched).toBe(free - 1);
  expect(begunHidden).toBe(most - 1);
  expect(watched).toContain(cores < 2 ? 'SIMD' : free > 1 ? `, ${free} threads` : `, up to ${most} threads`);
  expect(hidden).toContain(cores < 2 ? 'SIMD' : `, ${most} threads`);
});

test('a thread that ends is an error and not a wait, and the next backend has one thread', async () => {
  const { before, fault, again, milliseconds, next } = await page.evaluate(() => ask('death'));
  expect(before).toBe('none');
  expect(fault).toMatch(/^lost: a thread/);
  expect(again).toMatch(/^lost: a thread/);
  expect(milliseconds).toBeLessThan(10_000);
  expect(next).toMatch(/SIMD$/);
});

// Before the next test, in which a file is missing on purpose.
test('nothing went wrong unseen', () => expect(faults).toEqual([]));

test('where threads cannot be started, one works', async () => {
  const { description, fault } = await page.evaluate(() => ask('unstartable'));
  expect(description).toMatch(/SIMD$/);
  expect(fault).toBe('none');
});

/** The engine's suite in Chromium: WebGPU (on a software adapter where there is no other), WebGL and WebAssembly. */
import { expect, type Page, test } from '@playwright/test';
import { build, type PreviewServer, preview } from 'vite';
import { headers } from '../../src/build/policy';
import { kernelsPlugin } from '../../src/build/wasm';
import type { Harness } from '../engine/harness';

declare const harness: Harness;

/** Patterns that divide the suite into parts of similar length; together they are the whole. */
const PARTS = {
  convolutions: '^(conv2d|depthwise|matmul|maxPool2d|averagePool2d)',
  elements: '^(?!conv2d|depthwise|matmul|maxPool2d|averagePool2d|training|the same seed)',
  training: '^(training|the same seed)',
} as const;
const BACKENDS = ['webgpu', 'webgl', 'wasm'] as const;

let server: PreviewServer;
let page: Page;

test.describe.configure({ mode: 'serial', timeout: 300_000 });

test.beforeAll(async ({ browser }) => {
  const shared = {
    configFile: false,
    root: 'tests/engine',
    logLevel: 'error',
    build: { outDir: '../../node_modules/.cache/whittle/harness' },
  } as const;
  await build({
    ...shared,
    base: './',
    plugins: [kernelsPlugin()],
    build: {
      ...shared.build,
      emptyOutDir: true,
      target: 'es2023',
      minify: false,
      assetsInlineLimit: 0,
      modulePreload: false,
      rolldownOptions: { input: 'tests/engine/harness.html' },
    },
  });
  server = await preview({ ...shared, preview: { host: 'localhost', headers } });
  page = await browser.newPage();
  await page.goto(new URL('harness.html', server.resolvedUrls?.local[0]).href);
  await page.waitForFunction('globalThis.harness');
});

test.afterAll(async () => {
  await page.close();
  await server.close();
});

test('the parts are the whole', async () => {
  let ran = 0;
  for (const pattern of Object.values(PARTS))
    ran += await page.evaluate((part) => harness.run('wasm', part).then((result) => result.ran), pattern);
  expect(ran).toBe(await page.evaluate(() => harness.total));
});

for (const name of BACKENDS) {
  for (const [part, pattern] of Object.entries(PARTS)) {
    test(`${name}: ${part}`, async () => {
      const { ran, failures } = await page.evaluate(([backend, which]) => harness.run(backend, which), [
        name,
        pattern,
      ] as const);
      expect(failures).toEqual([]);
      expect(ran).toBeGreaterThan(10);
    });
  }
  test(`${name}: passes the parity check`, () => page.evaluate((backend) => harness.parity(backend), name));
}

test('a software adapter is named, and never chosen by itself', async () => {
  const webgpu = await page.evaluate(() => harness.about('webgpu'));
  const { chosen, reports, milliseconds } = await page.evaluate(() => harness.choose('auto'));
  if (webgpu.software) {
    expect(chosen, JSON.stringify(reports)).toBe('wasm');
    expect(reports).toContainEqual(
      expect.objectContaining({
        name: 'webgpu',
        software: true,
        available: true,
        reason: expect.stringContaining('not timed'),
      }),
    );
  }
  expect(reports).toContainEqual(
    expect.objectContaining({ name: 'wasm', available: true, imagesPerSecond: expect.any(Number) }),
  );
  expect(milliseconds).toBeLessThan(15_000);
});

test('an error of the graphics card reaches the caller instead of becoming zeros', async () => {
  expect(await page.evaluate(() => harness.fault())).toMatch(/^(shader|memory|lost): ./);
});

test('large shapes give on webgpu what they give on wasm', async () => {
  const { ran, failures } = await page.evaluate(() => harness.large());
  expect(failures).toEqual([]);
  expect(ran).toBeGreaterThan(10);
});

test('a step of LeNet-5 on webgpu: few dispatches, one upload, nothing read back, and the right loss', async () => {
  const { sums, expected, ...counts } = await page.evaluate(() => harness.lenet());
  expect(counts.dispatches).toBeLessThanOrEqual(35);
  expect(counts.dispatches).toBeGreaterThan(20);
  expect(counts).toMatchObject({ uploads: 1, readbacks: 0, newBuffers: 0 });
  sums.forEach((sum, i) => expect(sum / (expected[i] as number)).toBeCloseTo(1, 3));
});

test('batches made on webgpu are those of the host, bit for bit', async () => {
  expect(await page.evaluate(() => harness.batches())).toEqual([]);
});

test('evaluation on webgpu sends rows, not images, and gives what wasm gives', async () => {
  const { difference, ...rest } = await page.evaluate(() => harness.evaluation());
  expect(difference).toBeLessThan(1e-3);
  // 253 images in two batches: the data set goes up once, the weights with the first rows.
  expect(rest).toEqual({ same: true, uploads: 3, readbacks: 2, aborted: 'AbortError' });
});

test('kernels are compiled ahead, and said to be', async () => {
  const [first, later] = await page.evaluate(() => harness.compiled());
  const of = first.length;
  expect(of).toBeGreaterThan(10);
  expect(first).toEqual(Array.from({ length: of }, (_, i) => [i + 1, of]));
  expect(later).toEqual(first);
});

test('an epoch on webgpu: one upload a step, nothing read but the figures that are shown', async () => {
  const { steps, reports, trained, uploads, readbacks, again } = await page.evaluate(() => harness.epoch());
  expect(steps).toBe(20);
  expect(reports).toBeLessThan(8);
  expect(readbacks).toBe(reports + trained);
  // The data set, then a step each (the first weights go up with the first batch), and one that clears the figures at the end.
  expect(uploads).toBe(1 + steps + 1);
  expect(again).toBe(steps + 1);
});

test('a lost device is told to whoever waits, and to everybody after', async () => {
  const { pending, later, compiling } = await page.evaluate(() => harness.lost());
  for (const words of [pending, later, compiling]) expect(words).toMatch(/^lost: The graphics device was lost/);
});

test('a broken kernel and an invalid call are told in words', async () => {
  const { compiling, before, after } = await page.evaluate(() => harness.shader());
  expect(compiling).toMatch(/^shader: The kernel "broken" does not compile: line 1: ./);
  expect(before).toBe('an answer');
  expect(after).toMatch(/^shader: ./);
});

/** The browser tests: the built studio, served as `npm start` serves it, in a real Chromium. Build it first. */
import { createServer } from 'node:net';
import { defineConfig } from '@playwright/test';
import { quietFlags, softwareWebGpuFlags } from './tests/e2e/support.ts';
import { findChromium } from './tests/run/chromium.mjs';

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

// Playwright's workers read this file again and inherit the environment, so all of them get the one port.
process.env.STUDIO_PORT ??= String(await freePort());
const port = process.env.STUDIO_PORT;
const baseURL = `http://localhost:${port}/`;

const chromium = findChromium();
const launch = (flags: readonly string[]) => ({
  launchOptions: { args: [...flags], ...(chromium ? { executablePath: chromium } : {}) },
});

export default defineConfig({
  testDir: 'tests/e2e',
  outputDir: 'node_modules/.cache/whittle/e2e',
  workers: 1,
  retries: 0,
  timeout: 90_000,
  expect: { timeout: 10_000 },
  forbidOnly: Boolean(process.env.CI),
  use: { baseURL, screenshot: 'only-on-failure', viewport: { width: 1280, height: 800 } },
  projects: [
    { name: 'chromium', testIgnore: '**/*.webgpu.spec.ts', use: launch(quietFlags) },
    { name: 'webgpu', testMatch: '**/*.webgpu.spec.ts', use: launch([...quietFlags, ...softwareWebGpuFlags]) },
  ],
  webServer: {
    command: 'node node_modules/vite/bin/vite.js preview',
    env: { PORT: port },
    url: baseURL,
    timeout: 30_000,
    reuseExistingServer: false,
  },
});

/** How the tests start Chromium, and what every page of a test is watched for. */
import type { Page } from '@playwright/test';

/** No sandbox (tests run as root in containers) and no traffic of the browser's own. */
export const quietFlags = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** WebGPU without a GPU. It computes tens of images a second, so tests on it stay tiny. */
export const softwareWebGpuFlags = [
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--enable-features=Vulkan',
  '--use-vulkan=swiftshader',
];

/**
 * Collects what went wrong on a page: errors nobody caught, `console.error`, what the policy blocked, requests to other
 * origins, answers of 400 and more. A test expects the list to be empty at its end.
 */
export function watchPage(page: Page): string[] {
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(`uncaught: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(`console: ${message.text()}`);
  });
  page.on('request', (request) => {
    const { protocol, origin } = new URL(request.url());
    if (/^https?:$/.test(protocol) && page.url().startsWith('http') && origin !== new URL(page.url()).origin) {
      faults.push(`request to another origin: ${request.url()}`);
    }
  });
  page.on('response', (response) => {
    if (response.status() >= 400) faults.push(`${response.status()} ${response.url()}`);
  });
  return faults;
}

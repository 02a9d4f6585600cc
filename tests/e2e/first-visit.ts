/**
 * What a first visit costs: everything that was asked for until the page is usable (the chosen tab's fields and the
 * chart's axes are drawn), by whomever, gzipped as hosts send it; what more comes until the engine is ready; and when.
 */
import { gzipSync } from 'node:zlib';
import type { Page, Request } from '@playwright/test';

/** What a first visit may cost, in gzipped bytes. */
export const LOAD_BUDGET = 350_000;

export interface Fetched {
  readonly name: string;
  /** Gzipped. */
  readonly bytes: number;
}
export interface FirstVisit {
  /** Milliseconds since navigation began. */
  readonly usable: number;
  readonly ready: number;
  /** Asked for before the page was usable, largest first. */
  readonly needed: readonly Fetched[];
  /** Asked for after that, until the engine was ready. */
  readonly further: readonly Fetched[];
}

/** `page`: new, in a context that has kept nothing. */
export async function firstVisit(page: Page, address: string): Promise<FirstVisit> {
  const requests: Request[] = [];
  // A worker's requests are its context's.
  page.context().on('request', (request) => requests.push(request));
  await page.addInitScript(watch);
  await page.goto(address);
  const times = await page.waitForFunction(() => (globalThis as unknown as { times?: Times }).times);
  const { usable, ready, begun } = (await times.jsonValue()) as Times;
  const [needed, further]: [Fetched[], Fetched[]] = [[], []];
  for (const request of requests) {
    const response = await request.response();
    const at = request.timing().startTime - begun;
    if (!response?.ok() || at > ready || request.url().startsWith('data:')) continue;
    const body = await response.body().catch(() => null);
    if (!body) throw new Error(`${request.url()} came and could not be read`);
    const name = new URL(request.url()).pathname.split('/').at(-1) || 'index.html';
    (at <= usable ? needed : further).push({ name, bytes: gzipSync(body, { level: 6 }).length });
  }
  const bySize = (a: Fetched, b: Fetched): number => b.bytes - a.bytes;
  return { usable, ready, needed: needed.sort(bySize), further: further.sort(bySize) };
}

export function bytesOf(fetched: readonly Fetched[]): number {
  return fetched.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** "react 67.5 kB, chart 90.1 kB" */
export function listed(fetched: readonly Fetched[]): string {
  return fetched.map(({ name, bytes }) => `${name} ${(bytes / 1000).toFixed(1)} kB`).join(', ');
}

interface Times {
  readonly usable: number;
  readonly ready: number;
  /** Milliseconds since 1970 at which navigation began. */
  readonly begun: number;
}

/** Runs in the page, before anything of the studio. */
function watch(): void {
  let usable = 0;
  const look = (): void => {
    const panel = document.querySelector('[role=tabpanel]');
    if (!usable && panel?.querySelector('button, select') && document.querySelector('figure svg .recharts-xAxis'))
      usable = performance.now();
    if (usable && document.querySelector('[data-status=ready]'))
      Object.assign(globalThis, { times: { usable, ready: performance.now(), begun: performance.timeOrigin } });
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}

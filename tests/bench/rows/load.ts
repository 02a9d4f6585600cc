/**
 * Opening the studio for the first time: bytes that have to come before the page is usable (gzipped, as hosts send them),
 * and the time until then, from a server on this machine. Usable: the chosen tab and the chart's axes are drawn. Ready:
 * the engine has checked and timed its backends.
 */
import { gzipSync } from 'node:zlib';
import type { Response } from '@playwright/test';
import type { Lab } from '../lab';
import type { Measurement } from '../measurements';
import type { Row } from '../row';
import { median } from '../statistics';
import { TARGET, targetTable } from './targets';

const BYTES = 'First visit, bytes until usable';
const USABLE = 'First visit, time until usable';
const READY = 'First visit, time until the engine is ready';
const ROUNDS = 7;
const who = 'Whittle';
const seconds = (value: number): string => `${(value / 1000).toFixed(2)} s`;
const kilobytes = (value: number): string => `${Math.round(value / 1000)} kB gzip`;

export const load: Row = {
  name: 'load',
  title: 'Opening the studio',
  compared: TARGET,
  run,
  table: (lines) =>
    targetTable(lines, [
      { what: BYTES, who, figure: median, show: kilobytes, atMost: 350_000 },
      { what: USABLE, who: `${who}, median`, figure: median, show: seconds, atMost: 1500 },
      { what: READY, who: `${who}, median`, figure: median, show: seconds },
    ]),
};

async function run(lab: Lab): Promise<Measurement[]> {
  const measurements: Measurement[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    const { page, context, address } = await lab.studio();
    const responses: Response[] = [];
    page.on('response', (response) => responses.push(response));
    await page.addInitScript(watch);
    await page.goto(address);
    const { usable, ready, addresses } = (await (
      await page.waitForFunction(() => (globalThis as unknown as { times?: Times }).times)
    ).jsonValue()) as Times;
    let bytes = 0;
    const fetched: string[] = [];
    for (const response of responses) {
      if (!addresses.includes(response.url()) || !response.ok()) continue;
      const size = gzipSync(await response.body().catch(() => Buffer.alloc(0)), { level: 6 }).length;
      bytes += size;
      fetched.push(`${new URL(response.url()).pathname.split('/').at(-1)} ${Math.round(size / 100) / 10} kB`);
    }
    if (round === 1) console.log(`  ${fetched.join(', ')}`);
    measurements.push(
      { what: BYTES, who, round, value: bytes, unit: 'bytes' },
      { what: USABLE, who, round, value: Math.round(usable), unit: 'ms' },
      { what: READY, who, round, value: Math.round(ready), unit: 'ms' },
    );
    await context.close();
  }
  return measurements;
}

interface Times {
  readonly usable: number;
  readonly ready: number;
  /** What the page had asked for when it was usable; its worker's script too, but not what the worker asks for. */
  readonly addresses: readonly string[];
}

/** Runs in the page, before anything of the studio. Milliseconds since navigation began. */
function watch(): void {
  let usable = 0;
  let addresses: string[] = [];
  const look = (): void => {
    const panel = document.querySelector('[role=tabpanel]');
    if (!usable && panel?.querySelector('button, select') && document.querySelector('figure svg .recharts-xAxis')) {
      usable = performance.now();
      addresses = [location.href, ...performance.getEntriesByType('resource').map(({ name }) => name)];
    }
    if (usable && document.querySelector('[data-status=ready]'))
      Object.assign(globalThis, { times: { usable, ready: performance.now(), addresses } });
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}

/**
 * Opening the studio for the first time: bytes that have to come before the page is usable (gzipped, as hosts send them),
 * and the time until then, from a server on this machine. Usable: the chosen tab and the chart's axes are drawn. Ready:
 * the engine has checked and timed its backends; its bytes, and those of what is kept for use without a network, come
 * after the page and are counted apart.
 */
import { bytesOf, firstVisit, LOAD_BUDGET, listed } from '../../e2e/first-visit';
import type { Lab } from '../lab';
import type { Measurement } from '../measurements';
import type { Row } from '../row';
import { median } from '../statistics';
import { TARGET, targetTable } from './targets';

const BYTES = 'First visit, bytes until usable';
const USABLE = 'First visit, time until usable';
const READY = 'First visit, time until the engine is ready';
const FURTHER = 'First visit, further bytes until the engine is ready';
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
      { what: BYTES, who, figure: median, show: kilobytes, atMost: LOAD_BUDGET },
      { what: USABLE, who: `${who}, median`, figure: median, show: seconds, atMost: 1500 },
      { what: FURTHER, who, figure: median, show: kilobytes },
      { what: READY, who: `${who}, median`, figure: median, show: seconds },
    ]),
};

async function run(lab: Lab): Promise<Measurement[]> {
  const measurements: Measurement[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    const { page, context, address } = await lab.studio();
    const { usable, ready, needed, further } = await firstVisit(page, address);
    if (round === 1) console.log(`  ${listed(needed)}`);
    measurements.push(
      { what: BYTES, who, round, value: bytesOf(needed), unit: 'bytes' },
      { what: FURTHER, who, round, value: bytesOf(further), unit: 'bytes' },
      { what: USABLE, who, round, value: Math.round(usable), unit: 'ms' },
      { what: READY, who, round, value: Math.round(ready), unit: 'ms' },
    );
    await context.close();
  }
  return measurements;
}

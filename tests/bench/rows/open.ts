/** A real model from outside: nsfwjs' MobileNet v2 (162 layers, 2.6 million parameters), dropped on the page, then quantized to 8 bits. */
import { expect } from '@playwright/test';
import { chooseMethod, openStudio, rows, slide } from '../../e2e/studio';
import { mobilenetFiles } from '../../fixtures/mobilenet';
import type { Lab } from '../lab';
import type { Measurement } from '../measurements';
import type { Row } from '../row';
import { median } from '../statistics';
import { TARGET, targetTable } from './targets';

const SHOWN = 'MobileNet v2, from drop to its row in the table';
const QUANTIZED = 'MobileNet v2, from Apply to its 8-bit row in the table';
const ROUNDS = 5;
const who = 'Whittle';
const seconds = (value: number): string => `${(value / 1000).toFixed(2)} s`;

export const open: Row = {
  name: 'open',
  title: 'Opening and quantizing a real model',
  compared: TARGET,
  run,
  table: (lines) =>
    targetTable(lines, [
      { what: SHOWN, who: `${who}, median`, figure: median, show: seconds, atMost: 2000 },
      { what: QUANTIZED, who: `${who}, median`, figure: median, show: seconds },
    ]),
};

async function run(lab: Lab): Promise<Measurement[]> {
  const files = mobilenetFiles().map(({ name, bytes }) => ({ name, base64: Buffer.from(bytes).toString('base64') }));
  const measurements: Measurement[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    const { page, context, address } = await lab.studio();
    await openStudio(page, address);
    await page.waitForSelector('[data-status=ready]');
    const shown = await page.evaluate(drop, files);
    await chooseMethod(page, 'Weight quantization');
    await slide(page, 'Bits', 8);
    await expect(page.getByRole('button', { name: 'Apply', exact: true })).toBeEnabled();
    const quantized = await page.evaluate(applied);
    await expect(rows(page)).toHaveCount(2);
    measurements.push(
      { what: SHOWN, who, round, value: Math.round(shown), unit: 'ms' },
      { what: QUANTIZED, who, round, value: Math.round(quantized), unit: 'ms' },
    );
    await context.close();
  }
  return measurements;
}

/** Runs in the page: drops the files; milliseconds until the frame in which the model has its row, numbers included. */
async function drop(files: readonly { readonly name: string; readonly base64: string }[]): Promise<number> {
  const transfer = new DataTransfer();
  for (const { name, base64 } of files)
    transfer.items.add(new File([Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))], name));
  const target = document.querySelector('main');
  const begun = performance.now();
  for (const type of ['dragenter', 'drop'])
    target?.dispatchEvent(new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer: transfer }));
  while (document.querySelectorAll('main tbody tr[data-node] [data-value]').length < 4)
    await new Promise(requestAnimationFrame);
  return performance.now() - begun;
}

/** Runs in the page: presses Apply; milliseconds until the new model has its row. */
async function applied(): Promise<number> {
  const count = (): number => document.querySelectorAll('main tbody tr[data-node]').length;
  const before = count();
  const begun = performance.now();
  [...document.querySelectorAll('button')].find((button) => button.textContent === 'Apply')?.click();
  while (count() === before) {
    if (performance.now() - begun > 120_000) throw new Error('Nothing was made in two minutes.');
    await new Promise(requestAnimationFrame);
  }
  return performance.now() - begun;
}

/** How well the small CNN learns MNIST in three epochs: the studio's own page and defaults on wasm, three seeds, test accuracy. */
import { expect } from '@playwright/test';
import { cell, openStudio, openTab, rows } from '../../e2e/studio';
import type { Lab } from '../lab';
import type { Line, Measurement } from '../measurements';
import type { Row, TableLine } from '../row';
import { median } from '../statistics';
import { TARGET } from './targets';

const SEEDS = [1, 2, 3];
const EPOCHS = 3;
const ACCURACY = 'Small CNN, test accuracy after 3 epochs';
const SPEED = 'Small CNN, images a second while training in the page';
/** What the studio promises. */
const LEAST = 0.985;
const LEAST_SPEED = 1700;

export const convergence: Row = {
  name: 'convergence',
  title: 'Convergence on MNIST (in the page, wasm, default settings)',
  compared: TARGET,
  run,
  table,
};

async function run(lab: Lab): Promise<Measurement[]> {
  const measurements: Measurement[] = [];
  for (const seed of SEEDS) {
    const { page, context, address } = await lab.studio();
    await openStudio(page, address);
    await openTab(page, 'Data');
    await page.getByLabel('Data set').selectOption({ label: 'MNIST' });
    await openTab(page, 'Build');
    await page.getByLabel('Template').selectOption({ label: 'Small CNN' });
    await page.getByLabel('Seed').fill(String(seed));
    await openTab(page, 'Train');
    await page.getByLabel('Backend').selectOption('wasm');
    await expect(page.getByLabel('Backend')).toBeEnabled({ timeout: 30_000 });
    await page.getByLabel('Epochs').fill(String(EPOCHS));
    await page.getByLabel('Seed').fill(String(seed));
    await page.getByRole('button', { name: 'Train', exact: true }).click();
    await expect(page.getByRole('button', { name: 'Stop' })).toBeEnabled({ timeout: 60_000 });
    const begun = performance.now();
    await expect(page.getByRole('button', { name: 'Stop' })).toBeDisabled({ timeout: 300_000 });
    const seconds = (performance.now() - begun) / 1000;
    const accuracy = await cell(page, rows(page).first(), 'Accuracy (test)');
    const speed = Math.round((50_000 * EPOCHS) / seconds);
    measurements.push(
      { what: ACCURACY, who: 'Whittle wasm', round: seed, value: accuracy, unit: 'share' },
      { what: SPEED, who: 'Whittle wasm', round: seed, value: speed, unit: 'images/s' },
    );
    console.log(
      `  seed ${seed}: ${(accuracy * 100).toFixed(2)} % in ${seconds.toFixed(1)} s, validation and test included`,
    );
    await context.close();
  }
  return measurements;
}

function table(lines: readonly Line[]): TableLine[] {
  const seeds = lines.filter(({ what }) => what === ACCURACY);
  const speeds = lines.flatMap(({ what, value }) => (what === SPEED ? [value] : []));
  const speed = Math.round(median(speeds));
  return [
    ...seeds.map(({ what, who, round, value }) => ({
      what,
      who: `${who}, seed ${round}`,
      figure: `${(value * 100).toFixed(2)} %`,
      against: `${value >= LEAST ? 'met' : 'missed'}: at least ${LEAST * 100} %`,
    })),
    {
      what: SPEED,
      who: 'Whittle wasm, validation and test included',
      figure: speed.toLocaleString('en'),
      against: `${speed >= LEAST_SPEED ? 'met' : 'missed'}: at least ${LEAST_SPEED.toLocaleString('en')}`,
    },
  ];
}

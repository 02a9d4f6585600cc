/** How well the small CNN learns MNIST and Fashion-MNIST in three epochs: the studio's own page and defaults on wasm, three seeds, test accuracy. */
import { expect } from '@playwright/test';
import { cell, openStudio, openTab, rows } from '../../e2e/studio';
import type { Lab } from '../lab';
import type { Line, Measurement } from '../measurements';
import type { Row, TableLine } from '../row';
import { median } from '../statistics';
import { TARGET } from './targets';

const SEEDS = [1, 2, 3];
const EPOCHS = 3;
/** What is said of the small CNN on each data set, and the accuracy that it has to reach. */
const DATA = [
  { label: 'MNIST', what: 'Small CNN, test accuracy after 3 epochs', least: 0.985 },
  { label: 'Fashion-MNIST', what: 'Small CNN on Fashion-MNIST, test accuracy after 3 epochs', least: 0.88 },
] as const;
const SPEED = 'Small CNN, images a second while training in the page';
const LEAST_SPEED = 1700;

export const convergence: Row = {
  name: 'convergence',
  title: 'Convergence on MNIST and Fashion-MNIST (in the page, wasm, default settings)',
  compared: TARGET,
  run,
  table,
};

async function run(lab: Lab): Promise<Measurement[]> {
  const measurements: Measurement[] = [];
  for (const { label, what } of DATA) {
    for (const seed of SEEDS) {
      const { accuracy, seconds } = await trained(lab, label, seed);
      const speed = Math.round((50_000 * EPOCHS) / seconds);
      measurements.push({ what, who: 'Whittle wasm', round: seed, value: accuracy, unit: 'share' });
      if (label === 'MNIST')
        measurements.push({ what: SPEED, who: 'Whittle wasm', round: seed, value: speed, unit: 'images/s' });
      const percent = (accuracy * 100).toFixed(2);
      console.log(`  ${label}, seed ${seed}: ${percent} % in ${seconds.toFixed(1)} s, validation and test included`);
    }
  }
  return measurements;
}

/** One run in a page of its own. */
async function trained(lab: Lab, label: string, seed: number): Promise<{ accuracy: number; seconds: number }> {
  const { page, context, address } = await lab.studio();
  await openStudio(page, address);
  await openTab(page, 'Data');
  await page.getByLabel('Data set').selectOption({ label });
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
  await context.close();
  return { accuracy, seconds };
}

function table(lines: readonly Line[]): TableLine[] {
  const seeds = DATA.flatMap(({ what, least }) =>
    lines
      .filter((line) => line.what === what)
      .map(({ who, round, value }) => ({
        what,
        who: `${who}, seed ${round}`,
        figure: `${(value * 100).toFixed(2)} %`,
        against: `${value >= least ? 'met' : 'missed'}: at least ${least * 100} %`,
      })),
  );
  const speeds = lines.flatMap(({ what, value }) => (what === SPEED ? [value] : []));
  if (speeds.length === 0) return seeds;
  const speed = Math.round(median(speeds));
  return [
    ...seeds,
    {
      what: SPEED,
      who: 'Whittle wasm, validation and test included',
      figure: speed.toLocaleString('en'),
      against: `${speed >= LEAST_SPEED ? 'met' : 'missed'}: at least ${LEAST_SPEED.toLocaleString('en')}`,
    },
  ];
}

/** Ensembles in somebody else's page: the zip and the graph that were downloaded, asked with the published TensorFlow.js. */
import { expect, type Locator, type Page, test } from '@playwright/test';
import { askEnsemble, askStock, unzip } from './stock';
import {
  cell,
  digitsTest,
  downloaded,
  dropFile,
  openStudio,
  openTab,
  rowNamed,
  rows,
  selectedRow,
  trainFresh,
} from './studio';
import { watchPage } from './support';

/** Combines what is there, all of it or the networks, and returns the new row. */
async function combine(page: Page, way: string, only?: readonly string[]): Promise<Locator> {
  await openTab(page, 'Combine');
  await page.getByRole('tab', { name: 'Join', exact: true }).click();
  if (only) for (const name of only) await page.getByRole('checkbox', { name }).check();
  else await page.getByRole('button', { name: 'All', exact: true }).click();
  const field = page.getByRole('combobox', { name: 'How they answer together' });
  await field.click();
  await page.getByRole('option', { name: way, exact: true }).click();
  const before = await rows(page).count();
  await page.getByRole('button', { name: 'Combine', exact: true }).click();
  await expect(rows(page)).toHaveCount(before + 1, { timeout: 60_000 });
  const row = await selectedRow(page);
  await expect(row).toContainText(`${way}:`);
  return row;
}

async function exported(page: Page): Promise<Uint8Array> {
  await openTab(page, 'Export');
  await page.getByRole('button', { name: 'Export', exact: true }).click();
  const file = await downloaded(page, /^Download .*\.zip$/);
  await expect(page.getByText('The file answers exactly as the chart says.')).toBeVisible();
  return file;
}

test('a vote with trees, a cascade and a mean leave the studio and answer there as they do here', async ({
  page,
  browser,
}) => {
  test.setTimeout(300_000);
  const faults = watchPage(page);
  const images = digitsTest();
  await openStudio(page);
  await trainFresh(page, { dataset: 'Digits', template: 'LeNet-300-100', epochs: 3, seconds: 60 });
  await trainFresh(page, { dataset: 'Digits', template: 'Small CNN', epochs: 3, seconds: 60 });
  const networks = ['LeNet-300-100', 'Small CNN'];

  const cascade = await combine(page, 'Cascade', networks);
  const shown = await cell(page, cascade, 'Accuracy (test)');
  const zip = await exported(page);
  expect(zip.length).toBe(await cell(page, cascade, 'Size'));
  const files = await unzip(zip);
  expect([...files.keys()].sort()).toEqual([
    'loader.js',
    'manifest.json',
    'member-1.bin',
    'member-1.json',
    'member-2.bin',
    'member-2.json',
  ]);
  const there = await askEnsemble(browser, files, images);
  expect(there.accuracy).toBe(shown);
  // The second network was asked about some images only.
  expect(Math.max(...there.ran)).toBe(images.labels.length);
  expect(Math.min(...there.ran)).toBeLessThan(images.labels.length);

  // A member is a model by itself.
  const alone = new Map(files).set('model.json', files.get('member-1.json') as Uint8Array);
  const parameters = await Promise.all(networks.map((name) => cell(page, rowNamed(page, name).first(), 'Parameters')));
  expect(parameters).toContain((await askStock(browser, alone, images)).parameters);

  const mean = await combine(page, 'Mean of probabilities', networks);
  const graph = await askStock(browser, await unzip(await exported(page)), images);
  expect(graph.accuracy).toBe(await cell(page, mean, 'Accuracy (test)'));

  await openTab(page, 'Combine');
  await page.getByRole('tab', { name: 'Trees', exact: true }).click();
  await page.getByLabel('Kind of trees').selectOption({ label: 'Random forest' });
  const before = await rows(page).count();
  await page.getByRole('button', { name: 'Grow', exact: true }).click();
  await expect(rows(page)).toHaveCount(before + 1, { timeout: 60_000 });
  const vote = await combine(page, 'Majority vote');
  const voted = await exported(page);
  expect((await askEnsemble(browser, await unzip(voted), images)).accuracy).toBe(
    await cell(page, vote, 'Accuracy (test)'),
  );

  // And back: the ensemble that it was, not one of its members.
  const count = await rows(page).count();
  await dropFile(page, 'back.zip', voted);
  await expect(rows(page)).toHaveCount(count + 1, { timeout: 30_000 });
  const back = rows(page).last();
  expect(await cell(page, back, 'Accuracy (test)')).toBe(await cell(page, vote, 'Accuracy (test)'));
  expect(await cell(page, back, 'Parameters')).toBe(await cell(page, vote, 'Parameters'));
  expect(faults).toEqual([]);
});

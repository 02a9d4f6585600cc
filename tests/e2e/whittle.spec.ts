/** A packed model in somebody else's page: the published TensorFlow.js and the loader that was downloaded beside the file. */
import { expect, test } from '@playwright/test';
import { askStock } from './stock';
import {
  apply,
  cell,
  chooseMethod,
  digitsTest,
  downloaded,
  dropFile,
  openStudio,
  openTab,
  rows,
  slide,
  trainFresh,
} from './studio';

test('a pruned and shared network leaves as a few kB that TensorFlow.js opens, and comes back the same', async ({
  page,
  browser,
}) => {
  test.setTimeout(240_000);
  await openStudio(page);
  await trainFresh(page, { dataset: 'Digits', template: 'Small CNN', epochs: 12, seconds: 90 });
  await chooseMethod(page, 'Magnitude pruning');
  await slide(page, 'Sparsity', 0.7);
  await apply(page);
  await chooseMethod(page, 'Weight sharing');
  await slide(page, 'Clusters', 16);
  const shared = await apply(page);
  const shown = await cell(page, shared, 'Accuracy (test)');
  const zip = await cell(page, shared, 'Size');
  const parameters = await cell(page, shared, 'Parameters');

  await openTab(page, 'Export');
  await page.getByLabel('Format', { exact: true }).selectOption('whittle');
  await page.getByRole('button', { name: 'Export', exact: true }).click();
  const file = await downloaded(page, /^Download .*\.whittle$/);
  const loader = await downloaded(page, /^Download whittle-loader\.js$/);
  expect(file.length).toBeLessThan(zip / 2);
  expect(loader.length).toBeLessThan(28_000);

  const stock = await askStock(
    browser,
    new Map([
      ['packed.whittle', file],
      ['whittle-loader.js', loader],
    ]),
    digitsTest(),
    { loader: 'whittle-loader.js', file: 'packed.whittle' },
  );
  expect(stock.accuracy).toBe(shown);
  expect(stock.parameters).toBe(parameters);

  const count = await rows(page).count();
  await dropFile(page, 'back.whittle', file);
  await expect(rows(page)).toHaveCount(count + 1, { timeout: 30_000 });
  expect(await cell(page, rows(page).last(), 'Non-zero')).toBe(await cell(page, shared, 'Non-zero'));
  expect(await cell(page, rows(page).last(), 'Accuracy (test)')).toBe(shown);
});

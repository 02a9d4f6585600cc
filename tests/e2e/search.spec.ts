/** Searching on Digits: a search in the background, gone on with after a reload; a grid over a method; members; seeds. */
import { AxeBuilder } from '@axe-core/playwright';
import { expect, type Page, test } from '@playwright/test';
import { cell, openStudio, openTab, rowNamed, rows, trainFresh, wear } from './studio';

const view = (page: Page, name: string) => page.getByRole('tab', { name, exact: true });
const candidates = (page: Page) => page.getByRole('table', { name: 'Candidates, the best first' }).locator('tbody tr');

/** Takes out what is searched at first, and searches these. */
async function searchOnly(page: Page, ...names: readonly string[]): Promise<void> {
  await expect(page.getByRole('heading', { name: 'What may change' })).toBeVisible();
  const remove = page.getByRole('button', { name: /^Do not search/ });
  while ((await remove.count()) > 0) await remove.first().click();
  for (const name of names) await page.getByLabel('Add something to search').selectOption({ label: name });
}

/** Rules of accessibility that the page breaks, light and dark. */
async function faults(page: Page): Promise<string[]> {
  const found: string[] = [];
  await page.emulateMedia({ reducedMotion: 'reduce' });
  for (const colorScheme of ['light', 'dark'] as const) {
    await wear(page, colorScheme);
    const { violations } = await new AxeBuilder({ page })
      .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
      .analyze();
    found.push(...violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target.join(' ')}`)));
  }
  return found;
}

test('a search goes on after a reload, gives way, and its best becomes a model', async ({ page }) => {
  test.setTimeout(240_000);
  await openStudio(page);
  await openTab(page, 'Train');
  await page.getByRole('spinbutton', { name: 'Epochs', exact: true }).fill('40');
  await openTab(page, 'Search');
  await searchOnly(page, 'Learning rate', 'Template');
  await page.getByRole('checkbox', { name: 'LeNet-300-100' }).uncheck();
  await page.getByRole('checkbox', { name: 'LeNet-5' }).uncheck();
  await page.getByRole('checkbox', { name: 'Small residual network' }).uncheck();
  await page.getByLabel('Strategy').selectOption({ label: 'Random' });
  await page.getByRole('spinbutton', { name: 'Candidates' }).fill('6');
  await expect(page.getByText('6 candidates, 6 models to train, 240 epochs in all.')).toBeVisible();
  await page.getByRole('button', { name: 'Start the search' }).click();
  await expect(candidates(page).first()).toBeVisible({ timeout: 60_000 });

  // Paused it stands still, also over a reload.
  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'Paused: Small CNN' })).toBeVisible();
  const done = await candidates(page).count();
  expect(done).toBeLessThan(6);
  await page.reload();
  await openTab(page, 'Search');
  await expect(page.getByRole('heading', { name: 'Paused: Small CNN' })).toBeVisible();
  await expect(candidates(page)).toHaveCount(done);
  await page.getByRole('button', { name: 'Go on' }).click();
  await expect(candidates(page)).toHaveCount(done + 1, { timeout: 60_000 });

  // Going on it goes on by itself after a reload.
  await page.reload();
  await openTab(page, 'Search');
  await expect(page.getByRole('heading', { name: 'Best of 6' })).toBeVisible({ timeout: 150_000 });
  await expect(candidates(page)).toHaveCount(6);
  await expect(page.getByText('Test, measured once')).toBeVisible();

  // The best is the first row, and the model on the page.
  const best = Number(await candidates(page).first().locator('td').first().getAttribute('data-value'));
  for (const row of await candidates(page).all())
    expect(Number(await row.locator('td').first().getAttribute('data-value'))).toBeLessThanOrEqual(best);
  await expect(rows(page)).toHaveCount(1);
  // Templates are searched: it has the name of its own.
  const made = rowNamed(page, /^(Small CNN|Depthwise-separable CNN), best of 6/);
  expect(await cell(page, made, 'Validation')).toBe(best);
  expect(await cell(page, made, 'Accuracy (test)')).toBeGreaterThan(0.8);

  // Every candidate is a line; a row makes its line stand out and tells it in full.
  const chart = page.getByRole('figure', { name: /^A line for each candidate/ });
  await expect(chart.locator('[data-candidate]')).toHaveCount(6);
  await candidates(page).last().getByRole('button').click();
  await expect(chart.locator('[data-stands="2"]')).toHaveCount(1);
  await expect(page.getByRole('region', { name: /^Candidate \d$/ })).toContainText('seed 1');
  await page.getByRole('button', { name: 'Make it a model' }).click();
  await expect(rows(page)).toHaveCount(2, { timeout: 60_000 });
});

test('halving leaves the worse behind, with an estimate of where they were heading', async ({ page }) => {
  test.setTimeout(180_000);
  await openStudio(page);
  await openTab(page, 'Search');
  await searchOnly(page, 'Learning rate');
  await page.getByLabel('Strategy').selectOption({ label: 'Successive halving' });
  await page.getByRole('spinbutton', { name: 'Candidates' }).fill('4');
  await page.getByRole('spinbutton', { name: 'Epochs in all' }).fill('64');
  await page.getByRole('button', { name: 'Start the search' }).click();
  await expect(page.getByRole('heading', { name: 'Best of 4' })).toBeVisible({ timeout: 120_000 });
  // Two rounds of 32 epochs: 8 each, then 16 more for two of them.
  await expect(candidates(page).filter({ hasText: 'left behind' })).toHaveCount(2);
  await candidates(page).filter({ hasText: 'left behind' }).first().getByRole('button').click();
  // On the chart beside the models: faint points, while this tab is open.
  await expect(page.locator('[data-run^="candidate"]')).toHaveCount(4);
  await expect(page.getByText('Candidates of the search')).toBeVisible();
  await expect(page.getByText(/^Estimate: \d+\.\d.% after 24 epochs$/)).toBeVisible();
  expect(await faults(page), 'candidates').toEqual([]);
  await expect(rowNamed(page, 'Small CNN, best of 4')).toBeVisible();
});

test('a grid over a method, judged on the selected model', async ({ page }) => {
  test.setTimeout(180_000);
  await openStudio(page);
  await trainFresh(page, { dataset: 'Digits', template: 'Small CNN', epochs: 8, seconds: 90 });
  await openTab(page, 'Search');
  await view(page, 'Methods').click();
  await page.getByRole('combobox', { name: 'Add a method' }).click();
  await page.getByRole('option', { name: 'Weight quantization', exact: true }).click();
  await page.getByLabel('Strategy').selectOption({ label: 'Grid' });
  const bits = page.getByRole('group', { name: 'Bits' });
  await bits.getByRole('spinbutton', { name: 'To' }).fill('8');
  await bits.getByRole('spinbutton', { name: 'From' }).fill('2');
  await bits.getByRole('spinbutton', { name: 'Values' }).fill('3');
  await page.getByRole('button', { name: 'Start the search' }).click();
  await expect(page.getByRole('heading', { name: 'Best of 3' })).toBeVisible({ timeout: 60_000 });
  await expect(candidates(page)).toHaveCount(3);
  // 2 bits cannot do what 8 can.
  await expect(candidates(page).last()).toContainText('2');
  await expect(rowNamed(page, 'Small CNN, best of 3')).toContainText('Weight quantization');
});

test('a model is made again with other seeds, and members are chosen within a budget', async ({ page }) => {
  test.setTimeout(180_000);
  await openStudio(page);
  await trainFresh(page, { dataset: 'Digits', template: 'Small CNN', epochs: 4, seconds: 60 });
  await openTab(page, 'Search');
  await view(page, 'Seeds').click();
  await page.getByRole('spinbutton', { name: 'More runs' }).fill('2');
  await page.getByRole('button', { name: 'Repeat', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'Repeated Small CNN' })).toBeVisible({ timeout: 60_000 });
  await expect(page.getByText('3 runs, this model among them')).toBeVisible();
  await expect(page.locator('[data-run]')).toHaveCount(2);
  await expect(rows(page).first()).toContainText(/mean \d+\.\d ± \d+\.\d.%/);

  await trainFresh(page, { dataset: 'Digits', template: 'LeNet-300-100', epochs: 4, seconds: 60 });
  await openTab(page, 'Search');
  await view(page, 'Members').click();
  await page.getByRole('button', { name: 'Choose members' }).click();
  const found = page.getByRole('list', { name: 'What was found' });
  await expect(found).toBeVisible({ timeout: 60_000 });
  const [best, single] = await Promise.all(
    [found.getByRole('listitem').first(), found.getByRole('listitem').last()].map((one) =>
      one.locator('[data-value]').getAttribute('data-value'),
    ),
  );
  expect(Number(best)).toBeGreaterThanOrEqual(Number(single));
  expect(await faults(page), 'members').toEqual([]);
  const combine = found.getByRole('button', { name: 'Combine these' }).first();
  await combine.click();
  await expect(rows(page)).toHaveCount(3, { timeout: 60_000 });

  // Less than the smallest of them: nothing is left to choose.
  await page.getByLabel('Budget').selectOption({ label: 'Bytes of all files' });
  await page.getByRole('spinbutton', { name: 'At most' }).fill('10');
  await page.getByRole('button', { name: 'Choose members' }).click();
  await expect(page.getByText('The budget allows none of these models.')).toBeVisible({ timeout: 60_000 });
});

/** How good a model is, on Digits: errors and their images, classes, confidence, two models compared, and looks at test counted. */
import { AxeBuilder } from '@axe-core/playwright';
import { expect, type Locator, type Page, test } from '@playwright/test';
import { apply, cell, chooseMethod, openStudio, openTab, rows, slide, trainFresh } from './studio';
import { watchPage } from './support';

const looks = async (page: Page): Promise<number> => {
  const shown = page.locator('[data-looks]');
  await expect(shown).toBeVisible();
  return Number(await shown.getAttribute('data-looks'));
};
const faults = async (page: Page): Promise<string[]> => {
  const { violations } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
    .analyze();
  return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target.join(' ')}`));
};

test('a model is examined, and compared with what was made from it', async ({ page }) => {
  test.setTimeout(180_000);
  const wrong = watchPage(page);
  await openStudio(page);
  await trainFresh(page, { dataset: 'Digits', template: 'Small CNN', epochs: 4, seconds: 90 });
  const validation = await cell(page, rows(page).first(), 'Validation');
  const tested = await cell(page, rows(page).first(), 'Accuracy (test)');

  await openTab(page, 'Evaluate');
  const table = page.getByRole('table', { name: 'Which class is taken for which' });
  await expect(table).toBeVisible({ timeout: 30_000 });
  // The training run measured on test once.
  expect(await looks(page)).toBe(1);
  const counts = await table
    .getByRole('button')
    .evaluateAll((all) => all.map((one) => Number((one as HTMLElement).dataset['value'])));
  expect(counts).toHaveLength(100);
  expect(counts.reduce((sum, one) => sum + one, 0)).toBe(300);
  const right = counts.filter((_, at) => at % 11 === 0).reduce((sum, one) => sum + one, 0);
  expect(right / 300).toBeCloseTo(validation, 9);

  // A cell opens its images: as many as it counts.
  await table.getByRole('button', { name: '0: ' }).first().focus();
  await page.keyboard.press('ArrowRight');
  await expect(table.getByRole('button', { name: /^0 taken for 1: / })).toHaveAttribute('aria-pressed', 'true');
  await page.keyboard.press('ArrowLeft');
  await expect(page.getByRole('heading', { name: '0, answered right' })).toBeVisible();
  await expect(page.getByRole('img', { name: 'It is 0' })).toHaveCount(Math.min(18, counts[0] ?? 0));
  const worst = page.getByRole('button', { name: /^\d taken for \d$/ }).first();
  const said = (await worst.textContent()) ?? '';
  await worst.click();
  await expect(page.getByRole('heading', { name: said })).toBeVisible();
  await expect(page.getByRole('img', { name: `It is ${said[0]}` }).first()).toBeVisible();
  expect(await faults(page)).toEqual([]);

  await page.getByRole('tab', { name: 'Classes', exact: true }).click();
  await expect(page.getByRole('table', { name: 'Each class by itself' }).locator('tbody tr')).toHaveCount(10);
  await expect(
    page
      .getByRole('figure', { name: /^Curves of All classes/ })
      .locator('svg path')
      .first(),
  ).toBeVisible();
  await page.getByLabel('Curve', { exact: true }).selectOption('8');
  await expect(page.getByRole('figure', { name: /^Curves of 8/ })).toBeVisible();
  expect(await faults(page)).toEqual([]);

  await page.getByRole('tab', { name: 'Confidence', exact: true }).click();
  const loss = page.locator('[data-figure="log-loss"] [data-value]');
  const [before, after] = await loss.evaluateAll((all) =>
    all.map((one) => Number((one as HTMLElement).dataset['value'])),
  );
  expect(after).toBeLessThanOrEqual(before as number);
  await expect(page.getByRole('figure', { name: /^Share of right answers over confidence/ })).toBeVisible();
  expect(await faults(page)).toEqual([]);

  // Test images are looked at when the person says so, and that is counted.
  await page.getByLabel('Images', { exact: true }).selectOption('Test');
  await page.getByRole('button', { name: 'Look at them' }).click();
  await expect(page.getByText(/of 300 test images right/)).toBeVisible({ timeout: 30_000 });
  expect(await looks(page)).toBe(2);
  await expect(page.locator(`[data-value="${tested}"]`).first()).toBeVisible();
  await page.getByLabel('Images', { exact: true }).selectOption('Validation');
  await page.getByLabel('Images', { exact: true }).selectOption('Test');
  await expect(page.getByText(/of 300 test images right/)).toBeVisible();
  expect(await looks(page)).toBe(2);
  await page.getByLabel('Images', { exact: true }).selectOption('Validation');

  // A pruned model beside the one it was made from.
  await chooseMethod(page, 'Magnitude pruning');
  await slide(page, 'Sparsity', 0.9);
  const small = await apply(page);
  const left = await cell(page, small, 'Validation');
  await openTab(page, 'Evaluate');
  await page.getByRole('tab', { name: 'Compare', exact: true }).click();
  await expect(page.getByLabel('Compared with')).toBeVisible();
  const pairs = page.getByRole('table', { name: 'Images by who gets them right' });
  await expect(pairs).toBeVisible({ timeout: 30_000 });
  const kind = async (name: string) => Number(await pairs.locator(`[data-kind="${name}"]`).getAttribute('data-value'));
  expect(((await kind('both')) + (await kind('onlyA'))) / 300).toBeCloseTo(left, 9);
  expect(((await kind('both')) + (await kind('onlyB'))) / 300).toBeCloseTo(validation, 9);
  const onlyB = await kind('onlyB');
  await page.getByRole('button', { name: /^Only B right/ }).click();
  await expect(page.getByRole('tabpanel', { name: 'Compare' }).getByRole('listitem')).toHaveCount(Math.min(18, onlyB));
  expect(await faults(page)).toEqual([]);
  expect(await looks(page)).toBe(3);

  // The count is part of the project.
  await page.waitForTimeout(600);
  await page.reload();
  await expect(rows(page)).toHaveCount(2);
  await openTab(page, 'Evaluate');
  expect(await looks(page)).toBe(3);
  expect(wrong).toEqual([]);
});

test('an ensemble and trees are examined and compared like any model', async ({ page }) => {
  test.setTimeout(180_000);
  const wrong = watchPage(page);
  await openStudio(page);
  await trainFresh(page, { dataset: 'Digits', template: 'Small CNN', epochs: 3, seconds: 90 });
  const table = page.getByRole('table', { name: 'Which class is taken for which' });
  const rightOf = async (row: Locator): Promise<void> => {
    const validation = await cell(page, row, 'Validation');
    await openTab(page, 'Evaluate');
    await expect(page.locator(`[role="tabpanel"] p[data-value="${validation}"]`)).toBeVisible({ timeout: 30_000 });
    await page.getByRole('tab', { name: 'Errors', exact: true }).click();
    const right = table.getByRole('button', { name: / right$/ });
    const counts = await right.evaluateAll((all) => all.map((one) => Number((one as HTMLElement).dataset['value'])));
    expect(counts.reduce((sum, one) => sum + one, 0) / 300).toBeCloseTo(validation, 9);
  };

  await openTab(page, 'Combine');
  await page.getByRole('tab', { name: 'Trees', exact: true }).click();
  await page.getByRole('button', { name: 'Grow', exact: true }).click();
  await expect(rows(page)).toHaveCount(2, { timeout: 60_000 });
  await rightOf(rows(page).and(page.locator('[aria-current]')));
  expect(await looks(page)).toBe(2);

  await openTab(page, 'Combine');
  await page.getByRole('tab', { name: 'Join', exact: true }).click();
  const way = page.getByRole('combobox', { name: 'How they answer together' });
  await way.click();
  await page.getByRole('option', { name: 'Majority vote', exact: true }).click();
  await page.getByRole('button', { name: 'Combine', exact: true }).click();
  await expect(rows(page)).toHaveCount(3, { timeout: 60_000 });
  await rightOf(rows(page).and(page.locator('[aria-current]')));
  // Its members had been measured before.
  expect(await looks(page)).toBe(3);
  await page.getByRole('tab', { name: 'Confidence', exact: true }).click();
  await expect(page.getByText(/^This ensemble counts votes/)).toBeVisible();
  await page.getByRole('tab', { name: 'Compare', exact: true }).click();
  await page.getByLabel('Compared with').selectOption({ label: 'Small CNN' });
  const pairs = page.getByRole('table', { name: 'Images by who gets them right' });
  await expect(pairs.locator('[data-kind="both"]')).toHaveAttribute('data-value', /\d/, { timeout: 30_000 });
  expect(wrong).toEqual([]);
});

for (const colorScheme of ['light', 'dark'] as const) {
  test(`no part of the tab breaks a rule of accessibility or sticks out of a phone, ${colorScheme}`, async ({
    page,
  }) => {
    test.setTimeout(120_000);
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await page.setViewportSize({ width: 390, height: 844 });
    await openStudio(page);
    await openTab(page, 'Evaluate');
    await expect(page.getByText('There is no model to look at yet.')).toBeVisible();
    await page.getByRole('button', { name: 'Train a small network' }).click();
    await expect(rows(page).first().locator('[data-column="test"]')).toHaveAttribute('data-value', /\d/, {
      timeout: 60_000,
    });
    await openTab(page, 'Evaluate');
    for (const view of ['Errors', 'Classes', 'Confidence', 'Compare']) {
      await page.getByRole('tab', { name: view, exact: true }).click();
      await page.waitForTimeout(500);
      expect(await faults(page), view).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth), view).toBeLessThanOrEqual(390);
      const panel = page.getByRole('tabpanel', { name: 'Evaluate', exact: true });
      expect(await panel.evaluate((one) => one.scrollWidth - one.clientWidth), view).toBe(0);
    }
  });
}

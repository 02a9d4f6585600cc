/** The page for everybody: rules of accessibility on each tab, light and dark, keys alone, both languages, a narrow phone. */
import { AxeBuilder } from '@axe-core/playwright';
import { expect, type Page, test } from '@playwright/test';
import { apply, chooseMethod, openStudio, openTab, rows, wear } from './studio';

const TABS = ['Data', 'Build', 'Train', 'Optimize', 'Combine', 'Evaluate', 'Search', 'Export'] as const;

async function withModel(page: Page): Promise<void> {
  await openStudio(page);
  await page.getByRole('button', { name: 'Train a small network' }).click();
  await expect(rows(page).first().locator('[data-column="test"]')).toHaveAttribute('data-value', /\d/, {
    timeout: 60_000,
  });
}

async function faults(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
    .analyze();
  return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target.join(' ')}`));
}

test('an empty studio breaks no rule of accessibility', async ({ page }) => {
  await openStudio(page);
  expect(await faults(page)).toEqual([]);
});

for (const scheme of ['light', 'dark'] as const) {
  test(`no tab breaks a rule of accessibility, ${scheme}`, async ({ page }) => {
    test.setTimeout(180_000);
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
    await withModel(page);
    for (const tab of TABS) {
      await openTab(page, tab);
      await page.waitForTimeout(700);
      expect(await faults(page), tab).toEqual([]);
    }
  });
}

test('no part of the Optimize tab breaks a rule of accessibility', async ({ page }) => {
  test.setTimeout(180_000);
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await withModel(page);
  await chooseMethod(page, 'Weight quantization');
  await apply(page);
  await page.getByRole('combobox', { name: 'Method' }).click();
  expect(await faults(page), 'the menu of methods').toEqual([]);
  await page.keyboard.press('Escape');
  await page.getByRole('tab', { name: 'Recipe' }).click();
  await page.getByRole('button', { name: /^1\. Weight quantization/ }).click();
  expect(await faults(page), 'recipe').toEqual([]);
  await page.getByRole('tab', { name: 'Sensitivity' }).click();
  await page.getByRole('button', { name: /^Measure \d+ × 7$/ }).click();
  await expect(page.locator('table [data-state="waiting"]')).toHaveCount(0, { timeout: 60_000 });
  await page.locator('table [data-state="known"]').last().click();
  await page.getByRole('button', { name: 'Measure each layer' }).click();
  await expect(page.getByText(/^\d+(\.\d+)? dB$/).first()).toBeVisible({ timeout: 30_000 });
  for (const colorScheme of ['light', 'dark'] as const) {
    await wear(page, colorScheme);
    expect(await faults(page), `sensitivity, ${colorScheme}`).toEqual([]);
  }
});

test('no part of the Combine tab breaks a rule of accessibility', async ({ page }) => {
  test.setTimeout(180_000);
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await withModel(page);
  await openTab(page, 'Combine');
  expect(await faults(page), 'too few models').toEqual([]);
  await page.getByRole('button', { name: 'Grow trees' }).click();
  await page.getByRole('button', { name: 'Grow', exact: true }).click();
  await expect(rows(page)).toHaveCount(2, { timeout: 60_000 });
  await page.waitForTimeout(300);
  expect(await faults(page), 'trees').toEqual([]);
  await page.getByRole('tab', { name: 'Join', exact: true }).click();
  await page.getByRole('combobox', { name: 'How they answer together' }).click();
  await page.getByRole('option', { name: 'Cascade', exact: true }).click();
  await expect(page.getByRole('figure', { name: /^Accuracy on validation/ })).toBeVisible({ timeout: 30_000 });
  for (const colorScheme of ['light', 'dark'] as const) {
    await wear(page, colorScheme);
    expect(await faults(page), `a cascade, ${colorScheme}`).toEqual([]);
  }
  await page.getByRole('button', { name: 'Combine', exact: true }).click();
  await expect(page.getByRole('table', { name: 'Side by side' })).toBeVisible({ timeout: 30_000 });
  for (const colorScheme of ['light', 'dark'] as const) {
    await wear(page, colorScheme);
    expect(await faults(page), `what came of it, ${colorScheme}`).toEqual([]);
  }
  await page.getByRole('tab', { name: 'Train members', exact: true }).click();
  expect(await faults(page), 'making members').toEqual([]);
  await openTab(page, 'Optimize');
  expect(await faults(page), 'an ensemble where a network is wanted').toEqual([]);
});

test('tabs, the chart and the table are reached by keys alone', async ({ page }) => {
  await withModel(page);
  await page.getByRole('tab', { name: 'Data' }).focus();
  await page.keyboard.press('ArrowRight');
  await expect(page.getByRole('tab', { name: 'Build' })).toHaveAttribute('aria-selected', 'true');
  const point = page.getByRole('figure', { name: 'Parameters against accuracy' }).locator('[data-node]');
  await point.focus();
  await expect(point).toHaveAttribute('aria-label', /Small CNN.*parameters.*Validation/);
  await page.keyboard.press('Enter');
  await expect(point).toHaveAttribute('aria-pressed', 'true');
  await page.getByRole('table', { name: 'Models' }).getByRole('button', { name: 'Rename Small CNN' }).focus();
  await page.keyboard.press('Enter');
  await page.keyboard.type('Mine');
  await page.keyboard.press('Enter');
  await expect(rows(page).first()).toContainText('Mine');
});

test('Chinese is one press away, and stays', async ({ page }) => {
  await openStudio(page);
  await page.getByRole('button', { name: '中文' }).click();
  await expect(page.getByRole('tab', { name: '训练' })).toBeVisible();
  await expect(page.locator('html')).toHaveAttribute('lang', 'zh-Hans');
  await page.reload();
  await expect(page.getByRole('tab', { name: '训练' })).toBeVisible();
  await page.getByRole('button', { name: 'English' }).click();
  await expect(page.getByRole('tab', { name: 'Train' })).toBeVisible();
});

test('on a phone nothing sticks out, and the chart stays in sight', async ({ page }) => {
  test.setTimeout(120_000);
  await page.setViewportSize({ width: 390, height: 844 });
  await withModel(page);
  const chart = page.getByRole('figure', { name: 'Parameters against accuracy' });
  for (const tab of TABS) {
    await openTab(page, tab);
    await page.waitForTimeout(300);
    expect(await page.evaluate(() => document.documentElement.scrollWidth), tab).toBeLessThanOrEqual(390);
    await expect(page.getByRole('tab', { name: tab, exact: true })).toBeInViewport({ ratio: 1 });
    await page.mouse.wheel(0, 500);
    await expect(chart).toBeInViewport();
  }
});

test('from 1200 pixels up chart and table are in sight whatever the tab', async ({ page }) => {
  await page.setViewportSize({ width: 1200, height: 800 });
  await withModel(page);
  for (const tab of TABS) {
    await openTab(page, tab);
    await expect(page.getByRole('figure', { name: 'Parameters against accuracy' })).toBeInViewport({ ratio: 0.95 });
    await expect(page.getByRole('table', { name: 'Models' })).toBeInViewport();
  }
});

test('a tab is seen from its beginning, and a phone always shows the button that applies', async ({ page }) => {
  await withModel(page);
  await openTab(page, 'Build');
  await page.getByRole('button', { name: 'Make this model' }).scrollIntoViewIfNeeded();
  await openTab(page, 'Train');
  await expect(page.getByRole('heading', { name: 'Train', exact: true })).toBeInViewport({ ratio: 1 });

  await page.setViewportSize({ width: 390, height: 844 });
  await page.evaluate(() => window.scrollTo(0, document.documentElement.scrollHeight));
  await openTab(page, 'Optimize');
  await expect(page.getByRole('combobox', { name: 'Method', exact: true })).toBeInViewport({ ratio: 1 });
  await expect(page.getByRole('button', { name: 'Apply', exact: true })).toBeInViewport({ ratio: 1 });
});

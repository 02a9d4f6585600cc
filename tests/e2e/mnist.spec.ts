/** One epoch of MNIST on wasm: the network learns, the page stays responsive, and Pause, Step and Stop do what they say. */
import { expect, test } from '@playwright/test';
import { cell, openStudio, openTab, rows } from './studio';

test('one epoch of MNIST on wasm, without a long task on the page', async ({ page }) => {
  test.setTimeout(300_000);
  await openStudio(page);
  await openTab(page, 'Data');
  await page.getByLabel('Data set').selectOption({ label: 'MNIST' });
  await expect(page.getByText('50,000').first()).toBeVisible({ timeout: 60_000 });
  await openTab(page, 'Train');
  await page.getByLabel('Backend').selectOption('wasm');
  await page.getByLabel('Epochs').fill('1');
  await page.evaluate(() => {
    const tasks: number[] = [];
    Object.assign(globalThis, { longTasks: tasks });
    new PerformanceObserver((list) => tasks.push(...list.getEntries().map((entry) => entry.duration))).observe({
      type: 'longtask',
    });
  });
  await page.getByRole('button', { name: 'Train', exact: true }).click();
  await expect(page.getByRole('button', { name: 'Pause' })).toBeVisible({ timeout: 30_000 });
  await page.getByRole('button', { name: 'Pause' }).click();
  await expect(page.getByRole('button', { name: 'Step' })).toBeEnabled();
  await page.getByRole('button', { name: 'Step' }).click();
  await page.getByRole('button', { name: 'Train', exact: true }).click();
  await expect(page.getByRole('button', { name: 'Stop' })).toBeDisabled({ timeout: 200_000 });
  expect(await cell(page, rows(page).first(), 'Accuracy (test)')).toBeGreaterThan(0.96);
  const tasks = await page.evaluate(() => (globalThis as unknown as { longTasks: number[] }).longTasks);
  expect(Math.max(0, ...tasks)).toBeLessThanOrEqual(100);
});

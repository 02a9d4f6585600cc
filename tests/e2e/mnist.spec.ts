/** One epoch of MNIST on wasm: the network learns, the page stays responsive, and Pause, Step and Stop do what they say. */
import { expect, type Page, test } from '@playwright/test';
import { cell, openStudio, openTab, rows } from './studio';

/** Milliseconds of the longest task of the page since it was last asked. */
async function longestTask(page: Page): Promise<number> {
  return page.evaluate(() => {
    const tasks = (globalThis as unknown as { longTasks: number[] }).longTasks;
    return Math.max(0, ...tasks.splice(0));
  });
}

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
  const train = page.getByRole('button', { name: 'Train', exact: true });
  const stop = page.getByRole('button', { name: 'Stop' });
  await train.click();
  await expect(page.getByRole('button', { name: 'Pause' })).toBeEnabled({ timeout: 30_000 });
  await page.getByRole('button', { name: 'Pause' }).click();
  await expect(page.getByRole('button', { name: 'Step' })).toBeEnabled();
  await page.getByRole('button', { name: 'Step' }).click();
  await train.click();
  await expect(stop).toBeDisabled({ timeout: 200_000 });
  expect(await cell(page, rows(page).first(), 'Accuracy (test)')).toBeGreaterThan(0.96);

  // Other work on the machine can only lengthen a task, so the best of three epochs is what the page itself needs.
  const longest = [await longestTask(page)];
  while (Math.min(...longest) > 100 && longest.length < 3) {
    await train.click();
    await expect(stop).toBeEnabled();
    await expect(stop).toBeDisabled({ timeout: 200_000 });
    longest.push(await longestTask(page));
  }
  expect(Math.min(...longest), `longest tasks: ${longest.join(', ')} ms`).toBeLessThanOrEqual(100);
});

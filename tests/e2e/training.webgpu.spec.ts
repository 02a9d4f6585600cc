/** Training in the studio on a graphics card (a software one here): kernels are compiled in sight, and steps follow. */
import { expect, test } from '@playwright/test';
import { cell, openStudio, openTab, rows } from './studio';

test('training on webgpu tells how many kernels are compiled, learns, and can be stopped', async ({ page }) => {
  test.setTimeout(180_000);
  await openStudio(page);
  await openTab(page, 'Data');
  await page.getByLabel('Data set').selectOption({ label: 'Digits' });
  await openTab(page, 'Build');
  await page.getByLabel('Template').selectOption({ label: 'Small CNN' });
  await openTab(page, 'Train');
  await page.getByLabel('Backend').selectOption('webgpu');
  await page.getByLabel('Epochs').fill('1');
  // Compiling may be over before a look from outside would see it.
  await page.evaluate(() => {
    const seen: string[] = [];
    Object.assign(globalThis, { seen });
    new MutationObserver(() => {
      const line = document.body.textContent.match(/Compiling kernels: \d+ of \d\d/);
      if (line && seen.at(-1) !== line[0]) seen.push(line[0]);
    }).observe(document.body, { childList: true, characterData: true, subtree: true });
  });
  await page.getByRole('button', { name: 'Train', exact: true }).click();
  const stop = page.getByRole('button', { name: 'Stop' });
  const lines = () => page.evaluate(() => (globalThis as unknown as { seen: string[] }).seen);
  await expect.poll(lines, { timeout: 120_000 }).not.toEqual([]);
  await expect(page.getByText('Compiling kernels')).toHaveCount(0, { timeout: 120_000 });
  if (await stop.isEnabled()) await stop.click();
  await expect(stop).toBeDisabled({ timeout: 120_000 });
  await expect(rows(page)).toHaveCount(1);
  expect(await cell(page, rows(page).first(), 'Accuracy (test)')).toBeGreaterThan(0);
});

/** Sensitivity on Digits: measured in the background, read as a map, carried on as a method and as a recipe. */
import { expect, test } from '@playwright/test';
import { apply, chooseMethod, openStudio, openTab, rows, slide, trainFresh } from './studio';

test('the map tells which layers can spare what, and hands it on', async ({ page }) => {
  test.setTimeout(180_000);
  await openStudio(page);
  await trainFresh(page, { dataset: 'Digits', template: 'Small CNN', epochs: 8, seconds: 90 });
  await openTab(page, 'Optimize');
  await page.getByRole('tab', { name: 'Sensitivity' }).click();
  await page.getByRole('button', { name: /^Measure \d+ × 7$/ }).click();
  const map = page.getByRole('table', { name: 'Accuracy lost, in points, with one layer alone changed' });
  const cells = map.getByRole('button');
  await expect(map.locator('[data-state="waiting"]')).toHaveCount(0, { timeout: 60_000 });
  const layers = await map.locator('tbody tr').count();
  await expect(cells).toHaveCount(layers * 7);
  // Little pruned costs little, nearly everything costs much, in the layer that can spare least.
  const values = await cells.evaluateAll((all) => all.map((one) => Number((one as HTMLElement).dataset['value'])));
  const row = (at: number) => values.slice(at * 7, at * 7 + 7);
  const worst = Math.min(...Array.from({ length: layers }, (_, at) => row(at)[6] ?? 1));
  expect(worst).toBeLessThan((row(0)[0] ?? 0) - 0.1);

  // Keys move through the map; a cell is told in full.
  await cells.first().focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowDown');
  const second = map.locator('tbody tr').nth(1);
  await expect(second.getByRole('button').nth(1)).toBeFocused();
  await expect(second.getByRole('button').nth(1)).toHaveAttribute('aria-pressed', 'true');
  const name = await second.getByRole('rowheader').textContent();
  await expect(page.getByRole('heading', { name: `${name} at 50` })).toBeVisible();
  await expect(page.getByText(/of 300 validation images right; 95 % interval/)).toBeVisible();

  // As a recipe: a step a layer, as far as the budget lets it.
  await slide(page, 'Loss allowed for each layer', 2);
  await expect(map.locator('[data-outlined]').first()).toBeVisible();
  const outlined = await map.locator('[data-outlined]').count();
  await page.getByRole('button', { name: 'Make a recipe of it' }).click();
  await expect(page.getByRole('tabpanel', { name: 'Recipe' }).locator('ol > li[data-state="waiting"]')).toHaveCount(
    outlined,
  );

  // What was measured is still there; a cell becomes the method, kept to its layer.
  await page.getByRole('tab', { name: 'Sensitivity' }).click();
  await expect(map.locator('[data-state="known"]')).toHaveCount(layers * 7);
  await second.getByRole('button').nth(4).click();
  await page.getByRole('button', { name: 'Set this up as a method' }).click();
  await expect(page.getByRole('combobox', { name: 'Method' })).toHaveValue('Magnitude pruning');
  await expect(page.getByRole('slider', { name: 'Sparsity', exact: true })).toHaveValue('0.9');
  await expect(page.getByText(`Layers: ${name}`, { exact: true })).toBeVisible();

  // After quantizing: which layer hurts.
  await chooseMethod(page, 'Weight quantization');
  await slide(page, 'Bits', 3);
  await apply(page);
  await page.getByRole('tab', { name: 'Sensitivity' }).click();
  await page.getByRole('button', { name: 'Measure each layer' }).click();
  const hurts = page.getByRole('table').filter({ hasText: 'Signal to noise' });
  await expect(hurts.locator('tbody tr')).toHaveCount(layers, { timeout: 60_000 });
  await expect(hurts.locator('tbody tr').first()).toContainText(/3 bits.*dB.*%/s);
  await expect(rows(page)).toHaveCount(2);

  // Another visit: nothing of it is to be measured again.
  await page.waitForTimeout(600);
  await page.reload();
  await openTab(page, 'Optimize');
  await page.getByRole('tab', { name: 'Sensitivity' }).click();
  await expect(hurts.locator('tbody tr')).toHaveCount(layers, { timeout: 30_000 });
  await rows(page).first().click();
  await expect(map.locator('[data-state="known"]')).toHaveCount(layers * 7);
  await expect(page.getByRole('button', { name: /^Measure/ })).toHaveCount(0);
});

/** Fewer bits on Digits: rounded activations while sliders move, adaptive rounding, and training under quantization. */
import { expect, test } from '@playwright/test';
import { apply, cell, chooseMethod, openStudio, rowNamed, rows, slide, trainFresh } from './studio';

test('weights and activations are rounded, adaptively, by signs and with training', async ({ page }) => {
  test.setTimeout(300_000);
  await openStudio(page);
  await trainFresh(page, { dataset: 'Digits', template: 'Small CNN', epochs: 8, seconds: 90 });
  const dense = rowNamed(page, 'Small CNN').first();
  const before = await cell(page, dense, 'Accuracy (test)');

  await chooseMethod(page, 'Weights and activations');
  await slide(page, 'Weight bits', 4);
  await slide(page, 'Weight bits', 8);
  const eight = await apply(page);
  await expect(page.getByText(/Integer arithmetic differs by at most [01] steps?\b/)).toBeVisible();
  await expect(page.getByText(/outputs are rounded, calibrated on \d+ training images/)).toBeVisible();
  expect(Math.abs((await cell(page, eight, 'Accuracy (test)')) - before)).toBeLessThan(0.02);

  await dense.getByRole('button', { name: 'Small CNN', exact: true }).click();
  await chooseMethod(page, 'Adaptive rounding (AdaRound)');
  await slide(page, 'Bits', 3);
  await page.getByRole('spinbutton', { name: 'Steps', exact: true }).fill('200');
  const adaptive = await apply(page, 120);
  await expect(page.getByText(/% less from the original than with rounding to nearest/)).toBeVisible();
  expect(await cell(page, adaptive, 'Size')).toBeLessThan(0.3 * (await cell(page, dense, 'Size')));

  await dense.getByRole('button', { name: 'Small CNN', exact: true }).click();
  await chooseMethod(page, 'Quantization-aware training');
  await slide(page, 'Weight bits', 2);
  await page.getByRole('spinbutton', { name: 'Epochs', exact: true }).fill('3');
  const trained = await apply(page, 120);
  expect(await cell(page, trained, 'Accuracy (test)')).toBeGreaterThan(before - 0.1);

  await dense.getByRole('button', { name: 'Small CNN', exact: true }).click();
  await chooseMethod(page, 'Binary weights');
  await apply(page);
  await chooseMethod(page, 'Half precision');
  await dense.getByRole('button', { name: 'Small CNN', exact: true }).click();
  const half = await apply(page);
  expect(await cell(page, half, 'Size')).toBeLessThan(0.55 * (await cell(page, dense, 'Size')));
  await expect(rows(page)).toHaveCount(6);
});

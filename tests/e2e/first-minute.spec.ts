/** The main journey on Digits: train, prune, quantize, distil, undo and redo, export, and the file in stock TensorFlow.js. */
import { readFileSync } from 'node:fs';
import { expect, test } from '@playwright/test';
import { askStock, unzip } from './stock';
import { apply, cell, chooseMethod, digitsTest, openStudio, openTab, rows, slide, trainFresh } from './studio';

test('a network learns digits, shrinks, and leaves as a file that does what the chart said', async ({
  page,
  browser,
}) => {
  test.setTimeout(240_000);
  await openStudio(page);
  await trainFresh(page, { dataset: 'Digits', template: 'Small CNN', epochs: 12, seconds: 90 });

  const trained = rows(page).first();
  const parameters = await cell(page, trained, 'Parameters');
  expect(await cell(page, trained, 'Accuracy (test)')).toBeGreaterThan(0.9);
  expect(await cell(page, trained, 'Validation')).toBeGreaterThan(0.9);
  const chart = page.getByRole('figure', { name: 'Parameters against accuracy' });
  await expect(chart).toBeVisible();
  await expect(chart.locator('[data-node]')).toHaveCount(1);

  // Pruning: the estimate follows the slider; Apply makes a second model.
  await chooseMethod(page, 'Magnitude pruning');
  await slide(page, 'Sparsity', 0.7);
  await expect(page.getByTestId('estimate')).toHaveAttribute('data-value', /\d/, { timeout: 15_000 });
  const pruned = await apply(page);
  const nonZero = await cell(page, pruned, 'Non-zero');
  expect(nonZero).toBeLessThan(parameters * 0.35);
  expect(await cell(page, pruned, 'Parameters')).toBe(parameters);
  expect(await cell(page, pruned, 'Size')).toBeLessThan(await cell(page, trained, 'Size'));
  await expect(chart.locator('[data-node]')).toHaveCount(2);

  // Fine-tuning keeps the mask.
  await chooseMethod(page, 'Fine-tuning');
  const tuned = await apply(page, 90);
  expect(await cell(page, tuned, 'Non-zero')).toBeLessThanOrEqual(nonZero + 200);
  expect(await cell(page, tuned, 'Validation')).toBeGreaterThan(0.85);

  // Quantization to 8 bits, per tensor, is stored so in the file.
  await chooseMethod(page, 'Weight quantization');
  await slide(page, 'Bits', 8);
  await page.getByLabel('Granularity').selectOption({ label: 'Per tensor' });
  const quantized = await apply(page);
  expect(await cell(page, quantized, 'Size')).toBeLessThan((await cell(page, tuned, 'Size')) * 0.7);
  const shown = await cell(page, quantized, 'Accuracy (test)');

  await openTab(page, 'Export');
  await page.getByRole('button', { name: 'Export', exact: true }).click();
  const button = page.getByRole('button', { name: /^Download .*\.zip$/ });
  await expect(button).toBeVisible({ timeout: 60_000 });
  const downloading = page.waitForEvent('download');
  await button.click();
  const bytes = readFileSync(await (await downloading).path());
  expect(bytes.length).toBe(await cell(page, quantized, 'Size'));
  const files = await unzip(bytes);
  const manifest = JSON.parse(new TextDecoder().decode(files.get('model.json'))) as {
    weightsManifest: { weights: { quantization?: { dtype: string } }[] }[];
  };
  const quantizedWeights = manifest.weightsManifest
    .flatMap((group) => group.weights)
    .filter((weight) => weight.quantization?.dtype === 'uint8');
  expect(quantizedWeights.length).toBeGreaterThanOrEqual(4);
  const stock = await askStock(browser, files, digitsTest());
  expect(stock.accuracy).toBe(shown);
  expect(stock.parameters).toBe(parameters);

  // Undo and redo move through what was made.
  const count = await rows(page).count();
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(rows(page)).toHaveCount(count - 1);
  await page.getByRole('button', { name: 'Redo' }).click();
  await expect(rows(page)).toHaveCount(count);

  // Work survives a reload: the same models, able to go on.
  await page.reload();
  await expect(rows(page)).toHaveCount(count, { timeout: 30_000 });
  await chooseMethod(page, 'Magnitude pruning');
  await slide(page, 'Sparsity', 0.9);
  await apply(page);
  await expect(rows(page)).toHaveCount(count + 1);
});

test('a smaller student learns from a trained teacher', async ({ page }) => {
  test.setTimeout(240_000);
  await openStudio(page);
  await trainFresh(page, { dataset: 'Digits', template: 'Small CNN', epochs: 12, seconds: 90 });
  const teacher = rows(page).first();
  await chooseMethod(page, 'Distillation');
  await expect(page.getByRole('slider', { name: 'Temperature', exact: true })).toBeVisible();
  await slide(page, 'Soft loss weight', 0.9);
  const student = await apply(page, 120);
  expect(await cell(page, student, 'Parameters')).toBeLessThan(await cell(page, teacher, 'Parameters'));
  expect(await cell(page, student, 'Accuracy (test)')).toBeGreaterThan(0.8);
});

test('channels and shared weights go on the chart too', async ({ page }) => {
  test.setTimeout(240_000);
  await openStudio(page);
  await trainFresh(page, { dataset: 'Digits', template: 'Small residual network', epochs: 6, seconds: 120 });
  const trained = rows(page).first();
  await chooseMethod(page, 'Channel pruning');
  await slide(page, 'Channels kept', 0.6);
  const narrow = await apply(page);
  expect(await cell(page, narrow, 'Parameters')).toBeLessThan(await cell(page, trained, 'Parameters'));
  expect(await cell(page, narrow, 'MACs')).toBeLessThan(await cell(page, trained, 'MACs'));
  await chooseMethod(page, 'Weight sharing');
  await slide(page, 'Clusters', 16);
  const shared = await apply(page);
  expect(await cell(page, shared, 'Size')).toBeLessThan(await cell(page, narrow, 'Size'));
});

/** Looking into a layer on Digits: the sliders move it, Apply compares, and words explain themselves. */
import { expect, test } from '@playwright/test';
import { apply, chooseMethod, openStudio, openTab, slide, trainFresh } from './studio';
import { watchPage } from './support';

test('what a method does to the weights is seen, said and counted', async ({ page }) => {
  test.setTimeout(120_000);
  const faults = watchPage(page);
  await openStudio(page);
  await trainFresh(page, { dataset: 'Digits', template: 'Small CNN', epochs: 4, seconds: 60 });
  await openTab(page, 'Optimize');
  const view = page.getByRole('region', { name: 'What it does to the weights' });
  const counts = view.getByRole('table');
  await view.scrollIntoViewIfNeeded();
  await expect(view.getByText(/of the weights were so close to zero/)).toBeVisible();
  await expect(view.locator('canvas')).toHaveCount(3);

  // The slider moves it, and most is left where little is taken.
  const zeros = counts.getByRole('row', { name: /^Zero/ }).getByRole('cell').last();
  const before = (await zeros.textContent()) ?? '';
  await slide(page, 'Sparsity', 0.95);
  await expect(zeros).not.toHaveText(before);
  const canvas = view.getByRole('img', { name: 'Kernels, After' });
  const painted = () => canvas.evaluate((one) => (one as HTMLCanvasElement).toDataURL());
  await expect(async () => expect((await painted()).length).toBeGreaterThan(500)).toPass();

  // Another layer, another family.
  const layers = view.getByLabel('Layer');
  const first = (await layers.locator('option').allInnerTexts())[0] as string;
  await layers.selectOption(first);
  await expect(view.getByText(/Each square is the window of one filter/)).toBeVisible();
  await chooseMethod(page, 'Weight quantization');
  await slide(page, 'Bits', 3);
  await view.scrollIntoViewIfNeeded();
  await expect(view.getByText(/one of 7 even steps, the thin lines/)).toBeVisible();
  await expect(layers).toHaveValue(first);

  // A finished model stands beside the one that it came from.
  await apply(page);
  await view.scrollIntoViewIfNeeded();
  await expect(view.getByLabel('Compare with').locator('option:checked')).toHaveText('Small CNN');
  await expect(view.getByText(/one of 7 even steps, the thin lines/)).toBeVisible();

  // Words explain themselves, by key too, and go away by Escape.
  await page.getByRole('button', { name: 'Words used here' }).focus();
  await page.keyboard.press('Enter');
  await expect(page.getByText(/Multiply-accumulates/)).toBeInViewport();
  await page.keyboard.press('Escape');
  await expect(page.getByText(/Multiply-accumulates/)).toBeHidden();
  expect(faults).toEqual([]);
});

/** A recipe's journey on Digits: looked at, run again to the same bytes, changed, broken off, carried as a link and a file. */
import { readFileSync } from 'node:fs';
import { expect, type Page, test } from '@playwright/test';
import { apply, cell, chooseMethod, openStudio, rowNamed, rows, slide, trainFresh } from './studio';

const steps = (page: Page) => page.getByRole('tabpanel', { name: 'Recipe' }).locator('ol > li[data-state]');
const selected = (page: Page) => rows(page).and(page.locator('[aria-current]'));

test('a recipe runs again to the same bytes, is edited step by step, and travels as a link', async ({
  page,
  context,
}) => {
  test.setTimeout(240_000);
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await openStudio(page);
  await trainFresh(page, { dataset: 'Digits', template: 'Small CNN', epochs: 4, seconds: 90 });
  await chooseMethod(page, 'Magnitude pruning');
  await slide(page, 'Sparsity', 0.8);
  await apply(page);
  await chooseMethod(page, 'Fine-tuning');
  await page
    .getByRole('spinbutton', { name: 'Epochs' })
    .or(page.getByRole('slider', { name: 'Epochs' }))
    .fill('1');
  await apply(page, 90);
  await chooseMethod(page, 'Weight sharing');
  await slide(page, 'Clusters', 16);
  await apply(page);

  // Three models, one recipe: what each step achieved.
  await page.getByRole('tab', { name: 'Recipe' }).click();
  await expect(steps(page)).toHaveCount(3);
  await expect(steps(page).nth(0)).toContainText(/Magnitude pruning.*Sparsity 80.%.*Non-zero/s);
  await expect(steps(page).nth(2)).toContainText(/Weight sharing.*Clusters 16.*Validation/s);
  const nonZero = await cell(page, selected(page), 'Non-zero');

  // The same start, steps and seeds: the same bytes, fine-tuning included.
  await page.getByRole('button', { name: 'Run all steps again' }).click();
  await expect(rows(page)).toHaveCount(5, { timeout: 90_000 });
  await expect(page.getByText('the same to the last byte as Small CNN')).toBeVisible();
  expect(await cell(page, selected(page), 'Non-zero')).toBe(nonZero);

  // An early step is changed: what follows runs again, beside the old model.
  await steps(page)
    .nth(0)
    .getByRole('button', { name: /^1\. Magnitude pruning/ })
    .click();
  await slide(page, 'Sparsity', 0.5);
  await expect(steps(page).nth(2)).toHaveAttribute('data-state', 'waiting');
  await page.getByRole('button', { name: 'Move 3. Weight sharing up' }).click();
  await expect(steps(page).nth(1)).toContainText('Weight sharing');
  await expect(page.getByRole('button', { name: /^2\. Weight sharing/ })).toBeFocused();
  await page.keyboard.press('Alt+ArrowDown');
  await expect(steps(page).nth(2)).toContainText('Weight sharing');
  await page.getByRole('checkbox', { name: 'Run 3. Weight sharing' }).uncheck();
  await expect(steps(page).nth(2)).toHaveAttribute('data-state', 'off');
  await page.getByRole('button', { name: 'Run all steps again' }).click();
  await expect(rows(page)).toHaveCount(6, { timeout: 90_000 });
  expect(await cell(page, selected(page), 'Non-zero')).toBeGreaterThan(nonZero * 1.5);
  await expect(steps(page)).toHaveCount(3);

  // A run can be broken off, and then nothing has changed.
  await steps(page)
    .nth(1)
    .getByRole('button', { name: /^2\. Fine-tuning/ })
    .click();
  await page
    .getByRole('slider', { name: 'Epochs' })
    .or(page.getByRole('spinbutton', { name: 'Epochs' }))
    .fill('20');
  await page.getByRole('button', { name: 'Run from step 2' }).click();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await expect(page.getByRole('button', { name: 'Run from step 2' })).toBeEnabled();
  await expect(rows(page)).toHaveCount(6);
  await page.getByRole('button', { name: 'Undo changes' }).click();

  // As a file, and back by a link, for another model.
  const downloading = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download', exact: true }).click();
  const recipe = JSON.parse(readFileSync(await (await downloading).path(), 'utf8'));
  expect(recipe).toMatchObject({ version: 1, steps: [{ pass: 'magnitude-pruning' }, {}, { off: true }] });
  await page.getByRole('button', { name: 'Copy link' }).click();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  expect(link).toContain('#recipe=');
  await rowNamed(page, 'Small CNN').first().getByRole('button', { name: 'Small CNN', exact: true }).click();
  await page.goto(link);
  const offer = page.getByRole('region', { name: 'A recipe of 3 steps' });
  await expect(offer).toContainText('Magnitude pruning, Sparsity 50');
  expect(new URL(page.url()).hash).toBe('');
  await offer.getByRole('button', { name: 'Use it on Small CNN' }).click();
  await page.getByRole('button', { name: 'Run all steps', exact: true }).click();
  await expect(rows(page)).toHaveCount(7, { timeout: 90_000 });
  await expect(page.getByText('the same to the last byte as')).toBeVisible();

  // What is no recipe is told in words; a step that cannot run is named.
  const paste = (text: string) =>
    page.evaluate((given) => {
      const data = new DataTransfer();
      data.setData('text/plain', given);
      document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true }));
    }, text);
  await paste('{"version": 7, "steps": []}');
  await expect(page.getByRole('alert')).toContainText('version is 7, and only version 1 is known');
  const gone = { pass: 'distillation', values: { teacher: 'somebody' } };
  await paste(JSON.stringify({ version: 1, seed: 1, steps: [{ pass: 'magnitude-pruning', values: {} }, gone] }));
  await page.getByRole('button', { name: /^Use it on/ }).click();
  await expect(steps(page).nth(1)).toContainText('names a model that is not on this page');
  await expect(page.getByRole('button', { name: 'Run all steps', exact: true })).toBeDisabled();
});

/** Opening files: dropped anywhere on the page; real ones become models, broken ones say why and change nothing. */
import { readFileSync } from 'node:fs';
import { expect, type Page, test } from '@playwright/test';
import { mobilenetFiles } from '../fixtures/mobilenet';
import described from '../fixtures/models.json' with { type: 'json' };
import { BROKEN } from '../fixtures/recipes';
import type { Files } from '../fixtures/seeds';
import { apply, cell, chooseMethod, openStudio, openTab, rows, slide, trainFresh } from './studio';
import { watchPage } from './support';

/** Drops files on the middle of the page, as a pointer would. */
async function drop(page: Page, files: Files): Promise<void> {
  const data = await page.evaluateHandle(
    (all) => {
      const transfer = new DataTransfer();
      for (const { name, base64 } of all) {
        transfer.items.add(new File([Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))], name));
      }
      return transfer;
    },
    files.map(({ name, bytes }) => ({ name, base64: Buffer.from(bytes).toString('base64') })),
  );
  const target = page.getByRole('main');
  await target.dispatchEvent('dragenter', { dataTransfer: data });
  await target.dispatchEvent('drop', { dataTransfer: data });
}

const refusal = (page: Page) => page.getByRole('complementary', { name: 'Open model' }).getByRole('alert');

test('nsfwjs’s MobileNet, dropped as a layers model, becomes a model that can be quantized', async ({ page }) => {
  test.setTimeout(180_000);
  const faults = watchPage(page);
  await openStudio(page);
  await drop(page, mobilenetFiles());
  await expect(rows(page)).toHaveCount(1, { timeout: 60_000 });
  const opened = rows(page).first();
  expect(await cell(page, opened, 'Parameters')).toBeGreaterThan(2_500_000);
  expect(await cell(page, opened, 'MACs')).toBeGreaterThan(100_000_000);
  const bytes = await cell(page, opened, 'Size');
  expect(bytes).toBeGreaterThan(1_500_000);
  await chooseMethod(page, 'Magnitude pruning');
  await slide(page, 'Sparsity', 0.5);
  const pruned = await apply(page, 90);
  expect(await cell(page, pruned, 'Non-zero')).toBeLessThan(1_600_000);
  expect(await cell(page, pruned, 'Size')).toBeLessThan(bytes);
  expect(faults).toEqual([]);
});

test('a Keras file becomes a model, and the studio’s own export comes back the same', async ({ page }) => {
  test.setTimeout(180_000);
  await openStudio(page);
  await drop(page, [{ name: 'keras3-sequential.h5', bytes: readFileSync('tests/fixtures/keras3-sequential.h5') }]);
  await expect(rows(page)).toHaveCount(1, { timeout: 30_000 });
  expect(await cell(page, rows(page).first(), 'Parameters')).toBe(127);

  await trainFresh(page, { dataset: 'Digits', template: 'Small CNN', epochs: 8, seconds: 60 });
  const trained = rows(page).last();
  const shown = await cell(page, trained, 'Accuracy (test)');
  await openTab(page, 'Export');
  await page.getByLabel('Format').selectOption('keras-h5');
  await page.getByRole('button', { name: 'Export', exact: true }).click();
  const button = page.getByRole('button', { name: /^Download .*\.h5$/ });
  await expect(button).toBeVisible({ timeout: 60_000 });
  const downloading = page.waitForEvent('download');
  await button.click();
  const bytes = readFileSync(await (await downloading).path());
  const before = await rows(page).count();
  await drop(page, [{ name: 'back.h5', bytes }]);
  await expect(rows(page)).toHaveCount(before + 1, { timeout: 30_000 });
  const back = rows(page).and(page.locator('[aria-current]'));
  expect(await cell(page, back, 'Accuracy (test)')).toBe(shown);
});

test('broken files say which, where, why and what to do, and change nothing', async ({ page }) => {
  test.setTimeout(180_000);
  const faults = watchPage(page);
  await openStudio(page);
  const broken = described.broken as Record<string, { code: string; text: string }>;
  const names = Object.keys(broken).filter((name) => BROKEN[name]);
  expect(names.length).toBeGreaterThanOrEqual(10);
  // One of each kind of refusal: the browser shows what the unit tests hold to the letter.
  const seen = new Set<string>();
  for (const name of names) {
    const expected = broken[name];
    const recipe = BROKEN[name];
    if (!expected || !recipe || seen.has(expected.code)) continue;
    seen.add(expected.code);
    await drop(page, await recipe());
    await expect(refusal(page), name).toHaveAttribute('data-code', expected.code, { timeout: 20_000 });
    await expect(rows(page)).toHaveCount(0);
  }
  expect(seen.size).toBeGreaterThanOrEqual(10);
  // The studio is whole: the next good file opens.
  await drop(page, [{ name: 'keras3-sequential.h5', bytes: readFileSync('tests/fixtures/keras3-sequential.h5') }]);
  await expect(rows(page)).toHaveCount(1, { timeout: 30_000 });
  expect(await page.evaluate(() => Object.keys(Object.prototype).length)).toBe(0);
  expect(faults).toEqual([]);
});

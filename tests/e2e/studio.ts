/** The studio as a person meets it: tabs, fields, sliders and the table, by the names that a screen reader says. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect, type Locator, type Page } from '@playwright/test';
import { readDigits } from '#engine/datasets/digits';
import type { StockImages } from './stock';

export type Column =
  | 'Name'
  | 'Parameters'
  | 'Non-zero'
  | 'Size'
  | 'MACs'
  | 'Accuracy (test)'
  | 'Validation'
  | 'Latency';

/** Opens the studio in English and waits until the engine has chosen a backend. */
export async function openStudio(page: Page, path = './'): Promise<void> {
  await page.goto(path);
  await expect(page.getByRole('tab', { name: 'Data' })).toBeVisible();
}

type Tab = 'Data' | 'Build' | 'Train' | 'Optimize' | 'Combine' | 'Evaluate' | 'Search' | 'Export';

export async function openTab(page: Page, name: Tab): Promise<void> {
  await page.getByRole('tab', { name, exact: true }).click();
  await expect(page.getByRole('tab', { name, exact: true })).toHaveAttribute('aria-selected', 'true');
}

/** Light or dark, as the system says; resolves when the page has followed. */
export async function wear(page: Page, colorScheme: 'light' | 'dark'): Promise<void> {
  await page.emulateMedia({ colorScheme });
  await expect(page.locator('html')).toHaveAttribute('data-mantine-color-scheme', colorScheme);
  await page.waitForTimeout(300);
}

export function table(page: Page): Locator {
  return page.getByRole('table', { name: 'Models' });
}

/** The rows of models, header left out. */
export function rows(page: Page): Locator {
  return table(page).locator('tbody tr');
}

/** The number that a cell holds for programs. */
export async function cell(page: Page, row: Locator, column: Column): Promise<number> {
  const headers = await table(page).getByRole('columnheader').allInnerTexts();
  const index = headers.findIndex((text) => text.trim().startsWith(column));
  expect(index, `a column that begins with ${column}`).toBeGreaterThanOrEqual(0);
  const at = row.locator('th, td').nth(index);
  await expect(at).toHaveAttribute('data-value', /\d/, { timeout: 60_000 });
  return Number(await at.getAttribute('data-value'));
}

export function rowNamed(page: Page, name: string | RegExp): Locator {
  // A long name is shortened in sight, never for a screen reader.
  return rows(page).filter({ has: page.getByRole('button', { name }) });
}

/** Chooses data, makes the default network of the Build tab and trains it. Resolves when its test accuracy is in the table. */
export async function trainFresh(
  page: Page,
  settings: { dataset: string; template: string; epochs: number; seconds: number },
): Promise<void> {
  await openTab(page, 'Data');
  await page.getByLabel('Data set').selectOption({ label: settings.dataset });
  await openTab(page, 'Build');
  await page.getByLabel('Template').selectOption({ label: settings.template });
  await openTab(page, 'Train');
  await page.getByRole('spinbutton', { name: 'Epochs', exact: true }).fill(String(settings.epochs));
  const before = await rows(page).count();
  await page.getByRole('button', { name: 'Train', exact: true }).click();
  await expect(rows(page).nth(before)).toBeVisible({ timeout: 30_000 });
  await expect(page.getByRole('button', { name: 'Stop' })).toBeDisabled({ timeout: settings.seconds * 1000 });
}

export async function chooseMethod(page: Page, method: string): Promise<void> {
  await openTab(page, 'Optimize');
  await page.getByRole('tab', { name: 'One method' }).click();
  const field = page.getByRole('combobox', { name: 'Method', exact: true });
  await field.click();
  await page.getByRole('option', { name: method, exact: true }).click();
  await expect(field).toHaveValue(method);
}

/** Moves a slider as a keyboard or a pointer would: the value changes, then rests. */
export async function slide(page: Page, name: string, value: number): Promise<void> {
  const slider = page.getByRole('slider', { name, exact: true });
  await slider.fill(String(value));
  await slider.press('Shift');
}

/** Applies and returns the row that appeared. */
export async function apply(page: Page, seconds = 60): Promise<Locator> {
  const before = await rows(page).count();
  await page.getByRole('button', { name: 'Apply', exact: true }).click();
  await expect(rows(page)).toHaveCount(before + 1, { timeout: seconds * 1000 });
  return selectedRow(page);
}

/** The row of the model that is selected now, whichever is later. */
export async function selectedRow(page: Page): Promise<Locator> {
  const id = await rows(page).and(page.locator('[aria-current]')).getAttribute('data-node');
  return rows(page).and(page.locator(`[data-node="${id}"]`));
}

/** What a button hands to the browser's own download. */
export async function downloaded(page: Page, name: RegExp): Promise<Uint8Array> {
  const button = page.getByRole('button', { name });
  await expect(button).toBeVisible({ timeout: 60_000 });
  const downloading = page.waitForEvent('download');
  await button.click();
  return new Uint8Array(readFileSync(await (await downloading).path()));
}

/** Lets a file fall on the page. */
export async function dropFile(page: Page, name: string, bytes: Uint8Array): Promise<void> {
  const data = await page.evaluateHandle(
    ([fileName, base64]) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))], fileName));
      return transfer;
    },
    [name, Buffer.from(bytes).toString('base64')] as const,
  );
  await page.getByRole('main').dispatchEvent('drop', { dataTransfer: data });
}

/** The test part of Digits, as the studio divides it, for other runtimes. */
export function digitsTest(): StockImages {
  const csv = gunzipSync(readFileSync('public/data/digits/digits.csv.gz')).toString('utf8');
  const { splits, scale, shape } = readDigits(csv);
  return { pixels: Float32Array.from(splits.test.pixels, (pixel) => pixel * scale), labels: splits.test.labels, shape };
}

/** The studio open in two tabs: the second says that it does not save, and loses nothing when it comes to. */
import { expect, type Page, test } from '@playwright/test';
import { openStudio, openTab, rowNamed, rows } from './studio';

/** Makes an untrained network. */
async function make(page: Page, template: string): Promise<void> {
  await openTab(page, 'Build');
  await page.getByLabel('Template').selectOption({ label: template });
  const before = await rows(page).count();
  await page.getByRole('button', { name: 'Make this model', exact: true }).click();
  await expect(rows(page)).toHaveCount(before + 1, { timeout: 30_000 });
}

const saved = (page: Page) => page.locator('[data-saved]');

test('what was made in a second tab is asked about, and saved beside the rest when the first is closed', async ({
  page: first,
  context,
}) => {
  await openStudio(first);
  await expect(saved(first)).toHaveText('Saved on this computer');
  await make(first, 'LeNet-5');

  const second = await context.newPage();
  await openStudio(second);
  await expect(rowNamed(second, 'LeNet-5')).toBeVisible();
  await expect(second.getByText('This project is open in another tab, and only that one saves it.')).toBeVisible();
  await make(second, 'Small CNN');
  await expect(second.getByRole('alert').filter({ hasText: 'not saved yet' })).toBeVisible();

  const asked = second.waitForEvent('dialog');
  await second.close({ runBeforeUnload: true });
  const question = await asked;
  expect(question.type()).toBe('beforeunload');
  await question.dismiss();

  // Made after the second tab was opened, which does not know of it.
  await make(first, 'LeNet-300-100');
  await first.close();
  await expect(saved(second)).toHaveText('Saved on this computer', { timeout: 20_000 });
  await expect(second.getByRole('alert')).toHaveCount(0);
  await expect(rows(second)).toHaveCount(3);

  await second.reload();
  await expect(rows(second)).toHaveCount(3);
  for (const name of ['LeNet-5', 'Small CNN', 'LeNet-300-100']) await expect(rowNamed(second, name)).toBeVisible();
  // Their weights are there, too.
  await expect(second.getByRole('alert')).toHaveCount(0);
});

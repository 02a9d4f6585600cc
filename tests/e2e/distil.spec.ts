/** Teaching a smaller network on Digits: the three steps side by side, and a structure that is simplified and learns from what it was. */
import { expect, test } from '@playwright/test';
import { apply, cell, chooseMethod, openStudio, rowNamed, slide, trainFresh } from './studio';

test('a student learns from its teacher, is compared with itself alone, and networks are made simpler', async ({
  page,
}) => {
  test.setTimeout(240_000);
  await openStudio(page);
  await trainFresh(page, { dataset: 'Digits', template: 'Small CNN', epochs: 8, seconds: 90 });
  const teacher = rowNamed(page, 'Small CNN').first();

  await chooseMethod(page, 'Distillation');
  await slide(page, 'Student width', 0.5);
  await page.getByRole('spinbutton', { name: 'Epochs', exact: true }).fill('4');
  await page.getByLabel('Also train the student alone').check();
  const student = await apply(page, 120);
  expect(await cell(page, student, 'Parameters')).toBeLessThan(0.5 * (await cell(page, teacher, 'Parameters')));
  for (const line of ['Teacher', 'Student, taught', 'The same student, trained alone'])
    await expect(page.getByRole('rowheader', { name: line, exact: true })).toBeVisible();

  // Another lesson, on images without labels; the student is a template.
  await page.getByLabel('Student', { exact: true }).selectOption({ label: 'A template, started afresh' });
  await page.getByLabel('Template').selectOption({ label: 'LeNet-300-100' });
  await page.getByLabel('What is taught').selectOption({ label: 'Hints, then softened answers' });
  await page.getByRole('spinbutton', { name: 'Epochs', exact: true }).fill('2');
  await page.getByLabel('Also train the student alone').uncheck();
  await apply(page, 120);
  await expect(page.getByText(/^The hint: .* of the student learned/)).toBeVisible();

  await chooseMethod(page, 'Width multiplier');
  await slide(page, 'Width', 0.5);
  await page.getByRole('spinbutton', { name: 'Epochs', exact: true }).fill('1');
  await apply(page, 90);
  await expect(page.getByText(/^Channels: .*→/)).toBeVisible();
});

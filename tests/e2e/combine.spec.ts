/** Several models as one on Digits: a vote, a stack, a cascade, trees beside networks, and an ensemble taught to one student. */
import { expect, type Locator, type Page, test } from '@playwright/test';
import { apply, cell, openStudio, openTab, rowNamed, rows, selectedRow, slide, trainFresh } from './studio';
import { watchPage } from './support';

async function show(page: Page, name: 'Join' | 'Train members' | 'Trees' | 'Result'): Promise<void> {
  await openTab(page, 'Combine');
  await page.getByRole('tab', { name, exact: true }).click();
}

/** Two networks of different kinds, both trained for a moment. */
async function twoNetworks(page: Page): Promise<void> {
  await openStudio(page);
  await trainFresh(page, { dataset: 'Digits', template: 'LeNet-300-100', epochs: 3, seconds: 60 });
  await trainFresh(page, { dataset: 'Digits', template: 'Small CNN', epochs: 3, seconds: 60 });
  await expect(rows(page)).toHaveCount(2);
}

async function chooseWay(page: Page, name: string): Promise<void> {
  const field = page.getByRole('combobox', { name: 'How they answer together' });
  await field.click();
  await page.getByRole('option', { name, exact: true }).click();
  await expect(field).toHaveValue(name);
}

/** Combines what is ticked and returns the new row. */
async function combine(page: Page, title: string): Promise<Locator> {
  const before = await rows(page).count();
  await page.getByRole('button', { name: 'Combine', exact: true }).click();
  await expect(rows(page)).toHaveCount(before + 1, { timeout: 60_000 });
  const row = await selectedRow(page);
  await expect(row).toContainText(`${title}:`);
  return row;
}

/** The figure in the box under the sliders, once it has come. */
async function together(page: Page): Promise<number> {
  const value = page.getByTestId('together');
  await expect(value).toHaveText(/\d/, { timeout: 30_000 });
  await expect(page.locator('[aria-busy="true"]').filter({ has: value })).toHaveCount(0, { timeout: 30_000 });
  return Number.parseFloat((await value.textContent()) ?? '') / 100;
}

test('a vote of three, one of them trees, is told in full and survives a reload', async ({ page }) => {
  test.setTimeout(240_000);
  const faults = watchPage(page);
  await twoNetworks(page);
  await show(page, 'Trees');
  await page.getByLabel('Kind of trees').selectOption({ label: 'Random forest' });
  await page.getByRole('button', { name: 'Grow', exact: true }).click();
  await expect(rows(page)).toHaveCount(3, { timeout: 60_000 });
  await expect(page.getByRole('img', { name: 'Where the trees look' })).toBeVisible();
  const forest = rowNamed(page, 'Random forest');
  expect(await cell(page, forest, 'Accuracy (test)')).toBeGreaterThan(0.8);

  await show(page, 'Join');
  await page.getByRole('button', { name: 'All', exact: true }).click();
  await expect(page.getByText('3 of 3 chosen')).toBeVisible();
  await chooseWay(page, 'Majority vote');
  const promised = await together(page);
  const vote = await combine(page, 'Majority vote');
  // What the preview said is what is measured.
  expect(await cell(page, vote, 'Validation')).toBeCloseTo(promised, 4);
  const sizes = await Promise.all(
    ['LeNet-300-100', 'Small CNN'].map((name) => cell(page, rowNamed(page, name).first(), 'Parameters')),
  );
  expect(await cell(page, vote, 'Parameters')).toBeGreaterThan(sizes.reduce((sum, size) => sum + size, 0));

  await expect(page.getByText(/^Together right on /)).toBeVisible();
  await expect(page.getByRole('table', { name: 'Side by side' }).locator('tbody')).toHaveCount(4);
  await expect(page.getByText('All members count alike.')).toBeVisible();
  await expect(page.getByRole('region', { name: 'Pairs of members' }).locator('td[data-value]')).toHaveCount(3);
  await expect(page.getByRole('figure', { name: 'Parameters against accuracy' }).locator('[data-node]')).toHaveCount(4);

  // An ensemble has no weights to prune: the page says what can be done.
  await openTab(page, 'Optimize');
  await expect(page.getByText(/is an ensemble: 3 models that answer together/)).toBeVisible();
  await openTab(page, 'Train');
  await expect(page.getByText(/It is not trained as a whole/)).toBeVisible();
  await expect(page.getByRole('button', { name: 'Train', exact: true })).toBeDisabled();

  await expect(page.getByText('Saved on this computer')).toBeVisible();
  await page.waitForTimeout(1500);
  await page.reload();
  await expect(rows(page)).toHaveCount(4, { timeout: 30_000 });
  await show(page, 'Result');
  await page.getByLabel('Ensemble, trees or soup').selectOption({ index: 1 });
  await expect(page.getByText(/^Together right on /)).toBeVisible();
  expect(faults).toEqual([]);
});

test('a stack learns whom to believe', async ({ page }) => {
  test.setTimeout(180_000);
  await twoNetworks(page);
  await show(page, 'Join');
  await page.getByRole('checkbox', { name: 'LeNet-300-100' }).check();
  await page.getByRole('checkbox', { name: 'Small CNN' }).check();
  await chooseWay(page, 'Stacking');
  await page.getByLabel('Second level').selectOption({ label: 'Small network' });
  await page.getByLabel('Hidden units').fill('8');
  await together(page);
  const stack = await combine(page, 'Stacking');
  expect(await cell(page, stack, 'Accuracy (test)')).toBeGreaterThan(0.7);
  await expect(page.getByText(/no member has one weight/)).toBeVisible();
});

test('a cascade spares work where its first member is sure', async ({ page }) => {
  test.setTimeout(180_000);
  await twoNetworks(page);
  await show(page, 'Join');
  await page.getByRole('checkbox', { name: 'LeNet-300-100' }).check();
  await page.getByRole('checkbox', { name: 'Small CNN' }).check();
  await chooseWay(page, 'Cascade');
  const macs = page
    .locator('dl', { hasText: 'MACs, mean' })
    .locator('div', { hasText: 'MACs, mean' })
    .locator('[data-value]');
  const work = async () => Number(await macs.getAttribute('data-value'));
  await together(page);
  await expect(page.getByRole('figure', { name: /^Accuracy on validation against mean/ })).toBeVisible();
  await slide(page, 'Sure enough', 0);
  const [small, large] = await Promise.all(
    ['LeNet-300-100', 'Small CNN'].map((name) => cell(page, rowNamed(page, name).first(), 'MACs')),
  );
  await expect.poll(work).toBe(Math.min(small as number, large as number));
  await slide(page, 'Sure enough', 1);
  await expect.poll(work).toBeGreaterThan(0.99 * Math.max(small as number, large as number));
  await slide(page, 'Sure enough', 0.8);
  await expect.poll(work).toBeLessThan((small as number) + (large as number));
  await together(page);
  const cascade = await combine(page, 'Cascade');
  expect(await cell(page, cascade, 'MACs')).toBeLessThan((small as number) + (large as number));
  await expect(page.getByText('The share of the validation images that each member had to look at.')).toBeVisible();
});

test('an ensemble is distilled into one student: members, ensemble and student side by side', async ({ page }) => {
  test.setTimeout(240_000);
  await openStudio(page);
  await trainFresh(page, { dataset: 'Digits', template: 'Small CNN', epochs: 4, seconds: 60 });
  await show(page, 'Train members');
  await page.getByRole('combobox', { name: 'How members are made' }).click();
  await page.getByRole('option', { name: /^Bagging/ }).click();
  await page.getByLabel('Members', { exact: true }).fill('3');
  await page.getByRole('spinbutton', { name: 'Epochs', exact: true }).fill('4');
  await page.getByRole('button', { name: 'Train members', exact: true }).click();
  // Three members and the ensemble.
  await expect(rows(page)).toHaveCount(5, { timeout: 120_000 });
  await expect(page.getByText(/^Together right on /)).toBeVisible();
  const lines = page.getByRole('table', { name: 'Side by side' }).locator('tbody');
  await expect(lines).toHaveCount(4);

  await page.getByRole('button', { name: 'Distil it into one model' }).click();
  await expect(page.getByRole('combobox', { name: 'Method', exact: true })).toHaveValue('Distillation');
  await expect(page.getByLabel('Teacher', { exact: true }).locator('option:checked')).toHaveText('Small CNN, bagging');
  await page.getByRole('spinbutton', { name: 'Epochs', exact: true }).fill('4');
  const student = await apply(page, 120);
  for (const line of ['Teacher', 'Student, taught', 'The same student, trained alone'])
    await expect(page.getByRole('rowheader', { name: line, exact: true })).toBeVisible();

  await page.getByRole('button', { name: 'Beside its teacher and the members' }).click();
  await expect(lines).toHaveCount(5);
  const sizes = await lines
    .locator('[data-column="parameters"]')
    .evaluateAll((cells) => cells.map((one) => Number((one as HTMLElement).dataset['value'])));
  const [one = 0, , , all = 0, taught = 0] = sizes;
  expect(all).toBe(3 * one);
  expect(taught).toBe(one);
  await expect(page.getByText(/^One model taught by it is right on .* with 33\s%\sof the parameters\.$/)).toBeVisible();
  expect(await cell(page, student, 'Accuracy (test)')).toBeGreaterThan(0.7);
});

async function chooseMaking(page: Page, name: string): Promise<void> {
  const field = page.getByRole('combobox', { name: 'How members are made' });
  await field.click();
  await page.getByRole('option', { name, exact: true }).click();
  await expect(field).toHaveValue(name);
}

test('members are made for groups that a person chose, go on after a reload, and are stacked out of fold with trees', async ({
  page,
}) => {
  test.setTimeout(240_000);
  const faults = watchPage(page);
  await openStudio(page);
  await trainFresh(page, { dataset: 'Digits', template: 'LeNet-300-100', epochs: 3, seconds: 60 });
  await show(page, 'Train members');
  await chooseMaking(page, 'Specialists');
  await page.getByRole('spinbutton', { name: 'Groups' }).fill('2');
  await page.getByRole('checkbox', { name: 'Choose the groups of classes by hand' }).focus();
  await page.keyboard.press('Space');
  const groups = page.getByRole('group', { name: 'Choose the groups of classes by hand' }).getByRole('combobox');
  await expect(groups).toHaveCount(10);
  await page.keyboard.press('Tab');
  await expect(groups.first()).toBeFocused();
  await page.keyboard.press('ArrowDown');
  await expect(groups.first()).toHaveValue('2');
  await page.getByRole('button', { name: 'Train members', exact: true }).click();
  await expect(rows(page)).toHaveCount(4, { timeout: 90_000 });
  await expect(rowNamed(page, 'classes 1, 2, 3, 4').first()).toBeVisible();

  // The page is left in the middle, and comes back with what was being made.
  await page.getByRole('tab', { name: 'Train members', exact: true }).click();
  await chooseMaking(page, 'Bagging');
  await page.getByLabel('Start from').selectOption({ label: 'LeNet-300-100' });
  await page.getByRole('spinbutton', { name: 'Members' }).fill('3');
  await page.getByRole('spinbutton', { name: 'Epochs' }).fill('20');
  const progress = page.getByRole('progressbar', { name: 'Training members' });
  await page.getByRole('button', { name: 'Train members', exact: true }).click();
  await expect
    .poll(async () => Number(await progress.getAttribute('aria-valuenow')), { timeout: 60_000, intervals: [50] })
    .toBeGreaterThan(35);
  await page.reload();
  await expect(rows(page)).toHaveCount(4, { timeout: 30_000 });
  await openTab(page, 'Combine');
  await expect(page.getByText(/These members were being trained when the page was left/)).toBeVisible();
  await expect(page.getByRole('spinbutton', { name: 'Members' })).toHaveValue('3');
  await page.getByRole('button', { name: 'Train members', exact: true }).click();
  await expect(page.getByText(/ goes on after \d training runs?/).first()).toBeVisible();
  await expect(rows(page)).toHaveCount(8, { timeout: 90_000 });

  await show(page, 'Trees');
  await page.getByRole('button', { name: 'Grow', exact: true }).click();
  await expect(rows(page)).toHaveCount(9, { timeout: 60_000 });
  await show(page, 'Train members');
  await chooseMaking(page, 'Stacking, out of fold');
  await page.getByRole('spinbutton', { name: 'Folds' }).fill('2');
  const list = page.getByRole('group', { name: 'Models' });
  for (const box of await list.getByRole('checkbox', { checked: true }).all()) await box.uncheck();
  for (const name of [/^Decision tree/, /bagged 1$/, /classes 1, 2, 3, 4$/])
    await list.getByRole('checkbox', { name }).check();
  await page.getByRole('button', { name: 'Train members', exact: true }).click();
  await expect(rows(page)).toHaveCount(10, { timeout: 90_000 });
  const stack = rows(page).last();
  await expect(stack.getByRole('button', { name: /stacking, out of fold$/ }).first()).toBeVisible();
  const tree = await cell(page, rowNamed(page, 'Decision tree'), 'Accuracy (test)');
  expect(await cell(page, stack, 'Accuracy (test)')).toBeGreaterThan(tree);
  expect(faults).toEqual([]);
});

/** Training survives what happens to browsers: the engine crashes in the middle of a run, the page is loaded anew. */
import { expect, type Page, test, type Worker } from '@playwright/test';
import { cell, chooseMethod, openStudio, openTab, rows } from './studio';

/** Begins a training run on Digits, long enough to be cut short, and waits until a checkpoint is stored. */
async function beginRun(page: Page, epochs: number): Promise<void> {
  await openStudio(page);
  await openTab(page, 'Build');
  await page.getByLabel('Template').selectOption({ label: 'LeNet-5' });
  await openTab(page, 'Train');
  await page.getByLabel('Epochs').fill(String(epochs));
  await page.getByRole('button', { name: 'Train', exact: true }).click();
  await expect.poll(() => storedRuns(page), { timeout: 60_000 }).toBeGreaterThan(0);
}

/** Checkpoints in the origin's files, of training runs or (`a-`) of recipes that are being applied. */
function storedRuns(page: Page, kind: 'r-' | 'a-' = 'r-'): Promise<number> {
  return page.evaluate(async (begin) => {
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle('whittle-models', { create: true });
    let found = 0;
    for await (const name of folder.keys()) if (name.startsWith(begin)) found++;
    return found;
  }, kind);
}

function engine(page: Page): Worker {
  const workers = page.workers().filter((worker) => /worker-/.test(worker.url()));
  expect(workers).toHaveLength(1);
  return workers[0] as Worker;
}

/** The engine's worker throws where nobody catches, as it does when memory runs out. */
async function crashEngine(page: Page): Promise<void> {
  await engine(page).evaluate(() => {
    setTimeout(() => {
      throw new RangeError('Array buffer allocation failed');
    }, 0);
  });
}

/** The engine's worker is gone without a word: no error event reaches the page. */
async function endEngine(page: Page): Promise<void> {
  await engine(page).evaluate(() => setTimeout(() => self.close(), 0));
}

const notice = (page: Page, text: RegExp) => page.getByText(text).first();

test('a run goes on from its checkpoint when the engine crashes', async ({ page }) => {
  test.setTimeout(180_000);
  await beginRun(page, 150);
  await crashEngine(page);
  await expect(notice(page, /The engine stopped unexpectedly and was started again/)).toBeVisible();
  await expect(notice(page, /^Training goes on from epoch \d+(?:\.\d)?\.$/)).toBeVisible({ timeout: 30_000 });
  // It is training again, and ends as a run does.
  await expect(page.getByRole('button', { name: 'Pause' })).toBeEnabled();
  await page.getByRole('button', { name: 'Stop' }).click();
  await expect(page.getByRole('button', { name: 'Stop' })).toBeDisabled({ timeout: 60_000 });
  expect(await cell(page, rows(page).first(), 'Accuracy (test)')).toBeGreaterThan(0.8);
  await expect.poll(() => storedRuns(page)).toBe(0);
});

test('an engine that ends without a word is noticed within two seconds, and the run goes on', async ({ page }) => {
  test.setTimeout(180_000);
  await beginRun(page, 150);
  await endEngine(page);
  const begun = Date.now();
  await expect(notice(page, /The engine stopped unexpectedly and was started again/)).toBeVisible();
  const noticed = Date.now() - begun;
  test.info().annotations.push({ type: 'noticed', description: `${noticed} ms` });
  expect(noticed).toBeLessThan(2000);
  await expect(notice(page, /^Training goes on from epoch \d+(?:\.\d)?\.$/)).toBeVisible({ timeout: 30_000 });
  await page.getByRole('button', { name: 'Stop' }).click();
  await expect(page.getByRole('button', { name: 'Stop' })).toBeDisabled({ timeout: 60_000 });
  expect(await cell(page, rows(page).first(), 'Accuracy (test)')).toBeGreaterThan(0.8);
});

test('an idle engine that ends is replaced before anybody asks it', async ({ page }) => {
  await openStudio(page);
  await expect(page.locator('[data-status=ready]')).toBeVisible({ timeout: 30_000 });
  await endEngine(page);
  await expect(notice(page, /The engine stopped unexpectedly and was started again/)).toBeVisible({ timeout: 2000 });
  await expect(page.locator('[data-status=ready]')).toBeVisible({ timeout: 30_000 });
  // The next one is there, though it may take a moment until it is seen from outside.
  await expect.poll(() => page.workers().filter((worker) => /worker-/.test(worker.url())).length).toBe(1);
});

test('after a reload the page offers to go on with the run, or to let it go', async ({ page }) => {
  test.setTimeout(240_000);
  await beginRun(page, 400);
  await page.reload();
  await openTab(page, 'Train');
  const offer = page.getByText(/^The training of LeNet-5 was interrupted at epoch \d+(?:\.\d)? of 400\./);
  await expect(offer).toBeVisible({ timeout: 60_000 });
  await page.getByRole('button', { name: 'Continue', exact: true }).click();
  await expect(offer).toBeHidden();
  await expect(page.getByRole('button', { name: 'Pause' })).toBeEnabled({ timeout: 60_000 });
  await page.reload();
  await openTab(page, 'Train');
  await expect(offer).toBeVisible({ timeout: 60_000 });
  await page.getByRole('button', { name: 'Discard', exact: true }).click();
  await expect(offer).toBeHidden();
  await expect.poll(() => storedRuns(page)).toBe(0);
  await page.reload();
  await openTab(page, 'Train');
  await expect(page.getByLabel('Epochs')).toBeVisible();
  await expect(offer).toBeHidden();
});

/** Begins to fine-tune a trained model, and waits until a checkpoint is stored. Returns how many models there were. */
async function beginApply(page: Page, epochs: number): Promise<number> {
  await openStudio(page);
  await openTab(page, 'Build');
  await page.getByLabel('Template').selectOption({ label: 'Small residual network' });
  await openTab(page, 'Train');
  await page.getByLabel('Epochs').fill('4');
  await page.getByRole('button', { name: 'Train', exact: true }).click();
  await expect(page.getByRole('button', { name: 'Stop' })).toBeEnabled({ timeout: 30_000 });
  await expect(page.getByRole('button', { name: 'Stop' })).toBeDisabled({ timeout: 60_000 });
  await chooseMethod(page, 'Fine-tuning');
  await page.getByRole('spinbutton', { name: 'Epochs' }).fill(String(epochs));
  await page.getByRole('spinbutton', { name: 'Batch size' }).fill('8');
  const before = await rows(page).count();
  await page.getByRole('button', { name: 'Apply', exact: true }).click();
  await expect.poll(() => storedRuns(page, 'a-'), { timeout: 60_000 }).toBeGreaterThan(0);
  // The first file says that training has begun, the second one holds a checkpoint.
  await expect.poll(() => storedRuns(page, 'a-'), { timeout: 60_000 }).toBe(2);
  return before;
}

test('after a reload the page offers to go on with Apply, or to let it go', async ({ page }) => {
  test.setTimeout(240_000);
  const before = await beginApply(page, 50);
  await page.reload();
  await openTab(page, 'Optimize');
  const offer = page.getByText('Applying Fine-tuning to Small residual network was interrupted.');
  await expect(offer).toBeVisible({ timeout: 60_000 });
  await expect(page.getByText(/^It goes on from epoch \d+(?:\.\d)? of the training/)).toBeVisible();
  await page.getByRole('button', { name: 'Continue', exact: true }).click();
  await expect(offer).toBeHidden();
  await expect(notice(page, /^Fine-tuning goes on from epoch \d+(?:\.\d)?\.$/)).toBeVisible({
    timeout: 60_000,
  });
  await expect(page.getByRole('spinbutton', { name: 'Epochs' })).toHaveValue('50');
  await page.reload();
  await openTab(page, 'Optimize');
  await expect(offer).toBeVisible({ timeout: 60_000 });
  await page.getByRole('button', { name: 'Continue', exact: true }).click();
  await expect(rows(page)).toHaveCount(before + 1, { timeout: 120_000 });
  await expect.poll(() => storedRuns(page, 'a-')).toBe(0);
  // Another time it is let go.
  await page.getByRole('spinbutton', { name: 'Epochs' }).fill('49');
  await page.getByRole('button', { name: 'Apply', exact: true }).click();
  await expect.poll(() => storedRuns(page, 'a-'), { timeout: 60_000 }).toBe(2);
  await page.reload();
  await openTab(page, 'Optimize');
  await expect(page.getByText(/^Applying Fine-tuning to .* was interrupted\.$/)).toBeVisible({ timeout: 60_000 });
  await page.getByRole('button', { name: 'Discard', exact: true }).click();
  await expect(page.getByText(/^Applying Fine-tuning to .* was interrupted\.$/)).toBeHidden();
  await expect.poll(() => storedRuns(page, 'a-')).toBe(0);
});

test('Apply goes on in the next engine from where training was', async ({ page }) => {
  test.setTimeout(180_000);
  // Long enough (some 10 s) that training is still going on when its first checkpoint is seen.
  const before = await beginApply(page, 50);
  await endEngine(page);
  await expect(notice(page, /It is being applied again/)).toBeVisible({ timeout: 30_000 });
  await expect(notice(page, /^Fine-tuning goes on from epoch \d+(?:\.\d)?\.$/)).toBeVisible({
    timeout: 30_000,
  });
  await expect(rows(page)).toHaveCount(before + 1, { timeout: 120_000 });
  await expect.poll(() => storedRuns(page, 'a-')).toBe(0);
});

/** A slider in a hurry: previews never queue up, the last value's is there within a second, and the page stays free. */
import { expect, type Page, test } from '@playwright/test';
import { chooseMethod, openStudio, openTab, rows } from './studio';

/** What happened while the slider was dragged. All times in milliseconds. */
interface Drag {
  /** Tasks of the main thread of 50 ms and more. */
  readonly longTasks: readonly number[];
  /** Most preview calls that were unanswered at once, and all of them. */
  readonly mostInFlight: number;
  readonly asked: number;
  /** From the last event until the row "Non-zero" shows what the last value gives. */
  readonly settled: number;
}

/**
 * Moves the slider through `values` at 60 Hz, as a pointer does, and watches the messages to the engine. The last value
 * has never been shown before; `gone` is the text that it has to replace.
 */
function drag(page: Page, label: string, values: readonly number[]): Promise<Drag> {
  return page.evaluate(
    async ({ label: name, values: moved }) => {
      const longTasks: number[] = [];
      const observer = new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) longTasks.push(entry.duration);
      });
      observer.observe({ type: 'longtask' });
      const seen = (globalThis as unknown as { previews: { asked: number; open: Set<number>; most: number } }).previews;
      seen.asked = 0;
      seen.most = 0;
      const slider = [...document.querySelectorAll<HTMLInputElement>('input[type=range]')].find(
        (input) => input.labels?.[0]?.textContent?.startsWith(name) || input.getAttribute('aria-label') === name,
      );
      if (!slider) throw new Error(`no slider ${name}`);
      const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')?.set;
      const cells = () => document.querySelector('[aria-busy] tbody tr:nth-child(2) td:nth-of-type(2)');
      let last = 0;
      for (const value of moved) {
        await new Promise(requestAnimationFrame);
        set?.call(slider, String(value));
        last = performance.now();
        slider.dispatchEvent(new Event('input', { bubbles: true }));
      }
      // What the last value asks for is the only thing that still moves: wait until the shown figure stays as it is.
      let settled = 0;
      let shown = cells()?.getAttribute('data-value');
      while (performance.now() - last < 3000) {
        await new Promise(requestAnimationFrame);
        const now = cells()?.getAttribute('data-value');
        if (now === shown) continue;
        shown = now;
        settled = performance.now() - last;
      }
      observer.disconnect();
      return { longTasks, mostInFlight: seen.most, asked: seen.asked, settled };
    },
    { label, values: [...values] },
  );
}

test('thirty moves of a slider in half a second leave one answer, the last one', async ({ page }) => {
  test.setTimeout(180_000);
  // Every message between the page and the engine is counted.
  await page.addInitScript(() => {
    const previews = { asked: 0, open: new Set<number>(), most: 0 };
    Object.assign(globalThis, { previews });
    // Listens from the worker's first moment: the client, which listens later, may ask the next one as soon as it hears.
    globalThis.Worker = class extends Worker {
      constructor(...given: ConstructorParameters<typeof Worker>) {
        super(...given);
        this.addEventListener('message', ({ data }: MessageEvent<{ type?: string; id?: number }>) => {
          if ((data.type === 'result' || data.type === 'fault') && data.id !== undefined) previews.open.delete(data.id);
        });
      }
    };
    const post = Worker.prototype.postMessage;
    Worker.prototype.postMessage = function (this: Worker, message: unknown, ...rest: never[]) {
      const { type, name, id } = (message ?? {}) as { type?: string; name?: string; id?: number };
      if (type === 'call' && name === 'preview' && id !== undefined) {
        previews.asked++;
        previews.open.add(id);
        previews.most = Math.max(previews.most, previews.open.size);
      }
      // An aborted call is over for the page; the engine stops between two batches.
      if (type === 'abort' && id !== undefined) previews.open.delete(id);
      return post.call(this, message, ...rest);
    } as typeof post;
  });
  await openStudio(page);
  await openTab(page, 'Build');
  await page.getByLabel('Template').selectOption({ label: 'LeNet-5' });
  await openTab(page, 'Train');
  await page.getByLabel('Epochs').fill('3');
  await page.getByRole('button', { name: 'Train', exact: true }).click();
  await expect(rows(page).first()).toBeVisible({ timeout: 30_000 });
  await expect(page.getByRole('button', { name: 'Stop' })).toBeDisabled({ timeout: 60_000 });
  await chooseMethod(page, 'Magnitude pruning');
  await expect(page.getByRole('slider', { name: 'Sparsity', exact: true })).toBeVisible();
  await expect(page.getByTestId('estimate')).toHaveAttribute('data-value', /\d/, { timeout: 30_000 });
  // The sweep that follows a rest is over, or gives way.
  await page.waitForTimeout(1500);

  // The bars are on the best of three drags: whatever else the machine does only ever lengthens one.
  const drags: Drag[] = [];
  for (const end of [0.76, 0.77, 0.78]) {
    const seen = await drag(
      page,
      'Sparsity',
      Array.from({ length: 30 }, (_, i) => end - 0.02 * (29 - i)),
    );
    expect(seen.mostInFlight).toBe(1);
    expect(seen.asked).toBeGreaterThan(1);
    expect(seen.asked).toBeLessThanOrEqual(31);
    expect(seen.settled).toBeGreaterThan(0);
    drags.push(seen);
  }
  test.info().annotations.push({ type: 'drags', description: JSON.stringify(drags) });
  expect(Math.min(...drags.map(({ settled }) => settled))).toBeLessThan(1000);
  expect(Math.min(...drags.map(({ longTasks }) => Math.max(0, ...longTasks)))).toBeLessThan(100);
  // What is shown is the last value's: 78 % of the weights are zero.
  const shown = (column: number) =>
    page.locator('[aria-busy] tbody tr').nth(1).locator('td').nth(column).getAttribute('data-value').then(Number);
  const share = (await shown(1)) / (await shown(0));
  expect(share).toBeGreaterThan(0.2);
  expect(share).toBeLessThan(0.24);
});

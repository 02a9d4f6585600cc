/**
 * From a slider's event to the moved point on the chart, for LeNet-5 on wasm, in the real page: the slider is moved by
 * input events as a pointer would, and the clock stops in the first frame after the dashed point was drawn elsewhere.
 */
import { expect } from '@playwright/test';
import { chooseMethod, openStudio, openTab, rows } from '../../e2e/studio';
import type { Lab } from '../lab';
import type { Measurement } from '../measurements';
import type { Row } from '../row';
import { quantile } from '../statistics';
import { TARGET, targetTable } from './targets';

const SINGLE = 'LeNet-5, slider event to moved point';
const DRAG = 'LeNet-5, point moves while the slider is dragged';
const FULL = 'LeNet-5, all validation images after the slider rests';
const MOVES = 60;
const who = 'Whittle wasm';
const milliseconds = (value: number): string => `${value.toFixed(0)} ms`;

export const slider: Row = {
  name: 'slider',
  title: 'Sliders, milliseconds (LeNet-5, MNIST, wasm, in the page)',
  compared: TARGET,
  run,
  table: (lines) =>
    targetTable(lines, [
      { what: SINGLE, who: 'median', figure: (values) => quantile(values, 0.5), show: milliseconds },
      {
        what: SINGLE,
        who: '95th percentile',
        figure: (values) => quantile(values, 0.95),
        show: milliseconds,
        atMost: 100,
      },
      { what: DRAG, who: 'median between two moves', figure: (values) => quantile(values, 0.5), show: milliseconds },
      {
        what: DRAG,
        who: '95th percentile between two moves',
        figure: (values) => quantile(values, 0.95),
        show: milliseconds,
      },
      { what: FULL, who: 'slowest', figure: (values) => Math.max(...values), show: milliseconds, atMost: 3000 },
    ]),
};

async function run(lab: Lab): Promise<Measurement[]> {
  const { page, context, address } = await lab.studio();
  await openStudio(page, address);
  await openTab(page, 'Data');
  await page.getByLabel('Data set').selectOption({ label: 'MNIST' });
  await openTab(page, 'Build');
  await page.getByLabel('Template').selectOption({ label: 'LeNet-5' });
  await openTab(page, 'Train');
  await page.getByLabel('Backend').selectOption('wasm');
  await expect(page.getByLabel('Backend')).toBeEnabled({ timeout: 30_000 });
  await page.getByLabel('Epochs').fill('1');
  await page.getByRole('button', { name: 'Train', exact: true }).click();
  await expect(rows(page).first()).toBeVisible({ timeout: 60_000 });
  await expect(page.getByRole('button', { name: 'Stop' })).toBeDisabled({ timeout: 240_000 });
  await chooseMethod(page, 'Magnitude pruning');
  // On this axis every position of the slider lies elsewhere.
  await page.getByRole('figure').getByRole('combobox').selectOption('nonZero');
  await expect(page.getByTestId('estimate')).toHaveAttribute('data-value', /\d/, { timeout: 30_000 });
  await page.evaluate(watch);
  const values = Array.from({ length: MOVES }, (_, i) => 0.2 + ((i * 37) % 60) / 100);
  const singles = await page.evaluate((all) => (globalThis as unknown as Watch).single(all), values);
  const drags = await page.evaluate(() => (globalThis as unknown as Watch).drag(4000));
  const fulls: number[] = [];
  for (const value of [0.33, 0.57, 0.71])
    fulls.push(await page.evaluate((to) => (globalThis as unknown as Watch).rest(to), value));
  await context.close();
  const lines = (what: string, all: readonly number[]): Measurement[] =>
    all.map((value, i) => ({ what, who, round: i + 1, value: Number(value.toFixed(1)), unit: 'ms' }));
  return [...lines(SINGLE, singles), ...lines(DRAG, drags), ...lines(FULL, fulls)];
}

interface Watch {
  readonly single: (values: readonly number[]) => Promise<number[]>;
  readonly drag: (milliseconds: number) => Promise<number[]>;
  readonly rest: (value: number) => Promise<number>;
}

/** Runs in the page. */
function watch(): void {
  const figure = document.querySelector('figure') as HTMLElement;
  const range = document.querySelector('input[type=range]') as HTMLInputElement;
  const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')?.set;
  const place = (): string => {
    const ring = figure.querySelector('circle[stroke-dasharray="3 2.5"]');
    return ring ? `${ring.getAttribute('cx')} ${ring.getAttribute('cy')}` : 'none';
  };
  const move = (value: number): void => {
    set?.call(range, String(value));
    range.dispatchEvent(new Event('input', { bubbles: true }));
  };
  const wait = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
  /** The time of the frame in which the ring is somewhere else. */
  const moved = (): Promise<number> =>
    new Promise((done, fail) => {
      const before = place();
      const timer = setTimeout(() => fail(new Error('The point did not move within 10 s.')), 10_000);
      const observer = new MutationObserver(() => {
        if (place() === before) return;
        observer.disconnect();
        clearTimeout(timer);
        requestAnimationFrame(() => done(performance.now()));
      });
      observer.observe(figure, { subtree: true, childList: true, attributes: true });
    });
  const single = async (values: readonly number[]): Promise<number[]> => {
    const times: number[] = [];
    for (const value of values) {
      await wait(350);
      const next = moved();
      const begun = performance.now();
      move(value);
      times.push((await next) - begun);
    }
    return times;
  };
  const drag = async (milliseconds: number): Promise<number[]> => {
    const gaps: number[] = [];
    const begun = performance.now();
    let last = begun;
    let steps = 0;
    const timer = setInterval(() => move(0.2 + (Math.abs((steps++ % 120) - 60) / 60) * 0.6), 16);
    while (performance.now() - begun < milliseconds) {
      const now = await moved();
      gaps.push(now - last);
      last = now;
    }
    clearInterval(timer);
    return gaps.slice(1);
  };
  const rest = async (value: number): Promise<number> => {
    await wait(1500);
    const begun = performance.now();
    move(value);
    range.dispatchEvent(new KeyboardEvent('keyup', { key: 'ArrowRight', bubbles: true }));
    const isFull = (): boolean => /all 10,000/.test(document.querySelector('[aria-busy]')?.textContent ?? '');
    while (isFull()) await wait(2);
    while (!isFull()) await wait(2);
    return performance.now() - begun;
  };
  Object.assign(globalThis, { single, drag, rest });
}

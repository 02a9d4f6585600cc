/**
 * A tab that is really hidden: another one is in front of it, timers sleep, frames stand still. Playwright keeps its own
 * pages visible whatever happens, so this one is opened behind its back and spoken to by the browser's protocol.
 */
import { type CDPSession, chromium, expect, test } from '@playwright/test';
import { findChromium } from '../run/chromium.mjs';
import { quietFlags } from './support';

/** What Playwright does so that hidden pages go on as if they were seen. */
const kindness = [
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
  '--disable-background-timer-throttling',
];

interface Tab {
  readonly id: string;
  /** Runs `work` in the page; it may know nothing but its argument. */
  readonly run: <A, R>(work: (given: A) => R | Promise<R>, given: A) => Promise<R>;
}

async function openTab(browser: CDPSession, url: string): Promise<Tab> {
  const { targetId } = await browser.send('Target.createTarget', { url });
  const { sessionId } = await browser.send('Target.attachToTarget', { targetId, flatten: false });
  let last = 0;
  const waiting = new Map<number, (answer: Answer) => void>();
  browser.on('Target.receivedMessageFromTarget', ({ sessionId: from, message }) => {
    const answer = JSON.parse(message) as Answer;
    if (from === sessionId && answer.id !== undefined) waiting.get(answer.id)?.(answer);
  });
  return {
    id: targetId,
    async run(work, given) {
      const id = ++last;
      const answered = new Promise<Answer>((resolve) => {
        waiting.set(id, resolve);
      });
      const params = {
        expression: `(${work.toString()})(${JSON.stringify(given)})`,
        awaitPromise: true,
        returnByValue: true,
      };
      await browser.send('Target.sendMessageToTarget', {
        sessionId,
        message: JSON.stringify({ id, method: 'Runtime.evaluate', params }),
      });
      const { result, error } = await answered;
      const fault = error?.message ?? result?.exceptionDetails?.exception?.description;
      if (fault) throw new Error(fault);
      return result?.result.value as never;
    },
  };
}
interface Answer {
  readonly id?: number;
  readonly result?: Evaluated;
  readonly error?: { readonly message: string };
}
interface Evaluated {
  readonly result: { readonly value: unknown };
  readonly exceptionDetails?: { readonly exception?: { readonly description?: string } };
}

test('a run that the person turns away from goes on, ends and is kept', async ({ baseURL }) => {
  test.setTimeout(180_000);
  const executablePath = findChromium();
  const browser = await chromium.launch({
    ...(executablePath ? { executablePath } : {}),
    args: [...quietFlags, '--lang=en-GB'],
    ignoreDefaultArgs: kindness,
  });
  try {
    const session = await browser.newBrowserCDPSession();
    const studio = await openTab(session, baseURL as string);
    const look = () =>
      studio.run(
        () => ({
          state: document.visibilityState,
          status: document.querySelector('[data-status]')?.getAttribute('data-status'),
          // The only shares in the table of models are accuracies.
          accuracy: Number(document.querySelector('#models [data-value^="0."]')?.getAttribute('data-value') ?? 0),
          training: [...document.querySelectorAll('button')].some(
            (one) => one.textContent === 'Pause' && !one.disabled,
          ),
        }),
        null,
      );
    // Until the page has come there is nothing to ask.
    const status = async () => (await look().catch(() => null))?.status;
    await expect.poll(status, { timeout: 60_000 }).toBe('ready');
    const press = (name: string) =>
      studio.run((wanted) => {
        const all = [...document.querySelectorAll<HTMLElement>('button, [role=tab]')];
        const found = all.find((one) => one.textContent?.trim() === wanted);
        if (!found) throw new Error(`there is no ${wanted}`);
        found.click();
      }, name);
    await press('Train');
    await expect
      .poll(() =>
        studio.run(() => {
          const field = [...document.querySelectorAll('input')].find(
            (one) => one.labels?.[0]?.textContent === 'Epochs',
          );
          if (!field) return false;
          const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')?.set;
          set?.call(field, '200');
          field.dispatchEvent(new Event('input', { bubbles: true }));
          field.focus();
          field.blur();
          return true;
        }, null),
      )
      .toBe(true);
    await studio.run(() => {
      const [button] = [...document.querySelectorAll('button')]
        .filter((one) => one.textContent?.trim() === 'Train')
        .slice(-1);
      button?.click();
    }, null);
    await expect.poll(async () => (await look()).training, { timeout: 30_000 }).toBe(true);

    await openTab(session, 'about:blank');
    await expect.poll(async () => (await look()).state).toBe('hidden');
    expect((await look()).training).toBe(true);
    const seen = await studio.run(async () => {
      const changes: string[] = [];
      document.addEventListener('visibilitychange', () => changes.push(document.visibilityState));
      Object.assign(globalThis, { changes });
      let frames = 0;
      const count = (): void => {
        frames++;
        requestAnimationFrame(count);
      };
      requestAnimationFrame(count);
      const begun = performance.now();
      for (let i = 0; i < 3; i++) await new Promise((resolve) => setTimeout(resolve, 10));
      return { frames, slept: performance.now() - begun };
    }, null);
    test.info().annotations.push({ type: 'hidden', description: JSON.stringify(seen) });
    // It is as hidden as can be: no frame is drawn, and timers wait.
    expect(seen.frames).toBe(0);
    expect(seen.slept).toBeGreaterThan(100);
    await expect.poll(async () => (await look()).accuracy, { timeout: 120_000 }).toBeGreaterThan(0.8);
    expect(await look()).toMatchObject({ state: 'hidden', training: false, status: 'ready' });
    expect(await studio.run(() => (globalThis as unknown as { changes: string[] }).changes, null)).toEqual([]);

    await session.send('Target.activateTarget', { targetId: studio.id });
    await expect.poll(async () => (await look()).state).toBe('visible');
    expect((await look()).accuracy).toBeGreaterThan(0.8);
  } finally {
    await browser.close();
  }
});

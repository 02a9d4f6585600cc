import { describe, expect, it } from 'vitest';
import { breathe } from '#engine/breathe';
import { makeScheduler, type Priority } from '#worker/scheduler';

/** A job of some batches that notes each one it does. */
function batches(log: string[], name: string, count: number) {
  return async (between: () => Promise<void>): Promise<string> => {
    for (let i = 0; i < count; i++) {
      log.push(name);
      await between();
    }
    return name;
  };
}

describe('the scheduler', () => {
  it('lets what is more urgent go first, between two batches', async () => {
    const scheduler = makeScheduler(breathe);
    const log: string[] = [];
    const training = scheduler.run('training', batches(log, 't', 4));
    await breathe();
    await breathe();
    expect(log.length).toBeGreaterThan(0);
    const begun = log.length;
    const slider = scheduler.run('slider', batches(log, 's', 3));
    await Promise.all([training, slider]);
    // At most one more batch of training was under way.
    const first = log.indexOf('s');
    expect(first).toBeLessThanOrEqual(begun + 1);
    expect(log.slice(first, first + 3)).toEqual(['s', 's', 's']);
    expect(log.filter((name) => name === 't')).toHaveLength(4);
  });

  it('orders everything that waits by urgency, and equals by arrival', async () => {
    const scheduler = makeScheduler(breathe);
    const log: string[] = [];
    const names: [Priority, string][] = [
      ['timing', 'z'],
      ['sweep', 'w'],
      ['training', 't'],
      ['evaluation', 'e1'],
      ['evaluation', 'e2'],
      ['slider', 's'],
    ];
    await Promise.all(names.map(([priority, name]) => scheduler.run(priority, batches(log, name, 2))));
    expect(log).toEqual(['s', 's', 'e1', 'e1', 'e2', 'e2', 't', 't', 'w', 'w', 'z', 'z']);
  });

  it('does not wait for what only waits for a person', async () => {
    const scheduler = makeScheduler(breathe);
    const log: string[] = [];
    let paused = true;
    let resume = (): void => undefined;
    const training = scheduler.run(
      'training',
      async () => {
        await new Promise<void>((resolve) => {
          resume = resolve;
        });
        log.push('training');
      },
      { isActive: () => !paused },
    );
    const sweep = scheduler.run('sweep', batches(log, 'sweep', 1));
    await sweep;
    expect(log).toEqual(['sweep']);
    paused = false;
    scheduler.changed();
    const timing = scheduler.run('timing', batches(log, 'timing', 1));
    for (let i = 0; i < 5; i++) await breathe();
    expect(log).toEqual(['sweep']);
    resume();
    await Promise.all([training, timing]);
    expect(log).toEqual(['sweep', 'training', 'timing']);
  });

  it('stops what is aborted while it waits or works, and goes on with the rest', async () => {
    const scheduler = makeScheduler(breathe);
    const log: string[] = [];
    const stop = new AbortController();
    const long = scheduler.run('evaluation', batches(log, 'long', 1000), { signal: stop.signal });
    const waiting = scheduler.run('sweep', batches(log, 'sweep', 1), { signal: stop.signal });
    const after = scheduler.run('sweep', batches(log, 'after', 1));
    const settled = Promise.allSettled([long, waiting]);
    await breathe();
    stop.abort();
    for (const outcome of await settled)
      expect(outcome).toMatchObject({ status: 'rejected', reason: { name: 'AbortError' } });
    expect(await after).toBe('after');
    expect(log).not.toContain('sweep');
  });

  it('goes on after a job that fails', async () => {
    const scheduler = makeScheduler(breathe);
    const bad = scheduler.run('slider', () => Promise.reject(new Error('bad')));
    const good = scheduler.run('sweep', async () => 1);
    await expect(bad).rejects.toThrow('bad');
    expect(await good).toBe(1);
    expect(scheduler.arrivals()).toBe(2);
  });
});

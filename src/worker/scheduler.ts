/**
 * Who computes next. All work in the engine's worker asks `between` between two batches: messages are handled, and
 * work of lower priority waits while something more urgent is there. Work of one kind goes in order of arrival.
 */

/**
 * Most urgent first. A glance takes milliseconds, and follows what a slider has computed already. A search takes hours, and
 * gives way to everything, so that times too are measured while it waits.
 */
const order = ['glance', 'slider', 'evaluation', 'training', 'sweep', 'timing', 'search'] as const;
export type Priority = (typeof order)[number];

export interface JobOptions {
  readonly signal?: AbortSignal;
  /** False while the work only waits for a person (paused training): nobody then waits for it. */
  readonly isActive?: () => boolean;
}
export interface Scheduler {
  /** Runs `work` when its turn has come; `between` is to be awaited between batches. Rejects with the signal's reason when aborted. */
  run<T>(priority: Priority, work: (between: () => Promise<void>) => Promise<T>, options?: JobOptions): Promise<T>;
  /** Something about the jobs' activity changed (training was paused or goes on). */
  changed(): void;
  /** How many jobs have ever been asked for: unchanged means that nothing else came in. */
  arrivals(): number;
}

interface Job {
  readonly rank: number;
  readonly isActive: () => boolean;
}

/** `breathe` lets waiting messages in. */
export function makeScheduler(breathe: () => Promise<void>): Scheduler {
  /** In order of arrival. */
  const jobs: Job[] = [];
  let waiting: (() => void)[] = [];
  let arrived = 0;

  function changed(): void {
    const woken = waiting;
    waiting = [];
    for (const wake of woken) wake();
  }
  function mustWait(job: Job): boolean {
    const place = jobs.indexOf(job);
    return jobs.some(
      (other, index) =>
        other !== job && other.isActive() && (other.rank < job.rank || (other.rank === job.rank && index < place)),
    );
  }
  async function turn(job: Job, signal: AbortSignal | undefined): Promise<void> {
    await breathe();
    signal?.throwIfAborted();
    while (mustWait(job)) {
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
        signal?.addEventListener('abort', () => resolve(), { once: true });
      });
      signal?.throwIfAborted();
    }
  }

  return {
    changed,
    arrivals: () => arrived,
    async run(priority, work, { signal, isActive = () => true } = {}) {
      const job: Job = { rank: order.indexOf(priority), isActive };
      jobs.push(job);
      arrived++;
      try {
        await turn(job, signal);
        return await work(() => turn(job, signal));
      } finally {
        jobs.splice(jobs.indexOf(job), 1);
        changed();
      }
    },
  };
}

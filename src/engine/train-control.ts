/** Pause, go on, one batch, stop: shared by whoever presses the buttons and the training loop that asks between batches. */

export interface TrainControl {
  pause(): void;
  resume(): void;
  /** One batch, then paused again. */
  step(): void;
  /** Ends the run after the current batch; what was learned so far is kept. */
  stop(): void;
  readonly state: 'running' | 'paused' | 'stopped';
  /** For the loop: resolves when the next batch may run (true) or the run should end (false). Rejects when aborted. */
  next(signal?: AbortSignal): Promise<boolean>;
}

export function makeTrainControl(paused = false): TrainControl {
  let state: TrainControl['state'] = paused ? 'paused' : 'running';
  let steps = 0;
  let wake: (() => void) | null = null;
  const changed = (): void => {
    wake?.();
    wake = null;
  };
  return {
    pause() {
      if (state === 'running') state = 'paused';
    },
    resume() {
      if (state === 'paused') state = 'running';
      steps = 0;
      changed();
    },
    step() {
      if (state === 'stopped') return;
      state = 'paused';
      steps++;
      changed();
    },
    stop() {
      state = 'stopped';
      changed();
    },
    get state() {
      return state;
    },
    async next(signal) {
      for (;;) {
        signal?.throwIfAborted();
        if (state === 'stopped') return false;
        if (state === 'running') return true;
        if (steps > 0) {
          steps--;
          return true;
        }
        await new Promise<void>((resolve) => {
          wake = resolve;
          signal?.addEventListener('abort', () => resolve(), { once: true });
        });
      }
    },
  };
}

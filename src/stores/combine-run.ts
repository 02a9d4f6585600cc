/** What the Combine tab does: one piece of work at a time, with its progress, that can be given up and lives through a new engine. */
import { combine } from '#stores/combine-state';
import { faultOf, isAbort, mayGoOn } from '#stores/engine';
import type { CombineView, ModelNode } from '#stores/state';
import { overLives, type Ways } from '#stores/together';
import { announce, CANCELLED, notify } from '#stores/view';

let stopRun: AbortController | null = null;

/** Gives up what is going on; nothing is changed. */
export function cancelCombine(): void {
  stopRun?.abort();
}

/** True where it failed and what the engine has kept of it is still there. */
export async function runCombine(
  kind: CombineView,
  work: (ways: Ways) => Promise<readonly ModelNode[]>,
): Promise<boolean> {
  if (combine.getState().running) return false;
  const stop = new AbortController();
  stopRun = stop;
  const begin = (): void => combine.setState({ running: { kind, done: 0, train: null } });
  begin();
  combine.setState({ fault: null, made: null });
  try {
    const made = await overLives(stop.signal, begin, () =>
      work({
        signal: stop.signal,
        onProgress: ({ done, train }) =>
          combine.setState(({ running }) =>
            running ? { running: { ...running, done, train: train ?? running.train } } : {},
          ),
      }),
    );
    combine.setState({ made: { kind, nodes: made.map(({ id }) => id), notes: made.at(-1)?.notes ?? [] } });
    return false;
  } catch (error) {
    if (isAbort(error)) {
      announce(CANCELLED);
      return false;
    }
    const fault = faultOf(error);
    combine.setState({ fault });
    notify({ level: 'error', words: fault.words, hint: fault.hint });
    return mayGoOn(error);
  } finally {
    stopRun = null;
    combine.setState({ running: null });
  }
}

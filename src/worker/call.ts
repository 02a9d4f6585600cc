/** What a call's handler is given beside its request. One call = one file under calls/; dispatch.ts lists them. */
import type { CallName, Calls } from '#worker/protocol';
import type { Session } from '#worker/session';

export interface CallContext<N extends CallName> {
  readonly session: Session;
  readonly signal: AbortSignal;
  readonly progress: (progress: Calls[N]['progress']) => void;
}
export type Handler<N extends CallName> = (
  request: Calls[N]['request'],
  context: CallContext<N>,
) => Promise<Calls[N]['response']>;

/** Passes on at most ten values a second: the page need not redraw more often. */
export function throttled<V>(pass: (value: V) => void, every = 100): (value: V) => void {
  let last = Number.NEGATIVE_INFINITY;
  return (value) => {
    const now = performance.now();
    if (now - last < every) return;
    last = now;
    pass(value);
  };
}

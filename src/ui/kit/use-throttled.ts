/** What changes often, heard at most every `ms`; the last value always arrives. What is drawn live goes through this. */
import { useCallback, useRef, useSyncExternalStore } from 'react';

/** The part of a store that is needed here. */
interface Source<S> {
  readonly getState: () => S;
  readonly subscribe: (listener: () => void) => () => void;
}

/** A store's state. The component is not even asked in between. */
export function useThrottledStore<S>(store: Source<S>, ms = 100): S {
  return useThrottledPart(store, whole<S>, ms);
}

/**
 * Part of a store's state; `pick` stays the same function. What else changes in the store delays nothing. After a rest a
 * change is drawn at once, together with whatever else hears of it.
 */
export function useThrottledPart<S, T>(store: Source<S>, pick: (state: S) => T, ms = 100): T {
  const shown = useRef<{ readonly value: T } | null>(null);
  shown.current ??= { value: pick(store.getState()) };
  const subscribe = useCallback(
    (tell: () => void) => {
      let last = Number.NEGATIVE_INFINITY;
      let timer: ReturnType<typeof setTimeout> | undefined;
      const show = () => {
        timer = undefined;
        last = performance.now();
        shown.current = { value: pick(store.getState()) };
        tell();
      };
      const changed = () => {
        if (timer !== undefined || Object.is(pick(store.getState()), shown.current?.value)) return;
        const wait = last + ms - performance.now();
        if (wait <= 0) show();
        else timer = setTimeout(show, wait);
      };
      changed();
      const leave = store.subscribe(changed);
      return () => {
        leave();
        clearTimeout(timer);
      };
    },
    [store, pick, ms],
  );
  return useSyncExternalStore(subscribe, () => (shown.current as { readonly value: T }).value);
}

const whole = <S>(state: S): S => state;

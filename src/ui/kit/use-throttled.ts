/** What changes often, heard at most every `ms`; the last value always arrives. What is drawn live goes through this. */
import { useEffect, useRef, useState } from 'react';

/** The part of a store that is needed here. */
interface Source<S> {
  readonly getState: () => S;
  readonly subscribe: (listener: () => void) => () => void;
}

/** A store's state. The component is not even asked in between. */
export function useThrottledStore<S>(store: Source<S>, ms = 100): S {
  return useThrottledPart(store, whole<S>, ms);
}

/** Part of a store's state; `pick` stays the same function. What else changes in the store delays nothing. */
export function useThrottledPart<S, T>(store: Source<S>, pick: (state: S) => T, ms = 100): T {
  const [shown, setShown] = useState(() => pick(store.getState()));
  useEffect(() => {
    let last = Number.NEGATIVE_INFINITY;
    let heard: T | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const show = () => {
      timer = undefined;
      last = performance.now();
      setShown(() => pick(store.getState()));
    };
    const changed = () => {
      const now = pick(store.getState());
      if (Object.is(now, heard)) return;
      heard = now;
      timer ??= setTimeout(show, Math.max(0, last + ms - performance.now()));
    };
    changed();
    const leave = store.subscribe(changed);
    return () => {
      leave();
      clearTimeout(timer);
    };
  }, [store, pick, ms]);
  return shown;
}

const whole = <S>(state: S): S => state;

/** A value of the component's own. */
export function useThrottled<T>(value: T, ms = 100): T {
  const [shown, setShown] = useState(value);
  const last = useRef(0);
  useEffect(() => {
    const show = () => {
      last.current = performance.now();
      setShown(() => value);
    };
    const timer = setTimeout(show, Math.max(0, last.current + ms - performance.now()));
    return () => clearTimeout(timer);
  }, [value, ms]);
  return shown;
}

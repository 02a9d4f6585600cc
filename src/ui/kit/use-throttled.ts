/** A value that changes at most every `ms`; the last one always arrives. What is drawn live is drawn through this. */
import { useEffect, useRef, useState } from 'react';

export function useThrottled<T>(value: T, ms = 100): T {
  const [shown, setShown] = useState(value);
  const last = useRef(0);
  useEffect(() => {
    const wait = last.current + ms - performance.now();
    const show = () => {
      last.current = performance.now();
      setShown(value);
    };
    if (wait <= 0) {
      show();
      return;
    }
    const timer = setTimeout(show, wait);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return shown;
}

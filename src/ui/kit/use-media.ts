/** Whether a media query holds now. */
import { useSyncExternalStore } from 'react';

/** Room for three columns: what is done, the chart, and what it does to the weights. */
export const WIDE = '(min-width: 1200px)';

export function useMedia(query: string): boolean {
  return useSyncExternalStore(
    (changed) => {
      const list = window.matchMedia(query);
      list.addEventListener('change', changed);
      return () => list.removeEventListener('change', changed);
    },
    () => window.matchMedia(query).matches,
  );
}

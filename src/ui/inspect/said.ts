/** Sentences and values of weights as people read them. */
import { useCallback } from 'react';
import type { Sentence } from '#ui/inspect/sentence.ts';
import { useFormat, useText } from '#ui/kit/words.ts';

const COUNTS = ['gone', 'all', 'now', 'was', 'parts', 'before', 'after', 'levels', 'clipped', 'weights'] as const;
const SHARES = ['share', 'error'] as const;
const VALUES = ['step', 'move', 'value'] as const;
type Name = (typeof COUNTS)[number] | (typeof SHARES)[number] | (typeof VALUES)[number];

/** A weight's value: three significant digits. */
export function useValue(): (value: number) => string {
  const format = useFormat();
  return useCallback(
    (value) => {
      const digits = value === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
      return format.number(value, Math.min(8, digits)).replace('-', '−');
    },
    [format],
  );
}

export function useSaid(): (sentence: Sentence) => string {
  const t = useText();
  const format = useFormat();
  const value = useValue();
  return ({ key, numbers = {}, shapes = {} }) => {
    const told = <N extends Name>(names: readonly N[], show: (number: number) => string) =>
      Object.fromEntries(names.map((name) => [name, show(numbers[name] ?? 0)])) as Record<N, string>;
    return t(`inspect.says.${key}`, {
      ...told(COUNTS, format.count),
      // Nearly all is not all.
      ...told(SHARES, (share) => format.percent(share, share < 0.0995 ? 1 : share > 0.99 && share < 1 ? 2 : 0)),
      ...told(VALUES, value),
      ...Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, showShape(shape)])),
    });
  };
}

/** 5 × 5 × 6 × 16 */
export function showShape(shape: readonly number[]): string {
  return shape.join(' × ');
}

/** Levels of a degradation as people read them. */
import type { Degradation } from '#core/sensitivity';
import type { Format } from '#ui/kit/format.ts';

/** "90 %", "4" */
export function showLevel(degradation: Degradation, level: number, format: Format): string {
  return degradation === 'bits' ? format.count(level) : format.percent(level, 0);
}

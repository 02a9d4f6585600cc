/** Numbers that somebody set, as people read them, one way wherever they stand: on sliders, in recipes, in searches. */
import type { Param } from '#core/params';
import type { Format } from '#ui/kit/format.ts';

/**
 * 90 %, 20 kB, 0.35, 3.0e−5. Without a parameter (`undefined`) the number has no unit. `steady`: shares are written as fine
 * as their slider goes, so that the text does not change its width under the hand.
 */
export function settingText(value: number, param: Param | undefined, format: Format, steady = false): string {
  const unit = param?.kind === 'number' ? param.unit : undefined;
  if (param?.kind === 'number' && unit === 'percent') {
    const isWhole = (share: number): boolean => Math.abs(share * 100 - Math.round(share * 100)) < 1e-6;
    return format.percent(value, isWhole(value) && (isWhole(param.step) || !steady) ? 0 : 1);
  }
  if (unit === 'kB') return format.kilobytes(value);
  return value !== 0 && Math.abs(value) < 0.0001 ? value.toExponential(1).replace('e-', 'e−') : format.number(value, 5);
}

/** Changes of figures in words: "−62 %", "−0.31". */
import type { Format } from '#ui/kit/format.ts';

/** A ratio as a change: "−62 %", "±0 %". */
export function changeOf(ratio: number, { percent }: Format): string {
  const share = ratio - 1;
  if (!Number.isFinite(share) || Math.abs(share) < 0.0005) return `±${percent(0, 0)}`;
  return `${share < 0 ? '−' : '+'}${percent(Math.abs(share), Math.abs(share) < 0.0995 ? 1 : 0)}`;
}

/** A difference of shares in percentage points, with its sign: "−0.31". */
export function signedPoints(difference: number, { fixed }: Format): string {
  const points = fixed(Math.abs(difference * 100), 2);
  return `${Number(points) === 0 ? '±' : difference < 0 ? '−' : '+'}${points}`;
}

/** How many times less, in two digits: "1.7"; null where that would say "1". */
export function timesLess(ratio: number, { ratio: show }: Format): string | null {
  return ratio >= 1.05 ? show(ratio) : null;
}

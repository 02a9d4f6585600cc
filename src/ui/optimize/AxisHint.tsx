/**
 * A method that leaves the chart's axis as it is (a pruned weight still counts as a parameter) says so, and offers the
 * axis along which it does shrink the model.
 */
import { Button } from '@mantine/core';
import { useStore } from 'zustand';
import type { Axis, ModelNode } from '#stores/state';
import { setAxis, view } from '#stores/view';
import { useText } from '#ui/kit/words.ts';
import styles from '#ui/optimize/optimize.module.css';
import type { PreviewResult } from '#worker/protocol';

/** In the order in which they are offered. */
const MEASURED = ['nonZero', 'bytes', 'macs', 'parameters'] as const satisfies readonly Axis[];

export function AxisHint({ summary, preview }: { summary: ModelNode['summary']; preview: PreviewResult }) {
  const t = useText();
  const axis = useStore(view, (state) => state.axis);
  const better = betterAxis(axis, summary, preview);
  if (better === null) return null;
  return (
    <div className={styles.axisHint}>
      <span>{t('optimize.axisHint', { axis: t(`models.axisShort.${axis}`) })}</span>
      <Button size="compact-xs" variant="light" onClick={() => setAxis(better)}>
        {t('optimize.axisShow', { axis: t(`models.axisShort.${better}`) })}
      </Button>
    </div>
  );
}

type Sizes = Readonly<Record<(typeof MEASURED)[number], number>>;

/** The axis along which `next` is most clearly smaller than `now`, where `axis` shows no difference; else null. */
export function betterAxis(axis: Axis, now: Sizes, next: Sizes): Axis | null {
  if (axis === 'latency') return null;
  const ratio = (key: keyof Sizes) => next[key] / now[key];
  if (ratio(axis) < 0.97) return null;
  return MEASURED.find((key) => key !== axis && ratio(key) < 0.9) ?? null;
}

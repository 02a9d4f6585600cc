/** Found images over false alarms, a curve for each class, in a chunk of its own with the drawing library. */
import { Scatter } from 'recharts';
import { noMark, SharePlot, still } from '#ui/evaluate/SharePlot.tsx';
import { useText } from '#ui/kit/words.ts';
import type { ExamineResult } from '#worker/protocol-evaluation';

interface RocProps {
  readonly curves: ExamineResult['roc']['classes'];
  /** The class whose curve stands out; null: all alike. */
  readonly chosen: number | null;
  /** Only the corner at the upper left, ten times as large. */
  readonly isCorner: boolean;
  readonly label: string;
}

function RocChart({ curves, chosen, isCorner, label }: RocProps) {
  const t = useText();
  const x = isCorner ? ([0, 0.1] as const) : ([0, 1] as const);
  const y = isCorner ? ([0.9, 1] as const) : ([0, 1] as const);
  // The chosen curve is drawn last, on top.
  const ordered = [...curves].sort((a, b) => Number(a.class === chosen) - Number(b.class === chosen));
  return (
    <SharePlot
      label={label}
      x={x}
      y={y}
      xLabel={t('evaluate.classes.x')}
      yLabel={t('evaluate.classes.y')}
      lines={ordered.map((curve) => {
        const stands = curve.class === chosen;
        return (
          <Scatter
            key={curve.class}
            {...still}
            data={curve.points.map(([x, y]) => ({ x, y }))}
            line={{
              stroke: stands ? 'var(--w-pruning)' : 'var(--w-accent)',
              strokeWidth: stands ? 2.5 : 1.5,
              strokeOpacity: stands || chosen === null ? 1 : 0.3,
            }}
            shape={noMark}
          />
        );
      })}
    />
  );
}

export default RocChart;

/**
 * What moves on the chart: the model being trained, the slider's place and its sweep. It is drawn by itself, ten times a
 * second at most, over a chart that stays as it is: drawing all of that anew took recharts half of the time.
 */
import { useContext, useId } from 'react';
import { usePlotArea, useXAxisScale, useYAxisScale, ZIndexLayer } from 'recharts';
import styles from '#ui/models/chart.module.css';
import type { ChartAxes, LoosePoint } from '#ui/models/chart-data.ts';
import { MovingContext } from '#ui/models/moving-context.ts';
import { Interval } from '#ui/models/Overlay.tsx';
import { FootArrow } from '#ui/models/PointMark.tsx';

interface MovingProps {
  readonly axes: ChartAxes;
  /** Pixels in a sixteenth of a rem. */
  readonly unit: number;
  readonly tickY: (value: number) => string;
}

export function Moving({ axes, unit, tickY }: MovingProps) {
  const { live, preview, previewSize, isEstimate, sweep } = useContext(MovingContext);
  const clip = useId();
  const area = usePlotArea();
  const toX = useXAxisScale();
  const toY = useYAxisScale();
  if (!area || !toX || !toY) return null;
  const floor = axes.y.domain[0];
  const bottom = area.y + area.height;
  const at = ({ x, y }: LoosePoint) => ({ x: toX(x) ?? 0, y: toY(Math.max(y, floor)) ?? 0 });
  // The curve goes below the axis; its box cuts it off there.
  const curve = sweep.map(({ x, y }) => `${toX(x) ?? 0},${toY(y) ?? 0}`);
  const ring = (point: LoosePoint | null, dashes: string, className?: string) => {
    if (!point) return null;
    const { x, y } = at(point);
    return point.y < floor ? (
      <g transform={`translate(${x},${bottom - 6 * unit})`}>
        <FootArrow colour="var(--w-accent)" unit={unit} />
        <text y={-10 * unit} textAnchor="middle" className={styles.pointLabel}>
          {tickY(point.y)}
        </text>
      </g>
    ) : (
      <circle
        className={className}
        cx={x}
        cy={y}
        r={6.5 * unit}
        fill="var(--w-surface)"
        stroke="var(--w-accent)"
        strokeWidth={2 * unit}
        strokeDasharray={dashes}
      />
    );
  };
  // What follows the slider says itself that its size is not counted yet; on the side that has room.
  const approximately = (x: number, y: number) => {
    const side = x + 26 * unit > area.x + area.width ? -1 : 1;
    return (
      <text
        className={styles.pointLabel}
        x={x + side * 10 * unit}
        y={y}
        dominantBaseline="central"
        textAnchor={side < 0 ? 'end' : 'start'}
      >
        ≈
      </text>
    );
  };
  const place = preview && at(preview);
  return (
    <>
      <ZIndexLayer zIndex={350}>
        <clipPath id={clip}>
          <rect x={area.x} y={area.y} width={area.width} height={area.height} />
        </clipPath>
        <g clipPath={`url(#${clip})`} stroke="var(--w-accent)" strokeWidth={1.5 * unit} fill="none">
          {curve.length > 1 && <polyline points={curve.join(' ')} strokeOpacity={0.45} />}
          {previewSize !== null && (
            <path d={`M${toX(previewSize) ?? 0},${area.y}V${bottom}`} strokeDasharray={`${4 * unit} ${3 * unit}`} />
          )}
        </g>
      </ZIndexLayer>
      <ZIndexLayer zIndex={620}>
        {preview && preview.y >= floor && (
          <Interval point={preview} at={at} half={6 * unit} stroke="var(--w-accent)" faint={false} unit={unit} />
        )}
        {ring(preview, '3 2.5')}
        {isEstimate && place && approximately(place.x, Math.min(place.y, bottom - 6 * unit))}
        {isEstimate && previewSize !== null && approximately(toX(previewSize) ?? 0, area.y + 10 * unit)}
        {ring(live, 'none', styles.live)}
      </ZIndexLayer>
    </>
  );
}

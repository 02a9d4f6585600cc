/**
 * The drawing of the chart, by recharts, in a chunk of its own. Axes, points and front are recharts'; intervals, links,
 * names, what lies below the axis and what moves are laid over them with its scales. Nothing here animates.
 */
import { memo, useState } from 'react';
import { CartesianGrid, Scatter, ScatterChart, type ScatterShapeProps, XAxis, YAxis } from 'recharts';
import type { ModelNode } from '#stores/state';
import { useMedia } from '#ui/kit/use-media.ts';
import styles from '#ui/models/chart.module.css';
import type { ChartAxes, ChartPoint, LoosePoint, RunPoint } from '#ui/models/chart-data.ts';
import { Moving } from '#ui/models/Moving.tsx';
import { Overlay } from '#ui/models/Overlay.tsx';
import { type ActivePoint, PointCard, PointMark } from '#ui/models/PointMark.tsx';

export interface ParetoChartProps {
  readonly points: readonly ChartPoint[];
  readonly front: readonly ChartPoint[];
  readonly links: readonly (readonly [ChartPoint, ChartPoint])[];
  readonly runs: readonly RunPoint[];
  readonly axes: ChartAxes;
  readonly selected: string | null;
  readonly compact: boolean;
  readonly xLabel: string;
  readonly tickX: (value: number) => string;
  readonly tickY: (value: number) => string;
  /** All numbers of a point in words, for the tooltip and for screen readers. */
  readonly describe: (node: ModelNode) => readonly string[];
  readonly onSelect: (id: string) => void;
}

/** How much larger than usual the page's font is: it grows with the screen, and may be on another one next. */
function useUnit(): number {
  useMedia('(min-width: 2200px)');
  useMedia('(min-width: 3200px)');
  return Number.parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
}
const still = { isAnimationActive: false } as const;

function ParetoChart(props: ParetoChartProps) {
  const { points, front, axes, selected, compact } = props;
  const [active, setActive] = useState<ActivePoint | null>(null);
  const unit = useUnit();
  const [bottom, top] = axes.y.domain;
  const shown = points.filter(({ y }) => y >= bottom);
  // The selected point is drawn last, on top.
  const ordered = [...shown].sort((a, b) => Number(a.node.id === selected) - Number(b.node.id === selected));
  const byReach = [...points].sort((a, b) => a.x - b.x);
  const reachable = points.some(({ node }) => node.id === selected) ? selected : byReach[0]?.node.id;
  const mark = (point: ChartPoint, x: number, y: number, isBelow = false) => (
    <PointMark
      key={point.node.id}
      point={point}
      x={x}
      y={y}
      lines={props.describe(point.node)}
      isSelected={point.node.id === selected}
      isReachable={point.node.id === reachable}
      unit={unit}
      isBelow={isBelow}
      onActive={setActive}
      onSelect={props.onSelect}
    />
  );
  const shape = ({ cx, cy, payload }: ScatterShapeProps & { payload?: ChartPoint }) =>
    payload && cx !== undefined && cy !== undefined ? mark(payload, cx, cy) : <g />;

  return (
    <div className={styles.plot}>
      <ScatterChart
        responsive
        accessibilityLayer={false}
        style={{ width: '100%', height: '100%' }}
        margin={{ top: 10 * unit, right: 18 * unit, bottom: (compact ? 2 : 18) * unit, left: 2 * unit }}
      >
        <CartesianGrid stroke="var(--w-line)" strokeDasharray="0" />
        <XAxis
          type="number"
          dataKey="x"
          scale="log"
          domain={[...axes.x.domain]}
          ticks={[...axes.x.ticks]}
          interval="preserveStartEnd"
          allowDataOverflow
          niceTicks="none"
          tickFormatter={props.tickX}
          tickLine={false}
          axisLine={{ stroke: 'var(--w-line-strong)' }}
          height={(compact ? 22 : 26) * unit}
          {...(compact
            ? {}
            : {
                label: {
                  value: props.xLabel,
                  position: 'insideBottom',
                  offset: -14 * unit,
                  className: styles.axisLabel,
                },
              })}
        />
        <YAxis
          type="number"
          dataKey="y"
          domain={[bottom, top]}
          ticks={[...axes.y.ticks]}
          interval={0}
          allowDataOverflow
          niceTicks="none"
          tickFormatter={props.tickY}
          tickLine={false}
          axisLine={false}
          width={(compact ? 46 : 54) * unit}
        />
        {front.length > 0 && (
          <Scatter
            {...still}
            data={frontLine(front, axes)}
            line={{ stroke: 'var(--w-text)', strokeWidth: 1.5 * unit, strokeOpacity: 0.6 }}
            lineJointType="stepAfter"
            shape={nothing}
            zIndex={360}
          />
        )}
        <Overlay {...props} shown={shown} unit={unit} mark={mark} />
        <Scatter {...still} data={ordered} shape={shape} zIndex={600} />
        <Moving axes={axes} unit={unit} tickY={props.tickY} />
      </ScatterChart>
      {active && <PointCard active={active} lines={props.describe(active.point.node)} />}
    </div>
  );
}

/** The front runs on to the right edge: whatever is larger than the best model has to beat it. */
function frontLine(front: readonly ChartPoint[], axes: ChartAxes): LoosePoint[] {
  const last = front[front.length - 1] as ChartPoint;
  return [...front.map(({ x, y }) => ({ x, y })), { x: axes.x.domain[1], y: last.y }];
}

function nothing() {
  return <g />;
}

export default memo(ParetoChart);

/**
 * The drawing of the chart, by recharts, in a chunk of its own. Axes, points, front and sweep are recharts'; intervals,
 * links, names and the marks of what lies below the axis are laid over them with its scales. Nothing here animates.
 */
import { useState } from 'react';
import { CartesianGrid, Scatter, ScatterChart, type ScatterShapeProps, XAxis, YAxis } from 'recharts';
import { Mark, markColor, markPath } from '#ui/kit/Mark.tsx';
import type { ChartAxes, ChartPoint, LoosePoint } from '#ui/models/chart-data.ts';
import styles from '#ui/models/models.module.css';
import { Overlay } from '#ui/models/Overlay.tsx';

export interface ParetoChartProps {
  readonly points: readonly ChartPoint[];
  readonly front: readonly ChartPoint[];
  readonly links: readonly (readonly [ChartPoint, ChartPoint])[];
  readonly live: LoosePoint | null;
  readonly preview: LoosePoint | null;
  /** Where the slider's model would lie when only its size is known. */
  readonly previewSize: number | null;
  readonly sweep: readonly LoosePoint[];
  readonly axes: ChartAxes;
  readonly selected: string | null;
  readonly compact: boolean;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly tickX: (value: number) => string;
  readonly tickY: (value: number) => string;
  /** All numbers of a point in words, for the tooltip and for screen readers. */
  readonly describe: (point: ChartPoint) => readonly string[];
  readonly onSelect: (id: string) => void;
}

interface Active {
  readonly point: ChartPoint;
  readonly x: number;
  readonly y: number;
}

const rem = () => Number.parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
const still = { isAnimationActive: false } as const;

export default function ParetoChart(props: ParetoChartProps) {
  const { points, front, live, preview, sweep, axes, selected, compact } = props;
  const [active, setActive] = useState<Active | null>(null);
  const unit = rem();
  const [bottom, top] = axes.y.domain;
  const shown = points.filter(({ y }) => y >= bottom);
  // The selected point is drawn last, on top.
  const ordered = [...shown].sort((a, b) => Number(a.node.id === selected) - Number(b.node.id === selected));
  const byReach = [...shown].sort((a, b) => a.x - b.x);
  const reachable = shown.some(({ node }) => node.id === selected) ? selected : byReach[0]?.node.id;

  const move = (from: ChartPoint, by: number, target: Element) => {
    const next = byReach[byReach.indexOf(from) + by];
    const group = target.closest('svg')?.querySelector<SVGElement>(`[data-node="${next?.node.id}"]`);
    group?.focus();
  };

  const point = ({ cx, cy, payload }: ScatterShapeProps & { payload?: ChartPoint }) => {
    if (!payload || cx === undefined || cy === undefined) return <g />;
    const { node, kind } = payload;
    const isSelected = node.id === selected;
    const radius = (isSelected ? 7.5 : 6) * unit;
    const enter = () => setActive({ point: payload, x: cx, y: cy });
    return (
      // biome-ignore lint/a11y/useSemanticElements: SVG has no button of its own
      <g
        role="button"
        tabIndex={node.id === reachable ? 0 : -1}
        data-node={node.id}
        aria-label={props.describe(payload).join(', ')}
        aria-pressed={isSelected}
        className={styles.point}
        opacity={payload.comparable ? 1 : 0.35}
        transform={`translate(${cx},${cy})`}
        onMouseEnter={enter}
        onMouseLeave={() => setActive(null)}
        onFocus={enter}
        onBlur={() => setActive(null)}
        onClick={() => props.onSelect(node.id)}
        onKeyDown={(event) => {
          if (event.key === 'Enter' || event.key === ' ') {
            event.preventDefault();
            props.onSelect(node.id);
          }
          if (event.key === 'ArrowRight' || event.key === 'ArrowDown') move(payload, 1, event.currentTarget);
          if (event.key === 'ArrowLeft' || event.key === 'ArrowUp') move(payload, -1, event.currentTarget);
        }}
      >
        <circle r={13 * unit} fill="transparent" />
        {isSelected && <circle r={12 * unit} fill={markColor(kind)} opacity={0.18} />}
        <path
          d={markPath(kind, radius)}
          fill={markColor(kind)}
          stroke="var(--w-surface)"
          strokeWidth={1.5 * unit}
          strokeLinejoin="round"
        />
      </g>
    );
  };

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
          tickFormatter={props.tickY}
          tickLine={false}
          axisLine={false}
          width={(compact ? 46 : 54) * unit}
        />
        {sweep.length > 1 && (
          <Scatter
            {...still}
            data={[...sweep]}
            line={{ stroke: 'var(--w-accent)', strokeWidth: 1.5 * unit, strokeOpacity: 0.45 }}
            shape={dot(unit)}
            zIndex={350}
          />
        )}
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
        <Overlay {...props} shown={shown} unit={unit} />
        <Scatter {...still} data={ordered} shape={point} zIndex={600} />
        {preview && (
          <Scatter
            {...still}
            data={[{ ...preview, y: Math.max(preview.y, bottom) }]}
            shape={ring(unit, '3 2.5')}
            zIndex={610}
          />
        )}
        {live && (
          <Scatter
            {...still}
            data={[{ ...live, y: Math.max(live.y, bottom) }]}
            shape={ring(unit, 'none', styles.live)}
            zIndex={620}
          />
        )}
      </ScatterChart>
      {active && <Card active={active} lines={props.describe(active.point)} />}
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

const dot = (unit: number) =>
  function Dot({ cx, cy }: ScatterShapeProps) {
    return <circle cx={cx} cy={cy} r={1.6 * unit} fill="var(--w-accent)" opacity={0.55} />;
  };

const ring = (unit: number, dashes: string, className?: string) =>
  function Ring({ cx, cy }: ScatterShapeProps) {
    return (
      <circle
        className={className}
        cx={cx}
        cy={cy}
        r={6.5 * unit}
        fill="var(--w-surface)"
        stroke="var(--w-accent)"
        strokeWidth={2 * unit}
        strokeDasharray={dashes}
      />
    );
  };

/** All numbers of the point under the pointer or in focus. It keeps to the side with room. */
function Card({ active, lines }: { active: Active; lines: readonly string[] }) {
  const { point, x, y } = active;
  return (
    <div className={styles.card} style={{ '--x': `${x}px`, '--y': `${y}px` } as React.CSSProperties} aria-hidden="true">
      <div className={styles.cardName}>
        <Mark kind={point.kind} /> {lines[0]}
      </div>
      {lines.slice(1).map((line) => (
        <div key={line}>{line}</div>
      ))}
    </div>
  );
}

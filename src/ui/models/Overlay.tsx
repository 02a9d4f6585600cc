/**
 * What is laid over the chart with its scales: intervals (recharts' own error bars came out at the wrong points of a
 * scatter), links from parent to child, names of points, what lies below the axis, a size alone.
 */
import { useEffect } from 'react';
import { usePlotArea, useXAxisScale, useYAxisScale, ZIndexLayer } from 'recharts';
import { markColor } from '#ui/kit/Mark.tsx';
import styles from '#ui/models/chart.module.css';
import type { ChartPoint, LoosePoint } from '#ui/models/chart-data.ts';
import { tellChartDrawn } from '#ui/models/chart-drawn.ts';
import { type Box, placeLabels, spreadOut } from '#ui/models/labels.ts';
import { shortened } from '#ui/models/names.ts';
import type { ParetoChartProps } from '#ui/models/ParetoChart.tsx';

interface OverlayProps extends ParetoChartProps {
  /** Points inside the vertical range. */
  readonly shown: readonly ChartPoint[];
  /** Pixels in a sixteenth of a rem. */
  readonly unit: number;
  /** Draws a model's mark. */
  readonly mark: (point: ChartPoint, x: number, y: number, isBelow: boolean) => React.ReactNode;
}

/** Letters of a name beside its point. */
const longest = 28;

export function Overlay({
  points,
  shown,
  links,
  runs,
  front,
  selected,
  compact,
  unit,
  axes,
  tickY,
  mark,
}: OverlayProps) {
  const area = usePlotArea();
  const toX = useXAxisScale();
  const toY = useYAxisScale();
  const isDrawn = Boolean(area && toX && toY);
  useEffect(() => {
    if (isDrawn) tellChartDrawn();
  }, [isDrawn]);
  if (!area || !toX || !toY) return null;
  const at = ({ x, y }: { x: number; y: number }) => ({ x: toX(x) ?? 0, y: toY(Math.max(y, axes.y.domain[0])) ?? 0 });
  const box = { left: area.x + 2, right: area.x + area.width, top: area.y, bottom: area.y + area.height };
  const size = 12 * unit;
  const important = (point: ChartPoint) => (point.node.id === selected ? 2 : point.onFront ? 1 : 0);
  const below = points.filter((point) => !shown.includes(point));
  const foot = box.bottom - 6 * unit;
  const footXs = spreadOut(
    below.map((point) => at(point).x),
    14 * unit,
  );
  const feet = new Map(below.map((point, i) => [point, { x: footXs[i] as number, y: foot }]));
  const named = compact ? points.filter(({ node }) => node.id === selected) : points;
  const wishes = [...named]
    .sort((a, b) => important(b) - important(a))
    .map((point) => {
      const { id, name } = point.node;
      // What is out of sight is told with its accuracy.
      const parts = [
        ...(compact && feet.has(point) ? [] : [shortened(name, longest)]),
        ...(feet.has(point) ? [tickY(point.y)] : []),
      ];
      const text = parts.join(' ');
      return { id, text, width: textWidth(text, size, id === selected), ...(feet.get(point) ?? at(point)) };
    });
  const marks = [...shown.map(at), ...feet.values()];
  const steps = front.map(at);
  const labels = placeLabels(
    wishes,
    [
      ...marks.map((mark) => around(mark, 9 * unit)),
      ...named.filter((point) => !feet.has(point)).map((point) => stem(point, at, 3 * unit)),
      ...stairs(steps, box.right, 2 * unit),
    ],
    box,
    size,
    13 * unit,
  );
  return (
    <>
      <ZIndexLayer zIndex={340}>
        {links.map(([from, to]) => {
          const [a, b] = [at(from), at(to)];
          return (
            <line
              key={`${from.node.id} ${to.node.id}`}
              x1={a.x}
              y1={a.y}
              x2={b.x}
              y2={b.y}
              stroke="var(--w-line-strong)"
              strokeOpacity={0.4}
              strokeWidth={unit}
              strokeDasharray={`${2 * unit} ${3 * unit}`}
            />
          );
        })}
      </ZIndexLayer>
      <ZIndexLayer zIndex={480}>
        {runs
          .filter(({ y }) => y >= axes.y.domain[0])
          .map((run) => (
            <circle
              key={run.key}
              data-run={run.key}
              cx={at(run).x}
              cy={at(run).y}
              r={3.5 * unit}
              fill={markColor(run.kind)}
              fillOpacity={run.comparable ? 0.35 : 0.15}
            />
          ))}
      </ZIndexLayer>
      <ZIndexLayer zIndex={500}>
        {shown.map((point) => (
          <Interval
            key={point.node.id}
            point={point}
            at={at}
            half={4 * unit}
            stroke={markColor(point.kind)}
            faint={!point.comparable}
            unit={unit}
          />
        ))}
      </ZIndexLayer>
      <ZIndexLayer zIndex={630}>
        {[...feet].map(([point, { x, y }]) => mark(point, x, y, true))}
        {labels.map((label) => (
          <text
            key={label.id}
            x={label.left}
            y={label.baseline}
            className={label.id === selected ? styles.pointLabelChosen : styles.pointLabel}
          >
            {label.text}
          </text>
        ))}
      </ZIndexLayer>
    </>
  );
}

/** A 95 % interval, cut off at the foot of the chart. */
export function Interval({
  point,
  at,
  half,
  stroke,
  faint,
  unit,
}: {
  point: LoosePoint;
  at: (point: LoosePoint) => { x: number; y: number };
  half: number;
  stroke: string;
  faint: boolean;
  unit: number;
}) {
  if (point.low === undefined || point.high === undefined) return null;
  const { x, y: foot } = at({ x: point.x, y: point.low });
  const { y: head } = at({ x: point.x, y: point.high });
  return (
    <path
      d={`M${x - half},${head}h${2 * half}M${x},${head}V${foot}M${x - half},${foot}h${2 * half}`}
      fill="none"
      stroke={stroke}
      strokeOpacity={faint ? 0.25 : 0.7}
      strokeWidth={1.25 * unit}
    />
  );
}

function around({ x, y }: { x: number; y: number }, reach: number): Box {
  return { left: x - reach, right: x + reach, top: y - reach, bottom: y + reach };
}

let ruler: CanvasRenderingContext2D | null = null;

/** Width of a text in the chart's font, in pixels. */
function textWidth(text: string, size: number, bold: boolean): number {
  ruler ??= document.createElement('canvas').getContext('2d');
  if (!ruler) return text.length * size * 0.6;
  ruler.font = `${bold ? 650 : 400} ${size}px ${getComputedStyle(document.body).fontFamily}`;
  return ruler.measureText(text).width;
}

/** The place of an interval. */
function stem({ x, low, high }: ChartPoint, at: (point: LoosePoint) => { x: number; y: number }, reach: number): Box {
  const [foot, head] = [at({ x, y: low }), at({ x, y: high })];
  return { left: foot.x - reach, right: foot.x + reach, top: head.y, bottom: foot.y };
}

/** The front as boxes that names keep clear of. */
function stairs(steps: readonly { x: number; y: number }[], end: number, reach: number): readonly Box[] {
  return steps.flatMap(({ x, y }, index) => {
    const next = steps[index + 1];
    const flat = { left: x, right: next?.x ?? end, top: y - reach, bottom: y + reach };
    return next ? [flat, { left: next.x - reach, right: next.x + reach, top: next.y, bottom: y }] : [flat];
  });
}

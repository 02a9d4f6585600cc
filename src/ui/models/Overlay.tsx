/** What recharts has no part for: links from parent to child, names of points, what lies below the axis, a size alone. */
import { usePlotArea, useXAxisScale, useYAxisScale, ZIndexLayer } from 'recharts';
import { markColor } from '#ui/kit/Mark.tsx';
import type { ChartPoint } from '#ui/models/chart-data.ts';
import { placeLabels } from '#ui/models/labels.ts';
import styles from '#ui/models/models.module.css';
import type { ParetoChartProps } from '#ui/models/ParetoChart.tsx';

interface OverlayProps extends ParetoChartProps {
  /** Points inside the vertical range. */
  readonly shown: readonly ChartPoint[];
  /** Pixels in a sixteenth of a rem. */
  readonly unit: number;
}

const longest = 28;

export function Overlay({ points, shown, links, live, preview, previewSize, selected, compact, unit, axes, tickY, onSelect }: OverlayProps) {
  const area = usePlotArea();
  const toX = useXAxisScale();
  const toY = useYAxisScale();
  if (!area || !toX || !toY) return null;
  const at = ({ x, y }: { x: number; y: number }) => ({ x: toX(x) ?? 0, y: toY(Math.max(y, axes.y.domain[0])) ?? 0 });
  const box = { left: area.x + 2, right: area.x + area.width, top: area.y, bottom: area.y + area.height };
  const important = (point: ChartPoint) => (point.node.id === selected ? 2 : point.onFront ? 1 : 0);
  const named = compact ? shown.filter(({ node }) => node.id === selected) : shown;
  const wishes = [...named]
    .sort((a, b) => important(b) - important(a))
    .map((point) => ({ id: point.node.id, text: shortened(point.node.name), ...at(point) }));
  const marks = [...shown, ...(preview ? [preview] : []), ...(live ? [live] : [])].map(at);
  const size = 12 * unit;
  const labels = placeLabels(wishes, marks, box, size, 11 * unit);
  const below = points.filter((point) => !shown.includes(point));
  return (
    <>
      <ZIndexLayer zIndex={340}>
        {links.map(([from, to]) => {
          const [a, b] = [at(from), at(to)];
          return <line key={to.node.id} x1={a.x} y1={a.y} x2={b.x} y2={b.y} stroke="var(--w-line-strong)" strokeOpacity={0.4} strokeWidth={unit} strokeDasharray={`${2 * unit} ${3 * unit}`} />;
        })}
        {previewSize !== null && <line x1={toX(previewSize)} x2={toX(previewSize)} y1={box.top} y2={box.bottom} stroke="var(--w-accent)" strokeWidth={1.5 * unit} strokeDasharray={`${4 * unit} ${3 * unit}`} />}
      </ZIndexLayer>
      <ZIndexLayer zIndex={630}>
        {below.map((point) => {
          const { x } = at(point);
          const foot = box.bottom - 4 * unit;
          return (
            // biome-ignore lint/a11y/noStaticElementInteractions: the table selects the same model by keyboard
            <g key={point.node.id} className={styles.point} onClick={() => onSelect(point.node.id)}>
              <title>{`${point.node.name}: ${tickY(point.y)}`}</title>
              <rect x={x - 10 * unit} y={foot - 30 * unit} width={20 * unit} height={30 * unit} fill="transparent" />
              <path d={`M${x - 5 * unit},${foot - 6 * unit}h${10 * unit}L${x},${foot}Z`} fill={markColor(point.kind)} />
              <text x={x} y={foot - 10 * unit} textAnchor="middle" className={styles.pointLabel}>
                {tickY(point.y)}
              </text>
            </g>
          );
        })}
        {labels.map((label) => (
          <text key={label.id} x={label.left} y={label.baseline} className={label.id === selected ? styles.pointLabelChosen : styles.pointLabel} aria-hidden="true">
            {label.text}
          </text>
        ))}
      </ZIndexLayer>
    </>
  );
}

function shortened(name: string): string {
  return name.length > longest ? `${name.slice(0, longest - 1)}…` : name;
}

/**
 * One model on the chart: its mark, a button for the pointer and for keys. A model below the axis is an arrow at the foot
 * of the chart with its accuracy.
 */
import { Mark, markColor, markPath } from '#ui/kit/Mark.tsx';
import styles from '#ui/models/chart.module.css';
import type { ChartPoint } from '#ui/models/chart-data.ts';

/** Where the pointer or the focus is. `x`, `y` in pixels of the plot. */
export interface ActivePoint {
  readonly point: ChartPoint;
  readonly x: number;
  readonly y: number;
}
interface PointMarkProps extends ActivePoint {
  readonly lines: readonly string[];
  readonly isSelected: boolean;
  /** The one that Tab reaches; arrow keys lead to the others. */
  readonly isReachable: boolean;
  /** Pixels in a sixteenth of a rem. */
  readonly unit: number;
  /** It lies below the axis. */
  readonly isBelow: boolean;
  readonly onActive: (active: ActivePoint | null) => void;
  readonly onSelect: (id: string) => void;
}

export function PointMark({
  point,
  x,
  y,
  lines,
  isSelected,
  isReachable,
  unit,
  isBelow,
  onActive,
  onSelect,
}: PointMarkProps) {
  const { node, kind, comparable } = point;
  const colour = markColor(kind);
  const enter = () => onActive({ point, x, y });
  const leave = () => onActive(null);
  return (
    // biome-ignore lint/a11y/useSemanticElements: SVG has no button of its own
    <g
      role="button"
      tabIndex={isReachable ? 0 : -1}
      data-node={node.id}
      data-x={x}
      aria-label={lines.join(', ')}
      aria-pressed={isSelected}
      className={styles.point}
      opacity={comparable ? 1 : 0.35}
      transform={`translate(${x},${y})`}
      onMouseEnter={enter}
      onMouseLeave={leave}
      onFocus={enter}
      onBlur={leave}
      onClick={() => onSelect(node.id)}
      onKeyDown={(event) => {
        const by = STEPS[event.key];
        if (by === undefined && event.key !== 'Enter' && event.key !== ' ') return;
        event.preventDefault();
        if (by === undefined) onSelect(node.id);
        else neighbour(event.currentTarget, by)?.focus();
      }}
    >
      <circle r={13 * unit} fill="transparent" />
      {isSelected && <circle r={12 * unit} fill={colour} opacity={0.18} />}
      {isBelow ? (
        <FootArrow colour={colour} unit={unit} />
      ) : (
        <path
          d={markPath(kind, (isSelected ? 7.5 : 6) * unit)}
          fill={colour}
          stroke="var(--w-surface)"
          strokeWidth={1.5 * unit}
          strokeLinejoin="round"
        />
      )}
    </g>
  );
}

/** Points down, to what lies below the axis: with a shaft, since the mark of other methods is a triangle. Around (0, 0). */
export function FootArrow({ colour, unit }: { colour: string; unit: number }) {
  return (
    <path
      d={`M0,${-7 * unit}V${4 * unit}M${-4 * unit},0L0,${4 * unit}L${4 * unit},0`}
      fill="none"
      stroke={colour}
      strokeWidth={2 * unit}
      strokeLinecap="round"
      strokeLinejoin="round"
    />
  );
}

const STEPS: Readonly<Record<string, 1 | -1>> = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

/** The next mark to the right or to the left. */
function neighbour(from: Element, by: 1 | -1): SVGElement | undefined {
  const all = [...(from.closest('svg')?.querySelectorAll<SVGElement>('[data-node]') ?? [])];
  const sorted = all.sort((a, b) => Number(a.dataset['x']) - Number(b.dataset['x']));
  return sorted[sorted.indexOf(from as SVGElement) + by];
}

/** All numbers of the point under the pointer or in focus. It keeps to the side with room. */
export function PointCard({ active, lines }: { active: ActivePoint; lines: readonly string[] }) {
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

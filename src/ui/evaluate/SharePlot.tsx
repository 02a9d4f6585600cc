/** A square chart of one share over another: both axes named, the diagonal on which they are equal, room for a corner enlarged. */
import type { ReactNode } from 'react';
import { CartesianGrid, Scatter, ScatterChart, XAxis, YAxis } from 'recharts';
import styles from '#ui/evaluate/evaluate.module.css';
import { linearAxis } from '#ui/kit/ticks.ts';
import { useFormat } from '#ui/kit/words.ts';

interface AxesProps {
  /** Shares of 0 to 1. */
  readonly x: readonly [number, number];
  readonly y: readonly [number, number];
  readonly xLabel: string;
  readonly yLabel: string;
}

interface PlotProps extends AxesProps {
  /** The drawing in words, for screen readers. */
  readonly label: string;
  readonly lines: ReactNode;
  /** What the lines are. */
  readonly children?: ReactNode;
}

export function SharePlot({ label, lines, children, ...axes }: PlotProps) {
  return (
    <figure className={styles.figure} aria-label={label}>
      <div className={styles.plot} aria-hidden="true">
        <ScatterChart
          responsive
          accessibilityLayer={false}
          style={{ width: '100%', height: '100%' }}
          margin={{ top: 8, right: 14, bottom: 18, left: 4 }}
        >
          <ShareAxes {...axes} />
          <Scatter {...still} data={DIAGONAL} line={{ stroke: 'var(--w-line-strong)' }} shape={noMark} />
          {lines}
        </ScatterChart>
      </div>
      {children}
    </figure>
  );
}

const looks = { fill: 'var(--w-dim)', fontSize: 11 };

function ShareAxes({ x, y, xLabel, yLabel }: AxesProps) {
  const format = useFormat();
  const show = (share: number) => format.percent(share, 0);
  // What lies outside an enlarged corner is cut off; a dot on the border of the whole is not.
  const isCut = x[1] - x[0] < 1;
  const common = { type: 'number', allowDataOverflow: isCut, niceTicks: 'none', tickLine: false, tick: looks } as const;
  return (
    <>
      <CartesianGrid stroke="var(--w-line)" strokeDasharray="0" />
      <XAxis
        {...common}
        dataKey="x"
        domain={[...x]}
        ticks={[...linearAxis(...x, 5).ticks]}
        tickFormatter={show}
        axisLine={{ stroke: 'var(--w-line-strong)' }}
        height={24}
        label={{ value: xLabel, position: 'insideBottom', offset: -12, ...looks }}
      />
      <YAxis
        {...common}
        dataKey="y"
        domain={[...y]}
        ticks={[...linearAxis(...y, 5).ticks]}
        tickFormatter={show}
        axisLine={false}
        width={52}
        label={{
          value: yLabel,
          angle: -90,
          position: 'insideLeft',
          offset: 2,
          style: { textAnchor: 'middle' },
          ...looks,
        }}
      />
    </>
  );
}

/** What every line of such a chart has. */
export const still = { isAnimationActive: false } as const;
export const noMark = () => <g />;
const DIAGONAL = [
  { x: 0, y: 0 },
  { x: 1, y: 1 },
];

/** Accuracy against mean MACs for every threshold of a cascade, with the chosen one marked; in a chunk with the drawing library. */
import { CartesianGrid, Line, LineChart, ReferenceDot, XAxis, YAxis } from 'recharts';
import styles from '#ui/combine/combine.module.css';
import { ChartKey } from '#ui/kit/Layout.tsx';
import { linearAxis } from '#ui/kit/ticks.ts';
import { useFormat, useText } from '#ui/kit/words.ts';
import type { CurvePoint } from '#worker/protocol-ensembles';

export interface CascadeChartProps {
  readonly curve: readonly CurvePoint[];
  /** Where the slider is: accuracy 0 to 1, mean MACs. */
  readonly now: { readonly accuracy: number; readonly macs: number } | null;
  /** Members alone. */
  readonly members: readonly {
    readonly id: string;
    readonly name: string;
    readonly accuracy: number;
    readonly macs: number;
  }[];
}

const still = { isAnimationActive: false, dot: false, activeDot: false } as const;

/** Points in the order of their MACs; of a stretch where nothing changes only the ends. */
export function thinned(curve: readonly CurvePoint[]): readonly CurvePoint[] {
  const sorted = [...curve].sort((a, b) => a.macs - b.macs || a.value - b.value);
  return sorted.filter((point, at) => {
    const [before, after] = [sorted[at - 1], sorted[at + 1]];
    const isAs = (other: CurvePoint | undefined) =>
      other !== undefined && other.macs === point.macs && other.accuracy === point.accuracy;
    return !(isAs(before) && isAs(after));
  });
}

function CascadeChart({ curve, now, members }: CascadeChartProps) {
  const t = useText();
  const format = useFormat();
  const data = thinned(curve);
  const shares = [...data, ...members, ...(now ? [now] : [])];
  const y = linearAxis(
    Math.min(...shares.map(({ accuracy }) => accuracy)),
    Math.max(...shares.map(({ accuracy }) => accuracy)),
    4,
    [0, 1],
  );
  const x = linearAxis(0, Math.max(...shares.map(({ macs }) => macs)), 4, [0, Number.POSITIVE_INFINITY]);
  const [tick = 0, next = 1] = y.ticks;
  return (
    <figure className={styles.curve} aria-label={t('combine.cascade.label')}>
      <figcaption className={styles.caption}>{t('combine.cascade.title')}</figcaption>
      <div className={styles.plot} aria-hidden="true">
        <LineChart
          responsive
          accessibilityLayer={false}
          data={[...data]}
          style={{ width: '100%', height: '100%' }}
          margin={{ top: 10, right: 16, bottom: 0, left: 0 }}
        >
          <CartesianGrid stroke="var(--w-line)" strokeDasharray="0" vertical={false} />
          <XAxis
            type="number"
            dataKey="macs"
            domain={[...x.domain]}
            ticks={[...x.ticks]}
            tickFormatter={(value: number) => format.short(value)}
            tickLine={false}
            tick={{ fill: 'var(--w-dim)', fontSize: 11 }}
            axisLine={{ stroke: 'var(--w-line-strong)' }}
            height={22}
          />
          <YAxis
            type="number"
            domain={[...y.domain]}
            ticks={[...y.ticks]}
            tickFormatter={(value: number) => format.percent(value, next - tick < 0.0095 ? 1 : 0)}
            tickLine={false}
            axisLine={false}
            tick={{ fill: 'var(--w-dim)', fontSize: 11 }}
            width={50}
          />
          <Line {...still} dataKey="accuracy" type="linear" stroke="var(--w-combined)" strokeWidth={2} />
          {members.map(({ id, macs, accuracy }, at) => (
            <ReferenceDot
              key={`${at} ${id}`}
              x={macs}
              y={accuracy}
              r={4}
              fill="var(--w-training)"
              stroke="var(--w-surface)"
              label={{ value: at + 1, position: 'top', fill: 'var(--w-dim)', fontSize: 11 }}
            />
          ))}
          {now && (
            <ReferenceDot
              x={now.macs}
              y={now.accuracy}
              r={6.5}
              fill="var(--w-combined)"
              stroke="var(--w-surface)"
              strokeWidth={2}
            />
          )}
        </LineChart>
      </div>
      <ChartKey>
        <li>
          <span className={styles.keyLine} />
          {t('combine.cascade.curve')}
        </li>
        <li>
          <span className={styles.keyDot} />
          {t('combine.cascade.now')}
        </li>
        {members.map(({ id, name }, at) => (
          <li key={`${at} ${id}`}>
            <span className={styles.keyMember}>{at + 1}</span>
            {name}
          </li>
        ))}
      </ChartKey>
    </figure>
  );
}

export default CascadeChart;

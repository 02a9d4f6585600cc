/** Accuracy against level, a curve for each layer, in a chunk of its own with the drawing library. */
import { CartesianGrid, Line, LineChart, ReferenceLine, XAxis, YAxis } from 'recharts';
import { type Degradation, LEVELS } from '#core/sensitivity';
import { ChartKey } from '#ui/kit/Layout.tsx';
import { linearAxis } from '#ui/kit/ticks.ts';
import { useFormat, useText } from '#ui/kit/words.ts';
import { showLevel } from '#ui/optimize/sensitivity/levels.ts';
import styles from '#ui/optimize/sensitivity/sensitivity.module.css';
import type { SensitivityCell } from '#worker/protocol';

export interface CurvesProps {
  readonly degradation: Degradation;
  readonly layers: readonly string[];
  readonly cells: readonly SensitivityCell[];
  /** Accuracy of the model as it is, 0 to 1, on the same images. */
  readonly base: number | null;
  /** The layer whose curve stands out. */
  readonly chosen: string | null;
}

const still = { isAnimationActive: false, dot: false, activeDot: false } as const;
/** Told apart by dashes as well as by colour. */
const dashes = ['', '6 3', '2 3', '9 3 2 3', '12 4', '4 2 1 2'];
const colours = ['training', 'pruning', 'quantization', 'sharing', 'distillation', 'opened'];

function Curves({ degradation, layers, cells, base, chosen }: CurvesProps) {
  const t = useText();
  const format = useFormat();
  const data = LEVELS[degradation].map((level) => ({
    level: showLevel(degradation, level, format),
    ...Object.fromEntries(
      layers.map((layer) => [
        layer,
        cells.find((cell) => cell.layer === layer && cell.level === level)?.alone?.accuracy.value,
      ]),
    ),
  }));
  const values = cells.flatMap(({ alone }) => (alone ? [alone.accuracy.value] : []));
  const axis = linearAxis(Math.min(...values, base ?? 1), Math.max(...values, base ?? 0), 4, [0, 1]);
  const [tick = 0, next = 1] = axis.ticks;
  const style = (at: number) => ({
    stroke: `var(--w-${colours[at % colours.length]})`,
    // After the last colour the first one comes with other dashes.
    strokeDasharray: dashes[(at + Math.floor(at / colours.length)) % dashes.length] ?? '',
  });
  return (
    <figure className={styles.curves} aria-label={t('sensitivity.curvesLabel')}>
      <figcaption className={styles.caption}>{t('sensitivity.curves')}</figcaption>
      <div className={styles.plot} aria-hidden="true">
        <LineChart
          responsive
          accessibilityLayer={false}
          data={data}
          style={{ width: '100%', height: '100%' }}
          margin={{ top: 8, right: 12, bottom: 0, left: 0 }}
        >
          <CartesianGrid stroke="var(--w-line)" strokeDasharray="0" vertical={false} />
          <XAxis
            dataKey="level"
            tickLine={false}
            interval={0}
            padding={{ left: 8, right: 8 }}
            tick={{ fill: 'var(--w-dim)', fontSize: 11 }}
            axisLine={{ stroke: 'var(--w-line-strong)' }}
            height={22}
          />
          <YAxis
            domain={[...axis.domain]}
            ticks={[...axis.ticks]}
            tickFormatter={(value: number) => format.percent(value, next - tick < 0.0095 ? 1 : 0)}
            tickLine={false}
            axisLine={false}
            tick={{ fill: 'var(--w-dim)', fontSize: 11 }}
            width={48}
          />
          {base !== null && <ReferenceLine y={base} stroke="var(--w-line-strong)" strokeDasharray="2 3" />}
          {layers.map((layer, at) => (
            <Line
              key={layer}
              {...still}
              {...style(at)}
              dataKey={layer}
              type="linear"
              connectNulls
              strokeWidth={chosen === layer ? 3 : 1.75}
              opacity={chosen === null || chosen === layer ? 1 : 0.45}
            />
          ))}
        </LineChart>
      </div>
      <ChartKey>
        {layers.map((layer, at) => (
          <li key={layer}>
            <svg width="22" height="8" aria-hidden="true">
              <line x1="0" x2="22" y1="4" y2="4" strokeWidth="2" {...style(at)} />
            </svg>
            {layer}
          </li>
        ))}
      </ChartKey>
    </figure>
  );
}

export default Curves;

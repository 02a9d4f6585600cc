/** How often answers are right over how sure they are, before and after temperature scaling, in a chunk of its own. */
import { Scatter, type ScatterShapeProps } from 'recharts';
import type { Reliability } from '#core/metrics/calibration';
import { SharePlot, still } from '#ui/evaluate/SharePlot.tsx';
import { ChartKey } from '#ui/kit/Layout.tsx';
import { useText } from '#ui/kit/words.ts';

export interface ReliabilityProps {
  readonly before: Reliability;
  readonly after: Reliability;
  readonly names: { readonly before: string; readonly after: string };
  readonly label: string;
}

interface Dot {
  readonly x: number;
  readonly y: number;
  /** Share of all images. */
  readonly share: number;
}

const LOOKS = {
  before: { colour: 'var(--w-pruning)', dash: '5 4' },
  after: { colour: 'var(--w-accent)', dash: '' },
} as const;
type Side = keyof typeof LOOKS;

function ReliabilityChart({ before, after, names, label }: ReliabilityProps) {
  const t = useText();
  const sides: readonly (readonly [Side, Reliability])[] = [
    ['before', before],
    ['after', after],
  ];
  return (
    <SharePlot
      label={label}
      x={[0, 1]}
      y={[0, 1]}
      xLabel={t('evaluate.confidence.x')}
      yLabel={t('evaluate.confidence.y')}
      lines={sides.map(([side, reliability]) => (
        <Scatter
          key={side}
          {...still}
          data={dotsOf(reliability)}
          line={{ stroke: LOOKS[side].colour, strokeWidth: 1.5, strokeDasharray: LOOKS[side].dash }}
          shape={(props: ScatterShapeProps & { payload?: Dot }) => <Mark side={side} {...props} />}
        />
      ))}
    >
      <ChartKey>
        {sides.map(([side]) => (
          <li key={side}>
            <svg width="26" height="12" aria-hidden="true">
              <line
                x1="0"
                x2="26"
                y1="6"
                y2="6"
                stroke={LOOKS[side].colour}
                strokeWidth="1.5"
                strokeDasharray={LOOKS[side].dash}
              />
              <Shape side={side} x={13} y={6} radius={4} />
            </svg>
            {names[side]}
          </li>
        ))}
        <li>
          <svg width="26" height="12" aria-hidden="true">
            <line x1="0" x2="26" y1="6" y2="6" stroke="var(--w-line-strong)" />
          </svg>
          {t('evaluate.confidence.ideal')}
        </li>
      </ChartKey>
    </SharePlot>
  );
}

function dotsOf({ bins }: Reliability): Dot[] {
  const all = bins.reduce((sum, { images }) => sum + images, 0);
  return bins.flatMap(({ images, confidence, accuracy }) =>
    images > 0 ? [{ x: confidence, y: accuracy, share: images / all }] : [],
  );
}

function Mark({ side, cx, cy, payload }: ScatterShapeProps & { side: Side; payload?: Dot }) {
  if (cx === undefined || cy === undefined || !payload) return <g />;
  return <Shape side={side} x={cx} y={cy} radius={2.5 + 6 * Math.sqrt(payload.share)} />;
}

/** Squares and circles, so that colour is not all that tells them apart. */
function Shape({ side, x, y, radius }: { side: Side; x: number; y: number; radius: number }) {
  const looks = { fill: LOOKS[side].colour, fillOpacity: 0.85, stroke: 'var(--w-surface)', strokeWidth: 1 };
  return side === 'before' ? (
    <rect x={x - radius * 0.9} y={y - radius * 0.9} width={radius * 1.8} height={radius * 1.8} {...looks} />
  ) : (
    <circle cx={x} cy={y} r={radius} {...looks} />
  );
}

export default ReliabilityChart;

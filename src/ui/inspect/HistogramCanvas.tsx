/**
 * How often each value occurs, before above after, over one axis. Zeros have a bar of their own, the values that weights may
 * take are thin lines, and where weights were set to a limit it is dashed. Drawn on a canvas: it follows a slider.
 */
import type { Inspection } from '#core/inspection/inspection';
import styles from '#ui/inspect/inspect.module.css';
import { type Looks, looksOf } from '#ui/inspect/looks.ts';
import { sheet, stroke } from '#ui/kit/canvas.ts';
import { linearAxis } from '#ui/kit/ticks.ts';
import { useDrawing } from '#ui/kit/use-drawing.ts';

interface HistogramProps {
  readonly found: Inspection;
  readonly texts: { readonly before: string; readonly after: string; readonly zeros: (count: number) => string };
  readonly showX: (value: number) => string;
  /** The drawing in words, for screen readers. */
  readonly label: string;
}

export function HistogramCanvas(props: HistogramProps) {
  const canvas = useDrawing(looksOf, (at, width, looks) => draw(at, width, looks, props));
  return (
    <div className={styles.histogram}>
      <canvas ref={canvas} role="img" aria-label={props.label} className={styles.canvas} />
    </div>
  );
}

/** Rem from the top: two fields of bars, each under its name, and the axis. */
const field = { name: 1.5, bars: 3 } as const;

function draw(canvas: HTMLCanvasElement, width: number, looks: Looks, { found, texts, showX }: HistogramProps): void {
  const { rem, font, colour } = looks;
  const tall = (field.name + field.bars) * rem;
  const context = sheet(canvas, width, 2 * tall + 1.5 * rem);
  if (!context) return;
  const { low, high, counts } = found.histogram;
  // Room at the ends, for bars and lines that stand on them.
  const margin = 0.5 * rem;
  const toX = (value: number) => margin + ((value - low) / (high - low)) * (width - 2 * margin);
  context.font = `${rem * 0.6875}px ${font}`;
  const fields = [
    { name: texts.before, counts: counts[0], zeros: found.before.zeros },
    { name: texts.after, counts: counts[1], zeros: found.after?.zeros ?? 0 },
  ];
  for (const [at, one] of fields.entries()) {
    const area = { top: at * tall + field.name * rem, bottom: (at + 1) * tall, width, toX, margin };
    if (one.counts) bars(context, { ...one, counts: one.counts }, area, looks);
    context.fillStyle = colour.text;
    context.textBaseline = 'top';
    context.textAlign = 'left';
    context.fillText(one.name, 0, at * tall + 0.5 * rem);
    if (one.zeros > 0) {
      const words = texts.zeros(one.zeros);
      const half = context.measureText(words).width / 2;
      const nameEnd = context.measureText(one.name).width + rem * 0.75;
      context.textAlign = 'center';
      const x = Math.min(width - half, Math.max(nameEnd + half, toX(0)));
      context.fillText(words, x, at * tall + 0.5 * rem);
    }
    context.strokeStyle = colour.line;
    context.lineWidth = 1;
    stroke(context, 0, area.bottom + 0.5, width, area.bottom + 0.5);
  }
  marks(context, found, { toX, tall, width, margin }, looks);
  axis(context, { low, high, toX, width, top: 2 * tall }, looks, showX);
}

interface Area {
  readonly top: number;
  readonly bottom: number;
  readonly toX: (value: number) => number;
  readonly width: number;
  readonly margin: number;
}

function bars(
  context: CanvasRenderingContext2D,
  { counts, zeros }: { readonly counts: Uint32Array; readonly zeros: number },
  { top, bottom, toX, width, margin }: Area,
  { rem, colour }: Looks,
): void {
  const most = counts.reduce((largest, count) => Math.max(largest, count), 0);
  const tall = bottom - top - 0.25 * rem;
  const wide = (width - 2 * margin) / counts.length;
  for (const [k, count] of counts.entries()) {
    if (count === 0) continue;
    const x = margin + k * wide;
    context.fillStyle = x + wide / 2 < toX(0) ? colour.negative : colour.positive;
    // What is there is seen, however rare.
    const high = Math.max(1, (count / most) * tall);
    context.fillRect(x + 0.5, bottom - high, Math.max(1, wide - 1), high);
  }
  if (zeros === 0) return;
  const high = most === 0 ? tall : Math.max(1.5, Math.min(1, zeros / most) * tall);
  const [x, thick] = [toX(0) - rem * 0.1875, rem * 0.375];
  context.fillStyle = colour.zero;
  context.fillRect(x, bottom - high, thick, high);
  if (zeros <= most || most === 0) return;
  // Too tall for the field: the bar is broken, its number says how tall it is.
  context.fillStyle = colour.surface;
  for (const up of [0.62, 0.74]) {
    context.beginPath();
    context.moveTo(x - 1, bottom - tall * up);
    context.lineTo(x + thick + 1, bottom - tall * (up + 0.06));
    context.lineTo(x + thick + 1, bottom - tall * (up + 0.11));
    context.lineTo(x - 1, bottom - tall * (up + 0.05));
    context.fill();
  }
}

/** The values that weights may take, where they can be told apart, and limits. */
function marks(
  context: CanvasRenderingContext2D,
  { before, after, change, histogram: { low, high } }: Inspection,
  { toX, tall, width, margin }: Pick<Area, 'toX' | 'width' | 'margin'> & { readonly tall: number },
  { rem, colour }: Looks,
): void {
  context.strokeStyle = colour.level;
  context.lineWidth = 1;
  const top = field.name * rem;
  const levels = after?.levels ?? before.levels;
  const inside = levels ? [...levels.values].filter((value) => value >= low * 1.001 && value <= high * 1.001) : [];
  // Faint where they are many, so that the bars are seen.
  context.globalAlpha = (width - 2 * margin) / inside.length >= 10 ? 0.5 : 0.25;
  for (const value of inside) {
    const x = Math.round(toX(value)) + 0.5;
    stroke(context, x, top, x, tall);
    stroke(context, x, tall + top, x, 2 * tall + 0.25 * rem);
  }
  context.globalAlpha = 1;
  if (!after || !change?.clipped) return;
  context.setLineDash([rem * 0.25, rem * 0.1875]);
  for (const [end, was] of [
    [after.low, before.low],
    [after.high, before.high],
  ] as const) {
    if (end === was) continue;
    const x = Math.round(toX(end)) + 0.5;
    stroke(context, x, top, x, tall);
    stroke(context, x, tall + top, x, 2 * tall);
  }
  context.setLineDash([]);
}

function axis(
  context: CanvasRenderingContext2D,
  { low, high, toX, width, top }: { low: number; high: number; toX: (v: number) => number; width: number; top: number },
  { rem, colour }: Looks,
  showX: (value: number) => string,
): void {
  context.fillStyle = colour.text;
  context.textBaseline = 'top';
  context.textAlign = 'center';
  for (const tick of linearAxis(low, high, 6).ticks) {
    if (tick < low || tick > high) continue;
    const words = showX(tick);
    const half = context.measureText(words).width / 2;
    context.fillText(words, Math.min(width - half, Math.max(half, toX(tick))), top + rem * 0.5);
  }
}

/**
 * Lines over epochs on a canvas, for traces that grow while a network trains: two series, round ticks, units, colours
 * of the theme. It redraws when its data do; whoever feeds it does so at most ten times a second.
 */
import { sheet, stroke } from '#ui/kit/canvas.ts';
import text from '#ui/kit/text.module.css';
import { linearAxis } from '#ui/kit/ticks.ts';
import styles from '#ui/kit/trace.module.css';
import { useDrawing } from '#ui/kit/use-drawing.ts';

export interface Trace {
  readonly name: string;
  /** 'strong' is what one chooses by, 'quiet' what goes along. */
  readonly tone: 'strong' | 'quiet';
  readonly points: readonly { readonly x: number; readonly y: number }[];
}
interface TraceCanvasProps {
  readonly title: string;
  readonly traces: readonly Trace[];
  /** Right end of the horizontal axis, at least. */
  readonly end: number;
  readonly endLabel: string;
  /** Never drawn beyond these. */
  readonly bounds: readonly [number, number];
  readonly showY: (value: number, step: number) => string;
  readonly showX: (value: number) => string;
  /** The drawing in words, for screen readers. */
  readonly label: string;
}

export function TraceCanvas(props: TraceCanvasProps) {
  const canvas = useDrawing(looksOf, (at, width, looks) => draw(at, width, looks, props));
  return (
    <div className={styles.trace}>
      <div className={styles.traceHead}>
        <span className={text.label}>{props.title}</span>
        {props.traces.map(({ name, tone }) => (
          <span key={name} className={styles.traceKey} data-tone={tone}>
            {name}
          </span>
        ))}
      </div>
      <div>
        <canvas ref={canvas} role="img" aria-label={props.label} className={styles.traceCanvas} />
      </div>
    </div>
  );
}

interface Looks {
  /** Pixels in a rem. */
  readonly rem: number;
  readonly font: string;
  readonly line: string;
  readonly text: string;
  readonly strong: string;
  readonly quiet: string;
}

function looksOf(canvas: HTMLCanvasElement): Looks {
  const style = getComputedStyle(canvas);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  return {
    rem: Number.parseFloat(getComputedStyle(document.documentElement).fontSize),
    font: style.fontFamily,
    line: colour('--w-line'),
    text: colour('--w-dim'),
    strong: colour('--w-accent'),
    quiet: colour('--w-line-strong'),
  };
}

function draw(
  canvas: HTMLCanvasElement,
  width: number,
  looks: Looks,
  { traces, end, endLabel, bounds, showX, showY }: TraceCanvasProps,
): void {
  const { rem, font, line: grid, text, strong, quiet } = looks;
  const height = rem * 8.5;
  const context = sheet(canvas, width, height);
  if (!context) return;
  const area = { left: rem * 2.75, right: width - rem * 0.5, top: rem * 0.5, bottom: height - rem * 1.5 };

  const values = traces.flatMap(({ points }) => points.map(({ y }) => y)).filter(Number.isFinite);
  const low = values.length > 0 ? Math.min(...values) : 0;
  const high = values.length > 0 ? Math.max(...values) : 1;
  const yAxis = linearAxis(low, high, 3, bounds);
  const [bottom, top] = yAxis.domain;
  const step = (yAxis.ticks[1] ?? 1) - (yAxis.ticks[0] ?? 0);
  const last = Math.max(end, ...traces.map(({ points }) => points.at(-1)?.x ?? 0));
  const xAxis = linearAxis(0, Math.max(last, 1e-6), 4);
  const toX = (x: number) => area.left + (x / last) * (area.right - area.left);
  const toY = (y: number) => area.bottom - ((y - bottom) / (top - bottom)) * (area.bottom - area.top);

  context.font = `${rem * 0.6875}px ${font}`;
  context.lineWidth = 1;
  context.fillStyle = text;
  context.textBaseline = 'middle';
  context.textAlign = 'right';
  for (const tick of yAxis.ticks) {
    const y = Math.round(toY(tick)) + 0.5;
    context.strokeStyle = grid;
    stroke(context, area.left, y, area.right, y);
    context.fillText(showY(tick, step), area.left - rem * 0.4, y);
  }
  context.textBaseline = 'top';
  const inside = xAxis.ticks.filter((tick) => tick <= last * 1.0001);
  const atEnd = inside.at(-1) ?? 0;
  const endText = `${showX(atEnd)} ${endLabel}`;
  const endWidth = context.measureText(endText).width;
  const isAtBorder = toX(atEnd) + endWidth / 2 > area.right;
  const endLeft = isAtBorder ? area.right - endWidth : toX(atEnd) - endWidth / 2;
  inside.forEach((tick, index) => {
    const isLast = index === inside.length - 1;
    const label = isLast ? endText : showX(tick);
    const reach = context.measureText(label).width * (index === 0 ? 1 : 0.5);
    // The last one carries the unit: whatever would touch it gives way.
    if (!isLast && toX(tick) + reach > endLeft - rem * 0.5) return;
    context.textAlign = isLast && isAtBorder ? 'right' : index === 0 ? 'left' : 'center';
    context.fillText(label, isLast && isAtBorder ? area.right : toX(tick), area.bottom + rem * 0.4);
  });

  for (const { points, tone } of traces) {
    const path = points
      .filter(({ y }) => Number.isFinite(y))
      .map(({ x, y }) => [toX(x), toY(Math.min(top, Math.max(bottom, y)))] as const);
    context.strokeStyle = tone === 'strong' ? strong : quiet;
    context.fillStyle = context.strokeStyle;
    context.lineWidth = tone === 'strong' ? 2 : 1.25;
    context.lineJoin = 'round';
    line(context, path);
    if (tone === 'strong' && path.length <= 40) for (const [x, y] of path) dot(context, x, y, rem * 0.16);
  }
}

function line(context: CanvasRenderingContext2D, path: readonly (readonly [number, number])[]): void {
  context.beginPath();
  path.forEach(([x, y], index) => (index === 0 ? context.moveTo(x, y) : context.lineTo(x, y)));
  context.stroke();
}

function dot(context: CanvasRenderingContext2D, x: number, y: number, radius: number): void {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
}

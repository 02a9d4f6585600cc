/** Colours and sizes for the drawings, read from the styles once for each change of colours or size. */
export interface Looks {
  readonly rem: number;
  readonly font: string;
  readonly colour: Readonly<Record<'line' | 'text' | 'level' | 'surface' | 'zero' | 'negative' | 'positive', string>>;
}

export function looksOf(canvas: HTMLCanvasElement): Looks {
  const style = getComputedStyle(canvas);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  return {
    rem: Number.parseFloat(getComputedStyle(document.documentElement).fontSize),
    font: style.fontFamily,
    colour: {
      line: colour('--w-line'),
      text: colour('--w-dim'),
      level: colour('--w-text'),
      surface: colour('--w-surface'),
      zero: colour('--kernel-zero'),
      negative: colour('--kernel-negative'),
      positive: colour('--kernel-positive'),
    },
  };
}

/** The canvas at the device's own resolution, cleared; null where it cannot be drawn on. */
export function sheet(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D | null {
  const context = canvas.getContext('2d');
  if (!context) return null;
  const ratio = window.devicePixelRatio || 1;
  const [wide, tall] = [Math.round(width * ratio), Math.round(height * ratio)];
  // Another size clears the canvas and its memory: only where it is another.
  if (canvas.width !== wide || canvas.height !== tall) {
    canvas.width = wide;
    canvas.height = tall;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

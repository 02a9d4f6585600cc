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

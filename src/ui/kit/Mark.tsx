/**
 * The sign of a kind of model: a shape and a colour that mean the same in the chart, its legend and the table. Shapes
 * differ as well as colours, so nothing depends on telling colours apart.
 */
export const MARKS = [
  'training',
  'pruning',
  'quantization',
  'sharing',
  'distillation',
  'combined',
  'trees',
  'opened',
  'other',
] as const;
export type MarkKind = (typeof MARKS)[number];

/** The outline around (0, 0), about `radius` large; all shapes have nearly the same area. */
export function markPath(kind: MarkKind, radius: number): string {
  const r = radius;
  switch (kind) {
    case 'training':
      return circle(r, '0,0');
    case 'pruning':
      return polygon(3, r * 1.32, -90);
    case 'quantization':
      return polygon(4, r * 1.26, 45);
    case 'sharing':
      return polygon(4, r * 1.3, 0);
    case 'distillation':
      return star(r * 1.45);
    case 'combined':
      return [-90, 30, 150].map((turn) => circle(r * 0.66, at(r * 0.62, turn))).join('');
    case 'trees':
      return outline([
        ...FIR.map(([x, y]) => `${x * r},${y * r}`),
        ...FIR.map(([x, y]) => `${-x * r},${y * r}`).reverse(),
      ]);
    case 'opened':
      return polygon(6, r * 1.12, 0);
    case 'other':
      return polygon(3, r * 1.32, 90);
    default:
      throw kind satisfies never;
  }
}

export function markColor(kind: MarkKind): string {
  return `var(--w-${kind})`;
}

export function Mark({ kind, hollow = false, size = 14 }: { kind: MarkKind; hollow?: boolean; size?: number }) {
  return (
    <svg
      viewBox="-8 -8 16 16"
      width={`${size / 16}rem`}
      height={`${size / 16}rem`}
      aria-hidden="true"
      focusable="false"
      style={{ flex: 'none' }}
    >
      <path
        d={markPath(kind, 5)}
        fill={hollow ? 'none' : markColor(kind)}
        stroke={markColor(kind)}
        strokeWidth={1.5}
        strokeLinejoin="round"
      />
    </svg>
  );
}

/** The right half of a fir tree of radius 1, from its tip down. */
const FIR = [
  [0, -1.4],
  [0.8, -0.3],
  [0.45, -0.3],
  [1.05, 0.7],
  [0.25, 0.7],
  [0.25, 1.2],
] as const;

function circle(r: number, centre: string): string {
  return `M${centre}m${-r},0a${r},${r} 0 1,0 ${2 * r},0a${r},${r} 0 1,0 ${-2 * r},0Z`;
}

function polygon(corners: number, r: number, turn: number): string {
  return outline(Array.from({ length: corners }, (_, k) => at(r, turn + (360 / corners) * k)));
}

function star(r: number): string {
  return outline(Array.from({ length: 10 }, (_, k) => at(k % 2 === 0 ? r : r * 0.48, -90 + 36 * k)));
}

function at(r: number, degrees: number): string {
  const angle = (degrees * Math.PI) / 180;
  return `${(r * Math.cos(angle)).toFixed(2)},${(r * Math.sin(angle)).toFixed(2)}`;
}

function outline(points: readonly string[]): string {
  return `M${points.join('L')}Z`;
}

/** The recipes as a drawing: bytes of the written file, on a logarithmic scale, against errors on the test images; each recipe a line from stage to stage. */
import { mean } from '../long/compare';
import type { StageRecord } from './record';
import type { Row } from './row';

/** A stage as a point. */
export interface Point {
  readonly bytes: number;
  /** Percent of the test images. */
  readonly error: number;
}
/** From the first stage to the last. */
export interface Course {
  readonly title: string;
  readonly points: readonly Point[];
  /** Reported by others: drawn hollow. */
  readonly isPaper?: boolean;
}

const WIDTH = 980;
const HEIGHT = 430;
const LEFT = 56;
const RIGHT = 560;
const TOP = 20;
const BOTTOM = 380;
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#8a63d2', '#7a7a7a'];

/** The mean of each stage over its seeds, of the rows whose last stage was measured. */
export function coursesOf(rows: readonly Row[], records: readonly StageRecord[]): readonly Course[] {
  return rows.flatMap((row): Course[] => {
    const seedsOf = (stage: string | undefined) => records.filter((one) => one.row === row.name && one.stage === stage);
    if (seedsOf(row.stages.at(-1)?.name).length === 0) return [];
    const points = row.stages.flatMap(({ name }): Point[] => {
      const seeds = seedsOf(name);
      if (seeds.length === 0) return [];
      return [
        {
          bytes: mean(seeds.map(({ bytes }) => bytes)),
          error: mean(seeds.map(({ errors, images }) => (100 * errors) / images)),
        },
      ];
    });
    return [{ title: row.title, points }];
  });
}

/** Where a point lies, in pixels. `most` is the largest error shown. */
export function placeOf({ bytes, error }: Point, most: number): { readonly x: number; readonly y: number } {
  const [from, to] = [3, 6.5];
  return {
    x: LEFT + ((Math.log10(bytes) - from) / (to - from)) * (RIGHT - LEFT),
    y: BOTTOM - (error / most) * (BOTTOM - TOP),
  };
}

/** As SVG, readable on light and on dark pages. */
export function pictureOf(courses: readonly Course[]): string {
  const most = Math.ceil(2.2 * Math.max(1, ...courses.flatMap(({ points }) => points.map(({ error }) => error)))) / 2;
  const at = (point: Point): string => {
    const { x, y } = placeOf(point, most);
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  };
  const levels = Array.from({ length: 2 * most + 1 }, (_, i) => i / 2);
  const decades = [1e3, 1e4, 1e5, 1e6];
  const label = (bytes: number): string => (bytes >= 1e6 ? '1 MB' : `${bytes / 1000} kB`);
  const y = (error: number): string => placeOf({ bytes: 1e3, error }, most).y.toFixed(1);
  const x = (bytes: number): string => placeOf({ bytes, error: 0 }, most).x.toFixed(1);
  const drawn = courses.map((course, i) => {
    const end = placeOf(course.points.at(-1) as Point, most);
    const line = `<polyline points="${course.points.map(at).join(' ')}" stroke="${colourOf(i)}" class="course"/>`;
    return `${course.points.length > 1 ? line : ''}${numbered(course, i, end.x.toFixed(1), end.y)}`;
  });
  const named = courses.map((course, i) => {
    const height = TOP + 14 + i * 24;
    return `${numbered(course, i, '592', height - 4)}<text x="610" y="${height}">${escaped(course.title)}</text>`;
  });
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="system-ui, sans-serif" font-size="12"><title>Bytes of the file against errors, recipe by recipe</title>`,
    '<style>text{fill:#1f2328}.page{fill:#fff}.grid{stroke:#d8dee4}.course{fill:none;stroke-width:2;opacity:.55}.small{font-size:11px;font-weight:600}.on{fill:#fff}@media(prefers-color-scheme:dark){text{fill:#e6edf3}.page{fill:#0d1117}.grid{stroke:#30363d}.on{fill:#fff}}</style>',
    `<rect width="${WIDTH}" height="${HEIGHT}" class="page"/>`,
    ...levels.map(
      (error) =>
        `<line x1="${LEFT}" x2="${RIGHT}" y1="${y(error)}" y2="${y(error)}" class="grid"/><text x="${LEFT - 8}" y="${(Number(y(error)) + 4).toFixed(1)}" text-anchor="end">${error.toFixed(1)}</text>`,
    ),
    ...decades.map(
      (bytes) =>
        `<line x1="${x(bytes)}" x2="${x(bytes)}" y1="${TOP}" y2="${BOTTOM}" class="grid"/><text x="${x(bytes)}" y="${BOTTOM + 18}" text-anchor="middle">${label(bytes)}</text>`,
    ),
    `<text x="${(LEFT + RIGHT) / 2}" y="${BOTTOM + 40}" text-anchor="middle">bytes of the written file (logarithmic)</text>`,
    `<text transform="translate(16 ${(TOP + BOTTOM) / 2}) rotate(-90)" text-anchor="middle">test images answered wrongly, %</text>`,
    ...drawn,
    ...named,
    '</svg>',
  ].join('\n')}\n`;
}

const colourOf = (i: number): string => COLOURS[i % COLOURS.length] as string;

/** The course's number in its circle. */
function numbered({ isPaper }: Course, i: number, x: string, y: number): string {
  const fill = isPaper ? 'class="page"' : `fill="${colourOf(i)}"`;
  const circle = `<circle cx="${x}" cy="${y.toFixed(1)}" r="9" stroke="${colourOf(i)}" stroke-width="2" ${fill}/>`;
  return `${circle}<text x="${x}" y="${(y + 4).toFixed(1)}" text-anchor="middle" class="small${isPaper ? '' : ' on'}">${i + 1}</text>`;
}

const escaped = (text: string): string => text.replace(/&/g, '&amp;').replace(/</g, '&lt;');

/**
 * A kernel as a picture: one colour below zero, another above, the stronger the farther; weights that are exactly zero are
 * flat grey, channels that are gone are crossed out.
 */
import { type Picture, POINT } from '#core/inspection/picture';
import styles from '#ui/inspect/inspect.module.css';
import { type Looks, looksOf } from '#ui/inspect/looks.ts';
import { sheet, stroke } from '#ui/kit/canvas.ts';
import { useDrawing } from '#ui/kit/use-drawing.ts';

/** `label`: the picture in words, for screen readers. */
export function KernelCanvas({ picture, label }: { picture: Picture; label: string }) {
  const canvas = useDrawing(looksOf, (at, width, looks) => draw(at, width, looks, picture));
  return (
    <div>
      <canvas ref={canvas} role="img" aria-label={label} className={styles.canvas} />
    </div>
  );
}

/** How many tiles stand beside each other. */
export function tilesAcross({ rows, columns }: Picture): number {
  return columns > 1 ? columns : Math.min(rows, Math.max(3, Math.ceil(Math.sqrt(rows * 1.2))));
}

function draw(canvas: HTMLCanvasElement, width: number, looks: Looks, picture: Picture): void {
  const { rem } = looks;
  const across = tilesAcross(picture);
  const gap = picture.kind === 'block' ? 0 : Math.max(2, 0.1875 * rem);
  const most = picture.kind === 'block' ? picture.width * 0.75 * rem : 4 * rem;
  const tile = Math.min(most, (width - gap * (across - 1)) / across);
  const tall = (tile / picture.width) * picture.height;
  const tiles = picture.rows * picture.columns;
  const down = Math.ceil(tiles / across);
  const context = sheet(canvas, width, down * tall + (down - 1) * gap);
  const source = sourceOf(picture, looks);
  if (!context || !source) return;
  context.imageSmoothingEnabled = false;
  const { height: h, width: w } = picture;
  for (let k = 0; k < tiles; k++) {
    const [x, y] = [(k % across) * (tile + gap), Math.floor(k / across) * (tall + gap)];
    context.drawImage(source, 0, k * h, w, h, x, y, tile, tall);
    context.strokeStyle = looks.colour.line;
    context.lineWidth = 1;
    context.strokeRect(x + 0.5, y + 0.5, tile - 1, tall - 1);
    cross(context, picture, k, { x, y, tile, tall }, looks);
  }
}

/** Crosses out a tile that is gone; of a block, each row or column. */
function cross(
  context: CanvasRenderingContext2D,
  { kind, points, height: h, width: w }: Picture,
  k: number,
  { x, y, tile, tall }: { x: number; y: number; tile: number; tall: number },
  { colour }: Looks,
): void {
  const isGone = (at: number) => points[k * h * w + at] === POINT.gone;
  context.strokeStyle = colour.text;
  if (kind === 'tiles') {
    if (!isGone(0)) return;
    const inset = tile * 0.2;
    stroke(context, x + inset, y + inset, x + tile - inset, y + tall - inset);
    stroke(context, x + tile - inset, y + inset, x + inset, y + tall - inset);
    return;
  }
  const point = tile / w;
  const all = (count: number, at: (step: number) => number) =>
    Array.from({ length: count }, (_, step) => isGone(at(step))).every(Boolean);
  for (let row = 0; row < h; row++) {
    if (all(w, (column) => row * w + column))
      stroke(context, x, y + (row + 0.5) * point, x + tile, y + (row + 0.5) * point);
  }
  for (let column = 0; column < w; column++) {
    if (all(h, (row) => row * w + column))
      stroke(context, x + (column + 0.5) * point, y, x + (column + 0.5) * point, y + tall);
  }
}

/** All tiles below each other, a pixel a weight. */
function sourceOf({ rows, columns, height, width, values, points }: Picture, { colour }: Looks) {
  const source = document.createElement('canvas');
  source.width = width;
  source.height = rows * columns * height;
  const context = source.getContext('2d');
  if (!context) return null;
  const image = context.createImageData(source.width, source.height);
  const [zero, surface] = [bytesOf(colour.zero), bytesOf(colour.surface)];
  const [negative, positive] = [bytesOf(colour.negative), bytesOf(colour.positive)];
  for (let k = 0; k < values.length; k++) {
    const value = values[k] as number;
    const end = points[k] === POINT.zero ? zero : value < 0 ? negative : positive;
    const share = points[k] === POINT.zero ? 1 : points[k] === POINT.gone ? 0 : Math.abs(value) / 127;
    for (let c = 0; c < 3; c++)
      image.data[4 * k + c] = (surface[c] as number) + share * ((end[c] as number) - (surface[c] as number));
    image.data[4 * k + 3] = 255;
  }
  context.putImageData(image, 0, 0);
  return source;
}

/** "#2b6a5c" or "#fff" as red, green and blue. */
export function bytesOf(hex: string): readonly number[] {
  const digits = hex.length === 4 ? hex.slice(1).replace(/./g, '$&$&') : hex.slice(1);
  return [0, 2, 4].map((at) => Number.parseInt(digits.slice(at, at + 2), 16) || 0);
}

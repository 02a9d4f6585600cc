/**
 * Convolutions by Winograd's algorithm as commands: where it pays, and how many tiles go at a time. It pays for 5 x 5 and 3 x 3
 * kernels at stride 1 with channels enough on both sides that the products outweigh the transforms.
 *
 * One image alone keeps the plain product, as the kernel's points cost more than they save there.
 */
import { bits, type Writer } from './commands';
import {
  K_WINOGRAD,
  K_WINOGRAD_GRAD_INPUT,
  K_WINOGRAD_GRAD_KERNEL,
  K_WINOGRAD_IMAGES,
  K_WINOGRAD_KERNEL,
  K_WINOGRAD_PRODUCTS,
  K_WINOGRAD_RESULTS,
} from './kernels/ids';

/** Two blocks of 36 vectors. */
const BLOCKS = 2 * 576;
/** Bytes of points of one thread that should stay in its cache. */
const POINT_BYTES = 384 * 1024;
/** The same for the kernel's gradient, where all threads go over all points. */
const GRADIENT_POINT_BYTES = 1 << 20;
/** Fewest channels in and out. */
const FEWEST = 16;

/** What of a convolution's geometry counts here. */
export interface Tiled {
  readonly n: number;
  readonly h: number;
  readonly w: number;
  readonly c: number;
  readonly oh: number;
  readonly ow: number;
  readonly kh: number;
  readonly kw: number;
  readonly sy: number;
  readonly sx: number;
  readonly top: number;
  readonly left: number;
  readonly dy: number;
  readonly dx: number;
}

/** Whether a convolution of `groups` groups to `o` channels goes this way. */
export function isTiled(g: Tiled, o: number, groups: number): boolean {
  return (
    groups === 1 &&
    g.n > 1 &&
    g.kh === g.kw &&
    (g.kh === 3 || g.kh === 5) &&
    g.sy === 1 &&
    g.sx === 1 &&
    g.dy === 1 &&
    g.dx === 1 &&
    Math.min(g.c, o) >= FEWEST &&
    Math.min(g.oh, g.ow) >= 7 - g.kh
  );
}

const up = (bytes: number): number => Math.ceil(bytes / 64) * 64;
const padded = (channels: number): number => Math.ceil(channels / 4) * 16;

interface Tiles {
  /** Rows of tiles an image, and tiles a row. */
  readonly rows: number;
  readonly across: number;
  /** Bytes of the points of one tile, both sides. */
  readonly bytes: number;
  /** Bytes of a thread's workspace with a tile from the edge. */
  readonly workspace: number;
}
function tilesOf(g: Tiled, o: number): Tiles {
  const m = 7 - g.kh;
  return {
    rows: Math.ceil(g.oh / m),
    across: Math.ceil(g.ow / m),
    bytes: 36 * (padded(g.c) + padded(o)),
    workspace: up(BLOCKS + 36 * Math.max(padded(g.c), padded(o)) + 16),
  };
}

/** The kernel's points, packed; 'transposed' and 'back' (flipped as well) for the input's gradient. */
function kernelPoints(
  w: Writer,
  kernel: number,
  r: number,
  c: number,
  o: number,
  form: 'plain' | 'transposed' | 'back',
): number {
  const [columns, k] = form === 'plain' ? [o, c] : [c, o];
  const points = w.scratch(36 * Math.ceil(columns / 8) * k * 32);
  const [workspace, stride] = w.scratchEach(BLOCKS);
  const [transposed, flipped] = [form === 'plain' ? 0 : 1, form === 'back' ? 1 : 0];
  w.emit(K_WINOGRAD_KERNEL, kernel, points, r, c, o, transposed, flipped, workspace, stride);
  return points;
}

/** Rows of tiles that go at a time, and the scratch that each thread needs for them: [rows, address, stride, where points begin]. */
function chunked(w: Writer, tiles: Tiles, most: number): [number, number, number, number] {
  const chunk = Math.max(1, Math.min(most, Math.floor(POINT_BYTES / (tiles.across * tiles.bytes))));
  const [scratch, stride] = w.scratchEach(tiles.workspace + chunk * tiles.across * tiles.bytes);
  return [chunk, scratch, stride, tiles.workspace];
}

export function winograd(
  w: Writer,
  x: number,
  kernel: number,
  bias: number,
  lo: number,
  hi: number,
  y: number,
  g: Tiled,
  o: number,
): void {
  tiledProduct(w, x, kernelPoints(w, kernel, g.kh, g.c, o, 'plain'), bias, lo, hi, y, g, o);
}

function tiledProduct(
  w: Writer,
  x: number,
  points: number,
  bias: number,
  lo: number,
  hi: number,
  y: number,
  g: Tiled,
  o: number,
): void {
  const tiles = tilesOf(g, o);
  w.emit(
    K_WINOGRAD,
    x,
    points,
    bias,
    lo,
    hi,
    y,
    g.n,
    g.h,
    g.w,
    g.c,
    g.oh,
    g.ow,
    o,
    g.kh,
    g.top,
    g.left,
    ...chunked(w, tiles, g.n * tiles.rows),
  );
}

export function winogradGradInput(w: Writer, dy: number, kernel: number, dx: number, g: Tiled, o: number): void {
  const tiles = tilesOf(g, o);
  // Where dx has hardly more tiles than dy, it is a convolution of dy; else each tile of dy adds to dx.
  const back: Tiled = {
    ...g,
    h: g.oh,
    w: g.ow,
    c: o,
    oh: g.h,
    ow: g.w,
    top: g.kh - 1 - g.top,
    left: g.kw - 1 - g.left,
  };
  const { rows, across } = tilesOf(back, g.c);
  if (rows * across <= 1.3 * tiles.rows * tiles.across) {
    const [lo, hi] = [bits(Number.NEGATIVE_INFINITY), bits(Number.POSITIVE_INFINITY)];
    tiledProduct(w, dy, kernelPoints(w, kernel, g.kh, g.c, o, 'back'), 0, lo, hi, dx, back, g.c);
    return;
  }
  const points = kernelPoints(w, kernel, g.kh, g.c, o, 'transposed');
  w.emit(
    K_WINOGRAD_GRAD_INPUT,
    dy,
    points,
    dx,
    g.n,
    g.h,
    g.w,
    g.c,
    g.oh,
    g.ow,
    o,
    g.kh,
    g.top,
    g.left,
    ...chunked(w, tiles, tiles.rows),
  );
}

export function winogradGradKernel(w: Writer, x: number, dy: number, dk: number, g: Tiled, o: number): void {
  const { rows, across, bytes, workspace } = tilesOf(g, o);
  const all = g.n * rows;
  const chunk = Math.max(1, Math.min(all, Math.floor(GRADIENT_POINT_BYTES / (across * bytes))));
  const images = w.scratch(chunk * across * 36 * padded(g.c));
  const results = w.scratch(chunk * across * 36 * padded(o));
  const sums = w.scratch(36 * g.c * padded(o));
  const each = w.scratchEach(workspace);
  const offsets = w.table(Array.from({ length: g.c }, (_, i) => i * 4));
  for (let first = 0; first < all; first += chunk) {
    const count = Math.min(chunk, all - first);
    w.emit(K_WINOGRAD_IMAGES, x, images, first, count, g.h, g.w, g.c, g.oh, g.ow, g.kh, g.top, g.left, ...each);
    w.emit(K_WINOGRAD_RESULTS, dy, results, first, count, g.oh, g.ow, o, g.kh, ...each);
    w.emit(K_WINOGRAD_PRODUCTS, images, results, sums, offsets, count * across, g.c, o, first > 0 ? 1 : 0);
  }
  w.emit(K_WINOGRAD_GRAD_KERNEL, sums, dk, g.kh, g.c, o, ...each);
}

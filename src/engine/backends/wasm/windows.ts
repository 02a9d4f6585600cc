/** Images and the windows that a convolution moves over them: their measures, their padding, and how their values lie in memory. */
import type { Window } from '#engine/ops';
import type { Writer } from './commands';
import { K_PAD_IMAGE } from './kernels/ids';

/** Padded images copied at a time, in bytes: the copy should still be in the cache when the product reads it. */
const PAD_BYTES = 1 << 20;
/** An image and the windows over it. */
export interface Geometry {
  n: number;
  h: number;
  w: number;
  c: number;
  oh: number;
  ow: number;
  kh: number;
  kw: number;
  sy: number;
  sx: number;
  top: number;
  left: number;
  dy: number;
  dx: number;
}
export function geometry(
  image: readonly number[],
  out: readonly number[],
  kh: number,
  kw: number,
  window: Window,
): Geometry {
  const [n = 1, h = 1, width = 1, c = 1] = image;
  const [, oh = 1, ow = 1] = out;
  const [top, , left] = window.pads;
  return {
    n,
    h,
    w: width,
    c,
    oh,
    ow,
    kh,
    kw,
    sy: window.strides[0],
    sx: window.strides[1],
    top,
    left,
    dy: window.dilation[0],
    dx: window.dilation[1],
  };
}

/**
 * Calls `use(x, first image, images, height, width)` for each stretch of images, padded where windows reach beyond
 * the edge.
 */
export function padded(
  w: Writer,
  x: number,
  g: Geometry,
  use: (x: number, first: number, count: number, h: number, w: number) => void,
): void {
  const h = (g.oh - 1) * g.sy + (g.kh - 1) * g.dy + 1;
  const width = (g.ow - 1) * g.sx + (g.kw - 1) * g.dx + 1;
  if (g.top === 0 && g.left === 0 && h <= g.h && width <= g.w) {
    use(x, 0, g.n, g.h, g.w);
    return;
  }
  const image = h * width * g.c * 4;
  const chunk = Math.min(g.n, Math.max(1, Math.floor(PAD_BYTES / image)));
  const scratch = w.scratch(chunk * image);
  for (let first = 0; first < g.n; first += chunk) {
    const count = Math.min(chunk, g.n - first);
    w.emit(K_PAD_IMAGE, x + first * g.h * g.w * g.c * 4, scratch, count, g.h, g.w, g.c * 4, g.top, g.left, h, width);
    use(scratch, first, count, h, width);
  }
}

/** A window's runs of contiguous floats: [jump table, runs, floats a run]. `slice` channels of c are read. */
export function runs(w: Writer, g: Geometry, width: number, slice: number): [number, number, number] {
  const row = width * g.c * 4;
  if (g.dx === 1 && slice === g.c) {
    const run = g.kw * g.c;
    return [w.table(Array.from({ length: g.kh }, () => g.dy * row - run * 4)), g.kh, run];
  }
  const across = g.dx * g.c * 4 - slice * 4;
  const down = g.dy * row - (g.kw - 1) * g.dx * g.c * 4 - slice * 4;
  return [
    w.table(Array.from({ length: g.kh * g.kw }, (_, i) => (i % g.kw === g.kw - 1 ? down : across))),
    g.kh * g.kw,
    slice,
  ];
}

/** A window of one pixel, every pixel: the images are one matrix. */
export const isPointwise = (g: Geometry): boolean =>
  g.kh === 1 && g.kw === 1 && g.sy === 1 && g.sx === 1 && g.oh === g.h && g.ow === g.w;

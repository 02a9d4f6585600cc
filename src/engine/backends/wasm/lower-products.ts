/**
 * Matrix products and convolutions as commands: which form of a product serves which gradient, where padding is
 * copied, and how many images go at a time.
 *
 * A convolution's forward product reads windows straight from the image; only where a window reaches beyond the edge
 * is the image first copied with its padding, a stretch of images at a time. The input gradient is the same
 * product on padded dy with the flipped kernel where that wastes little (stride 1, 'same'), else columns added back.
 */

import { sizeOf } from '#core/model/tensor';
import { bits, type StepOf, type Writer } from './commands';
import {
  K_ACTIVATION,
  K_BINARY_BROADCAST,
  K_COLUMNS_TO_IMAGE,
  K_DEPTHWISE,
  K_DEPTHWISE_GRAD_INPUT,
  K_DEPTHWISE_GRAD_KERNEL,
  K_PACK,
  K_PRODUCT,
  K_PRODUCT_GRADIENT,
  K_ROW_PRODUCT,
  K_TRANSPOSE,
} from './kernels/ids';
import { activate, clamp } from './lower-activation';
import { emitDepthwise } from './lower-depthwise';
import { isTiled, winograd, winogradGradInput, winogradGradKernel } from './lower-winograd';
import { functionNumber } from './numbers';
import { type Geometry, geometry, isPointwise, padded, runs } from './windows';

/** Scratch columns of the input gradient at a time. */
const COLUMN_BYTES = 1 << 18;
/** Images and gradients that one block of the kernel gradient goes over while its sums stay in registers. */
const GRADIENT_BYTES = 1 << 15;

const packedBytes = (k: number, n: number): number => k * Math.ceil(n / 8) * 32;

export function matmul(w: Writer, { op, inputs: [a, b, bias], outputs: [y] }: StepOf<'matmul'>): void {
  const [m = 1, n = 1] = w.shape(y);
  const k = sizeOf(w.shape(a)) / m;
  const [lo, hi] = clamp(op.act);
  const biasAt = bias === undefined ? 0 : w.at(bias);
  if (op.transposeA) {
    let other = w.at(b);
    if (op.transposeB) {
      other = w.scratch(k * n * 4);
      w.emit(K_TRANSPOSE, w.at(b), other, n, k);
    }
    const offsets = w.table(Array.from({ length: m }, (_, i) => i * 4));
    const rows = k % 64 === 0 ? 64 : k;
    w.emit(
      K_PRODUCT_GRADIENT,
      w.at(a),
      other,
      w.at(y),
      offsets,
      m,
      n,
      k / rows,
      1,
      rows,
      m * 4,
      rows * m * 4,
      rows * m * 4,
      n * 4,
      n * 4,
      1,
      0,
    );
    if (bias !== undefined) w.emit(K_BINARY_BROADCAST, w.at(y), biasAt, w.at(y), 0, 1, 1, 1, m, n, 0, 0, 0, 0, 1);
    if (op.act.fn === 'relu')
      w.emit(K_ACTIVATION, w.at(y), w.at(y), m * n, functionNumber('relu'), bits(0), bits(op.act.max));
  } else if (m <= 2 && !op.transposeB) {
    w.emit(K_ROW_PRODUCT, w.at(a), w.at(b), biasAt, w.at(y), lo, hi, m, n, k);
  } else {
    const packed = w.scratch(packedBytes(k, n));
    w.emit(K_PACK, w.at(b), packed, 1, 0, k, n, op.transposeB ? k : n, op.transposeB ? 1 : 0);
    w.emit(K_PRODUCT, w.at(a), w.at(y), packed, biasAt, lo, hi, m, 1, m, k * 4, 0, 0, 0, 1, k, n, n * 4);
  }
  activate(w, y ?? -1, op.act);
}

/** y (channels [to, to + n) of width `o`) = the product of windows over x (channels from `from`) with packed columns. */
function windowProduct(
  w: Writer,
  x: number,
  g: Geometry,
  packed: readonly number[],
  slice: number,
  biasAt: number,
  lo: number,
  hi: number,
  y: number,
  n: number,
  o: number,
): void {
  padded(w, x, g, (image, first, count, h, width) => {
    const [jumps, runCount, length] = runs(w, g, width, slice);
    const pixels = count * g.oh * g.ow;
    packed.forEach((panel, group) => {
      const from = image + group * slice * 4;
      const to = y + (first * g.oh * g.ow * o + group * n) * 4;
      const bias = biasAt === 0 ? 0 : biasAt + group * n * 4;
      if (isPointwise(g))
        w.emit(K_PRODUCT, from, to, panel, bias, lo, hi, pixels, 1, pixels, g.c * 4, 0, 0, jumps, 1, slice, n, o * 4);
      else {
        w.emit(
          K_PRODUCT,
          from,
          to,
          panel,
          bias,
          lo,
          hi,
          pixels,
          g.oh,
          g.ow,
          g.sx * g.c * 4,
          g.sy * width * g.c * 4,
          h * width * g.c * 4,
          jumps,
          runCount,
          length,
          n,
          o * 4,
        );
      }
    });
  });
}

/** [kernel height, width, input channels of a group, output channels, groups]. */
function kernelOf(w: Writer, kernel: number | undefined, c: number): [number, number, number, number, number] {
  const [kh = 1, kw = 1, cg = 1, o = 1] = w.shape(kernel);
  return [kh, kw, cg, o, c / cg];
}
const isDepthwise = (c: number, cg: number, o: number): boolean => cg === 1 && o === c && c > 1;

export function conv2d(w: Writer, { op, inputs: [x, kernel, bias], outputs: [y] }: StepOf<'conv2d'>): void {
  const [, , , c = 1] = w.shape(x);
  const [kh, kw, cg, o, groups] = kernelOf(w, kernel, c);
  const g = geometry(w.shape(x), w.shape(y), kh, kw, op.window);
  const [lo, hi] = clamp(op.act);
  const biasAt = bias === undefined ? 0 : w.at(bias);
  if (isDepthwise(c, cg, o)) emitDepthwise(w, K_DEPTHWISE, [w.at(x), w.at(kernel), biasAt, w.at(y), lo, hi], g);
  else if (isTiled(g, o, groups)) winograd(w, w.at(x), w.at(kernel), biasAt, lo, hi, w.at(y), g, o);
  else {
    const n = o / groups;
    const k = kh * kw * cg;
    const packed = Array.from({ length: groups }, (_, group) => {
      const panel = w.scratch(packedBytes(k, n));
      w.emit(K_PACK, w.at(kernel) + group * n * 4, panel, 1, 0, k, n, o, 0);
      return panel;
    });
    windowProduct(w, w.at(x), g, packed, cg, biasAt, lo, hi, w.at(y), n, o);
  }
  activate(w, y ?? -1, op.act);
}

export function conv2dGradInput(
  w: Writer,
  { op, inputs: [dy, kernel], outputs: [dx] }: StepOf<'conv2dGradInput'>,
): void {
  const [, , , c = 1] = w.shape(dx);
  const [kh, kw, cg, o, groups] = kernelOf(w, kernel, c);
  const g = geometry(w.shape(dx), w.shape(dy), kh, kw, op.window);
  const og = o / groups;
  if (isDepthwise(c, cg, o)) {
    emitDepthwise(w, K_DEPTHWISE_GRAD_INPUT, [w.at(dy), w.at(kernel), w.at(dx)], g);
    return;
  }
  if (isTiled(g, o, groups)) {
    winogradGradInput(w, w.at(dy), w.at(kernel), w.at(dx), g, o);
    return;
  }
  const top = g.dy * (kh - 1) - g.top;
  const left = g.dx * (kw - 1) - g.left;
  if (g.sy === 1 && g.sx === 1 && g.h * g.w <= 1.3 * g.oh * g.ow) {
    const tap = cg * o * 4;
    const packed = Array.from({ length: groups }, (_, group) => {
      const panel = w.scratch(packedBytes(kh * kw * og, cg));
      w.emit(K_PACK, w.at(kernel) + (kh * kw - 1) * tap + group * og * 4, panel, kh * kw, -tap, og, cg, o, 1);
      return panel;
    });
    const back: Geometry = { ...g, h: g.oh, w: g.ow, c: o, oh: g.h, ow: g.w, top, left };
    windowProduct(w, w.at(dy), back, packed, og, 0, ...clamp({ fn: 'linear', alpha: 0, max: 0 }), w.at(dx), cg, c);
    return;
  }
  const k = kh * kw * cg;
  const image = g.oh * g.ow * k * 4;
  const chunk = Math.min(g.n, Math.max(1, Math.floor(COLUMN_BYTES / image)));
  const [columns, columnBytes] = w.scratchEach(chunk * image);
  for (let group = 0; group < groups; group += 1) {
    const panel = w.scratch(packedBytes(og, k));
    w.emit(K_PACK, w.at(kernel) + group * og * 4, panel, 1, 0, og, k, o, 1);
    w.emit(
      K_COLUMNS_TO_IMAGE,
      w.at(dy) + group * og * 4,
      w.at(dx) + group * cg * 4,
      panel,
      columns,
      columnBytes,
      chunk,
      g.n,
      g.h,
      g.w,
      c,
      cg,
      g.oh,
      g.ow,
      o,
      og,
      kh,
      kw,
      g.sy,
      g.sx,
      g.top,
      g.left,
      g.dy,
      g.dx,
      group === 0 ? 1 : 0,
    );
  }
}

export function conv2dGradKernel(w: Writer, { op, inputs: [x, dy], outputs: [dk] }: StepOf<'conv2dGradKernel'>): void {
  const [, , , c = 1] = w.shape(x);
  const [kh, kw, cg, o, groups] = kernelOf(w, dk, c);
  const g = geometry(w.shape(x), w.shape(dy), kh, kw, op.window);
  if (isDepthwise(c, cg, o)) {
    emitDepthwise(w, K_DEPTHWISE_GRAD_KERNEL, [w.at(x), w.at(dy), w.at(dk)], g);
    return;
  }
  if (isTiled(g, o, groups)) {
    winogradGradKernel(w, w.at(x), w.at(dy), w.at(dk), g, o);
    return;
  }
  const og = o / groups;
  const pixels = g.oh * g.ow;
  padded(w, w.at(x), g, (image, first, count, h, width) => {
    const offsets: number[] = [];
    for (let ky = 0; ky < kh; ky += 1) {
      for (let kx = 0; kx < kw; kx += 1)
        for (let i = 0; i < cg; i += 1) offsets.push(((ky * g.dy * width + kx * g.dx) * c + i) * 4);
    }
    const table = w.table(offsets);
    const block = Math.max(1, Math.ceil(96 / pixels), Math.floor(GRADIENT_BYTES / ((h * width * c + pixels * o) * 4)));
    for (let group = 0; group < groups; group += 1) {
      w.emit(
        K_PRODUCT_GRADIENT,
        image + group * cg * 4,
        w.at(dy) + (first * pixels * o + group * og) * 4,
        w.at(dk) + group * og * 4,
        table,
        kh * kw * cg,
        og,
        count,
        g.oh,
        g.ow,
        g.sx * c * 4,
        g.sy * width * c * 4,
        h * width * c * 4,
        o * 4,
        o * 4,
        block,
        first > 0 ? 1 : 0,
      );
    }
  });
}

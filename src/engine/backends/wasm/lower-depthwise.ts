/** Depthwise convolutions as commands. Where a channel has several outputs it is repeated first, and their gradients are added up. */
import { sizeOf } from '#core/model/tensor';
import type { StepOf, Writer } from './commands';
import { K_DEPTHWISE, K_DEPTHWISE_GRAD_INPUT, K_DEPTHWISE_GRAD_KERNEL, K_REPEAT, K_SUM_RUNS } from './kernels/ids';
import { activate, clamp } from './lower-activation';
import { type Geometry, geometry } from './windows';

export function emitDepthwise(w: Writer, kernel: number, head: number[], g: Geometry): void {
  w.emit(kernel, ...head, g.n, g.h, g.w, g.c, g.oh, g.ow, g.kh, g.kw, g.sy, g.sx, g.top, g.left, g.dy, g.dx);
}
/** x with every channel repeated `times` times, in scratch; x itself for once. */
function repeated(w: Writer, x: number, values: number, times: number): number {
  if (times === 1) return x;
  const scratch = w.scratch(values * times * 4);
  w.emit(K_REPEAT, x, scratch, values, times);
  return scratch;
}

export function depthwiseConv2d(
  w: Writer,
  { op, inputs: [x, kernel, bias], outputs: [y] }: StepOf<'depthwiseConv2d'>,
): void {
  const [kh = 1, kw = 1, c = 1, times = 1] = w.shape(kernel);
  const g = { ...geometry(w.shape(x), w.shape(y), kh, kw, op.window), c: c * times };
  const image = repeated(w, w.at(x), sizeOf(w.shape(x)), times);
  emitDepthwise(
    w,
    K_DEPTHWISE,
    [image, w.at(kernel), bias === undefined ? 0 : w.at(bias), w.at(y), ...clamp(op.act)],
    g,
  );
  activate(w, y ?? -1, op.act);
}

export function depthwiseConv2dGradInput(
  w: Writer,
  { op, inputs: [dy, kernel], outputs: [dx] }: StepOf<'depthwiseConv2dGradInput'>,
): void {
  const [kh = 1, kw = 1, c = 1, times = 1] = w.shape(kernel);
  const g = { ...geometry(w.shape(dx), w.shape(dy), kh, kw, op.window), c: c * times };
  const values = sizeOf(w.shape(dx));
  const wide = times === 1 ? w.at(dx) : w.scratch(values * times * 4);
  emitDepthwise(w, K_DEPTHWISE_GRAD_INPUT, [w.at(dy), w.at(kernel), wide], g);
  if (times > 1) w.emit(K_SUM_RUNS, wide, w.at(dx), values, times);
}

export function depthwiseConv2dGradKernel(
  w: Writer,
  { op, inputs: [x, dy], outputs: [dk] }: StepOf<'depthwiseConv2dGradKernel'>,
): void {
  const [kh = 1, kw = 1, c = 1, times = 1] = w.shape(dk);
  const g = { ...geometry(w.shape(x), w.shape(dy), kh, kw, op.window), c: c * times };
  const image = repeated(w, w.at(x), sizeOf(w.shape(x)), times);
  emitDepthwise(w, K_DEPTHWISE_GRAD_KERNEL, [image, w.at(dy), w.at(dk)], g);
}
